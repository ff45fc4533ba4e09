"""A support engineer at a terminal: serve, simulate, get-log, watch, and nothing left behind by Ctrl-C."""

import json
import os
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from engineer import given, ocppdiag, running, serve_arguments

from ocppdiag_local.services import Services


def processes_of(session: int) -> list[str]:
    """What still runs of a terminal's session, or was started by it on a leash."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"OCPPDIAG_MARK={session}".encode() in stat.read_bytes():
                found.append((stat.parent / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def test_a_support_engineer_gets_a_log(
    services: Services, home: dict[str, str], tmp_path: Path, name: str
) -> None:
    served = given(services, home)
    with running(serve_arguments(), served, "stations connect to", tmp_path / "serve.log"):
        with running(["station", "simulate", name], home, "station_booted", tmp_path / "station.log"):
            text = ocppdiag(home, "get-log", name, "--type", "security", "--since", "2h")
            lines = [json.loads(line) for line in ocppdiag(home, "get-log", name, "--json").splitlines()]
            rejected = ocppdiag(home, "get-log", f"{name}-other", code=1)
        gone = ocppdiag(home, "get-log", name, "--json", code=1)
    assert "completed" in text
    assert "sha256" in text
    assert lines[0]["event"] == "command_queued"
    settled = lines[-1]
    assert settled["outcome"] == "completed"
    path = Path(unquote(urlsplit(settled["result"]["location"]).path))
    assert path.is_relative_to(home["OCPPDIAG_DATA"])
    assert path.stat().st_size == settled["result"]["size"]
    assert "unknown_station" in rejected
    assert json.loads(gone.splitlines()[-1])["failure"] == "not_connected"
    assert not (Path(home["OCPPDIAG_DATA"]) / "serve.json").exists()


def test_watching_prints_events_for_scripts(
    services: Services, home: dict[str, str], tmp_path: Path, name: str
) -> None:
    served = given(services, home)
    log = tmp_path / "watch.log"
    with (
        running(serve_arguments(), served, "stations connect to", tmp_path / "serve.log"),
        running(["watch", "--json", f"*.{name}"], home, "", log),
    ):
        time.sleep(1.5)
        station = tmp_path / "station.log"
        with running(["station", "simulate", name], home, "station_booted", station) as first:
            ocppdiag(home, "get-log", name)
            with running(["station", "simulate", name], home, "station_booted", tmp_path / "again.log"):
                first.wait(20)  # the newest connection wins
        time.sleep(0.5)
    events: list[dict[str, Any]] = [
        json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")
    ]
    kinds = {event["event"] for event in events}
    assert {"station_connected", "station_booted", "command_queued", "command_settled"} <= kinds
    assert {event["station"] for event in events} == {name}
    assert "connection_ended" in station.read_text()


def test_served_data_outlives_a_restart_and_ctrl_c_leaves_nothing(
    home: dict[str, str], tmp_path: Path, name: str
) -> None:
    """With RabbitMQ and Redis of its own, twice."""
    mark = os.getpid()
    marked = {**home, "OCPPDIAG_MARK": str(mark)}
    for attempt in ("first", "second"):
        log = tmp_path / f"{attempt}.log"
        with running(serve_arguments(), marked, "stations connect to", log):
            if attempt == "first":
                password = ocppdiag(home, "station", "add", name).strip()
            # The password of the first run opens the door in the second.
            gateway = json.loads((Path(home["OCPPDIAG_DATA"]) / "serve.json").read_text())["gateway_url"]
            arguments = ["station", "simulate", name, "--url", gateway, "--password", password]
            with running(arguments, home, "station_booted", tmp_path / f"station-{attempt}.log"):
                assert "completed" in ocppdiag(home, "get-log", name)
        deadline = time.monotonic() + 10
        while (left := processes_of(mark)) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert not left, (left, log.read_text())
        assert password not in log.read_text()


def test_wrong_use_is_said_in_words_and_with_its_own_exit_status(home: dict[str, str]) -> None:
    assert "nothing is served" in ocppdiag(home, "get-log", "CS-1", code=2)
    assert "SINCE" in ocppdiag(home, "get-log", "CS-1", "--since", "yesterday", code=2).upper()
    assert "STATION: must be" in ocppdiag(home, "get-log", "a/b", "--amqp-url", "amqp://127.0.0.1:1/", code=2)
    assert "cannot reach RabbitMQ" in ocppdiag(
        home, "get-log", "CS-1", "--amqp-url", "amqp://127.0.0.1:1/", code=3
    )
    assert "good" in ocppdiag(home, "station", "simulate", "--list")


def test_a_wrong_password_is_refused_in_words(
    services: Services, home: dict[str, str], tmp_path: Path, name: str
) -> None:
    with running(serve_arguments(), given(services, home), "stations connect to", tmp_path / "serve.log"):
        gateway = json.loads((Path(home["OCPPDIAG_DATA"]) / "serve.json").read_text())["gateway_url"]
        refused = ocppdiag(
            home, "station", "simulate", name, "--url", gateway, "--password", "x" * 20, code=1
        )
    assert "401" in refused
