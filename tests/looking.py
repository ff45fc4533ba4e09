"""Look at processes as Prometheus and Kubernetes do: what is answered at their ports for that."""

import aiohttp
from installation import Installation
from prometheus_client.parser import text_string_to_metric_families

SETTINGS = {"OCPPDIAG_METRICS_PORT": "0"}

Sample = tuple[str, frozenset[tuple[str, str]]]


def ports(made: Installation) -> dict[str, int]:
    """Where each process is looked at, by its name: as it said when it started."""
    return {
        name: said["metrics_port"] for name, said in made.lines if said.get("event") == "metrics_listening"
    }


async def look(port: int, path: str, accept: str = "", seconds: float = 5) -> tuple[int, str]:
    """The status and the text. Raises TimeoutError and aiohttp.ClientError."""
    timeout = aiohttp.ClientTimeout(total=seconds)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.get(f"http://127.0.0.1:{port}{path}", headers={"Accept": accept}) as response,
    ):
        return response.status, await response.text()


class Scrape:
    """What a process counted and measured."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.families = {family.name: family for family in text_string_to_metric_families(text)}
        self._samples: dict[Sample, float] = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in self.families.values()
            for sample in family.samples
        }

    def value(self, name: str, **labels: str) -> float:
        """One series; 0 where there is none."""
        return self._samples.get((name, frozenset(labels.items())), 0)


async def scrape(port: int) -> Scrape:
    status, text = await look(port, "/metrics")
    assert status == 200, text
    return Scrape(text)
