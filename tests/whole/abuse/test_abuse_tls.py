"""Who comes on another security profile, with somebody else's certificate, or with a proxy's words in its own mouth."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from shutil import which
from urllib.parse import quote

import pytest
import pytest_asyncio
from certificates import HOUR, Authority, Pair
from edge import PROXY, Answer, Edge, basic, edge

from ocppdiag_contracts.security_profile import SecurityProfile
from ocppdiag_local.services import Services

BASIC, TLS_BASIC, TLS_CERTIFICATE = (
    SecurityProfile.BASIC,
    SecurityProfile.TLS_BASIC,
    SecurityProfile.TLS_CERTIFICATE,
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def door(services: Services, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Edge]:
    async with edge(services, tmp_path_factory.mktemp("door")) as made:
        yield made


async def openssl(door: Edge, name: str, certificate: Pair | None, *options: str) -> str:
    """The first line that a station gets for its request which has OpenSSL's own client for its TLS; empty: none."""
    if which("openssl") is None:
        pytest.skip("needs the program openssl")
    door.client()  # writes whom it trusts
    arguments = ["s_client", "-quiet", "-connect", f"127.0.0.1:{door.tls_port}", "-servername", "localhost"]
    arguments += ["-CAfile", str(door.folder / "servers.pem"), "-verify_return_error", *options]
    if certificate:
        folder = certificate.save(door.folder / f"openssl-{certificate.certificate.serial_number}")
        arguments += ["-cert", str(folder / "tls.crt"), "-key", str(folder / "tls.key")]
    request = (
        f"GET /{name} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: ocpp2.0.1\r\n\r\n"
    )
    process = await asyncio.create_subprocess_exec(
        "openssl",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdin
    assert process.stdout
    try:
        process.stdin.write(request.encode())
        return (await asyncio.wait_for(process.stdout.readline(), 10)).decode().strip()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.abuse(
    "5 a station on another profile than its own (plain instead of TLS, TLS instead of plain, no certificate)",
    "401, word for word as for a wrong password, and `station_suspected`",
)
async def test_no_station_comes_in_on_another_profile_than_its_own(door: Edge, name: str) -> None:
    answers: list[Answer] = []
    for profile in (BASIC, TLS_BASIC, TLS_CERTIFICATE):
        station = f"{name}-{profile.value}"
        password = await door.register(station, profile) or "p" * 32
        async with door.suspicions(station) as told:
            for tls in (None, door.client()):
                answer = await door.knock(f"/{station}", basic(station, password), tls=tls)
                if profile is (TLS_BASIC if tls else BASIC):
                    assert answer.status == 101
                else:
                    answers.append(answer)
        (suspicion,) = told
        assert suspicion.startswith(f"wrong_profile: a station on profile {profile.value} came with")
    unknown = await door.knock(f"/{name}-none", basic(f"{name}-none", "p" * 32))
    assert {(answer.status, answer.body) for answer in answers} == {(401, unknown.body)}
    assert {frozenset(answer.headers) for answer in answers} == {frozenset(unknown.headers)}


@pytest.mark.parametrize("options", [(), ("-tls1_2",)])
@pytest.mark.abuse(
    "6 profile 3 with a certificate that is expired, self-signed, or of another authority",
    "the TLS handshake ends without an answer; the right one comes in afterwards",
)
async def test_a_certificate_that_nobody_vouches_for_ends_the_handshake(
    door: Edge, name: str, options: tuple[str, ...]
) -> None:
    await door.register(name, TLS_CERTIFICATE)
    for certificate in (
        door.stations.issue(name, begins=-2 * HOUR, lasts=HOUR),
        door.stations.issue(name, begins=HOUR),
        Authority.new("Stations").issue(name),
        Authority.new(name),
        door.servers.issue(name),
    ):
        assert await openssl(door, name, certificate, *options) == ""
    assert await openssl(door, name, door.stations.issue(name), *options) == (
        "HTTP/1.1 101 Switching Protocols"
    )


@pytest.mark.abuse(
    "6 profile 3 with the certificate of another station or organisation",
    "401, and `station_suspected`; the right one comes in afterwards",
)
async def test_the_certificate_of_another_station_does_not_open_this_one(door: Edge, name: str) -> None:
    await door.register(name, TLS_CERTIFICATE, serial="SN-17")
    async with door.suspicions(name) as told:
        for certificate in (
            door.stations.issue(name),
            door.stations.issue("SN-17", organisations=("Somebody else",)),
            door.stations.issue("SN-17", "SN-18"),
        ):
            answer = await door.knock(f"/{name}", tls=door.client(certificate))
            assert answer.status == 401
        await asyncio.sleep(1)
    assert told == ["invalid_certificate: certificate of another station, from 127.0.0.1"]  # once a minute
    assert (await door.knock(f"/{name}", tls=door.client(door.stations.issue("SN-17")))).status == 101


async def test_a_certificate_does_not_do_instead_of_a_password(door: Edge, name: str) -> None:
    password = await door.register(name, TLS_BASIC)
    tls = door.client(door.stations.issue(name))
    assert (await door.knock(f"/{name}", tls=tls)).status == 401
    assert (await door.knock(f"/{name}", basic(name, password), tls=tls)).status == 101


async def test_plain_words_at_the_port_with_tls_get_no_answer(door: Edge) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.tls_port)
    writer.write(b"GET /CS-1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert not (await asyncio.wait_for(reader.read(), 10)).startswith(b"HTTP")
    writer.transport.abort()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_health_is_told_at_both_ports(door: Edge, version: ssl.TLSVersion) -> None:
    tls = door.client()
    tls.minimum_version = tls.maximum_version = version
    for way in (None, tls):
        answer = await door.knock("/health", tls=way)
        assert (answer.status, answer.body) == (200, "OK\n")


@pytest.mark.abuse(
    "7 forged X-Forwarded-For, X-Forwarded-Proto and client certificate header",
    "from anybody but a trusted proxy they are ignored; a proxy's word counts",
)
async def test_only_a_proxy_speaks_for_others(door: Edge, name: str) -> None:
    await door.register(name, TLS_CERTIFICATE)
    good, other = (
        {"X-Forwarded-Proto": "https", "X-Client-Cert": quote(door.stations.issue(common_name).pem)}
        for common_name in (name, f"{name}-other")
    )
    envoy = {**good, "X-Forwarded-Client-Cert": f'Cert="{good["X-Client-Cert"]}"'}
    assert (await door.knock(f"/{name}", envoy)).status == 401
    assert (await door.knock(f"/{name}", envoy, tls=door.client())).status == 401
    assert (await door.knock(f"/{name}", good, address=PROXY)).status == 101
    assert (await door.knock(f"/{name}", other, address=PROXY)).status == 401
    password = await door.register(f"{name}-2", TLS_BASIC)
    for headers, status in (
        ({"X-Forwarded-Proto": "https"}, 101),
        ({"X-Forwarded-Proto": "http"}, 401),
        ({}, 401),
    ):
        answer = await door.knock(f"/{name}-2", {**basic(f"{name}-2", password), **headers}, address=PROXY)
        assert answer.status == status


@pytest.mark.abuse(
    "7 forged X-Forwarded-For to get around the limits of an address",
    "ignored: 429 after five wrong passwords",
)
async def test_a_forged_address_is_no_new_address(door: Edge, name: str) -> None:
    await door.made.password(name)

    async def guess(number: int, address: str) -> int:
        headers = {**basic(name, f"wrong-{number}"), "X-Forwarded-For": f"198.51.100.{number}"}
        return (await door.knock(f"/{name}", headers, address=address)).status

    assert [await guess(number, "127.0.0.1") for number in range(6)].count(503) == 3
    await asyncio.sleep(2.1)
    assert [await guess(number, "127.0.0.1") for number in range(4)] == [401, 401, 429, 429]
    assert {await guess(number, PROXY) for number in range(8)} == {401}
    assert (
        await door.knock(f"/{name}", {**basic(name, "x"), "X-Forwarded-For": "127.0.0.1"}, address=PROXY)
    ).status == 429
