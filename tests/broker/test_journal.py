"""The journal of ends on a real RabbitMQ: what was put in before the question is found, among many, by few short readings."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from wire import Wire

from ocppdiag_amqp import Broker, BrokerError, Journal, Place, Publisher, Take, journal
from ocppdiag_amqp.broker import declare_queue
from ocppdiag_contracts.topology import ENDS, EVENTS, WORKERS_OWN, event_key
from ocppdiag_local.services import Services
from ocppdiag_workers.ends import SLACK_SECONDS, Ends
from ocppdiag_workers.unbegun import end_ids

MANY = 2000


@pytest.fixture
async def broker(services: Services) -> AsyncIterator[Broker]:
    async with Broker(services.amqp_url, name="test") as broker:
        await broker.declare_exchanges(*WORKERS_OWN)
        yield broker


@pytest.fixture
async def publisher(broker: Broker) -> Publisher:
    return await Publisher.open(broker)


class Counted(Journal):
    """Counts its readings."""

    readings = 0

    async def read(self, start: float | Place, take: Take) -> Place:
        self.readings += 1
        return await super().read(start, take)


async def tell(publisher: Publisher, station: str, *command_ids: object, step: str = "settled") -> None:
    """Publish ends as a worker does."""
    key = event_key("command_settled", station)
    for start in range(0, len(command_ids), 100):
        ids = (f"{station}/{command_id}/{step}" for command_id in command_ids[start : start + 100])
        await asyncio.gather(
            *(publisher.publish(EVENTS, key, b"{}", message_id=each, mandatory=False) for each in ids)
        )


async def consumers(broker: Broker) -> int:
    async with broker.apart(1) as channel:
        return (await declare_queue(channel, ENDS)).declaration_result.consumer_count or 0


async def test_ends_are_found_among_many_and_none_that_is_not_there(
    broker: Broker, publisher: Publisher, station: str
) -> None:
    begun = time.time()
    await tell(publisher, station, *range(MANY))
    ends = Ends(Journal(broker, publisher))
    wanted = range(0, 2 * MANY, 40)
    told = await asyncio.gather(*(ends.told(station, str(number), begun) for number in wanted))
    assert told == [number < MANY for number in wanted]
    assert await consumers(broker) == 0


@pytest.mark.parametrize("step", ["settled", "given_up", "queued"])
async def test_both_kinds_of_end_count_and_nothing_else(
    broker: Broker, publisher: Publisher, station: str, step: str
) -> None:
    await tell(publisher, station, "c-1", step=step)
    assert (f"{station}/c-1/{step}" in end_ids(station, "c-1")) is (step != "queued")
    assert await Ends(Journal(broker, publisher)).told(station, "c-1", time.time()) is (step != "queued")


async def test_what_was_confirmed_before_the_question_is_always_found(
    broker: Broker, publisher: Publisher, station: str
) -> None:
    ends = Ends(Journal(broker, publisher))
    for number in range(10):
        begun = time.time() + SLACK_SECONDS - 2  # there is no need to read more
        assert not await ends.told(station, str(number), begun)
        await tell(publisher, station, number)
        assert await ends.told(station, str(number), begun)


async def test_questions_wait_for_one_reading_together_and_none_for_one_that_began_before_it(
    broker: Broker, publisher: Publisher, station: str
) -> None:
    journal = Counted(broker, publisher)
    ends, begun = Ends(journal), time.time()
    await tell(publisher, station, *range(50))
    first = [asyncio.ensure_future(ends.told(station, str(number), begun)) for number in range(60)]
    async with asyncio.timeout(10):
        while not journal.readings:  # noqa: ASYNC110 (a test looks from outside)
            await asyncio.sleep(0)
    late = [asyncio.ensure_future(ends.told(station, str(number), begun)) for number in range(40, 100)]
    assert sum(await asyncio.gather(*first)) == 50
    assert sum(await asyncio.gather(*late)) == 10
    assert journal.readings == 2


async def test_a_reading_goes_on_where_the_last_has_ended(
    broker: Broker, publisher: Publisher, station: str
) -> None:
    there, found = Journal(broker, publisher), list[str]()
    place: float | Place = time.time() - 1
    for number in range(4):
        await tell(publisher, station, *range(100 * number, 100 * number + 100))
        place = await there.read(place, lambda message_id, _: found.append(message_id))
    assert [each for each in found if each.startswith(station)] == [
        f"{station}/{number}/settled" for number in range(400)
    ]


@pytest.mark.parametrize("way", ["another message", "beyond its end"])
async def test_who_would_go_on_in_another_journal_hears_so(
    broker: Broker, publisher: Publisher, station: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "SILENCE_SECONDS", 1.0)
    await tell(publisher, station, *range(10))
    there = Journal(broker, publisher)
    place = await there.read(time.time() - 1, lambda *_: None)
    wrong = (
        Place("another", place.offset) if way == "another message" else Place(place.mark, place.offset + 9999)
    )
    with pytest.raises(BrokerError):
        await there.read(wrong, lambda *_: None)


async def test_no_reading_disturbs_the_connection_that_the_worker_consumes_on(
    broker: Broker, publisher: Publisher, station: str
) -> None:
    """To close a channel while its messages are being settled is an error that ends the whole connection."""
    closed: list[object] = []
    broker._consuming.close_callbacks.add(lambda *_: closed.append(1))
    journal, begun = Journal(broker, publisher), time.time()
    going_on = asyncio.create_task(tell(publisher, station, *range(3000)))
    while not going_on.done():
        await journal.read(begun, lambda *_: None)
    await going_on
    await asyncio.sleep(0.5)
    assert not closed


async def test_a_reading_that_is_cut_off_says_so_and_the_next_one_finds_all(
    services: Services, publisher: Publisher, station: str
) -> None:
    begun = time.time()
    await tell(publisher, station, *range(MANY))
    async with Wire(services.amqp_url) as wire, Broker(wire.url, name="test") as broker:
        # Its mark goes in by another way, so that only the reading is cut.
        ends = Ends(Journal(broker, publisher))
        wire.bytes_per_second = 2e5
        asking = asyncio.gather(
            *(ends.told(station, str(number), begun) for number in (0, MANY - 1)), return_exceptions=True
        )
        await asyncio.sleep(0.5)
        wire.cut(refuse=True)
        assert [type(answer) for answer in await asking] == [BrokerError, BrokerError]
        wire.bytes_per_second = float("inf")
        wire.mend()
        async with asyncio.timeout(30):
            while True:
                try:
                    assert await ends.told(station, str(MANY - 1), begun)
                except BrokerError:  # it has not reconnected yet
                    continue
                break
