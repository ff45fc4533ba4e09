"""RabbitMQ's definitions: exchanges, queues, bindings, users and their permissions, made from the topology. Pure.

In the shape of `rabbitmqctl export_definitions`, for `import_definitions` and the setting `load_definitions`.
"""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from ocppdiag_contracts.commands import COMMAND_NAMES
from ocppdiag_contracts.permissions import Permissions
from ocppdiag_contracts.topology import (
    EXCHANGES,
    PARKING,
    WORKERS_OWN,
    Queue,
    commands_queue,
    diagnostics_queue,
)

Entry = dict[str, Any]


def password_hash(password: str, salt: bytes) -> str:
    """Hash a password as RabbitMQ does by default; `salt` is 4 random bytes."""
    return b64encode(salt + sha256(salt + password.encode()).digest()).decode()


def queues(shards: int) -> tuple[Queue, ...]:
    """Return all queues that outlive who uses them.

    Workers bind those of the shards to the stations' CALLs that they claim when they start, so that a CALL which no
    worker knows comes back to its gateway.
    """
    shared = (commands_queue(tuple(sorted(COMMAND_NAMES))), *WORKERS_OWN, PARKING)
    return (*shared, *(diagnostics_queue(shard, ()) for shard in range(shards)))


def document(
    shards: int, users: Mapping[str, Permissions], hashes: Mapping[str, str], vhost: str = "/"
) -> Entry:
    """Write the definitions; `hashes` are the users' passwords as RabbitMQ keeps them."""
    here = {"vhost": vhost}
    every = queues(shards)
    return {
        "vhosts": [{"name": vhost}],
        "exchanges": [
            {
                "name": exchange.name,
                **here,
                "type": exchange.type,
                "durable": True,
                "auto_delete": False,
                "internal": False,
                "arguments": {},
            }
            for exchange in EXCHANGES
        ],
        "queues": [
            {
                "name": queue.name,
                **here,
                "durable": True,
                "auto_delete": False,
                "arguments": dict(queue.arguments),
            }
            for queue in every
        ],
        "bindings": [binding | here for queue in every for binding in _bindings(queue)],
        "users": [
            {
                "name": user,
                "password_hash": hashes[user],
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": [],
            }
            for user in users
        ],
        "permissions": [
            {
                "user": user,
                **here,
                "configure": may.configure,
                "write": may.write,
                "read": may.read,
            }
            for user, may in users.items()
        ],
        "topic_permissions": [
            {
                "user": user,
                **here,
                "exchange": topics.exchange.name,
                "write": topics.write,
                "read": topics.read,
            }
            for user, may in users.items()
            for topics in may.topics
        ],
    }


def _bindings(queue: Queue) -> Iterable[Entry]:
    for exchange, key in queue.bindings:
        yield {
            "source": exchange.name,
            "destination": queue.name,
            "destination_type": "queue",
            "routing_key": key,
            "arguments": {},
        }
