"""One installation for all whole-process tests."""

from collections.abc import AsyncIterator
from pathlib import Path
from zlib import crc32

import pytest
import pytest_asyncio
from installation import Installation, install
from looking import SETTINGS
from pytest_asyncio import is_async_test

from ocppdiag_local.services import Services


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All whole tests live in one loop, with the processes that they share."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def installation(
    services: Services, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Installation]:
    async with install(services, tmp_path_factory.mktemp("logs"), SETTINGS) as made:
        yield made
        assert not made.said("record_failed")
        assert not made.said("message_failed")
        assert not made.said("record_unreadable")


@pytest_asyncio.fixture(loop_scope="session")
async def mine(services: Services, tmp_path: Path, installation: Installation) -> AsyncIterator[Installation]:
    """Processes of the test's own to kill; the shared worker takes part, as a second worker would."""
    del installation
    async with install(services, tmp_path) as made:
        yield made


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A station name of the test's own."""
    return f"T-{crc32(request.node.nodeid.encode())}"
