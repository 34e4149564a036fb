"""Tools of a company that say what is wrong, through the real pipeline: incidents open, reopen and resolve by it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

from alertwhisperer.app.lanes import Lanes
from alertwhisperer.app.pipeline import Pipeline
from alertwhisperer.app.rulebook import Rulebook
from alertwhisperer.correlate.replay import replay
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence
from alertwhisperer.domain.run import Candidate, Choice, Healing
from alertwhisperer.domain.severity import Severity
from alertwhisperer.ingest.routing import native_delivery
from alertwhisperer.kit.metrics import Metrics
from alertwhisperer.store import alerts, healings, incidents, run_choices
from alertwhisperer.store.alerts import AlertFilter
from alertwhisperer.store.incidents import IncidentRow
from tests.remediate.world import World

SIGNATURE = "App is down"


@dataclass
class Alarms:
    """One tool: `integration_id` is whose alerts they are."""

    world: World
    lanes: Lanes
    integration_id: UUID

    async def fire(
        self,
        asset: str = "app-01",
        signature: str = SIGNATURE,
        *,
        labels: Mapping[str, str] | None = None,
        resolved: bool = False,
        integration_id: UUID | None = None,
    ) -> UUID:
        """Say it; gives the incident that its newest alert is in."""
        world = self.world
        world.advance(seconds=1)
        content = Content(asset, signature, f"{signature} on {asset}", "generic", dict(labels or {}))
        kind = Kind.RESOLVED if resolved else Kind.FIRING
        said = Occurrence(kind, content, None if resolved else Severity.HIGH, f"{asset}/{signature}")
        await self.lanes.submit(
            native_delivery(
                world.company_id.bytes,
                (integration_id or self.integration_id).bytes,
                [said],
                received_at=world.now,
                sender=uuid4().bytes,
            )
        )
        async with world.database.unit_of_work(world.machine) as unit:
            [newest] = await alerts.page(unit, AlertFilter(asset=asset, signature=signature), limit=1)
        assert newest.incident_id is not None
        return newest.incident_id

    async def incident(self, incident_id: UUID) -> IncidentRow:
        async with self.world.database.unit_of_work(self.world.machine) as unit:
            found = await incidents.read(unit, incident_id)
        assert found is not None
        return found

    async def choice(self, incident_id: UUID) -> Choice:
        async with self.world.database.unit_of_work(self.world.machine) as unit:
            found = await run_choices.read(unit, incident_id)
        assert found is not None
        return found

    async def only(self, incident_id: UUID) -> Candidate:
        """The one candidate that an incident has."""
        [candidate] = (await self.choice(incident_id)).candidates
        return candidate

    async def healing(self, incident_id: UUID) -> Healing | None:
        async with self.world.database.unit_of_work(self.world.machine) as unit:
            return await healings.read(unit, incident_id)

    async def replays(self) -> None:
        """The company's log decides the same again."""
        async with self.world.database.unit_of_work(self.world.machine, snapshot=True) as unit:
            found = await replay(unit)
        assert found.different == 0, found.differences


@asynccontextmanager
async def alarms(world: World, integration_id: UUID) -> AsyncIterator[Alarms]:
    """A tool that speaks through lanes of its own."""
    metrics = Metrics()
    pipeline = Pipeline(Rulebook(world.database), world.clock, metrics)
    lanes = Lanes(world.database, pipeline, world.clock, metrics, count=1)
    lanes.start()
    try:
        yield Alarms(world, lanes, integration_id)
    finally:
        await lanes.stop()
