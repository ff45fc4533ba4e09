"""`ocppdiag logs`: what is kept of the stations' logs, and out of the store into a file."""

import asyncio
import json
import sys
from collections.abc import Coroutine
from contextlib import aclosing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Annotated, BinaryIO, TypeVar

import typer
from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

from ocppdiag_client import here
from ocppdiag_client.cli import BAD_USE, NOT_COMPLETED
from ocppdiag_client.cli.app import AsJson
from ocppdiag_client.cli.grid import draw
from ocppdiag_contracts.model import as_text
from ocppdiag_local.stations import Station, checked
from ocppdiag_uploads.place import opened
from ocppdiag_uploads.store import Store, StoredFile

T = TypeVar("T")

logs = typer.Typer(help="Logs of stations: which there are, and fetch one.", no_args_is_help=True)

Folder = Annotated[
    Path | None,
    typer.Option(envvar="OCPPDIAG_UPLOAD_FOLDER", help="Where logs are kept; else that of `serve`."),
]
Bucket = Annotated[
    str | None,
    typer.Option(
        envvar="OCPPDIAG_UPLOAD_BUCKET",
        help="Or s3://bucket/prefix; with AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID and so on.",
    ),
]


@logs.command("list")
def list_logs(
    context: typer.Context,
    station: Annotated[
        str | None,
        typer.Argument(metavar="[STATION]", callback=lambda name: checked(name) if name else None),
    ] = None,
    *,
    folder: Folder = None,
    bucket: Bucket = None,
    as_json: AsJson = False,
) -> None:
    """Show the logs that are kept, the newest last: of all stations, or of one."""
    store = _store(context, folder, bucket)

    async def listing() -> list[StoredFile]:
        async with aclosing(store):
            return [file async for file in store.files(station)]

    files = sorted(_asking(listing()), key=lambda file: file.at)
    if as_json:
        for file in files:
            typer.echo(json.dumps(_row(store, file)))
    elif files:
        rows = [(file.station, as_text(_moment(file)), decimal(file.size), file.command_id) for file in files]
        draw(Console(), ("station", "stored", "size", "command_id"), rows)
    else:
        typer.echo(f"no log is kept in {bucket or folder or _served()}")


@logs.command("get")
def get(
    context: typer.Context,
    station: Station,
    command_id: Annotated[str, typer.Argument(metavar="COMMAND_ID", help="As `logs list` shows it.")],
    *,
    to: Annotated[
        Path, typer.Option(help="A file, or a folder for COMMAND_ID.log; - for standard output.")
    ] = Path(),  # this folder
    folder: Folder = None,
    bucket: Bucket = None,
) -> None:
    """Fetch a log, and see that it is what came from the station: its SHA-256."""
    store = _store(context, folder, bucket)
    if to.is_dir():
        to /= f"{command_id}.log".replace("/", "_")

    async def getting() -> None:
        async with aclosing(store):
            await _get(store, station, command_id, to)

    _asking(getting())


async def _get(store: Store, station: str, command_id: str, to: Path) -> None:
    file = await store.find(station, command_id)
    if file is None:
        raise OSError(f"there is no log of {station} for {command_id}")
    if to == Path("-"):
        await _fetched(store, file, sys.stdout.buffer)
        return
    # Beside it, so that it comes into its place in one step and only when it is right.
    part = to.with_name(f".{to.name}.{token_hex(4)}")
    try:
        with part.open("xb") as opened_file:
            await _fetched(store, file, opened_file)
        part.replace(to)
    finally:
        part.unlink(missing_ok=True)
    typer.echo(f"{to}: {decimal(file.size)}, sha256 {file.sha256}", err=True)


async def _fetched(store: Store, file: StoredFile, into: BinaryIO) -> None:
    """Write what is in it. Raises OSError when that is not what came."""
    digest = sha256()
    with _progress() as progress:
        task = progress.add_task("", total=file.size)
        async for chunk in store.read(file):
            digest.update(chunk)
            into.write(chunk)
            progress.advance(task, len(chunk))
    if digest.hexdigest() != file.sha256:
        raise OSError("what is kept is not what came from the station: its SHA-256 is another")


def _progress() -> Progress:
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    return Progress(*columns, console=console, disable=not console.is_terminal, transient=True)


def _store(context: typer.Context, folder: Path | None, bucket: str | None) -> Store:
    typed = [name for name in ("folder", "bucket") if _is_typed(context, name)]
    if typed == ["folder"]:
        bucket = None
    elif typed == ["bucket"]:
        folder = None
    try:
        return opened(folder if folder or bucket else _served(), bucket)
    except ValueError as error:
        typer.echo(f"--folder or --bucket: {error}", err=True)
        raise typer.Exit(BAD_USE) from None
    except OSError as error:
        raise _failed(error) from None


def _is_typed(context: typer.Context, name: str) -> bool:
    """Whether an option was typed: then it goes before another that is in the environment."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _served() -> Path:
    """Where `ocppdiag serve` keeps them."""
    return here.folder() / "logs"


def _asking(main: Coroutine[None, None, T]) -> T:
    """Run to the end; trouble with the store is one sentence, Ctrl-C the usual 130."""
    try:
        return asyncio.run(main)
    except OSError as error:
        raise _failed(error) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _failed(error: OSError) -> typer.Exit:
    typer.echo(f"logs: {error}", err=True)
    return typer.Exit(NOT_COMPLETED)


def _row(store: Store, file: StoredFile) -> dict[str, object]:
    return {
        "station": file.station,
        "command_id": file.command_id,
        "stored": as_text(_moment(file)),
        "size": file.size,
        "sha256": file.sha256,
        "location": store.location(file),
    }


def _moment(file: StoredFile) -> datetime:
    return datetime.fromtimestamp(file.at, UTC)
