"""What stations tell of customers: personal data, which goes to who has asked and to nobody else."""

from typing import Literal, Self

from pydantic import Field

from ocppdiag_contracts.events.event import PartEvent


class CustomerInformationPartReceived(PartEvent):
    """One part of what a station knows of a customer has come; the whole of it is in the command's final event."""

    event: Literal["customer_information_part_received"] = "customer_information_part_received"
    data: str | None = Field(
        repr=False,
        description="A piece of text, to be joined without separator; null for everybody but who has asked.",
    )

    def for_all(self) -> Self:
        """Return it without the text, and without what else the station chose."""
        return self.model_copy(update={"data": None, **self._hidden()})
