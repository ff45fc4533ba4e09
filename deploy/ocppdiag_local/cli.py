"""The `ocppdiag` command: what needs a broker only, and here what needs this machine."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from ocppdiag_amqp import BrokerError
from ocppdiag_client.cli import BAD_USE, NOT_COMPLETED, AmqpUrl, app, here
from ocppdiag_client.cli.app import BROKER_TROUBLE, broker
from ocppdiag_client.cli.grid import draw
from ocppdiag_client.here import folder
from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_local.demo import demo, demo_elsewhere
from ocppdiag_local.failures import ServicesError
from ocppdiag_local.logs import logs
from ocppdiag_local.serve import serve
from ocppdiag_local.simulate import simulate
from ocppdiag_local.stations import RedisUrl, asking, checked, let_in, stations
from ocppdiag_process.logs import configure
from ocppdiag_station import SCENARIOS, ConnectionRefusedByGatewayError, SimulatedStation

app.add_typer(stations, name="station")
app.add_typer(logs, name="logs")


@app.command("serve")
def serve_command(
    *,
    data: Annotated[
        Path | None, typer.Option(envvar="OCPPDIAG_DATA", help="Where everything is kept between runs.")
    ] = None,
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
def demo_command(
    *,
    url: Annotated[
        str | None, typer.Option(help="A gateway that is there, ws://...; else everything is started here.")
    ] = None,
    amqp_url: AmqpUrl = None,
    password: Annotated[
        str | None, typer.Option(envvar="OCPPDIAG_STATION_PASSWORD", help="Of CS-1, where --url is given.")
    ] = None,
) -> None:
    """One log, from a simulated station to a file, through every part."""
    try:
        if url:
            completed = demo_elsewhere(Console(), url, broker(amqp_url), password)
        else:
            completed = demo(Console(), amqp_url)
    except ServicesError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(BAD_USE) from None
    except ConnectionRefusedByGatewayError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(NOT_COMPLETED) from None
    except BrokerError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(BROKER_TROUBLE) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    if not completed:
        raise typer.Exit(NOT_COMPLETED)


@stations.command("simulate")
def station_simulate(
    names: Annotated[list[str] | None, typer.Argument(metavar="STATION...")] = None,
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
        rows = [(name, entry.summary) for name, entry in SCENARIOS.items()]
        draw(Console(), ("scenario", "what the station does"), rows)
        return
    if not names or scenario not in SCENARIOS:
        raise typer.BadParameter("name a station" if not names else f"no scenario {scenario}; see --list")
    configure(process="station")
    each = [
        checked(name if count == 1 else f"{name}-{number}")
        for name in names
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
        asking(_simulate(each, url, password, behaviour))
    except ConnectionRefusedByGatewayError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(NOT_COMPLETED) from None


async def _simulate(
    names: list[str], url: str | None, password: str | None, behaviour: dict[str, Any]
) -> None:
    simulated = [
        SimulatedStation(name, password=password if password or url else await let_in(name), **behaviour)
        for name in names
    ]
    await simulate(simulated, url or here().gateway_url)


def main() -> None:
    """Run the command line."""
    app()
