"""`ocppdiag get-log` and `trigger-log-status`."""

from enum import StrEnum
from typing import Annotated

import typer

from ocppdiag_client.cli.asking import Station, asks
from ocppdiag_client.cli.values import Moment, private
from ocppdiag_contracts.commands import GetLog, LogType, TriggerLogStatus


class Kind(StrEnum):
    """Which log."""

    DIAGNOSTICS = "diagnostics"
    SECURITY = "security"


@asks(GetLog, named={"log_type": "--type", "oldest_timestamp": "--since", "latest_timestamp": "--until"})
def get_log(
    station: Station,
    *,
    kind: Annotated[Kind, typer.Option("--type", help="Which log.")] = Kind.DIAGNOSTICS,
    since: Moment = None,
    until: Moment = None,
    retries: Annotated[int, typer.Option(help="How often the station tries again.")] = 2,
    retry_interval: Annotated[int, typer.Option(help="Seconds between its attempts.")] = 60,
    max_bytes: Annotated[int | None, typer.Option(help="Refuse a larger file.")] = None,
    remote_location: Annotated[
        str | None,
        typer.Option(
            parser=private,
            metavar="URL",
            envvar="OCPPDIAG_REMOTE_LOCATION",
            help="Another destination, which operators must have allowed. As it may hold a password: better "
            "from the environment, as @FILE, or as - for standard input.",
        ),
    ] = None,
) -> GetLog:
    """Get a log file from a station; exit with 0 when it is stored, 1 when it is not."""
    return GetLog(
        station=station,
        log_type=LogType.SECURITY if kind is Kind.SECURITY else LogType.DIAGNOSTICS,
        oldest_timestamp=since,
        latest_timestamp=until,
        retries=retries,
        retry_interval=retry_interval,
        max_bytes=max_bytes,
        remote_location=remote_location,
    )


@asks(TriggerLogStatus)
def trigger_log_status(station: Station) -> TriggerLogStatus:
    """Have a station say how its log upload is going."""
    return TriggerLogStatus(station=station)
