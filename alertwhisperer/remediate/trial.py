"""Goes to a bound asset and looks whether a script could begin there."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from alertwhisperer.domain.company import Scope
from alertwhisperer.executors.contract import Runner
from alertwhisperer.guard.vault import Vault
from alertwhisperer.remediate.reach import reach_of
from alertwhisperer.store.database import Database


async def check_binding(
    database: Database, vault: Vault, scope: Scope, runners: Mapping[str, Runner], asset_id: UUID
) -> Sequence[str]:
    """
    Go to a bound asset and look whether a script could begin there; nothing is run.

    Returns:
        What is wrong, each with its mend; empty when all is well.

    Raises:
        Invalid: it is bound to nothing.
        NotFound: the company has no such asset.
        Conflicting: nobody confirmed it, or its credential is not proven.
    """
    async with database.unit_of_work(scope) as unit:
        way = await reach_of(unit, vault, asset_id)
    runner = runners.get(way.executor)
    if runner is None:
        return (f"this installation has no way by {way.executor}: bind the asset otherwise",)
    return tuple(await runner.check(way))
