"""A run does what was approved, script by script, target by target, and says how each came to its end."""

from uuid import uuid4

import pytest

from alertwhisperer.domain import execution
from alertwhisperer.domain.approval import Parameter, Risk, State
from alertwhisperer.domain.brake import Reach
from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound
from alertwhisperer.domain.execution import Call, Ending, Outcome
from alertwhisperer.domain.run import EscalationReason, RunReason, RunState, TargetState
from alertwhisperer.domain.runbook import Blast, Phase
from alertwhisperer.domain.user import Role
from alertwhisperer.executors.contract import Heard
from alertwhisperer.guard import brakes
from alertwhisperer.guard.approvals import answer
from alertwhisperer.guard.approvals.expiry import lapse
from alertwhisperer.guard.approvals.known import locked
from alertwhisperer.remediate import asking
from alertwhisperer.remediate.asking import cancel_run
from alertwhisperer.remediate.plan import Wish
from tests.remediate.local import LocalRunner
from tests.remediate.world import World, changed, path_of, runbook

ALL = ["precheck", "snapshot", "act", "verify"]


async def test_a_run_is_carried_out_and_proves_itself(world: World) -> None:
    """From the plan to the proof: each script once, each transition written down with its reason."""
    await world.set(auto_approve_low="yes")
    asset, _ = await world.target(), world.put(runbook())
    run = await world.ask(world.machine, "restart-app", asset, word="fresh")
    await world.work()
    whole = await world.whole(run.id)
    assert whole.run.state is RunState.SUCCEEDED
    assert whole.run.targets[0].reason is RunReason.VERIFIED
    assert world.steps_on(asset) == ALL
    assert (world.folder(asset) / "config").read_text() == "fresh\n"
    assert path_of(whole.steps, None) == ["waiting_for_approval", "running", "succeeded"]
    assert path_of(whole.steps, asset) == [
        "waiting_for_approval",
        "ready",
        "prechecking",
        "snapshotting",
        "acting",
        "verifying",
        "succeeded",
    ]
    assert [one.phase.value for one in whole.acts] == ALL
    act = await world.output(whole.acts[2])
    assert act.outcome is not None
    assert act.outcome.stdout == b"restarted\n"
    assert await world.snapshots() == [], "nobody needs it any more"


async def test_nothing_starts_before_somebody_agrees(world: World) -> None:
    """A run of medium risk waits for its person, and starts as soon as that person says yes."""
    asset, _ = await world.target(), world.put(runbook(risk=Risk.MEDIUM))
    run = await world.ask(world.by(await world.person(Role.TECHNICIAN)), "restart-app", asset)
    worker = world.worker()
    await world.work(worker)
    assert (await world.run(run.id)).state is RunState.WAITING
    assert world.steps_on(asset) == []
    await world.approve(run, await world.person(Role.COMPANY_ADMIN))
    await world.work(worker)
    assert (await world.run(run.id)).state is RunState.SUCCEEDED
    assert (await world.approval(run)).state is State.STARTED


async def test_what_runs_is_what_was_approved(world: World) -> None:
    """A runbook, a parameter's default or a host key that changes after the yes means that nothing runs."""
    asset, book = await world.target(), world.put(runbook(risk=Risk.MEDIUM))
    admin = await world.person(Role.COMPANY_ADMIN)
    edits = (
        lambda: world.put(changed(book, scripts={**book.scripts, Phase.ACT: book.scripts[Phase.VERIFY]})),
        lambda: world.put(changed(book, risk=Risk.HIGH)),
        lambda: world.put(changed(book, parameters=())),
        lambda: world.host_keys.update({asset.id: "SHA256:other"}),
        lambda: world.bound.clear(),
    )
    for edit in edits:
        world.put(book)
        run = await world.ask(world.machine, "restart-app", asset)
        await world.approve(run, admin)
        bound, keys = dict(world.bound), dict(world.host_keys)
        edit()
        await world.work()
        ended = await world.run(run.id)
        assert (ended.state, ended.reason) == (RunState.CANCELLED, RunReason.VOIDED)
        world.bound, world.host_keys = bound, keys
    assert world.steps_on(asset) == []


