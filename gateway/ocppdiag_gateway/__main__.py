"""Builds the gateway and runs it until SIGTERM or SIGINT: `python -m ocppdiag_gateway`."""

import asyncio
import os

import structlog

from ocppdiag_amqp import Broker
from ocppdiag_gateway.link import Link
from ocppdiag_gateway.server import Gateway
from ocppdiag_gateway.settings import Settings
from ocppdiag_process import main, told_to_stop
from ocppdiag_redis import Credentials, Directory, Pipelined

log = structlog.get_logger()


async def run(settings: Settings) -> None:
    """Run until told to stop; returns when everything under way has ended."""
    stop = told_to_stop()
    redis = Pipelined.from_url(settings.redis_url.get_secret_value())
    async with Broker(
        settings.amqp_url.get_secret_value(), name=f"ocppdiag gateway {settings.node}"
    ) as broker:
        await broker.declare_exchanges()
        uplink = await Link.open(broker, settings.shards)
        credentials = Credentials(redis, settings.credential_key.get_secret_value().encode())
        gateway = Gateway(settings, Directory(redis), credentials, uplink, lambda: broker.usable)
        await uplink.listen(broker, settings.node, gateway.take)
        server = await gateway.listen()
        if settings.insecure_no_auth:
            log.warning("insecure_no_auth", meaning="anybody who reaches this port may be any station")
        renewal = asyncio.create_task(gateway.renew_for_ever())
        log.info("ready", pid=os.getpid(), node=settings.node, port=server.sockets[0].getsockname()[1])
        await stop.wait()
        log.info("stopping")
        renewal.cancel()
        await gateway.drain(server)
        await uplink.close()
    await redis.aclose()


if __name__ == "__main__":
    main("gateway", Settings, run)
