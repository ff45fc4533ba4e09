"""When a worker's intake takes messages, and what it says when it does not."""

from intakes import house_of
from places import until
from stage import Stage

from ocppdiag_local.services import Services
from ocppdiag_workers.allow_list import AllowList
from ocppdiag_workers.intake import Intake


async def test_an_intake_says_that_it_has_not_begun_and_that_it_is_stopping(
    services: Services, stage: Stage
) -> None:
    assert Intake(stage.performer, AllowList()).missing == "It takes no messages yet."
    async with house_of(services, stage) as house:
        async with house.open() as intake:
            await until(lambda: intake.missing is None)
        assert intake.missing == "It is stopping."
