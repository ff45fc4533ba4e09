"""TLS renewed while it runs: new files count from the next handshake on, wrong ones never."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from certificates import HOST, rsa
from structlog.testing import capture_logs
from tls_listener import (
    OTHER,
    ROOT,
    client,
    connected,
    each_loop,
    in_order,
    listening,
    openssl,
    refused,
    told,
    until,
)

from ocppdiag_process import tls as room
from ocppdiag_process.metrics import CERTIFICATE_ENDS
from ocppdiag_process.tls import ServerTls


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The authority of everybody who is in order, as a file."""
    return ROOT.save_pem(tmp_path / "root.pem")


@pytest.fixture
def serving(tmp_path: Path, root: Path) -> ServerTls:
    return in_order(tmp_path, root)


@each_loop
def test_a_new_certificate_is_shown_without_a_restart_and_old_connections_live_on(
    serving: ServerTls, tmp_path: Path, loop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "RENEW_SECONDS", 0.05)
    trusting = client(folder=tmp_path)

    def shown(port: int) -> bytes | None:
        with connected(port, trusting) as secure:
            return secure.getpeercert(binary_form=True)

    with listening(serving, loop) as port, connected(port, trusting) as old:
        old.makefile().readline()
        first = old.getpeercert(binary_form=True)
        assert shown(port) == first
        second = ROOT.server()
        second.save(tmp_path / "ecdsa")
        until(lambda: shown(port) == second.der)
        assert second.der != first
        old.sendall(b"still here\n")
        assert old.recv(100) == b"still here\n"


@each_loop
def test_a_new_authority_of_clients_counts_from_the_next_handshake_on(
    serving: ServerTls, tmp_path: Path, root: Path, loop: str
) -> None:
    ours = ROOT.issue("CS-1").save(tmp_path / "ours")
    theirs = OTHER.issue("CS-1").save(tmp_path / "theirs")

    def shows(folder: Path) -> tuple[str | Path, ...]:
        return ("-tls1_2", "-cert", folder / "tls.crt", "-key", folder / "tls.key")

    session, clients = tmp_path / "session", root
    root = ROOT.save_pem(tmp_path / "servers.pem")
    with listening(serving, loop) as port:
        assert " new\n" in openssl(port, root, *shows(ours), "-sess_out", session)
        assert " again\n" in openssl(port, root, *shows(ours), "-sess_in", session)  # so it is known before
        OTHER.save_pem(clients)
        serving.renew()
        said = openssl(port, root, *shows(ours), "-sess_in", session)
        assert " again\n" not in said
        assert " new\n" not in said
        assert " new\n" in openssl(port, root, *shows(theirs))
        serving.renew()
        assert refused(serving) == {"self-signed certificate in certificate chain"}


@pytest.mark.parametrize(
    "spoil", ["no key", "half a key", "another key", "no certificate", "junk in the authority"]
)
def test_wrong_new_files_are_told_once_and_the_old_ones_stay(
    serving: ServerTls, tmp_path: Path, root: Path, spoil: str
) -> None:
    trusting = client(folder=tmp_path)
    folder = tmp_path / "ecdsa"
    before = (folder / "tls.key").read_bytes(), (folder / "tls.crt").read_bytes(), root.read_bytes()
    with listening(serving) as port, capture_logs() as lines:
        first = told(port, trusting)
        match spoil:
            case "no key":
                (folder / "tls.key").unlink()
            case "half a key":
                (folder / "tls.key").write_bytes(before[0][:50])
            case "another key":
                ROOT.server().save(tmp_path / "other")
                (folder / "tls.key").write_bytes((tmp_path / "other" / "tls.key").read_bytes())
            case "no certificate":
                (folder / "tls.crt").write_text("junk")
            case _:
                root.write_text("junk")
        for _ in range(3):
            serving.renew()
        assert told(port, trusting)[:2] == first[:2]
        assert told(port, client(shows=ROOT.issue("CS-1"), folder=tmp_path / "station"))[2] != "-"
        assert [line["event"] for line in lines] == ["tls_not_renewed"]
        assert str(root if "authority" in spoil else folder) in lines[0]["error"]
        for file, content in zip((folder / "tls.key", folder / "tls.crt", root), before, strict=True):
            file.write_bytes(content)
        serving.renew()
        assert [line["event"] for line in lines] == ["tls_not_renewed", "tls_renewed"]
        assert told(port, trusting)[:2] == first[:2]


FIRST = ("the elliptic one", "the RSA one", "one in a chain", "the authority of stations")


@pytest.mark.parametrize("first", FIRST)
def test_the_end_that_is_measured_is_the_first_of_all_that_are_in_use(
    serving: ServerTls, tmp_path: Path, root: Path, first: str
) -> None:
    before = CERTIFICATE_ENDS.read()
    soon = ROOT.issue(HOST, key=rsa() if "RSA" in first else None, lasts=timedelta(hours=2))
    end = {(): soon.certificate.not_valid_after_utc.timestamp()}
    match first:
        case "the elliptic one":
            soon.save(tmp_path / "ecdsa")
        case "the RSA one":
            soon.save(tmp_path / "rsa")
        case "one in a chain":
            replace(ROOT.server(), chain=(soon.certificate,)).save(tmp_path / "ecdsa")
        case _:
            root.write_text(soon.pem)
    assert CERTIFICATE_ENDS.read() == before  # nobody has been shown it yet
    serving.renew()
    assert CERTIFICATE_ENDS.read() == end != before
    ROOT.issue(HOST, lasts=timedelta(minutes=90)).save(tmp_path / "ecdsa")
    (tmp_path / "ecdsa/tls.key").unlink()
    serving.renew()
    assert CERTIFICATE_ENDS.read() == end  # wrong files are not in use


def test_a_certificate_whose_end_cannot_be_read_is_told_of_and_shown(
    serving: ServerTls, tmp_path: Path
) -> None:
    """As `openssl x509 -trustout` writes it, which OpenSSL takes back."""
    file = tmp_path / "ecdsa/tls.crt"
    file.write_text(file.read_text().replace(" CERTIFICATE", " TRUSTED CERTIFICATE"))
    with capture_logs() as lines:
        serving.renew()
    assert [(line["event"], line.get("file")) for line in lines] == [("tls_end_unknown", str(file)), ("tls_renewed", None)]  # fmt: skip
    assert CERTIFICATE_ENDS.read() == {(): ROOT.certificate.not_valid_after_utc.timestamp()}
    with listening(serving) as port:
        assert told(port, client(folder=tmp_path))[0] == "TLSv1.3"
