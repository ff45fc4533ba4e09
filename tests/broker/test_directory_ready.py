"""When a station may be asked, and when that it is not in the directory means anything: on a real Redis."""

import pytest
from yarl import URL

from ocppdiag_local.services import Services
from ocppdiag_redis import Directory, Lease, Pipelined, keys
from ocppdiag_redis.directory import BOOTED_US, REBUILT_SECONDS, SILENT_US

V201 = "ocpp2.0.1"


async def stands_for(redis: Pipelined, lease: Lease, microseconds: int) -> None:
    """Have a connection be so old: its epoch is the moment of its beginning."""
    seconds, more = await redis.run("TIME")
    epoch = int(seconds) * 1_000_000 + int(more) - microseconds
    await redis.run("HSET", keys.lease(lease.station), "epoch", str(epoch))


async def test_a_station_is_ready_when_it_was_let_in_on_the_connection_that_stands(
    directory: Directory, station: str
) -> None:
    assert await directory.ready(station) is None
    first, _ = await directory.acquire(station, "node", "c1", V201)
    assert await directory.ready(station) is None
    await directory.accept(station, first.epoch)
    assert await directory.ready(station) == first
    await directory.release(first)
    assert await directory.ready(station) is None
    second, _ = await directory.acquire(station, "node", "c2", V201)
    assert await directory.ready(station) is None, "it was let in on another one"
    await directory.accept(station, second.epoch)
    assert await directory.ready(station) == second


@pytest.mark.parametrize(("before", "after"), [(True, BOOTED_US), (False, SILENT_US)])
async def test_a_station_that_says_nothing_of_a_boot_is_ready_after_a_while(
    redis: Pipelined, directory: Directory, station: str, after: int, *, before: bool
) -> None:
    if before:
        older, _ = await directory.acquire(station, "node", "c1", V201)
        await directory.accept(station, older.epoch)
    lease, _ = await directory.acquire(station, "node", "c2", V201)
    await stands_for(redis, lease, after - 1_000_000)
    assert await directory.ready(station) is None
    await stands_for(redis, lease, after + 1)
    assert await directory.ready(station) is not None


async def test_a_redis_that_was_emptied_is_believed_when_every_gateway_has_written_its_leases(
    services: Services,
) -> None:
    """In a database of its own: that all others are old is what every other test stands on."""
    apart = Pipelined.from_url(str(URL(services.redis_url).with_path("/8")))
    directory = Directory(apart)
    try:
        await apart.run("FLUSHDB")
        assert not await directory.rebuilt()
        born = int(await apart.run("HGET", keys.ORIGIN, "since"))
        assert not await directory.rebuilt()
        assert int(await apart.run("HGET", keys.ORIGIN, "since")) == born, "it is not born again by asking"
        await apart.run("HSET", keys.ORIGIN, "since", born - int(REBUILT_SECONDS * 1e6))
        assert await directory.rebuilt()
    finally:
        await apart.run("FLUSHDB")
        await apart.aclose()
