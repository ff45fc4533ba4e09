"""What stations tell of customers: personal data, which goes to who has asked and to nobody else."""

from typing import Literal, Self

from pydantic import Field

from ocppdiag_contracts.events.event import ReportedEvent
from ocppdiag_contracts.model import CommandId, Instant


class CustomerInformationPartReceived(ReportedEvent):
    """One part of what a station knows of a customer has come; the whole of it is in the command's final event."""

    event: Literal["customer_information_part_received"] = "customer_information_part_received"
    command_id: CommandId | None = Field(
        description="Null when nobody asked for it, or its command has ended."
    )
    request_id: int | None = Field(description="As the station has it; OCPP 2.0 lets it be absent.")
    seq_no: int = Field(description="Counts from 0.")
    tbc: bool = Field(description="To be continued: false in the last part.")
    generated_at: Instant = Field(description="By the station's clock.")
    data: str | None = Field(
        repr=False,
        description="A piece of text, to be joined without separator; null for everybody but who has asked.",
    )

    def for_all(self) -> Self:
        """Return it without the text, and without what else the station chose."""
        return self.model_copy(update={"data": None, **self._hidden()})
