"""What an operator sets, from environment variables; a wrong one is named at the start."""

import socket
from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Each field is the variable OCPPDIAG_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="OCPPDIAG_", hide_input_in_errors=True, frozen=True)

    amqp_url: SecretStr
    redis_url: SecretStr
    credential_key: Annotated[SecretStr, Field(min_length=32)]
    """Keys the hash of the stations' passwords: the same for all gateways and for `ocppdiag station add`."""

    node: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,60}$")] = Field(
        default_factory=lambda: socket.gethostname().partition(".")[0]
    )
    """Names this gateway's queue: stable over restarts, no other gateway's."""

    host: str = "127.0.0.1"
    port: int = Field(default=9000, ge=0, le=65535)
    shards: int = Field(default=1, ge=1, le=64)
    insecure_no_auth: bool = False
    max_frame_bytes: int = Field(default=2**20, ge=1024, le=3 * 2**20)
    """At most so much, because workers park what is longer than 4 MiB unread."""

    max_unsent_bytes: int = Field(default=2**20, ge=1024)
    """A station that does not read this much is disconnected."""

    ping_interval: float = Field(default=30.0, gt=0)
    ping_timeout: float = Field(default=60.0, gt=0)
    renew_seconds: float = Field(default=10.0, gt=0, le=30)
    drain_seconds: float = Field(default=10.0, ge=0, le=10)
    log_level: str = "info"