async def test_what_is_asked_is_what_was_read(world: World) -> None:
    """A runbook that changes between the dry run and the question is not asked for."""
    asset, book = await world.target(), world.put(runbook())
    shown = await world.plan(world.machine, "restart-app", asset)
    assert shown.planned.plan.act == book.scripts[Phase.ACT].body
    assert shown.planned.plan.snapshot == book.scripts[Phase.SNAPSHOT].body
    world.put(changed(book, scripts={**book.scripts, Phase.ACT: book.scripts[Phase.VERIFY]}))
    with pytest.raises(Conflicting):
        await asking.start_run(
            world.database,
            world.machine,
            world.means,
            Wish("restart-app", (asset.id,), {"word": Parameter("new", "default")}),
            asking.Reason("The application is down."),
            hash_read=shown.hash,
            start_by=shown.planned.plan.start_by,
            now=world.now,
        )


@pytest.mark.parametrize("how", ["refused", "lapsed", "withdrawn"])
async def test_what_nobody_agrees_to_never_runs(world: World, how: str) -> None:
    asset, _ = await world.target(), world.put(runbook(risk=Risk.MEDIUM))
    run = await world.ask(world.machine, "restart-app", asset)
    if how == "refused":
        admin = await world.person(Role.COMPANY_ADMIN)
        await answer.refuse(world.database, world.by(admin), run.approval_id, reason="not now", now=world.now)
    elif how == "lapsed":
        world.advance(hours=2)
        async with world.database.unit_of_work(world.machine) as unit:
            await lapse(unit, await locked(unit, run.approval_id), now=world.now)
    else:
        await cancel_run(world.database, world.machine, run.id, now=world.now)
    await world.work()
    ended = await world.run(run.id)
    assert ended.state is RunState.CANCELLED
    reasons = {"refused": RunReason.REFUSED, "lapsed": RunReason.LAPSED, "withdrawn": RunReason.CANCELLED}
    assert ended.reason is reasons[how]
    assert not (await world.approval(run)).state.is_open
    assert world.steps_on(asset) == []


async def test_an_approval_that_lapses_while_nobody_looks_starts_nothing(world: World) -> None:
    """Agreed to in time and not started in time is not agreed to."""
    asset, _ = await world.target(), world.put(runbook(risk=Risk.MEDIUM))
    run = await world.ask(world.machine, "restart-app", asset)
    await world.approve(run, await world.person(Role.COMPANY_ADMIN))
    world.advance(hours=2)
    await world.work()
    assert (await world.run(run.id)).reason is RunReason.LAPSED
    assert world.steps_on(asset) == []


async def test_nothing_to_mend_ends_well_without_an_act(world: World) -> None:
    await world.set(auto_approve_low="yes")
    asset, _ = await world.target(), world.put(runbook())
    (world.folder(asset) / "healthy").touch()
    run = await world.ask(world.machine, "restart-app", asset)
    await world.work()
    ended = await world.run(run.id)
    assert (ended.state, ended.targets[0].reason) == (RunState.SUCCEEDED, RunReason.NOT_NEEDED)
    assert world.steps_on(asset) == ["precheck"]


@pytest.mark.parametrize(
    ("scripts", "state", "reason", "steps"),
    [
        ({Phase.PRECHECK: b"echo precheck >>steps; exit 3"}, "failed", "precheck_stopped", ["precheck"]),
        (
            {Phase.SNAPSHOT: b"echo snapshot >>steps; exit 1"},
            "failed",
            "snapshot_failed",
            ["precheck", "snapshot"],
        ),
        (
            {Phase.ACT: b"echo act >>steps; echo bad >config; exit 1"},
            "rolled_back",
            "undone",
            ["precheck", "snapshot", "act", "undo"],
        ),
        ({Phase.VERIFY: b"echo verify >>steps; exit 1"}, "rolled_back", "undone", [*ALL, "undo"]),
        (
            {Phase.VERIFY: b"echo verify >>steps; exit 1", Phase.UNDO: b""},
            "failed",
            "verify_failed",
            ALL,
        ),
        (
            {Phase.VERIFY: b"echo verify >>steps; exit 1", Phase.UNDO: b"echo undo >>steps; exit 1"},
            "failed",
            "undo_failed",
            [*ALL, "undo"],
        ),
    ],
)
async def test_a_script_that_fails_leads_where_it_should(
    world: World, scripts: dict[Phase, bytes], state: str, reason: str, steps: list[str]
) -> None:
    """A failing verify rolls back; a failing rollback stops, escalates and says where the target is."""
    await world.set(auto_approve_low="yes")
    asset, _ = await world.target(), world.put(runbook(scripts=scripts))
    run = await world.ask(world.machine, "restart-app", asset)
    await world.work()
    ended = await world.run(run.id)
    assert (ended.state.value, ended.targets[0].reason.value) == (state, reason)
    assert world.steps_on(asset) == steps
    if state == "rolled_back":
        assert (world.folder(asset) / "config").read_text() == "old\n"
        assert not (world.folder(asset) / "healthy").exists()
    kept = [b"old\n"] if reason == "undo_failed" else []
    assert await world.snapshots() == kept, "it stays where a person may have to put back what was changed"
    escalated = [one.reason for one in await world.escalations()]
    assert escalated == ([EscalationReason.ROLLBACK_FAILED] if reason == "undo_failed" else [])
    if escalated:
        assert "app-01: failed" in (await world.escalations())[0].said


