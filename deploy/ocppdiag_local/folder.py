"""The folder in which the servers keep their data, for one run at a time."""

import fcntl
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ocppdiag_local.failures import ServicesError


@contextmanager
def folder(data: Path | None) -> Iterator[Path]:
    """Use the folder given, or one that goes away."""
    if data is not None:
        data.mkdir(parents=True, exist_ok=True)
        yield data.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="ocppdiag-", ignore_cleanup_errors=True) as temporary:
        yield Path(temporary)


@contextmanager
def lock(place: Path, within: float = 20) -> Iterator[int]:
    """Keep a second node off this data; yields an open file for the children to hold as well.

    They keep the lock until they have ended: so after a kill -9 of ours, the next run waits for the end of
    the last one's servers.
    """
    deadline = time.monotonic() + within
    with (place / "lock").open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise ServicesError(
                        f"Another ocppdiag is using the data in {place}; stop it first."
                    ) from None
            time.sleep(0.1)
        yield file.fileno()
