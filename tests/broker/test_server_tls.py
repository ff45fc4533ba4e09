"""Our TLS on real sockets, by OpenSSL's own client and by Python's: what OCPP demands is there, and nothing weaker."""

import socket
import ssl
from contextlib import suppress
from pathlib import Path

import pytest
from certificates import HOUR, Authority, Pair, rsa
from cryptography.hazmat.primitives.asymmetric.ec import SECP192R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as elliptic_key
from tls_listener import (
    OTHER,
    ROOT,
    SECONDS,
    client,
    each_loop,
    in_order,
    listening,
    negotiating_again,
    openssl,
    refused,
    told,
    until,
)

from ocppdiag_process.tls import ServerTls, TlsError

OF_OCPP = {
    "ECDHE-ECDSA-AES128-GCM-SHA256": "id-ecPublicKey",
    "ECDHE-ECDSA-AES256-GCM-SHA384": "id-ecPublicKey",
    "AES128-GCM-SHA256": "rsaEncryption",
    "AES256-GCM-SHA384": "rsaEncryption",
}
WEAK = "ALL:@SECLEVEL=0"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The authority of everybody who is in order, as a file."""
    return ROOT.save_pem(tmp_path / "root.pem")


@pytest.fixture
def serving(tmp_path: Path, root: Path) -> ServerTls:
    return in_order(tmp_path, root)


@each_loop
@pytest.mark.parametrize("suite", list(OF_OCPP))
def test_each_suite_of_ocpp_is_there_with_the_certificate_that_it_needs(
    serving: ServerTls, root: Path, loop: str, suite: str
) -> None:
    with listening(serving, loop) as port:
        said = openssl(port, root, "-tls1_2", "-cipher", suite, "-servername", "localhost")
    assert f"TLSv1.2 {suite} - new" in said
    assert "Verification: OK" in said
    assert f"PKEY: {OF_OCPP[suite]}" in said
    assert "Compression: NONE" in said


@each_loop
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_a_client_that_names_no_host_gets_in(serving: ServerTls, root: Path, loop: str, version: str) -> None:
    with listening(serving, loop) as port:
        said = openssl(port, root, version, "-noservername")
    assert f"{version.replace('-tls1_', 'TLSv1.')} " in said
    assert "Verification: OK" in said


def test_who_is_in_may_not_negotiate_again(serving: ServerTls, root: Path) -> None:
    with listening(serving) as port:
        said = negotiating_again(port, root)
    assert "RENEGOTIATING" in said
    assert "no renegotiation" in said


def test_who_can_do_everything_gets_forward_secrecy(serving: ServerTls, root: Path) -> None:
    with listening(serving) as port:
        for wish, best in (
            ("ECDSA", "ECDHE-ECDSA-AES128-GCM-SHA256"),
            ("RSA", "ECDHE-RSA-AES128-GCM-SHA256"),
        ):
            suites = (
                f"AES128-GCM-SHA256:AES256-SHA:ECDHE-{wish}-AES256-GCM-SHA384:ECDHE-{wish}-AES128-GCM-SHA256"
            )
            assert f"TLSv1.2 {best} - new" in openssl(port, root, "-tls1_2", "-cipher", suites)


@each_loop
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("-tls1_1", "-cipher", WEAK), "unsupported protocol"),
        (("-tls1", "-cipher", WEAK), "unsupported protocol"),
        (("-tls1_2", "-cipher", "AES128-SHA"), "no shared cipher"),
        (("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"), "no shared cipher"),
        (("-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256"), "no shared cipher"),
        (("-tls1_2", "-cipher", "NULL:@SECLEVEL=0"), "no shared cipher"),
    ],
)
def test_whatever_is_weaker_is_refused(
    serving: ServerTls, root: Path, loop: str, options: tuple[str, ...], reason: str
) -> None:
    with listening(serving, loop) as port:
        said = openssl(port, root, *options)
        until(lambda: bool(serving._newest.loaded.refused))
        assert refused(serving) == {reason}
        assert "Cipher is (NONE)" in said
        assert told(port, client(folder=Path()))[0] == "TLSv1.3"


@each_loop
def test_the_certificate_of_a_client_is_asked_for_and_not_demanded(
    serving: ServerTls, tmp_path: Path, loop: str
) -> None:
    station = ROOT.issue("CS-1")
    with listening(serving, loop) as port:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for shown in (None, station):
                context = client(shows=shown, folder=tmp_path / "station")
                context.maximum_version = version
                assert told(port, context)[2] == (shown.der.hex() if shown else "-")


@each_loop
@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        (OTHER.issue("CS-1"), "unable to get local issuer certificate"),
        (Authority.new("CS-1"), "self-signed certificate"),
        (ROOT.issue("CS-1", begins=-2 * HOUR, lasts=HOUR), "certificate has expired"),
        (ROOT.issue("CS-1", begins=HOUR), "certificate is not yet valid"),
        (ROOT.issue("CS-1", key=rsa(1024)), "EE certificate key too weak"),
    ],
    ids=["of another authority", "of nobody", "expired", "of tomorrow", "of a weak key"],
)
def test_a_wrong_certificate_of_a_client_ends_the_handshake(
    serving: ServerTls, tmp_path: Path, loop: str, shown: Pair, reason: str
) -> None:
    folder = shown.save(tmp_path / "station")
    shows = ("-cert", folder / "tls.crt", "-key", folder / "tls.key", "-cipher", WEAK)
    with listening(serving, loop) as port:
        for version in ("-tls1_2", "-tls1_3"):
            said = openssl(port, tmp_path / "root.pem", version, *shows)
            assert " - new" not in said  # its handshake may be over before ours, but it hears nothing
            until(lambda: bool(serving._newest.loaded.refused))
            assert refused(serving) == {reason}


def test_an_authority_below_another_is_enough(serving: ServerTls, root: Path, tmp_path: Path) -> None:
    below = ROOT.below("Operator")
    ours = ServerTls(serving._certificates, below.save_pem(tmp_path / "operator.pem"))
    with listening(ours) as port:
        station = below.issue("CS-1")
        assert told(port, client(shows=station, folder=tmp_path / "station"))[2] == station.der.hex()
        folder = ROOT.issue("CS-1").save(tmp_path / "other")
        openssl(port, root, "-cert", folder / "tls.crt", "-key", folder / "tls.key")
        assert refused(ours) == {"self-signed certificate in certificate chain"}


def test_without_an_authority_no_certificate_is_asked_for(serving: ServerTls, tmp_path: Path) -> None:
    with listening(ServerTls(serving._certificates)) as port:
        assert told(port, client(shows=OTHER.issue("CS-1"), folder=tmp_path / "station"))[2] == "-"


def test_no_session_is_given_away_as_a_ticket(serving: ServerTls, root: Path, tmp_path: Path) -> None:
    session = tmp_path / "session"
    with listening(serving) as port:
        assert "New Session Ticket" not in openssl(port, root, "-tls1_3", "-sess_out", session)
        assert "TLS session ticket" not in openssl(port, root, "-tls1_2")
    assert not session.exists()


@pytest.mark.parametrize(
    ("pair", "password", "said"),
    [
        (ROOT.server(rsa(1024)), None, "key too small"),
        (ROOT.server(elliptic_key(SECP192R1())), None, "key too small"),
        (ROOT.server(), b"secret", "no certificate with its key in"),
        (Pair(ROOT.server().certificate, ROOT.server().key), None, "key values mismatch"),
        (None, None, "no such file"),
    ],
)
def test_wrong_files_at_the_start_are_named(
    tmp_path: Path, pair: Pair | None, password: bytes | None, said: str
) -> None:
    if pair:
        pair.save(tmp_path / "tls", password)
    with pytest.raises(TlsError) as failed:
        ServerTls([tmp_path / "tls"])
    assert said in str(failed.value)
    assert str(tmp_path / "tls") in str(failed.value)


def test_an_authority_that_is_not_there_is_named(serving: ServerTls, tmp_path: Path) -> None:
    with pytest.raises(TlsError, match="nobody"):
        ServerTls(serving._certificates, tmp_path / "nobody.pem")


@each_loop
def test_who_speaks_no_tls_is_counted_and_hung_up_on(serving: ServerTls, loop: str) -> None:
    with listening(serving, loop) as port:
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", port), SECONDS) as plain, suppress(ConnectionError):
                plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
                assert not plain.recv(100).startswith(b"H")
        until(lambda: serving._newest.loaded.refused.total() == 3)
        assert refused(serving) == {"http request"}
        assert refused(serving) == set()
