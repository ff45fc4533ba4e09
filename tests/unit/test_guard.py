"""When a guard comes back: down ever shorter rests to just after its command's deadline, however far that lies."""

from hypothesis import given
from hypothesis import strategies as st
from operations import begun

from ocppdiag_contracts import GetLog
from ocppdiag_contracts.topology import GUARD_SECONDS
from ocppdiag_workers.guard import GUARD, Guard

BEGUN = 1_800_000_000.0
EIGHT_DAYS = 8 * 86_400.0
MOST_RESTS = 50


def guard(due: float) -> Guard:
    return Guard(station="CS-1", command_id="c", command="get_log", reply_to=None, begun=BEGUN, due=due)


@given(
    st.floats(min_value=-EIGHT_DAYS, max_value=EIGHT_DAYS),
    st.lists(st.floats(min_value=0, max_value=0.5), min_size=MOST_RESTS, max_size=MOST_RESTS),
)
def test_its_rests_together_end_one_to_three_seconds_after_the_deadline(
    left: float, delays: list[float]
) -> None:
    each, now, late = guard(BEGUN + left), BEGUN, 0.0
    for rests in range(MOST_RESTS):
        if rests and each.over(now):
            break
        late = delays[rests]  # a busy broker or worker
        now += each.rung(now) + late
    assert each.over(now), "it would rest for ever"
    assert now >= each.due + 1
    assert now <= max(each.due + 3, BEGUN + GUARD_SECONDS[0]) + late + 1e-6


@given(st.floats(min_value=-10, max_value=EIGHT_DAYS))
def test_it_never_rests_longer_than_to_its_time_but_for_the_shortest_rest(left: float) -> None:
    each = guard(BEGUN + left)
    rung = each.rung(BEGUN)
    assert rung in GUARD_SECONDS
    assert rung == GUARD_SECONDS[0] or BEGUN + rung <= each.due + 1
    longer = [seconds for seconds in GUARD_SECONDS if seconds > rung]
    assert not longer or BEGUN + longer[0] > each.due + 1


def test_it_says_whose_end_it_stands_for_and_nothing_of_what_was_asked() -> None:
    operation = begun(GetLog(id="c-1", station="CS-1", remote_location="ftp://user:secret@host/"))
    each = Guard.of(operation)
    assert (each.station, each.command_id, each.command) == ("CS-1", "c-1", "get_log")
    assert (each.begun, each.due) == (operation.begun, operation.due)
    assert b"secret" in bytes(operation.command)
    written = (
        b'{"station":"CS-1","command_id":"c-1","command":"get_log","reply_to":"r","begun":1,"due":2,"v":1}'
    )
    assert GUARD.decode(written) == Guard(
        station="CS-1", command_id="c-1", command="get_log", reply_to="r", begun=1, due=2
    )
    assert set(Guard.__struct_fields__) == {
        "station",
        "command_id",
        "command",
        "reply_to",
        "begun",
        "due",
        "v",
    }
