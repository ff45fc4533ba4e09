"""The gateway's two ways to the workers: records up with confirms, orders down from this node's own queue."""

import time
from collections.abc import Callable, Iterator

import structlog

from ocppdiag_amqp import Broker, Consumer, Delivery, Lanes, Publisher, Told, UnroutableError, close_lanes
from ocppdiag_contracts import link
from ocppdiag_contracts.topology import GATEWAY, STATION, gateway_queue, shard_of, station_key
from ocppdiag_gateway import metrics
from ocppdiag_gateway.limits import Limits
from ocppdiag_gateway.traces import Traces

log = structlog.get_logger()

PREFETCH = 200
DISPLACE_SECONDS = 5.0
CALL_PATIENCE = Limits().answer_seconds - 2
"""A CALL is worth little when its station has given it up."""

RESULT_PATIENCE = 600.0
"""What became of ours is told however late."""

CLOSE_SECONDS = 3.0


class Link:
    """Opened once for a process; `deliver` and `displace` never wait."""

    def __init__(self, publisher: Publisher, shards: int) -> None:
        def up(patience: float) -> Lanes:
            return Lanes(lambda key, body: publisher.publish(STATION, key, body, patience=patience), patience)

        self._shards = shards
        self._calls = up(CALL_PATIENCE)
        self._results = up(RESULT_PATIENCE)
        self._sideways = Lanes(
            lambda node, body: publisher.publish(
                GATEWAY, node, body, persistent=False, patience=DISPLACE_SECONDS
            )
        )
        self._consumer: Consumer | None = None
        self.traces = Traces()

    @classmethod
    async def open(cls, broker: Broker, shards: int) -> "Link":
        """Open the way up."""
        return cls(await Publisher.open(broker), shards)

    async def listen(self, broker: Broker, node: str, take: Callable[[link.ToGateway], None]) -> None:
        """Open the way down: `take` gets each order, at most once: it is settled before a station sees it."""

        async def handle(delivery: Delivery) -> None:
            orders = [*_orders(delivery.body)]
            if orders:
                metrics.ORDER_AGE.observe(max(0.0, time.time() - orders[0].at))
            for order in orders:
                take(order)

        self._consumer = await Consumer.start(
            broker, gateway_queue(node), handle, prefetch=PREFETCH, settle_first=True
        )

    def deliver(self, record: link.FromGateway | link.Suspected, told: Told = lambda _: None) -> None:
        """Put a record on its way; `told` hears of the broker's confirm or a BrokerError."""
        shard = shard_of(record.station, self._shards)
        match record:
            case link.Called(action=action):
                self._calls.post(station_key("call", action, shard), link.encode(record), told)
                return
            case link.Connected():
                key = station_key("presence", "connected", shard)
            case link.Disconnected():
                key = station_key("presence", "disconnected", shard)
            case link.Suspected():
                key = station_key("presence", "suspected", shard)
            case _:
                self.traces.told(record)
                key = station_key("result", record.owner, shard)
        self._results.post(key, link.encode(record), told)

    def displace(self, node: str, order: link.Displace) -> None:
        """Tell the gateway of an older connection that it is over; a node that is gone needs no telling."""

        def told(error: Exception | None) -> None:
            if error and not isinstance(error, UnroutableError):
                log.warning("displace_unsent", node=node, error=str(error))

        self._sideways.post(node, link.encode(order), told)

    async def close(self) -> None:
        """Stop listening, then send what is left, as far as the broker takes it within 3 s."""
        if self._consumer:
            await self._consumer.stop()
        await close_lanes(self._calls, self._results, self._sideways, within=CLOSE_SECONDS)


def _orders(body: bytes) -> Iterator[link.ToGateway]:
    """Read a batch; what cannot be read is nobody's order."""
    for raw in link.split(body):
        try:
            yield link.TO_GATEWAY.decode(raw)
        except link.UNREADABLE as error:
            log.warning("order_unreadable", error=str(error))
