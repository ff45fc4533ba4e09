"""A worker on a Redis that has nothing in it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from stage import Stage
from yarl import URL

from ocppdiag_local.services import Services
from ocppdiag_redis import Directory, Pipelined
from ocppdiag_workers.memory import Memory
from ocppdiag_workers.perform import Performer


@asynccontextmanager
async def emptied(stage: Stage, services: Services) -> AsyncIterator[tuple[Performer, Pipelined]]:
    """A worker on a Redis that has nothing in it: another database, so that no other test sees it."""
    redis = Pipelined.from_url(str(URL(services.redis_url).with_path("/9")))
    try:
        await redis.run("FLUSHDB")
        performer = stage.performer
        yield (
            Performer.of(
                memory=Memory(redis),
                post=performer.post,
                directory=Directory(redis),
                ends=performer.ends,
                table=performer.table,
                house=performer.house,
            ),
            redis,
        )
    finally:
        await redis.run("FLUSHDB")
        await redis.aclose()
