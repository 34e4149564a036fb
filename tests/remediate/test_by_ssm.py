"""Runs through Systems Manager: each status of AWS leads a run to its right end, and nothing is done twice."""

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from alertwhisperer.domain.execution import Reach
from alertwhisperer.domain.inventory import Asset
from alertwhisperer.domain.run import EscalationReason, RunReason, TargetState
from alertwhisperer.domain.runbook import Phase
from alertwhisperer.executors.contract import Means as Lent
from alertwhisperer.executors.ssm import EXECUTOR
from alertwhisperer.store.database import Unit
from tests.remediate.world import World, runbook
from tests.vendors.cloud import REGION, ROLE, Cloud, Fault, cloud

INSTANCE = "i-0123456789abcdef0"
ONLY_AN_ACT = {**dict.fromkeys(Phase, b""), Phase.ACT: b"echo acted; exit 0\n"}
WITH_PRECHECK = {**ONLY_AN_ACT, Phase.PRECHECK: b"exit 0\n"}


@pytest.fixture
def running() -> Iterator[Cloud]:
    """Our own AWS."""
    with cloud() as made:
        yield made


@pytest.fixture
async def asset(world: World, running: Cloud, tmp_path: Path) -> Asset:
    """A target that is an instance; its clock is ours, so waiting costs no time."""
    settings = {"role_arn": ROLE, "region": REGION, "instance": INSTANCE, "folder": str(tmp_path / "records")}

    async def reach(unit: Unit, asset_id: UUID) -> Reach:
        return Reach("ssm", settings, {"external_id": "aw-right"})

    world.over = {"reach_of": reach, "runners": {"ssm": EXECUTOR.make(Lent(world.clock))}}
    await world.set(auto_approve_low="yes")
    return await world.target()


STATUSES = [
    ("Success", "Success", 0, TargetState.SUCCEEDED, RunReason.ACTED),
    ("Failed", "Failed", 9, TargetState.FAILED, RunReason.ACT_FAILED),
    ("Cancelled", "Cancelled", -1, TargetState.CANCELLED, RunReason.ACT_CANCELLED),
    ("TimedOut", "ExecutionTimedOut", -1, TargetState.FAILED, RunReason.ACT_TIMED_OUT),
    ("TimedOut", "DeliveryTimedOut", -1, TargetState.FAILED, RunReason.NOT_REACHED),
    ("Failed", "Undeliverable", -1, TargetState.FAILED, RunReason.NOT_REACHED),
    ("Failed", "Terminated", -1, TargetState.FAILED, RunReason.NOT_REACHED),
    ("Failed", "InvalidPlatform", -1, TargetState.FAILED, RunReason.NOT_REACHED),
    ("Failed", "AccessDenied", -1, TargetState.FAILED, RunReason.NOT_REACHED),
    ("Failed", "Failed", -1, TargetState.UNCERTAIN, RunReason.ACT_UNKNOWN),
]


@pytest.mark.parametrize(("status", "detail", "code", "state", "reason"), STATUSES, ids=lambda one: str(one))
async def test_every_status_ends_a_run_as_it_should(
    world: World,
    running: Cloud,
    asset: Asset,
    status: str,
    detail: str,
    code: int,
    state: TargetState,
    reason: RunReason,
) -> None:
    """After Pending, Delayed, InProgress and Cancelling, which are no ends. The act was sent once, whatever came."""
    on_the_way = [("Pending", "Pending", -1), ("Delayed", "Delayed", -1), ("InProgress", "InProgress", -1)]
    running.script = deque([*on_the_way, ("Cancelling", "Cancelling", -1), (status, detail, code)])
    world.put(runbook(scripts=ONLY_AN_ACT))
    run = await world.ask(world.machine, "restart-app", asset)
    await world.work()
    whole = await world.whole(run.id)
    [target] = whole.run.targets
    assert (target.state, target.reason) == (state, reason)
    [act] = whole.acts
    sent = [one for one in running.of("SendCommand") if one.given["Comment"] == f"alertwhisperer act {act.id}"]
    assert len(sent) == 1
    assert running.sessions[sent[0].key] == f"alertwhisperer-{run.id}"
    assert act.outcome is not None
    assert act.outcome.reference in running.commands
    escalated = [one.reason for one in await world.escalations()]
    assert escalated == ([EscalationReason.UNCERTAIN] if state is TargetState.UNCERTAIN else [])


