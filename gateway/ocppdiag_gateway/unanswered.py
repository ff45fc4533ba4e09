"""The station's CALLs: which of them wait for an answer, and what the last answers were, should it ask again. Pure."""

from msgspec import Struct

from ocppdiag_gateway import metrics
from ocppdiag_gateway.effects import Effect, Send, Violate
from ocppdiag_gateway.limits import Limits
from ocppdiag_ocpp import frames
from ocppdiag_ocpp.errors import ErrorCode


class _Open(Struct, frozen=True):
    digest: int
    action: str
    until: float


class _Answered(Struct, frozen=True):
    digest: int
    until: float
    frame: bytes


class Unanswered:
    """What one connection owes its station."""

    __slots__ = ("_answered", "_limits", "_open")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open: dict[str, _Open] = {}  # the oldest first
        self._answered: dict[str, _Answered] = {}  # the oldest first

    def __len__(self) -> int:
        return len(self._open)

    @property
    def wake_at(self) -> float | None:
        """When the oldest has waited too long."""
        for oldest in self._open.values():
            return oldest.until
        return None

    def take(self, call: frames.Call, now: float) -> list[Effect] | None:
        """Take a CALL; None when it is for the workers, else what is to be done instead.

        A CALL that is the same under the same id is one that the station repeats because it has waited too long for
        the answer: it is not done twice. Some stations give all their CALLs one id, so it is another one when it says
        something else, and when the answer is longer ago.
        """
        digest = hash((call.action, bytes(call.payload)))
        if under_way := self._open.get(call.message_id):
            if under_way.digest == digest:
                return [Violate("message id repeated")]  # the answer under way is the answer to both
            return self._refused(call, ErrorCode.RPC_FRAMEWORK_ERROR, "message id in use")
        answered = self._answered.get(call.message_id)
        if answered and answered.digest == digest and now < answered.until:
            metrics.RESULTS_SENT.add(call.action)
            return [Violate("message id repeated"), Send(answered.frame)]
        if len(self._open) >= self._limits.unanswered:
            return self._refused(call, ErrorCode.GENERIC_ERROR, "too many CALLs")
        self._open[call.message_id] = _Open(digest, call.action, now + self._limits.answer_seconds)
        return None

    def answer(self, message_id: str, frame: bytes, now: float) -> list[Effect]:
        """Answer with a CALLRESULT, which is sent again when the station soon asks the same again."""
        call = self._open.pop(message_id, None)
        if call is None:
            return []
        metrics.RESULTS_SENT.add(call.action)
        metrics.ANSWERED.observe(now - call.until + self._limits.answer_seconds)
        self._answered.pop(message_id, None)
        self._answered[message_id] = _Answered(call.digest, now + self._limits.repeat_seconds, frame)
        if len(self._answered) > self._limits.repeats:
            del self._answered[next(iter(self._answered))]
        return [Send(frame)]

    def refuse(self, message_id: str, code: str, now: float, description: str = "") -> list[Effect]:
        """Answer with a CALLERROR; the station may ask again, and is then heard again."""
        call = self._open.pop(message_id, None)
        if call is None:
            return []
        metrics.ERRORS_SENT.add(call.action)
        metrics.ANSWERED.observe(now - call.until + self._limits.answer_seconds)
        return [Send(frames.write_error(message_id, code, description))]

    def tick(self, now: float) -> list[Effect]:
        """Answer what has waited too long."""
        return [
            effect
            for message_id in [key for key, call in self._open.items() if call.until <= now]
            for effect in self.refuse(message_id, ErrorCode.INTERNAL_ERROR, now, "no answer in time")
        ]

    def clear(self) -> None:
        """Forget all: the connection is over, and the ids of another one are other ids."""
        self._open.clear()
        self._answered.clear()

    @staticmethod
    def _refused(call: frames.Call, code: ErrorCode, reason: str) -> list[Effect]:
        metrics.ERRORS_SENT.add(call.action)
        return [Violate(reason), Send(frames.write_error(call.message_id, code, reason))]
