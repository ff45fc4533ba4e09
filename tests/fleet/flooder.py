"""One station that sends one thing as fast as it can and comes again whenever it is shown out: a process of its own.

`python flooder.py URL NAME PASSWORD WHAT` until its standard input ends; then it prints its answers and ends in JSON.
"""

import asyncio
import json
import sys
from collections import Counter

import uvloop
from bare_websocket import BareWebsocket
from msgspec.json import decode
from wrong_frames import CONT, PING, TEXT, frame

CHUNK = 2**16
AGAIN_SECONDS = 0.2

FRAGMENTS = "fragments without end"
FLOODS = {
    "texts that are no frames": frame(TEXT, b"x"),
    "Heartbeats": frame(TEXT, b'[2,"h","Heartbeat",{}]'),
    "pings": frame(PING),
    FRAGMENTS: frame(CONT, b"", fin=False),
    "a mebibyte each": frame(TEXT, b'[2,"m","Heartbeat",{"x":"' + b"x" * (2**20 - 100) + b'"}]'),
}


class Bad(BareWebsocket):
    """Says what it is given, byte for byte, and counts what is said of it."""

    def __init__(self, url: str, name: str, password: str, answers: Counter[str], ends: Counter[str]) -> None:
        super().__init__(url, name, password)
        self._answers = answers
        self._ends = ends

    def heard(self, text: bytes) -> None:
        """Count the answer."""
        members = decode(text)
        self._answers["answered" if members[0] == 3 else members[2]] += 1

    def lost(self, reason: str) -> None:  # noqa: ARG002 (the close code says more)
        """Count the end."""
        self._ends[str(self.goodbye or "no close frame")] += 1

    def puzzled(self, kind: int) -> None:
        """Count a pong."""
        self._answers["pong" if kind == 0x8A else f"frame {kind:#x}"] += 1

    def say(self, data: bytes) -> None:
        """Put this on the wire."""
        self._transport.write(data)

    @property
    def stuffed(self) -> bool:
        """Whether more is waiting to be sent than the gateway takes."""
        return self._transport.get_write_buffer_size() > 0


async def flood(url: str, name: str, password: str, what: str) -> None:
    """Send until standard input ends."""
    answers: Counter[str] = Counter()
    ends: Counter[str] = Counter()
    chunk = FLOODS[what] * max(1, CHUNK // len(FLOODS[what]))
    over = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    while not over.done():
        station = Bad(url, name, password, answers, ends)
        try:
            await station.connect()
        except OSError as error:
            ends[f"not let in: {error}"] += 1
            await asyncio.sleep(AGAIN_SECONDS)
            continue
        if what == FRAGMENTS:
            station.say(frame(TEXT, b"", fin=False))
        while station.open and not over.done():
            if station.stuffed:
                await asyncio.sleep(0.001)
            else:
                station.say(chunk)
                await asyncio.sleep(0)
        station.drop()
    sys.stdout.write(json.dumps({"answers": answers, "ends": ends}))


if __name__ == "__main__":
    uvloop.run(flood(*sys.argv[1:]))
