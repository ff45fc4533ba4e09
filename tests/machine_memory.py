"""What Redis keeps of one station and its operations, kept in a process instead: doubles with the same methods."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec import structs

from ocppdiag_redis import Lease
from ocppdiag_redis.origin import Origin
from ocppdiag_workers.letters import Letter
from ocppdiag_workers.memory import CLAIM_SECONDS, HELD_MS, Memory
from ocppdiag_workers.operation import MonitorsSeen, Operation
from ocppdiag_workers.parts import Part
from ocppdiag_workers.records import Change, Name, Remembered, Request

STATION = "CS-1"
STORE = "one"


@dataclass
class Clock:
    """The present, which moves when the test says so."""

    now: float = 1_800_000_000.0


@dataclass
class Kept:
    """All that is kept."""

    operations: dict[str, Remembered] = field(default_factory=dict)
    finals: dict[str, Letter | None] = field(default_factory=dict)
    parts: dict[str, dict[str, Part]] = field(default_factory=dict)
    requests: dict[tuple[str, int], str] = field(default_factory=dict)
    waiting: dict[str, float] = field(default_factory=dict)
    monitors: dict[int, int] = field(default_factory=dict)
    deadlines: dict[str, float] = field(default_factory=dict)
    begun: dict[str, float] = field(default_factory=dict)
    number: int = 0
    held: tuple[str, float] = ("", 0.0)
    lease: tuple[Lease | None, float] = (None, 0.0)
    epoch: int = 0
    accepted: int | None = None
    since: float | None = None


class MemoryDouble(Memory):
    """The operations of one station."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.kept = Kept()
        self.origin = OriginDouble(self)

    async def next_request_id(self, station: str) -> int:  # noqa: ARG002 (there is one station)
        self.kept.number = max(self.kept.number, int(self.clock.now) - 1_577_836_800) + 1
        return self.kept.number

    async def now(self) -> float:
        return self.clock.now

    async def find_all(self, names: Sequence[Name]) -> list[Remembered | None]:
        return [self.kept.operations.get(command_id) for _, command_id in names]

    async def final(self, station: str, command_id: str) -> Letter | None:  # noqa: ARG002
        return self.kept.finals.get(command_id)

    async def find_requests(self, requests: Sequence[Request]) -> list[str | None]:
        return [self.kept.requests.get((family, number)) for _, family, number in requests]

    async def commit_all(
        self,
        changes: Sequence[Change],
        now: float,  # noqa: ARG002 (nothing is kept too long for a test)
    ) -> list[bool]:
        return [self._commit(change) for change in changes]

    def _commit(self, change: Change) -> bool:
        operation, told, revision, keep, final = structs.astuple(change)
        kept, command_id = self.kept, operation.id
        before = kept.operations.get(command_id)
        if (before.revision if before else 0) != revision:
            return False
        unsent = {each.id: each for each in (*(before.unsent if before else ()), *told)}
        kept.operations[command_id] = Remembered(operation, revision + 1, tuple(unsent.values()))
        if operation.ended:
            kept.finals[command_id] = final
            kept.parts.pop(command_id, None)
        elif keep:
            laid = kept.parts.setdefault(command_id, {})
            number = str(keep.seq_no)
            laid.setdefault(f"{number}/{keep.digest}" if number in laid else number, keep)
        if operation.in_line:
            kept.waiting[command_id] = operation.begun
        else:
            kept.waiting.pop(command_id, None)
        if operation.family is not None:
            kept.requests[operation.family, operation.request_id] = command_id
        return True

    async def known_parts(self, parts: Sequence[tuple[Name, Part]]) -> list[tuple[Part | None, bool]]:
        return [self._known_part(command_id, part) for (_, command_id), part in parts]

    def _known_part(self, command_id: str, part: Part) -> tuple[Part | None, bool]:
        laid = self.kept.parts.get(command_id, {})
        known, same = laid.get(str(part.seq_no)), f"{part.seq_no}/{part.digest}" in laid
        return known, same or (known is not None and known.digest == part.digest)

    async def all_parts(self, several: Sequence[tuple[Operation, Part | None]]) -> list[tuple[Part, ...]]:
        return [
            (*self.kept.parts.get(operation.id, {}).values(), *((newest,) if newest else ()))
            for operation, newest in several
        ]

    async def severities(self, station: str, monitors: tuple[int, ...]) -> dict[int, int]:  # noqa: ARG002
        return {each: self.kept.monitors[each] for each in monitors if each in self.kept.monitors}

    async def see_all_monitors(self, seen: Sequence[tuple[str, MonitorsSeen]]) -> None:
        for _, each in seen:
            if each.all_gone:
                self.kept.monitors.clear()
            for monitor, severity in each.severities.items():
                if severity is None:
                    self.kept.monitors.pop(monitor, None)
                else:
                    self.kept.monitors[monitor] = severity

    async def forget_monitors(self, station: str) -> None:  # noqa: ARG002
        self.kept.monitors.clear()

    async def mark_all_sent(self, told: Sequence[tuple[Operation, tuple[Letter, ...]]]) -> None:
        for operation, letters in told:
            sent = {each.id for each in letters}
            if there := self.kept.operations.get(operation.id):
                left = tuple(each for each in there.unsent if each.id not in sent)
                self.kept.operations[operation.id] = Remembered(there.operation, there.revision, left)

    async def open_operations(self, station: str) -> list[str]:  # noqa: ARG002
        return [key for key, each in self.kept.operations.items() if not each.operation.ended]

    async def waiting(self, station: str, many: int) -> list[str]:  # noqa: ARG002
        return sorted(self.kept.waiting, key=lambda each: (self.kept.waiting[each], each))[:many]

    async def hold_waiting(self, station: str, owner: str) -> bool:  # noqa: ARG002
        holder, until = self.kept.held
        if until > self.clock.now and holder != owner:
            return False
        if until <= self.clock.now:
            self.kept.held = (owner, self.clock.now + HELD_MS / 1000)
        return True

    async def free_waiting(self, station: str, owner: str) -> None:  # noqa: ARG002
        if self.kept.held[0] == owner:
            self.kept.held = ("", 0.0)

    async def forget(self, operation: Operation) -> None:
        there = self.kept.operations.get(operation.id)
        if there and there.operation == operation:
            del self.kept.operations[operation.id]
            self.kept.waiting.pop(operation.id, None)

    async def open(self, operation: Operation) -> None:
        self.kept.begun.setdefault(operation.id, operation.begun)

    async def wake_later(self, station: str, command_id: str, at: float) -> None:  # noqa: ARG002
        self.kept.deadlines[command_id] = at

    async def all_wake_by(self, names: Sequence[Name], at: float) -> None:
        for _, command_id in names:
            self.kept.deadlines[command_id] = min(at, self.kept.deadlines.get(command_id, at))

    async def none_wakes(self, names: Sequence[Name]) -> None:
        for _, command_id in names:
            self.kept.begun.pop(command_id, None)
            self.kept.deadlines.pop(command_id, None)

    async def claim_due(self) -> tuple[float, list[tuple[str, str]]]:
        now = self.clock.now
        due = sorted((at, key) for key, at in self.kept.deadlines.items() if at <= now)
        for _, key in due:
            self.kept.deadlines[key] = now + CLAIM_SECONDS
        return now, [(STATION, key) for _, key in due]


class OriginDouble(Origin):
    """Since when it is complete."""

    def __init__(self, memory: MemoryDouble) -> None:
        self._memory = memory

    async def store(self) -> str:
        return STORE

    async def since(self) -> float:
        if self._memory.kept.since is None:
            self._memory.kept.since = self._memory.clock.now
        return self._memory.kept.since

    async def age(self) -> float:
        return self._memory.clock.now - await self.since()
