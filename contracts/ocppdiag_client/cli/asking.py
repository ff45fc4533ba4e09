"""What all subcommands that send a command have in common: their options, how they are carried out and shown."""

import asyncio
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from inspect import Parameter, Signature, signature
from shlex import quote
from typing import Annotated, Any, ParamSpec, TypeVar, cast

import typer
from rich.console import Console

from ocppdiag_client.cli.app import BROKER_TROUBLE, NOT_COMPLETED, AmqpUrl, AsJson, app, broker, run
from ocppdiag_client.cli.report import report, warn
from ocppdiag_client.cli.show import Show, ShowJson, ShowText
from ocppdiag_client.cli.tables import Tabular, write_csv
from ocppdiag_client.cli.values import span, told_of
from ocppdiag_client.client import Diagnostics
from ocppdiag_contracts.commands import Command, CommandModel, IfOffline, StationCommand, name_of
from ocppdiag_contracts.events import CommandSettled, CommandWaiting, Event, Outcome
from ocppdiag_contracts.events.results import Report
from ocppdiag_contracts.model import as_text
from ocppdiag_contracts.topology import event_key

P = ParamSpec("P")
C = TypeVar("C", bound=Command)

Station = Annotated[str, typer.Argument(metavar="STATION")]
AsCsv = Annotated[bool, typer.Option("--csv", help="The table as CSV, and nothing else, on standard output.")]
Watch = Annotated[
    bool, typer.Option("--watch", help="Then go on showing the station's events, until Ctrl-C.")
]


@dataclass(frozen=True, slots=True)
class Screen:
    """Where a command and its end are shown; `notices` is for people, standard output for what was asked."""

    notices: Console
    as_json: bool = False
    as_csv: bool = False

    def show(self) -> Show:
        """Show events."""
        return ShowJson() if self.as_json else ShowText(self.notices)

    def report(self, settled: CommandSettled) -> None:
        """Show what the command has brought; as JSON it was shown with its event."""
        result = settled.result
        if self.as_csv:
            if isinstance(result, Tabular):
                write_csv(result, sys.stdout)
                sys.stdout.flush()
            if isinstance(result, Report):
                warn(result, self.notices)
        elif not self.as_json:
            report(settled, self.notices)


def asks(
    kind: type[C], *, name: str | None = None, tabular: bool = False, named: Mapping[str, str] | None = None
) -> Callable[[Callable[P, C]], Callable[P, C]]:
    """Make a subcommand of a function that writes a command.

    The options that all have in common are added to its own. `name` is its own, if it is not the command's;
    `tabular` adds --csv; `named` are the options whose names are not those of the command's fields.
    """
    options = {**_options(kind), **(named or {})}

    def register(write: Callable[P, C]) -> Callable[P, C]:
        def subcommand(
            *,
            deadline: timedelta | None,
            amqp_url: str | None,
            as_json: bool,
            watch: bool,
            wait: timedelta | None = None,
            as_csv: bool = False,
            **own: Any,  # noqa: ANN401 (the options of one command)
        ) -> None:
            if as_json and as_csv:
                raise typer.BadParameter("--json, --csv: only one of them")
            with told_of(options):
                command: Command = cast("Callable[..., C]", write)(**own)
                command = kind.model_validate({**dict(command), **_times(command, deadline, wait)})
            screen = Screen(Console(stderr=as_csv), as_json=as_json, as_csv=as_csv)
            settled = run(_carry_out(broker(amqp_url), command, screen, watch=watch))
            if settled.outcome is not Outcome.COMPLETED:
                raise typer.Exit(NOT_COMPLETED)

        subcommand.__signature__ = Signature(  # type: ignore[attr-defined]  # what typer reads
            [*signature(write).parameters.values(), *_common(kind, tabular=tabular)]
        )
        subcommand.__doc__ = write.__doc__
        app.command(name or name_of(kind).replace("_", "-"))(subcommand)
        return write

    return register


def _options(kind: type[CommandModel]) -> dict[str, str]:
    """Say which option each field of a command comes from."""
    ours = {"command", "id", "schema_version", "time"}
    options = {name: f"--{name.replace('_', '-')}" for name in kind.model_fields if name not in ours}
    return {**options, "station": "STATION", "wait_until": "--wait"}


def _times(command: CommandModel, deadline: timedelta | None, wait: timedelta | None) -> dict[str, object]:
    """Count spans from the command's own time, so that the longest is not too long."""
    until = {} if wait is None else {"if_offline": IfOffline.WAIT, "wait_until": command.time + wait}
    return until if deadline is None else {**until, "deadline": command.time + deadline}


def _common(kind: type[CommandModel], *, tabular: bool) -> Iterator[Parameter]:
    usual = f"{kind.DEFAULT_TIME // timedelta(minutes=1)}m"
    if waits := issubclass(kind, StationCommand):
        usual += ", after --wait if that is given"
    deadline = typer.Option(parser=span, metavar="SPAN", help="When to give up.", show_default=usual)
    wait = typer.Option(
        parser=span, metavar="SPAN", help="If the station is not connected, wait for it that long, up to 7d."
    )

    def option(name: str, annotation: object, default: object) -> Parameter:
        return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)

    yield option("deadline", Annotated[timedelta | None, deadline], default=None)
    if waits:
        yield option("wait", Annotated[timedelta | None, wait], default=None)
    yield option("amqp_url", AmqpUrl, default=None)
    yield option("as_json", AsJson, default=False)
    if tabular:
        yield option("as_csv", AsCsv, default=False)
    yield option("watch", Watch, default=False)


async def _carry_out(url: str, command: Command, screen: Screen, *, watch: bool) -> CommandSettled:
    """Send a command and show it to its end; then, if that is wanted, what else the station has to say."""
    async with AsyncExitStack() as exits:
        diagnostics = await exits.enter_async_context(Diagnostics.connect(url, name="cli"))
        if not watch:
            return await _ask(diagnostics, command, screen)
        # Before the command is sent: what it sets may fire at once.
        heard = await exits.enter_async_context(diagnostics.listen(event_key("*", command.station)))
        settled = await _ask(diagnostics, command, screen)
        with screen.show() as show:
            async for event in heard:
                if getattr(event, "command_id", None) != command.id:
                    show.event(event)
        return settled


async def _ask(diagnostics: Diagnostics, command: Command, screen: Screen) -> CommandSettled:
    await diagnostics.send(command)
    settled = await _follow(diagnostics, command, screen.show())
    screen.report(settled)
    return settled


async def _follow(diagnostics: Diagnostics, command: Command, show: Show) -> CommandSettled:
    last: Event | None = None

    async def events() -> None:
        nonlocal last
        with show:
            async for event in diagnostics.follow(command):
                show.event(event)
                last = event

    following = asyncio.create_task(events())
    try:
        settled = await diagnostics.settle(command)
        await following
    except TimeoutError:
        typer.echo("nothing was heard of the command's end: is a worker running?", err=True)
        raise typer.Exit(BROKER_TROUBLE) from None
    except asyncio.CancelledError:
        typer.echo(_left(command, last), err=True)
        raise
    finally:
        following.cancel()
    return settled


def _left(command: Command, last: Event | None) -> str:
    """Say what becomes of a command that nobody waits for any more, after its last event."""
    see = f"to see: ocppdiag watch {quote(event_key('*', command.station))}"
    if not isinstance(last, CommandWaiting):
        return f"the command goes on without you; {see}"
    cancel = f"to take it back: ocppdiag cancel {quote(command.station)} {command.id}"
    return f"the command goes on waiting until {as_text(last.until)}; {cancel}; {see}"
