"""Abuse of uploads: where logs go, under which names, what is in them, and who reads them."""

import asyncio
import http.client
import io
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import aiohttp
import pytest
from bare import bare_station
from canary import everything_published
from charge_point import put
from installation import Installation
from uploading import address, path, receiver, said

from ocppdiag_contracts import Failure, GetLog, Outcome


@pytest.mark.abuse(
    "24 a caller chooses where a log goes", "refused unless operators allow it; no host is looked up"
)
@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "ftp://127.0.0.1/",
        "ftp://127.0.0.1:22/logs/",
        "ftp://127.0.0.1/logs/../secret/",
        "ftp://127.0.0.1/logs/%2e%2e/",
        "ftp://127.0.0.1@evil.example/logs/",
        "ftp://127.1/logs/",
        "ftp://2130706433/logs/",
        "ftp://0x7f000001/logs/",
        "ftp://[::ffff:127.0.0.1]/logs/",
        "ftp://localhost/logs/",
        "ftp://127.0.0.1.rebinding.example/logs/",
        "ftps://127.0.0.1/logs/",
    ],
)  # fmt: skip
async def test_a_log_goes_nowhere_that_operators_have_not_allowed(
    installation: Installation, name: str, location: str
) -> None:
    async with bare_station(installation, name) as station, installation.diagnostics() as diagnostics:
        command = GetLog(station=name, remote_location=location)
        await diagnostics.send(command)
        settled = await asyncio.wait_for(diagnostics.settle(command), 10)
        assert (settled.outcome, settled.failure) == (Outcome.REJECTED, Failure.DESTINATION_NOT_ALLOWED)
        assert station.asked == []


NAMES = [
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/x",
    "%252e%252e%252fx",
    "..%5c..%5cx",
    "%2fetc%2fpasswd",
    "/etc/passwd",
    "C:%5cWindows%5cx",
    "a" * 4096,
    "%00",
    "a%00.log",
    "%0d%0aX: y",
    "CON",
    "NUL.log",
    ".",
    "..",
    "~root",
    "-rf",
    "%ff%fe",
    "%",
    "a%2fb%3fc%23d",
    "x.log?../../y",
]


@pytest.mark.abuse(
    "25 a file name that climbs", "stored under its operation only; the name is text for people"
)
@pytest.mark.parametrize("where", ["path", "header", "form"])
async def test_no_name_for_a_file_leads_anywhere(
    installation: Installation, name: str, tmp_path: Path, where: str
) -> None:
    folder = tmp_path / "logs"
    async with receiver(installation, folder) as door:
        for number, told in enumerate(NAMES):
            at = path(installation, name, f"c{number}")
            disposition = f'Content-Disposition: form-data; name="f"; filename="{told}"\r\n'
            head = f"POST {at}{told if where == 'path' else ''} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            body = "log"
            if where == "header":
                head += disposition
            elif where == "form":
                body = f"--b\r\n{disposition}\r\nlog\r\n--b--\r\n"
                head += "Content-Type: multipart/form-data; boundary=b\r\n"
            answers = await said(door.url, f"{head}Content-Length: {len(body)}\r\n\r\n{body}")
            # What climbs out of its token's folder does not even reach it, and what is no address is no request.
            assert answers in ([201], [404], [400]), told
            kept = {f"c{number}.log", f"c{number}.json"} if answers == [201] else set()
            assert {file.name for file in folder.rglob(f"c{number}.*")} == kept
        kept_files = replace(door, folder=tmp_path).kept()
        assert len(kept_files) > len(NAMES) / 2
        assert {file.parent for file in kept_files} == {folder / name}


@pytest.mark.abuse("25 a file name that climbs", "whatever stands around a token, it is not found")
@pytest.mark.parametrize("form", ["/..{}", "/%2e%2e{}", "/x{}", "/%2F{}", "//{}", "/{}%2e%2e%2f", "/\\{}"])
async def test_nothing_around_a_token_is_taken_for_it(
    installation: Installation, name: str, form: str
) -> None:
    at = form.format(path(installation, name).rstrip("/"))
    request = f"PUT {at} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nlog"
    assert await said(installation.running.upload_url, request) in ([404], [400])
    assert not (installation.logs / name).exists()


