"""`ocppdiag list` and `ocppdiag cancel`: the commands of a station that have not ended."""

from typing import Annotated

import typer

from ocppdiag_client.cli.asking import Station, asks
from ocppdiag_contracts.commands import Cancel, ListCommands


@asks(ListCommands, name="list", tabular=True)
def list_commands(station: Station) -> ListCommands:
    """List the commands that wait for a station or are under way, in their order; the station is not asked."""
    return ListCommands(station=station)


@asks(Cancel, named={"command_id": "COMMAND_ID"})
def cancel(
    station: Station,
    command_id: Annotated[
        str, typer.Argument(metavar="COMMAND_ID", help="As `queued` and `ocppdiag list` show it.")
    ],
) -> Cancel:
    """Take a command back that waits, or that the station has not been asked yet; exit with 0 if it was not too late."""
    return Cancel(station=station, command_id=command_id)
