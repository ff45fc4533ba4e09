"""`ocppdiag cancel`."""

from typing import Annotated

import typer

from ocppdiag_client.cli.asking import Station, asks
from ocppdiag_contracts.commands import Cancel


@asks(Cancel, named={"command_id": "COMMAND_ID"})
def cancel(
    station: Station,
    command_id: Annotated[str, typer.Argument(metavar="COMMAND_ID", help="As `queued` has shown it.")],
) -> Cancel:
    """Take a command back that the station has not been asked yet; exit with 0 if it was not too late."""
    return Cancel(station=station, command_id=command_id)
