"""`ocppdiag station`: who is let in, by which security profile."""

import json
from collections.abc import AsyncIterator, Coroutine
from contextlib import aclosing, asynccontextmanager
from typing import Annotated, TypeVar

import typer
from redis.exceptions import RedisError
from rich.console import Console

from ocppdiag_amqp import BrokerError
from ocppdiag_client.cli import NOT_COMPLETED, here, run
from ocppdiag_client.cli.app import AsJson
from ocppdiag_client.cli.grid import draw
from ocppdiag_contracts.identity import station_id
from ocppdiag_contracts.model import as_text
from ocppdiag_contracts.security_profile import SecurityProfile
from ocppdiag_redis import Credentials, Directory, Pipelined, Registration, RegistrationError

T = TypeVar("T")

LONGEST_NAME = 64
"""Of a certificate's common name (RFC 5280, ub-common-name)."""

COLUMNS = ("station", "profile", "serial", "since", "rotating")

stations = typer.Typer(help="Stations: let them in or not, or simulate them.", no_args_is_help=True)


def checked(station: str) -> str:
    """Return what may be an identity unchanged; else a usage error."""
    try:
        return station_id(station)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="STATION") from None


Station = Annotated[str, typer.Argument(metavar="STATION", callback=checked)]
RedisUrl = Annotated[
    str | None, typer.Option(envvar="OCPPDIAG_REDIS_URL", help="Redis; else as for RabbitMQ.")
]
CredentialKey = Annotated[
    str | None,
    typer.Option(envvar="OCPPDIAG_CREDENTIAL_KEY", help="The gateways' key; else that of `serve`."),
]


@stations.command("add")
def add(
    station: Station,
    *,
    profile: Annotated[
        int, typer.Option(min=1, max=3, help="1: password. 2: TLS and password. 3: TLS and certificate.")
    ] = SecurityProfile.BASIC.value,
    serial: Annotated[
        str | None, typer.Option(help="Of profile 3: its certificate's common name, if not STATION.")
    ] = None,
    redis_url: RedisUrl = None,
    credential_key: CredentialKey = None,
) -> None:
    """Let a station in, by one OCPP security profile: prints its new password, once.

    What was registered for it counts no more, and its connection ends within 10 s.
    """
    chosen = SecurityProfile(profile)
    if serial is not None and chosen is not SecurityProfile.TLS_CERTIFICATE:
        raise typer.BadParameter("--serial is for profile 3 only")
    if serial is not None and not (0 < len(serial) <= LONGEST_NAME and serial.isprintable()):
        raise typer.BadParameter(f"--serial must have 1 to {LONGEST_NAME} printable characters")

    async def adding() -> tuple[bool, str]:
        async with _redis(redis_url) as redis:
            credentials = Credentials(redis, _key(credential_key))
            known = await credentials.find(station) is not None
            password = await credentials.issue(station, chosen, serial or station)
            await Directory(redis).expel(station)
            return known, password

    known, password = asking(adding())
    if known:
        typer.echo(f"{station} was registered before: that counts no more", err=True)
    if password:
        typer.echo(password)
    else:
        typer.echo(
            f"{station} needs no password: it comes with a certificate whose common name is {serial or station}",
            err=True,
        )


@stations.command("rotate")
def rotate(station: Station, *, redis_url: RedisUrl = None, credential_key: CredentialKey = None) -> None:
    """Print a new password, once: from its first use on the old one counts no more; until then both do."""

    async def rotating() -> str:
        async with _redis(redis_url) as redis:
            return await Credentials(redis, _key(credential_key)).rotate(station)

    typer.echo(asking(rotating()))


@stations.command("revoke")
def revoke(station: Station, *, redis_url: RedisUrl = None) -> None:
    """Let a station in no more; its connection ends within 10 s."""

    async def revoking() -> bool:
        async with _redis(redis_url) as redis:
            revoked = await Credentials(redis, b"").revoke(station)
            # Of one that is not registered too: the last revocation may have been cut short here.
            await Directory(redis).expel(station)
            return revoked

    if not asking(revoking()):
        typer.echo(f"{station} is not registered", err=True)
        raise typer.Exit(NOT_COMPLETED)
    typer.echo(f"{station} is not let in any more")


@stations.command("list")
def list_stations(*, redis_url: RedisUrl = None, as_json: AsJson = False) -> None:
    """Show which stations are let in, and how; `rotating` has a new password that it has not used yet."""

    async def listing() -> list[Registration]:
        async with _redis(redis_url) as redis:
            return [registration async for registration in Credentials(redis, b"").all()]

    rows = [_row(registration) for registration in sorted(asking(listing()), key=lambda one: one.station)]
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row))
    elif rows:
        draw(Console(), COLUMNS, map(_cells, rows))
    else:
        typer.echo("no station is registered")


async def let_in(station: str) -> str:
    """Register a station of profile 1 with what is served on this machine, and return its password."""
    async with _redis(None) as redis:
        return await Credentials(redis, _key(None)).issue(station)


def asking(main: Coroutine[None, None, T]) -> T:
    """Run to the end; what a registration cannot be is one sentence."""
    try:
        return run(main)
    except RegistrationError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(NOT_COMPLETED) from None


@asynccontextmanager
async def _redis(url: str | None) -> AsyncIterator[Pipelined]:
    try:
        async with aclosing(Pipelined.from_url(url or here().redis_url)) as redis:
            yield redis
    except ConnectionError as error:  # an address that cannot be read
        raise BrokerError(str(error)) from None
    except RedisError as error:
        raise BrokerError(f"cannot reach Redis: {type(error).__name__}") from error


def _key(given: str | None) -> bytes:
    return (given or here().credential_key).encode()


def _row(registration: Registration) -> dict[str, object]:
    certified = registration.profile is SecurityProfile.TLS_CERTIFICATE
    return {
        "station": registration.station,
        "profile": registration.profile.value,
        "serial": registration.serial if certified else None,
        "since": as_text(registration.since),
        "rotating": registration.rotating,
    }


def _cells(row: dict[str, object]) -> list[str]:
    shown = {**row, "serial": row["serial"] or "", "rotating": "rotating" if row["rotating"] else ""}
    return [str(shown[name]) for name in COLUMNS]
