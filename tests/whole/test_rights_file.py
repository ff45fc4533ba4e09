"""A worker whose file of rights is wrong says so and does not start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "No such file or directory: '{path}'"),
        ("", "{path}: users: Dictionary should have at least 1 item"),
        ('[[a]]\ncommands = ["get-log"]\nstations = ["*"]', "{path}: a.0.commands.0: 'get-log' is none of "),
    ],
)
def test_a_worker_with_a_wrong_file_names_it_and_ends(tmp_path: Path, text: str | None, says: str) -> None:
    path = tmp_path / "rights.toml"
    if text is not None:
        path.write_text(text)
    variables = {
        "OCPPDIAG_AMQP_URL": "amqp://nobody:hunter2@127.0.0.1:1/",
        "OCPPDIAG_REDIS_URL": "redis://127.0.0.1:1/0",
        "OCPPDIAG_UPLOAD_KEY": "k" * 32,
        "OCPPDIAG_UPLOAD_URL": "http://127.0.0.1:1/",
        "OCPPDIAG_RIGHTS": str(path),
    }
    others = {key: value for key, value in os.environ.items() if not key.startswith("OCPPDIAG_")}
    done = subprocess.run(
        [sys.executable, "-m", "ocppdiag_workers"],
        env={**others, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert says.format(path=path) in done.stderr
    assert "Traceback" not in done.stderr
