"""Which parts of a report are here, whether that is all, and how they go together: in any order, resent, lost, misnumbered."""

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw
from msgspec.structs import replace

from ocppdiag_contracts.events import Irregularity
from ocppdiag_workers import parts
from ocppdiag_workers.parts import MOST_BYTES, MOST_PARTS, Assembled, Part, Parts, assemble

TEXTS = ("Mr", " Müller", ", 12", "%", "\n")


def part(number: int, *, last: bool = False, text: str | None = None) -> Part:
    body = json.dumps(f"<{number}>" if text is None else text).encode()
    return Part(number, not last, Raw(body))


def report(count: int) -> list[Part]:
    """All the parts of a report that keeps the rules."""
    return [part(number, last=number == count - 1) for number in range(count)]


def taken_in(came: list[Part]) -> tuple[Parts, list[Part]]:
    """What memory and the report make of parts: the very same one again is none."""
    state, kept = Parts(), list[Part]()
    for at, item in enumerate(came):
        if (item.seq_no, item.digest) not in {(old.seq_no, old.digest) for old in kept}:
            kept.append(replace(item, arrival=state.arrived))
            state = state.with_one(item, at)
    return state, kept


def bodies(of: list[Part]) -> tuple[bytes, ...]:
    return tuple(bytes(item.body) for item in of)


@st.composite
def shuffled_with_repeats(draw: st.DrawFn) -> list[Part]:
    whole = report(draw(st.integers(1, 12)))
    again = draw(st.lists(st.sampled_from(whole), max_size=8))
    return draw(st.permutations([*whole, *again]))


@given(shuffled_with_repeats())
def test_in_any_order_and_with_any_repeats_it_is_complete_exactly_when_all_are_there(
    came: list[Part],
) -> None:
    whole = report(len({item.seq_no for item in came}))
    for count in range(len(came) + 1):
        state, kept = taken_in(came[:count])
        here = {item.seq_no for item in came[:count]}
        assert state.complete == (len(here) == len(whole))
        assert state.arrived == len(here)
        assert state.bytes == sum(map(len, bodies(kept)))
    assert assemble(*taken_in(came)) == Assembled(bodies(whole))


@given(st.lists(st.integers(0, 40), max_size=40))
def test_runs_stay_merged_and_sorted_whatever_comes(numbers: list[int]) -> None:
    state = Parts()
    for number in numbers:
        state = state.with_one(part(number), 1.0)
    assert [number for first, end in state.runs for number in range(first, end + 1)] == sorted(set(numbers))
    pairs = zip(state.runs, state.runs[1:], strict=False)
    assert all(first <= end for first, end in state.runs)
    assert all(end + 1 < following for (_, end), (following, _) in pairs), "two runs that touch are one"


@given(st.sets(st.integers(0, 20)), st.none() | st.integers(0, 20))
def test_missing_are_all_that_are_not_here_up_to_the_last_or_the_highest(
    here: set[int], last: int | None
) -> None:
    state = Parts()
    for number in sorted(here - {last}):
        state = state.with_one(part(number), 1.0)
    if last is not None:
        here = here | {last}
        state = state.with_one(part(last, last=True), 1.0)
    end = max(here, default=-1) if last is None else last
    assert state.missing == tuple(number for number in range(end + 1) if number not in here)
    assert state.complete == (last is not None and not state.missing)


def test_what_counts_from_one_is_whole_without_its_first_part_and_says_so() -> None:
    came = [part(2), part(1), part(3, last=True)]
    state, kept = taken_in(came)
    assert (state.complete, state.counts_from_one) == (False, True)
    assert assemble(state, kept) == Assembled(
        bodies([part(1), part(2), part(3, last=True)]), (), (Irregularity.FIRST_PART_MISSING,)
    )


@pytest.mark.parametrize(
    "came",
    [
        [part(1), part(2)],
        [part(1), part(3, last=True)],
        [part(2), part(3, last=True)],
        [part(0), part(1), part(2, last=True)],
        [part(1), part(2, last=True), part(3)],
        [part(1), part(2, last=True), part(4)],
        [],
    ],
    ids=[
        "not closed",
        "a hole",
        "from two",
        "from nought",
        "one after the last",
        "another after the last",
        "nothing",
    ],
)
def test_only_an_unbroken_and_closed_run_from_one_counts_from_one(came: list[Part]) -> None:
    assert not taken_in(came)[0].counts_from_one


