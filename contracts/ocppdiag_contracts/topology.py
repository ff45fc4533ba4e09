"""Every exchange, queue, key and time limit on the broker, as frozen data: whoever declares it reads it here.

Station traffic travels on keys `<kind>.<Action or owner>.<shard>`; a worker claims an action by binding a queue
to its key, and what nobody has claimed comes back to its publisher (`mandatory`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal
from zlib import crc32

from ocppdiag_contracts.identity import as_routing_word


@dataclass(frozen=True, slots=True)
class Exchange:
    """A durable exchange."""

    name: str
    type: Literal["topic", "direct"]


@dataclass(frozen=True, slots=True)
class Queue:
    """A durable queue, what it is bound to, and what RabbitMQ is told about it."""

    name: str
    bindings: tuple[tuple[Exchange, str], ...]
    arguments: Mapping[str, str | int | bool] = field(default_factory=lambda: MappingProxyType({}))


COMMANDS = Exchange("ocppdiag.commands", "topic")
STATION = Exchange("ocppdiag.station", "topic")
GATEWAY = Exchange("ocppdiag.gateway", "direct")
EVENTS = Exchange("ocppdiag.events", "topic")
REPLIES = Exchange("ocppdiag.replies", "direct")
"""What concerns who has sent a command and nobody else, by AMQP's `reply_to`: nobody can look on with a pattern."""

GUARDS = Exchange("ocppdiag.guards", "direct")
"""What stands in for the record of a command, should Redis lose it."""

DEAD = Exchange("ocppdiag.dead", "topic")
"""What could not be handled, under the name of the queue that it was taken from."""

EXCHANGES = (COMMANDS, STATION, GATEWAY, EVENTS, REPLIES, GUARDS, DEAD)

OWNER = "diagnostics"
"""The owner that the diagnostics workers write into their calls, so that results come back to them."""

DELIVERY_LIMIT = 10
"""A message that made its worker fall this often is parked (RabbitMQ: quorum queues, poison message handling)."""

LARGEST_BODY = 2**22
"""A longer message is parked unread, in bytes: more than any command is, and than what a gateway takes from a station."""

GATEWAY_MESSAGE_TTL_MS = 30_000
"""How long a message may wait for its gateway. Then it comes back to the workers: the station has not seen it."""

EXPIRED_KEY = "expired.gateway.0"
"""The key under which orders that no gateway took in time come back."""

GUARD_SECONDS = (1, 5, 15, 120, 900, 7200, 86_400)
"""How long a guard may rest at a time: one queue for each, because a quorum queue lets go of its head only."""

GUARD_KEY = "guard.rested.0"
"""The key under which guards come back to the workers."""

ENDS_KEY = "ends"
"""The key of what is put into the journal of ends beside the ends themselves."""

_WRITTEN_KEY = "ends.written"

GATEWAY_QUEUE_EXPIRES_MS = 600_000
"""A gateway's queue goes ten minutes after its gateway."""

CLIENT_QUEUE_EXPIRES_MS = 120_000
"""A client's queue waits two minutes for it to reconnect."""


def _quorum(name: str) -> Mapping[str, str | int | bool]:
    """Replicated, never dropped: a dead letter stays until the parking queue has confirmed it."""
    return MappingProxyType(
        {
            "x-queue-type": "quorum",
            "x-delivery-limit": DELIVERY_LIMIT,
            "x-dead-letter-exchange": DEAD.name,
            "x-dead-letter-routing-key": name,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        }
    )


def commands_queue(names: tuple[str, ...]) -> Queue:
    """Return the queue that competing workers take commands from, bound to the commands that they know."""
    bindings = tuple((COMMANDS, name) for name in names)
    name = "ocppdiag.commands"
    return Queue(name, bindings, _quorum(name))


def diagnostics_queue(shard: int, actions: tuple[str, ...]) -> Queue:
    """Return one shard's station traffic: the CALLs that the workers claim, and what belongs to their own calls."""
    keys = [station_key("call", action, shard) for action in actions]
    keys += [station_key(kind, OWNER, shard) for kind in ("result", "upload")]
    keys.append(station_key("presence", "*", shard))
    if shard == 0:
        keys += (EXPIRED_KEY, GUARD_KEY)
    name = f"ocppdiag.{OWNER}.{shard}"
    return Queue(name, tuple((STATION, key) for key in keys), _quorum(name))


def guard_queue(seconds: int) -> Queue:
    """Return the queue in which guards rest for so long, before they come back to the workers."""
    arguments = _passing_on(seconds * 1000, STATION, GUARD_KEY)
    return Queue(f"ocppdiag.guard.{seconds}", ((GUARDS, str(seconds)),), arguments)


