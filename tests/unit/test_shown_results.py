"""What a command has brought, as people and scripts see it: tables, CSV, and a customer's text without tricks."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from ocppdiag_client.cli.report import report
from ocppdiag_client.cli.tables import Tabular, cells, write_csv
from ocppdiag_contracts.device_model import Component, Evse, Monitor, MonitoringData, MonitorType, Variable
from ocppdiag_contracts.events import (
    Answer,
    ClearMonitoringResult,
    CommandSettled,
    CustomerReport,
    Irregularity,
    LogElsewhere,
    MonitoringReport,
    MonitorsCleared,
    MonitorsSet,
    OpenCommand,
    OpenCommands,
    Outcome,
    SetMonitoringResult,
    TriggeredLogStatus,
)

CONNECTOR = Component(name="Connector", evse=Evse(id=1, connector_id=2))
SET = {"component": CONNECTOR, "variable": Variable(name="Problem"), "type": MonitorType.DELTA, "severity": 3}


def monitor(number: int, value: float, *, transaction: bool = False) -> Monitor:
    return Monitor(
        id=number, type=MonitorType.UPPER_THRESHOLD, severity=4, value=value, transaction=transaction
    )


MONITORS = MonitoringReport(
    parts=2,
    monitor=[
        MonitoringData(
            component=Component(name="EVSE", evse=Evse(id=1)),
            variable=Variable(name="Power"),
            variable_monitoring=[monitor(3, 22000), monitor(4, 0.000001, transaction=True)],
        ),
        MonitoringData(
            component=Component(name="Sensor", instance='s,"1'),
            variable=Variable(name="Temperature", instance="[red]inner"),
            variable_monitoring=[monitor(5, -25.5)],
        ),
    ],
)
EACH_SET = MonitorsSet(
    results=[
        SetMonitoringResult(**SET, status="Accepted", id=7),
        SetMonitoringResult(**SET, status="Rejected", reason_code="WriteOnly"),
        SetMonitoringResult(**SET, status=None),
    ]
)
EACH_CLEARED = MonitorsCleared(
    results=[ClearMonitoringResult(id=7, status="Accepted"), ClearMonitoringResult(id=8, status=None)]
)

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
OPEN = OpenCommands(
    commands=[
        OpenCommand(
            command_id="0b6c0f1e-6f0a-4b0e-9d3c-2a7f4f1f9a12",
            command="get_log",
            state="waiting",
            request_id=403452971,
            deadline=NOON + timedelta(hours=1),
            waits_until=NOON,
        ),
        OpenCommand(
            command_id="two",
            command="set_monitoring_level",
            state="sent",
            request_id=None,
            deadline=NOON,
            waits_until=None,
        ),
    ]
)


def shown(result: object, *, colour: bool = False, width: int = 150) -> str:
    settled = CommandSettled.model_validate(
        {
            "id": "x",
            "time": NOON,
            "station": "CS-1",
            "command_id": "one",
            "command": "any",
            "outcome": Outcome.COMPLETED,
            "result": result,
        }
    )
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        legacy_windows=False,
    )
    report(settled, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def written(result: Tabular) -> list[list[str]]:
    out = io.StringIO()
    write_csv(result, out)
    return list(csv.reader(io.StringIO(out.getvalue())))


def test_a_report_is_a_row_a_monitor() -> None:
    assert written(MONITORS) == [
        ["component", "evse", "variable", "id", "type", "value", "severity", "transaction"],
        ["EVSE", "1", "Power", "3", "UpperThreshold", "22000", "4", "no"],
        ["EVSE", "1", "Power", "4", "UpperThreshold", "1e-06", "4", "yes"],
        ['Sensor[s,"1]', "", "Temperature[[red]inner]", "5", "UpperThreshold", "-25.5", "4", "no"],
    ]


def test_results_of_setting_and_clearing_are_a_row_an_item() -> None:
    assert written(EACH_SET) == [
        ["component", "evse", "variable", "type", "severity", "status", "id", "reason"],
        ["Connector", "1.2", "Problem", "Delta", "3", "Accepted", "7", ""],
        ["Connector", "1.2", "Problem", "Delta", "3", "Rejected", "", "WriteOnly"],
        ["Connector", "1.2", "Problem", "Delta", "3", "no answer", "", ""],
    ]
    assert written(EACH_CLEARED) == [
        ["id", "status", "reason"],
        ["7", "Accepted", ""],
        ["8", "no answer", ""],
    ]


@pytest.mark.parametrize("sign", "=+-@")
def test_no_spreadsheet_runs_what_a_station_says(sign: str) -> None:
    said = f"{sign}cmd|'/C calc'!A0"
    report = MonitoringReport(
        parts=1,
        monitor=[
            MonitoringData(
                component=Component(name=f"{sign}1+1"),
                variable=Variable(name=f"\t{said}"),
                variable_monitoring=[monitor(-6, -1e-7)],
            )
        ],
    )
    assert written(report)[1:] == [
        [f"'{sign}1+1", "", f"?{said}", "-6", "UpperThreshold", "-1e-07", "4", "no"]
    ]
    cleared = MonitorsCleared(results=[ClearMonitoringResult(id=-7, status=said, reason_code=f"\r{said}")])
    assert written(cleared)[1:] == [["-7", f"'{said}", f"?{said}"]]
    assert f" {said}" in shown(cleared)


def test_an_empty_report_is_a_head_alone_and_for_people_a_sentence() -> None:
    nothing = MonitoringReport(parts=0, monitor=[])
    assert written(nothing) == [list(cells(MONITORS).head)]
    assert shown(nothing) == "no monitors\n"


def test_what_is_open_is_a_row_a_command_and_its_id_is_in_one_piece_on_a_narrow_terminal() -> None:
    assert written(OPEN) == [
        ["command_id", "command", "state", "request", "deadline", "waits_until"],
        [
            "0b6c0f1e-6f0a-4b0e-9d3c-2a7f4f1f9a12", "get_log", "waiting", "403452971",
            "2026-01-31T13:00:00Z", "2026-01-31T12:00:00Z",
        ],
        ["two", "set_monitoring_level", "sent", "", "2026-01-31T12:00:00Z", ""],
    ]  # fmt: skip
    assert OPEN.commands[0].command_id in shown(OPEN, width=80)
    assert shown(OpenCommands(commands=[])) == "no open commands\n"


@pytest.mark.parametrize("result", [MONITORS, EACH_SET, EACH_CLEARED, OPEN])
def test_people_see_every_cell_that_scripts_see(result: Tabular) -> None:
    text = shown(result)
    for row in written(result):
        assert all(cell in text for cell in row)


def test_a_report_that_is_told_again_without_its_monitors_is_no_empty_one() -> None:
    untold = MONITORS.model_copy(update={"monitor": None})
    assert "no monitors" not in shown(untold)
    assert "ask again" in shown(untold)
    assert written(untold) == [list(cells(MONITORS).head)]


def test_what_a_newer_worker_says_is_shown_as_it_is() -> None:
    newer = MONITORS.model_copy(update={"irregularities": ["[red]upside\x1bdown"]})
    assert "warning: of this report, [red]upside?down\n" in shown(newer)
    gradient = EACH_SET.results[0].model_copy(update={"type": "Gradient"})
    assert written(MonitorsSet(results=[gradient]))[1][3] == "Gradient"


def test_a_status_is_coloured_by_whether_it_is_good() -> None:
    text = shown(EACH_SET, colour=True)
    assert "\x1b[32mAccepted" in text
    assert "\x1b[33mRejected" in text
    assert "\x1b[1;31mno answer" in text


def test_what_is_missing_of_a_report_is_a_line_of_warning() -> None:
    gap = {"missing": [1, 3], "irregularities": [Irregularity.CONFLICT]}
    for result in (MONITORS.model_copy(update=gap), CustomerReport(parts=1, data="text", **gap)):
        (warning,) = [line for line in shown(result).splitlines() if line.startswith("warning")]
        assert "parts 1, 3 have not come" in warning
        assert "different content" in warning
    assert "warning" not in shown(MONITORS)


@pytest.mark.parametrize("irregularity", list(Irregularity))
def test_each_irregularity_has_words(irregularity: Irregularity) -> None:
    assert "warning: of this report, " in shown(
        MONITORS.model_copy(update={"irregularities": [irregularity]})
    )


def test_a_customers_text_is_printed_as_it_is_but_cannot_steer_the_terminal() -> None:
    text = "Müller [bold]14[/bold]\r\nsecond\tline \x1b[31mred\x07 \u202eright to left\x9b2J"
    printed = shown(CustomerReport(parts=1, data=text, local_list="Accepted"))
    assert printed == (
        "Müller [bold]14[/bold]\nsecond  line [31mred right to left2J\nthe station's local list: Accepted\n"
    )


def test_short_results_are_a_sentence() -> None:
    assert shown(TriggeredLogStatus(status="Idle", request_id=None)) == "the station's log upload: Idle\n"
    assert "request 7" in shown(TriggeredLogStatus(status="Uploading", request_id=7))
    assert shown(Answer(status="Accepted")) == "the station has answered Accepted\n"
    assert "Rejected: NoReason" in shown(Answer(status="Rejected", reason_code="NoReason"))
    assert (
        shown(LogElsewhere(host="logs.example.com", filename="a.log"))
        == "the station has sent a.log to logs.example.com\n"
    )
    assert shown(None) == ""


def test_a_result_of_a_newer_worker_is_shown_as_it_came() -> None:
    assert '"kind": "of tomorrow"' in shown({"kind": "of tomorrow", "x": 1})
