"""Tell the workers what arrives."""

import asyncio
import time
from typing import TypedDict

from ocppdiag_amqp import Broker, Lanes, Publisher, close_lanes
from ocppdiag_contracts import link
from ocppdiag_contracts.topology import STATION, shard_of, station_key
from ocppdiag_contracts.upload_token import UploadToken
from ocppdiag_uploads.store import StoredFile

CLOSE_SECONDS = 3.0


class Announcer:
    """Opened once for a process."""

    def __init__(self, publisher: Publisher, shards: int) -> None:
        self._shards = shards
        self._up = Lanes(lambda key, body: publisher.publish(STATION, key, body))

    @classmethod
    async def open(cls, broker: Broker, shards: int) -> "Announcer":
        """Open it on the broker's publishing connection."""
        return cls(await Publisher.open(broker), shards)

    def arriving(self, token: UploadToken, received: int, total: int | None) -> None:
        """Say how much is here; should that get lost, the next one says more."""
        record = link.UploadReceived(**_of(token), bytes=received, total=total)
        self._put(record).add_done_callback(lambda done: done.exception())

    async def broken(self, token: UploadToken, received: int, reason: str) -> None:
        """Say that an upload ended early. Raises BrokerError."""
        await self._put(link.UploadBroken(**_of(token), bytes=received, reason=reason))

    async def stored(self, token: UploadToken, file: StoredFile, location: str, filename: str | None) -> None:
        """Say that the file is here. Raises BrokerError."""
        record = link.UploadStored(
            **_of(token), location=location, size=file.size, sha256=file.sha256, filename=filename
        )
        await self._put(record)

    async def close(self) -> None:
        """Send what is left, as far as the broker takes it within 3 s."""
        await close_lanes(self._up, within=CLOSE_SECONDS)

    def _put(self, record: link.FromUploads) -> "asyncio.Future[None]":
        key = station_key("upload", record.owner, shard_of(record.station, self._shards))
        return self._up.put(key, link.encode(record))


class _Of(TypedDict):
    """What every record of an upload begins with."""

    station: str
    tag: str
    owner: str
    at: float


def _of(token: UploadToken) -> _Of:
    return {"station": token.station, "tag": token.tag, "owner": token.owner, "at": time.time()}
