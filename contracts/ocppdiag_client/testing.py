"""An in-memory double of the client for other teams' tests: no broker, no station, the same behaviour."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager

from ocppdiag_client.double_station import DEFAULT_LOG, DoubleStation
from ocppdiag_client.open_command import Begun, Book
from ocppdiag_client.story import Story
from ocppdiag_client.stream import Heard, Streams
from ocppdiag_contracts.commands import Command, CommandModel, read_command
from ocppdiag_contracts.device_model import MonitoringData
from ocppdiag_contracts.events import CommandSettled, CommandWaiting, Event, Outcome
from ocppdiag_contracts.failures import Failure
from ocppdiag_contracts.identity import station_id
from ocppdiag_contracts.topology import event_key


class InMemoryDiagnostics:
    """Use it where a `Diagnostics` is wanted.

    >>> double = InMemoryDiagnostics()
    >>> double.add_station("CS-1", log=b"...", customers={"100000C01": "last seen on Monday"})

    A station that is not connected is waited for, in real time, by commands that say so; they go out in their order when
    it is back, which is when it counts as booted. What goes out is carried out at once, so `cancel` comes in time for
    commands that wait and for no others.

    It does not play what takes time or goes wrong by itself: deadlines that pass under way, uploads byte by byte, broken
    reports, connections that go with a call under way. Its monitors never fire, no monitoring level keeps anything back,
    and nothing is said of connections: `tell` says what a station is to say.
    """

    def __init__(self) -> None:
        self._streams = Streams()
        self._stations: dict[str, DoubleStation] = {}
        self._book = Book()
        self._tasks: set[asyncio.Task[None]] = set()
        self._watchers: dict[asyncio.Queue[Event], re.Pattern[str]] = {}
        self.sent: list[Command] = []
        """Every command that was sent, for assertions."""

    def add_station(
        self,
        station: str,
        *,
        log: bytes = DEFAULT_LOG,
        monitors: Iterable[MonitoringData] = (),
        customers: Mapping[str, str] | None = None,
        connected: bool = True,
    ) -> None:
        """Have a station, which accepts everything as long as it is connected.

        It uploads `log`, whatever the kind and period; its report lists its `monitors`, which count as hard-wired, and
        what was set, as far as they pass the filters; of `customers` it has a text for an id token, a serial number
        of a certificate, or a customer identifier.

        Raises:
            ValueError: the name is impossible.

        """
        self._stations[station_id(station)] = DoubleStation(
            log=log, monitors=monitors, customers=customers, connected=connected
        )

    def add_failing_station(
        self, station: str, failure: Failure, *, outcome: Outcome = Outcome.FAILED
    ) -> None:
        """Have a connected station that ends so whatever it is asked. Raises ValueError for an impossible name."""
        self._stations[station_id(station)] = DoubleStation(failure=failure, outcome=outcome)

    def disconnect(self, station: str) -> None:
        """Have a station lose its connection. Raises KeyError when there is none of that name."""
        self._stations[station].connected = False

    def connect(self, station: str) -> None:
        """Have a station come back; what waits for it goes out. Raises KeyError when there is none of that name."""
        self._stations[station].connected = True
        self._book.ring(station)

    def tell(self, event: Event) -> None:
        """Have a station say something by itself, such as that a monitor has fired."""
        self._streams.feed(event)
        shown = event.for_all()
        for watcher, keys in self._watchers.items():
            if keys.fullmatch(event_key(shown.event, shown.station)):
                watcher.put_nowait(shown)

    async def send(self, command: Command, *, patience: float = 30.0) -> None:  # noqa: ARG002 (the client's own)
        """As Diagnostics.send, confirmed at once. Raises InvalidCommandError."""
        read_command(command.model_dump_json(exclude_none=True, warnings=False).encode())
        self._streams.open(command)
        self.sent.append(command)
        begun = self._book.find(command.station, command.id)
        if begun is None:
            self._start(self._play(self._book.begin(command)))
        elif begun.settled:
            self._streams.feed(begun.settled.for_all())
        else:
            self._start(self._again(begun))

    async def settle(self, command: CommandModel) -> CommandSettled:
        """As Diagnostics.settle."""
        return await self._streams.settle(command)

    async def follow(self, command: CommandModel) -> AsyncIterator[Event]:
        """As Diagnostics.follow."""
        async for event in self._streams.find(command).follow():
            yield event

    @asynccontextmanager
    async def listen(self, *keys: str) -> AsyncIterator[Heard]:
        """As Diagnostics.listen."""
        waiting: asyncio.Queue[Event] = asyncio.Queue()
        self._watchers[waiting] = _pattern(keys or ("#",))
        try:
            yield Heard(waiting)
        finally:
            del self._watchers[waiting]

    async def watch(self, *keys: str) -> AsyncGenerator[Event, None]:
        """As Diagnostics.watch."""
        async with self.listen(*keys) as heard:
            async for event in heard:
                yield event

    def _start(self, telling: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(telling)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _story(self, begun: Begun) -> Story:
        return Story(begun, self._stations.get(begun.command.station), self._book)

    async def _play(self, begun: Begun) -> None:
        for event in self._story(begun).events():
            await asyncio.sleep(0)
            begun.told(event)
            self.tell(event)
            if isinstance(event, CommandWaiting):
                await begun.wait(event.until)

    async def _again(self, begun: Begun) -> None:
        await asyncio.sleep(0)  # as long as the first event takes
        self.tell(self._story(begun).again())


def _pattern(keys: tuple[str, ...]) -> re.Pattern[str]:
    """Read patterns of a topic exchange as one of ours: `*` is a word, `#` any number of them."""
    words = {"*": r"[^.]+", "#": r".*"}
    wanted = (r"\.".join(words.get(word) or re.escape(word) for word in key.split(".")) for key in keys)
    return re.compile("|".join(wanted))
