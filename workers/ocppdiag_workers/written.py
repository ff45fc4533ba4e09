"""Events with a list of monitors that is written already: bytes from the station's message to the wire. Pure.

The list is nearly all of such an event. It is written once, in the contract's shape, when a part of a report has come;
the part in Redis, its event and the final event have the same bytes in them.
"""

from collections.abc import Mapping

import msgspec
from msgspec import Raw, Struct

from ocppdiag_contracts.events import CommandSettled, Event, MonitoringReport, MonitoringReportPartReceived
from ocppdiag_contracts.events.command_settled import MOST_KEPT

_MEMBERS = msgspec.json.Decoder(dict[str, Raw])


class PartWritten(Struct, frozen=True):
    """One part of a monitoring report; in `event` its list is empty."""

    event: MonitoringReportPartReceived
    monitor: Raw
    severities: Mapping[int, int]
    """Of the monitors in it, by id."""

    def write(self, event: Event) -> Raw:
        """Write the event, or what of it all may hear, with the list in its place."""
        return _with_member(event.model_dump_json(), "monitor", self.monitor)


class ReportWritten(Struct, frozen=True):
    """A monitoring report; in `result` its list is empty. `monitor` is the entries."""

    result: MonitoringReport
    monitor: tuple[Raw, ...]


class EndWritten(Struct, frozen=True):
    """The final event of a command that has brought a report; in `event` there is no result."""

    event: CommandSettled
    report: ReportWritten

    def write(self, event: Event) -> Raw:
        """Write the event, or what of it all may hear, with the report in its place."""
        entries = Raw(msgspec.json.encode(self.report.monitor))
        report = _with_member(self.report.result.model_dump_json(), "monitor", entries)
        return _with_member(event.model_dump_json(), "result", report)

    def for_later(self) -> "EndWritten | CommandSettled":
        """Return it as it is kept for who sends the command again: as for all, and not at any length."""
        if len(self.report.monitor) <= MOST_KEPT:
            return self
        result = self.report.result.model_copy(update={"monitor": None})
        return self.event.model_copy(update={"result": result}).for_later()


Told = Event | PartWritten | EndWritten
"""An event, as workers pass it on."""


def _with_member(text: str, name: str, value: Raw) -> Raw:
    return Raw(msgspec.json.encode({**_MEMBERS.decode(text), name: value}))
