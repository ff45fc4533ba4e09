"""Prometheus' own tool for its rules: the machine's, else Debian's."""

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
    try:
        program = _program()
    except ServicesMissing as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing), pytrace=False)
        aloud(request.config, "promtool")(f"SKIPPING what promtool has to say of the alerts. {missing}")
        pytest.skip(str(missing))

    def run(*words: str) -> str:
        done = subprocess.run(  # noqa: S603 (our own)
            (program, *words), capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def _program() -> str:
    if program := find("promtool"):
        return program
    if debian.can_install():
        with debian.alone():
            if not find("promtool"):
                debian.install([PACKAGE])
        if program := find("promtool"):
            return program
    raise ServicesMissing(
        "There is no promtool here; it comes with Prometheus (Debian: apt-get install prometheus)."
    )
