"""Targets of one run may each be reached with a credential of their own: it is in the plan, and no other is used."""

from uuid import UUID, uuid4

from alertwhisperer.domain.approval import Risk
from alertwhisperer.domain.execution import Call, Outcome, Reach
from alertwhisperer.domain.run import RunReason, RunState, TargetState
from alertwhisperer.domain.runbook import Blast, Phase
from alertwhisperer.domain.user import Role
from alertwhisperer.executors.contract import Heard
from alertwhisperer.guard.approvals.voiding import void_touched
from tests.remediate.local import LocalRunner
from tests.remediate.world import World, runbook


class Noting(LocalRunner):
    """Notes with which secrets each folder was reached."""

    def __init__(self) -> None:
        self.used: dict[str, set[str]] = {}

    async def run(self, reach: Reach, call: Call, heard: Heard) -> Outcome:
        name = reach.settings["folder"].rpartition("/")[2]
        self.used.setdefault(name, set()).update(reach.secrets.values())
        return await super().run(reach, call, heard)


async def test_each_target_is_reached_with_its_own(world: World) -> None:
    await world.set(auto_approve_low="yes")
    world.runner = noting = Noting()
    tell = {Phase.ACT: b"echo act >>steps; touch healthy; echo secret-of-app-01 secret-of-app-02\n"}
    world.put(runbook(scripts=tell, blast=Blast(at_once=2, stop_at_failed_pct=0, most_targets=5)))
    assets = [await world.target(f"app-{number:02}") for number in (1, 2)]
    for asset in assets:
        world.own[asset.id] = (uuid4(), {"password": f"secret-of-{asset.name}"})
    shown = (await world.plan(world.machine, "restart-app", *assets)).planned.plan
    assert [shown.credential_of(one) for one in shown.targets] == [world.own[one.id][0] for one in assets]
    assert shown.credential_id is None, "there is none of all"
    run = await world.ask(world.machine, "restart-app", *assets)
    await world.work()
    assert (await world.run(run.id)).state is RunState.SUCCEEDED
    assert noting.used == {"app-01": {"secret-of-app-01"}, "app-02": {"secret-of-app-02"}}
    for act in (await world.whole(run.id)).acts:
        if act.phase is Phase.ACT:
            outcome = (await world.output(act)).outcome
            name = next(one.name for one in assets if one.id == act.asset_id)
            assert outcome is not None
            assert f"secret-of-{name}".encode() not in outcome.stdout


async def test_a_credential_of_all_is_said_once(world: World) -> None:
    """As plans always were, so that what was approved before an upgrade is the same after it."""
    world.put(runbook())
    assets = [await world.target(f"app-{number:02}") for number in (1, 2)]
    shown = (await world.plan(world.machine, "restart-app", *assets)).planned.plan
    assert shown.credential_id == world.credential_id
    assert [one.credential_id for one in shown.targets] == [None, None]


async def test_one_targets_other_credential_is_another_plan(world: World) -> None:
    """Two that change places, and one that is replaced: nothing runs."""
    world.put(runbook(risk=Risk.MEDIUM))
    admin = await world.person(Role.COMPANY_ADMIN)
    one, two = [await world.target(f"app-{number:02}") for number in (1, 2)]
    before = {asset.id: (uuid4(), {"password": f"of {asset.name}"}) for asset in (one, two)}
    others: tuple[dict[UUID, tuple[UUID, dict[str, str]]], ...] = (
        {one.id: before[two.id], two.id: before[one.id]},
        {**before, two.id: (uuid4(), {"password": "new"})},
        {},
    )
    for other in others:
        world.own = dict(before)
        run = await world.ask(world.machine, "restart-app", one, two)
        await world.approve(run, admin)
        world.own = dict(other)
        await world.work()
        ended = await world.run(run.id)
        assert (ended.state, ended.reason) == (RunState.CANCELLED, RunReason.VOIDED)
    assert world.steps_on(one) == world.steps_on(two) == []


async def test_a_credential_that_changes_in_the_middle_leaves_its_target_alone(world: World) -> None:
    await world.set(auto_approve_low="yes")
    world.put(runbook(blast=Blast(at_once=1, stop_at_failed_pct=100, most_targets=5)))
    one, two = [await world.target(f"app-{number:02}") for number in (1, 2)]
    world.own = {asset.id: (uuid4(), {"password": f"of {asset.name}"}) for asset in (one, two)}

    class Changing(LocalRunner):
        """Somebody gives the second target the first one's while the first is verified."""

        async def run(self, reach: Reach, call: Call, heard: Heard) -> Outcome:
            if b"verify" in call.script:
                world.own[two.id] = world.own[one.id]
            return await super().run(reach, call, heard)

    world.runner = Changing()
    run = await world.ask(world.machine, "restart-app", one, two)
    await world.work()
    ended = await world.run(run.id)
    assert [target.state for target in ended.targets] == [TargetState.SUCCEEDED, TargetState.CANCELLED]
    assert ended.targets[1].reason is RunReason.TARGET_CHANGED
    assert world.steps_on(two) == []


async def test_who_asked_may_not_change_any_of_them(world: World) -> None:
    """A credential of one target alone is a thing that the plan names."""
    world.put(runbook(risk=Risk.MEDIUM))
    assets = [await world.target(f"app-{number:02}") for number in (1, 2)]
    world.own = {asset.id: (uuid4(), {}) for asset in assets}
    asker = world.by(await world.person(Role.COMPANY_ADMIN))
    run = await world.ask(asker, "restart-app", *assets)
    async with world.database.unit_of_work(asker) as unit:
        assert await void_touched(unit, "credential", [world.own[assets[1].id][0]], now=world.now) == 1
    assert not (await world.approval(run)).state.is_open
