"""What a company lets alerts decide about runs: which integrations are trusted, which parameters take from an alert."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from alertwhisperer.domain.run import Allowed, RunPolicy
from alertwhisperer.store.database import Unit, queries

MOST = 1_000
"""Of each kind in one company."""

_sql = queries("run_policy")


async def lock(unit: Unit) -> None:
    """Wait until nobody else changes it, and keep others waiting until the unit ends."""
    await _sql.lock(unit.connection, company_id=unit.company_id)


async def read(unit: Unit) -> RunPolicy:
    """What the unit's company lets alerts decide; nothing where nobody said."""
    trusted = _sql.trusted(unit.connection, company_id=unit.company_id, limit=MOST)
    parameters = _sql.parameters(unit.connection, company_id=unit.company_id, limit=MOST)
    return RunPolicy(
        frozenset([row["integration_id"] async for row in trusted]),
        tuple([Allowed(row["runbook"], row["parameter"], row["origin"]) async for row in parameters]),
        await _sql.version(unit.connection, company_id=unit.company_id) or 0,
    )


async def write(unit: Unit, policy: RunPolicy, *, now: datetime) -> int:
    """Make it this; gives its version. The caller holds the lock."""
    given = {"company_id": unit.company_id, "given_by": unit.scope.actor, "given_at": now}
    await _sql.drop_trust(unit.connection, company_id=unit.company_id)
    await _sql.drop_parameters(unit.connection, company_id=unit.company_id)
    await _sql.insert_trust(unit.connection, **given, integration_ids=sorted(policy.trusted))
    await _sql.insert_parameters(
        unit.connection,
        **given,
        runbooks=[one.runbook for one in policy.parameters],
        parameters=[one.parameter for one in policy.parameters],
        origins=[one.origin for one in policy.parameters],
    )
    version: int = await _sql.count(unit.connection, company_id=unit.company_id)
    return version


async def known_integrations(unit: Unit, integration_ids: Collection[UUID]) -> set[UUID]:
    """Those of some integrations that the company has and uses."""
    wanted = sorted(integration_ids)
    found = _sql.known_integrations(
        unit.connection, company_id=unit.company_id, integration_ids=wanted, limit=len(wanted)
    )
    return {row["integration_id"] async for row in found}
