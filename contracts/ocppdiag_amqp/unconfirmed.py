"""What is published and not yet confirmed: for how long, and what becomes of it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from ocppdiag_amqp import metrics
from ocppdiag_amqp.errors import UnroutableError


class Unconfirmed:
    """Of one connection."""

    def __init__(self) -> None:
        self._since: dict[object, float] = {}  # in the order in which they began

    @property
    def oldest(self) -> float:
        """For how many seconds the oldest has waited; 0 when none does."""
        return next((time.monotonic() - since for since in self._since.values()), 0.0)

    @contextmanager
    def publishing(self, exchange: str) -> Iterator[None]:
        """Notice how long the publish takes that is inside, and what becomes of it."""
        mark = object()
        began = self._since[mark] = time.monotonic()
        outcome = "unconfirmed"
        try:
            yield
            outcome = "confirmed"
        except UnroutableError:
            outcome = "unroutable"
            raise
        finally:
            del self._since[mark]
            metrics.PUBLISHES.add(exchange, outcome)
            metrics.PUBLISH_SECONDS.observe(time.monotonic() - began)
