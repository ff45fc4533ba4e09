"""What every event has."""

from typing import Any, Literal, Self

from pydantic import ConfigDict, Field

from ocppdiag_contracts.model import CommandId, Instant, Message, StationId


class EventModel(Message):
    """A fact about one station.

    The id is derived from what caused the event, so the same fact always has the same id: a listener may see an
    id twice (after a crash of ours, or a redelivery by the broker) and drops the repeat.
    """

    # What a newer worker adds does not concern an older listener; `read_event` sees to it at every depth.
    model_config = ConfigDict(extra="ignore")

    id: str = Field(max_length=300)
    schema_version: Literal[1] = 1
    time: Instant
    station: StationId

    def for_all(self) -> Self:
        """Return the event as everybody may hear it: without personal data."""
        return self


class CommandEvent(EventModel):
    """A fact about one command."""

    command_id: CommandId


class ReportedEvent(EventModel):
    """A fact that a station has told by itself."""

    violations: list[str] = Field(
        default_factory=list, description="Where the message broke its schema and was mended."
    )
    payload: dict[str, Any] | None = Field(
        default=None, repr=False, description="The message as the station sent it, when it broke its schema."
    )
