"""The one final event of a command."""

from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import Field

from ocppdiag_contracts.events.event import CommandEvent
from ocppdiag_contracts.events.results import CustomerReport, MonitoringReport, Result
from ocppdiag_contracts.failures import Failure, Retry
from ocppdiag_contracts.model import OrNewer

LONGEST_CLAIMED_STATION = 60
WITH_SECRETS = frozenset({"customer_information", "get_log"})
"""Commands that name a customer or an upload address, which a station may repeat in what it says."""

MOST_KEPT = 250
"""A longer list of monitors is told once."""


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
    failure: OrNewer[Failure] | None = Field(
        default=None,
        description="Null when completed; from a newer worker it may be one that is not listed here.",
    )
    retry: OrNewer[Retry] | None = Field(
        default=None, description="What the same wish under a new id would do."
    )
    detail: str | None = Field(default=None, max_length=1000, description="For people; never parse it.")
    reason: str | None = Field(
        default=None,
        max_length=1000,
        repr=False,
        description="The station's own words, if it gave any; of customer_information and get_log, which hold secrets, "
        "null for everybody but who has asked.",
    )
    result: Result | dict[str, Any] | None = Field(
        default=None,
        union_mode="left_to_right",
        description="What was brought, also by a command that did not complete; of a kind that is not listed here, a "
        "plain object.",
    )

    def for_all(self) -> Self:
        """Return it without what a station has said of a customer, or about a command that holds a secret."""
        hidden: dict[str, Any] = {}
        if isinstance(self.result, CustomerReport):
            hidden["result"] = self.result.model_copy(update={"data": None})
        if self.reason is not None and self.command in WITH_SECRETS:
            hidden["reason"] = None
        return self.model_copy(update=hidden) if hidden else self

    def for_later(self) -> Self:
        """Return it as it is kept for who sends the command again: as for all, and not at any length."""
        shown = self.for_all()
        if isinstance(self.result, MonitoringReport) and len(self.result.monitor or ()) > MOST_KEPT:
            return shown.model_copy(update={"result": self.result.model_copy(update={"monitor": None})})
        return shown
