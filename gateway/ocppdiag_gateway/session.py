"""One socket and its conversation: frames in, effects carried out. Nothing here waits for a worker."""

import asyncio
from collections import Counter

import structlog
from websockets.frames import CloseCode
from websockets.protocol import State

from ocppdiag_amqp import UnroutableError
from ocppdiag_contracts import link
from ocppdiag_gateway import metrics
from ocppdiag_gateway.clock import SteadyClock
from ocppdiag_gateway.conversation import Conversation
from ocppdiag_gateway.effects import Deliver, Effect, Expel, Send, Violate
from ocppdiag_gateway.line import Line, abort_soon, show_out
from ocppdiag_gateway.link import Link
from ocppdiag_redis import Lease

DISPLACED = 4001
"""Close code for a connection that a newer one of the same station has replaced."""


class Session:
    """Runs one connection until it ends."""

    __slots__ = (
        "_conversation", "_expelled", "_leaving", "_link", "_log", "_max_unsent", "_now", "_socket", "_timer", "_timer_at",
        "lease", "violations",
    )  # fmt: skip

    def __init__(
        self,
        socket: Line,
        lease: Lease,
        conversation: Conversation,
        uplink: Link,
        max_unsent: int,
    ) -> None:
        self.lease = lease
        self.violations: Counter[str] = Counter()
        self._socket = socket
        self._conversation = conversation
        self._link = uplink
        self._max_unsent = max_unsent
        self._now = SteadyClock()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._leaving: tuple[int, str] | None = None
        self._expelled = False
        self._log = structlog.get_logger().bind(station=lease.station, epoch=lease.epoch)

    @property
    def open(self) -> bool:
        """Whether something written now would go out."""
        return self._socket.state is State.OPEN

    async def run(self) -> None:
        """Read until the connection ends; then `finish` is due."""
        self._log.info("session_opened", version=self.lease.version, connection=self.lease.connection)
        self._perform(self._conversation.connected(self._now()))
        await self._socket.listen(self._heard)

    def _heard(self, message: str | bytes) -> None:
        if self._expelled:
            return
        try:
            if isinstance(message, str):
                self._perform(self._conversation.received(message, self._now()))
            else:
                self._perform(self._conversation.received_binary(self._now()))
        except Exception:  # noqa: BLE001 (a fault of ours costs the one connection)
            self._log.exception("session_failed")
            self._expelled = True
            show_out(self._socket, CloseCode.INTERNAL_ERROR, "")

    def order(self, order: link.ToGateway) -> None:
        """Carry out what a worker wants."""
        match order:
            case link.Call():
                self._link.traces.taken(order)
                self._perform(self._conversation.order(order, self._now()))
            case link.Withdraw():
                self._perform(self._conversation.withdraw(order, self._now()))
            case link.Displace():
                if self.lease.epoch < order.epoch:
                    self.close(DISPLACED, "a newer connection of this station")
            case _:
                self._perform(self._conversation.answer(order, self._now()))

    def close(self, code: int, reason: str) -> None:
        """Begin to close the socket; `run` ends when it is closed."""
        task = asyncio.create_task(self._socket.close(code, reason))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        abort_soon(self._socket)

    def leave(self, code: int, reason: str) -> None:
        """Close as soon as nothing waits in either direction."""
        self._leaving = (code, reason)
        self._leave_if_idle()

    def _leave_if_idle(self) -> None:
        if self._leaving and self._conversation.idle:
            self.close(*self._leaving)
            self._leaving = None

    def _perform(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send(frame):
                    self._send(frame)
                case Deliver(record):
                    self._deliver(record)
                case Violate(reason):
                    self._violated(reason)
                case Expel(reason):
                    self._expel(reason)
        self._set_timer()
        self._leave_if_idle()

    def _send(self, frame: bytes) -> None:
        self._socket.say(frame)
        if self._socket.transport.get_write_buffer_size() > self._max_unsent:
            self._expel("what was sent is not read")

    def _expel(self, reason: str) -> None:
        if not self._expelled:
            self._expelled = True
            self._log.warning("station_expelled", reason=reason)
            show_out(self._socket, CloseCode.POLICY_VIOLATION, reason)

    def _deliver(self, record: link.FromGateway) -> None:
        def told(error: Exception | None) -> None:
            if error is not None:
                asyncio.get_running_loop().call_soon(self._undelivered, record, error)

        self._link.deliver(record, told)

    def _undelivered(self, record: link.FromGateway, error: Exception) -> None:
        if isinstance(record, link.Called):
            unclaimed = isinstance(error, UnroutableError)
            self._perform(self._conversation.undelivered(record.message_id, self._now(), unclaimed=unclaimed))
        else:  # the operation's deadline stands behind it
            self._log.warning("record_undelivered", error=str(error))

    def _violated(self, reason: str) -> None:
        metrics.VIOLATIONS.add(reason)
        self.violations[reason] += 1
        if self.violations[reason] == 1:  # the rest is counted: a faulty station must not fill the log
            self._log.warning("protocol_violated", reason=reason)

    def _set_timer(self) -> None:
        """Wake in time; a timer that comes too early is left, because there is one for almost every frame."""
        wake_at = self._conversation.wake_at
        if wake_at is None or (self._timer and self._timer_at <= wake_at):
            return
        if self._timer:
            self._timer.cancel()
        delay = max(0.0, wake_at - self._now())
        self._timer = asyncio.get_running_loop().call_later(delay, self._on_timer)
        self._timer_at = wake_at

    def _on_timer(self) -> None:
        self._timer = None
        self._perform(self._conversation.tick(self._now()))

    def _last_word(self) -> tuple[int, str]:
        """Who closed the connection, we or the station, has said why; else it has just ended."""
        said = self._socket.protocol
        first = said.close_rcvd if said.close_rcvd_then_sent else said.close_sent or said.close_rcvd
        return (first.code, first.reason) if first else (CloseCode.ABNORMAL_CLOSURE, "")

    def finish(self) -> None:
        """Say what became of everything."""
        code, reason = self._last_word()
        metrics.DISCONNECTS.add(str(int(code)))
        self._perform(self._conversation.ended(self._now(), code, reason))
        if self._timer:
            self._timer.cancel()
        if code is not None and code not in (CloseCode.NORMAL_CLOSURE, CloseCode.GOING_AWAY, DISPLACED):
            self._log.warning("session_broken", code=code, reason=reason, violations=dict(self.violations))
        else:
            self._log.info("session_closed", code=code, violations=dict(self.violations))
