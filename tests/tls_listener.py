"""A server of a few lines behind our TLS, in a thread of its own, and clients that are not ours."""

import asyncio
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest
import uvloop
from certificates import Authority, Pair, rsa
from structlog.testing import capture_logs

from ocppdiag_process.tls import ServerTls

ROOT, OTHER = Authority.new("Root"), Authority.new("Other")
"""Who vouches for everybody who is in order, and somebody else."""

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "uvloop": uvloop.new_event_loop,
    "asyncio": asyncio.new_event_loop,
}
each_loop = pytest.mark.parametrize("loop", list(LOOPS))

BYE = b"bye\n"
SECONDS = 10


class Tells(asyncio.Protocol):
    """Says what was agreed on, then echoes, and closes when told bye."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name
        agreed = transport.get_extra_info("ssl_object")
        shown = agreed.getpeercert(binary_form=True)
        again = "again" if agreed.session_reused else "new"
        words = (agreed.version(), agreed.cipher()[0], (shown or b"").hex() or "-", again)
        self._transport.write(f"{' '.join(words)}\n".encode())

    def data_received(self, data: bytes) -> None:
        self._transport.write(data)
        if data.endswith(BYE):
            self._transport.close()


@contextmanager
def listening(tls: ServerTls, loop: str = "uvloop") -> Iterator[int]:
    """Listen until this block ends, the files looked at all the time; yields the port."""
    up = threading.Event()
    ports: list[int] = []
    ends: list[Callable[[], object]] = []

    async def serve() -> None:
        end = asyncio.Event()
        running = asyncio.get_running_loop()
        server = await running.create_server(
            Tells, "127.0.0.1", 0, ssl=tls.context, ssl_handshake_timeout=SECONDS
        )
        renewal = asyncio.create_task(tls.renew_for_ever())
        ports.append(server.sockets[0].getsockname()[1])
        ends.append(lambda: running.call_soon_threadsafe(end.set))
        up.set()
        await end.wait()
        renewal.cancel()
        server.close()

    def run() -> None:
        with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run)
    thread.start()
    assert up.wait(SECONDS)
    try:
        yield ports[0]
    finally:
        ends[0]()
        thread.join(SECONDS)
        assert not thread.is_alive()


def openssl(port: int, trusts: Path, *options: str | Path) -> str:
    """What OpenSSL's own client sees and says of a connection until the server hangs up; a refused one too."""
    with _asking(port, trusts, "-ign_eof", *options) as asking:
        return asking.communicate(BYE, timeout=SECONDS)[0].decode(errors="replace")


def negotiating_again(port: int, trusts: Path) -> str:
    """What it says when it asks for another handshake in the middle of a connection."""
    with _asking(port, trusts, "-tls1_2") as asking:
        assert asking.stdin
        asking.stdin.write(b"R\n")
        asking.stdin.flush()  # and stays open, else it would leave before the answer
        asking.wait(SECONDS)
        return asking.communicate()[0].decode(errors="replace")


def _asking(port: int, trusts: Path, *options: str | Path) -> "subprocess.Popen[bytes]":
    program = shutil.which("openssl")
    if program is None:
        missing = "SKIPPING what an independent TLS client has to say: there is no `openssl` here"
        if os.environ.get("CI"):
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)
    address = f"127.0.0.1:{port}"
    return subprocess.Popen(  # noqa: S603 (loopback)
        [program, "s_client", "-connect", address, "-CAfile", trusts, "-verify_return_error", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


@contextmanager
def connected(port: int, context: ssl.SSLContext, host: str = "localhost") -> Iterator[ssl.SSLSocket]:
    """A connection by the standard library, until this block ends."""
    with (
        socket.create_connection(("127.0.0.1", port), SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        yield secure


def in_order(folder: Path, root: Path) -> ServerTls:
    """With both kinds of certificates, and with clients' certificates by the same authority."""
    return ServerTls([ROOT.server().save(folder / "ecdsa"), ROOT.server(rsa()).save(folder / "rsa")], root)


def client(*, shows: Pair | None = None, folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=ROOT.pem)
    if shows:
        shows.save(folder)
        context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    return context


def told(port: int, context: ssl.SSLContext) -> list[str]:
    """What the server says of the connection."""
    with connected(port, context) as secure:
        return secure.makefile().readline().split()


def refused(tls: ServerTls) -> set[str]:
    """Why clients were refused since this was last asked, as its log says."""
    with capture_logs() as lines:
        tls._tell()
    return {reason for line in lines for reason in line["reasons"]}


def until(true: Callable[[], bool]) -> None:
    limit = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < limit
        time.sleep(0.02)
