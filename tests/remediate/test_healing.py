"""Self-healed: the probe said so, nobody acted, and the fault stayed away for 24 hours; till then for now only."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from alertwhisperer.correlate import acts
from alertwhisperer.domain.approval import Risk
from alertwhisperer.domain.run import HealReason, HealState, RunState
from alertwhisperer.domain.state import IncidentStatus
from alertwhisperer.domain.user import Role
from alertwhisperer.insight.kpis import measure_each
from alertwhisperer.store import assets
from tests.conftest import MakeCompany
from tests.remediate.alarms import Alarms, alarms
from tests.remediate.world import World, runbook


@pytest.fixture
async def tool(world: World, make_company: MakeCompany) -> AsyncIterator[Alarms]:
    """A signing tool of a company that lets low risk pass, with one target and one runbook."""
    tenant = await make_company(source="generic", require_signature=True)
    world.company_id = tenant.id
    await world.set(auto_approve_low="yes")
    await world.target()
    world.put(runbook())
    async with alarms(world, tenant.integration.id) as made:
        yield made


async def heal(world: World, tool: Alarms) -> UUID:
    """A fault that a run mends."""
    incident_id = await tool.fire()
    await world.work()
    return incident_id


async def look_until(world: World, *, hours: float) -> None:
    """Let time pass, looking at what is due every few minutes as a server does."""
    for _ in range(int(hours * 4)):
        world.advance(minutes=15)
        await world.work()


async def test_it_resolves_for_now_and_is_confirmed_after_a_day(world: World, tool: Alarms) -> None:
    incident_id = await heal(world, tool)
    incident = await tool.incident(incident_id)
    assert (incident.status, incident.resolved_by) == (IncidentStatus.RESOLVED, "timer")
    healing = await tool.healing(incident_id)
    assert healing is not None
    assert (healing.state, healing.reason) == (HealState.PROVISIONAL, HealReason.VERIFIED)
    await tool.fire(resolved=True)
    await look_until(world, hours=23.5)
    healing = await tool.healing(incident_id)
    assert healing is not None
    assert healing.state is HealState.PROVISIONAL
    await look_until(world, hours=1)
    healing = await tool.healing(incident_id)
    assert healing is not None
    assert (healing.state, healing.reason) == (HealState.CONFIRMED, HealReason.STAYED_AWAY)
    await tool.replays()


async def test_a_fault_that_comes_back_withdraws_it(world: World, tool: Alarms) -> None:
    incident_id = await heal(world, tool)
    await tool.fire(resolved=True)
    world.advance(hours=20)
    again = await tool.fire()
    await world.work()
    healing = await tool.healing(incident_id)
    assert healing is not None
    assert healing.state is HealState.WITHDRAWN
    assert healing.reason in (HealReason.CAME_BACK, HealReason.REOPENED)
    assert again is not None
    await tool.replays()


async def test_a_fault_that_never_went_away_withdraws_it(world: World, tool: Alarms) -> None:
    """The tool goes on saying that it fires: the probe was wrong, or looked too early."""
    incident_id = await heal(world, tool)
    for _ in range(30):
        world.advance(hours=0.5)
        await tool.fire()
        await world.work()
    healing = await tool.healing(incident_id)
    assert healing is not None
    assert healing.state is HealState.WITHDRAWN


async def test_a_tool_that_lags_a_little_does_not(world: World, tool: Alarms) -> None:
    """Some repeats and then a resolve, within minutes of the fix, are the tool's slowness and no recurrence."""
    incident_id = await heal(world, tool)
    await tool.fire()
    world.advance(minutes=1)
    await tool.fire()
    await tool.fire(resolved=True)
    await look_until(world, hours=25)
    healing = await tool.healing(incident_id)
    assert healing is not None
    assert healing.state is HealState.CONFIRMED


