"""Our words on the wire: what services may ask and hear, and where it travels."""

from ocppdiag_contracts.commands import Command, GetLog, InvalidCommandError, LogType, read_command
from ocppdiag_contracts.events import EVENT, CommandSettled, Event, LogFile, Outcome
from ocppdiag_contracts.failures import Failure, Retry

__all__ = [
    "EVENT",
    "Command",
    "CommandSettled",
    "Event",
    "Failure",
    "GetLog",
    "InvalidCommandError",
    "LogFile",
    "LogType",
    "Outcome",
    "Retry",
    "read_command",
]
