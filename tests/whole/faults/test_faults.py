"""The shorter half of the fault suite: under each of these faults nothing is lost and nothing comes twice."""

import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from backends import aloud
from load import SHORT, chance
from nemesis import FAULTS, Fault
from run import Worlds, keep
from trial import try_fault

from ocppdiag_local.failures import ServicesMissing

# What the AMQP library forgets to await when a broker hangs up on a new connection.
pytestmark = pytest.mark.filterwarnings("ignore:coroutine 'Connection.close':RuntimeWarning")

SEED = 1 if "CI" in os.environ else secrets.randbelow(10**9)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def worlds(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Worlds]:
    say = aloud(request.config, "faults")
    say(f"seed {SEED}")
    made = Worlds(tmp_path_factory.mktemp("faults"), SEED, say)
    try:
        await made.of("single")
    except ServicesMissing as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing), pytrace=False)
        say(f"SKIPPING the fault suite. {missing}")
        pytest.skip(str(missing))
    yield made
    await made.forget()


SHORT_ONES = sorted((fault for fault in FAULTS if fault.ci), key=lambda fault: fault.world != "single")
"""In an order in which no world has to be built twice."""


@pytest.mark.parametrize("fault", SHORT_ONES, ids=lambda fault: fault.code)
async def test_every_promise_is_kept_under_this_fault(worlds: Worlds, fault: Fault, tmp_path: Path) -> None:
    assert fault.ci
    world = await worlds.of(fault.world)
    try:
        trial = await try_fault(world, fault, fault.ci, SHORT, chance(SEED, fault.code))
    except BaseException:
        await worlds.forget()  # half broken
        raise
    if trial.violations:
        await worlds.forget()
        evidence = keep(trial, tmp_path / "evidence.txt").read_text()
        pytest.fail(f"seed {SEED}, logs in {world.folder}\n{evidence}", pytrace=False)
    assert trial.verdict.ends["completed"]
