"""The front door as a tool meets it: a running server, a signed and an unsigned sender, and what was stored."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from alertwhisperer.app.build import House
from tests.ingest.front import Front, front_of
from tests.server import Place, Server, house_of, serving


@pytest.fixture(scope="session")
def server(place: Place) -> Iterator[Server]:
    """A running server, shared by the tests: each has companies of its own."""
    with serving(place) as running:
        yield running


@pytest.fixture
async def house(place: Place) -> AsyncIterator[House]:
    """The house behind that server."""
    async with house_of(place, connections=2) as opened:
        yield opened


@pytest.fixture
async def front(server: Server, house: House) -> AsyncIterator[Front]:
    """A company's senders at the running server's door."""
    async with httpx.AsyncClient(base_url=server.url, timeout=30, trust_env=False) as client:
        yield await front_of(house, client)
