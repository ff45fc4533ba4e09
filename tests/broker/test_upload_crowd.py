"""While a store is slow to say what it has, so many uploads ask it as may be under way, and the others come again."""

import asyncio
import time
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from outages import until

from ocppdiag_amqp import Broker
from ocppdiag_contracts.topology import OWNER
from ocppdiag_contracts.upload_token import UploadToken, sign
from ocppdiag_local.services import Services
from ocppdiag_uploads.announce import Announcer
from ocppdiag_uploads.bounds import PER_STATION, Crowd, Patience
from ocppdiag_uploads.folder import FolderStore
from ocppdiag_uploads.receive import Receiver
from ocppdiag_uploads.store import StoredFile, StoreError

KEY = b"k" * 32
EACH = 8


class SlowStore(FolderStore):
    """One that takes its time, and then fails."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.asked = 0
        self.over = asyncio.Event()

    async def find(self, station: str, command_id: str) -> StoredFile | None:  # noqa: ARG002 (as the others)
        self.asked += 1
        await self.over.wait()
        raise StoreError("no answer")


@pytest.mark.parametrize("asks_first", [False, True])
@pytest.mark.parametrize(("stations", "most", "let_in"), [(1, 100, PER_STATION), (4, 10, 10)])
async def test_no_more_than_may_be_under_way_ask_a_slow_store_and_a_stop_waits_for_them(
    services: Services, tmp_path: Path, stations: int, most: int, let_in: int, *, asks_first: bool
) -> None:
    store = SlowStore(tmp_path)
    async with (
        Broker(services.amqp_url, name="test") as broker,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
    ):
        await broker.declare_exchanges()
        receiver = Receiver(
            store,
            await Announcer.open(broker, 1),
            key=KEY,
            patience=Patience(60, 128),
            crowd=Crowd(most),
            broker=lambda: None,
        )
        runner = web.AppRunner(receiver.app(), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]

        async def put(station: str) -> int:
            token = sign(UploadToken(station, "c1", OWNER, int(time.time()) + 60, 100), KEY)
            url = f"http://127.0.0.1:{port}/{token}/"
            async with session.put(url, data=b"log", expect100=asks_first) as answer:
                return answer.status

        came = [asyncio.create_task(put(f"CS-{number}")) for number in range(stations) for _ in range(EACH)]
        try:
            await until(lambda: sum(one.done() for one in came) == len(came) - let_in)
            assert store.asked == let_in
            finishing = asyncio.create_task(receiver.finish(10))
            await asyncio.sleep(0.1)
            assert not finishing.done()
            store.over.set()
            await asyncio.wait_for(finishing, 5)
            assert set(await asyncio.gather(*came)) == {503}
        finally:
            store.over.set()
            await asyncio.gather(*came, return_exceptions=True)
            await runner.cleanup()
