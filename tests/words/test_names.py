"""What a station may be called, and how it is written into a routing key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocppdiag_contracts.events import EVENT
from ocppdiag_contracts.identity import MAX_LENGTH, as_routing_word, station_id
from ocppdiag_contracts.topology import (
    EXPIRED_KEY,
    OWNER,
    commands_queue,
    diagnostics_queue,
    event_key,
    gateway_queue,
    reply_queue,
    shard_of,
    watch_queue,
)

LONGEST_KEY = 255
"""Bytes of a routing key, and of a queue's name, in AMQP 0-9-1."""

texts = st.text(st.characters(exclude_categories=["Cs"]))
names = st.text("aZ0*-_=+|@. ", min_size=1, max_size=60) | texts


@pytest.mark.parametrize(
    "name",
    ["CS-17", "0", "a" * 48, "RDAM|123", "DE*ICE*E1234567*1", "a b", "x@y.example", "a..b", "...a", "a=b+c_d", "*", "=="],
)  # fmt: skip
def test_a_name_of_the_standards_characters_is_taken_as_it_is(name: str) -> None:
    assert station_id(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "..", "...", " ", " a", "a ", "%2e%2e", "a/b", "../a", "a\\b", "a\x00", "a\r\nb", "a\n", "\ta",
        "a:b", "#", "a#", "{}", "{a}", "a,b", "a?b", "a&b", "a'b", 'a"b', "<a>", "$a", "a;b", "~a", "(a)", "`a`",
        "a" * 49, "a" * 300, "\u0421S-17", "CS\u201117", "é", "\uff21", "a\u00a0b", "a\u200bb", "\u0660", "\ud800",
    ],
)  # fmt: skip
def test_any_other_name_is_refused_without_being_repeated(name: str) -> None:
    with pytest.raises(ValueError, match="must be 1 to 48 of the characters") as refusal:
        station_id(name)
    assert len(str(refusal.value)) < 200


@given(names)
def test_a_name_that_is_taken_can_harm_no_path_no_key_and_no_line(name: str) -> None:
    try:
        taken = station_id(name)
    except ValueError:
        return
    assert taken == name
    assert len(name) <= MAX_LENGTH
    assert name.isascii()
    assert name.isprintable()
    assert not set("/\\:#{}%") & set(name)
    assert name.strip(".")


@given(texts)
def test_a_routing_word_is_one_word_and_matches_nothing_but_itself(text: str) -> None:
    word = as_routing_word(text)
    assert word.isascii()
    assert not set(".*# \r\n\x00") & set(word)


@given(names, names)
def test_two_names_never_have_the_same_routing_word(one: str, other: str) -> None:
    assert (as_routing_word(one) == as_routing_word(other)) == (one == other)


def test_a_plain_name_is_its_own_routing_word() -> None:
    assert as_routing_word("CS-17_a") == "CS-17_a"
    assert event_key("log_stored", "a.b*c") == "log_stored.a%2Eb%2Ac"


def test_every_key_and_every_queue_name_fits_into_amqp() -> None:
    longest = "*" * MAX_LENGTH
    events = EVENT.json_schema()["discriminator"]["mapping"]
    keys = [event_key(event, longest) for event in events]
    queues = [
        commands_queue(("get_log",)), diagnostics_queue(9999, ("A" * 64,)), gateway_queue("n" * 63),
        reply_queue(f"{'n' * 50}.{'f' * 32}"), watch_queue("n" * 83, tuple(keys)),
    ]  # fmt: skip
    for queue in queues:
        keys += [queue.name, *(key for _, key in queue.bindings)]
    assert max(len(key.encode()) for key in keys) <= LONGEST_KEY


def test_the_diagnostics_queue_takes_the_claimed_calls_and_what_belongs_to_its_own() -> None:
    keys = {key for _, key in diagnostics_queue(3, ("BootNotification",)).bindings}
    assert keys == {
        "call.BootNotification.3",
        f"result.{OWNER}.3",
        f"upload.{OWNER}.3",
        "presence.*.3",
    }
    first = {key for _, key in diagnostics_queue(0, ()).bindings}
    assert EXPIRED_KEY in first


@given(texts, st.integers(1, 64))
def test_a_station_has_one_of_the_shards(station: str, shards: int) -> None:
    assert 0 <= shard_of(station, shards) < shards


def test_the_shard_of_a_station_is_the_same_in_every_process() -> None:
    assert [shard_of(station, 64) for station in ("CS-17", "CS-18")] == [6, 23]
