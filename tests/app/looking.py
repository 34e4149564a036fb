"""What tests of feeds need: a house whose clock stands still, the part that looks, and what was stored."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from alertwhisperer.app.build import House
from alertwhisperer.app.feeds import Feeds, Submit
from alertwhisperer.app.lanes import Lanes
from alertwhisperer.app.outbound import Outbound
from alertwhisperer.app.pipeline import Pipeline
from alertwhisperer.app.rulebook import Rulebook
from alertwhisperer.domain.company import CompanyId, Scope
from alertwhisperer.domain.company_setting import MOST_PER_MINUTE
from alertwhisperer.domain.delivery import Answer, Delivery
from alertwhisperer.ingest import feeds as doors
from alertwhisperer.ingest.admission import Admission
from alertwhisperer.ingest.intake import Intake
from alertwhisperer.ingest.integrations import add_integration
from alertwhisperer.ingest.keyring import Keyring
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.kit.metrics import Metrics
from alertwhisperer.sources.contract import Outside
from alertwhisperer.store import alerts
from alertwhisperer.store.alerts import AlertFilter
from alertwhisperer.store.due import POLL_FEED
from alertwhisperer.store.feeds import Feed
from tests.database import Migrated
from tests.server import house_of, new_company, on_database

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


class Killed(BaseException):
    """The process ends here: nothing catches it, and nothing is written any more."""


@dataclass
class Looking:
    """
    A company whose tools are looked at.

    Attributes:
        kill_after: chunks that are committed before the process is killed; None lets it live.
        stored: ids of the deliveries that were handed in.
    """

    house: House
    clock: ManualClock
    company_id: CompanyId
    lanes: Lanes
    feeds: Feeds
    kill_after: int | None = None

    @property
    def scope(self) -> Scope:
        """In the company's name."""
        return Scope(self.company_id, "test")

    async def begin(self, source: str, **settings: object) -> UUID:
        """Add a feed; it is due at once."""
        made = await add_integration(
            self.house.database,
            self.house.vault,
            self.house.sources,
            self.scope,
            source=source,
            name=source,
            settings=settings,
            now=self.clock.now(),
        )
        return made.integration.id

    async def look(self, integration_id: UUID, *, later: timedelta = timedelta(hours=1, seconds=1)) -> Feed:
        """Let time go by and look at everything that is due then."""
        self.clock.advance(later)
        return await self.look_now(integration_id)

    async def look_now(self, integration_id: UUID) -> Feed:
        """Look at everything that is due now, as often as it is."""
        for _ in range(60):
            await self.feeds.run_due()
            await self.feeds.settled()
            feed = await doors.get_feed(self.house.database, self.scope, integration_id)
            if feed.due_at is None or feed.due_at > self.clock.now():
                return feed
        raise AssertionError("the feed is due for ever")

    async def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of the company."""
        async with self.house.database.unit_of_work(self.scope) as unit:
            return [tuple(row) for row in await unit.connection.fetch(query, *values)]

    async def bodies(self) -> list[bytes]:
        """The deliveries that are stored, in their order."""
        return [row[0] for row in await self.rows("SELECT body FROM delivery ORDER BY id")]

    async def alerts(self) -> dict[str, str]:
        """Status of each alert, firing or resolved, by its asset and check (`asset: check`)."""
        async with self.house.database.unit_of_work(self.scope) as unit:
            found = await alerts.page(unit, AlertFilter(), limit=500)
        return {f"{one.asset}: {one.signature}": one.status.word for one in reversed(found)}

    async def quarantined(self) -> list[str]:
        """Reasons of what waits in quarantine."""
        return [row[0] for row in await self.rows("SELECT reason FROM quarantine WHERE state = 'waiting' ORDER BY id")]

    async def submit(self, deliveries: Sequence[Delivery]) -> list[Answer]:
        """The lanes, and a kill after a commit where one is wanted."""
        answers = await self.lanes.submit_all(deliveries)
        if self.kill_after is not None:
            self.kill_after -= 1
            if self.kill_after < 0:
                raise Killed
        return answers


@asynccontextmanager
async def looking_of(
    migrated: Migrated, clock: ManualClock, *, occurrences_per_minute: int = MOST_PER_MINUTE
) -> AsyncIterator[Looking]:
    """A company, with a limit only when it is given, and one process that looks."""
    async with house_of(on_database(migrated), connections=4) as opened:
        house = replace(opened, clock=clock)
        metrics = Metrics()
        lanes = Lanes(house.database, Pipeline(Rulebook(house.database), clock, metrics), clock, metrics, count=1)
        lanes.start()
        company = await new_company(house, occurrences_per_minute=occurrences_per_minute)
        admission = Admission(house.database, clock)
        outbound = Outbound(networks=LOOPBACK, call_s=1.0)

        async def submit(deliveries: Sequence[Delivery]) -> list[Answer]:
            return await looking.submit(deliveries)

        looking = Looking(house, clock, company.id, lanes, feeds_of(house, admission, submit, outbound, metrics))
        try:
            yield looking
        finally:
            await looking.feeds.stop()
            await lanes.stop()
            async with house.database.unit_of_work(looking.scope) as unit:  # the next test's part would look as well
                await unit.connection.execute("DELETE FROM due_work WHERE kind = $1", POLL_FEED)


def feeds_of(house: House, admission: Admission, submit: Submit, outbound: Outbound, metrics: Metrics) -> Feeds:
    """The part that looks, as `serve` wires it."""
    return Feeds(
        house=house,
        keyring=Keyring(house.database, house.vault, house.sources, house.clock),
        admission=admission,
        intake=Intake(admission, house.vault),
        submit=submit,
        outside=Outside(outbound.call, outbound.connect),
        heard=lambda delivery, parsed: None,
        metrics=metrics,
    )


def item(number: int, **more: object) -> Mapping[str, object]:
    """An item in our plain shape."""
    return {"id": number, "asset_name": f"unit-{number}", "signature": "too warm", "severity": "high", **more}
