"""The record of a command at its beginning, and what of it is told to who asks again. Pure."""

from typing import Protocol

from msgspec import Raw
from msgspec.structs import replace

from ocppdiag_contracts.commands import Command, StationCommand
from ocppdiag_contracts.events import CommandQueued, CommandRepeated, OpenCommand, Waiting
from ocppdiag_workers import calls
from ocppdiag_workers.feature import Work
from ocppdiag_workers.operation import Operation, State, Step, instant


class Connected(Protocol):
    """Which connection a station has: a lease of the directory."""

    @property
    def node(self) -> str:
        """The gateway that holds it."""
        ...

    @property
    def epoch(self) -> int:
        """Grows with every connection of the station."""
        ...

    @property
    def version(self) -> str:
        """What is spoken on it."""
        ...


def begin(
    command: Command,
    body: bytes,
    reply_to: str | None,
    *,
    user: str | None,
    work: Work,
    lease: Connected | None,
    number: int,
    now: float,
    waits: Waiting | None = None,
    trace: str | None = None,
) -> Step:
    """Make the record of a command, and say that it is there; `number` is its requestId, 0 when it has none.

    `waits`: why its station cannot be asked now, and is waited for.
    """
    due = command.due.timestamp()
    until = command.waits_until if isinstance(command, StationCommand) else None
    operation = Operation(
        id=command.id,
        station=command.station,
        name=command.command,
        family=work.family,
        request_id=number,
        command=Raw(body),
        reply_to=reply_to,
        user=user,
        trace=trace,
        due=due,
        wake_at=due,
        node=lease.node if lease else None,
        epoch=lease.epoch if lease else 0,
        version=lease.version if lease else "",
        details=Raw(work.details),
        begun=now,
        waits_until=until.timestamp() if until else 0.0,
    )
    queued = CommandQueued(
        **operation.event("queued", now),
        command=operation.name,
        request_id=number or None,
        deadline=instant(due),
    )
    if waits is None:
        return Step(operation, (queued,))
    step = calls.waits(operation, now, waits)
    return replace(step, events=(queued, *step.events))


def barred(operation: Operation | None, user: str | None, *, allowed: bool) -> str | None:
    """Say why a command is not to be carried out, nor anything to be told of it; None: it is.

    One that is on record is its sender's alone, if the broker knew that. `allowed`: whether this user may send such a
    command to its station.
    """
    if operation and operation.user is not None:
        return None if operation.user == user else "its id is that of another user's command"
    if allowed:
        return None
    return "its sender may not send it to this station" if user else "it was sent without user_id"


def repeated(operation: Operation, revision: int, now: float) -> CommandRepeated:
    """Say how far an open operation is, to who has sent its command again."""
    return CommandRepeated(
        **operation.event(f"repeated/{revision}", now),
        command=operation.name,
        request_id=operation.request_id or None,
        deadline=instant(operation.due),
        state=operation.state.value,
    )


def as_open(operation: Operation) -> OpenCommand:
    """Say how far an open operation is, in a list."""
    waiting = operation.state is State.WAITING
    return OpenCommand(
        command_id=operation.id,
        command=operation.name,
        state=operation.state.value,
        request_id=operation.request_id or None,
        deadline=instant(operation.due),
        waits_until=instant(operation.waits_until) if waiting else None,
    )
