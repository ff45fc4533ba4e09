"""The commands of `ocppdiag` that need nothing but a broker."""

import asyncio
import re
from collections.abc import Coroutine
from contextlib import aclosing
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console

from ocppdiag_amqp import BrokerError
from ocppdiag_client.client import Diagnostics
from ocppdiag_client.here import Here, NotServingError
from ocppdiag_client.show import Show, ShowJson, ShowText
from ocppdiag_contracts.commands import GetLog, LogType, explain
from ocppdiag_contracts.events import CommandSettled, Outcome
from ocppdiag_contracts.model import now

T = TypeVar("T")

NOT_COMPLETED = 1
BAD_USE = 2
BROKER_TROUBLE = 3

app = typer.Typer(
    name="ocppdiag",
    help="Ask charging stations what is wrong with them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_SPAN = re.compile(r"(\d+)([smhd])")
LONGEST_SPAN = 10 * 366 * 86400
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

AmqpUrl = Annotated[
    str | None,
    typer.Option(envvar="OCPPDIAG_AMQP_URL", help="RabbitMQ; without it, what `ocppdiag serve` serves here."),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


class Kind(StrEnum):
    """Which log."""

    DIAGNOSTICS = "diagnostics"
    SECURITY = "security"


def span(text: str) -> timedelta:
    """Read 90s, 15m, 2h or 3d."""
    if found := _SPAN.fullmatch(text):
        seconds = int(found[1]) * _SECONDS[found[2]]
        if seconds <= LONGEST_SPAN:
            return timedelta(seconds=seconds)
    raise typer.BadParameter("must be a span such as 90s, 15m, 2h or 3d, of ten years at most")


def moment(text: str) -> datetime:
    """Read a span back from now, or a time with a zone."""
    if _SPAN.fullmatch(text):
        return now() - span(text)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise typer.BadParameter(
            "must be a span such as 2h, or a time with a zone such as 2026-01-31T12:00:00Z"
        )
    return at


Moment = Annotated[datetime | None, typer.Option(parser=moment, metavar="SPAN|TIME")]


@app.command("get-log")
def get_log(
    station: str,
    *,
    kind: Annotated[Kind, typer.Option("--type", help="Which log.")] = Kind.DIAGNOSTICS,
    since: Moment = None,
    until: Moment = None,
    retries: Annotated[int, typer.Option(help="How often the station tries again.")] = 2,
    retry_interval: Annotated[int, typer.Option(help="Seconds between its attempts.")] = 60,
    max_bytes: Annotated[int | None, typer.Option(help="Refuse a larger file.")] = None,
    deadline: Annotated[
        timedelta, typer.Option(parser=span, metavar="SPAN", help="When to give up.")
    ] = "15m",  # type: ignore[assignment]  # typer parses the default too
    amqp_url: AmqpUrl = None,
    as_json: AsJson = False,
) -> None:
    """Get a log file from a station; exit with 0 when it is stored, 1 when it is not."""
    try:
        command = GetLog(
            station=station,
            log_type=LogType.SECURITY if kind is Kind.SECURITY else LogType.DIAGNOSTICS,
            oldest_timestamp=since,
            latest_timestamp=until,
            retries=retries,
            retry_interval=retry_interval,
            max_bytes=max_bytes,
            deadline=now() + deadline,
        )
    except ValidationError as error:
        raise typer.BadParameter(explain(error)) from None
    settled = run(_send_and_follow(_address(amqp_url), command, _show(as_json=as_json)))
    if not as_json:
        report(settled)
    if settled.outcome is not Outcome.COMPLETED:
        raise typer.Exit(NOT_COMPLETED)


@app.command()
def watch(
    keys: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY]...", help="Such as command_settled.# or *.CS-1; all if none."),
    ] = None,
    *,
    amqp_url: AmqpUrl = None,
    as_json: AsJson = False,
) -> None:
    """Show events as they come, until Ctrl-C."""
    show: Show = ShowJson() if as_json else ShowText(Console(), with_station=True)
    run(_watch(_address(amqp_url), tuple(keys or ()), show))


def report(settled: CommandSettled) -> None:
    """Print where the file is, for people."""
    if file := settled.result:
        console = Console(soft_wrap=True, highlight=False)
        console.print(
            f"\nfile    {file.location}\nsize    {file.size} bytes\nsha256  {file.sha256}", markup=False
        )
        console.print(f"event   {settled.model_dump_json(exclude_none=True)}", markup=False)


def run(main: Coroutine[None, None, T]) -> T:
    """Run to the end; trouble with the broker is one sentence, Ctrl-C is the usual 130."""
    try:
        return asyncio.run(main)
    except BrokerError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(BROKER_TROUBLE) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def here() -> Here:
    """What is served on this machine; without it, a usage error."""
    try:
        return Here.read()
    except NotServingError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(BAD_USE) from None


def _address(amqp_url: str | None) -> str:
    return amqp_url or here().amqp_url


def _show(*, as_json: bool) -> Show:
    return ShowJson() if as_json else ShowText(Console())


async def _send_and_follow(url: str, command: GetLog, show: Show) -> CommandSettled:
    async with Diagnostics.connect(url, name="cli") as diagnostics:
        await diagnostics.send(command)
        try:
            with show:
                async for event in diagnostics.follow(command):
                    show.event(event)
        except asyncio.CancelledError:
            typer.echo(
                f"the command goes on without you; to see: ocppdiag watch '*.{command.station}'", err=True
            )
            raise
        return await diagnostics.settle(command)


async def _watch(url: str, keys: tuple[str, ...], show: Show) -> None:
    async with (
        Diagnostics.connect(url, name="cli") as diagnostics,
        aclosing(diagnostics.watch(*keys)) as events,
    ):
        with show:
            async for event in events:
                show.event(event)
