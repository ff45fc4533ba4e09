"""Orders on their way to a gateway: those that cannot be read cost none of the others."""

from uuid import uuid4

from places import until
from structlog.testing import capture_logs

from ocppdiag_amqp import Broker, Publisher
from ocppdiag_contracts import link
from ocppdiag_contracts.topology import GATEWAY
from ocppdiag_gateway.link import Link
from ocppdiag_local.services import Services

UNREADABLE = [b"7", b'{"kind":"dance"}', b'{"kind":"displace","station":"\xff","epoch":1,"at":0}']


async def test_orders_that_cannot_be_read_spoil_no_others_of_their_batch(services: Services) -> None:
    node, taken = uuid4().hex, list[link.ToGateway]()
    first, last = (link.Displace(station=station, epoch=1, at=0) for station in ("CS-1", "CS-2"))
    async with Broker(services.amqp_url, name="test") as broker:
        await broker.declare_exchanges()
        gateway = await Link.open(broker, shards=1)
        with capture_logs() as said:
            await gateway.listen(broker, node, taken.append)
            body = link.join([link.encode(first), *UNREADABLE, link.encode(last)])
            await (await Publisher.open(broker)).publish(GATEWAY, node, body, persistent=False)
            await until(lambda: len(taken) == 2)
        await gateway.close()
    assert taken == [first, last]
    assert [line["event"] for line in said] == ["order_unreadable"] * len(UNREADABLE)
