"""Wrong use of `ocppdiag station` is said in words, before anything is asked."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ocppdiag_client.cli import BAD_USE
from ocppdiag_local.stations import stations


@pytest.fixture(autouse=True)
def nothing_is_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCPPDIAG_DATA", str(tmp_path))
    monkeypatch.delenv("OCPPDIAG_REDIS_URL", raising=False)
    monkeypatch.delenv("OCPPDIAG_CREDENTIAL_KEY", raising=False)


def refused(*arguments: str) -> str:
    done = CliRunner(env={"COLUMNS": "400", "TERM": "dumb"}).invoke(stations, arguments)
    assert done.exit_code == BAD_USE, (done.exit_code, done.output)
    return done.output


@pytest.mark.parametrize("profile", ["0", "4", "basic", ""])
def test_a_station_has_one_of_three_profiles(profile: str) -> None:
    assert "--profile" in refused("add", "CS-1", "--profile", profile)


@pytest.mark.parametrize("serial", ["", "x" * 65, "a\tb", "a\x1b[31m"])
def test_a_serial_number_is_one_that_a_certificate_can_have(serial: str) -> None:
    said = refused("add", "CS-1", "--profile", "3", "--serial", serial)
    assert "--serial must have 1 to 64 printable characters" in said


@pytest.mark.parametrize("profile", ["1", "2"])
def test_a_serial_number_is_for_certificates(profile: str) -> None:
    said = refused("add", "CS-1", "--profile", profile, "--serial", "SN-1")
    assert "--serial is for profile 3 only" in said


@pytest.mark.parametrize("use", ["add", "rotate", "revoke"])
@pytest.mark.parametrize("station", ["a/b", "", "x" * 49, "a:b", "..", "{a}"])
def test_a_station_has_a_name_that_may_be_one(use: str, station: str) -> None:
    assert "STATION: must be" in refused(use, station)


@pytest.mark.parametrize("use", [("list",), ("add", "CS-1"), ("rotate", "CS-1"), ("revoke", "CS-1")])
def test_where_nothing_is_served_an_address_is_needed(use: tuple[str, ...]) -> None:
    assert "nothing is served on this machine" in refused(*use)
