"""Every hour, what killed receivers left behind and what was kept long enough is deleted from the folder."""

import asyncio

import structlog

from ocppdiag_uploads.folder import FolderStore

log = structlog.get_logger()

PAUSE_SECONDS = 3600.0


async def sweep_for_ever(folder: FolderStore, keep_days: float | None) -> None:
    """Begin at once. Several receivers may do it in one folder."""
    while True:
        try:
            if gone := await asyncio.to_thread(folder.forget, keep_days):
                log.info("logs_deleted", count=gone, days=keep_days)
        except OSError as error:
            log.warning("sweep_failed", error=type(error).__name__)
        await asyncio.sleep(PAUSE_SECONDS)
