"""The programs of contracts/README.md, as they stand there, against everything."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from installation import Installation
from nodejs import Node

README = (Path(__file__).parents[2] / "contracts" / "README.md").read_text(encoding="utf-8")
STATION = "CS-17"
"""The station of the page's own program in Python."""


def blocks(section: str, language: str) -> list[str]:
    (text,) = re.findall(rf"^## {section}\n(.*?)^## ", README, re.DOTALL | re.MULTILINE)
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


async def ran(node: Node, program: Path, *arguments: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        node.executable,
        str(program),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), 60)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode, out.decode(), err.decode()


@pytest.fixture
def program(node: Node, tmp_path: Path) -> Path:
    """The page's program, in a folder that has what it imports."""
    (text,) = blocks("In any other language", "javascript")
    file = tmp_path / "fetch-log.mjs"
    file.write_text(text)
    (tmp_path / "node_modules").symlink_to(node.packages)
    return file


@pytest.fixture
def for_coffee(program: Path) -> Path:
    """The page's program, with a command that nobody knows."""
    text = program.read_text()
    assert '"get_log"' in text
    program.write_text(text.replace('"get_log"', '"make_coffee"'))
    return program


async def test_the_program_in_node_gets_a_log(
    installation: Installation, name: str, node: Node, program: Path
) -> None:
    async with installation.station(name):
        code, out, err = await ran(node, program, installation.services.amqp_url, name)
    assert (code, err) == (0, "")
    *events, end = out.splitlines()
    assert events[0] == "command_queued"
    assert events[-1] == "command_settled"
    assert {"command_sent", "log_stored"} < set(events)
    outcome, location = end.split()
    assert outcome == "completed"
    assert location.startswith(f"file://{installation.logs}")


async def test_the_program_in_node_tells_why_there_is_no_log(
    installation: Installation, name: str, node: Node, program: Path
) -> None:
    code, out, _ = await ran(node, program, installation.services.amqp_url, f"{name}-nobody")
    assert code == 1
    assert "rejected unknown_station" in out


async def test_the_program_in_node_notices_that_nobody_takes_a_command(
    installation: Installation, node: Node, for_coffee: Path
) -> None:
    code, _, err = await ran(node, for_coffee, installation.services.amqp_url, STATION)
    assert code == 1
    assert "Error: nobody takes this command: it was not stored" in err


async def test_the_program_in_python_gets_a_log(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    (text,) = blocks("In Python", "python")
    page: dict[str, Any] = {}
    exec(compile(text, "contracts/README.md", "exec"), page)  # noqa: S102 (our own page)
    async with installation.station(STATION):
        location = await asyncio.wait_for(page["fetch_security_log"](installation.services.amqp_url), 60)
    assert location.startswith(f"file://{installation.logs}")
    events = re.findall(r"^\w+$", capsys.readouterr().out, re.MULTILINE)  # our station has a log, too
    assert events[0] == "command_queued"
    assert events[-1] == "command_settled"
