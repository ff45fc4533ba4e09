"""What is left to do: deadlines, and the events that a fallen worker has written and not told."""

import time

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from stage import Stage, kinds

from ocppdiag_amqp import UnconfirmedError
from ocppdiag_contracts.commands import Command
from ocppdiag_contracts.failures import Failure
from ocppdiag_process import tracing
from ocppdiag_process.spans import Exported
from ocppdiag_workers import news
from ocppdiag_workers.letters import letters


@pytest.mark.parametrize(
    ("before", "failure", "named"),
    [
        ((), Failure.NO_ANSWER, "has not answered"),
        (("sent",), Failure.NO_ANSWER, "has not answered"),
        (("sent", "answered"), Failure.NOTHING_FOLLOWED, "no upload has come"),
        (("sent", "answered", "uploading"), Failure.NOTHING_FOLLOWED, "last report was Uploading"),
        (("answered", "uploaded"), Failure.NO_FILE_RECEIVED, "no file has come"),
    ],
)
async def test_the_deadline_names_what_is_missing(
    stage: Stage, before: tuple[str, ...], failure: Failure, named: str
) -> None:
    wish = await stage.begun()
    await stage.tell(*[await stage.record(wish, what) for what in before])
    due = wish.due.timestamp()
    await stage.performer.wake(stage.station, wish.id, due - 1)
    assert "command_settled" not in kinds(await stage.events())
    assert await stage.alarm(wish) == pytest.approx(due)
    await stage.performer.wake(stage.station, wish.id, due + 1)
    await stage.performer.wake(stage.station, wish.id, due + 2)
    end = await stage.settled()
    assert end.failure is failure
    assert named in (end.detail or "")
    assert await stage.alarm(wish) is None


async def test_an_alarm_about_nothing_is_put_away(stage: Stage) -> None:
    wish = stage.wish()
    await stage.memory.wake_later(stage.station, wish.id, time.time() + 60)
    await stage.performer.wake(stage.station, wish.id, time.time())
    assert await stage.alarm(wish) is None
    assert await stage.events() == []


async def crash(stage: Stage, wish: Command, item: news.News) -> None:
    """Write a step, and fall before its events are published."""
    remembered = await stage.remembered(wish)
    step = stage.performer.table.advance(remembered.operation, item)
    told = letters(step.events)
    final = told[-1] if step.operation.ended else None
    assert await stage.memory.commit(step.operation, told, remembered.revision, time.time(), final=final)
    await stage.events()
    assert (await stage.remembered(wish)).unsent


async def test_what_a_fallen_worker_left_unsent_is_told_with_the_next_news(stage: Stage) -> None:
    wish = await stage.begun()
    await crash(stage, wish, news.Sent(time.time() - 60))
    await stage.tell(await stage.record(wish, "sent"))
    assert kinds(await stage.events()) == ["command_sent"]
    assert (await stage.remembered(wish)).unsent == ()


async def test_what_was_left_unsent_just_now_is_told_by_an_early_alarm(stage: Stage) -> None:
    wish = await stage.begun()
    await crash(stage, wish, news.Sent(time.time()))
    await stage.tell(await stage.record(wish, "sent"))
    alarm = await stage.alarm(wish)
    assert alarm is not None
    assert alarm < time.time() + 10
    await stage.performer.wake(stage.station, wish.id, alarm)
    assert kinds(await stage.events()) == ["command_sent"]
    assert await stage.alarm(wish) == pytest.approx(wish.due.timestamp())


async def test_an_alarm_that_rings_while_somebody_tells_an_end_does_not_tell_it_too(stage: Stage) -> None:
    wish = await stage.begun()
    await crash(stage, wish, news.Lost(time.time()))
    await stage.performer.wake(stage.station, wish.id, time.time())
    assert await stage.events() == []
    alarm = await stage.alarm(wish)
    assert alarm is not None
    assert alarm < time.time() + 10
    await stage.performer.wake(stage.station, wish.id, alarm)
    assert (await stage.settled()).failure is Failure.CONNECTION_LOST
    assert await stage.alarm(wish) is None


async def test_an_end_that_was_left_unsent_is_told_by_its_deadline_and_then_put_away(stage: Stage) -> None:
    wish = await stage.begun()
    await crash(stage, wish, news.Lost(time.time()))
    await stage.performer.wake(stage.station, wish.id, wish.due.timestamp())
    assert (await stage.settled()).failure is Failure.CONNECTION_LOST
    assert (await stage.remembered(wish)).unsent == ()
    assert await stage.alarm(wish) is None


async def test_a_step_that_is_written_and_cannot_be_told_has_its_span(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    spans = InMemorySpanExporter()
    monkeypatch.setattr(tracing._Here, "spans", Exported("test", spans))
    wish, trace = stage.wish(), f"00-{'1' * 32}-{'2' * 16}-01"
    await stage.connect()
    await stage.performer.command(wish, wish.model_dump_json().encode(), None, trace=trace)
    stage.lose("tell")
    with pytest.raises(UnconfirmedError):
        await stage.performer.wake(stage.station, wish.id, wish.due.timestamp() + 1)
    tracing.close()
    assert [span.name for span in spans.get_finished_spans()] == ["woke"]
