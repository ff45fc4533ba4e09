"""Builds the upload receiver and runs it until SIGTERM or SIGINT: `python -m ocppdiag_uploads`."""

import os

import structlog
from aiohttp import web

from ocppdiag_amqp import Broker
from ocppdiag_process import main, told_to_stop
from ocppdiag_uploads.announce import Announcer
from ocppdiag_uploads.receive import Receiver
from ocppdiag_uploads.settings import Settings
from ocppdiag_uploads.store import FolderStore

log = structlog.get_logger()

FINISH_SECONDS = 15.0


async def run(settings: Settings) -> None:
    """Run until told to stop; returns when the uploads under way have ended."""
    stop = told_to_stop()
    async with Broker(settings.amqp_url.get_secret_value(), name="ocppdiag uploads") as broker:
        await broker.declare_exchanges()
        announcer = await Announcer.open(broker, settings.shards)
        key = settings.upload_key.get_secret_value().encode()
        store = FolderStore(settings.upload_folder)
        store.forget_remains()
        receiver = Receiver(store, announcer, key, settings.upload_idle_seconds, lambda: broker.usable)
        # No access log: the path is the secret.
        runner = web.AppRunner(receiver.app(), access_log=None, auto_decompress=False, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, settings.upload_host, settings.upload_port)
        await site.start()
        log.info("ready", pid=os.getpid(), port=runner.addresses[0][1])
        await stop.wait()
        log.info("stopping")
        await site.stop()
        await receiver.finish(FINISH_SECONDS)
        await runner.cleanup()
        await announcer.close()


if __name__ == "__main__":
    main("uploads", Settings, run)