@pytest.mark.parametrize("number", [0, 1, 7])
def test_parts_that_all_have_one_number_are_put_together_as_they_came(number: int) -> None:
    texts = ["z", "a", "m"]
    came = [part(number, text=text) for text in texts] + [part(number, text="end", last=True)]
    state, kept = taken_in(came)
    whole = assemble(state, reversed(kept))
    assert [json.loads(body) for body in whole.bodies] == [*texts, "end"]
    assert Irregularity.SAME_NUMBER in whole.irregularities
    assert Irregularity.CONFLICT not in whole.irregularities
    assert state.complete == (number == 0)
    assert state.counts_from_one == (number == 1)
    assert state.whole_in_its_way
    assert whole.missing == ()
    assert not taken_in(came[:-1])[0].whole_in_its_way, "the last is still to come"
    assert taken_in([part(number, last=True)])[0].whole_in_its_way == (number == 1), "one is not several"


@pytest.mark.abuse(
    "20 the same seqNo with other content", "the first is kept, and the report names the conflict"
)
@given(st.permutations([part(0), part(1, text="first"), part(1, text="second"), part(2, last=True)]))
def test_of_two_with_one_number_the_first_counts_and_the_other_is_told_of(came: list[Part]) -> None:
    first = next(item for item in came if item.seq_no == 1)
    state, kept = taken_in(came)
    assert state.complete
    whole = assemble(state, kept)
    assert whole.bodies == bodies([part(0), first, part(2, last=True)])
    assert whole.irregularities == (Irregularity.CONFLICT,)


def test_one_text_with_and_without_more_to_come_are_two_parts() -> None:
    assert part(0).digest != part(0, last=True).digest
    state, kept = taken_in([part(0), part(0, last=True)])
    assert (state.arrived, len(kept), state.complete) == (2, 2, True)


def test_the_first_part_that_ends_a_report_says_how_long_it_is() -> None:
    state, _ = taken_in([part(2, last=True), part(4, last=True), part(3), part(0), part(1)])
    assert (state.last, state.closed_at, state.complete) == (2, 0, True)


@pytest.mark.parametrize("empty", ["[]", '""'])
def test_an_empty_part_is_strange_among_others_and_not_alone(empty: str) -> None:
    silent = Part(1, tbc=False, body=Raw(empty.encode()))
    assert assemble(*taken_in([part(0), silent])).irregularities == (Irregularity.EMPTY_PART,)
    assert assemble(*taken_in([replace(silent, seq_no=0)])).irregularities == ()


def test_nothing_is_no_report() -> None:
    assert assemble(*taken_in([])) == Assembled(())
    assert not Parts().complete


@pytest.mark.abuse("21 parts without end, tbc=true", "10 000 of them are kept at most")
def test_more_parts_than_are_kept_are_too_many() -> None:
    full = Parts(runs=((0, MOST_PARTS - 2),), arrived=MOST_PARTS - 1)
    assert not full.with_one(part(MOST_PARTS - 1), 1.0).too_large
    assert full.with_one(part(MOST_PARTS), 1.0).too_large, "a number beyond all that is kept"
    one_more = full.with_one(part(0, text="a"), 1.0)
    assert not one_more.too_large
    assert one_more.with_one(part(0, text="b"), 1.0).too_large, "as many, under numbers of others"


@pytest.mark.abuse("21 a report without end", "8 MiB of it are kept at most")
def test_more_bytes_than_are_kept_are_too_many() -> None:
    two_bytes = Part(0, tbc=True, body=Raw(b'""'))
    assert not Parts(bytes=MOST_BYTES - 2).with_one(two_bytes, 1.0).too_large
    assert Parts(bytes=MOST_BYTES - 1).with_one(two_bytes, 1.0).too_large


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("number", [2**31 - 1, 2**63 - 1, MOST_PARTS])
def test_a_strange_number_costs_next_to_nothing(number: int, *, closed: bool) -> None:
    tracemalloc.start()
    try:
        state = Parts().with_one(part(number, last=closed), 1.0).with_one(part(3), 1.0)
        missing = state.missing
        whole = assemble(state, [part(number, last=closed), part(3)])
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert state.too_large
    assert len(state.runs) == 2
    assert len(missing) == len(whole.missing) == MOST_PARTS - 1
    assert most < 2**22


def test_a_long_report_in_order_is_one_run_all_the_way() -> None:
    state = Parts()
    for number in range(parts.MOST_PARTS):
        state = state.with_one(part(number), 1.0)
        assert len(state.runs) == 1
    assert not state.too_large


def test_the_text_of_a_part_goes_through_unchanged() -> None:
    came = [part(number, text=text, last=number == 4) for number, text in enumerate(TEXTS)]
    whole = assemble(*taken_in(came[::-1]))
    assert "".join(json.loads(body) for body in whole.bodies) == "".join(TEXTS)
