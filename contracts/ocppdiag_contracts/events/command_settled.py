"""The one final event of a command."""

from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import Field

from ocppdiag_contracts.events.event import CommandEvent
from ocppdiag_contracts.events.results import CustomerReport, Result
from ocppdiag_contracts.failures import Failure, Retry

LONGEST_CLAIMED_STATION = 60


class Outcome(StrEnum):
    """How a command ended."""

    COMPLETED = "completed"
    REJECTED = "rejected"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class CommandSettled(CommandEvent):
    """The end of a command, once and only once."""

    event: Literal["command_settled"] = "command_settled"
    station: str = Field(
        max_length=LONGEST_CLAIMED_STATION, description="As the command had it: of an invalid one, anything."
    )
    command: str | None = Field(description="Its name; null when the command was too broken to tell.")
    outcome: Outcome
    failure: Failure | str | None = Field(
        default=None,
        union_mode="left_to_right",
        description="Null when completed; from a newer worker it may be one that is not listed here.",
    )
    retry: Retry | None = Field(default=None, description="What the same wish under a new id would do.")
    detail: str | None = Field(default=None, max_length=1000, description="For people; never parse it.")
    result: Result | dict[str, Any] | None = Field(
        default=None,
        union_mode="left_to_right",
        description="What was brought, also by a command that did not complete; of a kind that is not listed here, a "
        "plain object.",
    )

    def for_all(self) -> Self:
        """Return it without what a station has said of a customer."""
        if isinstance(self.result, CustomerReport):
            return self.model_copy(update={"result": self.result.model_copy(update={"data": None})})
        return self
