"""What became of the orders to one connection, known for as long as they may come again."""

from enum import Enum, auto


class Fate(Enum):
    """What is settled about an order."""

    SENT = auto()
    REFUSED = auto()
    """Its caller has heard that it does not go out, for a reason of ours."""

    WITHDRAWN = auto()
    """Its caller has heard that it was taken back."""

    FORESTALLED = auto()
    """Taken back before it came, so its caller has yet to hear so."""


class Fates:
    """Fates by message id. Those whose time is over are forgotten when there are twice as many as were left last time.

    So a fate costs the same however many there are, and there are never more than `many`, or than twice those whose
    time was not over when they were last looked through.
    """

    def __init__(self, many: int) -> None:
        self._many = self._room = many
        self._fates: dict[str, tuple[Fate, float]] = {}

    def __len__(self) -> int:
        return len(self._fates)

    def of(self, message_id: str) -> Fate | None:
        """Return the fate, if it is known."""
        fate, _ = self._fates.get(message_id, (None, 0.0))
        return fate

    def settle(self, message_id: str, fate: Fate, until: float, now: float) -> None:
        """Know the fate at least until then; both times in seconds since 1970."""
        if len(self._fates) >= self._room:
            self._fates = {key: known for key, known in self._fates.items() if known[1] > now}
            self._room = max(self._many, 2 * len(self._fates))
        self._fates[message_id] = (fate, until)
