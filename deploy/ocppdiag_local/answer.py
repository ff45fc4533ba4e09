"""Ask a server, in its own protocol, whether it is there and which version it is."""

import asyncio
import socket
import ssl
import struct
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from pathlib import Path
from urllib.parse import urlsplit

from redis.exceptions import RedisError

from ocppdiag_local.failures import NoAnswerError
from ocppdiag_redis import Pipelined

PATIENCE = 2.0  # seconds for one attempt
CONNECTION_START = struct.pack(">HH", 10, 10)


def rabbitmq(url: str) -> str:
    """Send the protocol header, wait for Connection.Start, and read the version out of it."""
    parts = urlsplit(url)
    port = parts.port or (5671 if parts.scheme == "amqps" else 5672)
    with socket.create_connection((parts.hostname or "localhost", port), PATIENCE) as plain:
        stream = _unverified(plain) if parts.scheme == "amqps" else plain
        with stream, stream.makefile("rwb") as frames:
            frames.write(b"AMQP\x00\x00\x09\x01")
            frames.flush()
            kind, _channel, size = struct.unpack(">BHL", frames.read(7).ljust(7, b"\0"))
            payload = frames.read(min(size, 65_536))
    if kind != 1 or not payload.startswith(CONNECTION_START):
        raise ConnectionError("it does not speak AMQP 0-9-1")
    _, key, rest = payload.partition(b"\x07versionS")  # a table entry: name, type S, length, text
    return rest[4 : 4 + int.from_bytes(rest[:4])].decode() if key else "of unknown version"


def _unverified(plain: socket.socket) -> socket.socket:
    """Encrypt without checking who is there: no secret is sent, and the real connections do check."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(plain)


def redis(url: str) -> str:
    """Read the version out of INFO, of the primary or of one of a cluster."""
    with ThreadPoolExecutor(1) as thread:  # an event loop may be running here
        return thread.submit(asyncio.run, _redis(url)).result()


async def _redis(url: str) -> str:
    async with asyncio.timeout(PATIENCE), aclosing(Pipelined.from_url(url)) as client:
        server, *_ = await client.servers()
        return str((await server.run("INFO", "server"))["redis_version"])


def wait(
    ask: Callable[[str], str],
    url: str,
    *,
    within: float,
    process: subprocess.Popen[bytes] | None = None,
    log: Path | None = None,
) -> str:
    """Ask until there is an answer; give up when time is over or the server's process has ended."""
    deadline = time.monotonic() + within
    while True:
        ended = process is not None and process.poll() is not None
        try:
            return ask(url)
        except (OSError, RedisError) as error:
            if ended or time.monotonic() > deadline:
                why = (
                    "its process has ended" if ended else f"{error or type(error).__name__} ({within:.0f} s)"
                )
                raise NoAnswerError(f"{place(url)} does not answer: {why}.{tail(log)}") from error
        time.sleep(0.1)


def place(url: str) -> str:
    """Name an address without the password in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path if not parts.netloc else ''}"


def tail(log: Path | None, lines: int = 20) -> str:
    """Quote the end of a server's log."""
    if log is None or not log.exists():
        return ""
    return "\n".join(["\nThe end of its log:", *log.read_text(errors="replace").splitlines()[-lines:]])
