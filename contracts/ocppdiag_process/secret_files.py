"""Settings that are secrets may lie in files, as containers are given them: a folder, with a file for each variable."""

import os
from collections.abc import MutableMapping
from pathlib import Path

FOLDER = "OCPPDIAG_SECRETS"
OURS = "OCPPDIAG_"


class SecretsError(Exception):
    """The folder, or a file in it, cannot be read; says which."""


def read_secret_files(environment: MutableMapping[str, str] = os.environ) -> None:
    """Set each variable that is a file `OCPPDIAG_...` in the folder OCPPDIAG_SECRETS and is not set already.

    Files of other names are somebody else's. A line end at the end of a file is no part of the secret.

    Raises:
        SecretsError: there is no such folder, or a file is not for us to read, or is no text.

    """
    if not (folder := environment.get(FOLDER)):
        return
    try:
        for file in sorted(Path(folder).iterdir()):
            if file.name.startswith(OURS) and file.name not in environment:
                environment[file.name] = file.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise SecretsError(f"{FOLDER}: cannot read {error.filename}: {error.strerror}") from None
    except ValueError:  # it repeats a piece of the secret
        raise SecretsError(f"{FOLDER}: {file.name} must be UTF-8 text") from None
