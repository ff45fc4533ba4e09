"""The upload door, by HTTP clients of others: what comes in, what does not, and what is never seen."""

import asyncio
import gzip
import http.client
import os
import time
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from charge_point import put
from installation import Installation
from outages import until
from uploading import address, receiver

from ocppdiag_contracts import GetLog, LogFile, Outcome
from ocppdiag_contracts.topology import OWNER
from ocppdiag_contracts.upload_token import UploadToken, sign
from ocppdiag_uploads.store import RECORDS


@pytest.mark.abuse("26 a second upload", "409, and the first stays")
async def test_an_address_works_once(installation: Installation, name: str) -> None:
    url = address(installation, name)
    assert await asyncio.to_thread(put, url, b"first") == 201
    assert await asyncio.to_thread(put, url, b"second") == 409
    assert await asyncio.to_thread(put, f"{url}other-name.log", b"third") == 409
    (stored,) = (installation.logs / name).iterdir()
    assert stored.read_bytes() == b"first"


@pytest.mark.abuse("26 a second upload", "of several at once one is stored, whole; 409 for the others")
async def test_of_two_uploads_at_once_one_is_stored_whole(installation: Installation, name: str) -> None:
    url = address(installation, name)
    bodies = [os.urandom(900_000) for _ in range(4)]
    answers = await asyncio.gather(*(asyncio.to_thread(put, url, body) for body in bodies))
    assert sorted(answers) == [201, 409, 409, 409]
    (stored,) = (installation.logs / name).iterdir()
    assert stored.read_bytes() == bodies[answers.index(201)]


@pytest.mark.abuse("24 an address made up", "404: only what we have signed is an address")
@pytest.mark.parametrize("spoil", ["cut", "changed", "other key"])
async def test_a_token_that_is_not_ours_is_not_found(
    installation: Installation, name: str, spoil: str
) -> None:
    url = address(installation, name)
    if spoil == "cut":
        url = url[:-3] + "/"
    elif spoil == "changed":
        url = url[:-2] + ("A" if url[-2] != "A" else "B") + "/"
    else:
        token = UploadToken(station=name, tag="c1", owner=OWNER, expires=2**31, max_bytes=10)
        url = f"{installation.running.upload_url}/{sign(token, b'another key of 32 characters 123')}/"
    assert await asyncio.to_thread(put, url, b"x") == 404
    assert not (installation.logs / name).exists()


@pytest.mark.abuse("26 after its time", "410")
async def test_an_address_past_its_deadline_is_gone(installation: Installation, name: str) -> None:
    assert await asyncio.to_thread(put, address(installation, name, seconds=-5), b"x") == 410


@pytest.mark.abuse("26 more than is allowed", "413, announced or not, and nothing stays")
async def test_too_much_is_refused_announced_or_not(installation: Installation, name: str) -> None:
    url = address(installation, name, max_bytes=1000)
    assert await asyncio.to_thread(put, url, b"x" * 1001) == 413

    async def unannounced() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 100

    async with aiohttp.ClientSession() as session:
        async with session.put(url, data=unannounced()) as response:
            assert response.status == 413
        form = aiohttp.FormData()
        form.add_field("uploadfile", b"x" * 2000, filename="a.log")
        async with session.post(url, data=form) as response:
            assert response.status == 413
    assert not list((installation.logs / name).glob("*"))
    assert not list(installation.logs.glob(".incoming~/*"))
    assert await asyncio.to_thread(put, url, b"x" * 1000) == 201


@pytest.mark.abuse(
    "25 a file name that climbs", "stored under its operation only; the name is text for people"
)
@pytest.mark.parametrize(
    "tail", ["../../../etc/passwd", "%2e%2e%2f%2e%2e%2fx", "..%5c..%5cx", "a" * 4000, "CON", "a%00b"]
)
async def test_a_file_name_never_becomes_a_path(installation: Installation, name: str, tail: str) -> None:
    url = address(installation, name)
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    await asyncio.to_thread(connection.request, "PUT", parts.path + tail, b"log")
    status = connection.getresponse().status
    connection.close()
    found = sorted(path for path in installation.logs.rglob("*") if path.is_file() and name in str(path))
    # A path that climbs out of its token's folder does not even reach it.
    stored = [f"{RECORDS}/{name}/c1.json", f"{name}/c1.log"]
    assert (status, [str(path.relative_to(installation.logs)) for path in found]) in (
        (201, stored),
        (404, []),
        (400, []),
    )