async def test_an_act_that_does_not_end_is_ended_and_undone(world: World) -> None:
    await world.set(auto_approve_low="yes")
    scripts = {Phase.ACT: b"echo act >>steps; echo bad >config; sleep 60"}
    asset, _ = await world.target(), world.put(runbook(scripts=scripts, timeout_s=1))
    run = await world.ask(world.machine, "restart-app", asset)
    await world.work()
    whole = await world.whole(run.id)
    assert whole.run.state is RunState.ROLLED_BACK
    acted = next(one for one in whole.acts if one.phase is Phase.ACT)
    assert acted.outcome is not None
    assert acted.outcome.ending is Ending.TIMED_OUT
    assert (world.folder(asset) / "config").read_text() == "old\n"


async def test_a_target_that_nobody_reaches_is_left_alone(world: World) -> None:
    await world.set(auto_approve_low="yes")
    asset, _ = await world.target(), world.put(runbook())
    (world.folder(asset) / "offline").touch()
    run = await world.ask(world.machine, "restart-app", asset)
    await world.work()
    ended = await world.run(run.id)
    assert (ended.state, ended.targets[0].reason) == (RunState.FAILED, RunReason.NOT_REACHED)
    assert world.steps_on(asset) == []


async def test_a_target_that_stops_answering_in_the_middle_is_uncertain(world: World) -> None:
    """The act was sent and nobody says what became of it: it is not repeated, not undone, and a person must look."""
    await world.set(auto_approve_low="yes")
    deaf = b"echo act >>steps; touch deaf; sleep 600"
    asset, _ = await world.target(), world.put(runbook(scripts={Phase.ACT: deaf}, timeout_s=5))

    class Falling(LocalRunner):
        """The connection breaks under the act."""

        async def run(self, reach: execution.Reach, call: Call, heard: Heard) -> Outcome:
            outcome = await super().run(reach, call, heard)
            if (world.folder(asset) / "deaf").exists():
                raise ConnectionResetError("the other side is gone")
            return outcome

    world.runner = Falling()
    run = await world.ask(world.machine, "restart-app", asset)
    await world.work()
    ended = await world.run(run.id)
    assert (ended.state, ended.targets[0].reason) == (RunState.UNCERTAIN, RunReason.ACT_UNKNOWN)
    assert world.steps_on(asset) == ["precheck", "snapshot", "act"]
    assert [one.reason for one in await world.escalations()] == [EscalationReason.UNCERTAIN]


@pytest.mark.parametrize(("back_after", "state"), [(3, RunState.ROLLED_BACK), (10_000, RunState.UNCERTAIN)])
async def test_a_line_that_is_down_for_a_moment_leaves_no_target_behind(
    world: World, back_after: int, state: RunState
) -> None:
    """The probe never came there: it is sent again for a while, and then a person must look."""
    await world.set(auto_approve_low="yes")
    scripts = {Phase.ACT: b"echo act >>steps; touch offline", Phase.VERIFY: b"echo verify >>steps; exit 1"}
    asset, _ = await world.target(), world.put(runbook(scripts=scripts))
    tries = 0

    class Flapping(LocalRunner):
        """Nobody answers for some tries."""

        async def run(self, reach: execution.Reach, call: Call, heard: Heard) -> Outcome:
            nonlocal tries
            offline = world.folder(asset) / "offline"
            tries += offline.exists()
            if tries >= back_after:
                offline.unlink(missing_ok=True)
            return await super().run(reach, call, heard)

    world.runner = Flapping()
    run = await world.ask(world.machine, "restart-app", asset)
    await world.work()
    assert (await world.run(run.id)).state is state
    expected = [*ALL, "undo"] if state is RunState.ROLLED_BACK else ["precheck", "snapshot", "act"]
    assert world.steps_on(asset) == expected


