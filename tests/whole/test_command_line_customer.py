"""A support engineer at a terminal: what a station knows of a customer, on his screen and on nobody else's."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from engineer import Served, both, ocppdiag, serving, wait_for

from ocppdiag_local.services import Services
from ocppdiag_station.customers import CUSTOMERS

CENTRAL, LONG = CUSTOMERS[0].text, CUSTOMERS[1].text


@pytest.fixture(scope="module")
def served(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(services, tmp_path_factory.mktemp("customers")) as terminal:
        yield terminal


def test_a_customer_is_told_of_to_who_asks_and_to_no_onlooker(served: Served, name: str) -> None:
    station = served.station(name)
    with served.open("watch", f"*.{station}", until="") as (process, log):
        # Until it listens: it has heard of a command.
        while "command" not in log.read_text() and "queued" not in log.read_text():
            ocppdiag(served.home, "trigger-log-status", station)
        text = ocppdiag(served.home, "customer-information", station, "--report", "--customer", "Müller")
        wait_for("completed customer_information", log, process)
    assert LONG in text
    assert "received  3 parts" in text
    watched = log.read_text()
    assert "received  3 parts" in watched
    assert "kWh" not in watched
    assert "kWh" not in (served.folder / "serve.log").read_text()
    assert "Müller" not in (served.folder / "serve.log").read_text()


def test_a_customer_may_be_named_from_standard_input_or_a_file(
    served: Served, name: str, tmp_path: Path
) -> None:
    station = served.station(name)
    about = ["customer-information", station, "--report", "--id-token-type", "Central", "--id-token"]
    text, _ = both(served.home, *about, "-", given="100000C01\n")
    assert CENTRAL in text
    file = tmp_path / "token"
    file.write_text("100000C01\n")
    events = [json.loads(line) for line in ocppdiag(served.home, *about, f"@{file}", "--json").splitlines()]
    assert events[-1]["result"]["data"] == CENTRAL


def test_a_customer_is_cleared_and_taken_off_the_local_list(served: Served, name: str) -> None:
    station = served.station(name)
    token = ["--id-token", "100000C01", "--id-token-type", "Central"]
    cleared = ocppdiag(
        served.home, "customer-information", station, "--clear", "--local-list-version", "1", *token
    )
    assert "the station's local list: Accepted" in cleared
    assert CENTRAL not in ocppdiag(served.home, "customer-information", station, "--report", *token)


def test_a_customer_may_be_named_by_a_certificate(served: Served, name: str) -> None:
    station = served.station(name)
    certificate = f"SHA256:{'a1' * 32}:{'b2' * 32}:0badcafe"
    text = ocppdiag(served.home, "customer-information", station, "--report", "--certificate", certificate)
    assert CENTRAL in text
