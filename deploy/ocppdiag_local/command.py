"""Where the `ocppdiag` command begins: it explains itself when its extra is missing, and ends without a traceback."""

import io
import sys


def main() -> None:
    """Run the command line; Ctrl-C is the usual 130 from the first moment, a full disk or the like one sentence."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what a terminal has no character for is no reason to fall
            stream.reconfigure(errors="backslashreplace")
    try:
        _run()
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        sys.exit(f"ocppdiag: {error}")


def _run() -> None:
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
