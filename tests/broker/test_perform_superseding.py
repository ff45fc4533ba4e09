"""A newer upload takes the place of an older one, also when the worker that learns of it falls."""

import msgspec
import pytest
from stage import Stage

from ocppdiag_amqp import UnconfirmedError
from ocppdiag_workers.log_upload import Progress
from ocppdiag_workers.operation import State


async def test_the_older_upload_is_superseded_although_telling_of_the_newer_one_fails(stage: Stage) -> None:
    """What was committed says nothing when it comes again, so the older one must have heard before."""
    older, newer = stage.wish(due_in=600), stage.wish(due_in=600)
    await stage.begun(older)
    await stage.tell(await stage.record(older, "answered"))
    await stage.command(newer)
    answered = await stage.record(newer, "answered", "AcceptedCanceled")
    stage.lose("tell")
    with pytest.raises(UnconfirmedError):
        await stage.tell(answered)
    await stage.tell(answered)  # the broker delivers it again
    left = (await stage.remembered(older)).operation
    assert left.state is State.ACCEPTED
    assert msgspec.json.decode(left.details, type=Progress).superseded_at is not None
    untouched = (await stage.remembered(newer)).operation
    assert msgspec.json.decode(untouched.details, type=Progress).superseded_at is None
