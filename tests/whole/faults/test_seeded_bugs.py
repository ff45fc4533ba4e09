"""The checker against the real thing: a worker with bugs in it is found out, and the right promise is named for each."""

import asyncio
import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from load import SHORT, chance
from nemesis import Fault
from trial import try_fault
from world import World, world

from ocppdiag_local.failures import ServicesMissing

SEEDED = {"end lost", "end duplicated", "event unexpected", "part lost", "executed twice"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def made(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    try:
        async with world("single", tmp_path_factory.mktemp("bugs"), workers=1) as built:
            yield built
    except ServicesMissing as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))


async def put_bugs_in(world: World) -> None:
    await world.restart(world.workers, under="seeded")
    await asyncio.sleep(8)
    await world.restart(world.workers)


async def test_a_worker_with_a_bug_of_each_kind_is_found_out_in_each(made: World) -> None:
    fault = Fault("bugs", "bugs put into the worker", put_bugs_in, bound_seconds=30)
    trial = await try_fault(made, fault, fault.strike, SHORT, chance(1))
    assert {violation.promise for violation in trial.violations} >= SEEDED
