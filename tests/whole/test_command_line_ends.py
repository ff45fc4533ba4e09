"""However a subcommand ends, it is by an exit status and at most a sentence: Ctrl-C at the start, a full disk, any terminal."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from engineer import OCPPDIAG, environment


def run(home: dict[str, str], *arguments: str, output: int | None = None) -> tuple[int, str, str]:
    done = subprocess.run(  # noqa: S603 (our own command)
        [*OCPPDIAG, *arguments],
        env=home,
        stdout=subprocess.PIPE if output is None else output,
        stderr=subprocess.PIPE,
        timeout=30,
        check=False,
    )
    return done.returncode, (done.stdout or b"").decode(), done.stderr.decode()


@pytest.fixture
def alone(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path)


def test_ctrl_c_before_anything_has_begun_is_130_and_no_traceback(
    alone: dict[str, str], tmp_path: Path
) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    os.mkfifo(secrets / "OCPPDIAG_AMQP_URL")  # it is read first of all, so the command waits there for us
    process = subprocess.Popen(  # noqa: S603 (our own command)
        [*OCPPDIAG, "watch"], env={**alone, "OCPPDIAG_SECRETS": str(secrets)}, stderr=subprocess.PIPE
    )
    with (secrets / "OCPPDIAG_AMQP_URL").open("wb"):
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert (process.returncode, said) == (130, b"")


def test_a_full_disk_is_a_sentence(alone: dict[str, str]) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        code, _, said = run(alone, "--version", output=full)
    finally:
        os.close(full)
    assert "No space left on device" in said
    assert "Traceback" not in said
    assert code != 0


def test_a_folder_that_cannot_be_made_is_a_sentence(alone: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, _, said = run(alone, "serve", "--data", str(tmp_path / "file" / "data"))
    assert (code, said.count("\n")) == (1, 1)
    assert "Not a directory" in said


def test_what_a_terminal_has_no_character_for_is_written_all_the_same(
    alone: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "\u017bary"
    code, out, said = run({**alone, "PYTHONIOENCODING": "latin-1"}, "logs", "list", "--folder", str(folder))
    assert (code, out, said) == (0, f"no log is kept in {tmp_path}/\\u017bary\n", "")


def test_a_simulated_station_without_a_terminal_says_only_why_it_was_not_let_in(
    alone: dict[str, str],
) -> None:
    for url, why in (
        ("ws://127.0.0.1:1", "Connect call failed"),
        ("http://127.0.0.1:1", "scheme isn't ws or wss"),
    ):
        code, out, said = run(alone, "station", "simulate", "CS-1", "--url", url)
        assert (code, out, said.count("\n")) == (1, "", 1), (out, said)
        assert why in said


def test_trouble_with_the_broker_is_one_sentence(alone: dict[str, str]) -> None:
    code, out, said = run(alone, "watch", "--amqp-url", "amqp://guest:canary@127.0.0.1:1/")
    assert (code, out) == (3, "")
    assert said == "cannot reach RabbitMQ at 127.0.0.1:1: Connect call failed ('127.0.0.1', 1)\n"
