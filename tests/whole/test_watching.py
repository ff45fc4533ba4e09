"""Looking on: each watch hears what it asked for, and none of them can hang its client."""

import asyncio

from installation import Installation

from ocppdiag_contracts import GetLog
from ocppdiag_contracts.events import CommandSettled


async def test_two_watches_of_one_client_do_not_share(installation: Installation, name: str) -> None:
    ends: list[str] = []
    all_of_it: list[str] = []
    async with installation.station(name), installation.diagnostics() as diagnostics:
        narrow, wide = diagnostics.watch(f"command_settled.{name}"), diagnostics.watch(f"*.{name}")

        async def listen(events: object, heard: list[str]) -> None:
            async for event in events:  # type: ignore[attr-defined]
                heard.append(event.event)  # noqa: PERF401 (as they come)

        listening = [asyncio.create_task(listen(narrow, ends)), asyncio.create_task(listen(wide, all_of_it))]
        await asyncio.sleep(0.5)
        command = GetLog(station=name)
        await diagnostics.send(command)
        await asyncio.wait_for(diagnostics.settle(command), 20)
        await asyncio.sleep(0.5)
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
        await narrow.aclose()
        await wide.aclose()
    assert ends == ["command_settled"]
    assert all_of_it.count("command_settled") == 1
    assert "command_queued" in all_of_it


async def test_a_watch_that_nobody_reads_lets_its_client_go(installation: Installation, name: str) -> None:
    async with installation.diagnostics() as diagnostics:
        watching = diagnostics.watch(f"command_settled.{name}")
        first = asyncio.ensure_future(anext(watching))
        await asyncio.sleep(0.5)
        commands = [GetLog(station=name) for _ in range(250)]
        await asyncio.gather(*(diagnostics.send(command) for command in commands))
        await asyncio.gather(*(diagnostics.settle(command) for command in commands))
        assert isinstance(await first, CommandSettled)
        await asyncio.sleep(0.5)
        await asyncio.wait_for(watching.aclose(), 10)
