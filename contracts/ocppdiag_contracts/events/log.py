"""What happens to a log on its way."""

from typing import Literal, Self

from pydantic import Field

from ocppdiag_contracts.events.event import CommandEvent, ReportedEvent
from ocppdiag_contracts.events.results import LogFile
from ocppdiag_contracts.model import CommandId


class LogStatusReported(ReportedEvent):
    """The station has sent a LogStatusNotification that said something new."""

    event: Literal["log_status_reported"] = "log_status_reported"
    command_id: CommandId | None = Field(
        description="Null when the report belongs to no command that we know."
    )
    request_id: int | None = Field(
        description="As the station has it; without one of ours, the report is taken for the only upload's."
    )
    status: str

    def for_all(self) -> Self:
        """Return it without the broken message, if it was one: stations may repeat the upload address, a secret."""
        return self.model_copy(update=self._hidden()) if self.violations or self.payload else self


class LogBytesReceived(CommandEvent):
    """The log is arriving."""

    event: Literal["log_bytes_received"] = "log_bytes_received"
    bytes: int = Field(ge=0)
    total: int | None = Field(default=None, description="What the station announced, if it did.")


class LogUploadBroken(CommandEvent):
    """An upload ended early; the station may begin again."""

    event: Literal["log_upload_broken"] = "log_upload_broken"
    bytes: int = Field(ge=0)
    reason: str


class LogStored(CommandEvent):
    """The whole log lies in the store."""

    event: Literal["log_stored"] = "log_stored"
    file: LogFile
