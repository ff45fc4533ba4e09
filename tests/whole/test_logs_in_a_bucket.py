"""Logs go through upload receivers into a bucket of a real server, through its troubles and theirs."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, suppress
from hashlib import sha256
from http import HTTPStatus

import aiohttp
import pytest
from buckets import BUCKET, BucketServer
from charge_point import independent_station, put
from installation import Installation
from outages import until
from uploading import Receiver, opened, path, receiver

from ocppdiag_contracts import GetLog, LogFile, Outcome
from ocppdiag_local.failures import ServicesError
from ocppdiag_uploads.bucket import PART
from ocppdiag_uploads.store import RECORDS

LOG = os.urandom(2 * PART + 4_321)


def door(
    installation: Installation, server: BucketServer, name: str, **variables: str
) -> AbstractAsyncContextManager[Receiver]:
    """A receiver that puts into this bucket, below the test's own prefix."""
    return receiver(
        installation, None, {**server.variables, **variables}, upload_bucket=f"s3://{BUCKET}/{name}"
    )


async def test_a_log_asked_for_goes_through_two_receivers_and_is_in_the_bucket_once(
    installation: Installation, name: str, bucket_server: BucketServer
) -> None:
    async with (
        door(installation, bucket_server, name) as one,
        door(installation, bucket_server, name) as other,
        independent_station(
            installation.running.gateway_url,
            name,
            await installation.password(name),
            LOG,
            doors=(one.url, other.url),
        ) as station,
        installation.diagnostics() as diagnostics,
    ):
        await station.boot()
        command = GetLog(station=name)
        await diagnostics.send(command)
        settled = await asyncio.wait_for(diagnostics.settle(command), 30)
        lines = f"{one.lines}{other.lines}"
    assert sorted(station.statuses) == [201, 409]
    assert settled.outcome is Outcome.COMPLETED
    assert isinstance(settled.result, LogFile)
    assert settled.result.sha256 == sha256(LOG).hexdigest()
    assert settled.result.size == len(LOG)
    prefix = f"s3://{BUCKET}/{name}/"
    assert settled.result.location.startswith(prefix)
    stored = settled.result.location.removeprefix(prefix)
    assert bucket_server.objects(name) == [f"{RECORDS}/{name}/{command.id}.json", stored]
    assert bytes(bucket_server.admin(name).get(stored).bytes()) == LOG
    assert bucket_server.variables["AWS_SECRET_ACCESS_KEY"] not in lines


async def test_a_receiver_killed_half_way_leaves_nothing_that_counts(
    installation: Installation, name: str, bucket_server: BucketServer
) -> None:
    target = path(installation, name, max_bytes=len(LOG))
    parts = bucket_server.parts_under_way()
    async with (
        door(installation, bucket_server, name) as doomed,
        door(installation, bucket_server, name) as other,
    ):
        reader, writer = await opened(doomed.url)
        writer.write(f"PUT {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(LOG)}\r\n\r\n".encode())
        writer.write(LOG[:-1])
        await writer.drain()
        await until(lambda: bucket_server.parts_under_way() == parts + 1)
        os.kill(doomed.pid, signal.SIGKILL)
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()
        assert bucket_server.objects(name) == []
        assert await asyncio.to_thread(put, other.url + target, LOG) == 201
    record, stored = bucket_server.objects(name)
    assert record == f"{RECORDS}/{name}/c1.json"
    assert bytes(bucket_server.admin(name).get(stored).bytes()) == LOG


async def test_while_the_server_is_away_stations_are_told_to_come_again_and_then_it_works(
    installation: Installation, name: str, bucket_server: BucketServer
) -> None:
    target = path(installation, name, max_bytes=len(LOG))
    begun = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield LOG[: PART + 1]
        begun.set()
        await away.wait()
        yield LOG[PART + 1 :]

    away = asyncio.Event()
    async with door(installation, bucket_server, name) as one, aiohttp.ClientSession() as session:
        under_way = asyncio.create_task(session.put(one.url + target, data=body()))
        await begun.wait()
        bucket_server.stop()
        try:
            away.set()
            async with await under_way as cut:
                assert (cut.status, cut.headers["Retry-After"]) == (503, "30")
            async with session.put(one.url + target, data=b"small") as refused:
                assert (refused.status, refused.headers["Retry-After"]) == (503, "30")
            # It is ready all the same: whoever were sent away by a load balancer would not be told when to come again.
            async with session.get(f"{one.url}/health") as health:
                assert health.status == HTTPStatus.OK
        finally:
            await asyncio.to_thread(bucket_server.start)
        assert {line["error"] for line in one.lines if line["event"] == "upload_failed"} == {"no answer"}
        assert await asyncio.to_thread(put, one.url + target, LOG) == 201
        assert await asyncio.to_thread(put, one.url + target, LOG) == 409
    assert len(bucket_server.objects(name)) == 2


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "another"}, "the bucket logs cannot be used: SignatureDoesNotMatch"),
        ({"OCPPDIAG_UPLOAD_BUCKET": "s3://others"}, "the bucket others cannot be used: AccessDenied"),
        (
            {
                "OCPPDIAG_UPLOAD_BUCKET": "s3://missing",
                "AWS_ACCESS_KEY_ID": "admin",
                "AWS_SECRET_ACCESS_KEY": "admin's secret",
            },
            "the bucket missing cannot be used: NoSuchBucket",
        ),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "the bucket logs cannot be used: no answer"),
        (
            {"AWS_CONDITIONAL_PUT": "another"},
            "the bucket logs cannot be used: an AWS_ variable is missing or wrong (S3PutConditional)",
        ),
    ],
)
async def test_a_receiver_that_cannot_keep_logs_says_why_in_a_sentence(
    installation: Installation, name: str, bucket_server: BucketServer, wrong: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ServicesError) as raised:
        async with door(installation, bucket_server, name, **wrong):
            pass
    assert sentence in str(raised.value)
    assert "Traceback" not in str(raised.value)
    assert not [secret for secret in ("another", "secret") if secret in str(raised.value)]