async def test_a_run_proves_itself_and_every_call_is_in_the_runs_name(
    world: World, running: Cloud, asset: Asset, tmp_path: Path
) -> None:
    there = f"cd {world.folder(asset)} || exit 9\n".encode()
    world.put(runbook(scripts={phase: there + script.body for phase, script in runbook().scripts.items()}))
    run = await world.ask(world.machine, "restart-app", asset, word="fresh")
    await world.work()
    whole = await world.whole(run.id)
    assert whole.run.targets[0].reason is RunReason.VERIFIED
    assert (world.folder(asset) / "config").read_text() == "fresh\n"
    assert [one.given["Comment"] for one in running.of("SendCommand")] == [
        f"alertwhisperer act {one.id}" for one in whole.acts
    ]
    assert {one.given["RoleSessionName"] for one in running.of("AssumeRole")} == {f"alertwhisperer-{run.id}"}
    assert {one.given["ExternalId"] for one in running.of("AssumeRole")} == {"aw-right"}


@pytest.mark.parametrize(
    "operation", ["AssumeRole", "SendCommand", "GetCommandInvocation", "DescribeInstanceInformation"]
)
async def test_throttling_without_end_ends_a_run(world: World, running: Cloud, asset: Asset, operation: str) -> None:
    """What was never sent left the target as it was; what was sent and not heard of is said to be unknown."""
    running.faults[operation] = deque([Fault("ThrottlingException")] * 10_000)
    world.put(runbook(scripts=WITH_PRECHECK))
    run = await world.ask(world.machine, "restart-app", asset)
    await world.work()
    [target] = (await world.run(run.id)).targets
    if operation == "DescribeInstanceInformation":  # an instance that is named by its id is not looked for
        assert target.state is TargetState.SUCCEEDED
    elif operation == "GetCommandInvocation":
        assert (target.state, target.reason) == (TargetState.FAILED, RunReason.PRECHECK_UNKNOWN)
    else:
        assert (target.state, target.reason) == (TargetState.FAILED, RunReason.NOT_REACHED)
        assert running.commands == {}


@pytest.mark.parametrize("status", [500, 503, 0])
async def test_an_outage_in_the_middle_is_waited_out(world: World, running: Cloud, asset: Asset, status: int) -> None:
    world.put(runbook(scripts=ONLY_AN_ACT))
    running.faults["GetCommandInvocation"] = deque([Fault("InternalServerError", status)] * 10)
    run = await world.ask(world.machine, "restart-app", asset)
    await world.work()
    [target] = (await world.run(run.id)).targets
    assert target.state is TargetState.SUCCEEDED
    assert len(running.commands) == 1


async def test_a_role_that_demands_another_external_id_lets_nothing_run(
    world: World, running: Cloud, asset: Asset
) -> None:
    running.external_id = "aw-another"
    world.put(runbook(scripts=ONLY_AN_ACT))
    run = await world.ask(world.machine, "restart-app", asset)
    await world.work()
    [target] = (await world.run(run.id)).targets
    assert (target.state, target.reason) == (TargetState.FAILED, RunReason.NOT_REACHED)
    assert "AccessDenied" in target.said
    assert running.of("SendCommand") == []


async def test_a_target_that_stops_answering_in_the_middle_is_not_touched_again(
    world: World, running: Cloud, asset: Asset
) -> None:
    """Everything was sent, and AWS is not heard of any more: unknown, once, and a person must look."""
    world.put(runbook(scripts=ONLY_AN_ACT))
    running.faults["GetCommandInvocation"] = deque([Fault("InternalServerError", 0)] * 10_000)
    run = await world.ask(world.machine, "restart-app", asset)
    await world.work()
    [target] = (await world.run(run.id)).targets
    assert (target.state, target.reason) == (TargetState.UNCERTAIN, RunReason.ACT_UNKNOWN)
    acts = [one for one in running.of("SendCommand") if " act " in one.given["Comment"]]
    assert len(acts) == 1
    assert [one.reason for one in await world.escalations()] == [EscalationReason.UNCERTAIN]