async def test_a_client_that_asks_first_is_answered_before_it_sends(
    installation: Installation, name: str
) -> None:
    async def ask(url: str) -> bytes:
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(
            f"PUT {parts.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n".encode()
        )
        status = (await asyncio.wait_for(reader.readline(), 5)).split()[1]
        if status == b"100":
            await reader.readline()
            writer.write(b"log")
            status += b" " + (await asyncio.wait_for(reader.readline(), 5)).split()[1]
        writer.close()
        await writer.wait_closed()
        return status

    assert await ask(address(installation, name)) == b"100 201"
    assert await ask(address(installation, name)) == b"409"
    assert await ask(f"{installation.running.upload_url}/nonsense/") == b"404"


@pytest.mark.abuse("29 a secret in a log", "no password, key or address in any line of any process")
async def test_no_secret_is_ever_said(installation: Installation, name: str) -> None:
    """The password, the keys and the upload address, through a whole operation at level debug."""
    async with installation.station(name) as station, installation.diagnostics() as diagnostics:
        command = GetLog(station=name)
        await diagnostics.send(command)
        settled = await asyncio.wait_for(diagnostics.settle(command), 20)
        assert settled.outcome is Outcome.COMPLETED
        password = station._password
    said = installation.everything_said()
    assert name in said
    assert password
    secrets = [
        password,
        installation.keys.upload_key,
        installation.keys.credential_key,
        installation.running.upload_url,
    ]
    assert not [secret for secret in secrets if secret in said]


@pytest.mark.abuse("29 a secret in a log", "a request that is none is not quoted")
async def test_a_broken_request_line_does_not_put_its_token_into_the_log(
    installation: Installation, name: str
) -> None:
    url = address(installation, name)
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"PUT {parts.path}my log.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx".encode())
    assert b" 400 " in await asyncio.wait_for(reader.readline(), 5)
    writer.close()
    await writer.wait_closed()
    await asyncio.sleep(0.3)
    assert parts.path.strip("/") not in installation.everything_said()


@pytest.mark.abuse("27 gzip bombs", "stored as they came; nothing is unpacked")
async def test_a_compressed_upload_is_stored_as_it_came(installation: Installation, name: str) -> None:
    packed = gzip.compress(b"x" * 5_000_000)
    async with (
        aiohttp.ClientSession() as session,
        session.put(
            address(installation, name), data=packed, headers={"Content-Encoding": "gzip"}
        ) as response,
    ):
        assert response.status == 201
    (stored,) = (installation.logs / name).iterdir()
    assert stored.read_bytes() == packed


async def test_the_stored_file_is_what_was_sent(installation: Installation, name: str) -> None:
    async with installation.station(name, "uploads-too-much"), installation.diagnostics() as diagnostics:
        command = GetLog(station=name)
        await diagnostics.send(command)
        settled = await asyncio.wait_for(diagnostics.settle(command), 30)
    assert isinstance(settled.result, LogFile)
    (stored,) = (installation.logs / name).iterdir()
    assert settled.result.size == stored.stat().st_size == 8 * 2**20
    assert settled.result.sha256 == sha256(stored.read_bytes()).hexdigest()
    assert stored.stat().st_mode & 0o007 == 0


async def test_a_receiver_deletes_what_was_kept_long_enough_and_tells_how_many(
    installation: Installation, tmp_path: Path
) -> None:
    for name, days in (("old", 9), ("new", 7)):
        log = tmp_path / "CS-1" / f"{name}.log"
        log.parent.mkdir(exist_ok=True)
        log.write_bytes(b"log")
        os.utime(log, (time.time() - days * 86400,) * 2)
    async with receiver(installation, tmp_path, upload_keep_days=8) as door:
        await until(lambda: any(line.get("event") == "logs_deleted" for line in door.lines))
        (told,) = [line for line in door.lines if line.get("event") == "logs_deleted"]
    assert (told["count"], told["days"]) == (1, 8)
    assert [kept.name for kept in door.kept()] == ["new.log"]
