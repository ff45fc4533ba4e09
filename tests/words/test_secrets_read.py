"""Every program reads the settings that lie in files, and never repeats one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    "program", ["ocppdiag_gateway", "ocppdiag_uploads", "ocppdiag_workers", "ocppdiag_local"]
)
def test_every_program_reads_them_and_says_what_is_wrong_with_them(tmp_path: Path, program: str) -> None:
    rest = {name: value for name, value in os.environ.items() if not name.startswith("OCPPDIAG_")}

    def said(folder: Path) -> str:
        done = subprocess.run(  # noqa: S603 (our own program)
            [sys.executable, "-m", program, *(("station", "list") if program == "ocppdiag_local" else ())],
            env={**rest, "OCPPDIAG_SECRETS": str(folder)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode != 0
        return done.stderr

    assert "OCPPDIAG_SECRETS: cannot read" in said(tmp_path / "none")
    for name in ("OCPPDIAG_CREDENTIAL_KEY", "OCPPDIAG_UPLOAD_KEY"):
        (tmp_path / name).write_text("canary")
    (tmp_path / "OCPPDIAG_REDIS_URL").write_text("canary://")
    text = said(tmp_path)
    assert "canary" not in text
    wrong = {
        "ocppdiag_gateway": "OCPPDIAG_CREDENTIAL_KEY: Needs at least 32 characters",
        "ocppdiag_uploads": "OCPPDIAG_UPLOAD_KEY: Needs at least 32 characters",
        "ocppdiag_workers": "OCPPDIAG_UPLOAD_KEY: Needs at least 32 characters",
        "ocppdiag_local": "the address of Redis cannot be read",
    }
    assert wrong[program] in text
