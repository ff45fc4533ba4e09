"""The load of a trial, drawn from a seed: which stations there are, and which commands are sent to them and when."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from random import Random

import marks
from histories import Histories, Publish, Sent
from wanderers import Nature

from ocppdiag_amqp import Broker, Publisher, UnconfirmedError, UnroutableError
from ocppdiag_contracts import cloud_events
from ocppdiag_contracts.commands import Command
from ocppdiag_contracts.model import now
from ocppdiag_contracts.topology import COMMANDS

STATIONS = 24
FOREIGN = 4
VISITORS = 2
STRANGERS = 1
"""Stations that nobody has ever heard of: only commands know their names."""

PER_SECOND = 8.0
PATIENCE_SECONDS = 8.0
TWICE = 0.12
"""How many commands are sent again a little later."""

WEIGHTS = {
    "get_log": 24,
    "get_monitoring_report": 24,
    "customer_information": 20,
    "set_variable_monitoring": 14,
    "set_monitoring_level": 10,
    "set_monitoring_base": 4,
    "trigger_log_status": 4,
}

HARMLESS = frozenset({"get_monitoring_report", "set_monitoring_level", "trigger_log_status"})
"""What a station may be asked a second time, when the connection went with the first."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: of load before the fault and after it, what commands get until their deadlines, and until a repeat."""

    before: float = 4.0
    after: float = 6.0
    shortest: float = 10.0
    longest: float = 30.0
    again: float = 6.0


SHORT = Pace(before=3.0, after=4.0, shortest=5.0, longest=10.0, again=3.0)


def chance(*seed: object) -> Random:
    """Return what draws the same again for the same seed."""
    return Random("/".join(map(str, seed)))  # noqa: S311 (no secret)


@dataclass(frozen=True, slots=True)
class Wish:
    """A command to be sent, and how long to wait before it is sent once more, if it is."""

    command: Command
    repeatable: bool
    again: float | None


def populate(prefix: str, habits: frozenset[str]) -> dict[str, Nature]:
    """Return the stations of a trial: every second one has a habit, when there are any."""
    faulty = itertools.cycle(sorted(habits))
    made: dict[str, Nature] = {}
    for number in range(STATIONS):
        habit = next(faulty) if habits and number % 2 else None
        visits = habit is None and number < 2 * VISITORS and number % 2 == 0
        foreign = not visits and number >= STATIONS - FOREIGN and habit != "never_answers"
        made[f"{prefix}-{number:02}"] = Nature(foreign, visits, habit)
    return made


def wishes(stations: Mapping[str, Nature], prefix: str, pace: Pace, draw: Random) -> Iterator[Wish]:
    """Draw commands for ever; their deadlines count from when they are drawn."""
    names = [*stations, *(f"{prefix}-stranger-{number}" for number in range(STRANGERS))]
    serials = {name: itertools.count(1) for name in names}
    # What has no room for a serial number is asked for once with each value.
    few: dict[tuple[str, str], list[int]] = {}
    for name in names:
        few[name, "set_monitoring_level"] = draw.sample(marks.LEVELS, len(marks.LEVELS))
        few[name, "set_monitoring_base"] = draw.sample(range(len(marks.BASES)), len(marks.BASES))
        few[name, "trigger_log_status"] = [0]
    while True:
        station = draw.choice(names)
        (kind,) = draw.choices(list(WEIGHTS), list(WEIGHTS.values()))
        left = few.get((station, kind))
        if left == []:
            continue
        serial = left.pop() if left else next(serials[station])
        clear = draw.random() < 0.6
        yield Wish(
            marks.make(
                kind,
                station,
                serial,
                now() + timedelta(seconds=draw.uniform(pace.shortest, pace.longest)),
                clear=clear,
                wait=draw.random() < 0.3,
            ),
            kind in HARMLESS or (kind == "customer_information" and not clear),
            draw.uniform(0, pace.again) if draw.random() < TWICE else None,
        )


class Sender:
    """Publishes through the product's own publisher, and writes down what the broker said."""

    def __init__(self, publisher: Publisher, reply_to: str, histories: Histories) -> None:
        self._publisher = publisher
        self._reply_to = reply_to
        self._histories = histories
        self._under_way: set[asyncio.Task[None]] = set()

    @classmethod
    @asynccontextmanager
    async def connect(cls, url: str, reply_to: str, histories: Histories) -> AsyncIterator["Sender"]:
        async with Broker(url, name="ocppdiag faults") as broker:
            await broker.declare_exchanges()
            yield cls(await Publisher.open(broker), reply_to, histories)

    async def go_on(self, drawn: Iterator[Wish], may: asyncio.Event, draw: Random) -> None:
        """Send until cancelled, at times that know nothing of each other, and only while it may."""
        while True:
            await asyncio.sleep(draw.expovariate(PER_SECOND))
            await may.wait()
            task = asyncio.create_task(self._carry_out(next(drawn), may))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def finish(self) -> None:
        """Wait for what is under way."""
        while self._under_way:
            await asyncio.gather(*self._under_way)

    async def _carry_out(self, wish: Wish, may: asyncio.Event) -> None:
        await self.send(wish)
        if wish.again is not None:
            await asyncio.sleep(wish.again)
            await may.wait()
            await self.send(wish)

    async def send(self, wish: Wish) -> None:
        """Send a command once."""
        command, at = wish.command, time.monotonic()
        due = at + (command.due - now()).total_seconds()
        publish = Publish.CONFIRMED
        try:
            await self._publisher.publish(
                COMMANDS,
                command.command,
                command.model_dump_json(exclude_none=True).encode(),
                message_id=command.id,
                type=command.command,
                reply_to=self._reply_to,
                headers=cloud_events.headers(command, cloud_events.client("faults")),
                patience=PATIENCE_SECONDS,
            )
        except UnconfirmedError:
            publish = Publish.UNKNOWN
        except UnroutableError:
            publish = Publish.RETURNED
        self._histories.sent.append(
            Sent(
                at,
                command.station,
                command.id,
                command.command,
                marks.ACTIONS[command.command],
                marks.of_command(command),
                due,
                wish.repeatable,
                publish,
            )
        )
