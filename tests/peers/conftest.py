"""One real server of ours for all peers, and a company of its own for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest

from alertwhisperer.cli import setup
from tests.database import Migrated, run_apart
from tests.peers.process import await_answer
from tests.places import open_place
from tests.server import Sender, Server, bearer, house_of, new_company, new_sender, new_token, on_database, serving


@dataclass(frozen=True, slots=True)
class Customer:
    """A company with one integration, seen through our API alone, as a person of it would."""

    url: str
    sender: Sender
    setup: str
    """What we tell a person to do on the tool's side, the address and the key filled in."""
    token: str = field(repr=False)

    @property
    def webhook_url(self) -> str:
        """Where the tool sends to."""
        return setup.webhook_url(self.url, self.sender.source)

    def get(self, path: str, **asked: str) -> Any:
        """What the API answers for a path of this company."""
        answer = httpx.get(
            f"{self.url}/api/companies/{self.sender.company_id}/{path}",
            params=asked,
            headers=bearer(self.token),
            timeout=10,
            trust_env=False,
        )
        answer.raise_for_status()
        return answer.json()

    def incidents(self) -> list[Mapping[str, Any]]:
        """All incidents, newest first."""
        found: list[Mapping[str, Any]] = self.get("incidents")["items"]
        return found

    def await_incidents(self, status: str, count: int, *, told: Callable[[], str] = lambda: "") -> list[Any]:
        """Wait until exactly `count` incidents have a status; raises AssertionError after the deadline."""

        def ask() -> list[Any] | None:
            found = [incident for incident in self.incidents() if incident["status"] == status]
            return found if len(found) == count else None

        return await_answer(
            ask, f"{count} incidents to be {status}", told=lambda: f"incidents: {self.incidents()}\n{told()}"
        )


class MakeCustomer(Protocol):
    """A factory of companies."""

    def __call__(self, source: str, **settings: object) -> Customer:
        """A company with one integration of that source with these settings."""
        ...


@pytest.fixture(scope="session")
def server(migrated: Migrated) -> Iterator[Server]:
    """Our server, as a process of its own."""
    with serving(on_database(migrated)) as started:
        yield started


@pytest.fixture
def make_customer(server: Server) -> MakeCustomer:
    """A factory: `make_customer("zabbix", timezone="Europe/Berlin")`."""

    async def make(source: str, settings: Mapping[str, object]) -> Customer:
        async with house_of(server.place, connections=2) as house:
            company = await new_company(house)
            sender = await new_sender(house, company.id, source, settings=settings)
            text = setup.filled(house.sources[source], setup.webhook_url(server.url, source), sender.api_key)
            return Customer(server.url, sender, text, await new_token(house))

    return lambda source, **settings: run_apart(make(source, settings))


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder for the peers' settings, data and logs."""
    with open_place("aw-peers-") as folder:
        yield folder
