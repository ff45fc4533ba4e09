"""The `ocppdiag` command: what needs a broker only, and here what needs this machine."""

from pathlib import Path
from typing import Annotated, Any

import typer
from redis.exceptions import RedisError
from rich.console import Console
from rich.table import Table

from ocppdiag_amqp import BrokerError
from ocppdiag_client.cli import BAD_USE, NOT_COMPLETED, AmqpUrl, app, here, run
from ocppdiag_client.here import folder
from ocppdiag_contracts.identity import station_id
from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_local.demo import demo
from ocppdiag_local.failures import ServicesError
from ocppdiag_local.serve import serve
from ocppdiag_local.simulate import simulate
from ocppdiag_process import configure
from ocppdiag_redis import Credentials, Pipelined
from ocppdiag_station import SCENARIOS, ConnectionRefusedByGatewayError, SimulatedStation

station_app = typer.Typer(help="Stations: let them in, or simulate them.", no_args_is_help=True)
app.add_typer(station_app, name="station")

RedisUrl = Annotated[
    str | None, typer.Option(envvar="OCPPDIAG_REDIS_URL", help="Redis; else as for RabbitMQ.")
]
CredentialKey = Annotated[
    str | None,
    typer.Option(envvar="OCPPDIAG_CREDENTIAL_KEY", help="The gateways' key; else that of `serve`."),
]


@app.command("serve")
def serve_command(
    *,
    data: Annotated[Path | None, typer.Option(help="Where everything is kept between runs.")] = None,
    port: Annotated[int, typer.Option(help="For stations.")] = 9000,
    upload_port: Annotated[int, typer.Option(help="For their uploads.")] = 9001,
    amqp_url: AmqpUrl = None,
    redis_url: RedisUrl = None,
    insecure_no_auth: Annotated[bool, typer.Option("--insecure-no-auth", help="Let any station in.")] = False,
    allow_destination: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL_PREFIX",
            help="Let commands have logs sent there, such as sftp://archive.example.com/in/; may be repeated.",
        ),
    ] = None,
) -> None:
    """Run gateway, worker and upload receiver here, with private RabbitMQ and Redis unless given."""
    try:
        orderly = serve(
            Console(),
            data or folder(),
            amqp_url=amqp_url,
            redis_url=redis_url,
            gateway_port=port,
            upload_port=upload_port,
            insecure_no_auth=insecure_no_auth,
            destinations=allow_destination or (),
        )
    except ServicesError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(BAD_USE) from None
    if not orderly:
        raise typer.Exit(NOT_COMPLETED)


@app.command("demo")
def demo_command() -> None:
    """One log, from a simulated station to a file, through every part."""
    try:
        completed = demo(Console())
    except ServicesError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(BAD_USE) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    if not completed:
        raise typer.Exit(NOT_COMPLETED)


@station_app.command("add")
def station_add(station: str, *, redis_url: RedisUrl = None, credential_key: CredentialKey = None) -> None:
    """Let a station in: prints its new password, once."""
    typer.echo(run(_issue(_checked(station), redis_url, credential_key)))


@station_app.command("simulate")
def station_simulate(
    stations: Annotated[list[str] | None, typer.Argument(metavar="STATION...")] = None,
    *,
    scenario: Annotated[str, typer.Option(help="How they behave; see --list.")] = "good",
    url: Annotated[str | None, typer.Option(help="The gateway, ws://...; else that of `serve`.")] = None,
    password: Annotated[str | None, typer.Option(envvar="OCPPDIAG_STATION_PASSWORD")] = None,
    bytes_per_second: Annotated[float | None, typer.Option(help="How fast they upload.")] = None,
    version: Annotated[OcppVersion, typer.Option("--ocpp", help="What they speak.")] = OcppVersion.V201,
    evses: Annotated[int, typer.Option(min=1, max=100, help="How many EVSEs each has.")] = 2,
    sensors: Annotated[
        int | None, typer.Option(min=0, max=100_000, help="More variables, each with a monitor.")
    ] = None,
    monitors_per_part: Annotated[int | None, typer.Option(min=1, help="Of their reports.")] = None,
    count: Annotated[
        int, typer.Option(min=1, max=5000, help="So many of each name, with -1, -2, ... behind it.")
    ] = 1,
    show_list: Annotated[bool, typer.Option("--list", help="Show the scenarios.")] = False,
) -> None:
    """Connect simulated stations, until Ctrl-C. Served on this machine, they are let in by themselves.

    What is typed as COMPONENT[#EVSE[.CONNECTOR]]/VARIABLE=VALUE, such as EVSE#1/Power=23000, changes their variables, and
    their monitors fire.
    """
    if show_list:
        table = Table("scenario", "what the station does")
        for name, entry in SCENARIOS.items():
            table.add_row(name, entry.summary)
        Console().print(table)
        return
    if not stations or scenario not in SCENARIOS:
        raise typer.BadParameter("name a station" if not stations else f"no scenario {scenario}; see --list")
    configure(process="station")
    checked = [
        _checked(station if count == 1 else f"{station}-{number}")
        for station in stations
        for number in range(1, count + 1)
    ]
    behaviour = {
        "version": version,
        "scenario": SCENARIOS[scenario],
        "bytes_per_second": bytes_per_second,
        "evses": evses,
        "sensors": sensors,
        "monitors_per_part": monitors_per_part,
    }
    try:
        run(_simulate(checked, url, password, behaviour))
    except ConnectionRefusedByGatewayError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(NOT_COMPLETED) from None


async def _simulate(
    stations: list[str], url: str | None, password: str | None, behaviour: dict[str, Any]
) -> None:
    simulated = [
        SimulatedStation(
            station, password=password if password or url else await _issue(station, None, None), **behaviour
        )
        for station in stations
    ]
    await simulate(simulated, url or here().gateway_url)


async def _issue(station: str, redis_url: str | None, credential_key: str | None) -> str:
    redis = Pipelined.from_url(redis_url or here().redis_url)
    try:
        return await Credentials(redis, (credential_key or here().credential_key).encode()).issue(station)
    except RedisError as error:
        raise BrokerError(f"cannot reach Redis: {type(error).__name__}") from error
    finally:
        await redis.aclose()


def _checked(station: str) -> str:
    try:
        return station_id(station)
    except ValueError as error:
        raise typer.BadParameter(f"STATION: {error}") from None


def main() -> None:
    """Run the command line."""
    app()
