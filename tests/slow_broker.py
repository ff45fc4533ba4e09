"""A broker for lanes, which confirms when the test says so."""

import asyncio
import json


class Wire:
    """A broker that confirms when the test says so."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes]] = []
        self.underway: dict[str, asyncio.Future[None]] = {}

    async def send(self, key: str, body: bytes) -> None:
        self.sent.append((key, body))
        assert key not in self.underway, "two messages of one key are unconfirmed"
        self.underway[key] = asyncio.get_running_loop().create_future()
        try:
            await self.underway[key]
        finally:
            del self.underway[key]

    async def confirm(self, key: str, error: Exception | None = None) -> None:
        if error is None:
            self.underway[key].set_result(None)
        else:
            self.underway[key].set_exception(error)
        await turns()

    def batches(self, key: str) -> list[list[object]]:
        return [json.loads(body) for sent_key, body in self.sent if sent_key == key]


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def confirmed(done: "asyncio.Future[None]") -> None:
    """Whoever waits would go on: asked without waiting, so that a test cannot hang."""
    assert done.done()
    done.result()
