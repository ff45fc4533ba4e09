"""The rights that a file grants now: it is read again when it has changed, and what cannot be read changes nothing."""

import asyncio
from pathlib import Path

import structlog

from ocppdiag_contracts.rights import RightsError
from ocppdiag_workers.rights import Rights

log = structlog.get_logger()

POLL_SECONDS = 10.0
SETTLE_SECONDS = 1.0
"""How long a new text must stand before it counts: somebody may be writing it."""


class AllowList:
    """Who may send which command to which stations; without a file, everybody may send everything.

    Raises, when it is made:
        OSError: the file cannot be read.
        RightsError: it grants nothing that could be understood.

    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._rights: Rights | None = None
        self._seen: bytes | None = None
        self._trouble: str | None = None
        if path is None:
            log.info("commands_unrestricted")
        else:
            self._adopt(path, path.read_bytes())

    def allows(self, user: str | None, command: str | None, station: str) -> bool:
        """Whether this user of the broker may send this command (None: any at all) to this station."""
        return self._rights is None or self._rights.allow(user, command, station)

    async def watch(self) -> None:
        """Look for ever."""
        while self._path is not None:
            await asyncio.sleep(POLL_SECONDS)
            await self.look(self._path)

    async def look(self, path: Path, settle: float = SETTLE_SECONDS) -> None:
        """See whether the file says something else. What is wrong with it is said once."""
        before, self._trouble = self._trouble, None
        try:
            text = await self._changed(path, settle)
            if text is not None:
                self._adopt(path, text)
        except (OSError, RightsError) as error:
            self._trouble = str(error)
            if self._trouble != before:
                log.error("rights_unreadable", error=self._trouble)  # noqa: TRY400 (there is no more to say)

    async def _changed(self, path: Path, settle: float) -> bytes | None:
        """Return what the file says, if that is new and stays so."""
        text = await asyncio.to_thread(path.read_bytes)
        if text == self._seen:
            return None
        await asyncio.sleep(settle)
        return text if await asyncio.to_thread(path.read_bytes) == text else None

    def _adopt(self, path: Path, text: bytes) -> None:
        self._seen = text  # also when it is wrong
        try:
            self._rights = Rights.read(text)
        except RightsError as error:
            raise RightsError(f"{path}: {error}") from None
        log.info("rights_read", users=self._rights.users)
