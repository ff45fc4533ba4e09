"""Questions to the journal whose reading is cut short: whoever has asked hears of it."""

import asyncio
from typing import cast

import pytest

from ocppdiag_amqp import BrokerError, Journal, Place
from ocppdiag_workers.ends import Ends


class Cancelled:
    """A journal whose broker's client gives up a connection that hangs."""

    def __init__(self) -> None:
        self.cut = asyncio.Event()

    async def read(self, *_: object) -> Place:
        await self.cut.wait()
        raise asyncio.CancelledError


async def test_nobody_who_has_asked_waits_for_ever_when_a_reading_is_cancelled() -> None:
    journal = Cancelled()
    ends = Ends(cast(Journal, journal))
    first = asyncio.create_task(ends.told("CS-1", "c-1", 1.0))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    second = asyncio.create_task(ends.told("CS-1", "c-2", 1.0))  # for the next reading
    await asyncio.sleep(0)
    journal.cut.set()
    async with asyncio.timeout(5):
        for each in (first, second):
            with pytest.raises(BrokerError):
                await each
