"""What a parked message is about, whether it can be sent again, and in what shape. Pure."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from ocppdiag_amqp import Parked
from ocppdiag_contracts import cloud_events
from ocppdiag_contracts.commands import Command, InvalidCommandError, read_command
from ocppdiag_contracts.topology import COMMANDS, EXCHANGES, LARGEST_BODY, Exchange

_AGAIN = UUID("b7f4a1c2-6d0e-5b3a-8f61-2c9d7e5a4b10")
"""Names the commands that are made of parked ones."""

_MOMENTS = ("deadline", "wait_until")
"""Times of a command that lie ahead; others (of a log, say) are part of what is wished for."""


class NotAgainError(Exception):
    """A message cannot be sent again; the text says why."""


@dataclass(frozen=True, slots=True)
class Again:
    """How a parked message is sent again; `command_id` is its new one, if it is a command that had its end."""

    exchange: Exchange
    body: bytes
    message_id: str | None
    headers: Mapping[str, str]
    command_id: str | None = None


def about(parked: Parked) -> tuple[str | None, str | None]:
    """Tell a message's station and command id, where it says one and no more than one."""
    records = list(_records(parked))
    stations = [record.get("station") for record in records]
    commands = [record.get("id", record.get("tag")) for record in records]
    return _only(stations), _only(commands)


def _records(parked: Parked) -> Iterator[dict[str, object]]:
    if len(parked.body) > LARGEST_BODY:
        return
    try:
        said = json.loads(parked.body)
    except (ValueError, RecursionError):
        return
    if parked.withheld and isinstance(said, dict):
        said = said.get("of")
    yield from (each for each in (said if isinstance(said, list) else [said]) if isinstance(each, dict))


def _only(found: list[object]) -> str | None:
    one = found[0] if found else None
    return one if isinstance(one, str) and all(each == one for each in found) else None


def again(parked: Parked, now: datetime) -> Again:
    """Shape what is to be sent; NotAgainError says why it cannot be.

    A command that can be read had its final event when it was given up. So it goes out as a new one, with as much time
    as it had; its id is made of the old one, so that to send it twice, after a crash between the two, is to send it once.
    """
    if parked.withheld:
        raise NotAgainError(
            "only a stub of it was kept, as it may hold a secret: who has sent it must send it again"
        )
    exchange = next((each for each in EXCHANGES if each.name == parked.exchange), None)
    if exchange is None:
        raise NotAgainError("it does not say which of our exchanges it came by")
    command = _command(parked)
    if command is None:
        return Again(exchange, parked.body, parked.message_id, parked.headers)
    new = _anew(command, f"{uuid5(_AGAIN, f'{parked.id}/{command.station}/{command.id}')}", now)
    return Again(
        exchange,
        new.model_dump_json(exclude_none=True).encode(),
        new.id,
        {**parked.headers, **cloud_events.headers(new, cloud_events.client("cli"))},
        new.id,
    )


def _command(parked: Parked) -> Command | None:
    if parked.exchange != COMMANDS.name or len(parked.body) > LARGEST_BODY:
        return None
    try:
        return read_command(parked.body)
    except InvalidCommandError:
        return None


def _anew(command: Command, new_id: str, now: datetime) -> Command:
    ahead = now - command.time
    moments = {name: moment + ahead for name in _MOMENTS if (moment := getattr(command, name, None))}
    return command.model_copy(update={**moments, "id": new_id, "time": now})
