"""The leases of a node with more stations than are renewed at once, on a real Redis."""

import asyncio
from typing import cast
from uuid import uuid4

import pytest
from redis.exceptions import ResponseError

from ocppdiag_gateway.clock import SteadyClock
from ocppdiag_gateway.conversation import Conversation
from ocppdiag_gateway.identity import Identity
from ocppdiag_gateway.leases import AT_ONCE, Leases
from ocppdiag_gateway.line import Line
from ocppdiag_gateway.link import Link
from ocppdiag_gateway.session import DISPLACED, Session
from ocppdiag_gateway.switchboard import Switchboard
from ocppdiag_redis import Directory, Lease, Pipelined, keys

STATIONS = 2 * AT_ONCE + 50


class Standing(Session):
    """A session that nobody talks on: only whether it is closed counts."""

    def __init__(self, lease: Lease) -> None:
        talk = Conversation(Identity(lease.station, lease.node, lease.connection, lease.epoch, lease.version))
        super().__init__(cast("Line", None), lease, talk, cast("Link", None), 0)
        self.codes: list[int] = []

    def close(self, code: int, reason: str) -> None:
        del reason
        self.codes.append(code)


async def test_each_of_many_leases_is_kept_written_again_or_given_up(redis: Pipelined) -> None:
    directory, switchboard = Directory(redis), Switchboard()
    run = uuid4().hex[:8]
    sessions = []
    for number in range(STATIONS):
        lease, _ = await directory.acquire(f"T-{run}-{number}", "here", "c1", "ocpp2.0.1")
        switchboard.plug(session := Standing(lease))
        sessions.append(session)
    forgotten, expelled = sessions[::10], sessions[5::10]
    for session in forgotten:
        await redis.run("DEL", keys.lease(session.lease.station))
    for session in expelled:
        await directory.expel(session.lease.station)
    leases = Leases(directory, switchboard, SteadyClock(), renew_seconds=0.1)
    renewing = asyncio.create_task(leases.renew_for_ever())
    try:
        async with asyncio.timeout(10):
            while not all(session.codes for session in expelled):  # noqa: ASYNC110 (a test looks from outside)
                await asyncio.sleep(0.05)
    finally:
        renewing.cancel()
    assert leases.missing is None
    assert {code for session in expelled for code in session.codes} == {DISPLACED}
    for session in sessions:
        if session not in expelled:
            assert session.codes == []
            assert await directory.find(session.lease.station) == session.lease


async def test_one_lease_that_cannot_be_renewed_holds_up_no_other(redis: Pipelined) -> None:
    directory, switchboard = Directory(redis), Switchboard()
    run = uuid4().hex[:8]
    sessions = []
    for number in range(AT_ONCE + 50):
        lease, _ = await directory.acquire(f"T-{run}-{number}", "here", "c1", "ocpp2.0.1")
        switchboard.plug(session := Standing(lease))
        sessions.append(session)
    broken, beside, last = sessions[0], sessions[1], sessions[-1]
    await redis.run("SET", keys.lease(broken.lease.station), "no lease")
    await redis.run("DEL", keys.lease(last.lease.station))
    await directory.expel(beside.lease.station)
    leases = Leases(directory, switchboard, SteadyClock(), renew_seconds=0.05)
    with pytest.raises(ResponseError):
        await leases._renew()
    assert beside.codes == [DISPLACED]
    assert broken.codes == []
    assert await directory.find(last.lease.station) == last.lease


async def test_without_redis_no_lease_counts_as_kept_and_nobody_is_closed() -> None:
    redis = Pipelined.from_url("redis://127.0.0.1:1/0")
    switchboard, clock = Switchboard(), SteadyClock()
    switchboard.plug(session := Standing(Lease("T", "here", "c1", "ocpp2.0.1", 1)))
    leases = Leases(Directory(redis), switchboard, clock, renew_seconds=0.01)
    renewing = asyncio.create_task(leases.renew_for_ever())
    await asyncio.sleep(0.3)
    assert not renewing.done()
    renewing.cancel()
    assert session.codes == []
    leases._answered -= 10
    assert leases.missing
    await redis.aclose()