def _passing_on(after_ms: int, exchange: Exchange, key: str) -> Mapping[str, str | int | bool]:
    """Replicated, and nothing stays: what has been here for so long goes on, and is kept until that is confirmed."""
    return MappingProxyType(
        {
            "x-queue-type": "quorum",
            "x-message-ttl": after_ms,
            "x-dead-letter-exchange": exchange.name,
            "x-dead-letter-routing-key": key,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        }
    )


ENDS = Queue(
    "ocppdiag.ends",
    ((GUARDS, _WRITTEN_KEY),),
    MappingProxyType(
        {
            "x-queue-type": "stream",
            "x-max-age": "9D",  # no deadline lies further ahead than 8 days
            "x-max-length-bytes": 5 * 10**9,
            "x-stream-max-segment-size-bytes": 16 * 10**6,  # what is too old goes a segment at a time
        }
    ),
)
"""The journal of beginnings and ends: for who must know of a command what Redis may have lost."""

ENDS_ENTRY = Queue(
    "ocppdiag.ends.entry",
    ((EVENTS, "command_queued.#"), (EVENTS, "command_settled.#"), (GUARDS, ENDS_KEY)),
    _passing_on(0, GUARDS, _WRITTEN_KEY),
)
"""The way into the journal: with a stream bound to the events, one frozen node has their confirms wait for 90 seconds."""

GUARD_QUEUES = tuple(map(guard_queue, GUARD_SECONDS))
WORKERS_OWN = (*GUARD_QUEUES, ENDS, ENDS_ENTRY)
"""What workers declare before they take their first command."""


def gateway_queue(node: str) -> Queue:
    """Return a gateway node's own queue.

    Short-lived, because a deadline stands behind each message in it, and replicated, because a classic queue is not
    there while its node of the broker is away, and its gateway deaf; single active consumer, so that an old and a new
    process of one gateway never take turns.
    """
    arguments: dict[str, str | int | bool] = {
        "x-queue-type": "quorum",
        "x-expires": GATEWAY_QUEUE_EXPIRES_MS,
        "x-message-ttl": GATEWAY_MESSAGE_TTL_MS,
        "x-single-active-consumer": True,
        "x-dead-letter-exchange": STATION.name,
        "x-dead-letter-routing-key": EXPIRED_KEY,
    }
    return Queue(f"ocppdiag.gateway.{node}", ((GATEWAY, node),), MappingProxyType(arguments))


def reply_queue(reply_to: str) -> Queue:
    """Return a client's own queue: it outlives a broken connection, not the client."""
    return _passing_queue(
        f"ocppdiag.reply.{reply_to}", ((EVENTS, reply_key(reply_to)), (REPLIES, reply_to)), 2**30
    )


def watch_queue(name: str, keys: tuple[str, ...]) -> Queue:
    """Return the queue of somebody who looks on, bound to the keys of events (`command_settled.#`, `#`)."""
    return _passing_queue(f"ocppdiag.watch.{name}", tuple((EVENTS, key) for key in keys), 2**26)


def _passing_queue(name: str, bindings: tuple[tuple[Exchange, str], ...], most_bytes: int) -> Queue:
    arguments: dict[str, str | int | bool] = {
        "x-queue-type": "classic",
        "x-expires": CLIENT_QUEUE_EXPIRES_MS,
        "x-max-length-bytes": most_bytes,  # who does not read must not fill the broker: the oldest go first
    }
    return Queue(name, bindings, MappingProxyType(arguments))


PARKING = Queue(
    "ocppdiag.parking",
    ((DEAD, "#"),),
    # To look at a message is a delivery. RabbitMQ 4 drops after 20 by default; 3.10 takes a negative limit for 0.
    MappingProxyType({"x-queue-type": "quorum", "x-delivery-limit": 2**31 - 1}),
)
"""What could not be handled, for people to look at."""


def shard_of(station: str, shards: int) -> int:
    """Return the shard of a station."""
    return crc32(station.encode()) % shards


def station_key(kind: str, name: str, shard: int) -> str:
    """Return the key of station traffic; `name` is an OCPP action or the owner of a call."""
    return f"{kind}.{name}.{shard}"


def event_key(event: str, station: str) -> str:
    """Return the key of an event."""
    return f"{event}.{as_routing_word(station)}"


def reply_key(reply_to: str) -> str:
    """Return the second key, which brings a command's events to who named itself in AMQP's `reply_to`."""
    return f"reply.{reply_to}"
