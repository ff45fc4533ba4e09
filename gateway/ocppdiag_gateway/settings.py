"""What an operator tells the gateways."""

import socket
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    Field,
    IPvAnyNetwork,
    SecretStr,
    StringConstraints,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import SettingsConfigDict

from ocppdiag_process.settings import Key, ProcessSettings


def _not_everybody(network: IPvAnyNetwork) -> IPvAnyNetwork:
    if network.prefixlen == 0:
        raise PydanticCustomError("everybody", "A network of everybody would let anybody say who calls")
    return network


class Settings(ProcessSettings):
    """Each field is the variable OCPPDIAG_<NAME>."""

    model_config = SettingsConfigDict(env_parse_none_str="")

    redis_url: SecretStr
    credential_key: Key
    """Keys the hash of the stations' passwords: the same for all gateways and for `ocppdiag station add`."""

    node: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,60}$")] = Field(
        default_factory=lambda: socket.gethostname().partition(".")[0]
    )
    """Names this gateway's queue: stable over restarts, no other gateway's."""

    host: str = "127.0.0.1"
    tls_certificates: tuple[Path, ...] = ()
    """Folders with a `tls.crt` and a `tls.key`, one with an RSA key and one with an elliptic one."""

    tls_client_ca: Path | None = None
    """Who vouches for the certificates of profile 3 at our own TLS port: a PEM file."""

    tls_port: int | None = Field(default=None, ge=0, le=65535)
    """For profiles 2 and 3."""

    port: int | None = Field(default=9000, ge=0, le=65535)
    """For profile 1, and for proxies that end the TLS of profiles 2 and 3; empty: there is only `tls_port`."""

    trusted_proxies: tuple[Annotated[IPvAnyNetwork, AfterValidator(_not_everybody)], ...] = ()
    """Networks of the proxies whose headers say who calls."""

    proxy_certificate_header: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,60}$")] | None = None
    """In which header they hand on the certificate of a station, once they have verified it."""

    organisation: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = Field(
        default=None, validate_default=True
    )
    """The operator's name, which must be the O of a station's certificate."""

    insecure_no_auth: bool = False
    handshakes_per_second: float = Field(default=200.0, gt=0, le=10_000)
    """So many upgrades a second get as far as their credentials, in this process; three times as many at once after a pause."""

    handshakes_per_address: float = Field(default=100.0, gt=0, le=10_000)
    """So many upgrades a second are judged from one address (IPv6: one /64); generous, because many stations may share
    one; three times as many at once after a pause."""

    handshakes_per_station: float = Field(default=1.0, gt=0, le=1000)
    """So many a second for one identity from one address; three at once after a pause."""

    max_frame_bytes: int = Field(default=2**20, ge=1024, le=3 * 2**20)
    """At most so much, because workers park what is longer than 4 MiB unread."""

    max_unsent_bytes: int = Field(default=2**20, ge=1024)
    """A station that does not read this much is disconnected."""

    ping_interval: float = Field(default=30.0, gt=0)
    ping_timeout: float = Field(default=60.0, gt=0)
    renew_seconds: float = Field(default=10.0, gt=0, le=10)
    """Not more, because 15 s after Redis was emptied all leases are taken to be in it again."""

    drain_seconds: float = Field(default=10.0, ge=0, le=10)

    @field_validator("tls_port")
    @classmethod
    def _has_certificates(cls, port: int | None, known: ValidationInfo) -> int | None:
        if port is not None and known.data.get("tls_certificates") == ():
            raise _needs("TLS_CERTIFICATES")
        return port

    @field_validator("port")
    @classmethod
    def _has_a_port(cls, port: int | None, known: ValidationInfo) -> int | None:
        if port is None and known.data.get("tls_port", port) is None:
            raise _needs("TLS_PORT")
        return port

    @field_validator("proxy_certificate_header")
    @classmethod
    def _has_proxies(cls, header: str | None, known: ValidationInfo) -> str | None:
        if header is not None and known.data.get("trusted_proxies") == ():
            raise _needs("TRUSTED_PROXIES")
        return header

    @field_validator("organisation")
    @classmethod
    def _is_told(cls, name: str | None, known: ValidationInfo) -> str | None:
        if name is None and (known.data.get("tls_client_ca") or known.data.get("proxy_certificate_header")):
            raise PydanticCustomError("needed", "Needed to judge the certificates of stations")
        return name


def _needs(name: str) -> PydanticCustomError:
    return PydanticCustomError("needs", "Needs OCPPDIAG_{name}", {"name": name})
