"""What stations say of customers: in full to who has asked, to nobody else, and nothing of it is kept."""

import pytest
from reports import GENERATED_AT
from stage import Stage, kinds

from ocppdiag_contracts import link
from ocppdiag_contracts.commands import Command, CustomerInformation, IdToken, IdTokenType
from ocppdiag_contracts.events import (
    CommandSettled,
    CustomerInformationPartReceived,
    CustomerReport,
    Event,
    Outcome,
)
from ocppdiag_contracts.failures import Failure
from ocppdiag_redis import keys

SECRET = "hunter2"
TOKEN = IdToken(id_token="04A2B3C4", type=IdTokenType.ISO14443)


async def asked(stage: Stage, **wanted: object) -> Command:
    fields = {"report": True, "id_token": TOKEN, **wanted}
    return await stage.begun(CustomerInformation(**stage.times(), **fields), stage.reply_to)


async def part(stage: Stage, wish: Command, seq_no: int, data: str, *, tbc: bool) -> link.Called:
    request_id = (await stage.remembered(wish)).operation.request_id
    content = {
        "requestId": request_id,
        "seqNo": seq_no,
        "tbc": tbc,
        "generatedAt": GENERATED_AT,
        "data": data,
    }
    return stage.called("NotifyCustomerInformation", content)


def texts(events: list[Event]) -> list[str | None]:
    """What each event shows of the customer."""
    found: list[str | None] = []
    for event in events:
        if isinstance(event, CustomerInformationPartReceived):
            found.append(event.data)
        elif isinstance(event, CommandSettled) and isinstance(event.result, CustomerReport):
            found.append(event.result.data)
    return found


async def test_who_asked_hears_it_in_full_and_everybody_else_that_it_came(stage: Stage) -> None:
    wish = await asked(stage)
    await stage.tell(stage.answered(wish, "CustomerInformation", {"status": "Accepted"}))
    await stage.tell(await part(stage, wish, 0, SECRET, tbc=True), await part(stage, wish, 1, "!", tbc=False))
    events, replies = await stage.events(), await stage.replies()
    assert texts(replies) == [SECRET, "!", f"{SECRET}!"]
    assert texts(events) == [None, None, None]
    assert kinds(events) == kinds(replies), "each of them once to each"
    assert [event.id for event in events] == [event.id for event in replies]
    assert not any(SECRET in event.model_dump_json() for event in events)


async def test_nothing_of_the_customer_is_left_in_redis_at_the_end(stage: Stage) -> None:
    wish = await asked(stage)
    before = await stage.everything_kept()
    assert TOKEN.id_token.encode() in before, "or this test could not fail"
    await stage.tell(await part(stage, wish, 0, SECRET, tbc=True))
    assert SECRET.encode() in await stage.everything_kept()
    await stage.tell(await part(stage, wish, 1, "!", tbc=False))
    after = await stage.everything_kept()
    assert SECRET.encode() not in after
    assert TOKEN.id_token.encode() not in after
    assert await stage.redis.run("EXISTS", keys.parts(stage.station, wish.id)) == 0


async def test_the_command_sent_again_is_told_its_end_without_what_was_personal(stage: Stage) -> None:
    wish = await asked(stage)
    await stage.tell(await part(stage, wish, 0, SECRET, tbc=False))
    await stage.replies()
    await stage.orders()
    await stage.command(wish, stage.reply_to)
    (again,) = await stage.replies()
    assert isinstance(again, CommandSettled)
    assert isinstance(again.result, CustomerReport)
    assert (again.outcome, again.result.data, again.result.parts) == (Outcome.COMPLETED, None, 1)
    assert await stage.orders() == []


async def test_what_comes_late_or_for_nobody_is_told_without_its_text(stage: Stage) -> None:
    wish = await asked(stage)
    first = await part(stage, wish, 0, SECRET, tbc=False)
    await stage.tell(first)
    late = await part(stage, wish, 1, SECRET, tbc=False)
    await stage.events()
    await stage.replies()
    await stage.tell(first)
    assert await stage.events() == [], "the last part again says nothing"
    await stage.tell(late)
    (event,) = await stage.events()
    assert isinstance(event, CustomerInformationPartReceived)
    assert (event.command_id, event.data, event.payload) == (None, None, None)
    assert await stage.replies() == []


async def test_the_token_is_taken_off_the_list_by_a_call_of_its_own(stage: Stage) -> None:
    wish = await asked(stage, clear=True, local_list_version=3)
    await stage.tell(stage.answered(wish, "CustomerInformation", {"status": "Accepted"}))
    (first,) = [order for order in await stage.orders() if isinstance(order, link.Call)]
    last = await part(stage, wish, 0, SECRET, tbc=False)
    await stage.tell(last, last)
    calls = [order for order in await stage.orders() if isinstance(order, link.Call)]
    assert {call.action for call in calls} == {"SendLocalList"}
    assert len({call.message_id for call in calls}) == 1
    assert calls[0].message_id != first.message_id
    assert calls[0].tag == f"{wish.id}.1"
    assert "command_settled" not in kinds(await stage.replies())
    await stage.tell(stage.answered(wish, "SendLocalList", {"status": "VersionMismatch"}, 1))
    (end,) = [event for event in await stage.replies() if isinstance(event, CommandSettled)]
    assert (end.outcome, end.failure) == (Outcome.FAILED, Failure.LOCAL_LIST_NOT_UPDATED)
    assert isinstance(end.result, CustomerReport)
    assert (end.result.data, end.result.local_list) == (SECRET, "VersionMismatch")
    after = await stage.everything_kept()
    assert SECRET.encode() not in after
    assert TOKEN.id_token.encode() not in after


async def test_why_a_station_refuses_is_for_who_has_asked_because_it_may_name_the_customer(
    stage: Stage,
) -> None:
    wish = await asked(stage)
    await stage.tell(stage.errored(wish, "InternalError", f"no such customer: {TOKEN.id_token}"))
    (end,) = [event for event in await stage.replies() if isinstance(event, CommandSettled)]
    assert (end.detail, end.reason) == (
        "the station answered InternalError",
        f"no such customer: {TOKEN.id_token}",
    )
    assert await stage.settled() == end.model_copy(update={"reason": None})
    assert TOKEN.id_token.encode() not in await stage.everything_kept()
    await stage.command(wish, stage.reply_to)
    (again,) = await stage.replies()
    assert again == end.model_copy(update={"reason": None})


@pytest.mark.parametrize("due_in", [-1, 600])
async def test_a_station_that_cannot_be_asked_leaves_nothing_of_the_customer_either(
    stage: Stage, due_in: float
) -> None:
    wish = CustomerInformation(**stage.times(due_in), report=True, id_token=TOKEN)
    await stage.command(wish, stage.reply_to)
    assert kinds(await stage.replies()) == ["command_queued", "command_settled"]
    assert TOKEN.id_token.encode() not in await stage.everything_kept()
