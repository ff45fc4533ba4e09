"""The station directory and the pipelined client, on a real Redis."""

import asyncio
import os
from dataclasses import replace

import pytest
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError, ResponseError

from ocppdiag_local.servers import REDIS
from ocppdiag_redis import Credentials, Directory, Lease, Pipelined, keys
from ocppdiag_redis.directory import LEASE_MS
from ocppdiag_redis.line import Command, Line

EVERY_REDIS = True

V201 = "ocpp2.0.1"


async def forget(redis: Pipelined, station: str) -> None:
    """What an emptied Redis would mean for this one station."""
    await redis.run("DEL", keys.lease(station), keys.station(station))


async def test_the_newest_connection_takes_over_and_learns_whom_it_displaces(
    directory: Directory, station: str
) -> None:
    first, nobody = await directory.acquire(station, "node-a", "c1", V201)
    second, older = await directory.acquire(station, "node-b", "c2", "ocpp1.6")
    assert nobody is None
    assert older is not None
    assert (older.node, older.epoch) == ("node-a", first.epoch)
    assert second.epoch > first.epoch
    assert await directory.find(station) == second == Lease(station, "node-b", "c2", "ocpp1.6", second.epoch)


async def test_a_hundred_takeovers_at_once_get_a_hundred_epochs_and_the_last_one_holds(
    directory: Directory, station: str
) -> None:
    taken = await asyncio.gather(
        *(directory.acquire(station, "node", f"c{number}", V201) for number in range(100))
    )
    leases = sorted((lease for lease, _ in taken), key=lambda lease: lease.epoch)
    assert len({lease.epoch for lease in leases}) == 100
    assert await directory.find(station) == leases[-1]
    displaced = sorted(older.epoch for _, older in taken if older)
    assert displaced == [lease.epoch for lease in leases[:-1]]


async def test_epochs_grow_over_an_emptied_redis(
    redis: Pipelined, directory: Directory, station: str
) -> None:
    last = 0
    for _ in range(20):
        lease, older = await directory.acquire(station, "node", "c", V201)
        assert older is None
        assert lease.epoch > last
        last = lease.epoch
        await forget(redis, station)


async def test_epochs_grow_when_the_servers_clock_has_stepped_back(
    redis: Pipelined, directory: Directory, station: str
) -> None:
    ahead = 3_000_000_000_000_000  # the year 2065, in microseconds
    await redis.run("HSET", keys.station(station), "epoch", ahead)
    epochs = [(await directory.acquire(station, "node", "c", V201))[0].epoch for _ in range(3)]
    assert epochs == [ahead + 1, ahead + 2, ahead + 3]


async def test_a_stale_release_or_renewal_changes_nothing(
    redis: Pipelined, directory: Directory, station: str
) -> None:
    old, _ = await directory.acquire(station, "node-a", "c1", V201)
    new, _ = await directory.acquire(station, "node-b", "c2", V201)
    await redis.run("PEXPIRE", keys.lease(station), 50_000)
    await directory.release(old)
    assert not await directory.renew(old)
    assert await directory.find(station) == new
    assert await redis.run("PTTL", keys.lease(station)) <= 50_000
    assert await directory.renew(new)
    assert await redis.run("PTTL", keys.lease(station)) > 50_000


async def test_an_old_connection_does_not_come_back_when_its_successor_has_gone(
    directory: Directory, station: str
) -> None:
    old, _ = await directory.acquire(station, "node-a", "c1", V201)
    new, _ = await directory.acquire(station, "node-b", "c2", V201)
    await directory.release(new)
    assert not await directory.renew(old)
    assert await directory.find(station) is None


async def test_the_own_lease_is_released_once(directory: Directory, station: str) -> None:
    lease, _ = await directory.acquire(station, "node", "c", V201)
    await directory.release(lease)
    assert await directory.find(station) is None
    await directory.release(lease)
    assert await directory.knows(station)


