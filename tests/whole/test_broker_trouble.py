"""Servers that block, hang or restart under connected stations: what these are answered, and what health says."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass

import aiohttp
import pytest
import pytest_asyncio
from bare import BareStation, bare_station
from charge_point import put
from installation import Installation, install
from looking import SETTINGS, look, ports, scrape
from private import Private, disk_full, private

from ocppdiag_contracts import GetLog, Outcome
from ocppdiag_contracts.topology import OWNER
from ocppdiag_contracts.upload_token import UploadToken, sign

LIMIT = 60
RENEW = 2


@dataclass(frozen=True, slots=True)
class Place:
    """An installation whose broker may be hurt."""

    servers: Private
    made: Installation
    ports: dict[str, int]

    async def healthy(
        self, gateway: int, uploads: int, worker: int | None = None, within: float = 15
    ) -> None:
        """Return when this is what the two answer; at the ports where they are looked at they say the same."""
        urls = self.made.running.gateway_url.replace("ws://", "http://"), self.made.running.upload_url
        async with asyncio.timeout(within), aiohttp.ClientSession() as session:
            while True:
                answers = []
                for url in urls:
                    async with session.get(f"{url}/health") as response:
                        answers.append(response.status)
                if answers == [gateway, uploads]:
                    break
                await asyncio.sleep(0.1)
        ready = {"gateway": gateway, "uploads": uploads, **({"worker": worker} if worker else {})}
        await self._ready(ready)

    async def _ready(self, expected: Mapping[str, int]) -> None:
        async with asyncio.timeout(10):
            for process, status in expected.items():
                while (said := await look(self.ports[process], "/ready"))[0] != status:  # noqa: ASYNC110 (a test looks from outside)
                    await asyncio.sleep(0.1)
                assert said[1].startswith(
                    ("It is ready.", "RabbitMQ cannot be used: ", "Redis cannot be used: ")
                )
                assert (await look(self.ports[process], "/live"))[0] == 200

    async def why(self, process: str) -> str:
        """What is missing."""
        return (await look(self.ports[process], "/ready"))[1]

    def upload(self, name: str) -> "asyncio.Future[int]":
        """Put a file on its way; the future has the answer."""
        token = UploadToken(
            station=name, tag="c1", owner=OWNER, expires=int(time.time() + 600), max_bytes=2**20
        )
        signed = sign(token, self.made.keys.upload_key.encode())
        url = f"{self.made.running.upload_url}/{signed}/"
        return asyncio.ensure_future(asyncio.to_thread(put, url, b"log"))

    def said(self, process: str) -> list[str]:
        """What a process said of its broker."""
        return [
            line["event"]
            for _, line in self.made.lines
            if line.get("process") == process and line.get("event", "").startswith("broker_")
        ]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def installed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    folder = tmp_path_factory.mktemp("trouble")
    settings = {"OCPPDIAG_RENEW_SECONDS": str(RENEW), **SETTINGS}
    async with private(folder) as servers, install(servers.services, folder / "logs", settings) as made:
        yield Place(servers, made, ports(made))
        assert all(process.running for process in made.running.processes)


@pytest.fixture
def place(installed: Place) -> Iterator[Place]:
    installed.made.lines.clear()
    yield installed
    installed.servers.node.thaw()
    installed.servers.redis.thaw()


def call(station: BareStation) -> "asyncio.Task[list[object]]":
    return asyncio.create_task(station.exchange("Heartbeat", {}, within=LIMIT + 20))


async def test_while_the_broker_is_blocked_answers_wait_and_health_is_off(place: Place, name: str) -> None:
    async with bare_station(place.made, name) as station:
        async with disk_full(place.servers.node):
            waiting, uploaded = call(station), place.upload(name)
            await place.healthy(503, 503)
            assert await place.why("gateway") == "RabbitMQ cannot be used: blocked.\n"
            blocked = await scrape(place.ports["gateway"])
            assert blocked.value("ocppdiag_amqp_trouble", reason="blocked") == 1
            await asyncio.sleep(6)
            assert not waiting.done()
            assert not uploaded.done()
        assert (await asyncio.wait_for(waiting, 15))[0] == 3
        assert await asyncio.wait_for(uploaded, 15) == 201
        await place.healthy(200, 200)
        assert (await station.exchange("Heartbeat", {}))[0] == 3
    assert place.said("gateway") == place.said("uploads") == ["broker_unusable", "broker_usable"]


async def test_while_the_broker_hangs_answers_wait_and_health_is_off(place: Place, name: str) -> None:
    async with bare_station(place.made, name) as station:
        place.servers.node.freeze()
        waiting, uploaded = call(station), place.upload(name)
        await asyncio.sleep(3)
        await place.healthy(503, 503)
        assert not waiting.done()
        place.servers.node.thaw()
        assert (await asyncio.wait_for(waiting, 15))[0] == 3
        assert await asyncio.wait_for(uploaded, 15) == 201
        await place.healthy(200, 200)
    assert place.said("gateway") == ["broker_unusable", "broker_usable"]


async def test_a_broker_killed_and_started_again_is_waited_for_and_all_goes_on(
    place: Place, name: str
) -> None:
    async with bare_station(place.made, f"{name}-bare") as station, place.made.station(name):
        await place.servers.node.known()
        await place.servers.node.kill()
        waiting, uploaded = call(station), place.upload(name)
        await place.healthy(503, 503, worker=503)
        assert not waiting.done()
        assert await place.why("worker") == "RabbitMQ cannot be used: disconnected.\n"
        down = await scrape(place.ports["worker"])
        assert [down.value("ocppdiag_amqp_up", connection=each) for each in ("publishes", "consumes")] == [
            0,
            0,
        ]
        await place.servers.node.start()
        assert (await asyncio.wait_for(waiting, 30))[0] == 3
        assert await asyncio.wait_for(uploaded, 30) == 201
        await place.healthy(200, 200, worker=200)
        async with place.made.diagnostics() as diagnostics:
            command = GetLog(station=name)
            await diagnostics.send(command)
            end = await asyncio.wait_for(diagnostics.settle(command), 30)
        assert end.outcome is Outcome.COMPLETED


async def test_a_broker_that_hangs_too_long_costs_an_internal_error_at_the_limit_and_not_the_connection(
    place: Place, name: str
) -> None:
    async with bare_station(place.made, name) as station:
        place.servers.node.freeze()
        began = time.monotonic()
        early = call(station)
        await asyncio.sleep(20)
        later = call(station)
        answer = await early
        assert (answer[0], answer[2]) == (4, "InternalError")
        assert LIMIT - 5 < time.monotonic() - began < LIMIT + 2
        assert not later.done()
        place.servers.node.thaw()
        assert (await asyncio.wait_for(later, 15))[0] == 3
        await place.healthy(200, 200)
        assert (await station.exchange("Heartbeat", {}))[0] == 3


async def test_while_redis_hangs_the_gateway_is_not_healthy_and_its_stations_stay(
    place: Place, name: str
) -> None:
    async with bare_station(place.made, name) as station:
        place.servers.redis.freeze()
        await place.healthy(503, 200, worker=503, within=RENEW + 10)
        assert (await place.why("gateway")).startswith("Redis cannot be used: ")
        assert (await place.why("worker")).startswith("Redis cannot be used: ")
        silent = await scrape(place.ports["worker"])
        assert (silent.value("ocppdiag_redis_up"), silent.value("ocppdiag_operations_open")) == (0, 0)
        place.servers.redis.thaw()
        await place.healthy(200, 200, worker=200, within=45)
        assert (await station.exchange("Heartbeat", {}))[0] == 3
