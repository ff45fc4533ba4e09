"""What an operator tells the upload receivers."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from ocppdiag_process.settings import Key, ProcessSettings
from ocppdiag_uploads.store import bucket_address

SHORTEST_KEEP_DAYS = 8
"""Longer than any command runs: an address whose log were gone while it lasts would work again."""


class Settings(ProcessSettings):
    """Each field is the variable OCPPDIAG_<NAME>."""

    upload_key: Key
    """Checks the upload addresses: the same for all workers and upload receivers."""

    upload_folder: Path | None = None
    """Where logs are kept: `<station>/<command id>.log`."""

    upload_bucket: Annotated[str | None, Field(validate_default=True)] = None
    """Or there: s3://bucket/prefix, the rest in AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID, ..."""

    upload_keep_days: Annotated[int | None, Field(ge=SHORTEST_KEEP_DAYS)] = None
    """How long a log stays in the folder; without it, for ever."""

    upload_host: str = "127.0.0.1"
    upload_port: int = Field(default=9001, ge=0, le=65535)
    upload_tls_certificates: tuple[Path, ...] = ()
    """Folders with a `tls.crt` and a `tls.key`, one with an RSA key and one with an elliptic one: the port speaks https."""

    upload_idle_seconds: float = Field(default=60.0, gt=0)
    """A sender that is silent for so long is given up."""

    upload_rate: int = Field(default=128, ge=1)
    """And so is one that is so long behind this many bytes a second."""

    upload_limit: int = Field(default=200, ge=1)
    """So many uploads at a time: one more comes again later."""

    @field_validator("upload_bucket")
    @classmethod
    def _one_place(cls, bucket: str | None, others: ValidationInfo) -> str | None:
        if (bucket is None) == (others.data.get("upload_folder") is None):
            raise ValueError("logs are kept in one place: set either this or OCPPDIAG_UPLOAD_FOLDER")
        return None if bucket is None else bucket_address(bucket)

    @field_validator("upload_keep_days")
    @classmethod
    def _of_a_folder(cls, days: int | None, others: ValidationInfo) -> int | None:
        if days is not None and others.data.get("upload_bucket") is not None:
            raise ValueError("is for a folder; a bucket forgets by a lifecycle rule of its own")
        return days
