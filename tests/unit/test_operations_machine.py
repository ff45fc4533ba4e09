"""The operations of a station with everything that may befall them, in this process: no socket, no clock."""

import inspect

from hypothesis import settings
from machine import Machine
from machine_directory import DirectoryDouble, InMind
from machine_hands import Backend
from machine_memory import Clock, MemoryDouble, OriginDouble

from ocppdiag_redis import Directory
from ocppdiag_redis.origin import Origin
from ocppdiag_workers.memory import Memory

SINGLE = {
    "find",
    "commit",
    "known_part",
    "mark_sent",
    "wake_by",
    "wake_never",
    "parts",
    "see_monitors",
    "begin",
}
"""Those that leave it to others: most do one of what others do several of."""


class InMindMachine(Machine):
    def backend(self, clock: Clock) -> Backend:
        return InMind(clock)


TestOperations = InMindMachine.TestCase
TestOperations.settings = settings(max_examples=100, stateful_step_count=35, deadline=None)


def test_the_doubles_leave_nothing_to_redis() -> None:
    for real, double in ((Memory, MemoryDouble), (Directory, DirectoryDouble), (Origin, OriginDouble)):
        public = {name for name, _ in inspect.getmembers(real, inspect.isfunction) if name[0] != "_"}
        assert public - {"ping"} - SINGLE <= vars(double).keys()
