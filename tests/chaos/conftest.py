"""One town for all tests here: a broker, a store, an embedded catalog and a provider cost ten seconds."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.chaos.campaign import hush
from tests.chaos.town import Town, town


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    hush()
    async with town(tmp_path_factory.mktemp("chaos"), light=True) as found:
        yield found
