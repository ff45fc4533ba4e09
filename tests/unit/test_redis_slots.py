"""Slots of a Redis Cluster: all of a station is in one place, and a node's word is read as it was meant."""

from hypothesis import given
from hypothesis import strategies as st
from redis.crc import key_slot

from ocppdiag_redis import Script, ScriptCall, keys
from ocppdiag_redis.address import Node
from ocppdiag_redis.cluster import homes_in, slot_of

SOME = Script("return 1")
stations = st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs"]), min_size=1, max_size=48)


@given(stations)
def test_every_key_of_a_station_is_in_its_slot(station: str) -> None:
    of_one = [
        keys.lease(station), keys.station(station), keys.credential(station), keys.operation(station, "c"),
        keys.final(station, "c"), keys.parts(station, "c"), keys.monitors(station), keys.request_ids(station),
        keys.request(station, "log", 1), keys.open_operations(station), keys.waiting(station),
        keys.releasing(station),
    ]  # fmt: skip
    slots = {slot_of(("GET", key)) for key in of_one}
    slots |= {slot_of(ScriptCall(SOME, of_one, (1,)).by_hash), slot_of(ScriptCall(SOME, of_one, ()).by_text)}
    assert slots == {key_slot(station.encode())}


@given(st.binary(min_size=1, max_size=20))
def test_a_key_of_bytes_is_where_redis_has_it(key: bytes) -> None:
    assert slot_of(("GET", key)) == key_slot(key)


def test_a_command_without_a_key_has_some_slot() -> None:
    assert slot_of(("TIME",)) == slot_of(("PING",)) == 0


@given(st.integers(0, 16382), st.sampled_from([b"", None]))
def test_who_has_what_is_read_from_a_nodes_word(end: int, unnamed: bytes | None) -> None:
    """Redis: a node that knows no name of its own leaves it out, and the one that was asked is meant."""
    said = [
        [0, end, [b"10.0.0.1", 7000, b"id", []], [b"10.0.0.2", 7001, b"of a replica", []]],
        [end + 1, 16383, [unnamed, 7002, b"id", []]],
    ]
    homes = dict(homes_in(said, Node("asked", 1)))
    assert len(homes) == 16384
    assert (homes[0], homes[end]) == (Node("10.0.0.1", 7000),) * 2
    assert (homes[end + 1], homes[16383]) == (Node("asked", 7002),) * 2
