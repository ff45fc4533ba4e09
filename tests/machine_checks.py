"""What must hold of the operations, whatever has happened."""

from collections import Counter
from typing import Protocol

import msgspec
from machine_memory import STATION
from machine_station import Asked, Says
from machine_world import World

from ocppdiag_contracts.commands import Cancel, Command
from ocppdiag_contracts.events import CommandSettled, Outcome
from ocppdiag_contracts.failures import Failure
from ocppdiag_workers.letters import Letter
from ocppdiag_workers.memory import Memory
from ocppdiag_workers.operation import State, read_tag
from ocppdiag_workers.records import Remembered

MOST_TIMES = 3
"""How often a CALL that may be repeated reaches a station."""

HARMLESS = {"GetMonitoringReport", "GetVariables", "SetMonitoringLevel", "TriggerMessage"}
UNSEEN = {Failure.NOT_CONNECTED, Failure.BUSY, Failure.CANCELLED, Failure.DEADLINE_PASSED}
"""Reasons that say that the station was never asked."""

BEFORE = {"GetVariables"}
"""What is asked before the command itself is."""

TOLD_OFTEN = {"command_repeated", "command_settled", "log_bytes_received"}
"""Events that may be told in other words under one id; how a command ends is looked at for itself."""

OURS = {"cancel", "list_commands"}
SLACK_SECONDS = 5.0


class Times(Protocol):
    """When operations were begun, and when they are to be woken."""

    async def alarms(self) -> dict[str, float]: ...

    async def begun(self) -> dict[str, float]: ...


