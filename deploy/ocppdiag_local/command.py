"""Where the `ocppdiag` command begins: it explains itself when its extra is missing."""

import sys


def main() -> None:
    """Run the command line, or say what to install."""
    try:
        from ocppdiag_local.cli import main as run  # noqa: PLC0415 (that it may be missing is the point)
        from ocppdiag_process.secret_files import SecretsError, read_secret_files  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        sys.exit(
            f"the ocppdiag command needs more than is installed ({missing.name}): pip install 'ocppdiag[local]'"
        )
    try:
        read_secret_files()
    except SecretsError as error:
        sys.exit(str(error))
    run()
