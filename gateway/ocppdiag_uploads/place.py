"""Which store it is that an operator has named."""

from pathlib import Path

from ocppdiag_uploads.bucket import BucketStore
from ocppdiag_uploads.folder import FolderStore
from ocppdiag_uploads.store import Store


def opened(folder: Path | None, bucket: str | None) -> Store:
    """Open one of both. Raises ValueError when it is none or two, or no address of a bucket, and StoreError."""
    if (folder is None) == (bucket is None):
        raise ValueError("name either a folder or a bucket")
    return FolderStore(folder) if folder is not None else BucketStore(bucket or "")
