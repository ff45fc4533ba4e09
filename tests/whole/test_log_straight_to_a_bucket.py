"""A service has a station upload straight into a bucket: by an address that it has signed beforehand, of a real server."""

import asyncio
import json
import os
from datetime import timedelta
from pathlib import Path

import obstore
from buckets import BUCKET, BucketServer, environment
from canary import everything_in_redis, everything_published
from charge_point import independent_station
from installation import install
from obstore.store import S3Store
from private import private

from ocppdiag_contracts import GetLog, Outcome
from ocppdiag_contracts.events import LogElsewhere

LOG = os.urandom(300_000)
HIGHEST = 512
"""Characters of `remoteLocation` (OCPP 2.0.1, part 2, LogParametersType)."""


def signed(server: BucketServer, prefix: str, name: str) -> str:
    """An address that lets whoever has it put this one object, for some minutes, with a right that the signer has."""
    with environment(**server.variables):
        store = S3Store(BUCKET, prefix=prefix, client_options={"allow_http": True})
        return obstore.sign(store, "PUT", name, timedelta(minutes=5))


async def test_a_log_goes_straight_into_a_bucket_and_nobody_is_told_the_signature(
    tmp_path: Path, name: str, bucket_server: BucketServer
) -> None:
    allowed = f"{bucket_server.endpoint}/{BUCKET}/{name}/"
    settings = {"OCPPDIAG_DESTINATIONS": json.dumps([allowed])}
    async with (
        private(tmp_path / "servers") as servers,
        install(servers.services, tmp_path / "logs", settings) as made,
        everything_published(made) as published,
        independent_station(made.running.gateway_url, name, await made.password(name), LOG) as station,
        made.diagnostics() as diagnostics,
    ):
        await station.boot()
        address = signed(bucket_server, name, "CS.log")
        signature = address.partition("X-Amz-Signature=")[2]
        assert signature
        assert len(address) <= HIGHEST
        command = GetLog(station=name, remote_location=address)
        await diagnostics.send(command)
        settled = await asyncio.wait_for(diagnostics.settle(command), 30)
        kept = await everything_in_redis(made)
    assert station.statuses == [200]
    assert settled.outcome is Outcome.COMPLETED
    assert settled.result == LogElsewhere(host="127.0.0.1", filename="independent.log")
    assert bytes(bucket_server.admin(name).get("CS.log").bytes()) == LOG
    assert name in made.everything_said()
    for seen in (made.everything_said().encode(), kept, *published):
        assert signature.encode() not in seen
