"""Sentinels and a cluster over TLS: each server is reached with it, and none whose certificate is somebody else's."""

from contextlib import aclosing
from pathlib import Path

import pytest
from certificates import Authority
from own_servers import provided
from redis.exceptions import RedisError
from redis_several import SERVICE, Instance, free, until

from ocppdiag_local.servers import REDIS
from ocppdiag_redis import Origin, Pipelined


@pytest.fixture
def tls(tmp_path: Path) -> tuple[str, ...]:
    """How a server is told to speak it."""
    authority = Authority.new()
    folder = authority.server().save(tmp_path)
    own = ("--tls-cert-file", folder / "tls.crt", "--tls-key-file", folder / "tls.key")
    more = ("--tls-ca-cert-file", authority.save_pem(tmp_path / "ca.pem"), "--tls-auth-clients", "no")
    provided(REDIS)
    return (*map(str, own + more), "--tls-port", "{tls}", "--tls-replication", "yes")


@pytest.mark.parametrize("ours", [True, False])
async def test_sentinels_and_their_primary_are_reached_over_tls(
    tmp_path: Path, tls: tuple[str, ...], *, ours: bool
) -> None:
    first, second = free(2)
    server = Instance(tmp_path / "a", first, *tls)
    sentinel = Instance(tmp_path / "b", second, "--sentinel", *tls)
    try:
        for each in (server, sentinel):
            each.start()
        sentinel.ask("SENTINEL", "MONITOR", SERVICE, "127.0.0.1", server.tls, 1)
        until(lambda: "disconnected" not in str(sentinel.ask("SENTINEL", "MASTER", SERVICE)))
        await works(f"rediss+sentinel://localhost:{sentinel.tls}/{SERVICE}", tmp_path, ours=ours)
    finally:
        sentinel.stop()
        server.stop()


@pytest.mark.parametrize("ours", [True, False])
async def test_a_cluster_is_reached_over_tls(tmp_path: Path, tls: tuple[str, ...], *, ours: bool) -> None:
    (own,) = free(1)
    node = Instance(
        tmp_path / "a",
        own,
        *tls,
        "--cluster-enabled",
        "yes",
        "--cluster-port",
        "{bus}",
        "--tls-cluster",
        "yes",
    )
    try:
        node.start()
        node.ask("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        until(lambda: node.client.cluster("INFO")["cluster_state"] == "ok")
        await works(f"rediss+cluster://localhost:{node.tls}/", tmp_path, ours=ours)
    finally:
        node.stop()


async def works(url: str, folder: Path, *, ours: bool) -> None:
    ca = folder / "ca.pem" if ours else Authority.new().save_pem(folder / "other.pem")
    async with aclosing(Pipelined.from_url(f"{url}?ssl_ca_certs={ca}&ssl_check_hostname=false")) as redis:
        if ours:
            assert await redis.run("SET", "key", "value")
            assert await redis.run("GET", "key") == b"value"
            assert await Origin(redis).store()
        else:
            with pytest.raises(RedisError):
                await redis.run("PING")
