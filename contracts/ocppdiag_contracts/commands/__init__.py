"""What a service may ask: one file each, imperative, listed here."""

from typing import Annotated, get_args

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from ocppdiag_contracts.commands.cancel import Cancel
from ocppdiag_contracts.commands.clear_variable_monitoring import ClearVariableMonitoring
from ocppdiag_contracts.commands.command import CommandModel, IfOffline, StationCommand
from ocppdiag_contracts.commands.customer_information import (
    CertificateHashData,
    CustomerInformation,
    HashAlgorithm,
    IdToken,
    IdTokenType,
)
from ocppdiag_contracts.commands.get_log import GetLog, LogType
from ocppdiag_contracts.commands.get_monitoring_report import GetMonitoringReport, MonitoringCriterion
from ocppdiag_contracts.commands.list_commands import ListCommands
from ocppdiag_contracts.commands.set_monitoring_base import MonitoringBase, SetMonitoringBase
from ocppdiag_contracts.commands.set_monitoring_level import SetMonitoringLevel
from ocppdiag_contracts.commands.set_variable_monitoring import SetVariableMonitoring, WantedMonitor
from ocppdiag_contracts.commands.trigger_log_status import TriggerLogStatus

LONGEST_NAME = 100
MOST_CLAUSES = 8


class InvalidCommandError(ValueError):
    """The text is no command; the message names each field that is wrong and never repeats its value."""


def name_of(kind: type[CommandModel]) -> str:
    """Return the name of a kind of command on the wire."""
    return str(kind.model_fields["command"].default)


def _named(value: object) -> object:
    """Insist on what has a default in Python and must be on the wire: the id is the same at every delivery."""
    for name in ("command", "id"):
        if isinstance(value, dict) and name not in value:
            raise ValueError(f"{name}: Field required")
    return value


Command = (
    GetLog
    | GetMonitoringReport
    | SetMonitoringBase
    | SetMonitoringLevel
    | SetVariableMonitoring
    | ClearVariableMonitoring
    | CustomerInformation
    | TriggerLogStatus
    | Cancel
    | ListCommands
)

COMMAND_TYPES: tuple[type[CommandModel], ...] = get_args(Command)

SECRET_MEMBERS = frozenset({"remote_location", "id_token", "customer_certificate", "customer_identifier"})
"""Members of commands that hold a secret or personal data."""

COMMAND_NAMES = frozenset(map(name_of, COMMAND_TYPES))

COMMAND: TypeAdapter[Command] = TypeAdapter(
    Annotated[Annotated[Command, Field(discriminator="command")], BeforeValidator(_named)]
)


def read_command(body: bytes) -> Command:
    """Read a command from its JSON.

    Raises:
        InvalidCommandError: with one clause a field.

    """
    try:
        return COMMAND.validate_json(body)
    except ValidationError as error:
        raise InvalidCommandError(explain(error)) from None


def explain(error: ValidationError) -> str:
    """Name each wrong field and what is wrong with it, without the value (it may be a secret)."""
    clauses = []
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        path = item["loc"][1:] if item["loc"] and item["loc"][0] in COMMAND_NAMES else item["loc"]
        where = ".".join(str(step) for step in path)[:LONGEST_NAME]
        what = item["msg"].removeprefix("Value error, ")
        if item["type"] == "union_tag_invalid":
            where, what = "command", f"must be one of {', '.join(sorted(COMMAND_NAMES))}"
        clauses.append(f"{where}: {what}" if where else what)
    return "; ".join(clauses[:MOST_CLAUSES])


__all__ = [
    "COMMAND_NAMES",
    "COMMAND_TYPES",
    "SECRET_MEMBERS",
    "Cancel",
    "CertificateHashData",
    "ClearVariableMonitoring",
    "Command",
    "CommandModel",
    "CustomerInformation",
    "GetLog",
    "GetMonitoringReport",
    "HashAlgorithm",
    "IdToken",
    "IdTokenType",
    "IfOffline",
    "InvalidCommandError",
    "ListCommands",
    "LogType",
    "MonitoringBase",
    "MonitoringCriterion",
    "SetMonitoringBase",
    "SetMonitoringLevel",
    "SetVariableMonitoring",
    "StationCommand",
    "TriggerLogStatus",
    "WantedMonitor",
    "explain",
    "name_of",
    "read_command",
]
