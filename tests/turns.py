"""One conversation in a test's hands: what is put into it, and what comes out of it in short."""

import json
from typing import Any

from msgspec import Raw

from ocppdiag_contracts import link
from ocppdiag_gateway.conversation import Conversation
from ocppdiag_gateway.effects import Deliver, Effect, Send
from ocppdiag_gateway.identity import Identity
from ocppdiag_gateway.limits import Limits

EPOCH = 7
WHO = Identity("CS-1", "node", "connection", EPOCH, "ocpp2.0.1")


def conversation(**limits: Any) -> Conversation:  # noqa: ANN401 (of several types)
    return Conversation(WHO, Limits(**limits))


def order(
    message_id: str = "m1",
    *,
    epoch: int = EPOCH,
    take_by: float = 1000,
    expires_at: float = 1000,
    timeout: float = 30,
) -> link.Call:
    return link.Call(
        station="CS-1",
        epoch=epoch,
        at=0,
        message_id=message_id,
        action="GetLog",
        payload=Raw(b'{"requestId": 1}'),
        owner="diagnostics",
        tag=f"operation-{message_id}",
        take_by=take_by,
        expires_at=expires_at,
        timeout=timeout,
    )


def answer(message_id: str, epoch: int = EPOCH) -> link.Answer:
    return link.Answer(station="CS-1", epoch=epoch, at=0, message_id=message_id, payload=Raw(b"{}"))


def withdrawal(message_id: str, *, epoch: int = EPOCH) -> link.Withdraw:
    return link.Withdraw(
        station="CS-1",
        epoch=epoch,
        at=0,
        message_id=message_id,
        owner="cancellers",
        tag=f"cancel-{message_id}",
        action="Cancel",
    )


def kinds(effects: list[Effect]) -> list[str]:
    return [
        type(effect.record).__name__ if isinstance(effect, Deliver) else type(effect).__name__
        for effect in effects
    ]


def frames_of(effects: list[Effect]) -> list[Any]:
    return [json.loads(effect.frame) for effect in effects if isinstance(effect, Send)]


def records_of(effects: list[Effect]) -> list[Any]:
    return [effect.record for effect in effects if isinstance(effect, Deliver)]


def told(effects: list[Effect]) -> list[tuple[str, str]]:
    """What was told to whom: tag and kind, with the reason of a refusal."""
    results = [record for record in records_of(effects) if isinstance(record, link.Result)]
    return [(record.tag, getattr(record, "reason", type(record).__name__)) for record in results]
