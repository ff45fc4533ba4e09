"""What `ocppdiag serve` leaves for the other commands on the same machine: where everything is."""

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError


class NotServingError(Exception):
    """Nothing is served on this machine, and no address was given."""


class Here(BaseModel):
    """The addresses and keys of a running `ocppdiag serve`; the file is its owner's alone."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    amqp_url: str
    redis_url: str
    gateway_url: str
    credential_key: str

    @classmethod
    def read(cls) -> "Here":
        """Read what is served now.

        Raises:
            NotServingError: nothing is.

        """
        try:
            return cls.model_validate_json(_path(folder()).read_bytes())
        except (OSError, ValidationError):
            raise NotServingError(
                "nothing is served on this machine: start `ocppdiag serve`, or say where it is (--help names the options)"
            ) from None

    def write(self, where: Path) -> None:
        """Leave this for the others."""
        path = _path(where)
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(self.model_dump_json(indent=2))

    @staticmethod
    def forget(where: Path) -> None:
        """Nothing is served any more."""
        _path(where).unlink(missing_ok=True)


def folder() -> Path:
    """Where this machine's data lies: OCPPDIAG_DATA, else the user's data folder (XDG base directories)."""
    if given := os.environ.get("OCPPDIAG_DATA"):
        return Path(given)
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "ocppdiag"


def _path(where: Path) -> Path:
    return where / "serve.json"
