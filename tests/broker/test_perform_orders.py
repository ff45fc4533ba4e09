"""What cannot be ordered from a gateway: a cancel of a cancel, and what a version of OCPP has no word for."""

from stage import Stage

from ocppdiag_contracts import link
from ocppdiag_contracts.commands import Cancel, CustomerInformation, IdToken, IdTokenType
from ocppdiag_contracts.events import Outcome
from ocppdiag_contracts.failures import Failure


async def test_a_command_that_waits_is_withdrawn_by_an_order_that_names_its_call(stage: Stage) -> None:
    wish = await stage.begun()
    (call,) = await stage.calls()
    await stage.command(Cancel(**stage.times(), command_id=wish.id))
    (withdraw,) = await stage.orders()
    assert isinstance(withdraw, link.Withdraw)
    assert withdraw.message_id == call.message_id


async def test_a_cancel_cannot_be_cancelled(stage: Stage) -> None:
    wish = await stage.begun()
    cancel = Cancel(**stage.times(), command_id=wish.id)
    await stage.command(cancel)
    await stage.orders()
    await stage.events()
    await stage.command(Cancel(**stage.times(), command_id=cancel.id))
    end = await stage.settled()
    assert (end.outcome, end.failure) == (Outcome.REJECTED, Failure.TOO_LATE)
    assert end.command_id != cancel.id
    assert await stage.orders() == []
    assert not (await stage.remembered(cancel)).operation.ended, "it goes on"


async def test_a_cancel_cannot_cancel_itself(stage: Stage) -> None:
    await stage.connect()
    itself = Cancel(**stage.times(), id="itself", command_id="itself")
    await stage.command(itself)
    end = await stage.settled()
    assert (end.command_id, end.outcome, end.failure) == ("itself", Outcome.REJECTED, Failure.TOO_LATE)
    assert await stage.orders() == []


async def test_what_a_version_has_no_word_for_is_named_and_not_repeated(stage: Stage) -> None:
    await stage.connect(version="ocpp2.0")
    token = IdToken(id_token="0A1B2C3D4E5F", type=IdTokenType.MAC_ADDRESS)
    await stage.command(CustomerInformation(**stage.times(), report=True, id_token=token))
    end = await stage.settled()
    assert (end.outcome, end.failure) == (Outcome.REJECTED, Failure.UNSUPPORTED_VERSION)
    detail = "the station's protocol version has no such request, or not with these members: id_token.type: "
    assert (end.detail or "").startswith(detail)
    assert token.id_token not in (end.detail or "")
    assert token.type.value not in (end.detail or "")
    assert await stage.orders() == []
