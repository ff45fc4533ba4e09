"""Every operation in Redis: read, written by compare-and-set on a revision, found by request, woken by time.

A transition and the events that it causes are written together; an event stays marked as unsent until the broker
has confirmed it, so whoever meets the operation next sends it again.
"""

import asyncio
import itertools
from collections.abc import Sequence
from operator import itemgetter

import msgspec
import structlog

from ocppdiag_contracts.link import UNREADABLE
from ocppdiag_contracts.model import MAX_INTEGER
from ocppdiag_redis import Origin, Pipelined, keys
from ocppdiag_workers import records, scripts
from ocppdiag_workers.letters import Letter
from ocppdiag_workers.operation import MonitorsSeen, Operation
from ocppdiag_workers.parts import Part
from ocppdiag_workers.records import COUNTED_MS, Change, Name, Remembered, Request

log = structlog.get_logger()

_STATION = itemgetter(0)

HELD_MS = 10_000
CLAIM_SECONDS = 60
CLAIM_AT_ONCE = 200


class Memory:
    """The operations. Every method raises redis.exceptions.RedisError when Redis is out of reach."""

    def __init__(self, redis: Pipelined) -> None:
        self._redis = redis
        self.origin = Origin(redis)

    async def next_request_id(self, station: str) -> int:
        """Allocate a requestId that the station has not seen lately, from 1 up (0 is what faulty stations send)."""
        key = keys.request_ids(station)
        return int(await self._redis.script(scripts.REQUEST_ID, [key], MAX_INTEGER, COUNTED_MS))

    async def now(self) -> float:
        """Return the server's time, in seconds since 1970."""
        seconds, microseconds = await self._redis.run("TIME")
        return int(seconds) + int(microseconds) / 1e6

    async def find(self, station: str, command_id: str) -> Remembered | None:
        """Read an operation by its command's id."""
        (found,) = await self.find_all([(station, command_id)])
        return found

    async def find_all(self, names: Sequence[Name]) -> list[Remembered | None]:
        """Read operations."""
        if not names:
            return []
        return [
            records.remembered(fields)
            for fields in await self._redis.run_all([("HGETALL", keys.operation(*name)) for name in names])
        ]

    async def final(self, station: str, command_id: str) -> Letter | None:
        """Return the end of a command, as it is told again."""
        found = await self._redis.run("GET", keys.final(station, command_id))
        return records.read_letter(found) if found else None

    async def find_requests(self, requests: Sequence[Request]) -> list[str | None]:
        """Return the command ids that requestIds stand for; those of a station that follow each other are one command."""
        if not requests:
            return []
        found = await self._redis.run_all(
            [
                ("MGET", *(keys.request(*request) for request in several))
                for _, several in itertools.groupby(requests, key=_STATION)
            ]
        )
        return [command_id.decode() if command_id else None for several in found for command_id in several]

    async def commit(
        self,
        operation: Operation,
        told: tuple[Letter, ...],
        revision: int,
        now: float,
        *,
        final: Letter | None = None,
    ) -> bool:
        """Write one change: whether nobody else has moved on from that revision."""
        (done,) = await self.commit_all([Change(operation, told, revision, final=final)], now)
        return done

    async def commit_all(self, changes: Sequence[Change], now: float) -> list[bool]:
        """Write each change, unless somebody else has moved on from its revision."""
        if not changes:
            return []
        done = await self._redis.scripts([records.commit(change, now) for change in changes])
        return [bool(each) for each in done]

    async def begin(self, operation: Operation, told: tuple[Letter, ...], since: float, now: float) -> bool:
        """Write a beginning: whether it is the only one, in a Redis that has kept everything since then.

        One that has not may have lost another beginning, and its end: then ours is taken back.
        """
        done, kept = await asyncio.gather(self.commit(operation, told, 0, now), self.origin.since())
        if done and kept != since:
            await self.forget(operation)
        return done and kept == since

    async def forget(self, operation: Operation) -> None:
        """Take a beginning back that nobody has been told of, unless somebody has taken it up."""
        await self._redis.scripts([records.forget(operation)])

    async def known_part(self, operation: Operation, part: Part) -> tuple[Part | None, bool]:
        """Return the part that came first under this one's number, and whether this very part was here."""
        (known,) = await self.known_parts([((operation.station, operation.id), part)])
        return known

    async def known_parts(self, parts: Sequence[tuple[Name, Part]]) -> list[tuple[Part | None, bool]]:
        """Return it for several parts."""
        if not parts:
            return []
        found = await self._redis.run_all(
            [("HMGET", keys.parts(*name), *records.part_fields(part)) for name, part in parts]
        )
        return [records.known_part(part, *there) for (_, part), there in zip(parts, found, strict=True)]

    async def parts(self, operation: Operation, newest: Part | None) -> tuple[Part, ...]:
        """Return all the parts of an operation, and the one that is just coming."""
        (found,) = await self.all_parts([(operation, newest)])
        return found

    async def all_parts(self, several: Sequence[tuple[Operation, Part | None]]) -> list[tuple[Part, ...]]:
        """Return them for several operations."""
        if not several:
            return []
        found = await self._redis.run_all(
            [("HVALS", keys.parts(operation.station, operation.id)) for operation, _ in several]
        )
        return [
            (*map(records.read_part, texts), *((newest,) if newest else ()))
            for texts, (_, newest) in zip(found, several, strict=True)
        ]

    async def severities(self, station: str, monitors: tuple[int, ...]) -> dict[int, int]:
        """Return how severe these monitors are, as far as it is known."""
        if not monitors:
            return {}
        found = await self._redis.run("HMGET", keys.monitors(station), *monitors)
        return {monitor: int(text) for monitor, text in zip(monitors, found, strict=True) if text is not None}

    async def see_monitors(self, station: str, seen: MonitorsSeen) -> None:
        """Remember what has become known of a station's monitors."""
        await self.see_all_monitors([(station, seen)])

    async def see_all_monitors(self, seen: Sequence[tuple[str, MonitorsSeen]]) -> None:
        """Remember it for several stations."""
        if commands := [command for each in seen for command in records.monitors(*each)]:
            await self._redis.run_all(commands)

    async def forget_monitors(self, station: str) -> None:
        """Know nothing of a station's monitors any more."""
        await self._redis.run("DEL", keys.monitors(station))

    async def mark_sent(self, operation: Operation, told: tuple[Letter, ...]) -> None:
        """Forget the events that the broker has confirmed."""
        await self.mark_all_sent([(operation, told)])

    async def mark_all_sent(self, told: Sequence[tuple[Operation, tuple[Letter, ...]]]) -> None:
        """Forget those of several operations."""
        if told:
            await self._redis.run_all(
                [
                    (
                        "HDEL",
                        keys.operation(operation.station, operation.id),
                        *map(records.unsent_field, letters),
                    )
                    for operation, letters in told
                ]
            )

    async def open_operations(self, station: str) -> list[str]:
        """Return the ids of the station's commands that have not ended."""
        return [
            member.decode() for member in await self._redis.run("SMEMBERS", keys.open_operations(station))
        ]

    async def waiting(self, station: str, many: int) -> list[str]:
        """Return the ids of the first commands in line for the station, in the order in which they were begun."""
        found = await self._redis.run("ZRANGE", keys.waiting(station), 0, many - 1)
        return [member.decode() for member in found]

    async def hold_waiting(self, station: str, owner: str) -> bool:
        """Be the only one who sends out what has waited, for a few seconds at most."""
        return bool(await self._redis.script(scripts.HOLD, [keys.releasing(station)], owner, HELD_MS))

    async def free_waiting(self, station: str, owner: str) -> None:
        """Let somebody else do it."""
        await self._redis.script(scripts.FREE, [keys.releasing(station)], owner)

    async def open(self, operation: Operation) -> None:
        """Have it counted among those that are open, until none wakes it any more."""
        member = records.member(operation.station, operation.id)
        await self._redis.run("ZADD", keys.BEGUN, "NX", operation.begun, member)

    async def wake_later(self, station: str, command_id: str, at: float) -> None:
        """Have the operation woken at a time (the server's clock)."""
        await self._redis.run("ZADD", keys.DEADLINES, at, records.member(station, command_id))

    async def wake_by(self, station: str, command_id: str, at: float) -> None:
        """Have the operation woken at a time, unless that is to be sooner anyway."""
        await self.all_wake_by([(station, command_id)], at)

    async def all_wake_by(self, names: Sequence[Name], at: float) -> None:
        """Have each of these woken so."""
        if names:
            members = (part for name in names for part in (at, records.member(*name)))
            await self._redis.run("ZADD", keys.DEADLINES, "LT", *members)

    async def wake_never(self, station: str, command_id: str) -> None:
        """Nothing is left to do for this operation."""
        await self.none_wakes([(station, command_id)])

    async def none_wakes(self, names: Sequence[Name]) -> None:
        """Nothing is left to do for these."""
        if names:
            members = [records.member(*name) for name in names]
            # The alarm last: should Redis lose the end of this, it rings, and all of it is done again.
            await self._redis.run_all([("ZREM", key, *members) for key in (keys.BEGUN, keys.DEADLINES)])

    async def claim_due(self) -> tuple[float, list[tuple[str, str]]]:
        """Take what is due, and the server's time; what is not settled within a minute is claimed again."""
        now, members = await self._redis.script(scripts.CLAIM, [keys.DEADLINES], CLAIM_AT_ONCE, CLAIM_SECONDS)
        due = []
        for member in members:
            try:
                due.append(msgspec.json.decode(member, type=tuple[str, str]))
            except UNREADABLE:  # nobody of ours wrote it, and nobody could handle it
                log.error("alarm_unreadable")  # noqa: TRY400 (there is no more to say)
                await self._redis.run("ZREM", keys.DEADLINES, member)
        return float(now), due
