"""What every process of ours is told, from environment variables; a wrong one is named at the start."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

SHORTEST_KEY = 32


def _long_enough(key: SecretStr) -> SecretStr:
    if len(key) < SHORTEST_KEY:
        raise PydanticCustomError("short_key", "Needs at least {least} characters", {"least": SHORTEST_KEY})
    return key


Key = Annotated[SecretStr, AfterValidator(_long_enough)]
"""What is not to be guessed."""


class ProcessSettings(BaseSettings):
    """Each field is the variable OCPPDIAG_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="OCPPDIAG_", hide_input_in_errors=True, frozen=True)

    amqp_url: SecretStr
    shards: int = Field(default=1, ge=1, le=64)
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """Where this process is looked at: `/metrics`, `/live`, `/ready`. None: nowhere."""

    log_level: str = "info"
    """debug, info, warning or error."""
