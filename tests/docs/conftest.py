"""A live server with a company for the documented examples, and what they take from the environment."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest

from tests.database import Migrated
from tests.server import Place, Sender, house_of, new_company, new_sender, new_token, on_database, serving


@dataclass(frozen=True, slots=True)
class Live:
    """Where the examples' requests go, and with what."""

    url: str
    company: str
    open: Sender
    strict: Sender
    other: Sender
    poor: Sender
    tools: Mapping[str, Sender]
    token: str = field(repr=False)

    @property
    def environ(self) -> dict[str, str]:
        """The variables that the pages name."""
        return {
            "URL": self.url,
            "COMPANY": self.company,
            "KEY": self.open.api_key,
            "SECRET": self.open.hmac_secret,
            "TOKEN": self.token,
        }


@pytest.fixture(scope="session")
def live(migrated: Migrated) -> Iterator[Live]:
    """A running server; one company with several senders, and one with a limit of a single request a minute."""
    place = on_database(migrated)
    with serving(place) as server:
        yield asyncio.run(_prepare(place, server.url))


async def _prepare(place: Place, url: str) -> Live:
    async with house_of(place) as house:
        company = await new_company(house)
        poor = await new_company(house, "Poor", requests_per_minute=1)
        pushing = [slug for slug, source in house.sources.items() if source.poll is None]
        return Live(
            url,
            str(company.id),
            open=await new_sender(house, company.id, "generic"),
            strict=await new_sender(house, company.id, "generic", require_signature=True),
            other=await new_sender(house, company.id, "zabbix"),
            poor=await new_sender(house, poor.id, "generic"),
            tools={slug: await new_sender(house, company.id, slug) for slug in pushing},
            token=await new_token(house),
        )
