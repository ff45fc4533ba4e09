"""A guard: what the broker holds of a command, so that it has its end even when Redis has lost its record. Pure."""

from typing import Self

from msgspec import Struct
from msgspec.json import Decoder

from ocppdiag_contracts.topology import GUARD_SECONDS
from ocppdiag_workers.operation import Operation

GRACE_SECONDS = 1.0
"""How long after the deadline a guard comes: usually the alarm has been there."""


class Guard(Struct, frozen=True, kw_only=True):
    """Who is to hear of which command's end. What was asked is not in it: a secret lies in one place, and goes.

    Times are seconds since 1970.
    """

    station: str
    command_id: str
    command: str
    reply_to: str | None
    begun: float
    due: float
    v: int = 1

    @classmethod
    def of(cls, operation: Operation) -> Self:
        """Make the guard of an operation that begins."""
        return cls(
            station=operation.station,
            command_id=operation.id,
            command=operation.name,
            reply_to=operation.reply_to,
            begun=operation.begun,
            due=operation.due,
        )

    def over(self, now: float) -> bool:
        """Whether the command should have had its end."""
        return now >= self.due + GRACE_SECONDS

    def rung(self, now: float) -> int:
        """How many seconds it rests next: it comes down to its time in ever shorter steps."""
        left = self.due + GRACE_SECONDS - now
        return max((seconds for seconds in GUARD_SECONDS if seconds <= left), default=GUARD_SECONDS[0])


GUARD: Decoder[Guard] = Decoder(Guard)
