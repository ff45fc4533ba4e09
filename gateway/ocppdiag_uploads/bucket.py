"""Where the bytes go, as a bucket of any server that speaks S3."""

import asyncio
import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from types import TracebackType
from typing import Any, Self, TypeVar

from obstore.exceptions import AlreadyExistsError, BaseError, GenericError
from obstore.store import S3Store

from ocppdiag_uploads import store
from ocppdiag_uploads.store import PIECE, RECORDS, AlreadyStoredError, StoredFile, StoreError

T = TypeVar("T")

PART = 5 * 2**20
"""Bytes, the least that S3 takes as one part of several; what is not larger is one request."""

REQUEST_SECONDS = 30.0
RETRY_SECONDS = 20.0
"""Trouble that lasts longer is the station's to wait out: its log takes our memory meanwhile."""

LET_GO_SECONDS = 0.2
CHECKED = ".checked~"

_TOGETHER = 16
_CODE = re.compile(r"<Code>(\w+)</Code>")
_KIND = re.compile(r"(?:\" as|Missing) (\w+)$", re.MULTILINE)


class BucketIncoming:
    """An upload in parts, of which at most one is on its way and one is being filled."""

    def __init__(self, bucket: S3Store, station: str, command_id: str) -> None:
        # A name of its own: what two receivers get at once does not meet before there is a record.
        self._name = f"{store.path(station, command_id)}.{secrets.token_hex(4)}.log"
        self._bucket = bucket
        self._station = station
        self._command_id = command_id
        self._hash = sha256()
        self._held = bytearray()
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue(1)
        self._sending: asyncio.Task[Any] | None = None
        self._cut = False
        self._there = False
        self.size = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(StoreError):  # what stays behind all the same goes by the bucket's own rule
            if self._there:
                await _asked(self._bucket.delete_async(self._name))
            elif self._sending:
                if not self._sending.done():
                    self._cut = True
                    await self._hand(None)
                await _asked(self._sending)

    async def write(self, chunk: bytes) -> None:
        """Add some bytes, as fast as the bucket takes them. Raises StoreError."""
        self._hash.update(chunk)
        self.size += len(chunk)
        self._held += chunk
        if self.size > PART and len(self._held) >= PIECE:
            await self._send()

    async def finish(self) -> StoredFile:
        """Put the file in its place: it is there once it has its record, which only one can make.

        Raises:
            AlreadyStoredError: another file was there first.
            StoreError: the bucket failed.

        """
        if self._sending is None:
            await _asked(self._bucket.put_async(self._name, bytes(self._held)))
        else:
            await self._send()
            await self._hand(None)
            await _asked(self._sending)
        self._there = True
        file = StoredFile(
            self._station, self._command_id, self._name, self.size, self._hash.hexdigest(), time.time()
        )
        await self._enter(file)
        return file

    async def _enter(self, file: StoredFile) -> None:
        name = store.record(self._station, self._command_id)
        self._there = False  # whatever comes of it, a file that may have its record is not deleted
        try:
            await _asked(self._bucket.put_async(name, store.written(file), mode="create"))
        except AlreadyExistsError:
            # It may be ours, when an answer was lost and the request repeated.
            if await _known(self._bucket, name) != file:
                self._there = True
                raise AlreadyStoredError from None

    async def _send(self) -> None:
        if self._sending is None:
            sent = self._bucket.put_async(self._name, self._given(), chunk_size=PART, max_concurrency=1)
            self._sending = asyncio.ensure_future(sent)
        held, self._held = self._held, bytearray()
        for begin in range(0, len(held), PIECE):
            await self._hand(bytes(held[begin : begin + PIECE]))

    async def _hand(self, piece: bytes | None) -> None:
        """Give it on, unless there is nobody any more to take it. Raises StoreError."""
        assert self._sending  # noqa: S101
        handing = asyncio.ensure_future(self._pieces.put(piece))
        try:
            await asyncio.wait((handing, self._sending), return_when=asyncio.FIRST_COMPLETED)
        finally:
            handing.cancel()
        if self._sending.done():
            await _asked(self._sending)

    async def _given(self) -> AsyncIterator[bytes]:
        while (piece := await self._pieces.get()) is not None:
            yield piece
        if self._cut:
            raise StoreError("cut")  # has the parts deleted that are there


