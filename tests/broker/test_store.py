"""Which Redis this is, as it says itself: the same for its replica, another after a failover or a restart."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from own_servers import own
from stage import until
from yarl import URL

from ocppdiag_local.servers import REDIS
from ocppdiag_local.services import Services
from ocppdiag_redis import Pipelined
from ocppdiag_workers.memory import Memory


@pytest.fixture
async def clients() -> AsyncIterator[Callable[[str], Pipelined]]:
    async with AsyncExitStack() as exits:

        def client(url: str) -> Pipelined:
            made = Pipelined.from_url(url)
            exits.push_async_callback(made.aclose)
            return made

        yield client


async def test_a_replica_is_the_same_store_until_it_takes_over(
    tmp_path: Path, clients: Callable[[str], Pipelined]
) -> None:
    with own(tmp_path / "a", REDIS) as (primary,), own(tmp_path / "b", REDIS) as (replica,):
        there, here = clients(primary), clients(replica)
        await here.run("REPLICAOF", "127.0.0.1", str(URL(primary).port))

        async def synced() -> bool:
            return str((await here.run("INFO", "replication"))["master_link_status"]) == "up"

        await until(synced)
        store = await Memory(there).origin.store()  # only now: it is another when the first replica comes
        assert len(store) == 40
        assert await Memory(here).origin.store() == store
        await here.run("REPLICAOF", "NO", "ONE")
        assert await Memory(here).origin.store() != store
        await there.run("FLUSHALL")
        assert await Memory(there).origin.store() == store, "an emptied one is known by what is not in it"


async def test_started_again_it_is_another_store(tmp_path: Path, clients: Callable[[str], Pipelined]) -> None:
    stores = set()
    for _ in range(2):
        with own(tmp_path, REDIS) as (url,):
            stores.add(await Memory(clients(url)).origin.store())
    assert len(stores) == 2


async def test_where_we_may_not_ask_it_is_taken_for_always_the_same(
    services: Services, clients: Callable[[str], Pipelined]
) -> None:
    redis = clients(services.redis_url)
    rights = ("on", ">secret", "~*", "+@all", "-info")
    await redis.run("ACL", "SETUSER", "test-no-info", *rights)
    try:
        url = URL(services.redis_url).with_user("test-no-info").with_password("secret")
        assert await Memory(clients(str(url))).origin.store() == ""
    finally:
        await redis.run("ACL", "DELUSER", "test-no-info")
