"""The broker's definitions as Kubernetes objects: what the operator makes of them is what RabbitMQ would import itself."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from manifests import DEPLOY

from ocppdiag_contracts import definitions
from ocppdiag_contracts.definitions import processes, services
from ocppdiag_contracts.definitions_document import document
from ocppdiag_contracts.definitions_kubernetes import SCALER, object_name, objects
from ocppdiag_contracts.permissions import Permissions

PRODUCTION = DEPLOY / "k8s/overlays/production"
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")  # RFC 1123
LONGEST = 253
RIGHTS = b'[[billing]]\ncommands = ["get_log"]\nstations = ["*"]\n[["X@example.com"]]\nevents = ["#"]\n'

Object = dict[str, Any]


def users() -> dict[str, Permissions]:
    known = processes(["gateway-0", "gateway-1"])
    return {**known, **services(RIGHTS, known), **SCALER}


def made(vhost: str = "/", shards: int = 2) -> tuple[dict[str, list[Object]], list[Object]]:
    everybody = users()
    wanted = document(shards, everybody, dict.fromkeys(everybody, ""), vhost)
    return wanted, objects(wanted, "rabbitmq")["items"]


def as_the_operator_does(items: list[Object]) -> dict[str, list[Object]]:
    """What it sends to RabbitMQ, by rabbitmq/messaging-topology-operator's internal/*_settings.go and its defaults."""
    names = {
        each["metadata"]["name"]: each["spec"]["importCredentialsSecret"]["name"]
        for each in items
        if each["kind"] == "User"
    }
    sent: dict[str, list[Object]] = {
        word: []
        for word in ("vhosts", "exchanges", "queues", "bindings", "users", "permissions", "topic_permissions")
    }
    for each in items:
        spec = {"vhost": "/", **each["spec"]}
        where = {"vhost": spec["vhost"]}
        match each["kind"]:
            case "Vhost":
                sent["vhosts"].append({"name": spec["name"]})
            case "Exchange" | "Queue" as kind:
                arguments = spec.get("arguments", {})
                entry = {
                    "name": spec["name"],
                    **where,
                    "durable": spec["durable"],
                    "auto_delete": spec.get("autoDelete", False),
                }
                if kind == "Queue":
                    sent["queues"].append(entry | {"arguments": arguments | {"x-queue-type": spec["type"]}})
                else:
                    sent["exchanges"].append(
                        entry | {"arguments": arguments, "type": spec["type"], "internal": False}
                    )
            case "Binding":
                sent["bindings"].append(
                    where
                    | {
                        "source": spec["source"],
                        "destination": spec["destination"],
                        "arguments": spec.get("arguments", {}),
                    }
                    | {"destination_type": spec["destinationType"], "routing_key": spec["routingKey"]}
                )
            case "User":
                sent["users"].append({"name": names[each["metadata"]["name"]]})
            case kind:
                word = "permissions" if kind == "Permission" else "topic_permissions"
                sent[word].append(
                    where | {"user": names[spec["userReference"]["name"]]} | spec["permissions"]
                )
    return sent


def with_secrets(wanted: Mapping[str, list[Object]]) -> dict[str, list[Object]]:
    """The same, with a user's Secret in the place of the user, whose password is there."""
    secret = {name: f"rabbitmq-{object_name(name)}" for name in users()}
    changed = {
        "users": [{"name": secret[user["name"]]} for user in wanted["users"]],
        "permissions": [may | {"user": secret[may["user"]]} for may in wanted["permissions"]],
        "topic_permissions": [may | {"user": secret[may["user"]]} for may in wanted["topic_permissions"]],
    }
    return {**wanted, **changed}


@pytest.mark.parametrize("vhost", ["/", "ocppdiag"])
def test_the_operator_makes_of_them_what_rabbitmq_would_import(vhost: str) -> None:
    wanted, items = made(vhost)
    expected = with_secrets(wanted)
    if vhost == "/":
        expected["vhosts"] = []  # it is there already
    assert as_the_operator_does(items) == expected


def test_each_object_has_a_name_of_its_own_that_kubernetes_takes() -> None:
    _, items = made()
    names = [(each["kind"], each["metadata"]["name"]) for each in items]
    assert len(set(names)) == len(names)
    assert [name for _, name in names if not SUBDOMAIN.fullmatch(name) or len(name) > LONGEST] == []


def test_a_binding_that_changes_is_another_object() -> None:
    before, after = (
        {
            each["metadata"]["name"]: each["spec"]
            for each in made(shards=shards)[1]
            if each["kind"] == "Binding"
        }
        for shards in (1, 2)
    )
    assert before.items() <= after.items()


TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=255)


@given(TEXTS)
def test_any_text_becomes_a_name_that_kubernetes_takes(text: str) -> None:
    name = object_name(text)
    assert SUBDOMAIN.fullmatch(name)
    assert len(f"rabbitmq-{name}.ocppdiag.commands.01234567") <= LONGEST


@given(TEXTS, TEXTS)
def test_no_two_texts_become_one_name(one: str, other: str) -> None:
    assert (object_name(one) == object_name(other)) == (one == other)


def test_a_name_that_kubernetes_takes_stays_as_it_is() -> None:
    assert object_name("ocppdiag.guard.900") == "ocppdiag.guard.900"


def test_no_password_is_needed_and_none_is_written(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCPPDIAG_PASSWORD_WORKER", "very-secret")
    definitions.main(["--kubernetes", "rabbitmq"])
    printed = capsys.readouterr().out
    assert "very-secret" not in printed
    assert "password" not in printed


def test_who_scales_may_do_nothing() -> None:
    assert {may.configure + may.write + may.read for may in SCALER.values()} == {"^$^$^$"}
    assert [may.topics for may in SCALER.values()] == [()]


def test_what_is_committed_is_what_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    """If this fails: `make k8s`."""
    settings = dict(
        line.split("=", 1) for line in (PRODUCTION / "settings.env").read_text().split("\n") if line
    )
    shards, rights = settings["OCPPDIAG_SHARDS"], str(PRODUCTION / "rights.toml")
    definitions.main(
        ["--kubernetes", "rabbitmq", "--vhost", "ocppdiag", "--shards", shards, "--services", rights]
    )
    assert json.loads(capsys.readouterr().out) == json.loads((PRODUCTION / "topology.json").read_text())
