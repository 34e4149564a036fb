"""What scripts printed is kept for as long as the company wants, and not longer; that they ran is kept for ever."""

import asyncio
from datetime import timedelta
from hashlib import sha256

import asyncpg
import pytest

from alertwhisperer.domain.audit import AuditAction
from alertwhisperer.domain.execution import Call, Outcome, Reach
from alertwhisperer.domain.run import Act, Run, RunState
from alertwhisperer.domain.runbook import Phase
from alertwhisperer.executors.contract import Heard
from alertwhisperer.remediate.outputs import forget_outputs
from alertwhisperer.store import audit
from tests.conftest import MakeCompany
from tests.remediate.local import LocalRunner
from tests.remediate.world import World, runbook


async def acts(world: World, run: Run) -> list[Act]:
    return [await world.output(one) for one in (await world.whole(run.id)).acts]


async def printed(world: World, run: Run) -> list[bytes]:
    return [one.outcome.stdout for one in await acts(world, run) if one.outcome is not None]


async def forgotten(world: World) -> list[dict[str, object]]:
    """What the audit log says of what was removed, oldest first."""
    async with world.database.unit_of_work(world.machine) as unit:
        entries = await audit.page(unit, limit=500)
    return [dict(one.detail) for one in reversed(entries) if one.action is AuditAction.RUN_OUTPUTS_REMOVED]


async def test_outputs_go_when_their_time_is_over_and_the_record_stays(world: World) -> None:
    await world.set(auto_approve_low="yes", run_output_days=30)
    asset, _ = await world.target(), world.put(runbook())
    run = await world.ask(world.machine, "restart-app", asset)
    await world.work()
    before = await acts(world, run)
    ended_at = (await world.run(run.id)).ended_at
    assert ended_at is not None
    world.advance(seconds=(ended_at + timedelta(days=30) - world.now).total_seconds())
    assert await forget_outputs(world.database, world.machine, now=world.now) == 0, "not a moment too early"
    assert b"restarted\n" in await printed(world, run)
    world.advance(seconds=1)
    assert await forget_outputs(world.database, world.machine, now=world.now) == 4
    after = await acts(world, run)
    assert await printed(world, run) == [b""] * 4
    assert [one.output_removed_at for one in after] == [world.now] * 4
    for old, new in zip(before, after, strict=True):
        assert old.outcome is not None
        assert new.outcome is not None
        assert (new.outcome.ending, new.outcome.reason, new.settled_at) == (
            old.outcome.ending,
            old.outcome.reason,
            old.settled_at,
        )
    async with world.database.unit_of_work(world.machine) as unit:
        entries = await audit.page(unit, limit=500)
    hashes = {one.detail["stdout_sha256"] for one in entries if one.action is AuditAction.RUN_ACTED}
    assert sha256(b"restarted\n").hexdigest() in hashes
    [told] = await forgotten(world)
    assert (told["scripts"], told["snapshots"]) == (4, 0)
    world.advance(days=1)
    assert await forget_outputs(world.database, world.machine, now=world.now) == 0, "once"
    assert len(await forgotten(world)) == 1


async def test_a_snapshot_that_nobody_put_back_goes_with_them(world: World) -> None:
    await world.set(auto_approve_low="yes")
    scripts = {Phase.VERIFY: b"exit 1", Phase.UNDO: b"exit 1"}
    asset, _ = await world.target(), world.put(runbook(scripts=scripts))
    await world.ask(world.machine, "restart-app", asset)
    await world.work()
    assert await world.snapshots() == [b"old\n"]
    world.advance(days=399)
    await forget_outputs(world.database, world.machine, now=world.now)
    assert await world.snapshots() == [b"old\n"]
    world.advance(days=2)
    await forget_outputs(world.database, world.machine, now=world.now)
    assert await world.snapshots() == []
    [told] = await forgotten(world)
    assert (told["scripts"], told["snapshots"]) == (5, 1)


async def test_what_is_under_way_keeps_what_it_printed(world: World) -> None:
    """However old: a run whose worker is gone is carried on, and its undo needs the snapshot."""
    await world.set(auto_approve_low="yes", run_output_days=7)
    asset, _ = await world.target(), world.put(runbook())
    run = await world.ask(world.machine, "restart-app", asset)
    acting = asyncio.Event()

    class Hanging(LocalRunner):
        """The act does not come back before its worker ends."""

        async def run(self, reach: Reach, call: Call, heard: Heard) -> Outcome:
            if b"touch healthy" in call.script:
                acting.set()
                await asyncio.Event().wait()
            return await super().run(reach, call, heard)

    world.runner = Hanging()
    worker = world.worker()
    await worker.run_due()
    await acting.wait()
    await worker.stop()
    world.advance(days=8)
    assert await forget_outputs(world.database, world.machine, now=world.now) == 0
    assert await world.snapshots() == [b"old\n"]
    world.runner = LocalRunner()
    await world.work()
    assert (await world.run(run.id)).state.is_over


async def test_each_company_has_its_own_time(world: World, make_company: MakeCompany) -> None:
    """The sweep of one leaves the other's alone, and the days are the company's own."""
    await world.set(auto_approve_low="yes", run_output_days=7)
    asset, _ = await world.target(), world.put(runbook())
    ours = await world.ask(world.machine, "restart-app", asset)
    other = World(world.database, world.clock, (await make_company("Beside")).id, world.root / "beside")
    other.root.mkdir()
    other.bound, other.credential_id = world.bound, world.credential_id  # one worker carries out the runs of both
    await other.set(auto_approve_low="yes")
    their_asset, _ = await other.target(), other.put(runbook())
    theirs = await other.ask(other.machine, "restart-app", their_asset)
    await world.work()
    world.advance(days=8)
    await world.worker().forget()
    assert (await world.run(ours.id)).state is RunState.SUCCEEDED
    assert await printed(world, ours) == [b""] * 4
    assert b"restarted\n" in await printed(other, theirs)
    assert await forgotten(other) == []


async def test_the_database_lets_an_output_go_and_nothing_else_change(world: World) -> None:
    await world.set(auto_approve_low="yes")
    asset, _ = await world.target(), world.put(runbook())
    await world.ask(world.machine, "restart-app", asset)
    await world.work()
    wrong = (
        "stdout = 'forged'",
        "stdout = ''",
        "output_removed_at = now()",
        "stdout = '', stderr = '', output_removed_at = now(), exit_code = 1",
        "stdout = '', stderr = '', output_removed_at = now(), ending = 'failed'",
    )
    for change in wrong:
        async with world.database.unit_of_work(world.machine) as unit:
            with pytest.raises(asyncpg.CheckViolationError):
                await unit.connection.execute(
                    f"UPDATE run_act SET {change} WHERE company_id = $1",  # noqa: S608  # the five above
                    world.company_id,
                )
