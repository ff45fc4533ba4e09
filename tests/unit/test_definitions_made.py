"""The broker's definitions before any broker reads them: what is granted, what is refused, where passwords come from."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocppdiag_contracts import definitions, topology
from ocppdiag_contracts.commands import COMMAND_NAMES
from ocppdiag_contracts.definitions import PasswordError, hashes, processes, services
from ocppdiag_contracts.definitions_document import document, password_hash
from ocppdiag_contracts.permissions import NOTHING, Permissions, Topics, service
from ocppdiag_contracts.rights import RightsError

WORDS = st.sampled_from(["a", "b", "CS-1", "*", "x%2Ey"])
KEYS = st.lists(st.sampled_from(["a", "b", "CS-1", "x%2Ey", "reply"]), max_size=3).map(".".join)
BINDINGS = st.lists(st.sampled_from(["a", "b", "CS-1", "*", "#", "x%2Ey", "reply"]), max_size=4).map(".".join)
GRANTED = st.builds(lambda words, end: ".".join([*words, *end]), st.lists(WORDS, max_size=2), st.sampled_from(
    [["#"], ["*"], ["a"]]))  # fmt: skip


def matches(binding: str, key: str) -> bool:
    """Whether a topic exchange lets this key through that binding, straight from AMQP 0-9-1, 3.1.3.3."""

    def matched(pattern: list[str], words: list[str]) -> bool:
        if not pattern:
            return not words
        if pattern[0] == "#":
            return matched(pattern[1:], words) or bool(words and matched(pattern, words[1:]))
        return bool(words) and pattern[0] in ("*", words[0]) and matched(pattern[1:], words[1:])

    return matched(binding.split("."), key.split("."))


def topics(permissions: Permissions, exchange: topology.Exchange) -> Topics:
    (found,) = (topics for topics in permissions.topics if topics.exchange == exchange)
    return found


@given(GRANTED, BINDINGS, KEYS)
def test_what_may_be_bound_lets_nothing_through_that_was_not_granted(
    granted: str, binding: str, key: str
) -> None:
    if not re.search(topics(service((), (granted,)), topology.EVENTS).read, binding):
        return
    if matches(binding, key):
        assert matches(granted, key) or key.startswith("reply.")


@given(GRANTED)
def test_what_was_granted_may_be_bound(granted: str) -> None:
    assert re.search(topics(service((), (granted,)), topology.EVENTS).read, granted)


@pytest.mark.parametrize("pattern", ["#.CS-1", "a.#.b", "a#", "#a"])
def test_a_pattern_with_its_hash_elsewhere_than_at_its_end_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="last word"):
        service((), (pattern,))
    with pytest.raises(RightsError, match=f"^billing: '{re.escape(pattern)}'"):
        services(f'[[billing]]\nevents = ["{pattern}"]'.encode(), ())


@given(st.sets(st.sampled_from(sorted(COMMAND_NAMES))))
def test_a_service_may_publish_the_commands_it_was_granted_and_no_other(granted: set[str]) -> None:
    write = topics(service(granted, ()), topology.COMMANDS).write
    tried = (*COMMAND_NAMES, "", "#", *(f"{name}.x" for name in COMMAND_NAMES))
    assert {key for key in tried if re.search(write, key)} == granted or write == NOTHING


def test_who_sends_nothing_has_no_right_on_the_exchange_for_commands() -> None:
    assert re.search(service((), ()).write, topology.COMMANDS.name) is None
    assert re.search(service(("cancel",), ()).write, topology.COMMANDS.name)


def test_nobody_may_declare_or_delete_an_exchange_but_the_one_that_shares_its_name_with_a_queue() -> None:
    users = {**processes(), **processes(["gateway-0"]), "billing": service(COMMAND_NAMES, ("#",))}
    found = {
        (user, exchange.name)
        for user, may in users.items()
        for exchange in topology.EXCHANGES
        if re.search(may.configure, exchange.name)
    }
    assert found == {("worker", "ocppdiag.commands")}


def test_grants_of_a_user_add_up_and_globs_of_commands_are_looked_up() -> None:
    made = services(
        b'[[billing]]\ncommands = ["get_log"]\nstations = ["CS-*"]\nevents = ["command_settled.#"]\n'
        b'[[billing]]\ncommands = ["*_variable_monitoring"]\nstations = ["T-1"]\n',
        (),
    )
    several = ("get_log", "set_variable_monitoring", "clear_variable_monitoring")
    assert made == {"billing": service(several, ("command_settled.#",))}


def test_who_sends_parked_commands_again_is_in_the_same_file_and_stays_what_it_is() -> None:
    text = '[[operator]]\ncommands = ["*"]\nstations = ["*"]\n[[board]]\nevents = ["station_connected.*"]'
    assert services(text.encode(), processes()) == {"board": service((), ("station_connected.*",))}


def test_a_password_is_hashed_as_rabbitmqs_documentation_has_it() -> None:
    """The example of its page on passwords: test12, salted with 908D C60A."""
    assert password_hash("test12", bytes.fromhex("908DC60A")) == (
        "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"
    )


def test_a_password_is_never_written_down_and_two_users_with_one_look_different() -> None:
    found = hashes(
        ("a", "b", "c-d"),
        {
            "OCPPDIAG_PASSWORD_A": "canary",
            "OCPPDIAG_PASSWORD_B": "canary",
            "OCPPDIAG_HASH_C_D": "made before",
        },
    )
    assert "canary" not in json.dumps(document(1, {}, {})) + json.dumps(found)
    assert found["a"] != found["b"]
    assert found["c-d"] == "made before"
    with pytest.raises(PasswordError, match=r"^a: needs OCPPDIAG_PASSWORD_A, or OCPPDIAG_HASH_A"):
        hashes(("a",), {"OCPPDIAG_PASSWORD_A": ""})


def test_a_gateway_with_a_user_of_its_own_has_its_own_queue_and_no_other() -> None:
    users = processes(["gateway-0", "gateway-1"])
    assert set(users) == {"gateway.gateway-0", "gateway.gateway-1", "worker", "uploads", "operator"}
    for whose in ("gateway-0", "gateway-1"):
        for node in ("gateway-0", "gateway-1", "gateway-01"):
            may, queue = users[f"gateway.{whose}"], topology.gateway_queue(node).name
            rights = (may.configure, may.write, may.read)
            assert {bool(re.search(right, queue)) for right in rights} == {node == whose}


Printed = dict[str, list[dict[str, object]]]


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Printed:
    for user in processes():
        monkeypatch.setenv(f"OCPPDIAG_PASSWORD_{user.upper()}", "canary")
    definitions.main(["--shards", "3", "--vhost", "charging"])
    out = capsys.readouterr().out
    assert "canary" not in out
    made: Printed = json.loads(out)
    return made


def test_all_that_is_declared_is_defined_in_the_vhost_that_was_asked_for(printed: Printed) -> None:
    assert printed["vhosts"] == [{"name": "charging"}]
    names = {kind: {entry.get("name") for entry in entries} for kind, entries in printed.items()}
    assert names["exchanges"] == {exchange.name for exchange in topology.EXCHANGES}
    assert names["queues"] == {
        "ocppdiag.commands",
        topology.PARKING.name,
        *(queue.name for queue in topology.WORKERS_OWN),
        *(f"ocppdiag.diagnostics.{shard}" for shard in range(3)),
    }
    assert names["users"] == set(processes())
    kinds = ("exchanges", "queues", "bindings", "permissions", "topic_permissions")
    assert {entry["vhost"] for kind in kinds for entry in printed[kind]} == {"charging"}


def test_a_missing_password_ends_the_command_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCPPDIAG_PASSWORD_GATEWAY", "")
    with pytest.raises(SystemExit, match="gateway: needs OCPPDIAG_PASSWORD_GATEWAY"):
        definitions.main([])
