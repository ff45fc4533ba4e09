"""The two keys of an installation on one machine: made at its first start, then kept."""

import os
import secrets
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class Keys(BaseModel):
    """For the hash of passwords, and for upload addresses."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    credential_key: str = Field(repr=False)
    upload_key: str = Field(repr=False)

    @classmethod
    def new(cls) -> "Keys":
        """Make fresh ones."""
        return cls(credential_key=secrets.token_urlsafe(32), upload_key=secrets.token_urlsafe(32))

    @classmethod
    def kept(cls, folder: Path) -> "Keys":
        """Read those of this folder, or make and keep them; the file is its owner's alone."""
        path = folder / "keys.json"
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            keys = cls.new()
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(keys.model_dump_json())
        return keys
