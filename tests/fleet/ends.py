"""The books of commands under way: each has exactly one final event, and whatever else comes is an error. Pure."""

from collections import Counter
from collections.abc import Callable

from msgspec import Struct, ValidationError
from msgspec.json import Decoder


class Monitored(Struct):
    """The monitors on one variable."""

    variable_monitoring: list[object]


class Result(Struct):
    """What a command has brought: of a report its parts and monitors, of a log its size."""

    kind: str
    parts: int = 0
    monitor: list[Monitored] | None = None
    size: int = 0


class End(Struct):
    """What is looked at of a final event."""

    id: str
    command_id: str
    outcome: str
    failure: str | None = None
    detail: str | None = None
    result: Result | None = None


Then = Callable[[End], None]
Wrong = Callable[[End], str | None]
"""Names what is wrong with an end, if anything is."""


class Books:
    """Which commands have not ended, and what went wrong."""

    def __init__(self) -> None:
        self.errors: Counter[str] = Counter()
        self._under_way: dict[str, Then] = {}
        self._ended: dict[str, str] = {}  # and by which event
        self._open: set[str] = set()
        self._read = Decoder(End).decode

    @property
    def under_way(self) -> int:
        """How many are to end and have not."""
        return len(self._under_way)

    def asked(self, command_id: str, then: Then | None) -> None:
        """Enter a command; `then` is called at its end. None: it is to stay open, and an end is an error."""
        if then is None:
            self._open.add(command_id)
        else:
            self._under_way[command_id] = then

    def heard(self, body: bytes) -> None:
        """Enter a final event."""
        try:
            end = self._read(body)
        except ValidationError as error:
            self.errors[f"unreadable end: {error}"] += 1
            return
        if then := self._under_way.pop(end.command_id, None):
            self._ended[end.command_id] = end.id
            then(end)
        elif first := self._ended.get(end.command_id):
            self.errors["its end was told twice" if end.id == first else "ended twice"] += 1
        elif end.command_id in self._open:
            self.errors[f"was to stay open, {incomplete(end) or 'ended: completed'}"] += 1
        else:
            self.errors["ended and was not waited for"] += 1

    def give_up(self) -> None:
        """Whatever has not ended now is an error."""
        if self._under_way:
            self.errors["no end came"] += len(self._under_way)
        self._under_way.clear()


def incomplete(end: End) -> str | None:
    """Name what is wrong with an end, unless it is completed."""
    said = " ".join(filter(None, (end.outcome, end.failure, end.detail)))
    return None if end.outcome == "completed" else f"ended: {said}"
