"""The turnstile: no more than was agreed gets through, nobody pays for others, and the memory for it stays small."""

import tracemalloc
from collections.abc import Callable
from http import HTTPStatus
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocppdiag_gateway.admission import RefusedError
from ocppdiag_gateway.turnstile import KEYS, WRONG_SECONDS, WRONG_TRIES, Allowances, Turnstile, WrongTries

moments = st.lists(st.floats(0, 300), max_size=120).map(sorted)
rates = st.floats(0.1, 50)
names = st.sampled_from(["a", "b", "c"])
knocks = st.lists(st.tuples(st.floats(0, 60), names), max_size=150).map(sorted)


def made(everybody: float = 1e4, address: float = 1e4, station: float = 1e3) -> Turnstile:
    return Turnstile(everybody=everybody, address=address, station=station)


def refusal(attempt: Callable[[], None]) -> tuple[HTTPStatus, int | None]:
    with pytest.raises(RefusedError) as refused:
        attempt()
    return refused.value.status, refused.value.retry_after


@given(moments, rates, st.floats(1, 20))
def test_no_stretch_of_time_has_more_than_the_burst_and_the_rate_allow(
    times: list[float], rate: float, burst: float
) -> None:
    allowances = Allowances(burst, rate)
    passed = [now for now in times if allowances.spend(("x",), now)]
    for begin, first in enumerate(passed):
        for number, last in enumerate(passed[begin:], start=1):
            assert number <= burst + rate * (last - first) + 1e-6


@given(moments, rates, st.floats(1, 20))
def test_who_keeps_to_the_rate_is_never_refused(times: list[float], rate: float, burst: float) -> None:
    allowances = Allowances(burst, rate)
    kept = times[:1]
    for now in times[1:]:
        if now - kept[-1] >= 1 / rate * (1 + 1e-9):
            kept.append(now)
    assert all(allowances.spend(("x",), now) for now in kept)


@given(knocks, rates, st.floats(1, 5))
def test_what_becomes_of_one_does_not_hang_on_the_others(
    knocks: list[tuple[float, str]], rate: float, burst: float
) -> None:
    together, alone = Allowances(burst, rate), Allowances(burst, rate)
    outcome = [(name, together.spend((name,), now)) for now, name in knocks]
    assert [(name, passed) for name, passed in outcome if name == "a"] == [
        ("a", alone.spend(("a",), now)) for now, name in knocks if name == "a"
    ]


@given(st.lists(st.text(max_size=3), max_size=60), st.integers(1, 8))
def test_a_table_never_holds_more_than_it_may(keys: list[str], most: int) -> None:
    allowances, wrong = Allowances(2, 1, keys=most), WrongTries(keys=most)
    for now, key in enumerate(keys):
        allowances.spend((key,), now)
        wrong.add((key,), now)
        assert len(allowances) <= most
        assert len(wrong) <= most


def test_what_is_forgotten_first_is_what_is_longest_untouched() -> None:
    allowances = Allowances(1, 0.001, keys=2)
    assert [allowances.spend((key,), 0) for key in "ababcab"] == [True, True, False, False, True, True, True]
    touched = Allowances(1, 0.001, keys=2)
    assert [touched.spend((key,), 0) for key in "abaca"] == [True, True, False, True, False]


def test_a_full_turnstile_takes_a_few_megabytes() -> None:
    turnstile = made()
    tracemalloc.start()
    try:
        for number in range(2 * KEYS):
            address, station = f"2001:db8:{number:x}::/64", f"{number:048d}"
            turnstile.come(address, number)
            turnstile.name(address, station, number)
            turnstile.wrong(address, station, number)
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size < 24 * 2**20


@given(st.lists(st.sampled_from([0.1, 1.0, 7.0, 21.0]), max_size=60))
def test_no_more_than_five_wrong_tries_are_made_of_a_minute(gaps: list[float]) -> None:
    wrong = WrongTries()
    tried = []
    for now in accumulate(gaps):
        if not wrong.locked(("x",), now):
            wrong.add(("x",), now)
            tried.append(now)
    for first, tenth in zip(tried, tried[2 * WRONG_TRIES - 1 :], strict=False):
        assert (
            tenth - first >= WRONG_SECONDS - 1e-6
        )  # four at the end of one minute, five at the begin of the next


def test_the_fifth_wrong_try_locks_its_station_at_its_address_until_the_minute_is_over() -> None:
    turnstile = made()
    assert [turnstile.wrong("1.2.3.4", "CS-1", 10 + second) for second in range(5)] == [False] * 4 + [True]
    assert refusal(lambda: turnstile.name("1.2.3.4", "CS-1", 14)) == (429, 56)
    assert refusal(lambda: turnstile.name("1.2.3.4", "CS-1", 69.5)) == (429, 1)
    turnstile.name("1.2.3.4", "CS-2", 14)
    turnstile.name("5.6.7.8", "CS-1", 14)
    turnstile.name("1.2.3.4", "CS-1", 70)
    assert not turnstile.wrong("1.2.3.4", "CS-1", 70)
    turnstile.name("1.2.3.4", "CS-1", 70)
    assert [turnstile.wrong("1.2.3.4", "CS-3", 0) for _ in range(4)] == [False] * 4
    assert turnstile.wrong("1.2.3.4", "CS-3", 59.9)


def test_a_station_may_come_three_times_at_once_and_then_once_a_second() -> None:
    turnstile = made(station=1)
    for _ in range(3):
        turnstile.name("1.2.3.4", "CS-1", 100)
    assert refusal(lambda: turnstile.name("1.2.3.4", "CS-1", 100.9)) == (503, 1)
    turnstile.name("1.2.3.4", "CS-1", 101)
    assert refusal(lambda: turnstile.name("1.2.3.4", "CS-1", 101.5)) == (503, 1)
    turnstile.name("5.6.7.8", "CS-1", 101.5)


def test_an_address_and_the_whole_gateway_have_their_measure() -> None:
    turnstile = made(everybody=2, address=1)
    for _ in range(3):
        turnstile.come("1.2.3.4", 0)
    assert refusal(lambda: turnstile.come("1.2.3.4", 0)) == (503, 10)
    turnstile.come("5.6.7.8", 0)
    for _ in range(6):
        turnstile.ask(0)
    assert refusal(lambda: turnstile.ask(0)) == (503, 10)
    turnstile.ask(0.5)


def test_a_rate_below_one_a_second_lets_the_first_one_through() -> None:
    turnstile = made(station=0.1)
    turnstile.name("1.2.3.4", "CS-1", 0)
    assert refusal(lambda: turnstile.name("1.2.3.4", "CS-1", 1)) == (503, 10)
    turnstile.name("1.2.3.4", "CS-1", 10.001)


def test_a_flood_under_one_name_costs_the_gateway_nothing_of_its_measure() -> None:
    """What floods is sent away before it counts for everybody."""
    turnstile = made(everybody=5, address=1e4, station=1)
    let_in = []
    for number in range(1000):
        now = number / 1000
        try:
            turnstile.come("6.6.6.6", now)
            turnstile.name("6.6.6.6", "CS-1", now)
            turnstile.ask(now)
        except RefusedError:
            continue
        let_in.append(now)
    assert len(let_in) == 3
    assert all(later > earlier for earlier, later in pairwise(let_in))
    turnstile.ask(1.0)
