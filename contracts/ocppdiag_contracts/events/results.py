"""What a command has brought: one shape a kind, told apart by `kind`."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from ocppdiag_contracts.device_model import Component, MonitoringData, MonitorType, Variable
from ocppdiag_contracts.model import CommandId, Instant, Message, OrNewer


class LogFile(Message):
    """A log, stored."""

    kind: Literal["log_file"] = "log_file"
    location: str = Field(description="Where it lies: a file: or s3: address, for who may read the store.")
    size: int = Field(ge=0, description="Bytes.")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    filename: str | None = Field(default=None, description="The station's own name for it: for display only.")
    reported: str | None = Field(
        default=None,
        description="The station's last LogStatusNotification; other than Uploaded at the deadline.",
    )


class LogElsewhere(Message):
    """A log that the station says it has uploaded to the command's own destination."""

    kind: Literal["log_elsewhere"] = "log_elsewhere"
    host: str = Field(description="Of the destination; the rest of it may be secret.")
    filename: str | None = Field(default=None, description="The station's own name for it: for display only.")


class TriggeredLogStatus(Message):
    """What a station says of its uploads when it is asked."""

    kind: Literal["log_status"] = "log_status"
    status: str = Field(description="A LogStatusNotification's; Idle when nothing is under way.")
    request_id: int | None = Field(
        description="Of the upload under way, as the station has it; of Idle, anything."
    )


class Answer(Message):
    """The station's answer, where it says no more than that."""

    kind: Literal["answer"] = "answer"
    status: str
    reason_code: str | None = Field(default=None, description="The station's own, if it gave one.")


class Irregularity(StrEnum):
    """How a report in parts broke the rules, and was put together all the same."""

    FIRST_PART_MISSING = "first_part_missing"
    """It counts from 1."""

    SAME_NUMBER = "same_number"
    """All parts have one number: they are in the order in which they came."""

    CONFLICT = "conflict"
    """Parts with one number and different content: the first of them counts."""

    EMPTY_PART = "empty_part"
    """A part of several says nothing, which stations that lose data do: ask again with narrower filters."""


class Report(Message):
    """What came in parts."""

    parts: int = Field(ge=0, description="How many came.")
    missing: list[int] = Field(
        default_factory=list, description="Numbers of parts that did not come, as far as that can be told."
    )
    irregularities: list[OrNewer[Irregularity]] = Field(default_factory=list)


class MonitoringReport(Report):
    """The monitors of a station."""

    kind: Literal["monitoring_report"] = "monitoring_report"
    monitor: list[MonitoringData] | None = Field(
        description="In the station's order; empty when there is none; null when told again and longer than 250 entries."
    )


class CustomerReport(Report):
    """What a station has said of a customer; the text goes to who has asked and to nobody else."""

    kind: Literal["customer_report"] = "customer_report"
    data: str | None = Field(
        repr=False,
        description="The station's own words; null for everybody but who has asked, and when told again.",
    )
    local_list: str | None = Field(
        default=None,
        description="The station's answer to taking the token off its local list, if that was asked.",
    )


class SetMonitoringResult(Message):
    """What became of one monitor."""

    component: Component
    variable: Variable
    type: OrNewer[MonitorType]
    severity: int
    status: str | None = Field(
        description="Accepted or why not, as the station said it; null when it said nothing."
    )
    id: int | None = Field(default=None, description="The station's id of the monitor, when accepted.")
    reason_code: str | None = None


class MonitorsSet(Message):
    """What became of each monitor, in the order of the command; what was not asked yet is left out."""

    kind: Literal["monitors_set"] = "monitors_set"
    results: list[SetMonitoringResult]


class ClearMonitoringResult(Message):
    """What became of one monitor id."""

    id: int
    status: str | None = Field(
        description="Accepted, Rejected or NotFound, as the station said it; null when it said nothing."
    )
    reason_code: str | None = None


class MonitorsCleared(Message):
    """What became of each id, in the order of the command; what was not asked yet is left out."""

    kind: Literal["monitors_cleared"] = "monitors_cleared"
    results: list[ClearMonitoringResult]


class OpenCommand(Message):
    """A command that has not ended."""

    command_id: CommandId
    command: str
    state: str = Field(description="waiting, queued (the station is to be asked), sent or accepted.")
    request_id: int | None = Field(default=None, description="OCPP's requestId; null where OCPP has none.")
    deadline: Instant
    waits_until: Instant | None = Field(default=None, description="Of one that waits: how long.")


class OpenCommands(Message):
    """What is open for a station, in the order in which it was begun."""

    kind: Literal["open_commands"] = "open_commands"
    commands: list[OpenCommand]


Result = Annotated[
    LogFile
    | LogElsewhere
    | TriggeredLogStatus
    | Answer
    | MonitoringReport
    | CustomerReport
    | MonitorsSet
    | MonitorsCleared
    | OpenCommands,
    Field(discriminator="kind"),
]
