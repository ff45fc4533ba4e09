"""Have a station say now how its log upload is going (OCPP use case F06, N01.FR.13)."""

from datetime import timedelta
from typing import ClassVar, Literal

from ocppdiag_contracts.commands.command import StationCommand


class TriggerLogStatus(StationCommand):
    """Have the station send a LogStatusNotification; settled with what it says, `Idle` when nothing is under way."""

    DEFAULT_TIME: ClassVar[timedelta] = timedelta(minutes=2)

    command: Literal["trigger_log_status"] = "trigger_log_status"
