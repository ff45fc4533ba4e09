"""A support engineer at a terminal: logs that go elsewhere, how an upload is going, and a command taken back."""

import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from engineer import Served, ocppdiag, serving, wait_for

from ocppdiag_local.services import Services


class Archive(ThreadingHTTPServer):
    """Somebody else's place for logs."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Shelf)
        self.paths: list[str] = []


class Shelf(BaseHTTPRequestHandler):
    """Takes what is put."""

    def do_PUT(self) -> None:
        assert isinstance(self.server, Archive)
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.paths.append(self.path)
        self.send_response(201)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture(scope="module")
def archive() -> Iterator[Archive]:
    with Archive() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def served(
    services: Services, archive: Archive, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    allowed = f"http://127.0.0.1:{archive.server_port}/in/"
    folder = tmp_path_factory.mktemp("logs")
    with serving(services, folder, "--allow-destination", allowed) as terminal:
        yield terminal


def test_a_log_goes_where_operators_allow_and_its_address_stays_secret(
    served: Served, archive: Archive, name: str
) -> None:
    station = served.station(name)
    place = f"127.0.0.1:{archive.server_port}"
    home = {**served.home, "OCPPDIAG_REMOTE_LOCATION": f"http://{place}/in/canary"}
    assert "the station has sent" in ocppdiag(home, "get-log", station)
    assert archive.paths == ["/in/canary"]
    refused = ocppdiag(
        served.home, "get-log", station, "--remote-location", f"http://joe:canary@{place}/out/", code=1
    )
    assert "destination_not_allowed" in refused
    assert "canary" not in refused
    assert "canary" not in (served.folder / "serve.log").read_text()


def test_a_destination_without_a_path_is_refused_when_serving_begins(
    services: Services, tmp_path: Path
) -> None:
    with (
        pytest.raises(AssertionError, match="path such as /"),
        serving(services, tmp_path, "--allow-destination", "http://example.com"),
    ):
        pass


def test_a_station_says_how_its_upload_is_going(served: Served, name: str) -> None:
    assert "log upload: Idle" in ocppdiag(served.home, "trigger-log-status", served.station(name))


def test_a_command_that_waits_is_taken_back_and_one_that_was_sent_is_not(served: Served, name: str) -> None:
    station = served.station(name, "never-answers")
    with (
        served.open("get-log", station, until="sent ") as (_, first),
        served.open("get-log", station, until="queued ") as (waiting, second),
    ):
        sent, queued = (command_id(log) for log in (first, second))
        assert "completed" in ocppdiag(served.home, "cancel", station, queued)
        wait_for("cancelled get_log", second, waiting)
        assert waiting.wait(20) == 1
        assert "too_late" in ocppdiag(served.home, "cancel", station, sent, code=1)
        assert "unknown_command" in ocppdiag(served.home, "cancel", station, "nobodys", code=1)
    assert "goes on without you" in first.read_text()


def command_id(log: Path) -> str:
    found = re.search(r"queued +get_log ([\w-]+)", log.read_text())
    assert found
    return found[1]
