"""What each user of the broker may do there, as RabbitMQ writes it: no more than its process needs. Pure.

RabbitMQ tells apart configure (declare, delete), write (publish; bind a queue) and read (consume; bind to an
exchange) by the name of the queue or exchange, and for a topic exchange by the routing key too. To look whether
something is there takes no right, so nobody here may configure an exchange, which would be to delete it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ocppdiag_contracts.topology import (
    COMMANDS,
    DEAD,
    ENDS,
    ENDS_ENTRY,
    EVENTS,
    GATEWAY,
    GUARDS,
    PARKING,
    REPLIES,
    STATION,
    Exchange,
    commands_queue,
)

NOTHING = "^$"

_CLIENT_QUEUES = r"ocppdiag\.(reply|watch)\.[A-Za-z0-9._-]+"
_WORKERS_QUEUES = "|".join(
    (
        r"ocppdiag\.(diagnostics|guard)\.[0-9]+",
        *(re.escape(queue.name) for queue in (commands_queue(()), ENDS, ENDS_ENTRY)),
    )
)
_REPLY_KEYS = r"reply\.[A-Za-z0-9._-]+"


@dataclass(frozen=True, slots=True)
class Topics:
    """Which keys of a topic exchange may be published with, and bound to."""

    exchange: Exchange
    write: str = NOTHING
    read: str = NOTHING


@dataclass(frozen=True, slots=True)
class Permissions:
    """Regular expressions over names, and over keys of topic exchanges."""

    configure: str = NOTHING
    write: str = NOTHING
    read: str = NOTHING
    topics: tuple[Topics, ...] = ()


UPLOADS = Permissions(
    write=f"^{re.escape(STATION.name)}$",
    topics=(Topics(STATION, write=r"^upload\."),),
)
"""Upload receivers: what became of uploads."""


def _any_of(queues: str, exchanges: Iterable[Exchange]) -> str:
    return f"^({'|'.join((queues, *(re.escape(exchange.name) for exchange in exchanges)))})$"


WORKERS = Permissions(
    configure=f"^({_WORKERS_QUEUES})$",
    write=_any_of(_WORKERS_QUEUES, (EVENTS, REPLIES, GATEWAY, GUARDS, DEAD, STATION)),
    read=_any_of(_WORKERS_QUEUES, (COMMANDS, STATION, EVENTS, GUARDS)),
    # The queue for commands has the name of their exchange, and to write to it is to bind it.
    topics=(Topics(COMMANDS, read=".*"), Topics(STATION, read=".*")),
)
"""Workers: their queues and what these are bound to; events, orders, and to put aside. No command, and nothing in a
station's name, although what rests in their queues goes on to the stations' exchange."""

OPERATORS = Permissions(
    write=f"^({re.escape(COMMANDS.name)}|{re.escape(STATION.name)})$",
    read=f"^{re.escape(PARKING.name)}$",
)
"""Who deals with what could not be handled: looks at it, drops it, sends it again the way it had come."""


def gateway(node: str | None = None) -> Permissions:
    """Return what a gateway may do, or any of them: its own queue, what stations say, and telling that one has moved."""
    queues = rf"ocppdiag\.gateway\.{'[A-Za-z0-9-]+' if node is None else re.escape(node)}"
    return Permissions(
        configure=f"^{queues}$",
        write=_any_of(queues, (GATEWAY, STATION)),
        read=_any_of(queues, (GATEWAY,)),
        topics=(Topics(STATION, write=r"^(call|result|presence)\."),),
    )


def service(commands: Iterable[str], events: Iterable[str]) -> Permissions:
    """Return what a service may do that sends these commands, hears their events, and looks on at `events`.

    These are patterns of keys (`command_settled.#`, `*.CS-17`); it may bind to each key that is none the wider.

    Raises:
        ValueError: one has its # elsewhere than at its end.

    """
    names, keys = sorted(map(re.escape, commands)), [_REPLY_KEYS, *sorted(map(_bindable, events))]
    return Permissions(
        configure=f"^({_CLIENT_QUEUES})$",
        write=f"^({_CLIENT_QUEUES}{'|' + re.escape(COMMANDS.name) if names else ''})$",
        read=f"^({_CLIENT_QUEUES}|{re.escape(EVENTS.name)}|{re.escape(REPLIES.name)})$",
        topics=(
            Topics(COMMANDS, write=f"^({'|'.join(names)})$" if names else NOTHING),
            Topics(EVENTS, read=f"^({'|'.join(keys)})$"),
        ),
    )


def _bindable(pattern: str) -> str:
    """Match the binding keys that let nothing through but what this one does."""
    *words, last = pattern.split(".")
    if "#" in "".join(words) or ("#" in last and last != "#"):
        raise ValueError(f"{pattern!r}: a # can only be the last word")
    if last != "#":
        words.append(last)
    matched = r"\.".join("[^.#]+" if word == "*" else re.escape(word) for word in words)
    if last != "#":
        return matched
    return rf"{matched}(\..*)?" if words else ".*"
