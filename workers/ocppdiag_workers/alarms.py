"""Wake the operations whose time has come: deadlines, and retries that are overdue."""

import asyncio
import random

import structlog
from redis.exceptions import RedisError

from ocppdiag_amqp import BrokerError
from ocppdiag_workers.perform import Performer

log = structlog.get_logger()

POLL_SECONDS = 0.25


async def run(performer: Performer) -> None:
    """Poll for ever. Whatever goes wrong with one operation is logged, and it is claimed again in a minute."""
    while True:
        # Many workers poll the same set: not all at the same moment.
        await asyncio.sleep(POLL_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311 (no secret)
        try:
            now, due = await performer.memory.claim_due()
        except (RedisError, OSError) as error:
            log.warning("alarms_unreachable", error=str(error))
            await asyncio.sleep(1)
            continue
        except Exception:  # every deadline hangs on this loop
            log.exception("alarms_failed")
            await asyncio.sleep(1)
            continue
        for station, command_id in due:
            structlog.contextvars.bind_contextvars(station=station, command_id=command_id)
            try:
                await performer.wake(station, command_id, now)
            except (RedisError, OSError, BrokerError) as error:
                log.warning("alarm_failed", error=str(error))
            except Exception:
                log.exception("alarm_failed")
        structlog.contextvars.unbind_contextvars("station", "command_id")
