"""What an operator tells the workers."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from ocppdiag_process.settings import Key, ProcessSettings
from ocppdiag_workers.destinations import beginning

LONGEST_UPLOAD_URL = 150
"""Of the 512 characters of a remoteLocation, the token needs the rest."""


def _base(url: str) -> str:
    if not url.startswith(("http://", "https://")) or len(url) > LONGEST_UPLOAD_URL:
        raise ValueError(f"must be an http or https address of at most {LONGEST_UPLOAD_URL} characters")
    return url.rstrip("/")


class Settings(ProcessSettings):
    """Each field is the variable OCPPDIAG_<NAME>."""

    redis_url: SecretStr
    upload_key: Key
    """Signs the upload addresses: the same for all workers and upload receivers."""

    upload_url: Annotated[str, AfterValidator(_base)]
    """Where stations reach the upload receiver: what is put before the token."""

    max_upload_bytes: int = Field(default=2**30, ge=1)
    heartbeat_interval: int = Field(default=300, ge=1, le=86400)
    call_timeout: float = Field(default=30.0, gt=0, le=600)
    prefetch: int = Field(default=100, ge=1, le=1000)
    destinations: tuple[Annotated[str, AfterValidator(beginning)], ...] = ()
    """Where commands may have logs sent to instead of us, as a JSON list of beginnings of addresses, each with its
    path: ["https://logs.example.com/", "sftp://archive.example.com/in/"]. None: nowhere."""

    rights: Path | None = None
    """A TOML file that says who may send which command to which stations. None: everybody everything."""