async def test_too_many_failures_stop_a_run(world: World) -> None:
    """Of 20 targets two at a time with a quarter that may fail, the rest is left alone once more have."""
    await world.set(auto_approve_low="yes")
    scripts = {Phase.PRECHECK: b"echo precheck >>steps; test ! -e sick"}
    assets = [await world.target(f"app-{number:02}") for number in range(20)]
    for asset in assets[4:8]:
        (world.folder(asset) / "sick").touch()
    world.put(runbook(scripts=scripts, blast=Blast(at_once=1, stop_at_failed_pct=25, most_targets=20)))
    run = await world.ask(world.machine, "restart-app", *assets)
    await world.work()
    ended = await world.run(run.id)
    states = [one.state for one in ended.targets]
    assert states[:4] == [TargetState.SUCCEEDED] * 4
    assert states[4:6] == [TargetState.FAILED] * 2  # 1 of 5 is a fifth, 2 of 6 a third
    assert states[6:] == [TargetState.CANCELLED] * 14
    assert {one.reason for one in ended.targets[6:]} == {RunReason.TOO_MANY_FAILED}
    assert all(world.steps_on(asset) == [] for asset in assets[6:])
    assert ended.state is RunState.FAILED
    assert [one.reason for one in await world.escalations()] == [EscalationReason.TOO_MANY_FAILED]


async def test_no_more_targets_at_a_time_than_allowed(world: World) -> None:
    await world.set(auto_approve_low="yes")
    count = b'd=$(mktemp -d ../running/XXXXXX); ls ../running | wc -l >>../seen; sleep 0.2; rmdir "$d"'
    (world.root / "running").mkdir()
    assets = [await world.target(f"app-{number:02}") for number in range(8)]
    scripts = {Phase.ACT: count, Phase.VERIFY: b"true"}
    world.put(runbook(scripts=scripts, blast=Blast(at_once=3, stop_at_failed_pct=100, most_targets=8)))
    run = await world.ask(world.machine, "restart-app", *assets)
    await world.work()
    assert (await world.run(run.id)).state is RunState.SUCCEEDED
    seen = [int(line) for line in (world.root / "seen").read_text().split()]
    assert len(seen) == 8
    assert 2 <= max(seen) <= 3


async def test_one_run_at_a_time_of_a_runbook_on_a_target(world: World) -> None:
    asset, other = await world.target(), await world.target("app-02")
    world.put(runbook(risk=Risk.MEDIUM), runbook("restart-other", risk=Risk.MEDIUM))
    run = await world.ask(world.machine, "restart-app", asset)
    with pytest.raises(Conflicting):
        await world.ask(world.machine, "restart-app", other, asset)
    await world.ask(world.machine, "restart-app", other)
    await world.ask(world.machine, "restart-other", asset)
    await cancel_run(world.database, world.machine, run.id, now=world.now)
    await world.ask(world.machine, "restart-app", asset)


async def test_a_brake_keeps_a_run_from_starting_and_from_going_on(world: World) -> None:
    """A kill switch holds what waits; what is under way does not act any more, and what was approved starts later."""
    await world.set(auto_approve_low="yes")
    asset, _ = await world.target(), world.put(runbook())
    await brakes.stop(world.database, world.machine, Reach.COMPANY, reason="something is wrong", now=world.now)
    run = await world.ask(world.machine, "restart-app", asset)
    await world.work()
    waiting = await world.run(run.id)
    assert (waiting.state, waiting.reason) == (RunState.WAITING, RunReason.STOPPED)
    await brakes.release(world.database, world.machine, Reach.COMPANY, now=world.now)
    world.advance(seconds=20)
    await world.work()
    assert (await world.run(run.id)).state is RunState.SUCCEEDED


async def test_a_kill_switch_in_the_middle_keeps_the_rest_from_acting(world: World) -> None:
    await world.set(auto_approve_low="yes")
    first, second = await world.target("app-01"), await world.target("app-02")
    world.put(runbook(blast=Blast(at_once=1, stop_at_failed_pct=100, most_targets=2)))

    class Pulling(LocalRunner):
        """Somebody pulls the switch while the first target is verified."""

        async def run(self, reach: execution.Reach, call: Call, heard: Heard) -> Outcome:
            if b"verify" in call.script:
                await brakes.stop(world.database, world.machine, Reach.COMPANY, reason="stop", now=world.now)
            return await super().run(reach, call, heard)

    world.runner = Pulling()
    run = await world.ask(world.machine, "restart-app", first, second)
    await world.work()
    ended = await world.run(run.id)
    assert [one.state for one in ended.targets] == [TargetState.SUCCEEDED, TargetState.CANCELLED]
    assert ended.targets[1].reason is RunReason.STOPPED
    assert world.steps_on(first) == ALL
    assert world.steps_on(second) == []


