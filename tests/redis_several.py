"""Redis of several servers, as processes on fixed ports that a test may kill and start again: Sentinels, or a cluster."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from node import program
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import MovedError, RedisError
from redis.retry import Retry

from ocppdiag_local import ports
from ocppdiag_local.leash import leashed

SERVICE = "ours"
START_SECONDS = 30.0
DOWN_MS = 1000
"""After so long without a word a server counts as gone."""


Ports = tuple[int, int, int]


def free(many: int) -> list[Ports]:
    """Choose ports for so many servers; all at once, so that none is found twice."""
    found = ports.free(3 * many)
    return list(zip(found[::3], found[1::3], found[2::3], strict=True))


class Instance:
    """One server, whose ports and folder stay; a setting may name one of them: `{bus}`, `{tls}`."""

    def __init__(self, folder: Path, own: Ports, *settings: str | int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port, self.bus, self.tls = own
        once = Retry(NoBackoff(), 0)
        self.client = Redis(port=self.port, decode_responses=True, socket_timeout=5, retry=once)
        self._folder = folder
        self._settings = settings
        self._running = ExitStack()
        self._pid = 0
        self._frozen = False

    def start(self) -> None:
        config = self._folder / "redis.conf"
        if not config.exists():  # a Sentinel writes into it what it has found
            own = (
                f"bind 127.0.0.1\nport {self.port}\ndir {self._folder}\nsave ''\nrepl-diskless-sync-delay 0\n"
            )
            config.write_text(own if "--sentinel" not in self._settings else own.partition("save")[0])
        settings = [str(setting).format(bus=self.bus, tls=self.tls) for setting in self._settings]
        command = [program("redis-server"), str(config), *settings]
        log = self._folder / "redis.log"
        self._running.enter_context(leashed(command, env={"PATH": os.defpath}, log=log))
        until(self.answers)
        said = self.client.info("server")
        if said["config_file"] != str(config):
            raise OSError(f"somebody else has taken the port {self.port}")
        self._pid = int(said["process_id"])

    def ask(self, *command: str | int) -> Any:  # noqa: ANN401 (Redis)
        return self.client.execute_command(*command)  # type: ignore[no-untyped-call]

    @property
    def replication(self) -> dict[str, Any]:
        return dict(self.client.info("replication"))

    def answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except RedisError:
            return False

    def kill(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        self.stop()

    def freeze(self) -> None:
        os.kill(self._pid, signal.SIGSTOP)
        self._frozen = True

    def thaw(self) -> None:
        os.kill(self._pid, signal.SIGCONT)
        self._frozen = False

    def stop(self) -> None:
        if self._frozen:
            self.thaw()
        self.client.close()
        self._running.close()


class Sentinels:
    """A primary, its replica, and three Sentinels that see to it that there is one."""

    def __init__(self, folder: Path) -> None:
        first, second, *others = free(5)
        replica = ("--replicaof", "127.0.0.1", first[0])
        self.servers = (Instance(folder / "redis-0", first), Instance(folder / "redis-1", second, *replica))
        self.sentinels = tuple(
            Instance(folder / f"sentinel-{number}", own, "--sentinel") for number, own in enumerate(others)
        )
        self.url = f"redis+sentinel://{_hosts(self.sentinels)}/{SERVICE}"

    def start(self) -> None:
        for server in self.servers:
            server.start()
        until(lambda: self.servers[1].replication["master_link_status"] == "up")
        for sentinel in self.sentinels:
            sentinel.start()
            told = sentinel.ask
            told("SENTINEL", "MONITOR", SERVICE, "127.0.0.1", self.servers[0].port, 2)
            told("SENTINEL", "SET", SERVICE, "down-after-milliseconds", DOWN_MS, "failover-timeout", 5000)
        until(lambda: all(_knows_all(sentinel) for sentinel in self.sentinels))

    @property
    def primary(self) -> Instance:
        """Which it is by the word of the Sentinels."""
        state = _state(self.sentinels[0])
        return next(server for server in self.servers if server.port == int(state["port"]))

    def home(self, _: str) -> Instance:
        """Return the server that has a key."""
        return self.primary

    def whole(self) -> bool:
        """Whether there is a primary with a replica that follows it, and each Sentinel knows both."""
        primary = self.primary
        return bool(
            all(server.answers() for server in self.servers)
            and primary.replication["role"] == "master"
            and primary.replication["connected_slaves"] == 1
            and all(_knows_all(sentinel) for sentinel in self.sentinels)
        )

    def stop(self) -> None:
        for instance in (*self.sentinels, *self.servers):
            instance.stop()


def _state(sentinel: Instance) -> dict[str, Any]:
    state = sentinel.client.sentinel_master(SERVICE)
    assert isinstance(state, dict)
    return state


def _knows_all(sentinel: Instance) -> bool:
    state = _state(sentinel)
    return bool(
        state["num-other-sentinels"] == 2 and state["num-slaves"] == 1 and not state["is_disconnected"]
    )


class ClusterOfThree:
    """Three primaries with a third of the slots each, and a replica of each."""

    def __init__(self, folder: Path) -> None:
        settings = ("--cluster-enabled", "yes", "--cluster-port", "{bus}", "--cluster-node-timeout", DOWN_MS)
        self.servers = tuple(
            Instance(folder / f"redis-{number}", own, *settings) for number, own in enumerate(free(6))
        )
        self.url = f"redis+cluster://{_hosts(self.servers[:3])}/"

    def start(self) -> None:
        for server in self.servers:
            server.start()
        first = self.servers[0]
        for number, server in enumerate(self.servers[:3]):
            last = 16383 if number == 2 else 5461 * (number + 1) - 1
            server.ask("CLUSTER ADDSLOTSRANGE", 5461 * number, last)
            server.ask("CLUSTER SET-CONFIG-EPOCH", number + 1)
        for server in self.servers[1:]:
            server.ask("CLUSTER MEET", "127.0.0.1", first.port, first.bus)
        until(lambda: all(_cluster(server)["cluster_known_nodes"] == "6" for server in self.servers))
        for primary, replica in zip(self.servers[:3], self.servers[3:], strict=True):
            own = primary.ask("CLUSTER MYID")
            replica.ask("CLUSTER REPLICATE", own)
        until(self.whole)

    @property
    def primaries(self) -> tuple[Instance, ...]:
        return tuple(
            server for server in self.servers if server.answers() and server.replication["role"] == "master"
        )

    def home(self, key: str) -> Instance:
        """Return the primary that has a key."""
        return next(each for each in self.primaries if _has(each, key))

    def whole(self) -> bool:
        """Whether all slots are served, and each primary has its replica."""
        return (
            all(server.answers() for server in self.servers)
            and all(_cluster(server)["cluster_state"] == "ok" for server in self.servers)
            and all(each.replication["connected_slaves"] == 1 for each in self.primaries)
        )

    def stop(self) -> None:
        for server in self.servers:
            server.stop()


def _hosts(instances: tuple[Instance, ...]) -> str:
    return ",".join(f"127.0.0.1:{instance.port}" for instance in instances)


def _has(server: Instance, key: str) -> bool:
    try:
        server.client.exists(key)
    except MovedError:
        return False
    return True


def _cluster(server: Instance) -> dict[str, str]:
    return dict(server.client.cluster("INFO"))


def until(done: Callable[[], bool], within: float = START_SECONDS) -> None:
    """Ask again and again; TimeoutError when it does not come about."""
    deadline = time.monotonic() + within
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.05)


Several = Sentinels | ClusterOfThree
KINDS = ("sentinel", "cluster")


@contextmanager
def several(kind: str, folder: Path) -> Iterator[Several]:
    """Run one of either until the block ends."""
    made: Several = Sentinels(folder) if kind == "sentinel" else ClusterOfThree(folder)
    try:
        made.start()
        yield made
    finally:
        made.stop()
