"""One connection's turns: whose CALL waits for what, when to give up, and what belongs together. Pure, no clock.

Both directions are independent: the station's CALLs are passed on while ours is under way, and of ours one is under
way at a time (OCPP 2.0.1 part 4, 4.1.2). `now` is in seconds since 1970 and never steps back.
"""

from collections import OrderedDict
from typing import Any

from msgspec import Raw
from msgspec.structs import replace

from ocppdiag_contracts import link
from ocppdiag_gateway import metrics
from ocppdiag_gateway.allowance import Allowance
from ocppdiag_gateway.effects import Deliver, Effect, Expel, Send, Violate
from ocppdiag_gateway.fates import Fate, Fates
from ocppdiag_gateway.identity import Identity
from ocppdiag_gateway.limits import Limits
from ocppdiag_gateway.unanswered import Unanswered
from ocppdiag_ocpp import frames
from ocppdiag_ocpp.errors import ErrorCode

_Question = link.Call | link.Withdraw


class Conversation:
    """The state of one connection."""

    __slots__ = (
        "_fates", "_give_up_at", "_late", "_limits", "_seq", "_theirs", "_under_way", "_violations", "_waiting", "identity",
    )  # fmt: skip

    def __init__(self, identity: Identity, limits: Limits | None = None) -> None:
        self.identity = identity
        self._limits = limits or Limits()
        self._seq = 0
        self._waiting: OrderedDict[str, link.Call] = OrderedDict()
        self._under_way: link.Call | None = None
        self._give_up_at = 0.0
        self._fates = Fates(self._limits.remembered)
        self._late: OrderedDict[str, link.Call] = OrderedDict()  # timed out; an answer may still come
        self._theirs = Unanswered(self._limits)
        self._violations = Allowance(self._limits.violations, self._limits.violations_per_second)

    @property
    def idle(self) -> bool:
        """Whether nothing waits in either direction."""
        return not (self._theirs or self._under_way or self._waiting)

    @property
    def wake_at(self) -> float | None:
        """When `tick` has something to do next."""
        theirs = self._theirs.wake_at
        if self._under_way is None:
            return theirs
        return self._give_up_at if theirs is None else min(theirs, self._give_up_at)

    def received(self, text: str | bytes, now: float) -> list[Effect]:
        """Take a text frame from the station."""
        return self._bounded(self._heard(frames.parse(text), now), now)

    def received_binary(self, now: float) -> list[Effect]:
        """Take a binary frame: OCPP has none, and the station should hear that."""
        return self._bounded(self._heard(frames.BINARY, now), now)

    def _bounded(self, effects: list[Effect], now: float) -> list[Effect]:
        """Expel who breaks the protocol all the time: each breach costs an answer and a look."""
        for effect in effects:
            if isinstance(effect, Violate) and not (effect.harmless or self._violations.spend(now)):
                return [*effects, Expel("too many violations")]
        return effects

    def _heard(self, frame: frames.Frame, now: float) -> list[Effect]:
        match frame:
            case frames.Call() as call:
                return self._called(call, now)
            case frames.CallResult(message_id, payload):
                if payload is None:
                    return self._concluded(
                        message_id, now, link.Errored, code=ErrorCode.FORMAT_VIOLATION.value
                    )
                return self._concluded(message_id, now, link.Answered, payload=payload)
            case frames.CallError(message_id, code, description):
                return self._concluded(message_id, now, link.Errored, code=code, description=description)
            case frames.Malformed(reason, answer):
                metrics.malformed(answered=answer is not None)
                return [Violate(reason), *([Send(answer)] if answer else [])]

    def order(self, call: link.Call, now: float) -> list[Effect]:
        """Take a CALL for the station; the same order again changes nothing."""
        fate = self._fates.of(call.message_id)
        if call.message_id in self._waiting or fate in (Fate.SENT, Fate.REFUSED, Fate.WITHDRAWN):
            return []
        if call.epoch != self.identity.epoch:
            if call.again:
                return [Deliver(replace(self._result(call, now, link.Lost), epoch=call.epoch))]
            return [self._refused(call, now, "stale")]
        if fate is Fate.FORESTALLED:
            return [self._given_up(call, now, "withdrawn")]
        if call.expires_at <= now:
            return [self._given_up(call, now, "expired")]
        if call.take_by <= now:
            return [self._given_up(call, now, "stale")]
        if len(self._waiting) >= self._limits.waiting:
            return [self._given_up(call, now, "busy")]
        self._waiting[call.message_id] = call
        return self._next(now)

    def withdraw(self, order: link.Withdraw, now: float) -> list[Effect]:
        """Take back a CALL that waits or has yet to come; the same order again gets the same answer.

        What was sent, or refused for another reason, has its own end: it is too late to take that back.
        """
        if order.epoch != self.identity.epoch:
            return [self._refused(order, now, "stale")]
        fate = self._fates.of(order.message_id)
        if fate in (Fate.SENT, Fate.REFUSED):
            return [self._refused(order, now, "sent")]
        effects: list[Effect] = []
        if call := self._waiting.pop(order.message_id, None):
            effects.append(self._given_up(call, now, "withdrawn"))
        elif fate is None:
            self._settle(order.message_id, Fate.FORESTALLED, now, now)
        return [*effects, Deliver(self._result(order, now, link.Answered, payload=Raw(b"{}")))]

    def answer(self, answer: link.Answer | link.Refuse, now: float) -> list[Effect]:
        """Take the answer to a CALL of the station's; a second answer, or one for an older connection, is dropped."""
        if answer.epoch != self.identity.epoch:
            return []
        if isinstance(answer, link.Refuse):
            return self._theirs.refuse(answer.message_id, answer.code, now, answer.description)
        frame = frames.write_result(answer.message_id, answer.payload)
        return self._theirs.answer(answer.message_id, frame, now)

    def undelivered(self, message_id: str, now: float, *, unclaimed: bool) -> list[Effect]:
        """The station's CALL did not reach a worker: nobody has claimed its action, or the broker is in trouble."""
        code = ErrorCode.NOT_IMPLEMENTED if unclaimed else ErrorCode.INTERNAL_ERROR
        return self._theirs.refuse(message_id, code, now)

    def tick(self, now: float) -> list[Effect]:
        """Give up on what has waited too long."""
        effects = self._theirs.tick(now)
        if self._under_way and self._give_up_at <= now:
            metrics.CALLS_ENDED.add("timed_out")
            call, self._under_way = self._under_way, None
            self._late[call.message_id] = call
            if len(self._late) > self._limits.remembered:
                self._late.popitem(last=False)
            effects += [Deliver(self._result(call, now, link.TimedOut)), *self._next(now)]
        return effects

    def connected(self, now: float) -> list[Effect]:
        """Say that the connection stands."""
        return [Deliver(link.Connected(**self._stamp(now)))]

    def ended(self, now: float, code: int | None, reason: str) -> list[Effect]:
        """Say what became of everything: under way is lost, waiting was never sent."""
        effects: list[Effect] = []
        if self._under_way:
            metrics.CALLS_ENDED.add("lost")
            effects.append(Deliver(self._result(self._under_way, now, link.Lost)))
        effects += [self._refused(call, now, "gone") for call in self._waiting.values()]
        self._under_way = None
        self._waiting.clear()
        self._theirs.clear()
        effects.append(Deliver(link.Disconnected(**self._stamp(now), code=code, reason=reason)))
        return effects

    def _called(self, call: frames.Call, now: float) -> list[Effect]:
        metrics.CALLS_RECEIVED.add(call.action)
        if not frames.is_action(call.action):
            metrics.ERRORS_SENT.add()
            return [
                Violate("no action name"),
                Send(frames.write_error(call.message_id, ErrorCode.NOT_IMPLEMENTED)),
            ]
        odd: list[Effect] = []
        if len(call.message_id) > frames.LONGEST_LEGAL_ID:
            odd.append(Violate("long message id", harmless=True))
        instead = self._theirs.take(call, now)
        if instead is not None:
            return [*odd, *instead]
        called = link.Called(
            **self._stamp(now), message_id=call.message_id, action=call.action, payload=call.payload
        )
        return [*odd, Deliver(called)]

    def _concluded(
        self, message_id: str, now: float, kind: type[link.Answered | link.Errored], **content: object
    ) -> list[Effect]:
        """Match an answer of the station to our CALL, the one under way or one given up."""
        if self._under_way and self._under_way.message_id == message_id:
            call, self._under_way = self._under_way, None
            metrics.concluded(kind, call.action, now - self._give_up_at + call.timeout)
            return [Deliver(self._result(call, now, kind, **content)), *self._next(now)]
        if late := self._late.pop(message_id, None):
            metrics.concluded(kind, late.action)
            return [Deliver(self._result(late, now, kind, **content, late=True))]
        metrics.concluded(kind)
        return [Violate("answer to no CALL")]

    def _next(self, now: float) -> list[Effect]:
        effects: list[Effect] = []
        while self._waiting and not self._under_way:
            _, call = self._waiting.popitem(last=False)
            if call.expires_at <= now:
                effects.append(self._given_up(call, now, "expired"))
                continue
            self._under_way = call
            metrics.FRAMES.add("sent", "call", call.action)
            self._give_up_at = now + call.timeout
            self._settle(call.message_id, Fate.SENT, max(call.expires_at, self._give_up_at), now)
            effects.append(Send(frames.write_call(call.message_id, call.action, call.payload)))
            effects.append(Deliver(self._result(call, now, link.Sent)))
        return effects

    def _given_up(self, call: link.Call, now: float, reason: str) -> Deliver:
        """Refuse a CALL for good: who has heard that it was not sent must not see it go out when it comes twice."""
        fate = Fate.WITHDRAWN if reason == "withdrawn" else Fate.REFUSED
        self._settle(call.message_id, fate, call.expires_at, now)
        return self._refused(call, now, reason)

    def _settle(self, message_id: str, fate: Fate, until: float, now: float) -> None:
        """Know the fate for as long as the CALL may come again, and then while it may still be withdrawn."""
        self._fates.settle(message_id, fate, max(until, now + self._limits.withdrawn_seconds), now)

    def _refused(self, order: _Question, now: float, reason: str) -> Deliver:
        metrics.REFUSALS.add(reason)
        # Of the order's own connection, which may be an older one: a newer order may be with us by now.
        return Deliver(replace(self._result(order, now, link.Refused, reason=reason), epoch=order.epoch))

    def _result(self, order: _Question, now: float, kind: type[link.Result], **content: Any) -> Any:  # noqa: ANN401
        return kind(**self._stamp(now), owner=order.owner, tag=order.tag, action=order.action, **content)

    def _stamp(self, now: float) -> dict[str, Any]:
        self._seq += 1
        who = self.identity
        return {
            "station": who.station,
            "node": who.node,
            "connection": who.connection,
            "epoch": who.epoch,
            "version": who.version,
            "seq": self._seq,
            "at": now,
        }
