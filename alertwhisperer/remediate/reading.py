"""What people read about runs: a run with all that happened, an incident's candidates, what a person must look at."""

from dataclasses import dataclass
from uuid import UUID

from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import NotFound
from alertwhisperer.domain.run import Act, Choice, Healing, Run, RunEscalation, RunWhole
from alertwhisperer.domain.runbook import Phase
from alertwhisperer.guard.companies import require_company
from alertwhisperer.remediate.asking import absent
from alertwhisperer.store import healings, incidents, run_choices, runs
from alertwhisperer.store.database import Database
from alertwhisperer.store.runs import RunFilter

_MOST_OF_INCIDENT = 100


@dataclass(frozen=True, slots=True)
class Mending:
    """
    What was done to mend an incident.

    Attributes:
        choice: None while nobody has looked.
        healing: None where no run alone healed it.
        escalations: newest first, at most a hundred.
    """

    choice: Choice | None
    runs: tuple[Run, ...]
    healing: Healing | None
    escalations: tuple[RunEscalation, ...]


async def list_runs(
    database: Database,
    scope: Scope,
    wanted: RunFilter = RunFilter(),
    *,
    limit: int = 100,
    before: UUID | None = None,
) -> tuple[Run, ...]:
    """
    Runs of the scope's company, newest first, from the one after `before`.

    Raises:
        NotFound: there is no such company.
    """
    async with database.unit_of_work(scope) as unit:
        await require_company(unit)
        return await runs.page(unit, wanted, limit=limit, before=before)


async def get_run(database: Database, scope: Scope, run_id: UUID) -> RunWhole:
    """
    A run with its scripts, without their outputs, and its transitions.

    Raises:
        NotFound: the company has no such run.
    """
    async with database.unit_of_work(scope) as unit:
        run = await runs.read(unit, run_id)
        if run is None:
            raise absent(run_id)
        return RunWhole(run, await runs.acts_of(unit, run_id), await runs.steps_of(unit, run_id))


async def get_act(database: Database, scope: Scope, run_id: UUID, act_id: UUID) -> Act:
    """
    One script of a run with its whole output, or with what was heard of it so far.

    Raises:
        NotFound: the run has no such script, or it took a snapshot, which is for the undo alone.
    """
    async with database.unit_of_work(scope) as unit:
        act = await runs.act(unit, run_id, act_id)
    if act is None or act.phase is Phase.SNAPSHOT:
        raise NotFound(f"the run has no output {act_id} to show", where="act_id", mend="read the run")
    return act


async def get_mending(database: Database, scope: Scope, incident_id: UUID) -> Mending:
    """
    What was thought and done to mend an incident.

    Raises:
        NotFound: the company has no such incident.
    """
    async with database.unit_of_work(scope) as unit:
        if await incidents.read(unit, incident_id) is None:
            raise NotFound("there is no such incident", where="incident_id", mend="list them")
        return Mending(
            await run_choices.read(unit, incident_id),
            await runs.page(unit, RunFilter(incident_id=incident_id), limit=_MOST_OF_INCIDENT),
            await healings.read(unit, incident_id),
            await run_choices.escalations(unit, incident_id=incident_id, limit=_MOST_OF_INCIDENT),
        )


async def list_escalations(
    database: Database, scope: Scope, *, limit: int = 100, before: UUID | None = None
) -> tuple[RunEscalation, ...]:
    """
    What a person of the scope's company must look at, newest first, from the one after `before`.

    Raises:
        NotFound: there is no such company.
    """
    async with database.unit_of_work(scope) as unit:
        await require_company(unit)
        return await run_choices.escalations(unit, limit=limit, before=before)