async def test_a_fault_after_the_day_is_another_one(world: World, tool: Alarms) -> None:
    incident_id = await heal(world, tool)
    await tool.fire(resolved=True)
    world.advance(hours=26)
    await tool.fire()
    await world.work()
    healing = await tool.healing(incident_id)
    assert healing is not None
    assert healing.state is HealState.CONFIRMED


async def test_a_person_who_acts_means_that_it_did_not_heal_itself(world: World, tool: Alarms) -> None:
    incident_id = await tool.fire()
    person = await world.person(Role.TECHNICIAN)
    async with world.database.unit_of_work(world.by(person)) as unit:
        await acts.acknowledge(unit, incident_id, now=world.now)
    await world.work()
    assert (await tool.incident(incident_id)).status is IncidentStatus.RESOLVED
    assert await tool.healing(incident_id) is None


async def test_a_person_who_agrees_acts(world: World, tool: Alarms) -> None:
    world.put(runbook(risk=Risk.MEDIUM))
    incident_id = await tool.fire()
    worker = world.worker()
    await world.work(worker)
    run_id = (await tool.choice(incident_id)).run_id
    assert run_id is not None
    await world.approve(await world.run(run_id), await world.person(Role.COMPANY_ADMIN))
    await world.work(worker)
    assert (await world.run(run_id)).state is RunState.SUCCEEDED
    assert (await tool.incident(incident_id)).status is IncidentStatus.RESOLVED
    assert await tool.healing(incident_id) is None


async def test_a_candidate_that_a_person_starts_resolves_and_counts_as_that_persons(world: World, tool: Alarms) -> None:
    await world.set(auto_approve_low="no")
    incident_id = await tool.fire()
    worker = world.worker()
    await world.work(worker)
    [offered] = (await tool.choice(incident_id)).candidates
    assert offered.asset_id is not None
    async with world.database.unit_of_work(world.machine) as unit:
        asset = (await assets.among(unit, [offered.asset_id]))[offered.asset_id]
    run = await world.ask(world.by(await world.person(Role.TECHNICIAN)), "restart-app", asset, incident_id=incident_id)
    await world.approve(run, await world.person(Role.TECHNICIAN))
    await world.work(worker)
    assert (await tool.incident(incident_id)).status is IncidentStatus.RESOLVED
    assert await tool.healing(incident_id) is None


async def test_a_precheck_that_finds_nothing_heals_nothing(world: World, tool: Alarms) -> None:
    (world.root / "app-01" / "healthy").touch()
    incident_id = await heal(world, tool)
    assert (await tool.incident(incident_id)).status is IncidentStatus.OPEN
    assert await tool.healing(incident_id) is None


async def test_the_rest_of_an_incident_keeps_it_open(world: World, tool: Alarms) -> None:
    """An incident in which something else fires is not resolved by a run that mended one thing."""
    first = await tool.fire()
    other = await tool.fire("db-01", "Disk full")
    person = await world.person(Role.TECHNICIAN)
    async with world.database.unit_of_work(world.by(person)) as unit:
        await acts.merge(unit, first, [other], now=world.now)
    await world.work()
    assert (await tool.incident(first)).status is IncidentStatus.OPEN
    assert await tool.healing(first) is None


async def test_the_figures_count_what_is_confirmed_and_show_the_rest_apart(world: World, tool: Alarms) -> None:
    """Null before anything ran; provisional for a day; then one of one, however the period is cut."""

    async def figures() -> tuple[int | None, float | None, int | None]:
        async with world.database.unit_of_work(world.machine) as unit:
            found = (
                await measure_each(unit.connection, [unit.company_id], [(world.now - timedelta(days=3), world.now)], [])
            )[0][0]
        return found.self_healed_count, found.self_healed_pct, found.self_healed_provisional

    assert await figures() == (None, None, None)
    await heal(world, tool)
    await tool.fire(resolved=True)
    assert await figures() == (0, 0.0, 1)
    await look_until(world, hours=24.5)
    assert await figures() == (1, 100.0, 0)
