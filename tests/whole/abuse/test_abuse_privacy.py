"""Abuse of what is kept and told: no secret and nothing personal is left anywhere when all is over."""

import asyncio
import contextlib
import os
import sys
import traceback
from base64 import b64encode
from pathlib import Path
from urllib.parse import quote, urlsplit
from uuid import uuid4

import aio_pika
import aiohttp
import pytest
from bare import BareStation, Payload, bare_station
from canary import everything_in_redis, everything_in_the_journal, everything_published
from charge_point import put
from edge import PROXY, edge
from installation import Installation

from ocppdiag_amqp import BrokerError
from ocppdiag_client import Diagnostics
from ocppdiag_contracts import Outcome
from ocppdiag_contracts.commands import CustomerInformation, GetLog, IdToken
from ocppdiag_contracts.security_profile import SecurityProfile
from ocppdiag_local.services import Services

CERTIFICATE_REQUEST = "-----BEGIN CERTIFICATE REQUEST-----\n{0}\n-----END CERTIFICATE REQUEST-----"


def good(station: BareStation) -> None:
    """Have it upload its log, and say nothing of a customer."""

    async def then(action: str, payload: Payload) -> None:
        asked = {"requestId": payload["requestId"]}
        if action == "GetLog":
            await station.say("LogStatusNotification", {**asked, "status": "Uploading"})
            url = payload["log"]["remoteLocation"]
            assert [await asyncio.to_thread(put, url, b"log") for _ in range(2)] == [201, 409]
            await station.say("LogStatusNotification", {**asked, "status": "Uploaded"})
        else:
            part = {**asked, "generatedAt": "2026-01-31T12:00:00Z", "seqNo": 0, "data": ""}
            await station.say("NotifyCustomerInformation", part)

    station.then = then


