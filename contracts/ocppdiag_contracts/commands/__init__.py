"""What a service may ask: one file each, imperative, listed here."""

from typing import Annotated

from pydantic import BeforeValidator, TypeAdapter, ValidationError

from ocppdiag_contracts.commands.command import CommandModel
from ocppdiag_contracts.commands.get_log import GetLog, LogType

LONGEST_NAME = 100
MOST_CLAUSES = 8


class InvalidCommandError(ValueError):
    """The text is no command; the message names each field that is wrong and never repeats its value."""


def _named(value: object) -> object:
    """Insist on what has a default in Python and must be on the wire: the id is the same at every delivery."""
    for name in ("command", "id"):
        if isinstance(value, dict) and name not in value:
            raise ValueError(f"{name}: Field required")
    return value


Command = GetLog  # the next command makes this a union, discriminated by `command`

COMMAND_TYPES: tuple[type[CommandModel], ...] = (GetLog,)

COMMAND: TypeAdapter[Command] = TypeAdapter(Annotated[GetLog, BeforeValidator(_named)])


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
        where = ".".join(str(step) for step in item["loc"])[:LONGEST_NAME]
        what = item["msg"].removeprefix("Value error, ")
        clauses.append(f"{where}: {what}" if where else what)
    return "; ".join(clauses[:MOST_CLAUSES])


__all__ = [
    "COMMAND",
    "COMMAND_TYPES",
    "Command",
    "CommandModel",
    "GetLog",
    "InvalidCommandError",
    "LogType",
    "explain",
    "read_command",
]
