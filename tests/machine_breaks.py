"""What breaks by itself in the machine: connections, gateways, Redis, and the patience of whoever waits."""

from hypothesis import strategies as st
from hypothesis.stateful import rule
from machine_hands import Hands
from machine_station import BOOT

BREAKS = (
    "connection ends",
    "connection ends",
    "connection ends",
    "station goes unnoticed",
    "gateway hangs",
    "gateway goes on",
    "gateway dies",
    "gateway dies, and its queue",
    "redis is emptied",
)

indices = st.integers(0, 7)
"""Which of them: taken modulo how many there are."""


class Breaks(Hands):
    """Connections, gateways and time."""

    @rule(south=st.booleans(), boots=st.booleans())
    def connects(self, *, south: bool, boots: bool) -> None:
        node = self.world.nodes["south" if south else "north"]
        if node.hung:
            return
        node.alive = node.has_queue = True
        self._connect(node)
        if boots:
            self._calls(BOOT)

    @rule(what=st.sampled_from(BREAKS), which=indices)
    def breaks(self, what: str, which: int) -> None:
        node = self.world.nodes["north" if which % 2 else "south"]
        connections = [each for each in self.world.connections if not each.node.hung]
        match what:
            case "connection ends" if connections:
                self._end(connections[which % len(connections)])
            case "station goes unnoticed":
                self.world.socket = None
            case "gateway hangs" if node.alive and not node.hung:
                self.world.hang(node)
            case "gateway goes on":
                self._gateways_go_on()
            case "gateway dies":
                self.world.die(node)
            case "gateway dies, and its queue":
                self.world.die(node)
                node.queue, node.has_queue = [], False
            case "redis is emptied":
                self.do(self.kept.wipe())
                self.checks.wiped()
            case _:
                pass

    @rule(boots=st.booleans())
    def station_reconnects(self, *, boots: bool) -> None:
        for connection in [each for each in self.world.connections if not each.node.hung]:
            self._end(connection)
        self.connects(south=False, boots=boots)
        self._settle_all()

    @rule(seconds=st.sampled_from([0.3, 0.3, 2.5, 2.5, 6.5, 6.5, 12, 35]))
    def time_passes(self, seconds: float) -> None:
        self.do(self._pass_time(seconds))
