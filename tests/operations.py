"""One command under way in a test's hands: what is put into it, and what comes of it. No broker, no Redis, no clock."""

import json
from typing import Any

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from ocppdiag_contracts import link
from ocppdiag_contracts.commands import CommandModel, name_of
from ocppdiag_contracts.events import CommandSettled, Event, read_event
from ocppdiag_workers import news, report
from ocppdiag_workers.decide import Decision, decide
from ocppdiag_workers.feature import Ask, House
from ocppdiag_workers.features import FEATURES
from ocppdiag_workers.letters import letter
from ocppdiag_workers.news import News
from ocppdiag_workers.operation import MonitorsSeen, Operation, State, Step
from ocppdiag_workers.parts import Part
from ocppdiag_workers.table import Table
from ocppdiag_workers.written import Told

TABLE = Table(FEATURES)
HOUSE = House(upload_key=b"k" * 32)
STATION = "CS-1"
DUE = 1000.0
REQUEST_ID = 5


def begun(command: CommandModel, version: str = "ocpp2.0.1") -> Operation:
    work = TABLE.works[name_of(type(command))]
    return Operation(
        id=command.id,
        station=STATION,
        name=name_of(type(command)),
        family=work.family,
        request_id=REQUEST_ID if work.numbered else 0,
        command=Raw(command.model_dump_json(exclude_none=True).encode()),
        reply_to=None,
        due=DUE,
        wake_at=DUE,
        node="node",
        epoch=1,
        version=version,
        details=Raw(work.details),
    )


def called(
    action: str, content: object, *, seq: int = 1, at: float = 2.0, version: str = "ocpp2.0.1"
) -> link.Called:
    """A CALL of the station."""
    return link.Called(
        station=STATION,
        node="node",
        connection="c",
        epoch=1,
        seq=seq,
        at=at,
        version=version,
        message_id=f"m-{seq}",
        action=action,
        payload=Raw(json.dumps(content).encode()),
    )


def decided(record: link.Called) -> Decision:
    return decide(record, TABLE, HOUSE, record.at)


def answered(content: object, turn: int = 0, at: float = 1.0) -> news.Answered:
    return news.Answered(at, json.dumps(content).encode(), turn)


def as_told(event: Told) -> Event:
    """The event as who has asked reads it, which is word for word what its model writes."""
    written = letter(event)
    text = bytes(written.whole or written.shown)
    read = read_event(text)
    assert json.loads(text) == json.loads(read.model_dump_json())
    return read


class Life:
    """An operation, and beside it what memory would keep: the parts, and what was seen of monitors."""

    def __init__(self, command: CommandModel, version: str = "ocpp2.0.1") -> None:
        self.operation = begun(command, version)
        self.told: list[Event] = []
        self.seen: list[MonitorsSeen] = []
        self.asked = 0
        self._kept: dict[str, Part] = {}

    def hear(self, *items: News) -> "Life":
        for item in items:
            self._hear(item)
        return self

    def notified(self, record: link.Called) -> "Life":
        """The station calls, and what of it concerns this operation comes to it."""
        family, number = self.operation.family, self.operation.request_id
        return self.hear(
            *(
                inform.news
                for inform in decided(record).informs
                if inform.request == (family, number) or (inform.family and inform.family == family)
            )
        )

    def had(self, record: link.Called) -> bool:
        """Whether what the station calls is nothing new to this operation, which has ended."""
        (inform,) = decided(record).informs
        return TABLE.had(self.operation, inform.news)

    def ask(self) -> tuple[str, Any]:
        """The CALL of this turn: its action, and its payload as the station reads it."""
        ask = TABLE.works[self.operation.name].ask(self.operation, HOUSE)
        assert isinstance(ask, Ask)
        return ask.action, json.loads(ask.request.to_wire())

    @property
    def ends(self) -> list[CommandSettled]:
        return [event for event in self.told if isinstance(event, CommandSettled)]

    @property
    def end(self) -> CommandSettled:
        (end,) = self.ends
        assert end == self.told[-1]
        assert self.operation.state is State(end.outcome.value)
        assert bytes(self.operation.command) == b"null"
        numbers = msgspec.json.encode(report.parts_of(self.operation))
        assert bytes(self.operation.details) in (b"null", numbers), "which parts it had, and nothing else"
        return end

    def _hear(self, item: News) -> None:
        if isinstance(item, news.PartCame):
            item = self._looked_up(item)
        step = TABLE.advance(self.operation, item)
        if step.keep:
            part = step.keep
            field = str(part.seq_no) if str(part.seq_no) not in self._kept else _beside(part)
            assert field not in self._kept
            self._kept[field] = part
        step = step.with_all(tuple(self._kept.values()))
        if self.operation.ended:
            assert step == Step(self.operation), "an end absorbs"
        self.operation = step.operation
        self.told += map(as_told, step.events)
        self.asked += step.asks
        if step.monitors:
            self.seen.append(step.monitors)

    def _looked_up(self, item: news.PartCame) -> news.PartCame:
        known = self._kept.get(str(item.part.seq_no))
        again = _beside(item.part) in self._kept or (known is not None and known.digest == item.part.digest)
        return news.PartCame(item.at, item.stamp, item.part, item.event, known, again)


def _beside(part: Part) -> str:
    return f"{part.seq_no}/{part.digest}"


def with_turn(operation: Operation, turn: int, state: State = State.QUEUED) -> Operation:
    return replace(operation, turn=turn, state=state)