class Checks:
    """Looks at what is kept, what was told, and what the station has done."""

    def __init__(self, world: World, memory: Memory) -> None:
        self.world = world
        self.memory = memory
        self.accepted: set[str] = set()
        """The tags of CALLs that the station has ever accepted."""

        self.quiet_since = 0.0
        self._seen: dict[str, Remembered] = {}
        self._times_delivered: Counter[str] = Counter()
        self._old: set[str] = set()
        self._thanked = 0
        self._owed: list[Says] = []
        self._told_parts: set[str] = set()
        self._waited: dict[str, int] = {}
        self._released: dict[str, int] = {}
        self._left = 0
        self._step = 0
        world.watch = self._told

    def delivered(self, command_id: str) -> None:
        self._times_delivered[command_id] += 1

    def wiped(self) -> None:
        self._seen = {}
        self._old |= set(self._times_delivered)
        self._owed = []

    def _told(self, letter: Letter) -> None:
        known = self.world.told.get(letter.id, letter)
        if letter.event not in TOLD_OFTEN:
            assert bytes(known.shown) == bytes(letter.shown), "one id, two events"
        if letter.event.endswith("part_received"):
            self._told_parts |= _part_keys(letter)
        if letter.event == "command_sent":
            assert letter.id.split("/")[1] in self.world.left, "sent, and it was not"
        if letter.event == "command_accepted":
            assert letter.id.split("/")[1] in {read_tag(tag)[0] for tag in self.accepted}, "nobody accepted"

    async def at_every_step(self) -> None:
        self._step += 1
        self._ends_once()
        self._done_once()
        await self._records()
        await self._parts()
        self._in_order()

    async def at_the_end(self, commands: list[Command], kept: Times) -> None:
        await self.at_every_step()
        assert not await kept.alarms(), "alarms about nothing"
        assert not await kept.begun(), "counted as open for ever"
        assert not await self.memory.open_operations(STATION)
        assert not await self.memory.waiting(STATION, 100)
        assert not self.world.resting
        assert not self._owed, "thanked for a part that nobody was told of"
        for command in commands:
            if not self._times_delivered[command.id]:
                continue
            assert command.id in self.world.ends, f"no end: {command.id}"
            at = self.world.ends[command.id][0][0]
            assert at <= max(command.due.timestamp(), self.quiet_since) + SLACK_SECONDS, "too late"
            found = await self.memory.find(STATION, command.id)
            assert found is None or not found.unsent
            if command.id not in self._old:
                assert f"{STATION}/{command.id}/queued" in self.world.told, "its beginning was told to nobody"
            if isinstance(command, Cancel) and command.command_id not in self._old:
                self._cancelled(command)

    def _cancelled(self, command: Cancel) -> None:
        """What is taken back ends so, or as done in part where its first CALL had been answered."""
        if self.world.ends[command.id][0][1].outcome is Outcome.COMPLETED:
            end = self.world.ends[command.command_id][0][1]
            assert end.failure in (Failure.CANCELLED, Failure.LOCAL_LIST_NOT_UPDATED, Failure.PARTLY_DONE)

    def _ends_once(self) -> None:
        for command_id, ends in self.world.ends.items():
            assert all(end == ends[0][1] for _, end in ends), f"two ends: {command_id}"
            self._caused(ends[0][1])

    def _caused(self, end: CommandSettled) -> None:
        done = [
            asked
            for asked in self.world.station.asked
            if read_tag(self.world.tags[asked.message_id])[0] == end.command_id and asked.action not in BEFORE
        ]
        if end.failure in UNSEEN:
            # What does no harm twice may also be cancelled while it waits to be asked again.
            again = end.failure is Failure.CANCELLED and all(map(_harmless, done))
            assert not done or again, "it was said that the station has not seen it"
        if end.outcome is Outcome.COMPLETED and end.command not in OURS:
            assert done, "it was said that the station has done it"

    def _done_once(self) -> None:
        for asked in self.world.station.asked:
            tag = self.world.tags[asked.message_id]
            assert self.world.executed[tag] <= (MOST_TIMES if _harmless(asked) else 1), "done too often"

    async def _records(self) -> None:
        opened = set(await self.memory.open_operations(STATION))
        for command_id in self._times_delivered:
            found = await self.memory.find(STATION, command_id)
            before = self._seen.get(command_id)
            if before:
                assert found
                assert found.revision >= before.revision
                if before.operation.ended:
                    assert (found.revision, found.operation) == (before.revision, before.operation), "an end"
            assert (command_id in opened) == (found is not None and not found.operation.ended)
            if found:
                self._seen[command_id] = found
                self._wait(found)

    def _wait(self, found: Remembered) -> None:
        operation = found.operation
        if operation.state is State.WAITING and not operation.lost:
            self._waited.setdefault(operation.id, self._step)
        elif operation.id in self._waited:
            self._released.setdefault(operation.id, self._step)

    def _in_order(self) -> None:
        """What has waited leaves in the order in which it was begun."""
        for tag in self.world.left[self._left :]:
            if tag not in self._released:
                continue
            ours = self._seen.get(tag)
            for other in self._seen.values():
                theirs = other.operation
                assert not (
                    ours
                    and ours.operation.waits == theirs.waits == 1
                    and theirs.lost == ours.operation.lost == 0
                    and theirs.begun < ours.operation.begun
                    and theirs.state in (State.WAITING, State.QUEUED)
                    and theirs.id not in self.world.left
                    and self._waited.get(theirs.id, self._step) < self._released[tag]
                ), "one has left before another that had waited longer"
        self._left = len(self.world.left)

    async def _parts(self) -> None:
        thanked = self.world.station.thanked
        for says in thanked[self._thanked :]:
            if "seqNo" in says.payload:
                assert self._is_told(says) or await self._is_to_be_told(says), "thanked for nothing"
                self._owed.append(says)
        self._thanked = len(thanked)
        self._owed = [says for says in self._owed if not self._is_told(says)]

    def _is_told(self, says: Says) -> bool:
        return bool(_says_keys(says) & self._told_parts)

    async def _is_to_be_told(self, says: Says) -> bool:
        records = [await self.memory.find(STATION, each) for each in self._times_delivered]
        unsent = [each for record in records if record for each in record.unsent]
        return any(_says_keys(says) & _part_keys(each) for each in unsent if "part" in each.event)


def _harmless(asked: Asked) -> bool:
    return asked.action in HARMLESS or asked.payload.get("clear") is False


def _part_keys(letter: Letter) -> set[str]:
    event = msgspec.json.decode(letter.whole or letter.shown)
    which = f"{event['request_id']}/{event['seq_no']}"
    contents = event.get("data") or [
        data["variable_monitoring"][0]["id"] for data in event.get("monitor", ())
    ]
    return {f"{which}/{contents or None}"}


def _says_keys(says: Says) -> set[str]:
    which = f"{says.payload['requestId']}/{says.payload['seqNo']}"
    if says.action == "NotifyCustomerInformation":
        return {f"{which}/{says.payload['data']}", f"{which}/None"}
    return {f"{which}/{[data['variableMonitoring'][0]['id'] for data in says.payload['monitor']]}"}