@pytest.mark.parametrize("lost", ["the lease", "everything"])
async def test_a_renewal_writes_a_lost_lease_again(
    redis: Pipelined, directory: Directory, station: str, lost: str
) -> None:
    lease, _ = await directory.acquire(station, "node", "c", V201)
    await redis.run("DEL", keys.lease(station))
    if lost == "everything":
        await redis.run("DEL", keys.station(station))
    assert await directory.find(station) is None
    assert await directory.renew(lease)
    assert await directory.find(station) == lease
    assert 0 < await redis.run("PTTL", keys.lease(station)) <= LEASE_MS
    assert await directory.knows(station)
    newer, older = await directory.acquire(station, "node", "c2", V201)
    assert newer.epoch > lease.epoch
    assert older is not None
    assert older.epoch == lease.epoch


async def test_a_lease_ends_by_itself(redis: Pipelined, directory: Directory, station: str) -> None:
    lease, _ = await directory.acquire(station, "node", "c", V201)
    assert 0 < await redis.run("PTTL", keys.lease(station)) <= LEASE_MS
    await redis.run("PEXPIRE", keys.lease(station), 1)
    await asyncio.sleep(0.02)
    assert await directory.find(station) is None
    await directory.release(replace(lease, epoch=lease.epoch + 1))
    assert await directory.knows(station)


async def test_a_station_is_known_by_its_connection_or_its_credential_and_not_by_a_command_for_it(
    redis: Pipelined, directory: Directory, station: str
) -> None:
    assert await directory.find(station) is None
    assert not await directory.knows(station)
    await redis.run("SET", keys.request_ids(station), 1, "EX", 60)  # as a command to a wrong name leaves it
    assert not await directory.knows(station)
    await Credentials(redis, b"k" * 32).issue(station)
    assert await directory.knows(station)


async def test_commands_of_one_turn_go_in_one_pipeline_and_an_error_meets_only_its_own(
    redis: Pipelined, station: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await redis.run("PING")  # in a cluster it is known by now who has what
    pipelines = []
    exchange = Line._exchange

    async def counted(
        self: Line, connection: AbstractConnection, commands: list[Command], written: bytes
    ) -> list[object]:
        pipelines.append(len(commands))
        return await exchange(self, connection, commands, written)

    monkeypatch.setattr(Line, "_exchange", counted)
    name = f"{keys.station(station)}:count"
    replies = await asyncio.gather(
        redis.run("SET", name, 1, "EX", 60),
        redis.run("LPUSH", name, "x"),
        *(redis.run("INCR", name) for _ in range(50)),
        redis.run("NO-SUCH-COMMAND", name),
        redis.run("GET", name),
        return_exceptions=True,
    )
    assert pipelines == [54]
    assert isinstance(replies[1], ResponseError)
    assert isinstance(replies[-2], ResponseError)
    assert replies[2:-2] == list(range(2, 52))
    assert replies[-1] == b"51"


async def test_a_cancelled_command_holds_up_nobody(redis: Pipelined) -> None:
    cancelled, kept = (asyncio.create_task(redis.run("ECHO", text)) for text in ("a", "b"))
    await asyncio.sleep(0)
    cancelled.cancel()
    assert await kept == b"b"


async def test_a_redis_out_of_reach_is_an_error_for_every_command_of_the_turn() -> None:
    redis = Pipelined.from_url("redis://127.0.0.1:1/0")
    replies = await asyncio.gather(redis.run("PING"), redis.run("PING"), return_exceptions=True)
    assert all(isinstance(reply, RedisError) for reply in replies)
    await redis.aclose()


async def test_scripts_that_the_server_has_forgotten_are_sent_again(
    redis: Pipelined, directory: Directory, station: str
) -> None:
    if os.environ.get(REDIS.variable):
        pytest.skip("this Redis was given to us: its scripts may be somebody else's")
    await directory.acquire(station, "node", "c", V201)
    await redis.run("SCRIPT", "FLUSH", "SYNC")
    lease, older = await directory.acquire(station, "node", "c", V201)
    assert older is not None
    await redis.run("SCRIPT", "FLUSH", "SYNC")
    assert await directory.renew(lease)
