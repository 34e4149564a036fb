"""A run over several targets: a rollback that fails stops it, and whoever must look is told of each target."""

from collections.abc import Sequence

import pytest

from alertwhisperer.domain.run import EscalationReason, RunReason, RunState, TargetState
from alertwhisperer.domain.runbook import Blast, Phase
from tests.remediate.world import World, runbook

UNDO = b'echo undo >>steps; test ! -e stuck || exit 1; cp "$AW_SNAPSHOT" config; rm -f healthy\n'
VERIFY = b"echo verify >>steps; test -e healthy && test ! -e sick\n"


@pytest.mark.parametrize("at_once", [1, 2, 5])
async def test_a_failing_rollback_stops_all_and_says_where_each_target_is(world: World, at_once: int) -> None:
    """Of ten the third cannot be put back: no more is begun, and what was begun ends in a state that somebody knows."""
    await world.set(auto_approve_low="yes")
    assets = [await world.target(f"app-{number:02}") for number in range(10)]
    for name in ("sick", "stuck"):
        (world.folder(assets[2]) / name).touch()
    blast = Blast(at_once=at_once, stop_at_failed_pct=100, most_targets=10)
    world.put(runbook(scripts={Phase.VERIFY: VERIFY, Phase.UNDO: UNDO}, blast=blast))
    run = await world.ask(world.machine, "restart-app", *assets)
    await world.work()
    ended = await world.run(run.id)
    assert ended.state is RunState.FAILED
    assert (ended.targets[2].state, ended.targets[2].reason) == (TargetState.FAILED, RunReason.UNDO_FAILED)
    assert {one.state for one in ended.targets[:2]} == {TargetState.SUCCEEDED}
    left = [one for one in ended.targets if one.state is TargetState.CANCELLED]
    assert {one.reason for one in left} == {RunReason.ROLLBACK_FAILED_ELSEWHERE}
    assert len(left) >= 10 - 3 - 2 * (at_once - 1), "each other lane had one under way, and may have begun another"
    for one, asset in zip(ended.targets, assets, strict=True):
        acted = "act" in world.steps_on(asset)
        assert acted is (one.state in (TargetState.SUCCEEDED, TargetState.FAILED)), one
        healthy = (world.folder(asset) / "healthy").exists()
        assert healthy is acted, "either mended, or stuck as it was, or never touched"
    [escalation] = await world.escalations()
    assert escalation.reason is EscalationReason.ROLLBACK_FAILED
    for one in ended.targets:
        assert f"{one.name}: {one.state.value.replace('_', ' ')}." in escalation.said


async def test_a_rollback_that_goes_well_stops_nothing_where_all_may_fail(world: World) -> None:
    """It is a target that was not mended, and no more."""
    await world.set(auto_approve_low="yes")
    assets = [await world.target(f"app-{number:02}") for number in range(4)]
    for asset in assets[:2]:
        (world.folder(asset) / "sick").touch()
    blast = Blast(at_once=1, stop_at_failed_pct=100, most_targets=10)
    world.put(runbook(scripts={Phase.VERIFY: VERIFY, Phase.UNDO: UNDO}, blast=blast))
    run = await world.ask(world.machine, "restart-app", *assets)
    await world.work()
    ended = await world.run(run.id)
    assert [one.state for one in ended.targets] == [TargetState.ROLLED_BACK] * 2 + [TargetState.SUCCEEDED] * 2
    assert ended.state is RunState.ROLLED_BACK
    assert list(await world.escalations()) == []


@pytest.mark.parametrize(
    ("allowed", "sick", "begun"),
    [
        (0, [0], 1),
        (0, [19], 20),
        (5, [19], 20),
        (10, range(10, 20), 12),  # 1 of 11 is 9%, 2 of 12 are 17%
        (50, range(20), 1),
        (50, range(1, 20, 2), 20),
        (100, range(20), 20),
    ],
    ids=str,
)
async def test_the_share_that_may_fail_over_twenty_targets(
    world: World, allowed: int, sick: Sequence[int], begun: int
) -> None:
    """One after the other: once a larger share of those begun has failed, no more is begun."""
    await world.set(auto_approve_low="yes")
    assets = [await world.target(f"app-{number:02}") for number in range(20)]
    for number in sick:
        (world.folder(assets[number]) / "sick").touch()
    scripts = {Phase.PRECHECK: b"echo precheck >>steps; test ! -e sick"}
    world.put(runbook(scripts=scripts, blast=Blast(at_once=1, stop_at_failed_pct=allowed, most_targets=20)))
    run = await world.ask(world.machine, "restart-app", *assets)
    await world.work()
    ended = await world.run(run.id)
    assert [one.state is not TargetState.CANCELLED for one in ended.targets] == [True] * begun + [False] * (20 - begun)
    assert all(world.steps_on(asset) == [] for asset in assets[begun:])
    stopped = [EscalationReason.TOO_MANY_FAILED] if begun < 20 else []
    assert [one.reason for one in await world.escalations()] == stopped
