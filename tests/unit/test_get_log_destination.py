"""A command's own destination is only used where operators allow it, and no way of writing it gets around that."""

import pytest
from operations import REQUEST_ID, STATION, Life, answered, begun, called
from pydantic import ValidationError

from ocppdiag_contracts.commands import GetLog
from ocppdiag_contracts.events import LogElsewhere
from ocppdiag_ocpp.messages.get_log import GetLogRequest
from ocppdiag_workers.calls import DESTINATION_NOT_ALLOWED
from ocppdiag_workers.feature import Ask, House, NotAskableError
from ocppdiag_workers.features import get_log

ALLOWED = (
    "https://good.example/logs/",
    "sftp://archive.example:2222/in/",
    "ftp://files.example/",
)


def asked(location: str, destinations: tuple[str, ...] = ALLOWED) -> str:
    command = GetLog(id="c1", station=STATION, remote_location=location)
    return _location(command, House(upload_key=b"k" * 32, destinations=destinations))


def _location(command: GetLog, house: House) -> str:
    ask = get_log.ask(begun(command), house)
    assert isinstance(ask, Ask)
    assert isinstance(ask.request, GetLogRequest)
    return ask.request.log.remote_location


@pytest.mark.parametrize(
    "location",
    [
        "https://good.example/logs/",
        "https://good.example/logs/2026/01/",
        "https://good.example/logs/?token=a%20b&to=../x",
        "https://me:pass%40word@good.example/logs/in",
        "https://GOOD.example/logs/",
        "sftp://u:p@archive.example:2222/in/cs-1/",
        "ftp://files.example",
        "ftp://files.example/a..b/c",
    ],
)
def test_what_lies_under_an_allowed_beginning_goes_to_the_station_as_it_was_written(location: str) -> None:
    assert asked(location) == location


@pytest.mark.abuse(
    "24 a caller chooses where a log goes", "no way of writing an address gets around the allow-list"
)
@pytest.mark.parametrize(
    "location",
    [
        "https://good.example.evil/logs/",
        "https://good.example.evil.example/logs/",
        "https://good.examplelogs/",
        "https://evil/https://good.example/logs/",
        "https://evil/?https://good.example/logs/",
        "https://good.example@evil/logs/",
        "https://good.example:443@evil/logs/",
        "https://good.example%2F@evil/logs/",
        "https://u:good.example@evil/logs/",
        "https://evil\\@good.example/logs/",
        "https://good.example\\.evil/logs/",
        "https://good.example/logs\\..\\..\\etc",
        "https://good.example/",
        "https://good.example/log",
        "https://good.example/logsX",
        "https://good.example/LOGS/",
        "https://good.example//logs/",
        "https://good.example/logs/../secret",
        "https://good.example/logs/..",
        "https://good.example/logs/../../",
        "https://good.example/logs/..;/secret",
        "https://good.example/logs/%2e%2e/secret",
        "https://good.example/logs/%2E%2E%2Fsecret",
        "https://good.example/logs/a%2f..%2fb",
        "https://good.example/x/../logs/",
        "https://good.example:8443/logs/",
        "https://good.example:22/logs/",
        "http://good.example/logs/",
        "sftp://archive.example/in/",
        "sftp://archive.example:22/in/",
        "sftp://archive.example:22222/in/",
        "ftps://files.example/",
        "ftp://files.example.evil/",
        "ftp://files.example:21@evil/",
    ],
)
def test_nothing_else_does(location: str) -> None:
    with pytest.raises(NotAskableError) as refusal:
        asked(location)
    assert refusal.value.reason == DESTINATION_NOT_ALLOWED


@pytest.mark.abuse("24 a caller chooses where a log goes", "refused unless operators allow it")
@pytest.mark.parametrize(
    "location", ["https://good.example/logs/", "ftp://127.0.0.1/", "http://localhost:80/x"]
)
def test_nothing_is_allowed_unless_operators_say_so(location: str) -> None:
    with pytest.raises(NotAskableError):
        asked(location, ())


@pytest.mark.abuse(
    "24 a caller chooses where a log goes",
    "invalid_command for file:, fragments, blanks, letters that look like others",
)
@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "https:///logs/",
        "https://good.example/logs/#x",
        "https://good.example/lo gs/",
        "https://good.example/logs/\r\nHost: evil",
        "https://good.example:99999/logs/",
        "https://g\u043e\u043ed.example/logs/",
        "//good.example/logs/",
    ],
)
def test_what_is_no_such_address_is_no_command(location: str) -> None:
    with pytest.raises(ValidationError):
        GetLog(station=STATION, remote_location=location)


def test_without_one_the_log_comes_to_us_whatever_is_allowed() -> None:
    command = GetLog(id="c1", station=STATION)
    for destinations in ((), ALLOWED):
        house = House(upload_url="https://up.example", upload_key=b"k" * 32, destinations=destinations)
        assert _location(command, house).startswith("https://up.example/")


def test_the_upload_address_fits_a_remote_location_and_is_a_directory() -> None:
    house = House(upload_url="https://" + "u" * 142, upload_key=b"k" * 32)
    location = _location(GetLog(id="c1", station=STATION), house)
    assert location.endswith("/")
    assert len(location) <= 512


def test_a_log_that_went_elsewhere_ends_with_its_host_and_none_of_its_secrets() -> None:
    location = "sftp://me:hunter2@archive.example:2222/in/hunter2"
    life = Life(GetLog(id="c1", station=STATION, remote_location=location))
    life.hear(answered({"status": "Accepted", "filename": "a.log"}))
    life.notified(called("LogStatusNotification", {"status": "Uploaded", "requestId": REQUEST_ID}))
    assert life.end.result == LogElsewhere(host="archive.example", filename="a.log")
    assert not any("hunter2" in event.model_dump_json() for event in life.told)