async def refused(installation: Installation, name: str, password: str) -> None:
    """Come with another password, and with one in the address."""
    url = installation.running.gateway_url.replace("ws:", "http:")
    async with aiohttp.ClientSession() as session:
        for user, at in ((name, name), (password, name), (name, f"{name}?password={password}")):
            basic = {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(f"{url}/{at}", headers=basic, protocols=["ocpp2.0.1"])


@pytest.mark.abuse(
    "29 a secret left behind",
    "upload address, passwords, tokens and certificates in no log, event, parked message, journal or Redis value",
)
async def test_no_secret_is_anywhere_when_all_is_over(installation: Installation, name: str) -> None:
    canary = f"canary{uuid4().hex}"
    token = canary[:20]
    pem = CERTIFICATE_REQUEST.format(canary)
    async with (
        everything_published(installation) as published,
        bare_station(installation, name) as station,
        installation.diagnostics() as diagnostics,
    ):
        good(station)
        assert station.socket.request is not None
        basic = station.socket.request.headers["Authorization"].removeprefix("Basic ")
        await refused(installation, name, canary[:20])
        for action, payload in (
            ("SignCertificate", {"csr": pem, "certificateType": "ChargingStationCertificate"}),
            ("Authorize", {"idToken": {"idToken": token, "type": "Central"}, "certificate": pem}),
            ("Get15118EVCertificate", {"iso15118SchemaVersion": "1", "action": "Install", "exiRequest": pem}),
        ):
            assert (await station.exchange(action, payload))[:1] == [4]
        log = GetLog(station=name)
        customer = CustomerInformation(
            station=name, report=True, clear=True, id_token=IdToken(id_token=token, type="Central")
        )
        for command in (log, customer):
            await diagnostics.send(command)
            settled = await asyncio.wait_for(diagnostics.settle(command), 20)
            assert settled.outcome is Outcome.COMPLETED, settled
        await park(installation, f'{{"command":"customer_information","id_token":"{token}","pem":"{pem}"')
        asked = dict(station.asked)["GetLog"]
        address = urlsplit(asked["log"]["remoteLocation"]).path.strip("/")
    places = {
        "logs": installation.everything_said().encode(),
        "events": b"\n".join(published),
        "Redis": await everything_in_redis(installation),
        "journal": await everything_in_the_journal(installation),
    }
    for where, what in places.items():
        assert name.encode() in what, f"the test looks at the right place: {where}"
        for secret in (canary, token, pem, address, basic, installation.keys.upload_key):
            assert secret.encode() not in what, where
    assert b"withheld" in places["events"], "it was parked"


@pytest.mark.abuse("29 a certificate left behind", "in no log, event or Redis value, judged well or badly")
async def test_no_certificate_is_left_where_it_was_judged(
    services: Services, tmp_path: Path, name: str
) -> None:
    async with edge(services, tmp_path) as door, everything_published(door.made) as published:
        await door.register(name, SecurityProfile.TLS_CERTIFICATE)
        certificates = [door.stations.issue(name), door.stations.issue(f"{name}-other")]
        for certificate, status in zip(certificates, (101, 401), strict=True):
            forwarded = {"X-Forwarded-Proto": "https", "X-Client-Cert": quote(certificate.pem)}
            assert (await door.knock(f"/{name}", tls=door.client(certificate))).status == status
            assert (await door.knock(f"/{name}", forwarded, address=PROXY)).status == status
            assert (await door.knock(f"/{name}", forwarded)).status == 401
            await asyncio.sleep(2)
        kept = await everything_in_redis(door.made)
    for place in (b"".join(published), door.made.everything_said().encode(), kept):
        assert name.encode() in place, "the test looks at the right place"
        for certificate in certificates:
            for line in certificate.pem.splitlines():
                assert line.encode() not in place
                assert quote(line).encode() not in place


async def park(installation: Installation, body: str) -> None:
    """Send what is no command."""
    async with await aio_pika.connect(installation.services.amqp_url) as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange("ocppdiag.commands")
        await exchange.publish(aio_pika.Message(body.encode()), "customer_information")
    await asyncio.sleep(0.5)


@pytest.mark.abuse(
    "36 exceptions with addresses", "a broker that refuses or is away: no password in the traceback"
)
@pytest.mark.parametrize(
    "form", ["amqp://user:{}@{}/", "amqp://user:{}@127.0.0.1:1/", "amqp://user:{}/x@{}/"]
)
async def test_no_password_is_in_what_a_client_raises(installation: Installation, form: str) -> None:
    canary = f"canary{uuid4().hex}"
    url = form.format(canary, urlsplit(installation.services.amqp_url).netloc.rpartition("@")[2])
    with pytest.raises(BrokerError) as raised:
        async with asyncio.timeout(30), Diagnostics.connect(url, name="test"):
            pass
    assert canary not in "".join(traceback.format_exception(raised.value))


@pytest.mark.abuse(
    "36 exceptions with addresses", "a process that cannot start or connect says where to, never as whom"
)
@pytest.mark.parametrize(
    ("variable", "form"),
    [
        ("AMQP_URL", "amqp://user:{0}@127.0.0.1:1/{0}?x={0}"),
        ("AMQP_URL", "amqp://user:{0}/x@127.0.0.1/"),
        ("AMQP_URL", "//{0}@:{0}/"),
        ("REDIS_URL", "redis://user:{0}@127.0.0.1:1/0"),
        ("REDIS_URL", "redis://user:{0}/x@127.0.0.1/0"),
        ("REDIS_URL", "{0}://{0}"),
    ],
)
async def test_no_password_is_in_what_a_process_says_of_its_trouble(
    installation: Installation, variable: str, form: str
) -> None:
    canary = f"canary{uuid4().hex}"
    variables = {
        "AMQP_URL": installation.services.amqp_url,
        "REDIS_URL": installation.services.redis_url,
        "CREDENTIAL_KEY": canary,
        "UPLOAD_KEY": canary,
        "UPLOAD_FOLDER": str(installation.logs),
        "UPLOAD_URL": "http://127.0.0.1:1",
        "LOG_LEVEL": "debug",
        "NODE": f"test-{uuid4().hex[:8]}",
        "PORT": "0",
        "UPLOAD_PORT": "0",
    }
    variables[variable] = form.format(canary)
    modules = ("ocppdiag_gateway", "ocppdiag_workers", "ocppdiag_uploads")
    for said in await asyncio.gather(*(heard(module, variables) for module in modules)):
        assert said
        assert canary.encode() not in said


async def heard(module: str, variables: dict[str, str]) -> bytes:
    """What a process says of its trouble: all until its end, or for a while from its first line on."""
    outside = {key: value for key, value in os.environ.items() if not key.startswith("OCPPDIAG_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=outside | {f"OCPPDIAG_{name}": value for name, value in variables.items()},
    )  # fmt: skip
    assert process.stdout is not None
    first = await asyncio.wait_for(process.stdout.readline(), 60)
    rest = asyncio.ensure_future(process.stdout.read())
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), 3)
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()
    return first + await rest
