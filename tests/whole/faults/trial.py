"""One trial: load on a world, a fault that strikes and is healed, and the checker's verdict on what was written down."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from random import Random

from checker import check
from histories import Histories, Publish
from listener import Listener
from load import Pace, Sender, populate, wishes
from nemesis import Fault
from strikes import Strike
from verdict import Span, Verdict, Violation
from wanderers import Nature, Wanderer, wandering
from world import World

BOOTED_SECONDS = 60
REST_SECONDS = 75.0
"""An alarm that a worker had claimed when it fell is claimed again, and found to be about nothing, after a minute."""

PAUSE_SECONDS = 0.5
SLOW_BYTES_PER_SECOND = 1
SHOULD_BE_EMPTY = ("ocppdiag.commands", "ocppdiag.diagnostics.", "ocppdiag.gateway.", "ocppdiag.parking")
AWAY = frozenset({
    "F1", "F2", "F3", "F3b", "F4", "F6", "F9", "F10", "F11", "F12", "F12b", "F12c", "F12d", "F12e", "F12f", "F13", "W1", "W2"
})  # fmt: skip
"""Faults for which the broker or Redis is away, or not to be relied on."""

HELD_SECONDS = 35.0
"""So long a frozen worker keeps what it has taken: RabbitMQ gives it to another after two heartbeats and a half."""

HELD = frozenset({"F16"})


@dataclass(frozen=True, slots=True)
class Trial:
    """What a trial has shown."""

    fault: Fault
    verdict: Verdict
    violations: tuple[Violation, ...]
    """Those of the histories and those of the world."""

    histories: Histories
    seconds: float
    notes: tuple[str, ...]


async def try_fault(world: World, fault: Fault, strike: Strike, pace: Pace, draw: Random) -> Trial:
    """Put a world to the test; afterwards it is as it was before.

    Raises:
        TimeoutError: the world or the stations did not come up: that is no finding about the product.

    """
    began, prefix = time.monotonic(), f"{fault.code}-{draw.randrange(16**6):06x}"
    known, seen = len(world.deaths), len(world.findings)
    world.notes.clear()
    await world.serving()
    histories = Histories()
    stations = populate(prefix, fault.load)
    urls = {name: await _urls(world, nature) for name, nature in stations.items()}
    async with _listening(world.amqp_url, histories) as listener, AsyncExitStack() as exits:
        sender = await exits.enter_async_context(Sender.connect(world.amqp_url, listener.reply_to, histories))
        crowd = await exits.enter_async_context(wandering(stations, urls, histories, draw))
        await _until(partial(_well, crowd), BOOTED_SECONDS)
        sending = asyncio.create_task(sender.go_on(wishes(stations, prefix, pace, draw), world.sending, draw))
        await asyncio.sleep(pace.before)
        struck = time.monotonic()
        await _unless(sending, strike(world))
        span = _span(fault, struck, time.monotonic())
        await asyncio.sleep(pace.after)
        with suppress(TimeoutError):  # what is not well again by then is the checker's concern
            await _until(partial(_recovered, histories, span), span.bound)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        await sender.finish()
        await _settled(histories, span)
        left = await _rest(world, crowd, prefix)
        await exits.aclose()  # what stations have had answered is in the queue by now
        await listener.catch_up()
    verdict = check(histories, span)
    found = [Violation("at rest", each, ()) for each in left]
    found += [Violation("process died", str(each), ()) for each in world.deaths[known:]]
    found += [Violation("nemesis", each, ()) for each in world.findings[seen:]]
    return Trial(
        fault,
        verdict,
        (*verdict.violations, *found),
        histories,
        time.monotonic() - began,
        tuple(world.notes),
    )


def _span(fault: Fault, struck: float, healed: float) -> Span:
    """Only while the broker or Redis is away, or a worker holds on to what it has, may ends come late."""
    excused = struck
    if fault.code in AWAY:
        excused = healed + fault.bound_seconds
    elif fault.code in HELD:
        excused = struck + HELD_SECONDS
    return Span(struck, healed, fault.bound_seconds, excused)


async def _urls(world: World, nature: Nature) -> list[str]:
    if nature.habit == "slow":
        return [await world.slow_way(each, SLOW_BYTES_PER_SECOND) for each in world.gateways]
    return [each.url for each in world.gateways]


@asynccontextmanager
async def _listening(url: str, histories: Histories) -> AsyncIterator[Listener]:
    listener = Listener(url, histories)
    listens = asyncio.create_task(listener.run())
    try:
        await asyncio.wait_for(listener.listening.wait(), BOOTED_SECONDS)
        yield listener
    finally:
        listens.cancel()
        await asyncio.gather(listens, return_exceptions=True)
        await listener.forget()


async def _unless(sending: asyncio.Task[None], strike: Awaitable[None]) -> None:
    """Let the fault strike, unless the load breaks, which is a fault of the suite's."""
    striking = asyncio.ensure_future(strike)
    try:
        await asyncio.wait((striking, sending), return_when=asyncio.FIRST_COMPLETED)
        if sending.done():
            await sending
        await striking
    finally:
        striking.cancel()


