"""What is applied to a cluster, object by object: Kubernetes and the operators know every field, and each name is there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import yaml
from kubernetes_validate import latest_version, validate  # type: ignore[import-untyped]
from manifests import DEPLOY, Manifests, Object, both, containers

OLDEST = "1.30"  # the first in which a hook may sleep without asking for it
VERSIONS = (OLDEST, latest_version())
README = (DEPLOY / "README.md").read_text(encoding="utf-8")
OPERATORS: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "custom_objects.yaml").read_text())


def named(thing: object, *fields: str) -> Iterator[str]:
    """Each text that stands under one of these fields, `secretRef.name` say, anywhere in it."""
    if isinstance(thing, dict):
        for wanted in fields:
            first, _, then = wanted.partition(".")
            found = thing.get(first)
            found = found.get(then) if then and isinstance(found, dict) else found
            if isinstance(found, str):
                yield found
        for below in thing.values():
            yield from named(below, *fields)
    elif isinstance(thing, list):
        for each in thing:
            yield from named(each, *fields)


def names(things: list[Object]) -> set[str]:
    return {each["metadata"]["name"] for each in things}


@both
def test_kubernetes_knows_every_field_of_its_own_objects(manifests: Manifests) -> None:
    own = [each for each in manifests.objects if each["apiVersion"] not in OPERATORS]
    assert len(own) > 20
    for each in own:
        for version in VERSIONS:
            validate(each, version, strict=True)


def test_the_operators_know_every_field_of_theirs(rendered: dict[str, Manifests]) -> None:
    theirs = [each for each in rendered["production"].objects if each["apiVersion"] in OPERATORS]
    kinds = {kind for of in OPERATORS if "/" in of for kind in OPERATORS[of]}
    assert {each["kind"] for each in theirs} == kinds
    for each in theirs:
        schema = OPERATORS[each["apiVersion"]][each["kind"]] | {"$defs": OPERATORS["$defs"]}
        jsonschema.Draft202012Validator(schema).validate(each["spec"])
        assert set(each) == {"apiVersion", "kind", "metadata", "spec"}


def test_what_operators_hand_on_to_kubernetes_it_understands(rendered: dict[str, Manifests]) -> None:
    """The operators' own schemas leave this open, or say the same at length."""
    production = rendered["production"]
    scaled = production.one("ScaledObject", "worker")["spec"]
    autoscaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "worker"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "worker"},
            "maxReplicas": scaled["maxReplicaCount"],
            **scaled["advanced"]["horizontalPodAutoscalerConfig"],
        },
    }
    cluster = production.one("RabbitmqCluster", "rabbitmq")["spec"]
    pod = cluster["override"]["statefulSet"]["spec"]["template"]["spec"] | {
        "affinity": cluster["affinity"],
        "containers": [{"name": "rabbitmq", "resources": cluster["resources"]}],
    }
    for version in VERSIONS:
        validate(autoscaler, version, strict=True)
        validate(
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": pod}, version, strict=True
        )


def test_rabbitmq_keeps_its_queues_whole_and_stops_before_its_disk_is_full(
    rendered: dict[str, Manifests],
) -> None:
    """Seen on a real one: beside the operator's own `disk_free_limit.absolute` a relative limit does nothing, and a queue
    that was declared on the first of three nodes stays there alone without the reconciliation, which takes 20 s."""
    production = rendered["production"]
    cluster = production.one("RabbitmqCluster", "rabbitmq")["spec"]
    lines = cluster["rabbitmq"]["additionalConfig"].splitlines()
    told = dict(line.split(" = ") for line in lines if not line.startswith("#"))
    assert "disk_free_limit.relative" not in told
    assert told["disk_free_limit.absolute"] == cluster["resources"]["limits"]["memory"].replace("Gi", "GB")
    reconciliation = "quorum_queue.continuous_membership_reconciliation"
    assert told[f"{reconciliation}.enabled"] == "true"
    assert told[f"{reconciliation}.target_group_size"] == str(cluster["replicas"])
    budget = production.one("PodDisruptionBudget", "rabbitmq")["spec"]
    assert budget == {
        "maxUnavailable": 1,
        "selector": {"matchLabels": {"app.kubernetes.io/name": "rabbitmq"}},
    }


def test_no_two_pages_of_a_pod_are_one_target(rendered: dict[str, Manifests]) -> None:
    """Prometheus' operator tells targets apart by the pod, and by the name of its port as the label `endpoint`."""
    for monitor in rendered["production"].of("PodMonitor"):
        pages = monitor["spec"]["podMetricsEndpoints"]
        labels = [
            {each["targetLabel"]: each["replacement"] for each in page.get("relabelings", ())}.get(
                "endpoint", page["port"]
            )
            for page in pages
        ]
        assert len(set(labels)) == len(pages)


@both
def test_what_is_referred_to_is_there_or_asked_for_in_the_manual(manifests: Manifests) -> None:
    secrets = set(named([*manifests.objects], "secretKeyRef.name", "secretRef.name", "secretName"))
    secrets |= set(named(manifests.of("User"), "importCredentialsSecret.name"))
    for trigger in manifests.of("TriggerAuthentication"):
        secrets |= {each["name"] for each in trigger["spec"]["secretTargetRef"]}
    maps = set(named([*manifests.objects], "configMapRef.name", "configMap.name"))
    missing = secrets - names(manifests.of("Secret")) | maps - names(manifests.of("ConfigMap"))
    assert {name for name in missing if f"`{name}`" not in README} == set()
    assert not (missing and manifests.of("Secret")), "dev is whole"
    assert set(named([*manifests.objects], "serviceAccountName")) == names(manifests.of("ServiceAccount"))
    assert set(named([*manifests.objects], "claimName")) <= names(manifests.of("PersistentVolumeClaim"))
    assert set(named(manifests.of("Ingress"), "service.name")) <= names(manifests.of("Service"))
    assert set(named(manifests.of("ScaledObject"), "authenticationRef.name")) <= names(
        manifests.of("TriggerAuthentication")
    )


def test_no_secret_is_written_down_for_production(rendered: dict[str, Manifests]) -> None:
    assert rendered["production"].of("Secret") == []


@both
def test_each_volume_is_mounted_and_each_mount_has_its_volume(manifests: Manifests) -> None:
    for each in manifests.of("StatefulSet", "Deployment"):
        pod = each["spec"]["template"]
        volumes = {volume["name"] for volume in pod["spec"].get("volumes", ())}
        volumes |= names(each["spec"].get("volumeClaimTemplates", []))
        mounts = {mount["name"] for box in containers(pod) for mount in box.get("volumeMounts", ())}
        assert mounts == volumes


@both
def test_everything_lives_in_one_namespace(manifests: Manifests) -> None:
    (namespace,) = names(manifests.of("Namespace"))
    others = [each for each in manifests.objects if each["kind"] != "Namespace"]
    assert {each["metadata"]["namespace"] for each in others} == {namespace}
