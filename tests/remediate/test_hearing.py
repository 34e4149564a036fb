"""What a script prints while it runs is seen by whoever watches, decides nothing, and gives way to its outcome."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID, uuid4

from alertwhisperer.domain.execution import Call, Ending, Outcome, Reach
from alertwhisperer.domain.live import ChangeKind
from alertwhisperer.domain.run import Act, RunState, SoFar
from alertwhisperer.domain.runbook import Phase
from alertwhisperer.executors.contract import Heard
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.remediate import hearing
from alertwhisperer.remediate.hearing import Hearing
from alertwhisperer.store import live, runs
from tests.remediate.local import LocalRunner
from tests.remediate.world import World, runbook

SECRET = "hunter2hunter2"


class Talking(LocalRunner):
    """Tells what it is given before the act runs, and waits until it may go on."""

    def __init__(self, *told: tuple[bytes, bytes]) -> None:
        self.told = told
        self.go = asyncio.Event()
        self.outcome: Outcome | None = None

    async def run(self, reach: Reach, call: Call, heard: Heard) -> Outcome:
        outcome = await super().run(reach, call, heard)
        if b"echo act" not in call.script:
            return outcome
        for out, err in self.told:
            heard(out, err)
        await self.go.wait()
        return self.outcome or outcome


async def acting(world: World, seen: Callable[[SoFar], bool]) -> tuple[Act, "asyncio.Task[None]"]:
    """A run whose act is under way, once what was heard of it is as wanted; and the worker that carries it out."""
    await world.set(auto_approve_low="yes")
    asset, _ = await world.target(), world.put(runbook())
    run = await world.ask(world.machine, "restart-app", asset)
    working = asyncio.create_task(world.work())
    act = await until(world, run.id, asset.id, seen)
    return act, working


async def until(world: World, run_id: UUID, asset_id: UUID, seen: Callable[[SoFar], bool]) -> Act:
    """The act of a run, once what was heard of it is as wanted."""
    async with asyncio.timeout(30):
        while True:
            async with world.database.unit_of_work(world.machine) as unit:
                begun = await runs.act_of(unit, run_id, asset_id, Phase.ACT)
                act = None if begun is None else await runs.act(unit, run_id, begun.id)
            if act is not None and act.so_far is not None and seen(act.so_far):
                return act
            await asyncio.sleep(0.01)


async def told_of(world: World, act: Act, since: str) -> int:
    """How often whoever watches was told of what a script printed."""
    changes = (await live.look(world.database, since, limit=1_000)).changes
    return sum(one.kind is ChangeKind.OUTPUT and act.id in one.ids for one in changes)


async def test_it_is_seen_while_it_runs_and_replaced_when_it_ends(world: World) -> None:
    world.secrets = {"password": SECRET}
    runner = world.runner = Talking((b"step 1\nit is hun", b"careful\n"), (b"ter2hunter2\nstep", b""))
    act, working = await acting(world, lambda heard: heard.stdout.count(b"\n") == 2)
    assert act.so_far is not None
    assert (act.outcome, act.so_far.stdout, act.so_far.stderr) == (None, b"step 1\nit is ***\n", b"careful\n")
    assert not act.so_far.cut
    runner.go.set()
    await working
    async with world.database.unit_of_work(world.machine) as unit:
        after = await runs.act(unit, act.run_id, act.id)
    assert after is not None
    assert after.outcome is not None
    assert (after.outcome.stdout, after.so_far) == (b"restarted\n", None)
    assert (await world.run(act.run_id)).state is RunState.SUCCEEDED


async def test_whoever_watches_is_told_of_the_script_and_nothing_else(world: World) -> None:
    before = await live.place(world.database)
    runner = world.runner = Talking((b"step 1\n", b""))
    act, working = await acting(world, lambda heard: heard.stdout != b"")
    assert await told_of(world, act, before) == 2  # that it was sent, and what it printed
    runner.go.set()
    await working


async def test_only_the_end_is_kept_and_says_so(world: World) -> None:
    lines = b"".join(b"line %d\n" % one for one in range(5_000))
    runner = world.runner = Talking((lines, b""))
    act, working = await acting(world, lambda heard: heard.stdout != b"")
    assert act.so_far is not None
    assert act.so_far.cut
    assert len(act.so_far.stdout) <= hearing.MOST_BYTES
    assert lines.endswith(act.so_far.stdout)
    assert act.so_far.stdout.startswith(b"line ")
    runner.go.set()
    await working


async def test_it_stays_where_nobody_ever_learned_more(world: World) -> None:
    runner = world.runner = Talking((b"step 1\n", b""))
    runner.outcome = Outcome(Ending.UNCERTAIN, "The line was lost.")
    act, working = await acting(world, lambda heard: heard.stdout != b"")
    runner.go.set()
    await working
    async with world.database.unit_of_work(world.machine) as unit:
        after = await runs.act(unit, act.run_id, act.id)
    assert after is not None
    assert after.outcome is not None
    assert (after.outcome.ending, after.so_far) == (Ending.UNCERTAIN, act.so_far)


async def test_what_was_heard_by_a_worker_that_is_outdated_is_not_written(world: World) -> None:
    """Nor is anything written of a script whose outcome is known, or that is of no such run."""
    runner = world.runner = Talking((b"step 1\n", b""))
    act, working = await acting(world, lambda heard: heard.stdout != b"")
    late = SoFar("local", world.now, b"from the grave\n")
    fence = (await world.run(act.run_id)).fence
    async with world.database.unit_of_work(world.machine) as unit:
        assert not await runs.put_so_far(unit, act, late, fence - 1)
        assert not await runs.put_so_far(unit, replace(act, run_id=uuid4()), late, fence)
        assert await runs.put_so_far(unit, act, late, fence)
    runner.go.set()
    await working
    async with world.database.unit_of_work(world.machine) as unit:
        assert not await runs.put_so_far(unit, act, late, fence)
        after = await runs.act(unit, act.run_id, act.id)
    assert after is not None
    assert after.so_far is None


async def test_nothing_of_a_snapshot_is_heard(world: World) -> None:
    runner = world.runner = Talking()
    act, working = await acting(world, lambda heard: True)
    async with world.database.unit_of_work(world.machine) as unit:
        taken = await runs.act_of(unit, act.run_id, act.asset_id, Phase.SNAPSHOT)
        assert taken is not None
        shown = await runs.act(unit, act.run_id, taken.id)
    assert shown is not None
    assert shown.so_far is None
    runner.go.set()
    await working


async def test_it_is_written_once_a_second_at_most(world: World) -> None:
    """However often a script prints: the writer sleeps a second of the clock after each time."""
    runner = world.runner = Talking()
    act, working = await acting(world, lambda heard: True)
    fence, before = (await world.run(act.run_id)).fence, await live.place(world.database)
    clock = ManualClock(world.now)  # the writer's own: the worker's lease moves the other one
    heard = Hearing(world.database, clock, world.machine, act, "local", fence, ())
    writing = asyncio.create_task(heard.write())
    for number in range(50):
        heard.hear(b"%d\n" % number, b"")
    await until(world, act.run_id, act.asset_id, lambda told: told.stdout.endswith(b"49\n"))
    assert await told_of(world, act, before) == 1
    for number in range(50, 100):
        heard.hear(b"%d\n" % number, b"")
    await until(world, act.run_id, act.asset_id, lambda told: told.stdout.endswith(b"99\n"))
    assert (await told_of(world, act, before), clock.monotonic() >= hearing.APART_S) == (2, True)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    runner.go.set()
    await working
