"""A station's certificate, read from all that proxies write and judged by OCPP's rules."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from certificates import HOUR, ORGANISATION, Authority, rsa
from hypothesis import given
from hypothesis import strategies as st

from ocppdiag_gateway.certificate import StationCertificate, read, read_header

ROOT = Authority.new()
STATION = ROOT.issue("CS-1")
NOW = datetime.now(UTC)

BASE64 = b64encode(STATION.der).decode()
PEM = STATION.pem
ONE_LINE = " ".join(PEM.split("\n"))
ENVOY = 'Hash=0a1b;Cert="{}";Subject="CN=CS-1,O=\\"x\\"";URI=;DNS=a.example;DNS=b.example'
WRITTEN = {
    "RFC 9440": f":{BASE64}:",
    "bare base64": BASE64,
    "bare base64, escaped": quote(BASE64, safe=""),
    "PEM of one line": ONE_LINE,
    "PEM of folded lines": PEM.strip().replace("\n", "\n\t"),
    "PEM, escaped": quote(PEM, safe=""),
    "PEM, escaped as little as may be": quote(PEM, safe="/+="),
    "Envoy": ENVOY.format(quote(PEM, safe="")),
    "Envoy, only that": f'Cert="{quote(PEM, safe="")}"',
}
NOT_ONE = {
    "nothing": "",
    "words": "CN=CS-1,O=Charging Ltd",
    "two in a row": f":{BASE64}:, :{BASE64}:",
    "two PEM": PEM + PEM,
    "two of Envoy": ",".join([ENVOY.format(quote(PEM, safe=""))] * 2),
    "two Certs in one": ENVOY.format(quote(PEM, safe="")) + f';Cert="{quote(PEM, safe="")}"',
    "Envoy without": 'Hash=0a1b;Subject="CN=CS-1"',
    "Envoy, in its subject": f'Hash=0a1b;Subject="CN=x\\";Cert=\\"{quote(PEM, safe="")}\\""',
    "Envoy's chain": f'Hash=0a1b;Chain="{quote(PEM, safe="")}"',
    "half": f":{BASE64[: len(BASE64) // 8 * 4]}:",
    "more than one needs": f":{b64encode(STATION.der + b'x').decode()}:",
    "a key": "-----BEGIN PRIVATE KEY-----AAAA-----END PRIVATE KEY-----",
    "escaped twice": quote(quote(PEM, safe=""), safe=""),
    "Envoy, cut off": f'Cert="{quote(PEM, safe="")}";Subject="CN=',
    "null": "(null)",
}


def test_what_counts_is_read_from_der() -> None:
    assert read(STATION.der) == StationCertificate(
        (ORGANISATION,),
        ("CS-1",),
        STATION.certificate.not_valid_before_utc,
        STATION.certificate.not_valid_after_utc,
    )
    assert read(ROOT.issue("CS-1", key=rsa()).der) is not None


@pytest.mark.parametrize("form", list(WRITTEN))
def test_every_form_in_which_proxies_write_it_is_understood(form: str) -> None:
    assert read_header(WRITTEN[form]) == read(STATION.der)
    assert read_header(f" {WRITTEN[form]} ") == read(STATION.der)


@pytest.mark.parametrize("form", list(NOT_ONE))
def test_whatever_is_not_exactly_one_certificate_is_none(form: str) -> None:
    assert read_header(NOT_ONE[form]) is None


def test_a_certificate_of_a_version_that_nobody_knows_is_none() -> None:
    third, tenth = bytes.fromhex("a003020102"), bytes.fromhex("a003020109")
    assert read(STATION.der.replace(third, tenth, 1)) is None


def test_a_certificate_whose_names_are_written_in_bits_is_none() -> None:
    text, bits = b"\x0c\x0cCharging Ltd", b"\x03\x0cCharging Ltd"
    assert text in STATION.der
    assert read(STATION.der.replace(text, bits)) is None


@given(st.binary(max_size=300) | st.just(STATION.der), st.data())
def test_any_bytes_are_a_certificate_or_none(der: bytes, data: st.DataObject) -> None:
    changed = bytearray(der)
    for _ in range(data.draw(st.integers(0, 3))):
        if changed:
            changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    found = read(bytes(changed))
    assert found is None or isinstance(found, StationCertificate)


@given(
    st.text(max_size=400) | st.sampled_from(list(WRITTEN.values())), st.text(max_size=5), st.integers(0, 400)
)
def test_any_text_of_a_header_is_a_certificate_or_none(text: str, spoil: str, where: int) -> None:
    spoilt = text[:where] + spoil + text[where + len(spoil) :]
    found = read_header(spoilt)
    assert found is None or isinstance(found, StationCertificate)


@given(st.integers(1, 20_000))
def test_a_long_header_is_read_in_time_that_grows_with_its_length(length: int) -> None:
    for piece in ("a=", '"', "\\", ";", "a=b;", 'a="\\', "-----BEGIN CERTIFICATE-----", "%"):
        assert read_header(piece * (length // len(piece))) is None


def test_a_certificate_is_good_for_its_own_station_of_the_operator_and_now() -> None:
    certificate = read(STATION.der)
    assert certificate is not None
    assert certificate.fault(ORGANISATION, "CS-1", NOW) is None
    for organisation, serial in ((ORGANISATION, "CS-2"), (ORGANISATION, "cs-1"), (ORGANISATION, "")):
        assert certificate.fault(organisation, serial, NOW) == "certificate of another station"
    for organisation in ("Charging", "charging ltd", ""):
        assert certificate.fault(organisation, "CS-1", NOW) == "certificate of another organisation"


@pytest.mark.parametrize(
    ("begins", "lasts", "fault"),
    [
        (-HOUR, 2 * HOUR, None),
        (-2 * HOUR, HOUR, "certificate expired"),
        (HOUR, HOUR, "certificate not yet valid"),
    ],
)
def test_a_certificate_is_good_between_its_dates(
    begins: timedelta, lasts: timedelta, fault: str | None
) -> None:
    certificate = read(ROOT.issue("CS-1", begins=begins, lasts=lasts).der)
    assert certificate is not None
    assert certificate.fault(ORGANISATION, "CS-1", NOW) == fault


def test_it_may_name_several_organisations_and_must_name_one_station() -> None:
    both = read(ROOT.issue("CS-1", organisations=("Maker", ORGANISATION)).der)
    assert both is not None
    assert both.fault(ORGANISATION, "CS-1", NOW) is None
    for names in ((), ("CS-1", "CS-2"), ("CS-2", "CS-1"), ("CS-1", "CS-1")):
        certificate = read(ROOT.issue(*names).der)
        assert certificate is not None
        assert certificate.fault(ORGANISATION, "CS-1", NOW) == "certificate of another station"
    nobody = read(ROOT.issue("CS-1", organisations=()).der)
    assert nobody is not None
    assert nobody.fault(ORGANISATION, "CS-1", NOW) == "certificate of another organisation"
