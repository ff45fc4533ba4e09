"""The upload door with TLS of its own, by clients that are not ours."""

import asyncio
import hashlib
import http.client
import json
import os
import shutil
import ssl
import time
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from certificates import HOST, Authority, rsa
from installation import Installation
from looking import scrape
from uploading import Receiver, path, receiver

from ocppdiag_local.failures import ServicesError

ROOT = Authority.new()
RENEWED_WITHIN = 25


def certificates(folder: Path) -> str:
    """Both kinds, as an operator would name them."""
    return json.dumps(
        [
            str(ROOT.server().save(folder / "ecdsa")),
            str(ROOT.server(rsa()).save(folder / "rsa")),
        ]
    )


def trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=ROOT.pem)
    return context


def port_of(door: Receiver) -> int:
    port = urlsplit(door.url).port
    assert port
    return port


def put(port: int, where: str, body: bytes, context: ssl.SSLContext) -> int:
    connection = http.client.HTTPSConnection("localhost", port, timeout=30, context=context)
    try:
        connection.request("PUT", where, body)
        return connection.getresponse().status
    finally:
        connection.close()


def get_plainly(port: int) -> None:
    connection = http.client.HTTPConnection("localhost", port, timeout=10)
    try:
        connection.request("GET", "/health")
        connection.getresponse()
    finally:
        connection.close()


def shown(port: int) -> bytes:
    return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("localhost", port), timeout=10))


async def curl(*options: str) -> str:
    program = shutil.which("curl")
    if program is None:
        missing = "SKIPPING uploads by another program: there is no `curl` here"
        if os.environ.get("CI"):
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)
    done = await asyncio.create_subprocess_exec(
        program, "--silent", "--max-time", "30", "--noproxy", "*", "--write-out", "%{http_code} %{ssl_verify_result}", *options,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await done.communicate()
    return said.decode().splitlines()[-1]


async def test_a_file_comes_over_https(installation: Installation, tmp_path: Path, name: str) -> None:
    body = os.urandom(3_000_000)
    async with receiver(
        installation, tmp_path / "logs", upload_tls_certificates=certificates(tmp_path)
    ) as door:
        where = path(installation, name, max_bytes=2**23)
        assert await asyncio.to_thread(put, port_of(door), where, body, trusting()) == 201
        assert await asyncio.to_thread(put, port_of(door), where, body, trusting()) == 409
        (stored,) = (tmp_path / "logs" / name).iterdir()
        assert hashlib.sha256(stored.read_bytes()).digest() == hashlib.sha256(body).digest()
        with pytest.raises((ConnectionError, http.client.BadStatusLine)):
            await asyncio.to_thread(get_plainly, port_of(door))


@pytest.mark.parametrize("suite", ["ECDHE-ECDSA-AES128-GCM-SHA256", "AES256-GCM-SHA384"])
async def test_another_program_uploads_with_ocpps_suites(
    installation: Installation, tmp_path: Path, name: str, suite: str
) -> None:
    root, log = ROOT.save_pem(tmp_path / "root.pem"), tmp_path / "a.log"
    log.write_bytes(os.urandom(2_000_000))  # so much that it asks first (Expect: 100-continue)
    async with receiver(
        installation, tmp_path / "logs", upload_tls_certificates=certificates(tmp_path)
    ) as door:
        url = f"https://localhost:{port_of(door)}{path(installation, name, max_bytes=2**23)}"
        said = await curl(
            "--cacert", str(root), "--tls-max", "1.2", "--ciphers", suite, "--upload-file", str(log), url
        )
    assert said == "201 0"
    (stored,) = (tmp_path / "logs" / name).iterdir()
    assert stored.read_bytes() == log.read_bytes()


async def test_a_renewed_certificate_is_shown_and_measured_and_who_is_silent_is_hung_up_on(
    installation: Installation, tmp_path: Path
) -> None:
    async with receiver(
        installation, tmp_path / "logs", upload_tls_certificates=certificates(tmp_path), metrics_port=0
    ) as door:
        began = time.monotonic()
        silent, writer = await asyncio.open_connection("localhost", port_of(door))
        renewed = ROOT.issue(HOST, lasts=timedelta(hours=2))
        renewed.save(tmp_path / "ecdsa")
        while await asyncio.to_thread(shown, port_of(door)) != renewed.der:
            assert time.monotonic() - began < RENEWED_WITHIN
            await asyncio.sleep(0.2)
        assert await asyncio.wait_for(silent.read(), 10) == b""
        assert time.monotonic() - began < RENEWED_WITHIN
        writer.close()
        (eyes,) = (line["metrics_port"] for line in door.lines if line["event"] == "metrics_listening")
        ends = (await scrape(eyes)).value("ocppdiag_tls_certificate_not_after_timestamp_seconds")
        assert ends == renewed.certificate.not_valid_after_utc.timestamp()
        assert [line for line in door.lines if line["event"] == "tls_renewed"]


async def test_a_wrong_certificate_is_named_at_the_start(installation: Installation, tmp_path: Path) -> None:
    with pytest.raises(ServicesError, match="no certificate with its key in"):
        async with receiver(
            installation, tmp_path / "logs", upload_tls_certificates=json.dumps([str(tmp_path / "nowhere")])
        ):
            pass
