"""Connections that lose their lease to a newer one, or to nobody, on a real Redis."""

from ocppdiag_redis import Directory, Pipelined, keys
from ocppdiag_redis.directory import MOST_TAKEOVERS

EVERY_REDIS = True

V201 = "ocpp2.0.1"


async def test_takeovers_of_a_standing_lease_are_counted_for_a_minute(
    redis: Pipelined, directory: Directory, station: str
) -> None:
    lease, nobody = await directory.acquire(station, "node", "c", V201)
    assert nobody is None
    counted = [await taken_over(directory, station) for _ in range(3)]
    assert counted == [1, 2, 3]
    await directory.renew(lease)  # of one that was displaced: changes nothing
    await redis.run("DEL", keys.lease(station))  # as if it had come to an end
    _, nobody = await directory.acquire(station, "node", "c", V201)
    assert nobody is None, "who comes back after its lease has ended takes over from nobody"
    assert await taken_over(directory, station) == 4
    times = [int(at) for at in (await redis.run("HGET", keys.station(station), "takeovers")).split()]
    assert times == sorted(times, reverse=True)
    aged = (times[0], times[1] - 40_000_000, times[2] - 60_000_000, times[3] + 90_000_000)
    await redis.run("HSET", keys.station(station), "takeovers", " ".join(map(str, aged)))
    assert await taken_over(directory, station) == 3, (
        "neither older than a minute, nor of a clock that stepped back"
    )


async def test_what_is_kept_of_takeovers_does_not_grow(
    redis: Pipelined, directory: Directory, station: str
) -> None:
    counted = [await taken_over(directory, station) for _ in range(MOST_TAKEOVERS + 5)]
    assert counted[-5:] == [MOST_TAKEOVERS] * 5
    assert len((await redis.run("HGET", keys.station(station), "takeovers")).split()) == MOST_TAKEOVERS


async def taken_over(directory: Directory, station: str) -> int:
    _, older = await directory.acquire(station, "node", "c", V201)
    return older.takeovers if older else 0


async def test_who_is_expelled_has_lost_its_lease_and_may_come_again(
    redis: Pipelined, directory: Directory, station: str
) -> None:
    lease, _ = await directory.acquire(station, "node", "c", V201)
    await directory.expel(station)
    assert not await directory.renew(lease)
    assert await directory.find(station) == lease, "it stands until its gateway has closed the connection"
    await directory.release(lease)
    assert await directory.find(station) is None
    newer, _ = await directory.acquire(station, "node", "c", V201)
    assert newer.epoch > lease.epoch
    assert await directory.renew(newer)
    await redis.run("DEL", keys.station(station))
    await directory.expel(station)
    assert not await directory.renew(newer), "of one that is forgotten but for its lease, too"


async def test_to_expel_a_station_that_never_came_does_not_make_it_known(
    directory: Directory, station: str
) -> None:
    await directory.expel(station)
    assert not await directory.knows(station)
