"""`ocppdiag parking`: what could not be handled, and what is to become of it."""

import json
from collections.abc import Callable, Coroutine
from typing import Annotated, TypeVar

import typer
from rich.console import Console

from ocppdiag_amqp import Held, Parked, Parking
from ocppdiag_client.cli.app import BAD_USE, NOT_COMPLETED, AmqpUrl, AsJson, app, broker, run
from ocppdiag_client.cli.grid import draw
from ocppdiag_client.cli.sentences import printable
from ocppdiag_client.parked import NotAgainError, about, again
from ocppdiag_contracts.model import as_text, now

T = TypeVar("T")

MOST_LISTED = 1000
MOST_SHOWN = 10_000
"""Characters of a body, for people."""

COLUMNS = ("id", "parked_at", "queue", "reason", "station", "command_id", "bytes")

parking = typer.Typer(
    help="What could not be handled: look at it, send it again, drop it.", no_args_is_help=True
)
app.add_typer(parking, name="parking")

Id = Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.")]
Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="As `list` shows them.")]
All = Annotated[bool, typer.Option("--all", help="All that is parked now.")]


class UnknownIdError(Exception):
    """Nothing is parked under this id, or somebody else is looking at it."""


@parking.command("list")
def list_parked(*, amqp_url: AmqpUrl = None, as_json: AsJson = False) -> None:
    """Show what is parked, oldest first and at most 1000, and leave it there."""
    count, rows = run(_list(broker(amqp_url)))
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row))
    elif rows:
        draw(Console(), COLUMNS, map(_cells, rows))
    else:
        typer.echo("nothing is parked")
    if count > len(rows):
        typer.echo(f"these are {len(rows)} of {count}", err=True)


@parking.command("show")
def show(message: Id, *, amqp_url: AmqpUrl = None, as_json: AsJson = False) -> None:
    """Show one message with its body, and leave it there."""
    parked = _run(_find(broker(amqp_url), message))
    said = {
        **_row(parked),
        "exchange": parked.exchange,
        "routing_key": parked.key,
        "deliveries": parked.deliveries,
        "user": parked.user,
        "message_id": parked.message_id,
        "type": parked.type,
        "content_type": parked.content_type,
        "headers": dict(parked.headers),
    }
    body = parked.body.decode(errors="backslashreplace")
    if as_json:
        typer.echo(json.dumps({**said, "body": body}))
        return
    for name, value in said.items():
        typer.echo(f"{name.replace('_', ' '):<14}{'' if value is None else printable(str(value))}")
    typer.echo("\n" + "\n".join(map(printable, body[:MOST_SHOWN].splitlines())))
    if len(body) > MOST_SHOWN:
        typer.echo(f"({len(body) - MOST_SHOWN} characters more: --json has all)", err=True)


@parking.command("retry")
def retry(ids: Ids = None, *, everything: All = False, amqp_url: AmqpUrl = None) -> None:
    """Send messages again the way they had come.

    A command that was given up has had its end, so it is sent as a new one, under a new id and with as much time as it
    had. It goes out in your name: you and who had sent it must have the right to. Exits with 1 when one of them cannot be
    sent again, and goes on with the others.
    """
    left = 0

    async def one(held: Held) -> None:
        nonlocal left
        try:
            shape = again(held.parked, now())
        except NotAgainError as reason:
            left += 1
            typer.echo(f"{held.parked.id} cannot be sent again: {reason}", err=True)
            return
        await held.send(shape.exchange, shape.body, message_id=shape.message_id, headers=shape.headers)
        new = f" as command {shape.command_id}" if shape.command_id else ""
        typer.echo(f"{held.parked.id} is sent again{new}")

    _each(ids, everything, amqp_url, one)
    if left:
        raise typer.Exit(NOT_COMPLETED)


@parking.command("drop")
def drop(ids: Ids = None, *, everything: All = False, amqp_url: AmqpUrl = None) -> None:
    """Throw messages away."""

    async def one(held: Held) -> None:
        await held.drop()
        typer.echo(f"{held.parked.id} is dropped")

    _each(ids, everything, amqp_url, one)


def _each(
    ids: list[str] | None,
    everything: bool,  # noqa: FBT001 (as it was given)
    amqp_url: str | None,
    act: Callable[[Held], Coroutine[None, None, None]],
) -> None:
    if bool(ids) == everything:
        raise typer.BadParameter("give either ID... or --all")
    _run(_act(broker(amqp_url), frozenset(ids or ()), act))


async def _act(url: str, ids: frozenset[str], act: Callable[[Held], Coroutine[None, None, None]]) -> None:
    """Do it to these, or to all; with one id that is unknown, to none."""
    async with Parking.open(url) as opened:
        if not ids:
            async for held in opened.messages():
                await act(held)
            return
        chosen = [held async for held in opened.messages() if held.parked.id in ids]
        _must_be_there(ids, chosen)
        for held in chosen:
            await act(held)


async def _find(url: str, message: str) -> Parked:
    async with Parking.open(url) as opened:
        chosen = [held async for held in opened.messages() if held.parked.id == message]
        _must_be_there(frozenset((message,)), chosen)
        return chosen[0].parked


async def _list(url: str) -> tuple[int, list[dict[str, object]]]:
    async with Parking.open(url) as opened:
        rows = [_row(held.parked) async for held in opened.messages(MOST_LISTED)]
        return opened.count, sorted(rows, key=lambda row: (str(row["parked_at"] or ""), str(row["id"])))


def _must_be_there(ids: frozenset[str], chosen: list[Held]) -> None:
    if unknown := ids - {held.parked.id for held in chosen}:
        raise UnknownIdError(f"nothing is parked as {', '.join(sorted(unknown))}; see: ocppdiag parking list")


def _run(main: Coroutine[None, None, T]) -> T:
    try:
        return run(main)
    except UnknownIdError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(BAD_USE) from None


def _row(parked: Parked) -> dict[str, object]:
    """Say what a list says of a message; `withheld` if only a stub was kept."""
    station, command_id = about(parked)
    return {
        "id": parked.id,
        "parked_at": as_text(parked.at) if parked.at else None,
        "queue": parked.queue,
        "reason": parked.reason,
        "station": station,
        "command_id": command_id,
        "bytes": len(parked.body),
        "withheld": parked.withheld,
    }


def _cells(row: dict[str, object]) -> list[str]:
    cells = {name: "" if row[name] is None else str(row[name]) for name in COLUMNS}
    cells["reason"] += " (a stub)" if row["withheld"] else ""
    return [*cells.values()]
