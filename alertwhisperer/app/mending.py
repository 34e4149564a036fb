"""Puts remediation together: the one place that knows which runbooks, ways to targets and executors there are."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from alertwhisperer.app.build import House
from alertwhisperer.app.targets import runners_of
from alertwhisperer.correlate import acts
from alertwhisperer.domain.approval import Target
from alertwhisperer.domain.errors import Conflicting, NotFound
from alertwhisperer.domain.execution import Reach
from alertwhisperer.domain.runbook import Platform, Runbook
from alertwhisperer.remediate.means import Means
from alertwhisperer.remediate.reach import reach_of, target_of
from alertwhisperer.remediate.shelf import runbooks_of
from alertwhisperer.runbooks.matching import candidates
from alertwhisperer.runbooks.parameters import bind
from alertwhisperer.store import incidents
from alertwhisperer.store.database import Unit


class OpenIncidents:
    """What remediation may do to incidents, done by the room that decides about them."""

    async def resolve(self, unit: Unit, incident_id: UUID, run_id: UUID, *, now: datetime) -> bool:
        """A run proved that the fault is gone: resolve it; False when it is not open."""
        return await acts.resolve_by_run(unit, incident_id, run_id, now=now)

    async def assign(self, unit: Unit, incident_id: UUID, assignee: str, *, now: datetime) -> bool:
        """Give it to somebody, unless somebody has it already or it is not open; whether that was done."""
        incident = await incidents.read(unit, incident_id)
        if incident is None or incident.assignee is not None:
            return False
        try:
            await acts.assign(unit, incident_id, assignee, now=now)
        except (Conflicting, NotFound):
            return False
        return True


def means_of(house: House) -> Means:
    """What runs are made of here."""

    async def target(unit: Unit, asset_id: UUID) -> tuple[Target, UUID | None]:
        return await target_of(unit, house.vault, asset_id)

    async def way(unit: Unit, asset_id: UUID) -> Reach:
        return await reach_of(unit, house.vault, asset_id)

    return Means(
        shelf=runbooks_of,
        bind=bind,
        match=_match,
        target_of=target,
        reach_of=way,
        runners=runners_of(house.settings, house.clock),
        incidents=OpenIncidents(),
    )


def _match(
    runbooks: Sequence[Runbook], *, signature: str, platform: str, tags: Sequence[str]
) -> Sequence[tuple[Runbook, str]]:
    found = candidates(runbooks, signature, _platform(platform), tags)
    return [(one.runbook, f"its pattern {one.fits} fits the signature") for one in found]


def _platform(written: str) -> Platform | None:
    """What the inventory's text means; people write `Windows Server 2022` as well as `windows`."""
    words = written.casefold().split()
    return next((one for one in Platform if one.value in words), None)
