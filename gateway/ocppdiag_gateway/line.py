"""The socket to one station, made so that whatever the station does costs its own connection only.

What arrives is read in bites, a little of it in one turn of the event loop: a chunk of 256 KiB may hold 40 000 pings,
or inflate to 250 MiB. It is read no faster than a station has use for: all that is behind us is shared. A station that
does not read is not read either; one that goes on not reading, that pings all the time, or of which nothing is heard, is
shown out, and the socket is gone soon after whatever it does.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.frames import CTRL_OPCODES, CloseCode, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State

from ocppdiag_gateway import metrics
from ocppdiag_gateway.allowance import Allowance

BITE = 1024
"""Bytes given to the protocol at once."""

TURN_SECONDS = 0.0005
"""How long one connection may have the event loop for reading."""

BYTES = 2**21
BYTES_PER_SECOND = 2**20
"""What a station may send at once, and all the time; it has to wait with the rest."""

REST_SECONDS = 0.05
"""It waits for so long at least, not for every kilobyte."""

GONE_SECONDS = 4.0
"""How long a socket may live once it is closing."""

UNREAD_SECONDS = 30.0
"""How long a station may leave unread what is written to it, when more than the buffers of the kernel hold."""

CONTROL_FRAMES = 200
CONTROL_FRAMES_PER_SECOND = 10.0

FRAGMENTS = 4096
"""A message may have so many frames."""

EARLY = 4
"""So many messages may come before somebody listens."""


def show_out(socket: ServerConnection, code: CloseCode, reason: str) -> None:
    """Close at once: the reason is the last that is sent, nothing more is heard, and the socket goes in 4 s."""
    if socket.protocol.state is State.OPEN:
        metrics.EXPELLED.add(reason)
        socket.protocol.fail(code, reason)
        socket.send_data()
    abort_soon(socket)


def abort_soon(socket: ServerConnection) -> None:
    """Have the socket gone in 4 s: a station that does not read does not see its close frame either."""
    socket.loop.call_later(GONE_SECONDS, socket.transport.abort)


class Line(ServerConnection):
    """A connection of `websockets` that reads fairly and ends for sure."""

    # Beside the library's some thirty attributes, more in the instance's dictionary would cost 1.6 kB.
    __slots__ = (
        "_at", "_bytes", "_closing", "_control_frames", "_early", "_gone", "_heard_at", "_keeping", "_pieces", "_reading",
        "_resting", "_take", "_turn", "_unfed", "_unread",
    )  # fmt: skip

    def __init__(self, *args: Any, **settings: Any) -> None:  # noqa: ANN401 (the library's)
        super().__init__(*args, **settings)
        self.drain_waiters = []  # type: ignore[assignment]  # a deque has room for 64 and takes 0.6 kB
        self._unfed, self._at = b"", 0  # from there on
        self._pieces: list[Frame] = []  # of the message that is being read
        self._early: list[str | bytes] = []
        self._take: Callable[[str | bytes], None] = self._early.append
        self._gone: asyncio.Future[None] = self.loop.create_future()
        self._reading = True
        self._turn: asyncio.Handle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._keeping: asyncio.TimerHandle | None = None
        self._resting: asyncio.TimerHandle | None = None
        self._closing = False
        self._bytes = Allowance(BYTES, BYTES_PER_SECOND)
        self._control_frames = Allowance(CONTROL_FRAMES, CONTROL_FRAMES_PER_SECOND)
        self._heard_at = time.monotonic()

    async def listen(self, take: Callable[[str | bytes], None]) -> None:
        """Have each message taken as soon as it is read, a text as str, until the connection is gone. `take` never raises."""
        for message in self._early:
            take(message)
        self._early = []
        self._take = take
        self._feed_soon()
        await self._gone  # the library's own must not be cancelled with us, and its shield takes 1 kB

    def say(self, text: bytes) -> None:
        """Write a text at once, however much waits to be read; when the connection is closing it goes nowhere."""
        if self.protocol.state is not State.OPEN or self.transport.is_closing():
            return
        self.protocol.send_text(text)
        self.send_data()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; what the library would keep messages in until somebody asks for them stays empty."""
        super().connection_made(transport)
        self.recv_messages.frames.queue = []  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget all."""
        self._unfed = b""
        for handle in (self._turn, self._unread, self._keeping, self._resting):
            if handle:
                handle.cancel()
        super().connection_lost(exc)
        if not self._gone.done():
            self._gone.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Take a bite now, and the others in turns to come."""
        self._heard_at = time.monotonic()
        self._unfed, self._at = (self._unfed[self._at :] + data if self._unfed else data), 0
        if self._turn is None:
            self._feed()

    def _feed_soon(self) -> None:
        if self._turn is None:
            self._turn = self.loop.call_soon(self._feed)

    def _feed(self) -> None:
        self._turn, protocol = None, self.protocol
        until = time.monotonic() + TURN_SECONDS
        while self._unfed and not self._held:
            bite = self._bite()
            super().data_received(bite)
            now = time.monotonic()
            if (rest := self._bytes.charge(len(bite), now)) > REST_SECONDS:
                self._resting = self.loop.call_later(rest, self._rested)
            if self._unfed and now > until:
                self._feed_soon()
                break
        if protocol.close_expected() and not self._closing:
            self._closing = True
            abort_soon(self)
        self._read_or_not()

    def _bite(self) -> bytes:
        """Cut off what is fed next."""
        bite = self._unfed[self._at : self._at + BITE]
        self._at += len(bite)
        if self._at == len(self._unfed):
            self._unfed, self._at = b"", 0
        return bite

    def _rested(self) -> None:
        self._resting = None
        self._feed_soon()

    @property
    def _held(self) -> bool:
        """Whether nothing is to be read now: too much waits to be handled or to be sent, or has come already."""
        return self.paused or self._resting is not None or len(self._early) > EARLY

    def _read_or_not(self) -> None:
        wanted = self._turn is None and not self._held
        if wanted is not self._reading and not self.transport.is_closing():
            self._reading = wanted
            (self.transport.resume_reading if wanted else self.transport.pause_reading)()

    def process_event(self, event: Request | Response | Frame) -> None:
        """Put messages together, and take not more pings and pongs than there is a use for."""
        if isinstance(event, Frame):
            if self.state is State.CONNECTING:  # it speaks before the door is open
                self.transport.abort()
                return
            if event.opcode not in CTRL_OPCODES:
                self._collect(event)
                return
            if self.state is State.OPEN and not self._control_frames.spend(time.monotonic()):
                show_out(self, CloseCode.POLICY_VIOLATION, "too many pings")
        super().process_event(event)

    def _collect(self, frame: Frame) -> None:
        self._pieces.append(frame)
        if frame.fin:
            pieces, self._pieces = self._pieces, []
            self._hear(b"".join(piece.data for piece in pieces), pieces[0].opcode)
        elif len(self._pieces) == FRAGMENTS:
            self._pieces = []
            show_out(self, CloseCode.MESSAGE_TOO_BIG, "too many fragments")

    def _hear(self, message: bytes, kind: Opcode) -> None:
        try:
            said = message.decode() if kind is Opcode.TEXT else message
        except UnicodeDecodeError:
            show_out(self, CloseCode.INVALID_DATA, "a text that is not UTF-8")
        else:
            self._take(said)

    def pause_writing(self) -> None:
        """Wait a while for the station to read on."""
        super().pause_writing()
        self._unread = self.loop.call_later(
            UNREAD_SECONDS, show_out, self, CloseCode.POLICY_VIOLATION, "what was sent is not read"
        )
        self._read_or_not()

    def resume_writing(self) -> None:
        """Go on."""
        super().resume_writing()
        if self._unread:
            self._unread.cancel()
        self._feed_soon()

    def start_keepalive(self) -> None:
        """Ping at intervals. Whatever a station sends shows that it is there, a pong or not (OCPP 2.0.1, G02.FR.04)."""
        if self.ping_interval is not None:
            self._keeping = self.loop.call_later(self.ping_interval, self._keep, None)

    def _keep(self, asked_at: float | None) -> None:
        now = time.monotonic()
        if asked_at is None or self._heard_at >= asked_at:
            asked_at = now
        elif self.ping_timeout is not None and now - asked_at >= self.ping_timeout:
            show_out(self, CloseCode.INTERNAL_ERROR, "nothing is heard")
            return
        if self.state is State.OPEN:
            self.protocol.send_ping(b"")
            self.send_data()
        self._keeping = self.loop.call_later(self.ping_interval or 0.0, self._keep, asked_at)
