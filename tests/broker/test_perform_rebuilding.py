"""Commands for stations that are not in the directory while it is told anew who is: held, and neither failed nor refused."""

import time

import pytest
from emptied import emptied
from offline import ends, level
from stage import Stage

from ocppdiag_local.services import Services
from ocppdiag_redis import keys
from ocppdiag_redis.directory import REBUILT_SECONDS
from ocppdiag_workers.presence import DirectoryRebuildingError


async def test_while_the_directory_is_rebuilt_a_command_is_held_and_not_failed(
    stage: Stage, services: Services
) -> None:
    async with emptied(stage, services) as (performer, redis):
        waits, fails = level(stage), stage.wish(due_in=60)
        for command in (waits, fails):
            with pytest.raises(DirectoryRebuildingError):
                await performer.command(command, command.model_dump_json().encode(), None)
            assert await performer.memory.find(stage.station, command.id) is None
        assert await stage.events() == []
        hurried = stage.wish(due_in=10)
        await performer.command(hurried, hurried.model_dump_json().encode(), None)
        assert ends(await stage.events()) == {hurried.id: ("failed", "not_connected")}
        await performer.directory.acquire(stage.station, stage.node, "c", "ocpp2.0.1")
        await performer.command(fails, fails.model_dump_json().encode(), None)
        assert [call.tag for call in await stage.calls()] == [fails.id]
        since = int((time.time() - REBUILT_SECONDS - 1) * 1e6)
        await redis.run("HSET", keys.ORIGIN, "since", since)
        other = level(stage).model_copy(update={"station": f"{stage.station}-never"})
        await performer.command(other, other.model_dump_json().encode(), stage.reply_to)
        assert ends(await stage.replies()) == {other.id: ("rejected", "unknown_station")}
