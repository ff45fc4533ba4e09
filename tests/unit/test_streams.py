"""A client's memory of its commands: each one's events in order, without repeats, and nothing after the end."""

import asyncio
from datetime import UTC, datetime

import pytest

from ocppdiag_client import stream as streams_module
from ocppdiag_client.stream import NotSentError, Streams
from ocppdiag_contracts.commands import GetLog
from ocppdiag_contracts.events import (
    CommandSent,
    CommandSettled,
    Event,
    LogBytesReceived,
    LogStatusReported,
    Outcome,
    StationConnected,
)

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
COMMAND = GetLog(id="one", station="CS-1")


def _sent(command: GetLog = COMMAND) -> CommandSent:
    return CommandSent(id=f"{command.id}/sent", time=NOW, station=command.station, command_id=command.id)


def _arrived(count: int) -> LogBytesReceived:
    return LogBytesReceived(id=f"bytes/{count}", time=NOW, station="CS-1", command_id="one", bytes=count)


def _settled(command: GetLog = COMMAND, event_id: str = "settled") -> CommandSettled:
    return CommandSettled(
        id=event_id,
        time=NOW,
        station=command.station,
        command_id=command.id,
        command=command.command,
        outcome=Outcome.COMPLETED,
    )


async def _all(streams: Streams, command: GetLog = COMMAND) -> list[Event]:
    async with asyncio.timeout(1):
        return [event async for event in streams.find(command).follow()]


async def _end(streams: Streams) -> CommandSettled:
    async with asyncio.timeout(1):
        return await streams.settle(COMMAND)


@pytest.fixture
def streams() -> Streams:
    opened = Streams()
    opened.open(COMMAND)
    return opened


async def test_events_come_in_the_order_heard_and_a_repeat_is_dropped(streams: Streams) -> None:
    story: list[Event] = [_sent(), _arrived(1), _arrived(2), _settled()]
    heard: list[Event] = [_sent(), _arrived(1), _sent(), _arrived(1), _arrived(2), _settled()]
    for event in heard:
        streams.feed(event)
    assert await _all(streams) == story


async def test_who_follows_late_hears_it_from_the_beginning_and_so_does_everybody_else(
    streams: Streams,
) -> None:
    early = asyncio.create_task(_all(streams))
    await asyncio.sleep(0)
    streams.feed(_sent())
    await asyncio.sleep(0)
    late = asyncio.create_task(_all(streams))
    await asyncio.sleep(0)
    streams.feed(_arrived(1))
    streams.feed(_settled())
    assert await early == await late == await _all(streams) == [_sent(), _arrived(1), _settled()]


async def test_an_event_reaches_who_follows_before_the_end_is_there(streams: Streams) -> None:
    following = streams.find(COMMAND).follow()
    streams.feed(_sent())
    assert await anext(aiter(following)) == _sent()
    waiting = asyncio.ensure_future(anext(aiter(following)))
    await asyncio.sleep(0)
    assert not waiting.done()
    streams.feed(_arrived(1))
    async with asyncio.timeout(1):
        assert await waiting == _arrived(1)


async def test_nothing_is_heard_after_the_end(streams: Streams) -> None:
    streams.feed(_settled())
    streams.feed(_arrived(1))
    streams.find(COMMAND).feed(_arrived(2))
    streams.find(COMMAND).feed(_settled(event_id="another end"))
    assert await _all(streams) == [_settled()]


async def test_the_end_is_told_to_who_waits_and_to_who_asks_afterwards(streams: Streams) -> None:
    waiting = asyncio.create_task(_end(streams))
    await asyncio.sleep(0)
    streams.feed(_settled())
    assert await waiting == await _end(streams) == _settled()


async def test_a_command_sent_again_after_its_end_still_has_that_end(streams: Streams) -> None:
    streams.feed(_settled())
    streams.open(COMMAND)
    assert await _end(streams) == _settled()


async def test_commands_are_kept_apart_by_station_and_by_id(streams: Streams) -> None:
    others = [GetLog(id="one", station="CS-2"), GetLog(id="two", station="CS-1")]
    for other in others:
        streams.open(other)
        streams.feed(_settled(other, f"{other.station}/{other.id}"))
    assert streams.find(COMMAND).events == []
    for other in others:
        assert await _all(streams, other) == [_settled(other, f"{other.station}/{other.id}")]


async def test_an_event_of_nobodys_is_dropped(streams: Streams) -> None:
    streams.feed(StationConnected(id="x", time=NOW, station="CS-1", version="ocpp2.0.1", node="n"))
    streams.feed(
        LogStatusReported(id="y", time=NOW, station="CS-1", command_id=None, request_id=None, status="Idle")
    )
    streams.feed(_sent(GetLog(id="unknown", station="CS-1")))
    assert streams.find(COMMAND).events == []


async def test_who_asks_for_a_command_that_was_not_sent_is_told_its_name() -> None:
    with pytest.raises(NotSentError, match=r"command one for CS-1"):
        await Streams().settle(COMMAND)


async def test_a_command_whose_only_sending_failed_counts_as_not_sent(streams: Streams) -> None:
    streams.drop(COMMAND)
    with pytest.raises(NotSentError):
        streams.find(COMMAND)
    streams.drop(COMMAND)  # twice is harmless


async def test_a_second_sending_that_failed_takes_nothing_from_who_waits_for_the_first(
    streams: Streams,
) -> None:
    waiting = asyncio.create_task(_end(streams))
    await asyncio.sleep(0)
    streams.open(COMMAND)
    streams.drop(COMMAND)
    streams.feed(_settled())
    assert await waiting == _settled()


async def test_only_so_many_ended_commands_are_remembered_the_oldest_goes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streams_module, "MOST_SETTLED", 2)
    streams = Streams()
    commands = [GetLog(id=name, station="CS-1") for name in ("one", "two", "three")]
    for command in commands:
        streams.open(command)
        streams.feed(_settled(command))
    with pytest.raises(NotSentError):
        streams.find(commands[0])
    assert [streams.find(command).settled for command in commands[1:]] == [_settled(c) for c in commands[1:]]
