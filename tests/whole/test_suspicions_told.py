"""What a gateway suspects goes through the broker and a worker to everybody who listens."""

import asyncio

from installation import Installation

from ocppdiag_amqp import Broker
from ocppdiag_contracts import link
from ocppdiag_contracts.events import StationSuspected, Suspicion
from ocppdiag_contracts.model import now
from ocppdiag_gateway.link import Link


async def test_a_suspicion_reaches_who_listens(installation: Installation, name: str) -> None:
    at = now()
    suspected = link.Suspected(
        station=name, node="g", at=at.timestamp(), reason=Suspicion.TAKEOVERS, detail="4 within a minute"
    )
    async with (
        installation.diagnostics() as diagnostics,
        diagnostics.listen(f"station_suspected.{name}") as heard,
        Broker(installation.services.amqp_url, name="test") as broker,
    ):
        uplink = await Link.open(broker, shards=1)
        uplink.deliver(suspected)
        event = await asyncio.wait_for(anext(heard), 10)
        await uplink.close()
    assert isinstance(event, StationSuspected)
    assert (event.station, event.reason, event.detail) == (name, Suspicion.TAKEOVERS, "4 within a minute")
    assert event.time == at
