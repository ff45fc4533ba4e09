"""Wrong use of the command line is said in words that name the option, and never repeats what may be personal."""

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from ocppdiag_client.cli import BAD_USE, app
from ocppdiag_client.cli.asking import _left, _times
from ocppdiag_client.cli.customer import customer_information
from ocppdiag_client.cli.monitors import get_monitoring_report, set_variable_monitoring
from ocppdiag_client.cli.values import private
from ocppdiag_contracts.commands import (
    COMMAND_TYPES,
    CommandModel,
    GetLog,
    IdTokenType,
    IfOffline,
    ListCommands,
    MonitoringCriterion,
    StationCommand,
    name_of,
)
from ocppdiag_contracts.device_model import MonitorType
from ocppdiag_contracts.events import CommandSent, CommandWaiting
from ocppdiag_contracts.model import as_text

ONE = ["--variable", "EVSE#1/Power", "--type", "Delta", "--value", "1", "--severity", "5"]
ABOUT = ["--report", "--id-token", "CANARY", "--id-token-type", "Central"]
CERTIFICATE = "SHA256:a1:b2:c3"


@pytest.fixture(autouse=True)
def nothing_is_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use that is right ends, as nothing is served here, with another sentence."""
    monkeypatch.setenv("OCPPDIAG_DATA", str(tmp_path))
    monkeypatch.delenv("OCPPDIAG_AMQP_URL", raising=False)


def refused(*arguments: str, given: str | None = None) -> str:
    done = CliRunner(env={"COLUMNS": "400", "TERM": "dumb"}).invoke(app, arguments, input=given)
    assert done.exit_code == BAD_USE, (done.exit_code, done.output)
    return done.output


def subcommand(kind: type[CommandModel]) -> str:
    return "list" if kind is ListCommands else name_of(kind).replace("_", "-")


def test_every_command_has_a_subcommand_with_the_common_options() -> None:
    listed = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert {*map(subcommand, COMMAND_TYPES), "watch"} <= set(listed)
    for kind in COMMAND_TYPES:
        options = {option for one in listed[subcommand(kind)].params for option in one.opts}
        assert {"--deadline", "--amqp-url", "--json", "--watch"} <= options
        assert ("--wait" in options) is issubclass(kind, StationCommand)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["get-log", "a/b"], "STATION: must be"),
        (["get-log", "CS-1", "--retries", "21"], "--retries: "),
        (["get-log", "CS-1", "--retry-interval", "0"], "--retry-interval: "),
        (["get-log", "CS-1", "--since", "1h", "--until", "2h"], "--since: must not be after --until"),
        (["get-log", "CS-1", "--since", "yesterday"], "--since"),
        (["get-log", "CS-1", "--deadline", "8d"], "--deadline: must be at most 7 days"),
        (["get-log", "CS-1", "--wait", "8d"], "--wait: must be at most 7 days"),
        (["get-log", "CS-1", "--wait", "forever"], "--wait"),
        (["get-log", "CS-1", "--wait", "2m", "--deadline", "1m"], "--wait: must not be after --deadline"),
        (["cancel", "CS-1", "one", "--wait", "2m"], "No such option"),
        (["list", "a/b"], "STATION: must be"),
        (["list", "CS-1", "--json", "--csv"], "--json, --csv: only one"),
        (["get-log", "CS-1", "--remote-location", "gopher://x/"], "--remote-location: must be"),
        (["get-monitoring-report", "CS-1", "--component", "EVSE#1/Power"], "--component: "),
        (["get-monitoring-report", "CS-1", "--component", "#1"], "--component: must be"),
        (["get-monitoring-report", "CS-1", "--variable", "EVSE#1"], "--variable: must be"),
        (["get-monitoring-report", "CS-1", "--variable", f"EVSE/{'x' * 51}"], "--variable: name: "),
        (
            ["get-monitoring-report", "CS-1", *["--criteria", "DeltaMonitoring"] * 2],
            "--criteria: must not name one twice",
        ),
        (["get-monitoring-report", "CS-1", "--criteria", "Some"], "--criteria"),
        (["set-monitoring-base", "CS-1", "Some"], "BASE"),
        (["set-monitoring-level", "CS-1", "10"], "SEVERITY: "),
        (["set-variable-monitoring", "CS-1", *ONE, "--severity", "10"], "--severity: "),
        (["set-variable-monitoring", "CS-1", *ONE, "--value", "0.1234567"], "--value: must have at most 6"),
        (["set-variable-monitoring", "CS-1", *ONE, "--value", "-1"], "--value: must not be negative"),
        (["set-variable-monitoring", "CS-1", *ONE, "--value", "nan"], "--value: "),
        (["set-variable-monitoring", "CS-1", *ONE, "--id", "9999999999"], "--id: "),
        (["set-variable-monitoring", "CS-1", *ONE[:4]], "--value, --severity: needed"),
        (["set-variable-monitoring", "CS-1", *ONE, "--from", "-"], "--from: goes with no other"),
        (["set-variable-monitoring", "CS-1", "--transaction", "--from", "-"], "--from: goes with no other"),
        (["set-variable-monitoring", "CS-1", "--from", "no-such-file"], "'--from': cannot read the file"),
        (["clear-variable-monitoring", "CS-1", "7", "7"], "IDS: must not name one twice"),
        (["clear-variable-monitoring", "CS-1"], "IDS"),
        (["cancel", "CS-1", "a b"], "COMMAND_ID: "),
        (["customer-information", "CS-1", *ABOUT[1:]], "--report, --clear: at least one"),
        (["customer-information", "CS-1", "--report"], "--id-token, --certificate, --customer: exactly one"),
        (["customer-information", "CS-1", *ABOUT, "--customer", "CANARY"], "exactly one"),
        (["customer-information", "CS-1", *ABOUT[:3]], "--id-token, --id-token-type: go together"),
        (["customer-information", "CS-1", *ABOUT, "--id-token", "CANARY" * 7], "--id-token: id_token"),
        (["customer-information", "CS-1", "--report", "--customer", "CANARY" * 11], "--customer: "),
        (["customer-information", "CS-1", "--report", "--certificate", "CANARY"], "--certificate: must be"),
        (
            ["customer-information", "CS-1", "--report", "--certificate", "CANARY:a:b:c"],
            "--certificate: hash",
        ),
        (
            ["customer-information", "CS-1", *ABOUT, "--local-list-version", "1"],
            "--local-list-version: only goes with --clear and --id-token",
        ),
        (["customer-information", "CS-1", "--report", "--customer", "@CANARY"], "cannot read the file"),
        (["get-monitoring-report", "CS-1", "--json", "--csv"], "--json, --csv: only one"),
        (["get-log", "CS-1", "--csv"], "No such option"),
    ],
)
def test_wrong_use_is_said_with_the_name_of_the_option(arguments: list[str], named: str) -> None:
    said = refused(*arguments)
    assert named in said
    assert "CANARY" not in said


@pytest.mark.parametrize(
    "arguments",
    [
        ["get-log", "CS-1", "--remote-location", "sftp://joe:CANARY@example.com/x"],
        ["get-monitoring-report", "CS-1", "--component", "EVSE", "--variable", "EVSE#1/Power", "--csv"],
        ["set-monitoring-base", "CS-1", "factorydefault"],
        ["set-variable-monitoring", "CS-1", *ONE, "--transaction", "--id", "-3", "--watch"],
        ["clear-variable-monitoring", "CS-1", "7", "8", "--deadline", "30s"],
        ["customer-information", "CS-1", *ABOUT, "--clear", "--local-list-version", "1"],
        ["customer-information", "CS-1", "--clear", "--certificate", CERTIFICATE, "--json"],
        ["trigger-log-status", "CS-1"],
        ["cancel", "CS-1", "c0ffee"],
        ["list", "CS-1", "--csv"],
        ["get-log", "CS-1", "--wait", "7d"],
        ["get-log", "CS-1", "--wait", "2h", "--deadline", "7d"],
        ["set-monitoring-level", "CS-1", "4", "--wait", "0s"],
    ],
)
def test_right_use_comes_as_far_as_the_broker(arguments: list[str]) -> None:
    assert "nothing is served" in refused(*arguments)


def test_spans_count_from_the_commands_own_time() -> None:
    command = GetLog(station="CS-1")
    minute = timedelta(minutes=1)
    assert _times(command, None, None) == {}
    assert _times(command, 5 * minute, None) == {"deadline": command.time + 5 * minute}
    waiting = _times(command, None, minute)
    assert waiting == {"if_offline": IfOffline.WAIT, "wait_until": command.time + minute}
    assert _times(command, 5 * minute, minute) == waiting | {"deadline": command.time + 5 * minute}


def test_who_gives_up_looking_hears_what_becomes_of_the_command() -> None:
    command = GetLog(station="CS 1|a", id="c0ffee")
    until = command.time + timedelta(hours=1)
    head: dict[str, Any] = {
        "id": "x", "time": command.time, "station": command.station, "command_id": command.id
    }  # fmt: skip
    waiting = CommandWaiting(**head, reason="not_connected", until=until)
    said = _left(command, waiting)
    assert f"goes on waiting until {as_text(until)}" in said
    assert "ocppdiag cancel 'CS 1|a' c0ffee" in said
    for last in (None, CommandSent(**head)):
        assert "goes on without you" in _left(command, last)
        assert "cancel" not in _left(command, last)


def test_a_destination_may_come_from_the_environment_and_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OCPPDIAG_REMOTE_LOCATION", "gopher://joe:CANARY@example.com/")
    said = refused("get-log", "CS-1")
    assert "--remote-location: must be" in said
    assert "CANARY" not in said


def test_a_private_value_is_as_given_or_read_from_a_file_or_from_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text("Müller\n")
    monkeypatch.setattr("sys.stdin", io.StringIO("from stdin\n"))
    assert private("plain") == "plain"
    assert private(f"@{file}") == "Müller"
    assert private("-") == "from stdin"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(typer.BadParameter, match="not UTF-8"):
        private(f"@{file}")


def test_filters_become_what_the_contract_has() -> None:
    command = get_monitoring_report(
        "CS-1",
        criteria=[MonitoringCriterion.DELTA],
        component=["EVSE#1"],
        variable=["Connector#1.2/Problem", "EVSE#2/Power"],
    )
    wire = json.loads(command.model_dump_json(exclude_none=True))
    assert wire["monitoring_criteria"] == ["DeltaMonitoring"]
    assert wire["component_variable"] == [
        {"component": {"name": "EVSE", "evse": {"id": 1}}},
        {
            "component": {"name": "Connector", "evse": {"id": 1, "connector_id": 2}},
            "variable": {"name": "Problem"},
        },
        {"component": {"name": "EVSE", "evse": {"id": 2}}, "variable": {"name": "Power"}},
    ]
    everything = get_monitoring_report("CS-1")
    assert everything.monitoring_criteria is None
    assert everything.component_variable is None


def test_one_monitor_by_options_is_the_same_as_in_a_list() -> None:
    one = set_variable_monitoring(
        "CS-1", variable="EVSE#1/Power", kind=MonitorType.PERIODIC, value=60, severity=8, transaction=True
    )
    listed = json.dumps([monitor.model_dump(mode="json") for monitor in one.set_monitoring_data])
    assert set_variable_monitoring("CS-1", several=listed).set_monitoring_data == one.set_monitoring_data
    assert one.set_monitoring_data[0].transaction


def test_a_wrong_list_of_monitors_names_the_one_that_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "monitors.json"
    monitor = {"component": {"name": "EVSE"}, "variable": {"name": "Power"}, "type": "Delta", "value": 1}
    file.write_text(json.dumps([monitor | {"severity": 5}, monitor | {"severity": 10}]))
    assert "--from: 1.severity" in refused("set-variable-monitoring", "CS-1", "--from", str(file))
    file.write_text(json.dumps([monitor | {"severity": 5}] * 2))
    assert "--from: must not name" in refused("set-variable-monitoring", "CS-1", "--from", str(file))
    file.write_text("no JSON")
    assert "--from: Invalid JSON" in refused("set-variable-monitoring", "CS-1", "--from", str(file))
    file.write_text("[]")
    assert "--from: " in refused("set-variable-monitoring", "CS-1", "--from", str(file))


def test_each_way_to_name_a_customer_is_one_of_the_contracts() -> None:
    by_token = customer_information("CS-1", report=True, id_token="x", id_token_type=IdTokenType.LOCAL)
    by_certificate = customer_information("CS-1", clear=True, certificate=CERTIFICATE)
    by_name = customer_information("CS-1", report=True, clear=True, customer="joe")
    assert by_token.id_token is not None
    assert (by_token.id_token.id_token, by_token.id_token.type) == ("x", IdTokenType.LOCAL)
    assert by_certificate.customer_certificate is not None
    assert by_certificate.customer_certificate.model_dump(mode="json") == {
        "hash_algorithm": "SHA256",
        "issuer_name_hash": "a1",
        "issuer_key_hash": "b2",
        "serial_number": "c3",
    }
    assert (by_name.customer_identifier, by_name.report, by_name.clear) == ("joe", True, True)
