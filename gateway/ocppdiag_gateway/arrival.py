"""Connections between their coming and their upgrade: how long that may take, and how many there may be at once."""

import asyncio
from collections import Counter, OrderedDict
from typing import Any, cast

import structlog
from websockets.asyncio.server import ServerConnection

from ocppdiag_gateway import metrics
from ocppdiag_gateway.caller import Caller, Headers, Trust, caller_of
from ocppdiag_gateway.door import Admitted
from ocppdiag_gateway.line import Line

log = structlog.get_logger()

OPEN_SECONDS = 10.0
"""From the first packet to the upgrade, the TLS handshake included."""

ROOM = 4096
"""So many may be under way at once. A socket costs some 15 kB meanwhile, and is one of a process's few thousand."""

TELL_SECONDS = 10.0


class Lobby:
    """Who has come and is not in; when it is full, the one that has been there longest goes.

    Stations are through in a moment, so those who stay are not stations.
    """

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._waiting: OrderedDict[Arrival, None] = OrderedDict()
        self._lost: Counter[str] = Counter()

    def connection(self) -> type[ServerConnection]:
        """Return what makes the connections of a server whose visitors wait here."""

        def make(*arguments: Any, **options: Any) -> Arrival:  # noqa: ANN401 (the library's)
            return Arrival(self, *arguments, **options)

        return cast("type[ServerConnection]", make)

    def enter(self, arrival: "Arrival") -> None:
        """Take in one more."""
        self._waiting[arrival] = None
        if len(self._waiting) > self._room:
            oldest, _ = self._waiting.popitem(last=False)
            oldest.transport.abort()
            self.lose("crowded")

    def lose(self, why: str) -> None:
        """Count somebody who did not get in; how many there were is one line every ten seconds."""
        if not self._lost:
            asyncio.get_running_loop().call_later(TELL_SECONDS, self._tell)
        metrics.HANDSHAKES.add(why)
        self._lost[why] += 1

    def _tell(self) -> None:
        log.warning("handshakes_unfinished", **self._lost)
        self._lost.clear()

    def leave(self, arrival: "Arrival") -> None:
        """It is in, or gone."""
        self._waiting.pop(arrival, None)


class Arrival(Line):
    """A station's connection; it remembers as whom it was let in."""

    # With the library's some thirty attributes, more in the instance's dictionary would cost 1.6 kB.
    __slots__ = ("_latest", "_lobby", "admitted")

    def __init__(self, lobby: Lobby, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 (the library's)
        super().__init__(*arguments, **options)
        self.admitted: Admitted | None = None
        self._lobby = lobby
        self._latest = self.loop.time() + OPEN_SECONDS  # made when it is accepted, before TLS

    async def handshake(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 (the library's)
        """Read the request and answer it, in time."""
        self._lobby.enter(self)
        try:
            async with asyncio.timeout_at(self._latest):
                await super().handshake(*arguments, **options)
                self._forget()
        except TimeoutError:
            self._lobby.lose("late")
            raise
        finally:
            self._lobby.leave(self)

    def _forget(self) -> None:
        """Keep no headers for the length of the connection: they take 4 kB, and one holds a password."""
        for said in (self.request, self.response):
            if said:
                said.headers.clear()

    def caller(self, headers: Headers, trust: Trust) -> Caller:
        """Say who is at the other end: for as long as the handshake lasts."""
        secure = self.transport.get_extra_info("ssl_object")
        peer = self.remote_address
        return caller_of(
            peer[0] if peer else "",
            tls=secure is not None,
            certificate=secure.getpeercert(binary_form=True) if secure else None,
            headers=headers,
            trust=trust,
        )
