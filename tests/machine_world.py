"""The broker, two gateway nodes and the connections of one station, played; the turns of a connection are the real ones."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from machine_memory import STATION, Clock
from machine_station import Asked, Station
from msgspec import json

from ocppdiag_amqp import UnroutableError
from ocppdiag_contracts import link
from ocppdiag_contracts.commands import Command
from ocppdiag_contracts.events import EVENT, CommandSettled, Event
from ocppdiag_contracts.topology import GATEWAY_MESSAGE_TTL_MS
from ocppdiag_gateway.absent import not_here
from ocppdiag_gateway.conversation import Conversation
from ocppdiag_gateway.effects import Deliver, Effect, Send
from ocppdiag_gateway.identity import Identity
from ocppdiag_redis import Lease
from ocppdiag_workers.guard import Guard
from ocppdiag_workers.letters import Letter

TTL = GATEWAY_MESSAGE_TTL_MS / 1000


@dataclass(frozen=True)
class Wish:
    """A command as it lies in the broker."""

    command: Command
    reply_to: str | None


@dataclass(frozen=True)
class Untaken:
    """An order that no gateway took in time."""

    order: link.Call | link.Withdraw


Message = Wish | Untaken | Guard | link.FromGateway | link.FromUploads


@dataclass
class Node:
    """A gateway process and its queue."""

    name: str
    alive: bool = True
    has_queue: bool = True
    hung: bool = False
    queue: list[tuple[float, link.ToGateway]] = field(default_factory=list)
    in_hands: list[link.ToGateway] = field(default_factory=list)
    """Taken out of the queue by a process that then hung: the broker gives it to nobody, or takes it back."""


@dataclass
class Connection:
    """A socket as its gateway sees it."""

    node: Node
    lease: Lease
    talk: Conversation
    unread: list[bytes] = field(default_factory=list)


class World:
    """What is between workers and the station, and what was seen of both."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.station = Station()
        self.nodes = {name: Node(name) for name in ("north", "south")}
        self.connections: list[Connection] = []
        self.socket: Connection | None = None
        """The connection that the station itself believes in."""

        self.messages: list[Message] = []
        self.resting: list[tuple[float, Guard]] = []
        self.told: dict[str, Letter] = {}
        self.journal: dict[str, bytes] = {}
        self.ends: dict[str, list[tuple[float, CommandSettled]]] = {}
        self.tags: dict[str, str] = {}
        """By the message id of a CALL: whose it is."""

        self.executed: Counter[str] = Counter()
        """By tag: how often the station has done it."""

        self.left: list[str] = []
        """The tags of CALLs in the order in which they were written to a socket."""

        self.watch: Callable[[Letter], None] = lambda _: None

    # What workers publish.

    def tell(self, letter: Letter, reply_to: str | None) -> None:  # noqa: ARG002 (everybody hears it)
        event: Event = EVENT.validate_json(bytes(letter.shown))
        if letter.event in ("command_queued", "command_settled"):
            self.journal[letter.id] = bytes(letter.shown)
        if isinstance(event, CommandSettled):
            self.ends.setdefault(event.command_id, []).append((self.clock.now, event))
        self.watch(letter)
        self.told.setdefault(letter.id, letter)

    def order(self, node: str, order: link.ToGateway) -> None:
        there = self.nodes[node]
        if not there.has_queue:
            raise UnroutableError("no such queue")
        if isinstance(order, link.Call):
            self.tags[order.message_id] = order.tag
        there.queue.append((self.clock.now, order))

    def guard(self, guard: Guard) -> None:
        self.resting.append((self.clock.now + guard.rung(self.clock.now), guard))

    # What gateways do.

    def take(self, node: Node) -> None:
        """The gateway takes all that lies in its queue."""
        orders, node.queue = [order for _, order in node.queue], []
        for order in (*node.in_hands, *orders):
            self._carry_out(node, order)
        node.in_hands = []

    def hang(self, node: Node) -> None:
        """The gateway stops, with its queue in its hands; the broker will take that back, or not."""
        node.hung = True
        node.in_hands = [order for _, order in node.queue]

    def _carry_out(self, node: Node, order: link.ToGateway) -> None:
        connection = next((each for each in reversed(self.connections) if each.node is node), None)
        if connection is None:
            if isinstance(order, link.Call | link.Withdraw):
                self.messages.append(not_here(order, node.name, self.clock.now))
            return
        talk = connection.talk
        match order:
            case link.Call():
                self.perform(connection, talk.order(order, self.clock.now))
            case link.Withdraw():
                self.perform(connection, talk.withdraw(order, self.clock.now))
            case link.Answer() | link.Refuse():
                self.perform(connection, talk.answer(order, self.clock.now))
            case link.Displace():
                raise AssertionError("nobody orders that here")

    def connect(self, node: Node, lease: Lease) -> None:
        identity = Identity(STATION, node.name, lease.connection, lease.epoch, lease.version)
        connection = Connection(node, lease, Conversation(identity))
        self.connections.append(connection)
        self.socket, self.station.calling = connection, None
        self.perform(connection, connection.talk.connected(self.clock.now))

    def end(self, connection: Connection) -> None:
        """The gateway sees that the connection is over."""
        self.connections.remove(connection)
        self.socket = None if self.socket is connection else self.socket
        self.perform(connection, connection.talk.ended(self.clock.now, 1000, ""))

    def die(self, node: Node) -> None:
        """Without a word."""
        node.alive = node.hung = False
        node.in_hands = []
        self.connections = [each for each in self.connections if each.node is not node]
        if self.socket and self.socket.node is node:
            self.socket = None

    def says(self, frame: bytes) -> None:
        """The station writes to its socket."""
        if self.socket is None or self.socket not in self.connections:
            return
        self.socket.unread.append(frame)
        if not self.socket.node.hung:
            self._read(self.socket)

    def wake(self, node: Node) -> None:
        """A gateway that hung goes on."""
        node.hung = False
        for connection in [each for each in self.connections if each.node is node]:
            self._read(connection)

    def _read(self, connection: Connection) -> None:
        frames, connection.unread = connection.unread, []
        for frame in frames:
            self.perform(connection, connection.talk.received(frame, self.clock.now))

    def perform(self, connection: Connection, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Deliver(record):
                    self.messages.append(record)
                case Send(frame):
                    self._written(connection, frame)
                case _:
                    pass

    def _written(self, connection: Connection, frame: bytes) -> None:
        members: list[Any] = json.decode(frame)
        if members[0] == 2:
            self.left.append(self.tags[members[1]])
        if connection is self.socket and (asked := self.station.hears(frame)):
            self.executed[self.tags[asked.message_id]] += 1

    # What time does.

    def pass_time(self, seconds: float) -> None:
        self.clock.now += seconds
        now = self.clock.now
        for connection in [each for each in self.connections if not each.node.hung]:
            self.perform(connection, connection.talk.tick(now))
        for node in self.nodes.values():
            late = [order for at, order in node.queue if at + TTL <= now]
            node.queue = [(at, order) for at, order in node.queue if at + TTL > now]
            self.messages += [
                Untaken(order) for order in late if isinstance(order, link.Call | link.Withdraw)
            ]
        self.messages += [guard for at, guard in self.resting if at <= now]
        self.resting = [(at, guard) for at, guard in self.resting if at > now]

    @property
    def reports_asked_for(self) -> list[Asked]:
        return self.asked_for("GetMonitoringReport") + self.asked_for("CustomerInformation")

    def asked_for(self, action: str) -> list[Asked]:
        return [asked for asked in self.station.asked if asked.action == action]
