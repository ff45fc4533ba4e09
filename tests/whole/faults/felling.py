"""Strikes at the product's own processes: killed at each step, stopped, frozen, doubled."""

import asyncio

import doomed
from member import Member
from strikes import Strike
from world import World

STOP_BOUND = 30.0
"""Seconds within which a process that is told to stop has to have ended."""


def doom_worker(deaths: int, patience: float, points: tuple[str, ...] = tuple(doomed.WORKER)) -> Strike:
    """Have a worker fall so often at each point while the other one goes on."""
    return lambda world: _doom(world, world.workers[0], points, deaths, patience)


def doom_gateway(deaths: int, patience: float) -> Strike:
    """Have a gateway fall so often at each point."""
    return lambda world: _doom(world, world.gateways[0], tuple(doomed.GATEWAY), deaths, patience)


async def _doom(world: World, member: Member, points: tuple[str, ...], deaths: int, patience: float) -> None:
    member.doomed, member.under = True, "doomed"
    try:
        for point in points:
            fell = await _fall(world, member, point, deaths, patience)
            world.notes.append(f"{point}: fell {fell} times")
    finally:
        member.doomed, member.under, member.more = False, None, {}
        await member.kill()
        await member.up()


async def _fall(world: World, member: Member, point: str, deaths: int, patience: float) -> int:
    """Return how often it fell; a point that it does not come to is left after a while."""
    fell = 0
    member.more = doomed.variables(point, world.random.randint(1, 6))
    await member.kill()
    for _ in range(deaths):
        await member.up()
        # The next process gets this one.
        member.more = doomed.variables(point, world.random.randint(1, 6))
        before = member.ends
        try:
            async with asyncio.timeout(patience):
                while member.ends == before:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        except TimeoutError:
            return fell
        fell += 1
    return fell


async def stop_workers(world: World) -> None:
    for worker in world.workers:
        await _stop(world, worker)


async def drain_gateway(world: World) -> None:
    await _stop(world, world.gateways[0])


async def _stop(world: World, member: Member) -> None:
    took = await member.term()
    world.notes.append(f"{member.name} stopped within {took:.1f} s")
    if took > STOP_BOUND:
        world.findings.append(f"{member.name} took {took:.1f} s to stop")
    await member.up()


def freeze_worker(seconds: float) -> Strike:
    async def strike(world: World) -> None:
        world.workers[0].freeze()
        await asyncio.sleep(seconds)
        world.workers[0].thaw()

    return strike


async def kill_gateway(world: World) -> None:
    await world.gateways[0].kill()
    await world.gateways[0].up()


def double_messages(seconds: float) -> Strike:
    async def strike(world: World) -> None:
        await world.restart(world.members, under="doubling")
        await asyncio.sleep(seconds)
        await world.restart(world.members)

    return strike


def look_on(seconds: float) -> Strike:
    """Do nothing: the stations do."""

    async def strike(_: World) -> None:
        await asyncio.sleep(seconds)

    return strike
