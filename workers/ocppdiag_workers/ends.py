"""Ask the journal what became of commands: one reading at a time, for all who have asked by then, and on from the last."""

import asyncio
from dataclasses import dataclass

from ocppdiag_amqp import Journal, Place, UnconfirmedError
from ocppdiag_workers.past import Past
from ocppdiag_workers.unbegun import BEGINNING, end_ids

SLACK_SECONDS = 60
"""How far the clocks of a worker and of the broker may be apart."""

KEPT_SECONDS = 60.0
"""How long after a reading the next one goes on from it: any later, it would have as much to read as one that begins anew."""


@dataclass(frozen=True, slots=True)
class Found:
    """Whether a command was begun, and its final event as all may hear it, if it has had that."""

    begun: bool
    end: bytes | None


@dataclass(frozen=True, slots=True)
class _Question:
    ids: frozenset[str]
    since: float
    answer: "asyncio.Future[dict[str, bytes]]"


class Ends:
    """Keeps who waits for the next reading, and what was read last, for a minute: when Redis is new, many ask."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._waiting: list[_Question] = []
        self._reading: asyncio.Task[None] | None = None
        self._kept: tuple[Past, Place] | None = None
        self._forgetting: asyncio.TimerHandle | None = None

    async def told(self, station: str, command_id: str, begun: float) -> bool:
        """Whether a command, begun then (seconds since 1970), has had its final event.

        Raises BrokerError when that cannot be said now.
        """
        return bool(await self._find(end_ids(station, command_id), begun))

    async def found(self, station: str, command_id: str, since: float) -> Found:
        """Return what became of a command that was made then. Raises BrokerError as `told`."""
        ends, beginning = end_ids(station, command_id), f"{station}/{command_id}/{BEGINNING}"
        bodies = await self._find(ends | {beginning}, since)
        return Found(beginning in bodies, next((bodies[each] for each in ends if each in bodies), None))

    async def _find(self, ids: frozenset[str], since: float) -> dict[str, bytes]:
        question = _Question(ids, since - SLACK_SECONDS, asyncio.get_running_loop().create_future())
        self._waiting.append(question)
        if self._reading is None:
            self._reading = asyncio.create_task(self._read_all())
        return await question.answer

    async def _read_all(self) -> None:
        asking: list[_Question] = []
        try:
            while self._waiting:
                asking, self._waiting = self._waiting, []
                await self._read(asking)
        finally:  # also when it is cancelled, which may be the broker's client's doing: nobody is to wait for ever
            left, self._waiting, self._reading = [*asking, *self._waiting], [], None
            for question in left:
                if not question.answer.done():
                    question.answer.set_exception(UnconfirmedError("the journal was not read to its end"))

    async def _read(self, asking: list[_Question]) -> None:
        past, start = self._taken_up(min(question.since for question in asking))
        past.wanted = frozenset[str]().union(*(question.ids for question in asking))
        try:
            place = await self._journal.read(start, past.take)
        except Exception as error:  # noqa: BLE001 (whatever it is, those who have asked must hear it)
            for question in asking:
                if not question.answer.done():
                    question.answer.set_exception(error)
        else:
            self._keep(past, place)
            for question in asking:
                if not question.answer.done():
                    question.answer.set_result(past.of(question.ids))

    def _taken_up(self, since: float) -> tuple[Past, Place | float]:
        """Take what is kept, if it goes back so far, and where to read on; else begin anew."""
        kept, self._kept = self._kept, None  # until the reading has come to its end
        if self._forgetting:
            self._forgetting.cancel()
        return kept if kept and kept[0].since <= since else (Past(since), since)

    def _keep(self, past: Past, place: Place) -> None:
        if past.whole:
            self._kept = (past, place)
            self._forgetting = asyncio.get_running_loop().call_later(KEPT_SECONDS, self._forget)

    def _forget(self) -> None:
        self._kept = None
