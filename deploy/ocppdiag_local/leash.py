"""A leash: a small process that ends its child, in order, once its owner lets go of it or dies.

The owner holds the writing end of a pipe; the kernel closes it however the owner ends, kill -9 included.
This file runs by its path in a bare interpreter, so it may import the standard library only.
"""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

GRACE = 20.0  # seconds for an orderly end; RabbitMQ takes one or two, a gateway its drain


def on_leash(command: Sequence[str]) -> list[str]:
    """Return the command line that runs a command on a leash of this process; its stdin is the leash."""
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *command]


@contextmanager
def leashed(
    command: Sequence[str], *, env: Mapping[str, str], log: Path, hold: Sequence[int] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command that ends with this block; `hold` are open files to be kept until it has really ended."""
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - the callers build the command themselves
            on_leash(command),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            pass_fds=hold,
            start_new_session=True,  # the terminal's Ctrl-C is for the owner, who then stops things in order
        )
    try:
        yield process
    finally:
        release(process)


def release(process: subprocess.Popen[bytes], within: float = GRACE + 4) -> None:
    """Let go, and see that the whole group is gone."""
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(within)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def main(owner: int, command: Sequence[str]) -> None:
    """Be the leash."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit())
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603
    try:
        watch(child, owner)
    finally:
        child.terminate()
        try:
            child.wait(GRACE)
        finally:
            os.killpg(0, signal.SIGKILL)  # whoever is left in the group, and this process


def watch(child: subprocess.Popen[bytes], owner: int) -> None:
    """Return when the child has ended or the owner is gone."""
    while child.poll() is None and os.getppid() == owner:
        # Nothing is ever written, so readable means closed. Asking for the parent too covers an owner
        # that forked: its children hold the pipe open after its death.
        if select.select([sys.stdin], [], [], 0.5)[0]:
            return


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
