"""All that is promised of thousands of sockets, measured: idle stations, a storm, a drain; `--write` keeps it in a file."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import drain
import idle
import storm
import typer
import uvloop
from sheet import Sheet, machine, show

IDLE, STORM, DRAIN = 10_000, 5000, 4000
IDLE_SECONDS = 60.0
CALL_EVERY_SECONDS = 10.0
HEAD = """# Thousands of sockets: the figures

Written by `make sockets` (`tests/fleet/sockets.py`); last run {when}.

Everything runs on one machine and shares its cores: RabbitMQ and Redis as private processes, one worker, one gateway
(two for the drain), and the stations in processes of their own, which give way to the others (they are nicer by 5).
The stations are bare sockets that do what a websocket client has to do (`tests/fleet/bare_websocket.py`), on 250
source addresses; they authenticate with passwords, and who is refused or dropped comes back with the defaults of
libocpp (1 s and up to 2 s more, then doubled).

Memory of a connection is the growth of the gateway's resident memory from 20 stations that have come and gone to all
connected, divided by their number, each time after a full collection of garbage. What the kernel keeps for a socket is
not in it.

{machine}; {servers}.

"""


def sheets(share: float) -> Iterator[Sheet]:
    """Measure all."""
    idling, dropped, draining = (max(2, int(count * share)) for count in (IDLE, STORM, DRAIN))
    yield from idle.sheets(idling, IDLE_SECONDS)
    yield from storm.sheets(dropped)
    yield uvloop.run(drain.measured(draining, CALL_EVERY_SECONDS))


def main(
    *,
    write: Annotated[Path | None, typer.Option(help="Write the figures there as well.")] = None,
    share: Annotated[float, typer.Option(min=0.001, max=1, help="Of the full numbers.")] = 1,
) -> None:
    """Measure all; exit with 1 if a target is missed."""

    def written(found: list[Sheet]) -> None:
        if write:
            today = datetime.now(UTC).date().isoformat()
            head = HEAD.format(when=today, machine=machine(), servers=found[-1].servers)
            write.write_text(head + "\n".join(sheet.markdown() for sheet in found))

    show(sheets(share), written)


if __name__ == "__main__":
    typer.run(main)
