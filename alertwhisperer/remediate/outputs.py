"""
Removes what scripts of runs printed once a company has kept it for as long as it wants.

What a target prints may say more of a client than anybody needs for ever. That a script ran, how it ended and the
SHA-256 of what it printed stay: in the run, and in the audit log.
"""

from datetime import datetime, timedelta

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.company_setting import RUN_OUTPUT_DAYS
from alertwhisperer.guard.company_settings import held
from alertwhisperer.store import audit, runs
from alertwhisperer.store.database import Database

_AT_ONCE = 1_000
"""Scripts of one transaction: an upkeep that holds many rows keeps others waiting."""


async def forget_outputs(database: Database, scope: Scope, *, now: datetime) -> int:
    """
    Remove the outputs and the left-over snapshots of the company's runs that ended too long ago.

    Returns:
        Of how many scripts.
    """
    removed = 0
    while True:
        async with database.unit_of_work(scope) as unit:
            settings = {one.name: one.value for one in await held(unit)}
            before = now - timedelta(days=int(settings[RUN_OUTPUT_DAYS]))
            outputs = await runs.remove_outputs(unit, before=before, limit=_AT_ONCE, now=now)
            snapshots = await runs.remove_snapshots(unit, before=before)
            if outputs or snapshots:
                detail = {"scripts": outputs, "snapshots": snapshots, "runs_ended_before": before.isoformat()}
                resource = Resource("company", str(scope.company_id))
                await audit.write(unit, AuditAction.RUN_OUTPUTS_REMOVED, resource, detail, now=now)
        removed += outputs
        if outputs < _AT_ONCE:
            return removed
