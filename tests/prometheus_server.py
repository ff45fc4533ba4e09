"""A Prometheus of a test's own: it looks at processes twice a second, and says which alerts there are."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import yaml
from manifests import DEPLOY

from ocppdiag_local import ports
from ocppdiag_local.leash import leashed

CONFIG = DEPLOY / "prometheus/prometheus.yml"
SCRAPE, EVALUATE = "500ms", "250ms"
START_SECONDS = 30

T = TypeVar("T")
Labels = Mapping[str, str]


def alert(name: str, **labels: str) -> Labels:
    """One of ours, by its name without its beginning."""
    return {"alertname": f"Ocppdiag{name}", **labels}


@dataclass(frozen=True, slots=True)
class Prometheus:
    """One that runs, and its address."""

    url: str

    async def ready(self) -> bool:
        """Whether it answers yet."""
        try:
            await self._alerts()
        except (aiohttp.ClientError, ValueError):
            return False
        return True

    async def fire(self, *expected: Labels, within: float = 30) -> None:
        """Wait until alerts with these labels fire, and no others."""
        await _until(
            self._firing, lambda firing: _just(expected, firing), within, f"to fire: {list(expected)}"
        )

    async def quiet(self, within: float = 60) -> None:
        """Wait until nothing fires, and nothing is about to."""
        await _until(self._alerts, lambda there: not there, within, "nothing to fire or to be pending")

    async def becomes(self, expression: str, wanted: float, within: float = 30) -> None:
        """Wait until this is its value."""
        await _until(
            lambda: self._value(expression), lambda value: value == wanted, within, f"{expression}: {wanted}"
        )

    async def _alerts(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self._ask("alerts"))["alerts"]
        return found

    async def _firing(self) -> list[Labels]:
        return [each["labels"] for each in await self._alerts() if each["state"] == "firing"]

    async def _value(self, expression: str) -> float | None:
        found = (await self._ask("query", query=expression))["result"]
        return float(found[0]["value"][1]) if found else None

    async def _ask(self, what: str, **query: str) -> dict[str, Any]:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.url}/api/v1/{what}", params=query) as response,
        ):
            data: dict[str, Any] = (await response.json())["data"]
            return data


async def _until(
    ask: Callable[[], Awaitable[T]], good: Callable[[T], bool], within: float, wanted: str
) -> None:
    end = asyncio.get_running_loop().time() + within
    while not good(answer := await ask()):
        assert asyncio.get_running_loop().time() < end, f"wanted {wanted}; there is: {answer}"
        await asyncio.sleep(0.1)


def _just(expected: tuple[Labels, ...], firing: list[Labels]) -> bool:
    def fits(wanted: Labels, got: Labels) -> bool:
        return wanted.items() <= got.items()

    return all(any(fits(each, got) for got in firing) for each in expected) and all(
        any(fits(each, got) for each in expected) for got in firing
    )


@asynccontextmanager
async def prometheus(
    program: str, folder: Path, rules: str, processes: Mapping[str, int], queues: int
) -> AsyncIterator[Prometheus]:
    """Run one with these rules until the block ends; `processes` by name and port, and RabbitMQ's port for its queues."""
    (port,) = ports.free(1)
    _write(folder, rules, processes, queues)
    command = [
        program,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    log = folder / "prometheus.log"
    with leashed(command, env={"PATH": "/usr/bin:/bin"}, log=log):
        server = Prometheus(f"http://127.0.0.1:{port}")
        await _until(server.ready, bool, START_SECONDS, "an answer")
        yield server
        assert "Evaluating rule failed" not in log.read_text()


def _write(folder: Path, rules: str, processes: Mapping[str, int], queues: int) -> None:
    folder.mkdir()
    (folder / "alerts.yaml").write_text(rules)
    (folder / "prometheus.yml").write_text(json.dumps(_config(processes, queues)))


def _config(processes: Mapping[str, int], queues: int) -> dict[str, Any]:
    """The configuration of Compose, with other places and times."""
    jobs = {job["job_name"]: job for job in yaml.safe_load(CONFIG.read_text())["scrape_configs"]}
    places = [
        {"targets": [f"127.0.0.1:{port}"], "labels": {"process": name}} for name, port in processes.items()
    ]
    ours = {"job_name": "ocppdiag", "static_configs": places}
    theirs = jobs["rabbitmq-queues"] | {"static_configs": [{"targets": [f"127.0.0.1:{queues}"]}]}
    theirs.pop("dns_sd_configs")
    return {
        "global": {"scrape_interval": SCRAPE, "scrape_timeout": SCRAPE, "evaluation_interval": EVALUATE},
        "rule_files": ["alerts.yaml"],
        "scrape_configs": [ours, theirs],
    }
