"""Take one command: who has sent it, and may it be? Then it is begun, or ended without a record of it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog

from ocppdiag_amqp import Delivery, ParkError
from ocppdiag_contracts.commands import (
    Command,
    CommandModel,
    CustomerInformation,
    InvalidCommandError,
    read_command,
)
from ocppdiag_contracts.events import CommandSettled
from ocppdiag_contracts.model import now
from ocppdiag_process.tracing import Span
from ocppdiag_workers import metrics, traces
from ocppdiag_workers.allow_list import AllowList
from ocppdiag_workers.begin import barred
from ocppdiag_workers.letters import letter, letters
from ocppdiag_workers.perform import ForbiddenError, Performer
from ocppdiag_workers.trouble import PASSING
from ocppdiag_workers.unbegun import Claim, claim, forbidden, given_up, refused

log = structlog.get_logger()

FURTHEST = CommandModel.LONGEST_TIME + timedelta(days=1)
"""How far a deadline may lie ahead of our own clock."""

UNSIGNED = "sent without user_id: it cannot be told who may have it carried out"

_REPLY_TO = re.compile(r"[A-Za-z0-9._-]{1,100}")


class Reception:
    """Where commands come in. Everything raises ParkError and the PASSING errors."""

    def __init__(self, performer: Performer, allow_list: AllowList) -> None:
        self._performer = performer
        self._allow_list = allow_list

    async def take(self, delivery: Delivery) -> None:
        """Carry a command out as far as its sender may have that."""
        with traces.processing(delivery) as span:
            await self._take(delivery, span)

    async def _take(self, delivery: Delivery, span: Span) -> None:
        try:
            command = _read(delivery)
        except InvalidCommandError as error:
            span.fail("invalid_command")
            await self._refuse(delivery, str(error))
            return
        span.say({"ocppdiag.station": command.station, "ocppdiag.command_id": command.id})
        structlog.contextvars.bind_contextvars(station=command.station, command_id=command.id)
        whose = Claim(command.station, command.id, command.command)
        async with self._forbidding(whose, delivery):
            allowed = self._allowed(whose, delivery)
            await self._performer.command(
                command,
                delivery.body,
                delivery.reply_to,
                delivery.user_id,
                allowed=allowed,
                trace=span.context,
            )

    async def give_up(self, delivery: Delivery) -> None:
        """End a command that has failed too often, unless it is on record: then its deadline ends it."""
        whose = claim(delivery.body)
        if whose is None:
            return
        async with self._forbidding(whose, delivery):
            if await self._known(whose, delivery):
                return
            log.error("command_given_up", station=whose.station, command_id=whose.command_id)
            event = given_up(whose, now())
            try:
                await self._performer.end(event, _reply_to(delivery), delivery.user_id)
            except PASSING:
                raise
            except Exception:  # the fault may well be met here too, and the event goes out all the same
                log.exception("end_unrecorded")
                await self._tell(event, delivery)

    async def _refuse(self, delivery: Delivery, detail: str) -> None:
        """End an invalid command with an event, as far as it can be told whose it is; else park it."""
        whose = claim(delivery.body)
        if whose is None:
            raise ParkError(f"no command: {detail}")
        async with self._forbidding(whose, delivery):
            if await self._known(whose, delivery):
                raise ParkError(f"another command under the id of one that is known: {detail}")
            log.warning("command_invalid", station=whose.station, command_id=whose.command_id, detail=detail)
            await self._tell(refused(whose, delivery.body, detail, now()), delivery)

    async def _known(self, whose: Claim, delivery: Delivery) -> bool:
        """Whether it is on record. Raises ForbiddenError for who may not be told."""
        remembered = await self._performer.memory.find(whose.station, whose.command_id)
        operation = remembered.operation if remembered else None
        if why := barred(operation, delivery.user_id, allowed=self._allowed(whose, delivery)):
            raise ForbiddenError(why)
        return remembered is not None

    def _allowed(self, whose: Claim, delivery: Delivery) -> bool:
        """Whether all who have sent it have the right to: who sends a parked one again adds nothing to that."""
        allows = self._allow_list.allows
        return all(allows(user, whose.command, whose.station) for user in delivery.senders)

    @asynccontextmanager
    async def _forbidding(self, whose: Claim, delivery: Delivery) -> AsyncIterator[None]:
        """Tell a sender that may not so, and nobody else. Raises ParkError when it is not known who that is."""
        try:
            yield
        except ForbiddenError as error:
            log.warning(
                "command_forbidden",
                why=str(error),
                user=delivery.user_id,
                sent_for=delivery.senders[1:],
                command=whose.command,
                station=whose.station,
                command_id=whose.command_id,
            )
            if reply_to := _reply_to(delivery):
                event = forbidden(whose, delivery.user_id, str(error), now())
                metrics.ended(event)
                await self._performer.post.answer(letter(event, traces.context(delivery)), reply_to)
            if None in delivery.senders:
                raise ParkError(UNSIGNED) from None

    async def _tell(self, event: CommandSettled, delivery: Delivery) -> None:
        metrics.ended(event)
        await self._performer.post.tell(letters((event,), traces.context(delivery)), _reply_to(delivery))


def _reply_to(delivery: Delivery) -> str | None:
    return delivery.reply_to if _may_reply(delivery) else None


def _may_reply(delivery: Delivery) -> bool:
    return delivery.reply_to is None or _REPLY_TO.fullmatch(delivery.reply_to) is not None


def _read(delivery: Delivery) -> Command:
    if not _may_reply(delivery):
        raise InvalidCommandError("reply_to: must be 1 to 100 of the characters a-z A-Z 0-9 . _ -")
    command = read_command(delivery.body)
    if delivery.routing_key != command.command:  # what the broker lets a user send, it knows by that key
        raise InvalidCommandError("command: is not the routing key of the message")
    if command.due > now() + FURTHEST:
        raise InvalidCommandError("deadline: is more than 8 days from now")
    if isinstance(command, CustomerInformation) and command.report and not delivery.reply_to:
        raise InvalidCommandError("reply_to: is required, because a customer's data goes nowhere else")
    return command
