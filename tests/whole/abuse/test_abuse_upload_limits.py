"""Abuse of uploads: how much, how slowly, how many at once, and onto which disk."""

import asyncio
import resource
import time
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest
from charge_point import put
from installation import Installation
from uploading import address, opened, path, receiver, said


@pytest.mark.abuse("26 more than is allowed", "413 before a byte of the 10 GB is read")
async def test_ten_gigabytes_are_refused_before_they_come(installation: Installation, name: str) -> None:
    at = path(installation, name, max_bytes=2**30)
    head = f"PUT {at} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {10 * 2**30}\r\n"
    assert await said(installation.running.upload_url, f"{head}Expect: 100-continue\r\n\r\n") == [413]
    assert await said(installation.running.upload_url, f"{head}\r\nlog", within=25) == [413]
    assert not (installation.logs / name).exists()


@pytest.mark.abuse("26 a length that lies", "408 when less comes; what is beyond it is no part of the file")
async def test_a_length_that_lies_brings_no_file_but_the_one_it_says(
    installation: Installation, name: str, tmp_path: Path
) -> None:
    async with receiver(installation, tmp_path, upload_idle_seconds=0.5) as door:
        head = f"PUT {path(installation, name)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        assert await said(door.url, f"{head}Content-Length: 4\r\n\r\nlog", within=25) == [408]
        assert door.kept() == []
        answers = await said(door.url, f"{head}Content-Length: 3\r\n\r\n", "log", "more")
        assert answers[0] in (201, 400)
        assert [file.read_bytes() for file in door.kept()] in ([b"log"], [])


async def drip(door: str, at: str, seconds: float) -> tuple[list[int], float]:
    """Send a byte every tenth of a second; what was answered, and after how many seconds."""
    reader, writer = await opened(door)
    writer.write(f"PUT {at} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n".encode())
    began = time.monotonic()
    answer = asyncio.ensure_future(reader.readline())
    while not answer.done() and time.monotonic() - began < seconds:
        writer.write(b"x")
        await asyncio.sleep(0.1)
    answer.cancel()
    writer.close()
    await asyncio.gather(answer, writer.wait_closed(), return_exceptions=True)
    assert not answer.cancelled(), "it was still listened to"
    return [int(answer.result().split()[1])], time.monotonic() - began


@pytest.mark.abuse(
    "26 a byte at a time", "408 once it is too slow on the whole, and when its address is over"
)
async def test_a_slow_sender_is_given_up_though_it_is_never_silent(
    installation: Installation, name: str, tmp_path: Path
) -> None:
    async with receiver(installation, tmp_path, upload_idle_seconds=1) as door:
        slow, over = await asyncio.gather(
            drip(door.url, path(installation, name, "slow"), 8),
            drip(door.url, path(installation, name, "over", seconds=-0.1), 8),
        )
        assert slow[0] == [408]
        assert over[0] == [410]
        assert door.kept() == []
    async with receiver(installation, tmp_path, upload_rate=1) as door:
        answers, seconds = await drip(door.url, path(installation, name, "later", seconds=3), 10)
        assert answers == [408]
        assert seconds < 5
        assert door.kept() == []


@pytest.mark.abuse("26 too many at once", "503 with Retry-After for the one too many, of a station or in all")
async def test_who_keeps_many_uploads_open_is_not_in_the_way_of_others(
    installation: Installation, name: str, tmp_path: Path
) -> None:
    async with receiver(installation, tmp_path, upload_limit=6) as door:
        held = [await begun(door.url, path(installation, name, f"c{n}")) for n in range(4)]
        await asyncio.sleep(0.3)
        url = door.url + path(installation, name, "c4")
        async with aiohttp.ClientSession() as session, session.put(url, data=b"log") as response:
            assert response.status == 503
            assert int(response.headers["Retry-After"]) > 0
        for other in ("other-1", "other-2"):
            assert await asyncio.to_thread(put, door.url + path(installation, other), b"log") == 201
            held.append(await begun(door.url, path(installation, other, "c2")))
        await asyncio.sleep(0.3)
        assert await asyncio.to_thread(put, door.url + path(installation, "other-3"), b"log") == 503
        for writer in held:
            writer.close()
        await asyncio.sleep(0.5)
        assert await asyncio.to_thread(put, url, b"log") == 201
        assert len(door.kept()) == 3


async def begun(door: str, at: str) -> asyncio.StreamWriter:
    _, writer = await opened(door)
    writer.write(f"PUT {at} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nlog".encode())
    return writer


@pytest.mark.abuse("26 a full disk", "503 and no remains; the same address works when there is room")
async def test_a_disk_that_takes_no_more_leaves_nothing_behind(
    installation: Installation, name: str, tmp_path: Path
) -> None:
    async with receiver(installation, tmp_path) as door:
        url = door.url + path(installation, name)
        resource.prlimit(door.pid, resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
        assert await asyncio.to_thread(put, url, b"x" * 900_000) == 503
        assert await asyncio.to_thread(put, url, b"x" * 100_001) == 503
        assert door.kept() == []
        resource.prlimit(door.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert await asyncio.to_thread(put, url, b"x" * 900_000) == 201
        assert [file.stat().st_size for file in door.kept()] == [900_000]


@pytest.mark.abuse(
    "26 headers that never end", "closed after 10 s; an upload beside 200 of them is taken at once"
)
async def test_who_never_ends_a_request_is_closed_and_in_nobodys_way(
    installation: Installation, name: str
) -> None:
    slow = [await opened(installation.running.upload_url) for _ in range(200)]
    began = time.monotonic()
    for number, (_, writer) in enumerate(slow):
        writer.write(("PUT / HTTP/1.1\r\nHost: x\r\nX: "[:number]).encode())

    async def keep_on() -> None:
        while True:
            await asyncio.sleep(0.5)
            for _, writer in slow:
                writer.write(b"x")

    going_on = asyncio.create_task(keep_on())
    assert await asyncio.to_thread(put, address(installation, name), b"log") == 201
    assert time.monotonic() - began < 5
    ends = await asyncio.gather(*(asyncio.wait_for(_end(reader), 15) for reader, _ in slow))
    going_on.cancel()
    assert max(ends) - began < 15
    for _, writer in slow:
        writer.close()


async def _end(reader: asyncio.StreamReader) -> float:
    """When there was no more to read."""
    with suppress(ConnectionError):
        await reader.read()
    return time.monotonic()
