"""Events as they lie in Redis: given back as they were written, and an end apart from its operation."""

import time

import pytest
from msgspec import Raw
from msgspec.structs import replace
from stage import STEPS, Stage

from ocppdiag_contracts.events import CommandSent
from ocppdiag_redis import keys
from ocppdiag_workers.letters import letter
from ocppdiag_workers.operation import Operation, instant

DEEP = b'{"event": "of a newer worker", "deep": ' + b'{"a":' * 400 + b"1" + b"}" * 401
ODD = b"[ 1e999 ]"


@pytest.mark.parametrize(("shown", "own"), [(DEEP, ODD), (ODD, DEEP), (DEEP, b"null")])
async def test_an_event_is_given_back_byte_for_byte_even_if_nobody_could_read_it(
    stage: Stage, shown: bytes, own: bytes
) -> None:
    wish = await stage.begun()
    remembered = await stage.remembered(wish)
    operation = remembered.operation
    odd = replace(letter(sent(operation)), shown=Raw(shown), own=Raw(own))
    assert await stage.memory.commit(operation, (odd,), remembered.revision, time.time(), final=odd)
    (found,) = (await stage.remembered(wish)).unsent
    assert found == odd
    assert (bytes(found.shown), bytes(found.own)) == (shown, own)
    assert (found.whole is None) == (own == b"null")


def sent(operation: Operation) -> CommandSent:
    return CommandSent(
        id=operation.event_id("sent"), time=instant(1), station=operation.station, command_id=operation.id
    )


async def test_who_reads_an_operation_does_not_read_its_end(stage: Stage) -> None:
    wish = await stage.begun()
    for what in STEPS:
        assert await stage.memory.final(stage.station, wish.id) is None
        await stage.tell(await stage.record(wish, what))
    end = await stage.settled()
    final = await stage.memory.final(stage.station, wish.id)
    assert final is not None
    assert (final.id, bytes(final.shown)) == (end.id, end.model_dump_json().encode())
    fields = await stage.redis.run("HKEYS", keys.operation(stage.station, wish.id))
    assert set(fields) == {b"revision", b"operation"}
