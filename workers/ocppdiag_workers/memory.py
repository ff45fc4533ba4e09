"""Every operation in Redis: read, written by compare-and-set on a revision, found by request, woken by time.

A transition and the events that it causes are written together; an event stays marked as unsent until the broker
has confirmed it, so whoever meets the operation next sends it again.
"""

import itertools
from collections.abc import Sequence

import msgspec
import structlog
from msgspec import Struct

from ocppdiag_contracts.model import MAX_INTEGER
from ocppdiag_redis import Origin, Pipelined, keys
from ocppdiag_workers import scripts
from ocppdiag_workers.letters import Letter
from ocppdiag_workers.operation import MonitorsSeen, Operation
from ocppdiag_workers.parts import Part

log = structlog.get_logger()

KEPT_MS = 24 * 3600 * 1000
"""How long an ended operation is remembered, so that its command sent again finds its end."""

COUNTED_MS = 30 * KEPT_MS
"""How long the last requestId is remembered: longer than any station answers to an old one."""

_OPERATION = msgspec.json.Decoder(Operation)
_LETTER = msgspec.json.Decoder(Letter)

HELD_MS = 10_000
CLAIM_SECONDS = 60
CLAIM_AT_ONCE = 200


class Remembered(Struct, frozen=True):
    """An operation as it lies in Redis: what was read belongs to one revision."""

    operation: Operation
    revision: int
    unsent: tuple[Letter, ...] = ()


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
        fields = await self._redis.run("HGETALL", keys.operation(station, command_id))
        record = {name.decode(): value for name, value in fields.items()}
        if "operation" not in record:
            return None
        unsent = tuple(_read(text) for name, text in record.items() if name.startswith("unsent:"))
        operation = _OPERATION.decode(record["operation"])
        return Remembered(operation, int(record["revision"]), unsent)

    async def final(self, station: str, command_id: str) -> Letter | None:
        """Return the end of a command, as it is told again."""
        found = await self._redis.run("GET", keys.final(station, command_id))
        return _read(found) if found else None

    async def find_requests(self, station: str, requests: Sequence[tuple[str, int]]) -> list[str | None]:
        """Return the command ids that requests (family and requestId) stand for."""
        if not requests:
            return []
        found = await self._redis.run("MGET", *(keys.request(station, *request) for request in requests))
        return [command_id.decode() if command_id else None for command_id in found]

    async def commit(
        self,
        operation: Operation,
        told: tuple[Letter, ...],
        revision: int,
        now: float,
        *,
        keep: Part | None = None,
        final: Letter | None = None,
    ) -> bool:
        """Write a transition and its events, unless somebody else has moved on from that revision.

        Revision 0 is an operation that is not there yet. `keep` is a part that came with the news. An operation that
        has ended has a `final` letter, kept for who sends the command again; its parts are forgotten.
        """
        left = 0 if operation.ended else max(0.0, operation.due - now)
        texts = [part for each in told for part in (each.id, msgspec.json.encode(each))]
        done = await self._redis.script(
            scripts.COMMIT,
            [
                keys.operation(operation.station, operation.id),
                keys.request(operation.station, operation.family or "", operation.request_id),
                keys.open_operations(operation.station),
                keys.parts(operation.station, operation.id),
                keys.final(operation.station, operation.id),
                keys.waiting(operation.station),
            ],
            revision,
            msgspec.json.encode(operation),
            operation.id,
            int(operation.ended),
            int(left * 1000) + KEPT_MS,
            int(operation.family is not None),
            *(_fields(keep) if keep else ("", "")),
            msgspec.json.encode(keep) if keep else "",
            msgspec.json.encode(final) if final else "",
            repr(operation.begun) if operation.in_line else "",
            *texts,
        )
        return bool(done)

    async def known_part(self, operation: Operation, part: Part) -> tuple[Part | None, bool]:
        """Return the part that came first under this one's number, and whether this very part was here."""
        key = keys.parts(operation.station, operation.id)
        first, same = await self._redis.run("HMGET", key, *_fields(part))
        known = msgspec.json.decode(first, type=Part) if first else None
        return known, same is not None or (known is not None and known.digest == part.digest)

    async def parts(self, operation: Operation, newest: Part | None) -> tuple[Part, ...]:
        """Return all the parts of an operation, and the one that is just coming."""
        found = await self._redis.run("HVALS", keys.parts(operation.station, operation.id))
        kept = tuple(msgspec.json.decode(text, type=Part) for text in found)
        return (*kept, newest) if newest else kept

    async def severities(self, station: str, monitors: tuple[int, ...]) -> dict[int, int]:
        """Return how severe these monitors are, as far as it is known."""
        if not monitors:
            return {}
        found = await self._redis.run("HMGET", keys.monitors(station), *monitors)
        return {monitor: int(text) for monitor, text in zip(monitors, found, strict=True) if text is not None}

    async def see_monitors(self, station: str, seen: MonitorsSeen) -> None:
        """Remember what has become known of a station's monitors."""
        key = keys.monitors(station)
        if seen.all_gone:
            await self._redis.run("DEL", key)
        there = {monitor: severity for monitor, severity in seen.severities.items() if severity is not None}
        gone = [monitor for monitor, severity in seen.severities.items() if severity is None]
        if there:
            await self._redis.run("HSET", key, *itertools.chain(*there.items()))
            await self._redis.run("PEXPIRE", key, COUNTED_MS)
        if gone:
            await self._redis.run("HDEL", key, *gone)

    async def forget_monitors(self, station: str) -> None:
        """Know nothing of a station's monitors any more."""
        await self._redis.run("DEL", keys.monitors(station))

    async def mark_sent(self, operation: Operation, told: tuple[Letter, ...]) -> None:
        """Forget the events that the broker has confirmed."""
        fields = [f"unsent:{each.id}" for each in told]
        await self._redis.run("HDEL", keys.operation(operation.station, operation.id), *fields)

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

    async def wake_later(self, station: str, command_id: str, at: float) -> None:
        """Have the operation woken at a time (the server's clock)."""
        await self._redis.run("ZADD", keys.DEADLINES, at, _member(station, command_id))

    async def wake_by(self, station: str, command_id: str, at: float) -> None:
        """Have the operation woken at a time, unless that is to be sooner anyway."""
        await self._redis.run("ZADD", keys.DEADLINES, "LT", at, _member(station, command_id))

    async def wake_never(self, station: str, command_id: str) -> None:
        """Nothing is left to do for this operation."""
        await self._redis.run("ZREM", keys.DEADLINES, _member(station, command_id))

    async def claim_due(self) -> tuple[float, list[tuple[str, str]]]:
        """Take what is due, and the server's time; what is not settled within a minute is claimed again."""
        now, members = await self._redis.script(scripts.CLAIM, [keys.DEADLINES], CLAIM_AT_ONCE, CLAIM_SECONDS)
        due = []
        for member in members:
            try:
                due.append(msgspec.json.decode(member, type=tuple[str, str]))
            except msgspec.DecodeError:  # nobody of ours wrote it, and nobody could handle it
                log.error("alarm_unreadable")  # noqa: TRY400 (there is no more to say)
                await self._redis.run("ZREM", keys.DEADLINES, member)
        return float(now), due


def _read(text: bytes) -> Letter:
    return _LETTER.decode(text)


def _fields(part: Part) -> tuple[str, str]:
    """Where a part lies: under its number, and when another one lies there, beside it."""
    return str(part.seq_no), f"{part.seq_no}/{part.digest}"


def _member(station: str, command_id: str) -> bytes:
    return msgspec.json.encode((station, command_id))
