"""What a cluster makes of our processes: what they are told, when they are asked, how they end, and who reaches them."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from manifests import DEPLOY, PROCESSES, Manifests, Object, both, containers
from network_policies import Peer, may_connect, selects
from pydantic_settings import BaseSettings
from yarl import URL

from ocppdiag_contracts.topology import commands_queue, diagnostics_queue
from ocppdiag_gateway.settings import Settings as GatewaySettings
from ocppdiag_process.main import STOP_SECONDS
from ocppdiag_uploads.settings import Settings as UploadsSettings
from ocppdiag_workers.settings import Settings as WorkerSettings

SETTINGS: Mapping[str, type[BaseSettings]] = {
    "gateway": GatewaySettings,
    "worker": WorkerSettings,
    "uploads": UploadsSettings,
}
README = (DEPLOY / "README.md").read_text(encoding="utf-8")
HERE = "ocppdiag"
NOWHERE: Mapping[str, int] = {}

each_process = pytest.mark.parametrize("process", PROCESSES)


def process_of(manifests: Manifests, name: str) -> Object:
    (container,) = manifests.pods[name]["spec"]["containers"]
    return dict(container)


@both
@each_process
def test_a_process_takes_what_it_is_told(
    manifests: Manifests, process: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = manifests.environment(process)
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    settings: Any = SETTINGS[process]()
    broker = URL(settings.amqp_url.get_secret_value())
    assert (broker.user, broker.password) == (told["AMQP_USER"], told["AMQP_PASSWORD"])
    assert (broker.host, broker.path) == ("rabbitmq", "/ocppdiag")
    assert settings.shards == int(told["OCPPDIAG_SHARDS"])


@both
@each_process
def test_every_variable_of_ours_is_one_that_the_manual_knows(manifests: Manifests, process: str) -> None:
    told = manifests.environment(process)
    assert {name for name in told if f"`{name}`" not in README} <= {"AMQP_USER", "AMQP_PASSWORD"}


@both
def test_gateways_have_the_names_of_their_pods_which_stay(manifests: Manifests) -> None:
    gateway = manifests.one("StatefulSet", "gateway")
    (node,) = (each for each in process_of(manifests, "gateway")["env"] if each["name"] == "OCPPDIAG_NODE")
    assert node["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.name"}}
    assert gateway["spec"]["serviceName"] in {each["metadata"]["name"] for each in manifests.of("Service")}


@both
@each_process
def test_kubernetes_asks_the_process_itself_whether_it_lives_and_is_ready(
    manifests: Manifests, process: str
) -> None:
    container = process_of(manifests, process)
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert str(ports["metrics"]) == manifests.environment(process)["OCPPDIAG_METRICS_PORT"]
    asked = {probe: container[f"{probe}Probe"]["httpGet"] for probe in ("startup", "liveness", "readiness")}
    assert {get["port"] for get in asked.values()} == {"metrics"}
    assert {probe: get["path"] for probe, get in asked.items()} == {
        "startup": "/live", "liveness": "/live", "readiness": "/ready",
    }  # fmt: skip


@both
@each_process
def test_a_process_has_the_time_to_end_by_itself(manifests: Manifests, process: str) -> None:
    pod = manifests.pods[process]["spec"]
    hook = process_of(manifests, process).get("lifecycle", {}).get("preStop", {}).get("sleep", {"seconds": 0})
    assert pod["terminationGracePeriodSeconds"] >= hook["seconds"] + STOP_SECONDS + 2


@both
@each_process
def test_at_most_one_of_a_kind_is_taken_away_at_a_time(manifests: Manifests, process: str) -> None:
    budget = manifests.one("PodDisruptionBudget", process)["spec"]
    assert budget["maxUnavailable"] == 1
    assert selects(budget["selector"], manifests.pods[process]["metadata"]["labels"])


@both
def test_nobody_is_root_or_can_become_it(manifests: Manifests) -> None:
    for name, pod in manifests.pods.items():
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
        assert pod["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["spec"]["automountServiceAccountToken"] is False
        assert pod["spec"]["enableServiceLinks"] is False, "a Service could overwrite a setting"
        for container in containers(pod):
            may = container["securityContext"]
            assert (may["allowPrivilegeEscalation"], may["capabilities"]) == (False, {"drop": ["ALL"]})
            assert name == "rabbitmq" or may["readOnlyRootFilesystem"] is True
            assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
            assert "memory" in container["resources"]["limits"]


STATIONS = 10_000
"""In a gateway, as the manual has it."""

HELD = 128
"""MiB of calls and results that a gateway holds at most while RabbitMQ is away."""


def mebibytes(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+) ?([KM])iB?", text).groups()  # type: ignore[union-attr]
    return float(number) / (1024 if unit == "K" else 1)


@both
def test_a_gateway_has_the_memory_for_its_stations_and_for_an_outage(manifests: Manifests) -> None:
    costs = dict(re.findall(r"^\| ([^|]+) \| ([\d.]+ [KM]iB) \|", README, re.MULTILINE))
    tls = "OCPPDIAG_TLS_PORT" in manifests.environment("gateway")
    of_one = costs["the same with TLS in the gateway" if tls else "memory of a connected station"]
    needed = mebibytes(costs["memory of a process that has just started"]) + STATIONS * mebibytes(of_one)
    resources = process_of(manifests, "gateway")["resources"]
    assert mebibytes(resources["requests"]["memory"]) >= needed
    assert mebibytes(resources["limits"]["memory"]) >= needed + HELD


@both
def test_each_service_leads_to_a_port_of_a_pod(manifests: Manifests) -> None:
    for service in manifests.of("Service"):
        found = [
            pod
            for pod in manifests.pods.values()
            if selects({"matchLabels": service["spec"]["selector"]}, pod["metadata"]["labels"])
        ]
        assert len(found) == 1, service
        ports = {port["name"]: port["containerPort"] for box in containers(found[0]) for port in box["ports"]}
        for port in service["spec"]["ports"]:
            target = port.get("targetPort", port["port"])
            assert target in ports or target in ports.values()


@both
def test_stations_come_in_where_the_gateway_listens(manifests: Manifests) -> None:
    told = manifests.environment("gateway")
    ports = {port["name"]: port["containerPort"] for port in process_of(manifests, "gateway")["ports"]}
    assert ports["websocket"] == int(told.get("OCPPDIAG_TLS_PORT", 9000))
    assert told.get("OCPPDIAG_PORT", "") == "", "the other one is closed, or as it is by default"


def test_workers_are_scaled_by_every_queue_that_they_take_from(rendered: dict[str, Manifests]) -> None:
    production = rendered["production"]
    shards = int(production.environment("worker")["OCPPDIAG_SHARDS"])
    queues = [commands_queue(()).name, *(diagnostics_queue(shard, ()).name for shard in range(shards))]
    scaled = production.one("ScaledObject", "worker")["spec"]
    assert [trigger["metadata"]["queueName"] for trigger in scaled["triggers"]] == queues
    assert "replicas" not in production.one("Deployment", scaled["scaleTargetRef"]["name"])["spec"]


def peers(manifests: Manifests) -> dict[str, Peer]:
    """Our pods, and those of others that are around."""
    ours = {
        name: Peer(
            pod["metadata"]["labels"],
            HERE,
            {port["name"]: port["containerPort"] for box in containers(pod) for port in box.get("ports", ())},
        )
        for name, pod in manifests.pods.items()
    }
    rabbitmq = Peer({"app.kubernetes.io/name": "rabbitmq"}, HERE, NOWHERE)
    return {"rabbitmq": rabbitmq, **ours} | {
        "prometheus": Peer({}, "monitoring", NOWHERE),
        "scaler": Peer({}, "keda", NOWHERE),
        "topology operator": Peer({}, "rabbitmq-system", NOWHERE),
        "service": Peer({}, "billing", NOWHERE, {"ocppdiag-client": "true"}),
        "stranger": Peer({}, "elsewhere", NOWHERE),
        "managed Redis": Peer({}, "outside", NOWHERE),
    }


ALLOWED = """
    gateway -> rabbitmq 5672, worker -> rabbitmq 5672, uploads -> rabbitmq 5672, command-line -> rabbitmq 5672, service -> rabbitmq 5672,
    prometheus -> gateway 9100, prometheus -> worker 9100, prometheus -> uploads 9100, stranger -> uploads 9001
