"""Who may come in, judged without a socket: credentials as they are written, and each profile against each way to come."""

from base64 import b64encode
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocppdiag_contracts.security_profile import SecurityProfile
from ocppdiag_contracts.suspicion import Suspicion
from ocppdiag_gateway.admission import RefusedError, misfit, password_of, station_of
from ocppdiag_gateway.caller import Caller
from ocppdiag_gateway.certificate import StationCertificate

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
NONE, BASIC, TLS_BASIC, TLS_CERTIFICATE = SecurityProfile
GOOD = StationCertificate(("Charging Ltd",), ("SN-1",), NOW - HOUR, NOW + HOUR)

PLAIN, TLS, CERTIFIED = (
    Caller("192.0.2.1", tls, certificate) for tls, certificate in [(False, None), (True, None), (True, GOOD)]
)


def basic(text: bytes) -> str:
    return f"Basic {b64encode(text).decode()}"


def judged(profile: SecurityProfile, caller: Caller, organisation: str | None = "Charging Ltd") -> object:
    found = misfit(profile, "SN-1", caller, organisation, NOW)
    return found[0] if found else None


@pytest.mark.parametrize(
    ("profile", "fitting"),
    [(NONE, ()), (BASIC, (PLAIN,)), (TLS_BASIC, (TLS, CERTIFIED)), (TLS_CERTIFICATE, (CERTIFIED,))],
)
def test_a_station_comes_as_its_profile_says_or_not_at_all(
    profile: SecurityProfile, fitting: tuple[Caller, ...]
) -> None:
    for caller in (PLAIN, TLS, CERTIFIED):
        assert judged(profile, caller) == (None if caller in fitting else Suspicion.WRONG_PROFILE)


@pytest.mark.parametrize(
    ("certificate", "why"),
    [
        (StationCertificate(("Other Ltd",), ("SN-1",), NOW - HOUR, NOW + HOUR), "another organisation"),
        (StationCertificate(("Charging Ltd",), ("SN-2",), NOW - HOUR, NOW + HOUR), "another station"),
        (StationCertificate(("Charging Ltd",), ("SN-1",), NOW - HOUR, NOW - HOUR / 2), "expired"),
        (StationCertificate(("Charging Ltd",), ("SN-1",), NOW + HOUR, NOW + 2 * HOUR), "not yet valid"),
    ],
)
def test_a_certificate_that_is_not_the_stations_own_is_a_suspicion(
    certificate: StationCertificate, why: str
) -> None:
    found = misfit(TLS_CERTIFICATE, "SN-1", Caller("192.0.2.1", True, certificate), "Charging Ltd", NOW)
    assert found
    assert found[0] is Suspicion.INVALID_CERTIFICATE
    assert why in found[1]


def test_without_an_organisation_no_certificate_is_good() -> None:
    assert judged(TLS_CERTIFICATE, CERTIFIED, organisation=None) is Suspicion.WRONG_PROFILE


def test_no_header_is_no_password() -> None:
    assert password_of([], "CS-1") is None


@given(st.binary())
def test_a_password_is_any_bytes_with_colons_too(password: bytes) -> None:
    """OCPP-J 1.6, 6.2: raw bytes on the wire."""
    assert password_of([basic(b"CS-1:" + password)], "CS-1") == password


@pytest.mark.parametrize(
    "headers",
    [
        [""],
        ["Basic"],
        ["Basic %%%"],
        ["Bearer abc"],
        [basic(b"CS-1")],
        [basic(b"CS-2:x")],
        [basic(b"cs-1:x")],
        [basic(b":x")],
        [basic(b"CS-1:x"), basic(b"CS-1:x")],
        [basic(b"CS-1:x") + "\u00e9"],
    ],
)
def test_what_cannot_be_read_or_is_for_another_is_refused_in_the_same_words(headers: list[str]) -> None:
    with pytest.raises(RefusedError) as refused:
        password_of(headers, "CS-1")
    assert (refused.value.status, str(refused.value)) == (401, "Unknown station or wrong credentials.")


@given(st.text())
def test_whatever_is_in_a_header_is_read_or_refused(text: str) -> None:
    with suppress(RefusedError):
        password_of([f"Basic {text}"], "CS-1")


@given(st.text())
def test_whatever_is_in_a_path_names_a_station_or_is_refused(text: str) -> None:
    with suppress(RefusedError):
        station = station_of(text)
        assert station.isascii()
        assert not set("/#{}\0\r\n%:") & set(station)
