"""A worker's hands and everything that may befall them, in any order: the same machine for every kind of memory."""

import sys
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule
from machine_breaks import Breaks, indices
from machine_memory import STATION
from machine_station import BOOT, PARTS, log_status, part
from machine_wishes import KINDS
from machine_worker import Trouble
from machine_world import Wish

from ocppdiag_contracts import link
from ocppdiag_contracts.commands import Cancel, IfOffline, ListCommands
from ocppdiag_contracts.topology import OWNER

steps = st.sampled_from([None, None, None, *range(12)])
troubles = st.none() | st.none() | st.builds(Trouble, st.integers(0, 14), st.booleans(), st.booleans())
how_answered = st.sampled_from(["accepted", "accepted", "accepted", "rejected", "error", "unreadable"])
statuses = st.sampled_from(["Uploading", "Uploaded", "UploadFailure", "AcceptedCanceled", "Idle"])


class Machine(Breaks):
    """One station, two gateways, any number of workers: whatever may happen."""

    # Commands.

    @initialize(boots=st.booleans())
    def begins(self, *, boots: bool) -> None:
        self._connect(self.world.nodes["north"])
        self._calls(BOOT)
        self.do(self.kept.memory.origin.since())  # as every worker does that begins
        self._settle_all()
        self.do(self._pass_time(20))
        if not boots:
            self._end(self.world.connections[0])

    @rule(
        kinds=st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=4),
        lasts=st.sampled_from([45, 200, 200]),
        waits=st.sampled_from([None, 0, 0, 6, 30]),
        together=st.booleans(),
    )
    def wish(self, kinds: list[str], lasts: int, waits: int | None, *, together: bool) -> None:
        more: dict[str, Any] = {}
        if waits is not None:
            more = {"if_offline": IfOffline.WAIT}
            if waits:
                more["wait_until"] = self._in(min(waits, lasts))
        for kind in kinds:
            self._wish(KINDS[kind], lasts, more)
            if not together:
                self._settle_all()

    @rule(kinds=st.lists(st.sampled_from(sorted(KINDS)), min_size=2, max_size=4), boots=st.booleans())
    def some_wait(self, kinds: list[str], *, boots: bool) -> None:
        """The station goes, is wished for, and comes back."""
        for connection in [each for each in self.world.connections if not each.node.hung]:
            self._end(connection)
        self._settle_all()
        self.wish(kinds, 200, 0, together=False)
        self.connects(south=False, boots=boots)

    @precondition(lambda self: self.wishes)
    @rule(which=indices, lists=st.booleans())
    def cancel(self, which: int, *, lists: bool) -> None:
        target = self.wishes[which % len(self.wishes)].command
        if lists:
            self._wish(ListCommands, 45, {})
        elif not isinstance(target, Cancel):
            self._wish(Cancel, 45, {"command_id": target.id})

    @precondition(lambda self: self.wishes)
    @rule(which=indices, elsewhere=st.booleans())
    def wish_again(self, which: int, *, elsewhere: bool) -> None:
        again = self.wishes[which % len(self.wishes)]
        self.world.messages.append(Wish(again.command, "r2" if elsewhere else again.reply_to))

    # Workers.

    @precondition(lambda self: self.world.messages)
    @rule(which=indices, calls=steps, trouble=troubles, again=st.booleans())
    def deliver(self, which: int, calls: int | None, trouble: Trouble | None, *, again: bool) -> None:
        """`again`: the broker does not hear that it has been settled."""
        message = self.world.messages.pop(which % len(self.world.messages))
        self._work(message, calls, trouble, again=again)

    @precondition(lambda self: self.world.messages)
    @rule(many=st.integers(1, 8))
    def deliver_many(self, many: int) -> None:
        for message in self._taken(many):
            self._work(message, None, None, again=False)

    @rule(
        first=st.none() | indices,
        calls=st.integers(0, 9),
        second=st.none() | indices,
        seconds=st.sampled_from([0, 0, 3]),
        falls=st.booleans(),
    )
    def race(self, first: int | None, calls: int, second: int | None, seconds: float, *, falls: bool) -> None:
        """One worker is overtaken by another half way; each has the alarms in its hands, or a message."""
        self._one(first, calls)
        for node in self.world.nodes.values():
            self._take(node)
        self.do(self._pass_time(seconds))
        self._one(second, None)
        if self.lives:
            self.go_on(-1, None, falls=falls)

    @precondition(lambda self: self.lives)
    @rule(which=indices, calls=steps, falls=st.booleans())
    def go_on(self, which: int, calls: int | None, *, falls: bool) -> None:
        life, message, again = self.lives.pop(which % len(self.lives))
        self.do(life.fall() if falls else life.go_on(calls))
        self._after(life, message, again=again)

    @rule(calls=steps, trouble=troubles)
    def ring(self, calls: int | None, trouble: Trouble | None) -> None:
        self._ring(calls, trouble)

    # Gateways and the station.

    @precondition(lambda self: any(node.alive and not node.hung for node in self.world.nodes.values()))
    @rule(which=st.sampled_from(["north", "south", "northsouth"]))
    def take_orders(self, which: str) -> None:
        for node in self.world.nodes.values():
            if node.name in which:
                self._take(node)

    @precondition(lambda self: self.world.station.asked)
    @rule(which=indices, how=how_answered)
    def answers(self, which: int, how: str) -> None:
        asked = self.world.station.asked
        self._answer(asked[-1 - which % len(asked)], how)

    @precondition(lambda self: self.world.reports_asked_for)
    @rule(
        which=indices,
        seq_no=st.integers(0, PARTS - 1),
        variant=st.sampled_from([0, 0, 0, 1]),
        calls=st.none() | st.integers(1, 6),
    )
    def sends_part(self, which: int, seq_no: int, variant: int, calls: int | None) -> None:
        """A worker has it in its hands already, after so many calls."""
        asked = self.world.reports_asked_for
        self._calls(part(asked[-1 - which % len(asked)], seq_no, variant))
        if calls is not None:
            self._one(-1, calls)
            self.take_orders("northsouth")

    @precondition(lambda self: self.world.reports_asked_for)
    @rule(which=indices)
    def sends_report(self, which: int) -> None:
        """All of it, and all of it is handled at once."""
        for seq_no in range(PARTS):
            self.sends_part(which, seq_no, 0, None)
            self._settle_all()

    @precondition(lambda self: self.world.asked_for("GetLog") or self.world.asked_for("TriggerMessage"))
    @rule(which=indices, status=statuses, named=st.booleans())
    def sends_log_status(self, which: int, status: str, *, named: bool) -> None:
        asked = self.world.asked_for("GetLog")
        request_id = asked[-1 - which % len(asked)].request_id if asked and named else None
        self._calls(log_status(status, request_id))

    @precondition(lambda self: self.world.asked_for("GetLog"))
    @rule(which=indices, what=st.sampled_from(["received", "broken", "stored", "stored"]))
    def uploads(self, which: int, what: str) -> None:
        asked = self.world.asked_for("GetLog")
        tag = self.world.tags[asked[-1 - which % len(asked)].message_id]
        about: dict[str, Any] = {"station": STATION, "tag": tag, "owner": OWNER, "at": self.clock.now}
        record: link.FromUploads
        match what:
            case "received":
                record = link.UploadReceived(**about, bytes=3)
            case "broken":
                record = link.UploadBroken(**about, bytes=3, reason="broken")
            case _:
                record = link.UploadStored(**about, location="file:///log", size=3, sha256="0" * 64)
        self.world.messages.append(record)

    @rule()
    def all_goes_well(self) -> None:
        self._gateways_go_on()
        if self.world.socket not in self.world.connections:
            self.connects(south=False, boots=True)
        self._settle_all()

    @precondition(lambda self: self.world.station.open)
    @rule(how=how_answered, reports=st.booleans())
    def all_is_answered(self, how: str, *, reports: bool) -> None:
        for asked in self.world.station.open:
            self._answer(asked, how)
            self._settle_all()
        if reports and self.world.reports_asked_for:
            self.sends_report(0)

    # What holds.

    @invariant()
    def holds(self) -> None:
        self.do(self.checks.at_every_step())

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self._come_to_the_end()
                self.do(self.checks.at_the_end([wish.command for wish in self.wishes], self.kept))
        finally:
            for life, _, _ in self.lives:
                self.do(life.fall())
                _ = life.failure
            self.do(self.kept.close())
            self.runner.close()
            self.patch.undo()
