"""Whose time a sample of a process is."""

import pytest
from rooms import OTHERS, room, shares

LOOP = "run (asyncio/runners.py:118)"
TAKE = "Together.take (ocppdiag_workers/together.py:70)"


@pytest.mark.parametrize(
    ("innermost", "expected"),
    [
        ("Connection.read (redis/asyncio/connection.py:10)", "redis-py"),
        ("Pipelined.run (ocppdiag_redis/pipelined.py:10)", "Redis, our pipelines"),
        ("StreamWriter.write (asyncio/streams.py:343)", "batches, orders, letters"),
        ("heard (ocppdiag_workers/features/get_log.py:1)", "deciding"),
        ("commit (ocppdiag_workers/records.py:1)", "records in Redis"),
        ("encode (ocppdiag_contracts/link.py:1)", "records between gateway and worker"),
        ("Event.new (ocppdiag_contracts/events/event.py:1)", "events and commands (pydantic)"),
    ],
)
def test_a_sample_is_the_innermost_rooms_and_the_standard_librarys_its_callers(
    innermost: str, expected: str
) -> None:
    assert room(f"{LOOP};{TAKE};{innermost}") == expected


def test_what_nobody_called_is_the_loops_and_what_nobody_knows_is_nobodys() -> None:
    assert room(LOOP) == "loop and system calls"
    assert room("main (elsewhere.py:1)") == OTHERS


def test_shares_are_of_all_samples() -> None:
    assert shares(f"{LOOP} 1\n{LOOP};{TAKE} 3\n") == {
        "loop and system calls": 0.25,
        "batches, orders, letters": 0.75,
    }
