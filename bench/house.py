"""The product as shipped, in a folder of its own, and the companies that send to it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.store.embedded import EmbeddedServer
from bench import books, machine
from bench.books import Verdict
from tests.places import open_place
from tests.server import Place, Sender, Server, house_of, new_company, new_sender, serving

COMPANIES = 20
_SOURCES = ("prometheus", "generic")


@dataclass(frozen=True, slots=True)
class Product:
    """
    The running server.

    Attributes:
        many: the integrations of the 20 companies, two of each, side by side.
        alone: those of one further company that sends by itself.
    """

    place: Place
    data_dir: Path
    server: Server
    owner_dsn: str = field(repr=False)
    many: Sequence[Sender]
    alone: Sequence[Sender]

    def cpu_s(self) -> dict[str, float]:
        """Processor time so far of the server process and of PostgreSQL; empty where it cannot be told."""
        parts = {"server": self.server.pid, "postgres": machine.postmaster(self.data_dir)}
        spent = {name: machine.cpu_s([pid]) for name, pid in parts.items()}
        return {name: seconds for name, seconds in spent.items() if seconds is not None}

    def verify(self) -> Verdict:
        """The books of all companies."""
        companies = {sender.company_id for sender in (*self.many, *self.alone)}
        return asyncio.run(_verify(self.place, sorted(companies)))


@contextmanager
def running_product(environ: Mapping[str, str] | None = None) -> Iterator[Product]:
    """
    A fresh installation with production settings and its own embedded database; removed when the block ends.

    Args:
        environ: of the server's process besides; nothing when it is measured.
    """
    with open_place("aw-bench-") as folder:
        data_dir = folder / "data"
        place = Place({"ALERTWHISPERER_DATA_DIR": str(data_dir), "ALERTWHISPERER_ENVIRONMENT": "production"})
        try:
            with serving(place, environ=environ) as server:
                owner_dsn, many, alone = asyncio.run(_furnish(place))
                yield Product(place, data_dir, server, owner_dsn, many, alone)
        finally:
            # The database outlives its last user by a moment, in which it would write into a folder being removed.
            asyncio.run(EmbeddedServer(data_dir).release(wait_s=30))


async def _furnish(place: Place) -> tuple[str, list[Sender], list[Sender]]:
    """Companies without limits; each of their integrations refuses what is not signed."""
    async with house_of(place) as house:
        made: list[list[Sender]] = []
        for number in range(COMPANIES + 1):
            company = await new_company(house, f"Company {number:02d}")
            made.append([await new_sender(house, company.id, source, require_signature=True) for source in _SOURCES])
        return house.owner_dsn, [sender for senders in made[:COMPANIES] for sender in senders], made[COMPANIES]


async def _verify(place: Place, companies: Sequence[CompanyId]) -> Verdict:
    async with house_of(place) as house:
        return await books.verify(house, companies)
