"""What all tests share."""

from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no failure: time is bounded by the number of examples.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

pytest_plugins = ["backends"]

NEED_SERVICES = {"broker", "whole"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark by folder, so that nobody forgets."""
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).parts[0] in NEED_SERVICES:
            item.add_marker("services")
