"""Goes to a bound asset and looks whether a script could begin there; what was seen is kept, and in the audit log."""

from collections.abc import Mapping
from uuid import UUID

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.reach import BindingCheck
from alertwhisperer.executors.contract import Runner
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import Clock
from alertwhisperer.remediate.bindings import bound
from alertwhisperer.remediate.masking import mask_words
from alertwhisperer.remediate.reach import reach_of
from alertwhisperer.store import audit, reach
from alertwhisperer.store.database import Database


async def check_binding(
    database: Database, vault: Vault, scope: Scope, runners: Mapping[str, Runner], asset_id: UUID, *, clock: Clock
) -> BindingCheck:
    """
    Go to a bound asset and look whether a script could begin there; nothing is run.

    Returns:
        What is wrong, each with its mend; nothing when all is well. It is kept, unless the asset is bound otherwise by
        then.

    Raises:
        Invalid: it is bound to nothing.
        NotFound: the company has no such asset.
        Conflicting: nobody confirmed it, or its credential is not proven.
    """
    began = clock.now()
    async with database.unit_of_work(scope) as unit:
        way = await reach_of(unit, vault, asset_id)
        binding = bound(await reach.binding(unit, asset_id), asset_id)
    runner = runners.get(way.executor)
    if runner is None:
        wrong = [f"this installation has no way by {way.executor}: bind the asset otherwise"]
    else:
        wrong = [mask_words(one, way.secrets.values()) for one in await runner.check(way)]
    check = BindingCheck(began, scope.actor, tuple(wrong))
    async with database.unit_of_work(scope) as unit:
        await reach.put_check(unit, binding, check)
        detail = {"executor": way.executor, "holds": not wrong, "wrong": wrong}
        await audit.write(unit, AuditAction.BINDING_CHECKED, Resource("asset", str(asset_id)), detail, now=clock.now())
    return check
