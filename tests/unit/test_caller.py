"""Who calls: what a proxy of the operator's says counts, and what anybody else says never does."""

from base64 import b64encode
from ipaddress import ip_network
from urllib.parse import quote

import pytest
from certificates import Authority
from hypothesis import given
from hypothesis import strategies as st
from websockets.datastructures import Headers

from ocppdiag_gateway.caller import Caller, Trust, caller_of
from ocppdiag_gateway.certificate import read

ROOT = Authority.new()
STATION, OTHER = ROOT.issue("CS-1"), ROOT.issue("CS-2")
HEADER = "X-Client-Cert"
TRUST = Trust((ip_network("10.0.0.0/8"), ip_network("fd00::/8")), HEADER)
PROXY, STRANGER = "10.1.2.3", "203.0.113.7"
FORWARDED = f":{b64encode(STATION.der).decode()}:"

addresses = st.ip_addresses().map(str)
strangers = (
    st.ip_addresses()
    .filter(lambda address: not TRUST.takes_word_of(address) and not getattr(address, "ipv4_mapped", None))
    .map(str)
)
claims = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["X-Forwarded-For", "Forwarded", "X-Real-IP"]),
            addresses | st.text("0123456789.,:[]%a ", max_size=40),
        ),
        st.tuples(st.just("X-Forwarded-Proto"), st.sampled_from(["https", "http", "wss", "https, http", ""])),
        st.tuples(
            st.sampled_from([HEADER, "X-Forwarded-Client-Cert", "Client-Cert"]),
            st.sampled_from([FORWARDED, f'Cert="{quote(STATION.pem)}"', quote(STATION.pem), "junk"]),
        ),
    ),
    max_size=6,
)


def headers(*pairs: tuple[str, str]) -> Headers:
    return Headers(pairs)


@given(
    peer=strangers,
    tls=st.booleans(),
    der=st.sampled_from([None, STATION.der, OTHER.der, b"junk"]),
    said=claims,
)
def test_what_a_stranger_says_of_itself_changes_nothing(
    *, peer: str, tls: bool, der: bytes | None, said: list[tuple[str, str]]
) -> None:
    silent = caller_of(peer, tls=tls, certificate=der, headers=headers(), trust=TRUST)
    assert caller_of(peer, tls=tls, certificate=der, headers=headers(*said), trust=TRUST) == silent
    assert silent == Caller(peer, tls, read(der) if tls and der else None)


@given(addresses, claims)
def test_without_proxies_nobody_is_believed(peer: str, said: list[tuple[str, str]]) -> None:
    trust = Trust((), HEADER)
    silent = caller_of(peer, tls=False, certificate=None, headers=headers(), trust=trust)
    assert caller_of(peer, tls=False, certificate=None, headers=headers(*said), trust=trust) == silent


@given(strangers, st.lists(st.sampled_from([PROXY, "10.9.9.9", "fd00::1"]), max_size=3), claims)
def test_what_a_stranger_tells_a_proxy_that_adds_to_it_does_not_move_its_address(
    stranger: str, proxies: list[str], said: list[tuple[str, str]]
) -> None:
    forged = [pair for pair in said if pair[0] == "X-Forwarded-For"]
    added = ("X-Forwarded-For", ", ".join([stranger, *proxies]))
    caller = caller_of(PROXY, tls=False, certificate=None, headers=headers(*forged, added), trust=TRUST)
    assert caller.address == stranger


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ([], PROXY),
        ([""], PROXY),
        (["unknown"], PROXY),
        ([STRANGER], STRANGER),
        ([f"198.51.100.1, {STRANGER}"], STRANGER),
        (["198.51.100.1", STRANGER], STRANGER),
        ([f"{STRANGER}, 10.4.4.4,10.5.5.5"], STRANGER),
        (["10.4.4.4, 10.5.5.5"], "10.4.4.4"),
        (["junk, 10.5.5.5"], "10.5.5.5"),
        ([f"{STRANGER}:51234"], STRANGER),
        (["[2001:db8::1]:51234, fd00::2"], "2001:db8::1"),
        (["2001:db8::1"], "2001:db8::1"),
        (["2001:db8::1%words of anybody's"], "2001:db8::1"),
        ([f"::ffff:{STRANGER}, ::ffff:10.4.4.4"], STRANGER),
    ],
)
def test_the_way_back_ends_at_the_first_that_is_no_proxy(told: list[str], address: str) -> None:
    said = headers(*(("X-Forwarded-For", value) for value in told))
    for peer in (PROXY, f"::ffff:{PROXY}"):
        assert caller_of(peer, tls=False, certificate=None, headers=said, trust=TRUST).address == address


@pytest.mark.parametrize(
    ("told", "tls"),
    [
        ([], False), ([""], False), (["http"], False), (["ws"], False), (["https"], True), (["HTTPS"], True),
        (["wss"], True), (["https, https"], True), (["https, http"], False), (["https", "http"], False),
        (["http,https"], False), (["httpsx"], False),
    ],
)  # fmt: skip
def test_a_station_behind_a_proxy_is_secure_when_every_hop_was(*, told: list[str], tls: bool) -> None:
    said = headers(*(("X-Forwarded-Proto", value) for value in told))
    for transport in (True, False):
        assert caller_of(PROXY, tls=transport, certificate=None, headers=said, trust=TRUST).tls is tls


def test_a_proxy_hands_on_a_certificate_and_its_own_is_not_the_stations() -> None:
    secure = ("X-Forwarded-Proto", "https")
    said = headers(secure, (HEADER.lower(), FORWARDED))
    assert caller_of(PROXY, tls=True, certificate=OTHER.der, headers=said, trust=TRUST).certificate == read(
        STATION.der
    )
    assert (
        caller_of(PROXY, tls=True, certificate=OTHER.der, headers=headers(secure), trust=TRUST).certificate
        is None
    )


@pytest.mark.parametrize(
    "said",
    [
        [("X-Forwarded-Proto", "https"), (HEADER, FORWARDED), (HEADER, FORWARDED)],
        [("X-Forwarded-Proto", "https"), (HEADER, f"{FORWARDED}, {FORWARDED}")],
        [("X-Forwarded-Proto", "https"), ("X-Other-Cert", FORWARDED)],
        [("X-Forwarded-Proto", "http"), (HEADER, FORWARDED)],
        [(HEADER, FORWARDED)],
    ],
)
def test_a_certificate_comes_once_in_its_header_and_over_tls(said: list[tuple[str, str]]) -> None:
    caller = caller_of(PROXY, tls=True, certificate=None, headers=headers(*said), trust=TRUST)
    assert caller.certificate is None


def test_no_certificate_is_taken_from_a_header_that_nobody_has_named() -> None:
    said = headers(("X-Forwarded-Proto", "https"), (HEADER, FORWARDED))
    trust = Trust(TRUST.proxies)
    assert caller_of(PROXY, tls=False, certificate=None, headers=said, trust=trust).certificate is None


@pytest.mark.parametrize(
    ("peer", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_a_network_is_what_one_customer_of_a_provider_has(peer: str, network: str) -> None:
    caller = caller_of(peer, tls=False, certificate=None, headers=headers(), trust=TRUST)
    assert caller.network == network
