"""A support engineer and a station that is away: `--wait`, `list`, `cancel`, and Ctrl-C while a command waits."""

import csv
import io
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engineer import Served, ocppdiag, running, serving

from ocppdiag_local.services import Services


@pytest.fixture(scope="module")
def served(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(services, tmp_path_factory.mktemp("served")) as running_here:
        yield running_here


@pytest.fixture
def away(served: Served, name: str) -> str:
    """A station that was let in and has not come."""
    ocppdiag(served.home, "station", "add", name)
    return name


def listed(served: Served, station: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(ocppdiag(served.home, "list", station, "--csv"))))


def lines_of(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]


def test_without_wait_a_station_that_is_away_is_not_connected(served: Served, away: str) -> None:
    said = ocppdiag(served.home, "get-log", away, code=1)
    assert "not_connected" in said
    assert "waiting" not in said


def test_a_wait_that_is_over_is_a_command_that_was_not_completed(served: Served, away: str) -> None:
    said = ocppdiag(served.home, "get-log", away, "--wait", "2s", code=1)
    assert "waiting   for the station" in said
    assert "expired" in said
    assert "not_connected" in said


def test_commands_wait_are_listed_go_out_and_one_of_them_is_taken_back(
    served: Served, away: str, tmp_path: Path
) -> None:
    level = served.open("set-monitoring-level", away, "4", "--wait", "1h", until="waiting   ")
    fetch = served.open("get-log", away, "--wait", "1h", "--json", until="command_waiting")
    with level as (first, said), fetch as (log, events):
        waiting = listed(served, away)
        assert [row["command"] for row in waiting] == ["set_monitoring_level", "get_log"]
        assert {row["state"] for row in waiting} == {"waiting"}
        assert all(row["waits_until"] < row["deadline"] for row in waiting)
        assert waiting[0]["command_id"] in ocppdiag(served.home, "list", away)

        cancelled = ocppdiag(served.home, "cancel", away, waiting[0]["command_id"])
        assert "completed" in cancelled
        assert first.wait(20) == 1
        assert "cancelled" in said.read_text()
        assert [row["command"] for row in listed(served, away)] == ["get_log"]

        with running(["station", "simulate", away], served.home, "station_booted", tmp_path / "station"):
            assert log.wait(30) == 0
            assert listed(served, away) == []
    names = [event["event"] for event in lines_of(events)]
    assert names[:3] == ["command_queued", "command_waiting", "command_sent"]
    assert lines_of(events)[-1]["outcome"] == "completed"


def test_ctrl_c_leaves_the_command_waiting_and_says_how_to_take_it_back(served: Served, away: str) -> None:
    with served.open("get-log", away, "--wait", "1h", until="waiting   ") as (asking, said):
        asking.send_signal(signal.SIGINT)
        assert asking.wait(20) == 130
    told = said.read_text()
    assert "goes on waiting until" in told
    (waiting,) = listed(served, away)
    assert f"ocppdiag cancel {away} {waiting['command_id']}" in told
    assert "completed" in ocppdiag(served.home, "cancel", away, waiting["command_id"])
    assert "no open commands" in ocppdiag(served.home, "list", away)
