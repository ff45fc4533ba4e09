"""What Redis keeps of one station's connections, kept in a process instead; and both doubles as one backend."""

from machine_memory import Clock, Kept, MemoryDouble

from ocppdiag_redis import Directory, Lease
from ocppdiag_redis.directory import BOOTED_US, LEASE_MS, REBUILT_SECONDS, SILENT_US, Older


class DirectoryDouble(Directory):
    """The leases of one station."""

    def __init__(self, memory: MemoryDouble) -> None:
        self._memory = memory

    @property
    def _kept(self) -> Kept:
        return self._memory.kept

    @property
    def _us(self) -> int:
        return int(self._memory.clock.now * 1_000_000)

    def _holds(self, lease: Lease) -> None:
        self._kept.lease = (lease, self._memory.clock.now + LEASE_MS / 1000)

    async def acquire(
        self, station: str, node: str, connection: str, version: str
    ) -> tuple[Lease, Older | None]:
        held = await self.find(station)
        self._kept.epoch = max(self._us, self._kept.epoch + 1)
        lease = Lease(station, node, connection, version, self._kept.epoch)
        self._holds(lease)
        return lease, Older(held.node, held.epoch, takeovers=1) if held else None

    async def renew(self, lease: Lease) -> bool:
        held = await self.find(lease.station)
        if max(held.epoch if held else 0, self._kept.epoch) > lease.epoch:
            return False
        self._kept.epoch = max(self._kept.epoch, lease.epoch)
        self._holds(lease)
        return True

    async def release(self, lease: Lease) -> None:
        held = await self.find(lease.station)
        if held and held.epoch == lease.epoch:
            self._kept.lease = (None, 0.0)

    async def expel(self, station: str) -> None:
        if await self.knows(station):
            self._kept.epoch = max(self._us, self._kept.epoch + 1)

    async def find(self, station: str) -> Lease | None:  # noqa: ARG002
        lease, until = self._kept.lease
        return lease if until > self._memory.clock.now else None

    async def accept(self, station: str, epoch: int) -> None:  # noqa: ARG002
        self._kept.accepted = epoch

    async def ready(self, station: str) -> Lease | None:
        held, accepted = await self.find(station), self._kept.accepted
        if held is None or accepted == held.epoch:
            return held
        return held if self._us - held.epoch > (BOOTED_US if accepted else SILENT_US) else None

    async def rebuilt(self) -> bool:
        return await self._memory.origin.age() > REBUILT_SECONDS

    async def knows(self, station: str) -> bool:  # noqa: ARG002
        return self._kept.epoch > 0 or self._kept.accepted is not None


class InMind:
    """Everything in this process."""

    def __init__(self, clock: Clock) -> None:
        self.memory = MemoryDouble(clock)
        self.directory = DirectoryDouble(self.memory)

    async def pass_time(self, seconds: float) -> None:
        """Nothing runs by itself."""

    async def wipe(self) -> None:
        self.memory.kept = Kept()

    async def alarms(self) -> dict[str, float]:
        return dict(self.memory.kept.deadlines)

    async def begun(self) -> dict[str, float]:
        return dict(self.memory.kept.begun)

    async def close(self) -> None:
        """Nothing is open."""
