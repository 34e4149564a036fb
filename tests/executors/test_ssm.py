"""Systems Manager: by the client's role, traced by the run's id, every status to the right end, never sent twice."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from alertwhisperer.domain.execution import Ending, Reach
from alertwhisperer.domain.runbook import Shell
from alertwhisperer.executors import _carry
from alertwhisperer.executors.contract import Means, Runner
from alertwhisperer.executors.ssm import EXECUTOR
from alertwhisperer.kit.clock import ManualClock, SystemClock
from alertwhisperer.kit.ids import uuid7
from tests.contracts.test_executors import began, call_of, nobody
from tests.vendors.cloud import REGION, ROLE, Cloud, Fault, cloud

INSTANCE = "i-0123456789abcdef0"
RUNNER = EXECUTOR.make(Means(SystemClock()))


@pytest.fixture
def running() -> Iterator[Cloud]:
    """Our own AWS."""
    with cloud() as made:
        yield made


@pytest.fixture
def reach(tmp_path: Path) -> Reach:
    """An instance in it."""
    settings = {"role_arn": ROLE, "region": REGION, "instance": INSTANCE, "folder": str(tmp_path / "records")}
    return Reach("ssm", settings, {"external_id": "aw-right"})


def hurried() -> tuple[ManualClock, Runner]:
    """A runner whose waiting costs no time."""
    clock = ManualClock(datetime.now(UTC))
    return clock, EXECUTOR.make(Means(clock))


async def test_a_command_is_traced_pinned_and_carried_as_letters(running: Cloud, reach: Reach) -> None:
    call = replace(call_of("echo $(id) {{ssm:x}}", value="{{ssm:secret}} $(id)"), act_id=uuid7(datetime.now(UTC)))
    outcome = await RUNNER.run(reach, call, nobody)
    assert outcome.ending is Ending.SUCCEEDED, outcome
    (assumed,) = running.of("AssumeRole")
    assert assumed.key == "AKIAOURSERVER"
    assert assumed.given["ExternalId"] == "aw-right"
    assert assumed.given["RoleSessionName"] == f"alertwhisperer-{call.run_id}"
    (sent,) = running.of("SendCommand")
    assert running.sessions[sent.key] == f"alertwhisperer-{call.run_id}", "not by our own identity"
    assert sent.given["Comment"] == f"alertwhisperer act {call.act_id}"
    assert (sent.given["DocumentName"], sent.given["DocumentVersion"]) == ("AWS-RunShellScript", "1")
    assert sent.given["DocumentHash"] == "99749de5e62f71e5ebe9a55c2321e2c394796afe7208cff048696541e6f6771e"
    folder, envelope, constant = sent.given["Parameters"]["commands"]
    assert constant.endswith(_carry.PLAIN_COMMAND)
    for line, name in ((folder, "folder="), (envelope, "envelope=")):
        assert line.startswith(name)
        assert line.removeprefix(name).rstrip("=").replace("+", "").replace("/", "").isalnum()
    assert "{{" not in str(sent.given)
    assert outcome.reference == next(iter(running.commands))
    assert outcome.link == (
        f"https://{REGION}.console.aws.amazon.com/systems-manager/run-command/{outcome.reference}?region={REGION}"
    )


async def test_the_constant_line_is_the_same_for_every_act(running: Cloud, reach: Reach) -> None:
    for script, value in (("exit 0", "a"), ("exit 1 # $(id)", "b")):
        await RUNNER.run(reach, call_of(script, x=value), nobody)
    assert len({one.given["Parameters"]["commands"][2] for one in running.of("SendCommand")}) == 1


async def test_powershell_goes_by_its_own_document(running: Cloud, reach: Reach) -> None:
    """What is sent, and what an answer means; what PowerShell does with it, nobody has seen here."""
    call = replace(call_of("echo out; exit 6", value="{{ssm:x}}"), shell=Shell.POWERSHELL)
    outcome = await RUNNER.run(reach, call, nobody)
    assert (outcome.ending, outcome.exit_code, outcome.stdout) == (Ending.FAILED, 6, b"out\n")
    (sent,) = running.of("SendCommand")
    assert (sent.given["DocumentName"], sent.given["DocumentVersion"]) == ("AWS-RunPowerShellScript", "1")
    assert sent.given["DocumentHash"] == "2142e42a19e0955cc09e43600bf2e633df1917b69d2be9693737dfd62e0fdf61"
    assert "{{" not in str(sent.given)


@pytest.mark.parametrize("external_id", ["", "aw-wrong"])
async def test_a_wrong_external_id_is_refused_and_nothing_is_sent(
    running: Cloud, reach: Reach, external_id: str
) -> None:
    wrong = replace(reach, secrets={"external_id": external_id or "aw-"})
    outcome = await RUNNER.run(wrong, call_of("exit 0"), nobody)
    assert outcome.ending is Ending.NOT_STARTED
    assert "AccessDenied" in outcome.reason
    assert "aws check" in outcome.reason
    assert running.of("SendCommand") == []


STATUSES = [
    ("Success", "Success", 0, Ending.SUCCEEDED),
    ("Failed", "Failed", 9, Ending.FAILED),
    ("Cancelled", "Cancelled", -1, Ending.CANCELLED),
    ("TimedOut", "ExecutionTimedOut", -1, Ending.TIMED_OUT),
    ("TimedOut", "DeliveryTimedOut", -1, Ending.NOT_STARTED),
    ("Failed", "Undeliverable", -1, Ending.NOT_STARTED),
    ("Failed", "Terminated", -1, Ending.NOT_STARTED),
    ("Failed", "InvalidPlatform", -1, Ending.NOT_STARTED),
    ("Failed", "AccessDenied", -1, Ending.NOT_STARTED),
    ("Failed", "Failed", -1, Ending.UNCERTAIN),
]


@pytest.mark.parametrize(("status", "detail", "code", "ending"), STATUSES, ids=lambda one: str(one))
async def test_every_status_leads_to_the_right_end(
    running: Cloud, reach: Reach, status: str, detail: str, code: int, ending: Ending
) -> None:
    """Each after every status that is no end; what AWS does not know for certain, the target is asked for in vain."""
    on_the_way = [("Pending", "Pending", -1), ("Delayed", "Delayed", -1), ("InProgress", "InProgress", -1)]
    running.script = deque([*on_the_way, ("Cancelling", "Cancelling", -1), (status, detail, code)])
    _, runner = hurried()
    outcome = await runner.run(reach, call_of("exit 0"), nobody)
    assert outcome.ending is ending
    assert outcome.reference in running.commands
    assert len(outcome.reason) > 10
    acts = [one for one in running.of("SendCommand") if " act " in one.given["Comment"]]
    assert len(acts) == 1


async def test_a_command_that_never_ends_is_uncertain_in_the_end(running: Cloud, reach: Reach) -> None:
    running.script = deque([("InProgress", "InProgress", -1)])
    clock, runner = hurried()
    began_at = clock.now()
    outcome = await runner.run(reach, call_of("exit 0", timeout_s=20), nobody)
    assert outcome.ending is Ending.UNCERTAIN
    assert clock.now() - began_at < timedelta(minutes=20)
    assert len([one for one in running.of("SendCommand") if " act " in one.given["Comment"]]) == 1


@pytest.mark.parametrize("operation", ["AssumeRole", "SendCommand", "GetCommandInvocation"])
@pytest.mark.parametrize("code", ["ThrottlingException", "TooManyUpdates"])
async def test_throttling_is_waited_out(running: Cloud, reach: Reach, operation: str, code: str) -> None:
    running.faults[operation] = deque([Fault(code)] * 3)
    _, runner = hurried()
    outcome = await runner.run(reach, call_of("echo once"), nobody)
    assert (outcome.ending, outcome.stdout) == (Ending.SUCCEEDED, b"once\n")
    assert len(running.commands) == 1


async def test_throttling_without_end_ends(running: Cloud, reach: Reach) -> None:
    running.faults["SendCommand"] = deque([Fault("ThrottlingException")] * 100)
    _, runner = hurried()
    outcome = await runner.run(reach, call_of("exit 0"), nobody)
    assert outcome.ending is Ending.NOT_STARTED
    assert "ThrottlingException" in outcome.reason
    assert running.commands == {}


@pytest.mark.parametrize("status", [500, 503, 0])
async def test_an_outage_while_it_runs_is_waited_out(running: Cloud, reach: Reach, status: int) -> None:
    running.faults["GetCommandInvocation"] = deque([Fault("InternalServerError", status)] * 15)
    _, runner = hurried()
    outcome = await runner.run(reach, call_of("echo once; exit 4"), nobody)
    assert (outcome.ending, outcome.exit_code, outcome.stdout) == (Ending.FAILED, 4, b"once\n")


@pytest.mark.parametrize("status", [500, 0])
async def test_a_command_that_was_taken_without_an_answer_is_found_by_its_comment(
    running: Cloud, reach: Reach, tmp_path: Path, status: int
) -> None:
    running.after["SendCommand"] = deque([Fault("InternalServerError", status)])
    _, runner = hurried()
    outcome = await runner.run(reach, call_of(f"echo ran >> {tmp_path}/ran; exit 4"), nobody)
    assert (outcome.ending, outcome.exit_code) == (Ending.FAILED, 4)
    assert (tmp_path / "ran").read_text() == "ran\n"
    assert len(running.of("SendCommand")) == 1, "looked up, and not sent again"


async def test_a_command_that_was_not_taken_is_asked_of_the_target(
    running: Cloud, reach: Reach, tmp_path: Path
) -> None:
    """No answer, and AWS knows of no command: the target says that nothing came, and refuses what may still come."""
    running.faults["SendCommand"] = deque([Fault("InternalServerError", 500)])
    _, runner = hurried()
    call = call_of(f"touch {tmp_path}/ran")
    outcome = await runner.run(reach, call, nobody)
    assert outcome.ending is Ending.NOT_STARTED
    assert not (tmp_path / "ran").exists()


async def test_no_answer_to_anything_is_uncertain(running: Cloud, reach: Reach) -> None:
    running.faults["SendCommand"] = deque([Fault("InternalServerError", 500)] * 50)
    _, runner = hurried()
    outcome = await runner.run(reach, call_of("exit 0"), nobody)
    assert outcome.ending is Ending.UNCERTAIN


async def test_after_a_crash_it_is_found_among_many_commands(running: Cloud, reach: Reach, tmp_path: Path) -> None:
    running.page = 2
    call = replace(call_of(f"touch {tmp_path}/began; sleep 1; exit 5"), act_id=uuid7(datetime.now(UTC)))
    dying = asyncio.create_task(RUNNER.run(reach, call, nobody))
    await began(tmp_path / "began")
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    for _ in range(4):
        await RUNNER.run(reach, call_of("exit 0"), nobody)
    found = await RUNNER.find(reach, call)
    assert found is not None
    assert (found.ending, found.exit_code) == (Ending.FAILED, 5)
    assert [one.given["Comment"] for one in running.of("SendCommand")].count(f"alertwhisperer act {call.act_id}") == 1
    assert all("InvokedAfter" in str(one.given) for one in running.of("ListCommands"))


async def test_a_command_that_is_not_known_yet_is_waited_for(running: Cloud, reach: Reach) -> None:
    running.unknown_looks = 3
    outcome = await RUNNER.run(reach, call_of("exit 3"), nobody)
    assert (outcome.ending, outcome.exit_code) == (Ending.FAILED, 3)


async def test_a_document_that_is_not_the_pinned_one_is_refused(
    running: Cloud, reach: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.faults["SendCommand"] = deque([Fault("InvalidDocument", said="the hash does not match")])
    outcome = await RUNNER.run(reach, call_of("exit 0"), nobody)
    assert outcome.ending is Ending.NOT_STARTED
    assert "InvalidDocument" in outcome.reason


async def test_output_without_a_bucket_is_said_to_be_cut(running: Cloud, reach: Reach) -> None:
    outcome = await RUNNER.run(reach, call_of("head -c 100000 /dev/zero | tr '\\0' a"), nobody)
    assert (outcome.ending, outcome.stdout, outcome.cut) == (Ending.SUCCEEDED, b"a" * 24_000, True)


async def test_output_that_may_not_be_read_is_said_to_be_cut(running: Cloud, reach: Reach) -> None:
    running.denied.add("ListObjectsV2")
    kept = replace(reach, settings={**reach.settings, "output_bucket": "output"})
    outcome = await RUNNER.run(kept, call_of("head -c 100000 /dev/zero | tr '\\0' a"), nobody)
    assert (outcome.stdout, outcome.cut) == (b"a" * 24_000, True)


async def test_a_tag_means_one_instance_or_none(running: Cloud, reach: Reach) -> None:
    settings = {name: value for name, value in reach.settings.items() if name != "instance"}
    tagged = replace(reach, settings={**settings, "tag": "Role=web"})
    assert (await RUNNER.run(tagged, call_of("exit 0"), nobody)).ending is Ending.NOT_STARTED
    running.instances[INSTANCE] = {"Role": "web"}
    assert (await RUNNER.run(tagged, call_of("exit 0"), nobody)).ending is Ending.SUCCEEDED
    running.instances["i-0123456789abcdef1"] = {"Role": "web"}
    outcome = await RUNNER.run(tagged, call_of("exit 0"), nobody)
    assert outcome.ending is Ending.NOT_STARTED
    assert "of 2 managed instances" in outcome.reason


async def test_a_script_that_is_too_long_starts_nothing(running: Cloud, reach: Reach) -> None:
    noise = "".join(str(uuid4()) for _ in range(3_000))
    outcome = await RUNNER.run(reach, call_of(f": {noise}"), nobody)
    assert outcome.ending is Ending.NOT_STARTED
    assert "AWS takes 60000" in outcome.reason
    assert running.asked == []


async def test_what_is_wrong_with_the_way_is_said(running: Cloud, reach: Reach) -> None:
    running.instances[INSTANCE] = {":ping": "ConnectionLost"}
    assert "ConnectionLost" in (await RUNNER.check(reach))[0]
    running.instances.clear()
    assert "not managed" in (await RUNNER.check(reach))[0]
    running.denied.add("DescribeInstanceInformation")
    assert "aws check" in (await RUNNER.check(reach))[0]


async def test_nothing_is_asked_of_aws_without_an_identity_of_our_own(
    running: Cloud, reach: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("HOME", "/nonexistent")
    outcome = await RUNNER.run(reach, call_of("exit 0"), nobody)
    assert outcome.ending is Ending.NOT_STARTED
    assert "give it a role" in outcome.reason


def test_secrets_of_a_session_are_not_in_what_is_shown(reach: Reach) -> None:
    assert "aw-right" not in repr(reach)
