"""Who is let in: registrations, their passwords and how these change, on a real Redis."""

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from in_redis import used

from ocppdiag_contracts.security_profile import SecurityProfile
from ocppdiag_redis import Credentials, Pipelined, RegistrationError, keys
from ocppdiag_redis.line import Command

EVERY_REDIS = True

WITH_PASSWORD = [SecurityProfile.BASIC, SecurityProfile.TLS_BASIC]


async def comes_in(credentials: Credentials, station: str, password: str) -> bool:
    """A whole login."""
    found = await used(credentials, station, password)
    return found is not None and await credentials.settle(station, found)


async def now(redis: Pipelined) -> datetime:
    """By the server's clock."""
    seconds, microseconds = await redis.run("TIME")
    return datetime.fromtimestamp(int(seconds), UTC) + timedelta(microseconds=int(microseconds))


@pytest.mark.parametrize("profile", WITH_PASSWORD)
async def test_a_station_is_registered_with_its_profile_and_a_password(
    redis: Pipelined, credentials: Credentials, station: str, profile: SecurityProfile
) -> None:
    assert await credentials.find(station) is None
    before = await now(redis)
    password = await credentials.issue(station, profile)
    registration = await credentials.find(station)
    assert registration
    assert (registration.station, registration.profile) == (station, profile)
    assert registration.serial == station
    assert not registration.rotating
    assert before <= registration.since <= await now(redis)
    assert 16 <= len(password) <= 40
    assert password.isascii()
    assert await comes_in(credentials, station, password)


async def test_a_password_opens_its_own_station_only(
    redis: Pipelined, credentials: Credentials, station: str
) -> None:
    password = await credentials.issue(station)
    other = f"{station}x"
    for wrong in ("", password + "x", password[:-1], password.swapcase()):
        assert await used(credentials, station, wrong) is None
    assert await used(credentials, other, password) is None
    kept = await redis.run("DUMP", keys.credential(station))
    await redis.run("RESTORE", keys.credential(other), 0, kept)
    assert await credentials.find(other)
    assert await used(credentials, other, password) is None, "not with another's hash either"
    assert await used(Credentials(redis, b"other" * 8), station, password) is None
    assert await used(credentials, station, password)


async def test_bytes_that_are_no_text_are_a_wrong_password(credentials: Credentials, station: str) -> None:
    await credentials.issue(station)
    assert credentials.matches(await credentials.find(station), station, b"\xff\x00\xfe") is None


async def test_nothing_in_redis_tells_a_password(
    redis: Pipelined, credentials: Credentials, station: str
) -> None:
    passwords = [await credentials.issue(station)]
    first = await redis.run("HGETALL", keys.credential(station))
    passwords.append(await credentials.rotate(station))
    second = await redis.run("HGETALL", keys.credential(station))
    passwords.append(await credentials.issue(station))
    assert len(set(passwords)) == 3
    kept = b" ".join((*first.values(), *second.values()))
    assert not any(password.encode() in kept for password in passwords)
    assert len(first[b"hash"]) == len(second[b"next"]) == 32
    assert first[b"hash"] != (await redis.run("HGETALL", keys.credential(station)))[b"hash"]


async def test_a_new_registration_replaces_all_of_the_old_one(credentials: Credentials, station: str) -> None:
    first = await credentials.issue(station)
    following = await credentials.rotate(station)
    second = await credentials.issue(station, SecurityProfile.TLS_BASIC)
    for old in (first, following):
        assert await used(credentials, station, old) is None
    registration = await credentials.find(station)
    assert registration
    assert registration.profile is SecurityProfile.TLS_BASIC
    assert not registration.rotating
    assert await comes_in(credentials, station, second)


async def test_a_station_with_a_certificate_has_no_password(credentials: Credentials, station: str) -> None:
    old = await credentials.issue(station)
    assert await credentials.issue(station, SecurityProfile.TLS_CERTIFICATE, serial="SN 0815") == ""
    registration = await credentials.find(station)
    assert registration
    assert registration.profile is SecurityProfile.TLS_CERTIFICATE
    assert (registration.serial, registration.hashes) == ("SN 0815", ())
    for password in ("", old, "\0" * 32):
        assert await used(credentials, station, password) is None
    assert await credentials.settle(station), "it came with its certificate"
    with pytest.raises(RegistrationError, match="profile 3"):
        await credentials.rotate(station)
    assert await credentials.find(station) == registration
    await credentials.revoke(station)
    assert not await credentials.settle(station)