"""
ALLOWED_IN = {
    "dev": "gateway -> redis 6379, worker -> redis 6379, command-line -> redis 6379, stranger -> gateway 9000",
    "production": """
        gateway -> managed Redis 6379, command-line -> managed Redis 6379, worker -> managed Redis 26379, stranger -> gateway 9443, rabbitmq -> rabbitmq 25672,
        rabbitmq -> rabbitmq 6100, scaler -> rabbitmq 5672, topology operator -> rabbitmq 15672, prometheus -> rabbitmq 15692
    """,
}
FORBIDDEN = """
    uploads -> redis 6379, uploads -> managed Redis 6379, stranger -> rabbitmq 5672, stranger -> gateway 9100,
    stranger -> worker 9100, service -> rabbitmq 15672, gateway -> rabbitmq 15672, worker -> gateway 9000,
    worker -> uploads 9001, gateway -> worker 9100, gateway -> stranger 8080, worker -> stranger 443,
    uploads -> stranger 80, command-line -> stranger 80, rabbitmq -> stranger 8080, stranger -> redis 6379, rabbitmq -> redis 6379, command-line -> gateway 9100, stranger -> command-line 9100, prometheus -> redis 6379
"""


def ways(text: str) -> list[tuple[str, str, int]]:
    return [
        (source, target, int(port))
        for source, target, port in re.findall(
            r"([\w -]+?) -> ([\w -]+?) (\d+)", " ".join(text.split()).replace(", ", ",")
        )
    ]


@both
def test_who_has_to_reach_whom_does_and_nobody_else(manifests: Manifests, overlay: str) -> None:
    known, policies = peers(manifests), manifests.of("NetworkPolicy")

    def reaches(way: tuple[str, str, int]) -> bool:
        source, target, port = way
        return may_connect(known[source], known[target], port, policies)

    wanted = ways(ALLOWED) + ways(ALLOWED_IN[overlay])
    unwanted = [way for way in ways(FORBIDDEN) if {way[0], way[1]} <= known.keys()]
    assert len(wanted) >= 11
    assert len(unwanted) >= 12
    assert [way for way in wanted if not reaches(way)] == []
    assert [way for way in unwanted if reaches(way)] == []
