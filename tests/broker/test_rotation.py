"""A password is rotated, or revoked, while the station comes in, on a real Redis."""

import asyncio

import pytest
from in_redis import used

from ocppdiag_contracts.security_profile import SecurityProfile
from ocppdiag_redis import Credentials, Pipelined, RegistrationError, keys

EVERY_REDIS = True


async def comes_in(credentials: Credentials, station: str, password: str) -> bool:
    """A whole login."""
    found = await used(credentials, station, password)
    return found is not None and await credentials.settle(station, found)


async def test_while_a_password_is_rotated_both_count_and_from_the_first_use_of_the_new_one_it_alone(
    credentials: Credentials, station: str
) -> None:
    old = await credentials.issue(station, SecurityProfile.TLS_BASIC)
    registered = await credentials.find(station)
    new = await credentials.rotate(station)
    registration = await credentials.find(station)
    assert registered
    assert registration
    assert registration.rotating
    assert registration.profile is SecurityProfile.TLS_BASIC
    assert registration.since > registered.since
    assert await comes_in(credentials, station, old)
    assert await comes_in(credentials, station, old), "an old one that is used ends nothing"
    assert await comes_in(credentials, station, new)
    assert not await comes_in(credentials, station, old)
    assert await comes_in(credentials, station, new)
    settled = await credentials.find(station)
    assert settled
    assert not settled.rotating
    assert settled.since == registration.since


async def test_of_two_new_passwords_before_a_use_the_last_one_counts(
    credentials: Credentials, station: str
) -> None:
    old = await credentials.issue(station)
    first = await credentials.rotate(station)
    second = await credentials.rotate(station)
    assert not await comes_in(credentials, station, first)
    assert await comes_in(credentials, station, old)
    assert await comes_in(credentials, station, second)
    assert not await comes_in(credentials, station, old)


async def test_a_login_that_another_rotation_has_overtaken_is_none(
    credentials: Credentials, station: str
) -> None:
    old = await credentials.issue(station)
    first = await credentials.rotate(station)
    found = await used(credentials, station, first)
    assert found
    second = await credentials.rotate(station)
    assert not await credentials.settle(station, found)
    assert await comes_in(credentials, station, old), "nor has it ended the old one"
    assert await comes_in(credentials, station, second)


async def test_logins_with_the_old_and_the_new_password_at_once_end_with_the_new_one(
    credentials: Credentials, station: str
) -> None:
    old = await credentials.issue(station)
    new = await credentials.rotate(station)
    came = await asyncio.gather(*(comes_in(credentials, station, password) for password in [old, new] * 50))
    assert all(came[1::2])
    assert not await comes_in(credentials, station, old)


async def test_a_revoked_station_is_unknown_and_a_login_under_way_does_not_bring_it_back(
    redis: Pipelined, credentials: Credentials, station: str
) -> None:
    old = await credentials.issue(station)
    new = await credentials.rotate(station)
    found = [await used(credentials, station, password) for password in (old, new)]
    assert await credentials.revoke(station)
    assert await credentials.find(station) is None
    for one in found:
        assert one
        assert not await credentials.settle(station, one)
    assert not await redis.run("EXISTS", keys.spelling(station))
    with pytest.raises(RegistrationError, match="not registered"):
        await credentials.rotate(station)
    assert not await redis.run("EXISTS", keys.credential(station))
    assert not await credentials.revoke(station)
