"""Simulated stations at a terminal: many in one process, and what is typed there changes their variables."""

import asyncio
import os
import sys
from collections.abc import Sequence
from stat import S_ISFIFO

import structlog
from pydantic import ValidationError
from websockets.exceptions import ConnectionClosed

from ocppdiag_client.cli.notation import FORM, NotAPlaceError, read_place
from ocppdiag_station import SimulatedStation
from ocppdiag_station.connection import CallFailedError
from ocppdiag_station.device_model import UnknownVariableError

log = structlog.get_logger()

TYPED = f"{FORM}=VALUE"


class NotAChangeError(ValueError):
    """The line says no variable and value."""


async def simulate(stations: Sequence[SimulatedStation], url: str) -> None:
    """Run them all until the last connection ends. Raises ConnectionRefusedByGatewayError."""
    typing = asyncio.create_task(_typed(stations))
    try:
        await asyncio.gather(*(station.run(url) for station in stations))
    finally:
        typing.cancel()
        await asyncio.gather(typing, return_exceptions=True)


async def change(station: SimulatedStation, line: str) -> None:
    """Set a variable of a station, as `EVSE#1/Power=23000`.

    Raises:
        NotAChangeError: the line is not written so.
        UnknownVariableError: the station has no such variable.
        CallFailedError, TimeoutError, ConnectionClosed: a monitor fired, and the CSMS was not told.

    """
    named, equals, value = line.partition("=")
    try:
        place = read_place(named.strip())
    except (NotAPlaceError, ValidationError) as error:
        raise NotAChangeError(f"must be {TYPED}") from error
    if not equals or place.variable is None:
        raise NotAChangeError(f"must be {TYPED}")
    evse = place.component.evse
    await station.set_variable(
        place.component.name,
        place.variable.name,
        value.strip(),
        evse=evse.id if evse else None,
        connector=evse.connector_id if evse else None,
        instance=place.component.instance,
    )


async def _typed(stations: Sequence[SimulatedStation]) -> None:
    """Read lines for all stations; where standard input is no pipe and no terminal, there are none."""
    # Others, /dev/null among them, are taken and then not to be waited for.
    if not sys.stdin or not (sys.stdin.isatty() or S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode)):
        return
    reader = asyncio.StreamReader()
    try:
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
        )
    except (OSError, ValueError):
        return
    while line := (await reader.readline()).decode(errors="replace"):
        if line.strip():
            await asyncio.gather(*(_change(station, line) for station in stations))


async def _change(station: SimulatedStation, line: str) -> None:
    try:
        await change(station, line)
    except NotAChangeError as error:
        log.warning("not_understood", station=station.station, why=str(error))
    except UnknownVariableError:
        log.warning("no_such_variable", station=station.station, line=line.strip())
    except (CallFailedError, TimeoutError, ConnectionClosed) as error:
        log.warning("event_untold", station=station.station, error=str(error))
    else:
        log.info("variable_set", station=station.station, line=line.strip())
