"""Each run, refusal and output is in the audit log of its company, and in no other's."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import pytest

from alertwhisperer.domain.approval import Risk
from alertwhisperer.domain.audit import AuditAction as Did
from alertwhisperer.domain.brake import Reach
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.run import Run, RunState
from alertwhisperer.domain.runbook import Phase
from alertwhisperer.domain.user import Role
from alertwhisperer.guard import brakes
from alertwhisperer.guard.approvals import answer
from alertwhisperer.remediate.asking import cancel_run
from alertwhisperer.store import audit
from tests.conftest import MakeCompany
from tests.remediate.world import World, changed, runbook

Entry = tuple[str, str, Mapping[str, Any]]


async def about(world: World, scope: Scope, run: Run) -> list[Entry]:
    """What the log of a scope's company says of a run, oldest first: action, reason, detail."""
    async with world.database.unit_of_work(scope) as unit:
        entries = await audit.page(unit, limit=500)
    return [(one.action.value, one.reason, one.detail) for one in reversed(entries) if one.resource.id == str(run.id)]


async def of_approval(world: World, run: Run) -> set[Did]:
    """What the log says of its approval."""
    async with world.database.unit_of_work(world.machine) as unit:
        entries = await audit.page(unit, limit=500)
    return {one.action for one in entries if one.resource.id == str(run.approval_id)}


async def test_each_script_is_there_with_the_hash_of_what_it_printed(world: World, make_company: MakeCompany) -> None:
    await world.set(auto_approve_low="yes")
    act = b"echo act >>steps; touch healthy; echo out; echo err >&2; echo password=hunter22\n"
    asset, _ = await world.target(), world.put(runbook(scripts={Phase.ACT: act, Phase.VERIFY: b"exit 1"}))
    run = await world.ask(world.machine, "restart-app", asset)
    await world.work()
    whole = await world.whole(run.id)
    entries = await about(world, world.machine, run)
    told = {one["act"]: one for action, _, one in entries if action == Did.RUN_ACTED}
    assert len(told) == len(whole.acts) == 5
    for act_row in whole.acts:
        outcome = (await world.output(act_row)).outcome
        assert outcome is not None
        one = told[str(act_row.id)]
        assert (one["phase"], one["ending"], one["exit_code"]) == (
            act_row.phase.value,
            outcome.ending.value,
            outcome.exit_code,
        )
        assert one["stdout_sha256"] == sha256(outcome.stdout).hexdigest()
        assert one["stderr_sha256"] == sha256(outcome.stderr).hexdigest()
    assert "hunter22" not in str(entries)
    [ended] = [detail for action, _, detail in entries if action == Did.RUN_ENDED]
    assert ended["state"] == "rolled_back"
    assert ended["targets"] == {str(asset.id): ["rolled_back", "undone"]}
    other = await make_company("Beside")
    assert await about(world, other.scope, run) == []


@pytest.mark.parametrize("how", ["refused", "lapsed", "withdrawn", "changed"])
async def test_what_never_started_says_why(world: World, how: str, make_company: MakeCompany) -> None:
    asset, book = await world.target(), world.put(runbook(risk=Risk.MEDIUM))
    admin = await world.person(Role.COMPANY_ADMIN)
    run = await world.ask(world.machine, "restart-app", asset)
    if how == "refused":
        await answer.refuse(world.database, world.by(admin), run.approval_id, reason="not now", now=world.now)
    elif how == "withdrawn":
        await cancel_run(world.database, world.by(admin), run.id, now=world.now)
    else:
        await world.approve(run, admin)
        if how == "lapsed":
            world.advance(hours=2)
        else:
            world.put(changed(book, scripts={**book.scripts, Phase.ACT: book.scripts[Phase.VERIFY]}))
    await world.work()
    ended = await world.run(run.id)
    assert ended.state is RunState.CANCELLED
    entries = await about(world, world.machine, run)
    withdrawn = [Did.RUN_CANCELLED.value] if how == "withdrawn" else []
    assert sorted(action for action, _, _ in entries) == sorted(
        [Did.RUN_ASKED.value, Did.RUN_NOT_STARTED.value, *withdrawn]
    )
    [reason] = [reason for action, reason, _ in entries if action == Did.RUN_NOT_STARTED]
    assert reason == ended.reason.value
    settled = {"refused": Did.APPROVAL_REFUSED, "lapsed": Did.APPROVAL_LAPSED}.get(how, Did.APPROVAL_VOIDED)
    assert settled in await of_approval(world, run)
    other = await make_company("Beside")
    assert await about(world, other.scope, run) == []


async def test_a_start_that_a_brake_holds_up_is_there_and_so_is_the_start(world: World) -> None:
    await world.set(auto_approve_low="yes")
    asset, _ = await world.target(), world.put(runbook())
    await brakes.stop(world.database, world.machine, Reach.COMPANY, reason="something is wrong", now=world.now)
    run = await world.ask(world.machine, "restart-app", asset)
    await world.work()
    assert Did.START_REFUSED in await of_approval(world, run)
    assert [action for action, _, _ in await about(world, world.machine, run)] == [Did.RUN_ASKED.value]
    await brakes.release(world.database, world.machine, Reach.COMPANY, now=world.now)
    world.advance(seconds=20)
    await world.work()
    actions = sorted(action for action, _, _ in await about(world, world.machine, run))
    assert actions == [*["run_acted"] * 4, "run_asked", "run_ended", "run_started"]


async def test_what_a_person_must_look_at_is_there(world: World) -> None:
    await world.set(auto_approve_low="yes")
    scripts = {Phase.VERIFY: b"exit 1", Phase.UNDO: b"exit 1"}
    asset, _ = await world.target(), world.put(runbook(scripts=scripts))
    run = await world.ask(world.machine, "restart-app", asset)
    await world.work()
    [(said, detail)] = [
        (reason, detail)
        for action, reason, detail in await about(world, world.machine, run)
        if action == Did.RUN_ESCALATED
    ]
    assert detail == {"reason": "rollback_failed"}
    assert "app-01: failed" in said
