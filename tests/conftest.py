"""What all tests share."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no failure: time is bounded by the number of examples. CI tries the same ones every time, so that
# what it says is about the change; new ones are tried at home.
settings.register_profile("house", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("house")

pytest_plugins = [
    "backends",
    "nodejs",
    "engineer",
    "worlds",
    "stage",
    "quirks",
    "in_redis",
    "origin",
    "publishing",
    "buckets",
    "manifests",
    "promtool",
    "alarmed",
]

NEED_SERVICES = {"broker", "whole"}


def pytest_configure() -> None:
    """Be interruptible, and so our children: a shell has its background jobs ignore SIGINT, and that is inherited."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark by folder, so that nobody forgets."""
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).parts[0] in NEED_SERVICES:
            item.add_marker("services")
