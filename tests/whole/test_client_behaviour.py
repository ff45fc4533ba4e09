"""What the client promises, said once and run twice: on the in-memory double and on everything real."""

import asyncio
from datetime import timedelta

import pytest
from worlds import Client, World

from ocppdiag_client import InvalidCommandError, NotSentError
from ocppdiag_contracts import CommandSettled, Failure, GetLog, LogFile, Outcome
from ocppdiag_contracts.events import CommandQueued, LogStored
from ocppdiag_contracts.model import now


async def settled(client: Client, command: GetLog) -> CommandSettled:
    return await asyncio.wait_for(client.settle(command), 20)


async def test_a_command_to_a_good_station_completes_with_its_file(world: World, name: str) -> None:
    async with world() as client:
        command = GetLog(station=name)
        await client.send(command)
        end = await settled(client, command)
        assert end.outcome is Outcome.COMPLETED
        assert end.command_id == command.id
        assert isinstance(end.result, LogFile)
        assert end.result.size > 0


async def test_following_tells_all_from_the_first_to_the_final_event(world: World, name: str) -> None:
    async with world() as client:
        command = GetLog(station=name)
        await client.send(command)
        events = [event async for event in client.follow(command)]
        assert isinstance(events[0], CommandQueued)
        assert [event for event in events if isinstance(event, CommandSettled)] == [events[-1]]
        assert any(isinstance(event, LogStored) for event in events)
        assert len({event.id for event in events}) == len(events)
        again = [event async for event in client.follow(command)]
        assert again == events


async def test_two_may_follow_the_same_command(world: World, name: str) -> None:
    async with world() as client:
        command = GetLog(station=name)
        await client.send(command)

        async def all_of_it() -> list[str]:
            return [event.id async for event in client.follow(command)]

        first, second = await asyncio.wait_for(asyncio.gather(all_of_it(), all_of_it()), 20)
        assert first == second


async def test_sending_twice_is_one_command(world: World, name: str) -> None:
    async with world() as client:
        command = GetLog(station=name)
        await client.send(command)
        await client.send(command)
        first = await settled(client, command)
        await client.send(command)
        assert await settled(client, command) == first


async def test_a_refusal_is_the_final_event(world: World, name: str) -> None:
    async with world() as client:
        command = GetLog(station=f"{name}-rejects")
        await client.send(command)
        end = await settled(client, command)
        assert (end.outcome, end.failure, end.result) == (Outcome.REJECTED, Failure.REJECTED, None)


async def test_an_unknown_station_is_rejected_for_good(world: World, name: str) -> None:
    async with world() as client:
        command = GetLog(station=f"{name}-nobody")
        await client.send(command)
        end = await settled(client, command)
        assert (end.outcome, end.failure) == (Outcome.REJECTED, Failure.UNKNOWN_STATION)
        assert end.retry == Failure.UNKNOWN_STATION.retry


async def test_a_past_deadline_is_the_end(world: World, name: str) -> None:
    async with world() as client:
        command = GetLog(station=name, deadline=now() - timedelta(seconds=1))
        await client.send(command)
        end = await settled(client, command)
        assert (end.outcome, end.failure) == (Outcome.EXPIRED, Failure.DEADLINE_PASSED)


async def test_an_invalid_command_raises_and_is_not_sent(world: World, name: str) -> None:
    async with world() as client:
        command = GetLog(station=name).model_copy(update={"station": "a/b"})
        with pytest.raises(InvalidCommandError, match="station"):
            await client.send(command)
        with pytest.raises(NotSentError):
            await client.settle(command)


async def test_a_command_that_was_not_sent_has_no_end(world: World, name: str) -> None:
    async with world() as client:
        with pytest.raises(NotSentError):
            await client.settle(GetLog(station=name))
        with pytest.raises(NotSentError):
            await anext(client.follow(GetLog(station=name)))


async def test_watching_hears_of_everybodys_commands(world: World, name: str) -> None:
    async with world() as client:
        watching = client.watch("command_settled.#")
        heard: list[str] = []

        async def look_on() -> None:
            async for event in watching:
                if isinstance(event, CommandSettled):
                    heard.append(event.command_id)  # noqa: PERF401 (as they come)

        looking = asyncio.create_task(look_on())
        await asyncio.sleep(0.3)
        command = GetLog(station=name)
        await client.send(command)
        await settled(client, command)
        for _ in range(50):
            if command.id in heard:
                break
            await asyncio.sleep(0.1)
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        await watching.aclose()
        assert heard.count(command.id) == 1
