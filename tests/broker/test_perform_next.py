"""A command of several CALLs, and a worker that falls between the commit and the next of them: it is ordered all the same."""

import time

import pytest
from reports import GENERATED_AT
from stage import Stage, kinds

from ocppdiag_amqp import UnconfirmedError
from ocppdiag_contracts import link
from ocppdiag_contracts.commands import (
    ClearVariableMonitoring,
    Command,
    CustomerInformation,
    GetMonitoringReport,
    IdToken,
    IdTokenType,
)
from ocppdiag_contracts.events import CommandSettled, Outcome
from ocppdiag_workers.operation import State
from ocppdiag_workers.records import PATIENCE_SECONDS

TOKEN = IdToken(id_token="04A2B3C4", type=IdTokenType.ISO14443)
LAST_PART = {"seqNo": 0, "tbc": False, "generatedAt": GENERATED_AT}


async def cleared(stage: Stage) -> tuple[Command, link.Called]:
    """A customer is cleared; when the one part has come, the local list is next."""
    wish = CustomerInformation(**stage.times(), clear=True, id_token=TOKEN, local_list_version=3)
    await stage.begun(wish, stage.reply_to)
    await stage.tell(stage.answered(wish, "CustomerInformation", {"status": "Accepted"}))
    await stage.orders()
    request_id = (await stage.remembered(wish)).operation.request_id
    content = {**LAST_PART, "requestId": request_id, "data": "x"}
    return wish, stage.called("NotifyCustomerInformation", content)


async def stands_before_the_list(stage: Stage, wish: Command) -> None:
    operation = (await stage.remembered(wish)).operation
    assert (operation.turn, operation.state) == (1, State.QUEUED)
    assert await stage.calls() == []


async def the_list_is_ordered_and_changed(stage: Stage, wish: Command) -> None:
    (call,) = await stage.calls()
    assert (call.action, call.tag) == ("SendLocalList", f"{wish.id}.1")
    await stage.tell(stage.answered(wish, "SendLocalList", {"status": "Accepted"}, 1))
    assert (await stage.settled()).outcome is Outcome.COMPLETED


async def test_a_part_that_comes_again_orders_what_its_first_coming_could_not(stage: Stage) -> None:
    wish, last = await cleared(stage)
    stage.lose("tell")
    with pytest.raises(UnconfirmedError):
        await stage.tell(last)
    await stands_before_the_list(stage, wish)
    await stage.tell(last)
    await the_list_is_ordered_and_changed(stage, wish)


async def test_an_alarm_soon_orders_what_was_not_confirmed(stage: Stage) -> None:
    wish, last = await cleared(stage)
    stage.lose("order")
    with pytest.raises(UnconfirmedError):
        await stage.tell(last)
    await stands_before_the_list(stage, wish)
    alarm = await stage.alarm(wish) or 0.0
    assert alarm == pytest.approx(time.time() + PATIENCE_SECONDS, abs=2)
    await stage.performer.wake(stage.station, wish.id, alarm)
    assert await stage.alarm(wish) == pytest.approx(wish.due.timestamp())
    await the_list_is_ordered_and_changed(stage, wish)


async def test_a_part_whose_event_was_lost_is_told_and_what_it_leads_to_ordered_by_the_alarm(
    stage: Stage,
) -> None:
    wish, last = await cleared(stage)
    await stage.replies()
    stage.lose("tell")
    with pytest.raises(UnconfirmedError):
        await stage.tell(last)
    await stands_before_the_list(stage, wish)
    await stage.performer.wake(stage.station, wish.id, wish.due.timestamp() - 1)
    assert kinds(await stage.replies()) == ["customer_information_part_received"]
    await the_list_is_ordered_and_changed(stage, wish)


async def test_an_answer_that_comes_again_orders_the_next_request(stage: Stage) -> None:
    wish = await stage.begun(ClearVariableMonitoring(**stage.times(), monitor_ids=[1, 2]))
    (first,) = await stage.calls()
    limits = stage.answered(wish, first.action, {"getVariableResult": []})
    stage.lose("order")
    with pytest.raises(UnconfirmedError):
        await stage.tell(limits)
    assert await stage.calls() == []
    await stage.tell(limits)
    (call,) = await stage.calls()
    assert (call.action, call.tag) == ("ClearVariableMonitoring", f"{wish.id}.1")


def nested(levels: int) -> object:
    content: object = 0
    for _ in range(levels):
        content = {"x": content}
    return content


async def test_a_part_that_is_too_deep_for_readers_of_events_is_told_later_and_its_report_ends(
    stage: Stage,
) -> None:
    wish = await stage.begun(GetMonitoringReport(**stage.times()))
    await stage.events()
    request_id = (await stage.remembered(wish)).operation.request_id
    # A message of 200 levels can be read; an event that has it inside could not.
    content = {**LAST_PART, "tbc": True, "requestId": request_id, "vendorThing": nested(199)}
    deep = stage.called("NotifyMonitoringReport", content)
    stage.lose("tell")
    with pytest.raises(UnconfirmedError):
        await stage.tell(deep)
    assert await stage.events() == []
    await stage.tell(deep)
    alarm = await stage.alarm(wish)
    assert alarm is not None
    await stage.performer.wake(stage.station, wish.id, alarm)
    (told,) = await stage.events()
    assert told.id == f"{stage.station}/{wish.id}/part/0"
    content = {**LAST_PART, "seqNo": 1, "requestId": request_id}
    await stage.tell(stage.called("NotifyMonitoringReport", content))
    end = [event for event in await stage.events() if isinstance(event, CommandSettled)]
    assert [each.outcome for each in end] == [Outcome.COMPLETED]
