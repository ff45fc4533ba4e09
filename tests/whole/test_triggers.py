"""Several who ask at once how a log is going: each hears, whoever's trigger it was."""

import asyncio

from bare import Payload, bare_station
from installation import Installation

from ocppdiag_contracts import Outcome
from ocppdiag_contracts.commands import TriggerLogStatus
from ocppdiag_contracts.events import TriggeredLogStatus


async def test_one_notification_answers_all_who_have_asked(installation: Installation, name: str) -> None:
    first, second = TriggerLogStatus(station=name), TriggerLogStatus(station=name)
    accepted: list[str] = []
    async with bare_station(installation, name) as station, installation.diagnostics() as diagnostics:

        async def then(action: str, _: Payload) -> None:
            accepted.append(action)
            if len(accepted) == 2:  # a station may well send one for both
                await asyncio.sleep(0.3)
                assert await station.say("LogStatusNotification", {"status": "Idle"}) == {}

        station.then = then
        await diagnostics.send(first)
        await diagnostics.send(second)
        for command in (first, second):
            settled = await asyncio.wait_for(diagnostics.settle(command), 10)
            assert settled.outcome is Outcome.COMPLETED, settled
            assert settled.result == TriggeredLogStatus(status="Idle", request_id=None)
        # What comes later is nobody's.
        assert await station.say("LogStatusNotification", {"status": "Idle", "requestId": 0}) == {}
    assert accepted == ["TriggerMessage", "TriggerMessage"]
