"""A report that comes in parts: which are here, whether that is all, and how they go together. Pure.

OCPP 2.0.1 N02.FR.09: parts count from 0 and all but the last say `tbc`. Stations resend parts, lose them, count from
1, or give every part the same number; nothing of that may lose what did come.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

from msgspec import Raw, Struct
from msgspec.structs import replace

from ocppdiag_contracts.events import Irregularity

MOST_PARTS = 10_000
MOST_BYTES = 8 * 2**20
"""Of one report: with its final event it must stay below what a broker takes as one message (16 MiB)."""

GRACE_SECONDS = 60.0
"""How long what is missing is waited for once the last part is here: twice the time that a CALL may take."""

_EMPTY = (b"[]", b'""')


class Part(Struct, frozen=True):
    """One part; `body` is what it brings, as JSON, and `arrival` its place in the order of coming."""

    seq_no: int
    tbc: bool
    body: Raw
    arrival: int = 0

    @property
    def digest(self) -> str:
        """Tells two parts with one number apart."""
        return blake2b(bytes(self.body) + (b"+" if self.tbc else b"."), digest_size=8).hexdigest()


class Parts(Struct, frozen=True, omit_defaults=True):
    """Which parts are here, as runs of numbers (first and last of each); the parts themselves lie beside it."""

    runs: tuple[tuple[int, int], ...] = ()
    last: int | None = None
    closed_at: float = 0.0
    arrived: int = 0
    bytes: int = 0

    def has(self, number: int) -> bool:
        """Whether a part of this number is here."""
        return any(first <= number <= end for first, end in self.runs)

    @property
    def complete(self) -> bool:
        """Whether nothing is missing from 0 to the last."""
        return self.last is not None and any(first == 0 and end >= self.last for first, end in self.runs)

    @property
    def all_alike(self) -> bool:
        """Whether there are several parts, all of one number."""
        return self.arrived > 1 and len(self.runs) == 1 and self.runs[0][0] == self.runs[0][1]

    @property
    def counts_from_one(self) -> bool:
        """Whether all is here that a station can have sent which begins with 1."""
        return self.last is not None and self.runs == ((1, self.last),)

    @property
    def whole_in_its_way(self) -> bool:
        """Whether nothing can be missing from a station that counts otherwise than from 0."""
        return self.last is not None and (self.counts_from_one or self.all_alike)

    @property
    def missing(self) -> tuple[int, ...]:
        """The holes, up to the last part or, when that has not come, up to the highest that has."""
        end = max((end for _, end in self.runs), default=-1) if self.last is None else self.last
        holes: list[int] = []
        expected = 0
        for first, until in self.runs:
            holes += range(expected, min(first, end + 1, MOST_PARTS))
            expected = until + 1
        return tuple(holes)

    @property
    def too_large(self) -> bool:
        """Whether more has come than is kept."""
        over = any(end >= MOST_PARTS for _, end in self.runs)
        return over or self.arrived > MOST_PARTS or self.bytes > MOST_BYTES

    def with_one(self, part: Part, at: float) -> "Parts":
        """Take in a part that was not here before; another part may have its number."""
        closes = self.last is None and not part.tbc
        return replace(
            self,
            runs=_with_number(self.runs, part.seq_no),
            last=part.seq_no if closes else self.last,
            closed_at=at if closes else self.closed_at,
            arrived=self.arrived + 1,
            bytes=self.bytes + len(bytes(part.body)),
        )


def _with_number(runs: tuple[tuple[int, int], ...], number: int) -> tuple[tuple[int, int], ...]:
    if runs and runs[-1][1] + 1 == number:  # the usual next part
        return (*runs[:-1], (runs[-1][0], number))
    merged: list[tuple[int, int]] = []
    for first, end in sorted((*runs, (number, number))):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((first, end))
    return tuple(merged)


@dataclass(frozen=True, slots=True)
class Assembled:
    """Parts put in order, and what was wrong with them."""

    bodies: tuple[bytes, ...]
    missing: tuple[int, ...] = ()
    irregularities: tuple[Irregularity, ...] = ()


def assemble(state: Parts, parts: Iterable[Part]) -> Assembled:
    """Put together what is here: by number, and where all have the same one, by arrival."""
    arrived = sorted(parts, key=lambda part: part.arrival)
    numbers = {part.seq_no for part in arrived}
    found: list[Irregularity] = []
    if len(numbers) == 1 and len(arrived) > 1:
        order = arrived
        found.append(Irregularity.SAME_NUMBER)
    else:
        firsts = {part.seq_no: part for part in reversed(arrived)}
        order = [firsts[number] for number in sorted(numbers)]
        if len(order) < len(arrived):
            found.append(Irregularity.CONFLICT)
    missing = () if state.whole_in_its_way else state.missing
    if state.counts_from_one:
        found.append(Irregularity.FIRST_PART_MISSING)
    bodies = tuple(bytes(part.body) for part in order)
    if len(bodies) > 1 and any(body in _EMPTY for body in bodies):
        found.append(Irregularity.EMPTY_PART)
    return Assembled(bodies, missing, tuple(found))