class BucketStore:
    """`<station>/<command id>.<8 digits>.log`, and under `.stored~` the record of each, without which it does not count.

    Where the server is and who we are is in the variables that S3 programs share: AWS_ENDPOINT_URL, AWS_REGION,
    AWS_ACCESS_KEY_ID and so on. Raises StoreError with a sentence when one of them cannot be right.
    """

    def __init__(self, address: str) -> None:
        self._address = store.bucket_address(address)
        self.name, _, prefix = self._address.removeprefix("s3://").partition("/")
        try:
            self._bucket = S3Store(
                self.name,
                prefix=prefix or None,
                checksum_algorithm="SHA256",  # the server compares, and refuses what was changed on its way
                client_options={
                    "allow_http": True,  # the address says which
                    "connect_timeout": timedelta(seconds=5),
                    "timeout": timedelta(seconds=REQUEST_SECONDS),
                },
                retry_config={"max_retries": 5, "retry_timeout": timedelta(seconds=RETRY_SECONDS)},
            )
        except BaseError as error:
            raise StoreError(f"the bucket {self.name} cannot be used: {_misset(error)}") from None

    async def check(self) -> None:
        """See that the bucket lets us in, and makes nothing twice. Raises StoreError with a sentence."""
        try:
            await _known(self._bucket, f"{RECORDS}/none")
            for _ in range(2):
                await _asked(self._bucket.put_async(CHECKED, b"", mode="create"))
        except AlreadyExistsError:
            return
        except StoreError as error:
            raise StoreError(f"the bucket {self.name} cannot be used: {error}") from None
        raise StoreError(
            f"the bucket {self.name} cannot be used: it does not know If-None-Match of PutObject"
        )

    def incoming(self, station: str, command_id: str) -> BucketIncoming:
        """Begin a file."""
        return BucketIncoming(self._bucket, station, command_id)

    async def find(self, station: str, command_id: str) -> StoredFile | None:
        """Return the file of an operation, if it is there. Raises StoreError."""
        return await _known(self._bucket, store.record(station, command_id))

    async def files(self, station: str | None = None) -> AsyncIterator[StoredFile]:
        """Yield every file, or every one of a station. Raises StoreError."""
        under = f"{RECORDS}/" if station is None else store.record(station, "").removesuffix(".json")
        pages = self._bucket.list(under, chunk_size=_TOGETHER)
        while page := await _asked(anext(pages, None)):
            for found in await asyncio.gather(*(_known(self._bucket, meta["path"]) for meta in page)):
                if found:
                    yield found

    async def read(self, file: StoredFile) -> AsyncIterator[bytes]:
        """Yield what is in a file. Raises StoreError."""
        chunks = (await _asked(self._bucket.get_async(file.name))).stream()
        while chunk := await _asked(anext(chunks, None)):
            yield bytes(chunk)

    def location(self, file: StoredFile) -> str:
        """Return its address in the words of S3."""
        return f"{self._address}/{file.name}"

    async def aclose(self) -> None:
        """Wait for obstore's threads, which let go of Python a moment after they have answered.

        A process that ends in that moment is aborted (PyO3/pyo3-async-runtimes, issue 40).
        """
        await asyncio.sleep(LET_GO_SECONDS)


async def _known(bucket: S3Store, name: str) -> StoredFile | None:
    try:
        return store.parsed(bytes(await (await bucket.get_async(name)).bytes_async()))
    except FileNotFoundError as error:
        if _said(error) == "NoSuchBucket":
            raise StoreError("NoSuchBucket") from None
        return None
    except BaseError as error:
        raise StoreError(_said(error)) from None


async def _asked(answer: Awaitable[T]) -> T:
    """Wait for the server; what is wrong is said in its own word. Raises StoreError and AlreadyExistsError."""
    try:
        return await answer
    except AlreadyExistsError:
        raise
    except (BaseError, FileNotFoundError) as error:
        raise StoreError(_said(error)) from None


def _said(error: Exception) -> str:
    """Return S3's code of an error: the rest of what is told names our keys and repeats the request."""
    if code := _CODE.search(str(error)):
        return code[1]
    return "no answer" if isinstance(error, GenericError) else type(error).__name__


def _misset(error: Exception) -> str:
    """Say that a variable is wrong, and of which kind it must be: its value is not repeated."""
    kind = _KIND.search(str(error))
    return f"an AWS_ variable is missing or wrong{f' ({kind[1]})' if kind else ''}"
