"""Servers of a test's own, for what must not happen to those that others use: private processes of this machine."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from ocppdiag_local import processes
from ocppdiag_local.failures import ServicesMissing
from ocppdiag_local.servers import Server


@contextmanager
def own(folder: Path, *wanted: Server) -> Iterator[Sequence[str]]:
    """Run them within this block; yields their addresses. Where there are none it is as with the shared ones."""
    provided(*wanted)
    with processes.processes(wanted, folder, durable=False, hold=()) as urls:
        yield [urls[server] for server in wanted]


def provided(*wanted: Server) -> None:
    """See that their programs are here; else it is as with the shared ones."""
    try:
        processes.provide(wanted, print)
    except ServicesMissing as missing:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(missing))
