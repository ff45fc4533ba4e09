"""Builds the upload receiver and runs it until SIGTERM or SIGINT: `python -m ocppdiag_uploads`."""

import asyncio
import os
from contextlib import aclosing
from typing import cast

import structlog
from aiohttp import web

from ocppdiag_amqp import Broker
from ocppdiag_amqp.metrics import METRICS as AMQP
from ocppdiag_process.eyes import Eyes
from ocppdiag_process.main import main, told_to_stop
from ocppdiag_process.metrics import TLS
from ocppdiag_process.tls import ServerTls
from ocppdiag_uploads.announce import Announcer
from ocppdiag_uploads.bounds import Crowd, Patience
from ocppdiag_uploads.folder import FolderStore
from ocppdiag_uploads.metrics import METRICS
from ocppdiag_uploads.place import opened
from ocppdiag_uploads.receive import Receiver
from ocppdiag_uploads.settings import Settings
from ocppdiag_uploads.sweep import sweep_for_ever

log = structlog.get_logger()

FINISH_SECONDS = 15.0
HANDSHAKE_SECONDS = 10.0
"""Of TLS, and then until there is a whole request, the first one or the next."""


async def run(settings: Settings) -> None:
    """Run until told to stop; returns when the uploads under way have ended."""
    stop = told_to_stop()
    eyes = Eyes(settings, (*AMQP, *TLS, *METRICS))
    store = opened(settings.upload_folder, settings.upload_bucket)
    async with (
        eyes,
        aclosing(store),
        Broker(settings.amqp_url.get_secret_value(), name="ocppdiag uploads") as broker,
    ):
        await store.check()
        await broker.declare_exchanges()
        announcer = await Announcer.open(broker, settings.shards)
        key = settings.upload_key.get_secret_value().encode()
        patience = Patience(settings.upload_idle_seconds, settings.upload_rate)
        crowd = Crowd(settings.upload_limit)
        receiver = Receiver(
            store, announcer, key=key, patience=patience, crowd=crowd, broker=lambda: broker.missing
        )
        # No access log: the path is the secret.
        runner = web.AppRunner(
            receiver.app(),
            access_log=None,
            auto_decompress=False,
            keepalive_timeout=HANDSHAKE_SECONDS,
            shutdown_timeout=1,
        )
        await runner.setup()
        tls = ServerTls(settings.upload_tls_certificates) if settings.upload_tls_certificates else None
        for_ever = [asyncio.create_task(tls.renew_for_ever())] if tls else []
        if isinstance(store, FolderStore):
            for_ever.append(asyncio.create_task(sweep_for_ever(store, settings.upload_keep_days)))
        # Not by aiohttp's site, which cannot bound the TLS handshake.
        server = await asyncio.get_running_loop().create_server(
            cast(web.Server, runner.server),  # there since setup()
            settings.upload_host,
            settings.upload_port,
            ssl=tls.context if tls else None,
            ssl_handshake_timeout=HANDSHAKE_SECONDS if tls else None,
        )
        eyes.missing = lambda: receiver.missing
        log.info("ready", pid=os.getpid(), port=server.sockets[0].getsockname()[1], tls=bool(tls))
        await stop.wait()
        log.info("stopping")
        for task in for_ever:
            task.cancel()
        server.close()
        await receiver.finish(FINISH_SECONDS)
        await runner.cleanup()
        await announcer.close()


if __name__ == "__main__":
    main("uploads", Settings, run)
