"""Builds a worker and runs it until SIGTERM or SIGINT: `python -m ocppdiag_workers`."""

import asyncio
import sys

import structlog

from ocppdiag_amqp import Broker, Journal, Publisher
from ocppdiag_amqp.metrics import METRICS as AMQP
from ocppdiag_contracts.rights import RightsError
from ocppdiag_contracts.topology import WORKERS_OWN
from ocppdiag_process.eyes import Eyes
from ocppdiag_process.main import main, told_to_stop
from ocppdiag_redis import Directory, Pipelined
from ocppdiag_redis.metrics import METRICS as REDIS
from ocppdiag_workers import alarms
from ocppdiag_workers.allow_list import AllowList
from ocppdiag_workers.backlog import Backlog
from ocppdiag_workers.ends import Ends
from ocppdiag_workers.feature import House
from ocppdiag_workers.features import FEATURES
from ocppdiag_workers.intake import Intake
from ocppdiag_workers.memory import Memory
from ocppdiag_workers.metrics import METRICS
from ocppdiag_workers.perform import Performer
from ocppdiag_workers.post import Post
from ocppdiag_workers.settings import Settings
from ocppdiag_workers.table import Table

log = structlog.get_logger()


def _house(settings: Settings) -> House:
    return House(
        upload_url=settings.upload_url,
        upload_key=settings.upload_key.get_secret_value().encode(),
        max_upload_bytes=settings.max_upload_bytes,
        heartbeat_interval=settings.heartbeat_interval,
        call_timeout=settings.call_timeout,
        destinations=settings.destinations,
    )


async def run(settings: Settings) -> None:
    """Run until told to stop; returns when everything under way has ended."""
    stop = told_to_stop()
    try:
        allow_list = AllowList(settings.rights)
    except RightsError as error:
        sys.exit(str(error))
    redis = Pipelined.from_url(settings.redis_url.get_secret_value())
    eyes = Eyes(settings, (*AMQP, *REDIS, *METRICS), Backlog(redis).look)
    async with eyes, Broker(settings.amqp_url.get_secret_value(), name="ocppdiag worker") as broker:
        await broker.declare_exchanges(*WORKERS_OWN)
        publisher = await Publisher.open(broker)
        post, ends = Post(publisher), Ends(Journal(broker, publisher))
        memory, directory, table, house = Memory(redis), Directory(redis), Table(FEATURES), _house(settings)
        performer = Performer.of(
            memory=memory, post=post, directory=directory, ends=ends, table=table, house=house
        )
        ringing = asyncio.create_task(alarms.run(performer, stop))
        watching = asyncio.create_task(allow_list.watch())
        intake = Intake(performer, allow_list)
        eyes.missing = lambda: broker.missing or redis.missing or intake.missing
        await intake.run(broker, shards=settings.shards, prefetch=settings.prefetch, stop=stop)
        log.info("stopping")
        watching.cancel()
        ringing.cancel()  # what it was about is claimed again in a minute
        await asyncio.wait({ringing, watching})
        await post.close()
    await redis.aclose()


if __name__ == "__main__":
    main("worker", Settings, run)