async def test_nobody_is_registered_to_need_no_password(credentials: Credentials, station: str) -> None:
    with pytest.raises(ValueError, match="not registered"):
        await credentials.issue(station, SecurityProfile.NONE)
    assert await credentials.find(station) is None


async def test_an_unknown_station_costs_as_much_as_a_wrong_password(
    credentials: Credentials, station: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted, not timed: each way makes one hash and compares it twice with as many bytes."""
    await credentials.issue(station)
    await credentials.rotate(station)
    rotating = await credentials.find(station)
    await credentials.issue(station)
    plain = await credentials.find(station)
    await credentials.issue(station, SecurityProfile.TLS_CERTIFICATE)
    certified = await credentials.find(station)
    compared: list[tuple[int, int]] = []
    monkeypatch.setattr(
        "ocppdiag_redis.credentials.hmac.compare_digest",
        lambda one, other: compared.append((len(one), len(other))),
    )
    for registration in (None, plain, rotating, certified):
        compared.clear()
        credentials.matches(registration, station, b"wrong")
        assert compared == [(32, 32), (32, 32)]


async def test_of_identities_that_differ_only_in_case_one_is_registered(
    credentials: Credentials, station: str
) -> None:
    shouted = station.upper()
    assert shouted != station
    password = await credentials.issue(station)
    with pytest.raises(RegistrationError, match=f"{station} is registered, .* from {shouted} only in case"):
        await credentials.issue(shouted)
    assert await credentials.find(shouted) is None
    assert not await credentials.revoke(shouted)
    with pytest.raises(RegistrationError):  # that revocation was of nobody
        await credentials.issue(shouted)
    assert await comes_in(credentials, station, password)
    assert await credentials.issue(station), "the same again is no other"
    await credentials.revoke(station)
    assert await credentials.issue(shouted)


async def test_of_many_that_register_spellings_at_once_one_gets_through(
    credentials: Credentials, station: str
) -> None:
    spellings = [station[:at] + station[at:].upper() for at in range(len(station))]
    ends = await asyncio.gather(*map(credentials.issue, set(spellings)), return_exceptions=True)
    assert len([end for end in ends if isinstance(end, str)]) == 1
    assert all(isinstance(end, str | RegistrationError) for end in ends)


async def test_all_are_walked_once_however_many_other_keys_there_are(
    redis: Pipelined, credentials: Credentials, station: str
) -> None:
    names = [f"{station}-{number}" for number in range(300)]
    names.append(f"{station}-*|x")  # a star means something to Redis
    await asyncio.gather(*map(credentials.issue, names))
    await credentials.rotate(names[0])
    await asyncio.gather(
        *(redis.run("SET", keys.request(station, "log", number), "x", "EX", 60) for number in range(3000))
    )
    walked = [one async for one in credentials.all() if one.station.startswith(f"{station}-")]
    assert sorted(one.station for one in walked) == sorted(names)
    assert [one.station for one in walked if one.rotating] == [names[0]]
    for registration in walked[:5]:
        assert registration == await credentials.find(registration.station)
    await asyncio.gather(*map(credentials.revoke, names))
    assert not [one async for one in credentials.all() if one.station.startswith(f"{station}-")]


async def test_a_station_that_redis_names_twice_is_met_once(
    credentials: Credentials, station: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As SCAN may, while what it walks through shrinks, and as two nodes do while a slot moves."""
    await credentials.issue(station)
    own = keys.credential(station).encode()
    run = Pipelined.run

    async def repeating(self: Pipelined, *command: str | bytes | float) -> object:
        if command[0] == "SCAN":
            return [b"0", [own]] if command[1] == b"7" else [b"7", [own, own]]
        return await run(self, *command)

    monkeypatch.setattr(Pipelined, "run", repeating)
    assert [one.station async for one in credentials.all()] == [station]


async def test_a_login_asks_redis_once_to_find_and_once_to_settle(
    redis: Pipelined, credentials: Credentials, station: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    password = await credentials.issue(station)
    asked: list[str] = []
    ask = redis._ask

    def counted(commands: Sequence[Command]) -> Awaitable[list[object]]:
        asked.extend(str(command[0]) for command in commands)
        return ask(commands)

    await comes_in(credentials, station, password)  # so that the script is known
    monkeypatch.setattr(redis, "_ask", counted)
    assert await comes_in(credentials, station, password)
    assert asked == ["HMGET", "EVALSHA"]
