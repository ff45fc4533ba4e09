"""What became of the orders to one connection, known for as long as they may come again."""

from enum import Enum, auto


class Fate(Enum):
    """What is settled about an order."""

    SENT = auto()
    REFUSED = auto()
    """Its caller has heard that it does not go out."""

    WITHDRAWN = auto()
    """Before it came, so its caller has yet to hear that it does not go out."""


class Fates:
    """Fates by message id; once there are `many`, those whose time is over are forgotten."""

    def __init__(self, many: int) -> None:
        self._many = many
        self._fates: dict[str, tuple[Fate, float]] = {}

    def of(self, message_id: str) -> Fate | None:
        """Return the fate, if it is known."""
        fate, _ = self._fates.get(message_id, (None, 0.0))
        return fate

    def settle(self, message_id: str, fate: Fate, until: float, now: float) -> None:
        """Know the fate at least until then; both times in seconds since 1970."""
        if len(self._fates) >= self._many:
            self._fates = {key: known for key, known in self._fates.items() if known[1] > now}
        self._fates[message_id] = (fate, until)
