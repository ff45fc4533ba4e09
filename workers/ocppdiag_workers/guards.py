"""What is done about a guard that has rested: it rests again, or sees that its command has had its end."""

import asyncio
from dataclasses import dataclass

import structlog

from ocppdiag_contracts.model import now
from ocppdiag_workers.guard import Guard
from ocppdiag_workers.perform import Performer
from ocppdiag_workers.trouble import PASSING
from ocppdiag_workers.unbegun import Claim, lost

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Guards:
    """The guards of all commands, and the ends of those that have no record."""

    performer: Performer

    async def rested(self, guards: list[Guard]) -> list[tuple[Guard, Exception]]:
        """Take guards as they come back; return those that cannot be handled, and why.

        Raises one of the PASSING errors: then all of them are to come again.
        """
        at = await self.performer.memory.now()
        looks = await asyncio.gather(*(self._look(guard, at) for guard in guards), return_exceptions=True)
        if passing := next((each for each in looks if isinstance(each, PASSING)), None):
            raise passing
        # Last of all: what is done again makes two guards of one.
        await asyncio.gather(
            *(self.performer.post.guard(each, at) for each in looks if isinstance(each, Guard))
        )
        return [
            (guard, each) for guard, each in zip(guards, looks, strict=True) if isinstance(each, Exception)
        ]

    async def _look(self, guard: Guard, at: float) -> Guard | None:
        """Return the guard if it is to rest again: after an end once more, to see that it was told."""
        station, command_id = guard.station, guard.command_id
        remembered = await self.performer.memory.find(station, command_id)
        if remembered and remembered.operation.ended:
            if not remembered.unsent:
                return None
            await self.performer.wake(station, command_id, at)
            return guard
        if not guard.over(at):
            return guard
        if remembered:
            await self.performer.wake(station, command_id, at)
        elif await self.performer.ends.told(station, command_id, guard.begun):
            return None
        else:
            log.error("record_lost", station=station, command_id=command_id)
            whose = Claim(station, command_id, guard.command)
            await self.performer.end(lost(whose, now()), guard.reply_to)
        return guard
