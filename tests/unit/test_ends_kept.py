"""What is kept of the journal between two readings: it spares reading, and changes no answer."""

import asyncio
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocppdiag_amqp import BrokerError, Journal, Place, Take
from ocppdiag_workers import ends as module
from ocppdiag_workers import past
from ocppdiag_workers.ends import SLACK_SECONDS, Ends, Found

STATION = "CS-1"
NOTHING = Found(begun=False, end=None)
STEPS = st.sampled_from(["queued", "settled", "given_up", "sent"])
COMMANDS = st.integers(0, 1)


class Played(Journal):
    """A journal in a list, with a clock of its own; what comes while it is read lies behind the mark."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.entries: list[tuple[float, str, bytes]] = []
        self.starts: list[float | Place] = []
        self.handed_on = 0
        self.broken = False
        self._marks = 0

    def tell(self, command: int, step: str) -> None:
        self.entries.append((self.now, f"{STATION}/{command}/{step}", f"{command} {step}".encode()))

    async def read(self, start: float | Place, take: Take) -> Place:
        self.starts.append(start)
        self._marks += 1
        place = Place(f"mark-{self._marks}", len(self.entries))
        self.entries.append((self.now, place.mark, b"null"))
        if isinstance(start, Place):
            first = start.offset
            if self.entries[first : first + 1] == [] or self.entries[first][1] != start.mark:
                raise BrokerError("another journal")
        else:
            first = next(index for index, (at, *_) in enumerate(self.entries) if at >= start)
        for index, (_, message_id, body) in enumerate(self.entries[first : place.offset]):
            if self.broken and index:
                raise BrokerError("cut off")
            await asyncio.sleep(0)
            take(message_id, body)
            self.handed_on += 1
        if self.broken:
            raise BrokerError("cut off")
        return place

    def knows(self, command: int, step: str, since: float = 0) -> bool:
        return any(at >= since and name == f"{STATION}/{command}/{step}" for at, name, _ in self.entries)


async def ask(ends: Ends, *commands: int, since: float) -> list[Found | BaseException]:
    return await asyncio.gather(
        *(ends.found(STATION, str(each), since) for each in commands), return_exceptions=True
    )


def agrees(found: Found, journal: Played, command: int, since: float) -> bool:
    """All that lies in the time that was asked about is found, and nothing that is not there at all."""
    steps = ("settled", "given_up")
    must = [step for step in steps if journal.knows(command, step, since)]
    may = [f"{command} {step}".encode() for step in steps if journal.knows(command, step)]
    return (
        (found.end in may if found.end else not must)
        and (found.begun or not journal.knows(command, "queued", since))
        and (not found.begun or journal.knows(command, "queued"))
    )


@settings(max_examples=400)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("tell"), COMMANDS, STEPS),
            st.tuples(st.just("ask"), st.lists(COMMANDS, min_size=1, max_size=3), st.sampled_from([0, 300])),
            st.tuples(st.just("pass"), st.sampled_from([1, 100])),
            st.tuples(st.sampled_from(["break", "mend", "lose"])),
        ),
        max_size=30,
    ),
    st.sampled_from([10**6, 700, 0]),
)
async def test_every_answer_is_that_of_a_reading_of_everything(
    story: list[tuple[object, ...]], room: int
) -> None:
    journal, asked = Played(), 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(past, "ROOM_BYTES", room)
        ends = Ends(journal)
        for what, *how in story:
            match what:
                case "tell":
                    journal.tell(cast("int", how[0]), cast("str", how[1]))
                case "pass":
                    journal.now += cast("int", how[0])
                case "break" | "mend":
                    journal.broken = what == "break"
                case "lose":
                    journal.entries.clear()
                case _:
                    commands, since = cast("list[int]", how[0]), journal.now - cast("int", how[1])
                    answers = await ask(ends, *commands, since=since)
                    if not journal.broken and BrokerError in map(type, answers):
                        answers = await ask(ends, *commands, since=since)
                    for command, found in zip(commands, answers, strict=True):
                        asked += 1
                        if journal.broken:
                            assert isinstance(found, BrokerError)
                        else:
                            assert isinstance(found, Found)
                            assert agrees(found, journal, command, since - SLACK_SECONDS)


async def test_who_asks_after_a_reading_has_only_read_what_has_come_since() -> None:
    journal = Played()
    ends, since = Ends(journal), journal.now
    for command in range(50):
        journal.tell(command, "queued")
    assert await ask(ends, 49, since=since) == [Found(begun=True, end=None)]
    assert journal.handed_on == 50
    journal.tell(49, "settled")
    assert await ask(ends, 0, 49, 50, since=since) == [
        Found(begun=True, end=None),
        Found(begun=True, end=b"49 settled"),
        NOTHING,
    ]
    assert journal.handed_on == 52, "the mark of the first, and what has come since"
    await ask(ends, 50, since=since)
    assert journal.starts == [since - SLACK_SECONDS, Place("mark-1", 50), Place("mark-2", 52)]


async def test_what_goes_further_back_is_read_anew_and_kept_from_there() -> None:
    journal = Played()
    journal.tell(1, "settled")
    journal.now += 1000
    ends, since = Ends(journal), journal.now
    assert await ask(ends, 1, since=since) == [NOTHING]
    assert await ask(ends, 1, since=since - 1000) == [Found(begun=False, end=b"1 settled")]
    assert await ask(ends, 1, since=since) == [Found(begun=False, end=b"1 settled")]
    assert [type(start) for start in journal.starts] == [float, float, Place]


async def test_what_there_is_no_room_for_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "ROOM_BYTES", 3 * past.ENTRY_BYTES)
    journal = Played()
    ends, since = Ends(journal), journal.now
    for command in range(3):
        journal.tell(command, "queued")
    await ask(ends, 0, since=since)
    await ask(ends, 0, since=since)
    journal.tell(3, "queued")
    assert await ask(ends, 3, since=since) == [Found(begun=True, end=None)]
    assert await ask(ends, 3, since=since) == [Found(begun=True, end=None)]
    assert [type(start) for start in journal.starts] == [float, Place, Place, float]


async def test_nothing_is_kept_for_longer_than_a_reading_that_begins_anew_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert module.KEPT_SECONDS <= SLACK_SECONDS
    monkeypatch.setattr(module, "KEPT_SECONDS", 0.02)
    journal = Played()
    ends = Ends(journal)
    await ask(ends, 0, since=journal.now)
    await asyncio.sleep(0.05)
    await ask(ends, 0, since=journal.now)
    assert [type(start) for start in journal.starts] == [float, float]
