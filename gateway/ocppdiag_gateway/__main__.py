"""Builds the gateway and runs it until SIGTERM or SIGINT: `python -m ocppdiag_gateway`."""

import asyncio
import os
import resource
from contextlib import suppress

import structlog

from ocppdiag_amqp import Broker
from ocppdiag_amqp.metrics import METRICS as AMQP
from ocppdiag_gateway.link import Link
from ocppdiag_gateway.metrics import METRICS
from ocppdiag_gateway.server import Gateway
from ocppdiag_gateway.settings import Settings
from ocppdiag_process.eyes import Eyes
from ocppdiag_process.main import main, told_to_stop
from ocppdiag_process.metrics import TLS
from ocppdiag_process.tls import ServerTls
from ocppdiag_redis import Credentials, Directory, Pipelined
from ocppdiag_redis.metrics import METRICS as REDIS

log = structlog.get_logger()


async def run(settings: Settings) -> None:
    """Run until told to stop; returns when everything under way has ended."""
    stop = told_to_stop()
    eyes = Eyes(settings, (*AMQP, *REDIS, *TLS, *METRICS))
    _take_all_sockets()
    tls = ServerTls(settings.tls_certificates, settings.tls_client_ca) if settings.tls_certificates else None
    redis = Pipelined.from_url(settings.redis_url.get_secret_value())
    async with (
        eyes,
        Broker(settings.amqp_url.get_secret_value(), name=f"ocppdiag gateway {settings.node}") as broker,
    ):
        await broker.declare_exchanges()
        uplink = await Link.open(broker, settings.shards)
        credentials = Credentials(redis, settings.credential_key.get_secret_value().encode())
        context = tls.context if tls else None
        gateway = Gateway(
            settings, Directory(redis), credentials, uplink, broker=lambda: broker.missing, tls=context
        )
        await uplink.listen(broker, settings.node, gateway.take)
        servers = await gateway.listen()
        if settings.insecure_no_auth:
            log.warning("insecure_no_auth", meaning="anybody who reaches this port may be any station")
        renewals = [asyncio.create_task(gateway.leases.renew_for_ever())]
        if tls:
            renewals.append(asyncio.create_task(tls.renew_for_ever()))
        ports = {name: server.sockets[0].getsockname()[1] for name, server in servers.items()}
        eyes.missing = lambda: gateway.missing
        log.info("ready", pid=os.getpid(), node=settings.node, **ports)
        await stop.wait()
        log.info("stopping")
        for renewal in renewals:
            renewal.cancel()
        await gateway.drain(servers.values())
        await uplink.close()
    await redis.aclose()


def _take_all_sockets() -> None:
    """Each station is an open file, of which many systems give a process 1 024 unless it asks for what it may have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # some call it unlimited and mean less
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    main("gateway", Settings, run)
