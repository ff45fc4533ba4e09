"""A real process of ours whose every AMQP message is published twice, the second time a little later: `python -m doubling`."""

import asyncio
import functools
import os
import random
import runpy
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aio_pika.exchange import Exchange

LATEST_SECONDS = 2.0


def double() -> None:
    """Have everything published twice by this process."""
    original: Callable[..., Awaitable[object]] = Exchange.publish
    under_way: set[asyncio.Task[None]] = set()

    async def again(*arguments: object, **named: object) -> None:
        await asyncio.sleep(random.choice((0, 0, random.uniform(0, LATEST_SECONDS))))  # noqa: S311 (no secret)
        with suppress(Exception):  # what becomes of the second one is nobody's concern
            await original(*arguments, **named)

    @functools.wraps(original)
    async def publish(*arguments: object, **named: object) -> object:
        task = asyncio.create_task(again(*arguments, **named))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        return await original(*arguments, **named)

    setattr(Exchange, "publish", publish)  # noqa: B010 (which types would have to be told)


if __name__ == "__main__":
    double()
    runpy.run_module(os.environ["FAULTS_MODULE"], run_name="__main__")
