"""The health check of a container: `python -m ocppdiag_process.probe [path]` asks the process in it, /ready by default.

Exit code 0 if it says yes; else 1, and one line that says why. The standard library only, because it runs often.
"""

import os
import sys
from http.client import HTTPConnection, HTTPException

SECONDS = 5.0
OK = 200
_LONGEST = 500


def probe(port: str | None, path: str) -> str | None:
    """Ask the process that has this port for its eyes; None if all is well, else what is wrong."""
    if not port:
        return "OCPPDIAG_METRICS_PORT is not set, so nobody can be asked"
    try:
        connection = HTTPConnection("127.0.0.1", int(port), timeout=SECONDS)
        connection.request("GET", path)
        answer = connection.getresponse()
        said = answer.read(_LONGEST).decode(errors="replace").strip()
    except ValueError:
        return "OCPPDIAG_METRICS_PORT is no number"
    except (OSError, HTTPException) as error:
        return f"no answer at port {port}: {type(error).__name__}"
    return None if answer.status == OK else f"{path} says {answer.status}: {said}"


def main() -> None:
    """Ask, and say what is wrong."""
    wrong = probe(os.environ.get("OCPPDIAG_METRICS_PORT"), *(sys.argv[1:2] or ["/ready"]))
    if wrong:
        sys.exit(wrong)


if __name__ == "__main__":
    main()
