"""All that the histories know of each command, brought together by ids and marks; what belongs to none. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from histories import Executed, Heard, Histories, Publish, Sent
from verdict import Violation

ASKED_BY_ITSELF = frozenset({"GetVariables"})
"""What workers ask of their own accord."""


@dataclass
class Dossier:
    """All that is known of one command."""

    sent: list[Sent] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    executed: list[Executed] = field(default_factory=list)

    @property
    def publish(self) -> Publish:
        said = {each.publish for each in self.sent}
        return next(each for each in Publish if each in said)

    @property
    def finals(self) -> list[Heard]:
        return [each for each in self.heard if each.event["event"] == "command_settled"]

    @property
    def ends(self) -> list[Heard]:
        """The first hearing of each different final event."""
        first: dict[str, Heard] = {}
        for each in self.finals:
            first.setdefault(str(_bare(each.event)), each)
        return list(first.values())


def _bare(event: Any) -> Any:  # noqa: ANN401 (JSON)
    """Return an event without what only some may hear, and what is told once only."""
    if isinstance(event, dict):
        return {key: _bare(event[key]) for key in sorted(event) if key not in ("data", "reason", "monitor")}
    return [_bare(each) for each in event] if isinstance(event, list) else event


def collect(histories: Histories) -> tuple[list[Dossier], list[Violation]]:
    """Return what is known of each command, and what belongs to no command of these stations."""
    known: dict[tuple[str, str], Dossier] = {}
    marked: dict[tuple[str, str, str], Dossier] = {}
    for sent in histories.sent:
        dossier = known.setdefault((sent.station, sent.command_id), Dossier())
        dossier.sent.append(sent)
        marked[sent.station, sent.action, sent.mark] = dossier
    return list(known.values()), [*_executed(histories, marked), *_heard(histories, known)]


def _executed(histories: Histories, marked: dict[tuple[str, str, str], Dossier]) -> Iterator[Violation]:
    for executed in histories.executed:
        if dossier := marked.get((executed.station, executed.action, executed.mark)):
            dossier.executed.append(executed)
        elif executed.action not in ASKED_BY_ITSELF:
            yield Violation("CALL unexpected", "a CALL that no command asks for", (executed,))


def _heard(histories: Histories, known: dict[tuple[str, str], Dossier]) -> Iterator[Violation]:
    stations = {station for station, _ in known}
    for heard in histories.heard:
        station, command_id = heard.event["station"], heard.event.get("command_id")
        if command_id is None:
            continue
        if dossier := known.get((station, command_id)):
            dossier.heard.append(heard)
        elif station in stations:
            yield Violation("event unexpected", "an event of a command that nobody sent", (heard,))
