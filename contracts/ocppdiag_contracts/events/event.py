"""What every event has."""

from typing import Annotated, Any, Self

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
    schema_version: Annotated[int, Field(ge=1)] = 1
    """What we write is the default; any is read, for a higher one only adds."""

    time: Instant
    station: StationId

    def for_all(self) -> Self:
        """Return the event as everybody may hear it: without personal data and secrets."""
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
        default=None,
        repr=False,
        description="The message as the station sent it, when it broke its schema; left out above 64 KiB or 32 levels.",
    )

    def _hidden(self) -> dict[str, Any]:
        """What to put in place of the station's own text: of violations the kind, for a member's name is text too."""
        return {"payload": None, "violations": [each.rpartition(": ")[2] for each in self.violations]}


class PartEvent(ReportedEvent):
    """One part of a report has come, whatever it brings."""

    command_id: CommandId | None = Field(
        description="Null when nobody asked for it, or its command has ended."
    )
    request_id: int | None = Field(description="As the station has it; OCPP 2.0 lets it be absent.")
    seq_no: int = Field(description="Counts from 0.")
    tbc: bool = Field(description="To be continued: false in the last part.")
    generated_at: Instant = Field(description="By the station's clock.")
