"""Wake the operations whose time has come: deadlines, and retries that are overdue."""

import asyncio
import random

import structlog
from redis.exceptions import RedisError

from ocppdiag_workers import metrics
from ocppdiag_workers.perform import Performer
from ocppdiag_workers.trouble import PASSING

log = structlog.get_logger()

POLL_SECONDS = 0.25
AGAIN_SECONDS = 2.0


async def run(performer: Performer, stop: asyncio.Event) -> None:
    """Poll until told to stop. Whatever goes wrong with one operation is logged, and it is claimed again."""
    while not stop.is_set():
        # Many workers poll the same set: not all at the same moment.
        await asyncio.sleep(POLL_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311 (no secret)
        try:
            # Notices now, and not later, that this Redis is another one.
            await performer.memory.origin.since()
            now, due = await performer.memory.claim_due()
        except (RedisError, OSError) as error:
            log.warning("alarms_unreachable", error=str(error))
            await asyncio.sleep(1)
        except Exception:  # every deadline hangs on this loop
            log.exception("alarms_failed")
            await asyncio.sleep(1)
        else:
            metrics.ALARMS.add(by=len(due))
            await asyncio.gather(*(_ring(performer, station, command_id, now) for station, command_id in due))


async def _ring(performer: Performer, station: str, command_id: str, now: float) -> None:
    structlog.contextvars.bind_contextvars(station=station, command_id=command_id)
    try:
        await performer.wake(station, command_id, now)
    except PASSING as error:
        log.warning("alarm_failed", error=str(error))
    except Exception:
        log.exception("alarm_failed")
        return  # in a minute again
    else:
        return
    try:
        await performer.memory.wake_later(station, command_id, now + AGAIN_SECONDS)
    except (RedisError, OSError):
        log.debug("alarm_left")  # it is claimed again in a minute
