"""The `ocppdiag` command itself: its exit statuses, where its broker is, and how it runs."""

import asyncio
import logging
import sys
from collections.abc import Coroutine
from importlib.metadata import version
from typing import Annotated, TypeVar

import structlog
import typer
from rich.console import Console

from ocppdiag_amqp import BrokerError
from ocppdiag_client.here import Here, NotServingError

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


def _version(wanted: bool) -> None:  # noqa: FBT001 (typer's form)
    if wanted:
        typer.echo(f"ocppdiag {version('ocppdiag')}")
        raise typer.Exit


@app.callback()
def common(
    *,
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """What all subcommands have in common."""


AmqpUrl = Annotated[
    str | None,
    typer.Option(envvar="OCPPDIAG_AMQP_URL", help="RabbitMQ; without it, what `ocppdiag serve` serves here."),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


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


def broker(amqp_url: str | None) -> str:
    """Return the address of the broker. Raises typer.Exit when there is none."""
    # What the client logs is no output; and no traceback of it shows values, which may be personal.
    logging.getLogger().addHandler(logging.NullHandler())  # libraries say what `BrokerError` says
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(
                colors=Console(stderr=True).color_system is not None,
                exception_formatter=structlog.dev.plain_traceback,
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger("warning"),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    return amqp_url or here().amqp_url
