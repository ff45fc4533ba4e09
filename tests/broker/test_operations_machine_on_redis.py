"""The same operations in any order of everything, in a real Redis with its real scripts, whose clock is the machine's."""

from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from machine import Machine
from machine_hands import Backend
from machine_memory import STATION, Clock
from redis.asyncio import Redis
from yarl import URL

from ocppdiag_local.services import Services
from ocppdiag_redis import Directory, Pipelined, Script, ScriptCall, keys
from ocppdiag_redis.line import Argument, Line
from ocppdiag_workers.memory import Memory

DATABASE = 15
"""Apart from all other tests: the deadlines of all stations lie in one set."""

# Time that has passed for the machine has passed for what Redis keeps only so long.
PASS = Script("""
for _, key in ipairs(redis.call('KEYS', 'ocppdiag:*')) do
  local left = redis.call('PTTL', key)
  if left > 0 then redis.call('PEXPIRE', key, math.max(0, left - ARGV[1])) end
end
return 1
""")


class Timed(Pipelined):
    """Redis, but for its clock."""

    def __init__(self, client: Redis, clock: Clock) -> None:
        super().__init__(Line(client))
        self._clock = clock

    async def run(self, *command: Argument) -> Any:  # noqa: ANN401
        return self._time() if command == ("TIME",) else await super().run(*command)

    async def scripts(self, calls: Sequence[ScriptCall]) -> list[Any]:
        return await super().scripts([self._timed(call) for call in calls])

    def _timed(self, call: ScriptCall) -> ScriptCall:
        text = call.script.text
        if "redis.call('TIME')" not in text:
            return call
        timed = Script(text.replace("redis.call('TIME')", "({ARGV[#ARGV - 1], ARGV[#ARGV]})"))
        return ScriptCall(timed, call.keys, (*call.arguments, *self._time()))

    def _time(self) -> tuple[int, int]:
        return divmod(int(self._clock.now * 1_000_000), 1_000_000)


class OnRedis:
    """Everything in Redis."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._redis = Timed(Redis.from_url(str(URL(url).with_path(f"/{DATABASE}"))), clock)
        self.memory = Memory(self._redis)
        self.directory = Directory(self._redis)

    async def pass_time(self, seconds: float) -> None:
        await self._redis.script(PASS, [], int(seconds * 1000))

    async def wipe(self) -> None:
        if found := await self._redis.run("KEYS", "ocppdiag:*"):
            await self._redis.run("DEL", *found)

    async def alarms(self) -> dict[str, float]:
        return await self._times(keys.DEADLINES)

    async def begun(self) -> dict[str, float]:
        return await self._times(keys.BEGUN)

    async def _times(self, key: str) -> dict[str, float]:
        found = await self._redis.run("ZRANGE", key, 0, -1, "WITHSCORES")
        times = {tuple(msgspec.json.decode(member)): float(at) for member, at in found}
        assert all(station == STATION for station, _ in times)
        return {command_id: at for (_, command_id), at in times.items()}

    async def close(self) -> None:
        await self.wipe()
        await self._redis.aclose()


def test_operations_hold_together_on_redis(services: Services) -> None:
    class OnRedisMachine(Machine):
        def backend(self, clock: Clock) -> Backend:
            return OnRedis(services.redis_url, clock)

    run_state_machine_as_test(
        OnRedisMachine, settings=settings(max_examples=30, stateful_step_count=30, deadline=None)
    )
