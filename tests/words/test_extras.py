"""What each extra installs is enough for the packages that it is for: the rest is hidden, and they still import."""

import subprocess
import sys

import pytest

OURS = {
    "": ["ocppdiag_contracts", "ocppdiag_contracts.topology"],
    "client": ["ocppdiag_client", "ocppdiag_client.testing"],
    "workers": ["ocppdiag_workers.__main__"],
    "gateway": ["ocppdiag_gateway.__main__", "ocppdiag_uploads.__main__", "ocppdiag_station"],
}
HIDDEN = {
    "": [
        "aio_pika",
        "msgspec",
        "structlog",
        "redis",
        "aiohttp",
        "websockets",
        "typer",
        "rich",
        "pydantic_settings",
        "prometheus_client",
    ],
    "client": [
        "redis",
        "aiohttp",
        "websockets",
        "typer",
        "rich",
        "pydantic_settings",
        "uvloop",
        "orjson",
        "prometheus_client",
    ],
    "workers": ["aiohttp", "typer", "rich"],
    "gateway": ["typer", "rich"],
}
PROGRAM = """
import importlib, sys
for name in {hidden!r}:
    sys.modules[name] = None
for name in {ours!r}:
    importlib.import_module(name)
"""


@pytest.mark.parametrize("extra", list(OURS))
def test_an_extra_is_enough_for_its_packages(extra: str) -> None:
    program = PROGRAM.format(hidden=HIDDEN[extra], ours=OURS[extra])
    done = subprocess.run(  # noqa: S603 (our own program)
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_command_explains_itself_when_its_extra_is_missing() -> None:
    program = "import sys; sys.modules['typer'] = None; from ocppdiag_local.command import main; main()"
    done = subprocess.run(  # noqa: S603 (our own program)
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "pip install 'ocppdiag[local]'" in done.stderr
    assert "Traceback" not in done.stderr
