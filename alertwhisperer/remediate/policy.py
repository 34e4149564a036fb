"""What a company lets alerts decide about runs: read, checked and changed by an admin."""

import re
from datetime import datetime

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound
from alertwhisperer.domain.run import Allowed, RunPolicy
from alertwhisperer.guard.approvals.voiding import void_touched
from alertwhisperer.guard.companies import require_company
from alertwhisperer.remediate.means import Means
from alertwhisperer.store import audit, run_policy
from alertwhisperer.store.database import Database, Unit

MOST = run_policy.MOST
_ORIGIN = re.compile(r"asset|signature|label:[A-Za-z_][A-Za-z0-9_.:-]{0,99}")


async def get_policy(database: Database, scope: Scope) -> RunPolicy:
    """
    What the scope's company lets alerts decide.

    Raises:
        NotFound: there is no such company.
    """
    async with database.unit_of_work(scope) as unit:
        await require_company(unit)
        return await run_policy.read(unit)


async def set_policy(
    database: Database,
    scope: Scope,
    means: Means,
    wanted: RunPolicy,
    *,
    based_on: int | None = None,
    now: datetime,
) -> RunPolicy:
    """
    Make it this; runs that wait and take from an alert what is not allowed any more do not start.

    Args:
        based_on: the version that was edited; None replaces whatever there is.

    Raises:
        Conflicting: somebody changed it since that version.
        Invalid: a parameter is named twice, no runbook has it, or it may not take from there.
        NotFound: there is no such company, or no such integration in it.
    """
    async with database.unit_of_work(scope) as unit:
        await require_company(unit)
        await run_policy.lock(unit)
        before = await run_policy.read(unit)
        if based_on is not None and based_on != before.version:
            raise Conflicting(
                f"what alerts may decide is at version {before.version} now",
                where="based_on",
                mend="read it again, then save",
            )
        await _check(unit, means, wanted)
        if before != wanted:
            version = await run_policy.write(unit, wanted, now=now)
            changed = {one.runbook for one in {*before.parameters} ^ {*wanted.parameters}}
            await void_touched(unit, "runbook", sorted(changed), now=now)
            detail = {
                "version": version,
                "trusted": [_trusted(before), _trusted(wanted)],
                "parameters": [_plain(before), _plain(wanted)],
            }
            resource = Resource("run_policy", str(unit.company_id))
            await audit.write(unit, AuditAction.RUN_POLICY_CHANGED, resource, detail, now=now)
        return await run_policy.read(unit)


async def _check(unit: Unit, means: Means, wanted: RunPolicy) -> None:
    if max(len(wanted.trusted), len(wanted.parameters)) > MOST:
        raise Invalid(f"at most {MOST} of each kind", mend="name fewer")
    known = await run_policy.known_integrations(unit, wanted.trusted)
    for integration_id in sorted(wanted.trusted - known):
        raise NotFound(f"there is no integration {integration_id}", where="trusted_integrations", mend="list them")
    named = [(one.runbook, one.parameter) for one in wanted.parameters]
    if len(set(named)) < len(named):
        raise Invalid("a parameter is named twice", where="parameters", mend="let it take from one thing")
    shelf = await means.shelf(unit)
    for one in wanted.parameters:
        runbook = shelf.get(one.runbook)
        parameters = {} if runbook is None else {each.name: each for each in runbook.parameters}
        if one.parameter not in parameters:
            raise Invalid(
                f"there is no parameter {one.parameter[:60]!r} of a runbook {one.runbook[:60]!r}",
                where="parameters",
                mend="look at the runbook",
            )
        may = parameters[one.parameter].suggested_from
        if not _ORIGIN.fullmatch(one.origin) or one.origin not in may:
            raise Invalid(
                f"{one.parameter} of {one.runbook} may not be taken from {one.origin[:60]!r}",
                where="parameters",
                mend=f"the runbook suggests: {', '.join(may) or 'nothing'}",
            )


def _trusted(policy: RunPolicy) -> list[str]:
    return sorted(map(str, policy.trusted))


def _plain(policy: RunPolicy) -> list[list[str]]:
    return [_row(one) for one in policy.parameters]


def _row(one: Allowed) -> list[str]:
    return [one.runbook, one.parameter, one.origin]
