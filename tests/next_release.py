"""A copy of our packages as the next release might have them: every record between processes says something more."""

import re
import shutil
from importlib.util import find_spec
from pathlib import Path

HINT = "of-the-next-release"
PACKAGES = ("ocppdiag_contracts", "ocppdiag_workers")
RECORDS = (
    ("ocppdiag_contracts/link.py", r"^    v: int = VERSION$", 4),
    ("ocppdiag_workers/guard.py", r"^    v: int = 1$", 1),
    ("ocppdiag_workers/operation.py", r"^    state: State = State.QUEUED$", 1),
)
"""Where a member more goes in, and how often."""


def next_release(folder: Path) -> Path:
    """Write it there: what is to be put before all else on the path of its processes."""
    for package in PACKAGES:
        spec = find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        shutil.copytree(
            Path(spec.origin).parent, folder / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    for name, line, times in RECORDS:
        path = folder / name
        text, found = re.subn(line, rf'\g<0>\n    hint: str = "{HINT}"', path.read_text(), flags=re.MULTILINE)
        assert found == times, f"{name} has {found} records"
        path.write_text(text.replace(", omit_defaults=True", ""))  # so that the record in Redis says it too
    return folder