async def test_a_cancelled_run_ends_its_act_and_puts_it_back(world: World) -> None:
    await world.set(auto_approve_low="yes")
    scripts = {Phase.ACT: b"echo act >>steps; echo bad >config; touch ../acting; sleep 30"}
    first, second = await world.target("app-01"), await world.target("app-02")
    world.put(runbook(scripts=scripts, blast=Blast(at_once=1, stop_at_failed_pct=100, most_targets=2)))
    run = await world.ask(world.machine, "restart-app", first, second)

    class Cancelling(LocalRunner):
        """Somebody cancels while the first act runs; nobody waits for a clock."""

        async def run(self, reach: execution.Reach, call: Call, heard: Heard) -> Outcome:
            if b"sleep 30" in call.script:
                await cancel_run(world.database, world.machine, run.id, now=world.now)
            return await super().run(reach, call, heard)

    world.runner = Cancelling()
    await world.work()
    ended = await world.run(run.id)
    assert [one.state for one in ended.targets] == [TargetState.ROLLED_BACK, TargetState.CANCELLED]
    assert (world.folder(first) / "config").read_text() == "old\n"
    assert world.steps_on(second) == []
    with pytest.raises(Conflicting):
        await cancel_run(world.database, world.machine, run.id, now=world.now)


async def test_the_company_has_a_cap(world: World) -> None:
    """What is over the hour's runs waits, and starts when the hour is over."""
    await world.set(auto_approve_low="yes", runs_per_hour=1, approval_minutes=180)
    first, second = await world.target("app-01"), await world.target("app-02")
    world.put(runbook())
    one, two = [await world.ask(world.machine, "restart-app", asset) for asset in (first, second)]
    await world.work()
    states = {(await world.run(run.id)).state for run in (one, two)}
    assert states == {RunState.SUCCEEDED, RunState.WAITING}
    world.advance(minutes=61)
    await world.work()
    assert {(await world.run(run.id)).state for run in (one, two)} == {RunState.SUCCEEDED}


async def test_a_fix_that_did_not_help_twice_is_told(world: World) -> None:
    await world.set(auto_approve_low="yes")
    asset, _ = await world.target(), world.put(runbook(scripts={Phase.VERIFY: b"exit 1"}))
    for _ in range(2):
        await world.ask(world.machine, "restart-app", asset)
        await world.work()
        world.advance(minutes=1)
    assert [one.reason for one in await world.escalations()] == [EscalationReason.NOT_HELPED_TWICE]


async def test_a_target_must_be_known_confirmed_and_bound(world: World) -> None:
    asset, _ = await world.target(), world.put(runbook())
    world.bound.clear()
    with pytest.raises(Invalid):
        await world.plan(world.machine, "restart-app", asset)
    with pytest.raises(NotFound):
        await asking.preview(world.database, world.machine, world.means, Wish("restart-app", (uuid4(),)), now=world.now)
    with pytest.raises(Invalid):
        await world.plan(world.machine, "no-such-runbook", asset)


async def test_secrets_in_an_output_are_masked_and_the_rest_is_kept(world: World) -> None:
    """5 MB of output, bytes that are no text, and secrets that are known or look like some."""
    await world.set(auto_approve_low="yes")
    world.secrets["password"] = "correct horse battery"
    act = (
        b"echo act >>steps; touch healthy; head -c 5000000 /dev/zero | tr '\\0' x; printf '\\377\\376';"
        b" echo 'correct horse battery'; echo 'password=hunter22'; echo AKIAABCDEFGHIJKLMNOP"
    )
    asset, _ = await world.target(), world.put(runbook(scripts={Phase.ACT: act}))
    run = await world.ask(world.machine, "restart-app", asset)
    await world.work()
    whole = await world.whole(run.id)
    acted = await world.output(next(one for one in whole.acts if one.phase is Phase.ACT))
    assert acted.outcome is not None
    said = acted.outcome.stdout
    assert said.startswith(b"x" * 5_000_000 + b"\xff\xfe")
    for secret in (b"correct horse", b"hunter22", b"AKIAABCDEFGHIJKLMNOP"):
        assert secret not in said
    assert said.endswith(b"***\npassword=***\n***\n")
