"""What an operator sets, from environment variables; a wrong one is named at the start."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Each field is the variable OCPPDIAG_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="OCPPDIAG_", hide_input_in_errors=True, frozen=True)

    amqp_url: SecretStr
    upload_key: Annotated[SecretStr, Field(min_length=32)]
    """Checks the upload addresses: the same for all workers and upload receivers."""

    upload_folder: Path
    """Where logs are kept: `<station>/<command id>.log`."""

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

    shards: int = Field(default=1, ge=1, le=64)
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """Where this process is looked at: `/metrics`, `/live`, `/ready`."""

    log_level: str = "info"