@pytest.mark.abuse("25 a link in the folder", "nothing is written through it; 409")
async def test_nothing_is_written_through_a_link_that_lies_in_the_place_of_a_log(
    installation: Installation, name: str, tmp_path: Path
) -> None:
    target = tmp_path / "elsewhere"
    (installation.logs / name).mkdir()
    (installation.logs / name / "c1.log").symlink_to(target)
    assert await asyncio.to_thread(put, address(installation, name), b"log") == 409
    assert not target.exists()


@pytest.mark.abuse("26 after the end", "what comes after the end of a command changes nothing")
async def test_a_log_that_comes_after_its_end_changes_nothing(installation: Installation, name: str) -> None:
    async with (
        everything_published(installation) as published,
        bare_station(installation, name) as station,
        installation.diagnostics() as diagnostics,
    ):
        station.answers = lambda action, _: {"status": "Rejected"} if action == "GetLog" else {}
        command = GetLog(station=name)
        await diagnostics.send(command)
        settled = await asyncio.wait_for(diagnostics.settle(command), 10)
        assert settled.outcome is Outcome.REJECTED
        (asked,) = station.asked
        assert await asyncio.to_thread(put, asked[1]["log"]["remoteLocation"], b"log") == 201
        again = await asyncio.wait_for(diagnostics.settle(command), 10)
        assert again == settled
    told = [body for body in published if command.id.encode() in body]
    assert len(told) == sum(b"command_queued" in body or b"command_s" in body for body in told)
    assert sum(b"command_settled" in body for body in told) == 1


def polyglot() -> bytes:
    """An archive of an archive, of which each member climbs, behind the beginning of a picture."""
    inner, outer = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("../../../climbs"), b"\0" * 10_000_000, zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("../nested.zip"), inner.getvalue())
    return b"GIF89a" + outer.getvalue()


@pytest.mark.abuse(
    "27 archives in archives, polyglots", "stored as they came, byte for byte; nothing is unpacked"
)
@pytest.mark.parametrize("kind", ["application/zip", "application/gzip", "image/gif", "text/html"])
async def test_what_could_be_unpacked_is_not(installation: Installation, name: str, kind: str) -> None:
    async with (
        aiohttp.ClientSession(headers={"Content-Type": kind}) as session,
        session.put(f"{address(installation, name)}x.zip", data=polyglot()) as response,
    ):
        assert response.status == 201
    (stored,) = (installation.logs / name).iterdir()
    assert stored.read_bytes() == polyglot()


@pytest.mark.abuse("28 a stored file is asked for", "405: nothing can be read through the upload door")
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE", "PATCH", "TRACE", "PROPFIND"])
async def test_no_file_is_read_or_changed_through_the_door(
    installation: Installation, name: str, method: str
) -> None:
    url = address(installation, name)
    secret = f"content {uuid4()}".encode()
    assert await asyncio.to_thread(put, url, secret) == 201
    parts = urlsplit(url)
    for at in (parts.path, parts.path.rstrip("/"), f"{parts.path}c1.log", f"/{name}/c1.log"):
        connection = http.client.HTTPConnection(parts.netloc, timeout=10)
        await asyncio.to_thread(connection.request, method, at)
        response = connection.getresponse()
        assert response.status == 405
        assert secret not in response.read()
        connection.close()
    (stored,) = (installation.logs / name).iterdir()
    assert stored.read_bytes() == secret


async def test_a_client_of_others_uploads_with_what_it_is_told(
    installation: Installation, name: str, tmp_path: Path
) -> None:
    """So that the tests above do not say of a closed door that nothing comes through: curl, which asks before it sends."""
    log = tmp_path / "big.log"
    log.write_bytes(b"line\n" * 400_000)
    url = address(installation, name, max_bytes=2**22)
    for way in (["--upload-file", str(log)], ["--form", f"file=@{log}"]):
        command = ["curl", "--silent", "--show-error", "--write-out", "%{http_code}", *way, url]
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, timeout=30, check=True)
        assert done.stdout.endswith(b"201" if "--upload-file" in way else b"409")