async def _until(done: Callable[[], Awaitable[bool]], within: float) -> None:
    async with asyncio.timeout(within):
        while not await done():  # noqa: ASYNC110 (it asks others)
            await asyncio.sleep(PAUSE_SECONDS)


async def _well(crowd: Sequence[Wanderer]) -> bool:
    return all(station.at is not None for station in crowd if _steady(station))


def _steady(station: Wanderer) -> bool:
    return station.nature.habit is None and not station.nature.visits


async def _recovered(histories: Histories, span: Span) -> bool:
    """Whether a command that was sent after the healing, and not before it too, has been completed."""
    old = {sent.command_id for sent in histories.sent if sent.at <= span.healed}
    new = {sent.command_id for sent in histories.sent} - old
    return any(
        heard.event.get("outcome") == "completed" and heard.event["command_id"] in new
        for heard in reversed(histories.heard)
    )


async def _settled(histories: Histories, span: Span) -> None:
    """Wait until every command has its end, or should have had it; nobody knows whether an unknown one will have."""
    waiting: dict[tuple[str, str], float] = {}
    for sent in histories.sent:
        if sent.publish is not Publish.RETURNED:
            waiting[sent.station, sent.command_id] = span.latest(sent.due)
    place = 0
    while waiting and time.monotonic() < max(waiting.values()):
        for heard in histories.heard[place:]:
            place += 1
            if heard.event["event"] == "command_settled":
                waiting.pop((heard.event["station"], heard.event["command_id"]), None)
        await asyncio.sleep(PAUSE_SECONDS)


async def _rest(world: World, crowd: Sequence[Wanderer], prefix: str) -> list[str]:
    """Return what is left over in a world that should be at rest, in sentences."""
    left: list[str] = []

    async def nothing() -> bool:
        left[:] = [*await _left(world, crowd, prefix)]
        return not left

    with suppress(TimeoutError):
        await _until(nothing, REST_SECONDS)
    return left


async def _left(world: World, crowd: Sequence[Wanderer], prefix: str) -> list[str]:
    found = await world.leftovers()
    said = [
        f"{name} holds {depth}" for name, depth in found.queues.items() if name.startswith(SHOULD_BE_EMPTY)
    ]
    said += [f"open: {each}" for each in found.open_operations if each[0].startswith(prefix)]
    said += [f"alarm: {each}" for each in found.alarms if each[0].startswith(prefix)]
    nodes = {station: node for station, node, _ in found.leases}
    for station in filter(_steady, crowd):
        held, at = nodes.get(station.name), station.at
        if at is None:
            said.append(f"{station.name} is not connected")
        elif held != world.gateways[at].name:
            said.append(f"{station.name} is at {world.gateways[at].name}, and its lease says {held}")
    return said
