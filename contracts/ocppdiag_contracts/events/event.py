"""What every event has."""

from typing import Literal

from pydantic import ConfigDict, Field

from ocppdiag_contracts.model import CommandId, Instant, Message, StationId


class EventModel(Message):
    """A fact about one station.

    The id is derived from what caused the event, so the same fact always has the same id: a listener may see an
    id twice (after a crash of ours, or a redelivery by the broker) and drops the repeat.
    """

    # What a newer worker adds does not concern an older listener.
    model_config = ConfigDict(extra="ignore")

    id: str = Field(max_length=300)
    schema_version: Literal[1] = 1
    time: Instant
    station: StationId


class CommandEvent(EventModel):
    """A fact about one command."""

    command_id: CommandId
