"""Prometheus and its own tool for its rules: the machine's, else Debian's."""

import os
import subprocess
from collections.abc import Callable

import pytest
from backends import aloud

from ocppdiag_local import debian
from ocppdiag_local.failures import ServicesMissing
from ocppdiag_local.programs import find

PACKAGE = "prometheus"

Promtool = Callable[..., str]
"""Run it with these words, and return what it said; it has failed if that was bad."""


@pytest.fixture(scope="session")
def promtool(request: pytest.FixtureRequest) -> Promtool:
    program = provided("promtool", request.config)

    def run(*words: str) -> str:
        done = subprocess.run(  # noqa: S603 (our own)
            (program, *words), capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def provided(name: str, config: pytest.Config) -> str:
    """Where the program is; without it the test is skipped, and in CI has failed."""
    try:
        return _program(name)
    except ServicesMissing as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing), pytrace=False)
        aloud(config, name)(f"SKIPPING what {name} has to say of the alerts. {missing}")
        pytest.skip(str(missing))


def _program(name: str) -> str:
    if program := find(name):
        return program
    if debian.can_install():
        with debian.alone():
            if not find(name):
                debian.install([PACKAGE])
        if program := find(name):
            return program
    raise ServicesMissing(
        f"There is no {name} here; it comes with Prometheus (Debian: apt-get install prometheus)."
    )
