"""Redis of several servers: who takes over is found, what a node has given away too, and each has its own passwords."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from functools import partial
from pathlib import Path

import pytest
from own_servers import own, provided
from redis.exceptions import NoPermissionError, RedisError
from redis_several import KINDS, SERVICE, ClusterOfThree, Instance, Several, several, until
from wire import Wire

from ocppdiag_local import answer
from ocppdiag_local.servers import REDIS
from ocppdiag_redis import Credentials, Origin, Pipelined, Script, keys

WITHIN_SECONDS = 20
APPEND = Script("""
redis.call('APPEND', KEYS[1], ARGV[1])
return redis.call('APPEND', KEYS[2], ARGV[1])
""")


ON_A_CLUSTER = pytest.mark.parametrize("servers", ["cluster"], indirect=True)


@pytest.fixture(scope="module", params=KINDS)
def servers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Several]:
    """For all tests of a kind, in their order: the last two leave it hurt."""
    provided(REDIS)
    with several(request.param, tmp_path_factory.mktemp(request.param)) as servers:
        yield servers


@pytest.fixture
def cluster(servers: Several) -> ClusterOfThree:
    assert isinstance(servers, ClusterOfThree)
    return servers


@pytest.fixture
async def redis(servers: Several) -> AsyncIterator[Pipelined]:
    async with aclosing(Pipelined.from_url(servers.url)) as client:
        yield client


async def again(redis: Pipelined, *command: str | int) -> object:
    """As a worker does: until there is a reply."""
    async with asyncio.timeout(WITHIN_SECONDS):
        while True:
            try:
                return await redis.run(*command)
            except (RedisError, OSError):
                await asyncio.sleep(0.1)


def _behind(primary: Instance) -> int:
    """How many bytes its replica has not confirmed."""
    said = primary.replication
    return int(said["master_repl_offset"]) - int(said["slave0"]["offset"])


async def test_its_version_is_known_as_that_of_one_server(servers: Several) -> None:
    version = await asyncio.to_thread(answer.redis, servers.url)
    assert version == servers.servers[0].client.info("server")["redis_version"]


async def test_who_is_closed_is_connected_to_nobody(servers: Several) -> None:
    watched = () if isinstance(servers, ClusterOfThree) else servers.sentinels
    before = {instance: _clients(instance) for instance in (*servers.servers, *watched)}
    for _ in range(3):
        async with aclosing(Pipelined.from_url(servers.url)) as redis:
            await redis.run_all([("SET", f"key-{number}", 1) for number in range(20)])
    for instance, clients in before.items():
        await asyncio.to_thread(until, partial(_at_most, instance, clients))


def _at_most(instance: Instance, clients: int) -> bool:
    return _clients(instance) <= clients


def _clients(instance: Instance) -> int:
    """Without the Sentinels, who say a name, and the replicas."""
    return sum(not client["name"] for client in instance.client.client_list(_type="normal"))


async def test_everybody_has_a_name_and_a_password(servers: Several) -> None:
    rights = ("~*", "&*", "+@all")
    for server in servers.servers:
        server.ask("ACL", "SETUSER", "worker", "on", ">hunter2", *rights)
        server.ask("ACL", "SETUSER", "default", "-@write")
    sentinels = () if isinstance(servers, ClusterOfThree) else servers.sentinels
    for sentinel in sentinels:
        sentinel.ask("ACL", "SETUSER", "looks-on", "on", ">hunter3", *rights)
        sentinel.ask("ACL", "SETUSER", "default", "-sentinel|masters")
    query = "?sentinel_username=looks-on&sentinel_password=hunter3" if sentinels else ""
    url = servers.url.replace("://", "://worker:hunter2@") + query
    async with aclosing(Pipelined.from_url(url)) as redis, aclosing(Pipelined.from_url(servers.url)) as other:
        credentials = Credentials(redis, b"k" * 32)
        await asyncio.gather(*(credentials.issue(f"CS-{number}") for number in range(9)))
        assert len([each async for each in credentials.all()]) == 9
        with pytest.raises(NoPermissionError):
            await other.run("SET", "key", 1)
    for server in (*servers.servers, *sentinels):
        server.ask("ACL", "SETUSER", "default", "+@all")
    wrong = servers.url.replace("://", "://worker:wrong@") + query
    async with aclosing(Pipelined.from_url(wrong)) as redis:
        with pytest.raises(RedisError) as caught:
            await redis.run("PING")
        assert "wrong@" not in str(caught.value)


@ON_A_CLUSTER
async def test_a_slot_that_moves_is_followed_while_it_moves_and_afterwards(
    cluster: ClusterOfThree, redis: Pipelined
) -> None:
    first, second = (f"ocppdiag:{{CS-1}}:{name}" for name in ("a", "b"))
    assert await redis.script(APPEND, [first, second], "1") == 1
    old = cluster.home(first)
    new = next(each for each in cluster.primaries if each is not old)
    slot = int(old.ask("CLUSTER", "KEYSLOT", first))
    new.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", old.ask("CLUSTER", "MYID"))
    old.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", new.ask("CLUSTER", "MYID"))
    old.ask("MIGRATE", "127.0.0.1", new.port, first, 0, 5000)
    assert await redis.run_all([("GET", first), ("GET", second)]) == [b"1", b"1"]
    with pytest.raises(RedisError, match="does not take it now: TryAgainError"):  # one is here and one there
        await redis.script(APPEND, [first, second], "2")
    asking = asyncio.create_task(redis.script(APPEND, [first, second], "2"))
    await asyncio.sleep(0.1)
    old.ask("MIGRATE", "127.0.0.1", new.port, second, 0, 5000)
    assert await asking == 2
    for node in (new, old, *cluster.primaries):
        node.ask("CLUSTER", "SETSLOT", slot, "NODE", new.ask("CLUSTER", "MYID"))
    assert await redis.script(APPEND, [first, second], "3") == 3
    assert await redis.run_all([("GET", first), ("GET", second)]) == [b"123", b"123"]
    assert new.ask("GET", first) == "123"


@pytest.mark.parametrize(
    "url",
    [
        f"redis+sentinel://u:canary@127.0.0.1:1,127.0.0.1:2/{SERVICE}?sentinel_password=canary",
        "redis+cluster://u:canary@127.0.0.1:1,127.0.0.1:2",
    ],
)
async def test_nobody_there_is_one_sentence_that_tells_no_password(url: str) -> None:
    async with aclosing(Pipelined.from_url(url)) as redis:
        for asked in (redis.run("PING"), Origin(redis).store()):
            with pytest.raises(RedisError) as caught:
                await asked
            assert "canary" not in str(caught.value)
            assert len(str(caught.value)) < 200


async def test_a_primary_that_has_become_a_replica_is_left_at_the_first_write(tmp_path: Path) -> None:
    """As where one name leads to whichever is the primary."""
    with own(tmp_path / "a", REDIS) as (old,), own(tmp_path / "b", REDIS) as (new,):
        async with Wire(old) as wire, aclosing(Pipelined.from_url(wire.url)) as redis:
            assert await redis.run("SET", "key", "old")
            async with aclosing(Pipelined.from_url(old)) as demoted:
                await demoted.run("REPLICAOF", "127.0.0.1", 1)
            wire.to = Wire(new).to
            with pytest.raises(RedisError, match="it is a replica now"):
                await redis.run("SET", "key", "new")
            assert await redis.run("SET", "key", "new")
            assert await redis.run("GET", "key") == b"new"


async def test_who_takes_over_is_found_has_what_was_there_and_is_another_store(
    servers: Several, redis: Pipelined
) -> None:
    origin = Origin(redis)
    store, since = await origin.store(), await origin.since()
    names = [keys.station(f"CS-{number}") for number in range(20)]
    await redis.run_all([("HSET", name, "epoch", number) for number, name in enumerate(names)])
    before = redis.connections
    victim = servers.home(names[0])
    until(lambda: _behind(victim) == 0)
    await asyncio.to_thread(victim.kill)
    with pytest.raises((RedisError, OSError)):
        await redis.run("HGET", names[0], "epoch")
    assert await again(redis, "HGET", names[0], "epoch") == b"0"
    replies = await redis.run_all([("HGET", name, "epoch") for name in names])
    assert [int(reply) for reply in replies] == list(range(20))
    assert redis.connections > before
    assert await origin.store() != store
    assert await origin.since() > since
    assert await redis.script(APPEND, [f"{names[0]}:x"] * 2, "x") == 2, "which nobody has sent it before"


@ON_A_CLUSTER
async def test_a_cluster_without_all_its_slots_is_waited_for_like_a_redis_that_is_away(
    cluster: ClusterOfThree, redis: Pipelined
) -> None:
    assert await redis.run("SET", "{a}", 1)
    lost = cluster.home("{a}")
    slot = int(lost.ask("CLUSTER", "KEYSLOT", "{a}"))
    for node in filter(Instance.answers, cluster.servers):
        node.ask("CLUSTER", "DELSLOTS", slot)
    with pytest.raises(RedisError) as caught:
        await redis.run("SET", "{a}", 2)
    assert "the cluster does not take it now" in str(caught.value)
