"""What a great many stations are to Redis: memory of each registered and each connected one, and the work of its lease.

All that gateways keep there for so many stations is written as gateways write it, without the sockets, which
`make sockets` and `make bench` have: what they cost is each gateway's own and does not grow with all the others.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

import cost
import typer
import uvloop
from sheet import Sheet, show

from ocppdiag_local.keys import Keys
from ocppdiag_local.services import services
from ocppdiag_redis import Credentials, Directory, Lease, Pipelined

AT_ONCE = 250
NODES = 50

Each = Callable[[Any], Awaitable[Any]]


async def _all(things: Sequence[Any], do: Each) -> list[Any]:
    found: list[Any] = []
    for begin in range(0, len(things), AT_ONCE):
        found += await asyncio.gather(*map(do, things[begin : begin + AT_ONCE]))
    return found


class Redis:
    """The one that is measured, from its own figures."""

    def __init__(self, client: Pipelined) -> None:
        self._client = client
        self._pid = cost.descendant("redis-server")

    async def bytes(self, which: str = "used_memory") -> int:
        """What lies in it, or another figure that it has of its memory."""
        return int((await self._client.run("INFO", "memory"))[which])

    def seconds(self) -> float:
        """Of processor time so far; 0 if it runs elsewhere."""
        return cost.cpu_seconds(self._pid) if self._pid else 0.0


async def measured(redis_url: str, origin: str, stations: int) -> Sheet:
    """Register them, connect them, and renew all their leases once."""
    client = Pipelined.from_url(redis_url)
    server, directory = Redis(client), Directory(client)
    credentials = Credentials(client, Keys.new().credential_key.encode())
    names = [f"de.example.site-{number // 12:06d}.cs-{number % 12:02d}" for number in range(stations)]
    sheet = Sheet(f"{stations} stations in one Redis", origin)

    async def acquire(name: str) -> Lease:
        node = f"gateway-{hash(name) % NODES}"
        return (await directory.acquire(name, node, f"{name}/1", "ocpp2.0.1"))[0]

    held: list[Lease] = []
    before = await server.bytes()
    for what, things, do in (
        ("registered", names, credentials.issue),
        ("connected", names, acquire),
        ("renewed", held, directory.renew),
    ):
        used, began = server.seconds(), time.perf_counter()
        found = await _all(things, do)
        took, used = time.perf_counter() - began, server.seconds() - used
        if what == "connected":
            held += found
        lies = await server.bytes()
        sheet.add(
            f"each {what}",
            f"{(lies - before) / stations / 1024:.2f} KiB more, {used / stations * 1e6:.1f} µs of Redis",
        )
        sheet.add(f"all {what}", f"in {took:.1f} s, {stations / took:,.0f} a second by one client")
        before = lies
    resident = await server.bytes("used_memory_rss")
    sheet.add("memory of Redis", f"{before / 2**20:,.0f} MiB, resident {resident / 2**20:,.0f} MiB")
    lost = found.count(False)
    sheet.add("leases lost", lost, "0", missed=bool(lost))
    await client.aclose()
    return sheet


def main(*, stations: Annotated[int, typer.Option(min=1, max=2_000_000)] = 200_000) -> None:
    """Measure; exit with 1 if a lease is lost."""
    with services(prefer="processes", say=lambda text: typer.echo(text, err=True)) as found:
        show([uvloop.run(measured(found.redis_url, found.origin, stations))])


if __name__ == "__main__":
    typer.run(main)
