"""Several stations of one worker, each with a log on its way, whose records come in one batch."""

from collections.abc import Sequence

from intakes import House
from stage import Stage, until

from ocppdiag_contracts import link
from ocppdiag_contracts.commands import Command
from ocppdiag_contracts.topology import STATION, station_key

CALLED = station_key("call", "LogStatusNotification", 0)


class Street:
    """Several stations of one worker, each with a log on its way."""

    def __init__(self, stages: Sequence[Stage], wishes: Sequence[Command], house: House) -> None:
        self.stages = stages
        self.wishes = wishes
        self.house = house
        self.answers: dict[str, list[link.Answer | link.Refuse]] = {stage.station: [] for stage in stages}
        self.events: dict[str, list[str]] = {stage.station: [] for stage in stages}

    async def uploading(self) -> list[link.ToWorkers]:
        """Each station says so."""
        return [
            await stage.record(wish, "uploading")
            for stage, wish in zip(self.stages, self.wishes, strict=True)
        ]

    async def put(self, records: Sequence[link.ToWorkers]) -> None:
        await self.house.put(STATION, CALLED, link.join([link.encode(record) for record in records]))

    async def look(self) -> None:
        """Note what has been answered and told by now."""
        for stage in self.stages:
            found = [order for order in await stage.orders() if isinstance(order, link.Answer | link.Refuse)]
            self.answers[stage.station] += found
            self.events[stage.station] += [event.id for event in await stage.events()]

    async def answered(self, *stages: Stage) -> None:
        """Wait until these have their answer."""

        async def all_have() -> bool:
            await self.look()
            return all(self.answers[stage.station] for stage in stages)

        await until(all_have)

    async def nothing_left(self) -> bool:
        """Whether the batch was settled, once nobody is at work."""
        queue = await self.stages[0].channel.get_queue("ocppdiag.diagnostics.0")
        return await queue.get(no_ack=True, fail=False) is None

    async def assert_done(self, index: int, *, once: bool = True) -> None:
        """What the station has said was told under one id, and nothing is left to tell."""
        stage, told = self.stages[index], self.told(index)
        assert set(told) == {f"status/{stage.epoch}.3"}
        assert len(told) == 1 or not once
        assert len(self.answers[stage.station]) >= 1
        assert (await stage.remembered(self.wishes[index])).unsent == ()

    def told(self, index: int) -> list[str]:
        """The steps of a station's command that were told, as often as they were."""
        begin = f"{self.stages[index].station}/{self.wishes[index].id}/"
        return [each.removeprefix(begin) for each in self.events[self.stages[index].station]]
