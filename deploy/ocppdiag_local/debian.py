"""Install what is missing from Debian's packages, without the packages' own system services."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ocppdiag_local.answer import tail
from ocppdiag_local.failures import ServicesMissing

POLICY = Path("/usr/sbin/policy-rc.d")  # Debian asks it before a package starts a service

LOCK = Path("/run/ocppdiag-install.lock")


def can_install() -> bool:
    """Tell whether we may install packages here."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


@contextmanager
def alone() -> Iterator[None]:
    """Let one process of ours install at a time: the next may find that nothing is missing any more."""
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install(packages: Sequence[str]) -> None:
    """Install packages and nothing they only recommend, and leave no service running or enabled."""
    # Erlang's package brings these; where epmd is here already, somebody may want them.
    new_epmd = [] if shutil.which("epmd") else ["epmd.socket", "epmd.service"]
    with tempfile.TemporaryDirectory(prefix="ocppdiag-") as folder, _no_services():
        log = Path(folder) / "apt.log"
        _run(["apt-get", "update"], log)  # may fail for one source of many; the next line is what counts
        wait = ["-o", "DPkg::Lock::Timeout=120"]
        if _run(["apt-get", *wait, "install", "--yes", "--no-install-recommends", *packages], log):
            raise ServicesMissing(f"apt-get could not install {' and '.join(packages)}.{tail(log)}")
        if shutil.which("systemctl"):  # or the next boot of this machine would start them
            _run(["systemctl", "disable", *packages, *new_epmd], log)


def _run(command: Sequence[str], log: Path) -> int:
    """Run to the end even when interrupted: half a package is worse than half a minute."""
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - words of our own
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            start_new_session=True,
        )
    try:
        return process.wait()
    finally:
        process.wait()


@contextmanager
def _no_services() -> Iterator[None]:
    """Forbid packages to start services, unless this machine has its own rule for that."""
    try:
        with POLICY.open("x") as policy:
            policy.write("#!/bin/sh\n# Only while ocppdiag installs packages.\nexit 101\n")
            os.fchmod(policy.fileno(), 0o755)
    except FileExistsError:
        yield
        return
    try:
        yield
    finally:
        POLICY.unlink()
