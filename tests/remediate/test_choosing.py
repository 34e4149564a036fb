"""When an incident opens, what may mend it is found, judged and told; what may start by itself starts, nothing else."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from alertwhisperer.domain.approval import Risk
from alertwhisperer.domain.errors import Invalid, NotFound
from alertwhisperer.domain.run import (
    Allowed,
    ChoiceOutcome,
    EscalationReason,
    RunPolicy,
    RunState,
    Verdict,
)
from alertwhisperer.domain.runbook import Phase
from alertwhisperer.domain.user import Role
from alertwhisperer.guard.approvals import expiry
from alertwhisperer.inventory.assets import set_asset
from alertwhisperer.inventory.discovery import discover
from alertwhisperer.remediate.policy import set_policy
from alertwhisperer.store import due
from tests.conftest import MakeCompany, Tenant
from tests.remediate.alarms import Alarms, alarms
from tests.remediate.world import World, runbook


@pytest.fixture
async def signed(make_company: MakeCompany, world: World) -> Tenant:
    """The world is this company's, whose one integration refuses what is not signed."""
    tenant = await make_company(source="generic", require_signature=True)
    world.company_id = tenant.id
    return tenant


@pytest.fixture
async def tool(world: World, signed: Tenant) -> AsyncIterator[Alarms]:
    """The signing integration's tool."""
    async with alarms(world, signed.integration.id) as made:
        yield made


async def trust(world: World, *integrations: UUID, parameters: tuple[Allowed, ...] = ()) -> None:
    """An admin says what alerts may decide."""
    policy = RunPolicy(frozenset(integrations), parameters)
    await set_policy(world.database, world.machine, world.means, policy, now=world.now)


async def test_low_risk_from_a_signed_tool_starts_by_itself(world: World, tool: Alarms) -> None:
    await world.set(auto_approve_low="yes")
    asset, _ = await world.target(), world.put(runbook())
    incident_id = await tool.fire()
    worker = world.worker()
    await world.work(worker)
    choice = await tool.choice(incident_id)
    assert (choice.outcome, choice.candidates[0].verdict) == (ChoiceOutcome.STARTED, Verdict.STARTED)
    assert choice.candidates[0].because == "its signature fits *app*down*"
    assert choice.run_id is not None
    run = await world.run(choice.run_id)
    assert (run.state, run.by_itself, run.incident_id) == (RunState.SUCCEEDED, True, incident_id)
    assert world.steps_on(asset) == ["precheck", "snapshot", "act", "verify"]


async def test_without_the_companys_word_low_risk_is_only_offered(world: World, tool: Alarms) -> None:
    asset, _ = await world.target(), world.put(runbook())
    incident_id = await tool.fire()
    await world.work()
    choice = await tool.choice(incident_id)
    assert (choice.outcome, choice.run_id) == (ChoiceOutcome.OFFERED, None)
    assert (await tool.only(incident_id)).verdict is Verdict.OFFERED
    assert world.steps_on(asset) == []


async def test_an_unsigned_alert_starts_nothing_unless_its_integration_is_trusted(
    world: World, make_company: MakeCompany
) -> None:
    tenant = await make_company(source="generic", require_signature=False)
    world.company_id = tenant.id
    await world.set(auto_approve_low="yes")
    asset, _ = await world.target(), world.put(runbook())
    async with alarms(world, tenant.integration.id) as plain:
        first = await plain.fire()
        await world.work()
        assert (await plain.only(first)).verdict is Verdict.NOT_TRUSTED
        assert world.steps_on(asset) == []
        await trust(world, tenant.integration.id)
        await plain.fire(resolved=True)
        world.advance(days=1)
        second = await plain.fire()
        assert second != first
        await world.work()
        assert (await plain.only(second)).verdict is Verdict.STARTED
        assert world.steps_on(asset)[-1] == "verify"


async def test_medium_risk_asks_and_high_risk_is_given_to_the_senior_technician(world: World, tool: Alarms) -> None:
    senior = await world.person(Role.TECHNICIAN)
    await world.set(senior_technician=senior.email)
    asset = await world.target()
    world.put(runbook(risk=Risk.HIGH))
    incident_id = await tool.fire()
    worker = world.worker()
    await world.work(worker)
    choice = await tool.choice(incident_id)
    assert (choice.outcome, choice.candidates[0].verdict) == (ChoiceOutcome.ASKED, Verdict.ASKED)
    assert (await tool.incident(incident_id)).assignee == senior.email
    assert world.steps_on(asset) == []
    assert choice.run_id is not None
    run = await world.run(choice.run_id)
    await world.approve(run, senior)
    await world.work(worker)
    assert (await world.run(run.id)).state is RunState.SUCCEEDED


async def test_high_risk_without_a_senior_technician_is_escalated(world: World, tool: Alarms) -> None:
    await world.target()
    world.put(runbook(risk=Risk.HIGH))
    incident_id = await tool.fire()
    await world.work()
    assert [one.reason for one in await world.escalations()] == [EscalationReason.HIGH_RISK]
    assert (await tool.incident(incident_id)).assignee is None


async def test_what_was_asked_by_itself_and_nobody_decides_is_escalated(world: World, tool: Alarms) -> None:
    await world.target()
    world.put(runbook(risk=Risk.MEDIUM))
    await tool.fire()
    worker = world.worker()
    await world.work(worker)
    world.advance(hours=2)
    async with due.take(world.database, due.APPROVAL_EXPIRY, now=world.now) as work:
        assert work is not None
        await expiry.look(work, now=world.now)
    await world.work(worker)
    assert [one.reason for one in await world.escalations()] == [EscalationReason.NOT_DECIDED]


@pytest.mark.parametrize("name", ["unknown-host", "app-01.evil.example", "app-01; reboot", "$(reboot)", "app-02"])
async def test_only_an_exact_name_of_a_confirmed_asset_is_a_target(world: World, tool: Alarms, name: str) -> None:
    """A name that nobody gave an asset, or that only appeared in an alert, is no target, whatever it looks like."""
    await world.set(auto_approve_low="yes")
    asset, _ = await world.target(), world.put(runbook())
    incident_id = await tool.fire(name)
    if name == "app-02":
        await discover(world.database, world.machine, now=world.now)
    await world.work()
    verdict = (await tool.only(incident_id)).verdict
    assert verdict is (Verdict.NOT_CONFIRMED if name == "app-02" else Verdict.NO_ASSET)
    assert (await tool.choice(incident_id)).run_id is None
    assert world.steps_on(asset) == []


async def test_what_only_appeared_in_an_alert_is_no_target_and_is_told(world: World, tool: Alarms) -> None:
    """Nobody has said what it runs on, so that says nothing about which runbooks would be tried."""
    linux_alone: dict[str, Any] = {
        "match": lambda books, *, signature, platform, tags: [(one, "it fits") for one in books if platform == "linux"]
    }
    world.over = linux_alone
    await world.set(auto_approve_low="yes")
    world.put(runbook())
    incident_id = await tool.fire("app-02")
    await discover(world.database, world.machine, now=world.now)
    await world.work()
    assert (await tool.only(incident_id)).verdict is Verdict.NOT_CONFIRMED
    assert (await tool.choice(incident_id)).run_id is None


async def test_another_companys_asset_is_no_target(world: World, tool: Alarms, make_company: MakeCompany) -> None:
    await world.set(auto_approve_low="yes")
    mine = world.company_id
    world.company_id = (await make_company("Other", source="generic")).id
    theirs = await world.target("their-host")
    world.company_id = mine
    world.put(runbook())
    incident_id = await tool.fire("their-host")
    await world.work()
    assert (await tool.only(incident_id)).verdict is Verdict.NO_ASSET
    assert world.steps_on(theirs) == []


@pytest.mark.parametrize(
    "value", ["; reboot", "$(reboot)", "{{ssm:secret}}", "-oProxyCommand=x", "a\nb", "x" * 100_000, "", None]
)
async def test_a_parameter_from_an_alert_must_be_allowed_and_of_its_kind(
    world: World, tool: Alarms, value: str | None
) -> None:
    """What is there must be a word, and what is required must be there; whatever an alert says, nothing else runs."""
    await world.set(auto_approve_low="yes")
    asset, _ = await world.target(), world.put(runbook(default=None, allowed=(value or "",)))
    await trust(world, parameters=(Allowed("restart-app", "word", "label:word"),))
    incident_id = await tool.fire(labels={} if value is None else {"word": value})
    await world.work()
    assert (await tool.only(incident_id)).verdict is Verdict.NO_PARAMETER
    assert world.steps_on(asset) == []


async def test_a_value_that_the_company_does_not_list_starts_nothing(world: World, tool: Alarms) -> None:
    """Not even where there is a default: what was meant is not known."""
    await world.set(auto_approve_low="yes")
    asset, _ = await world.target(), world.put(runbook(default="new", allowed=("given", "other")))
    await trust(world, parameters=(Allowed("restart-app", "word", "label:word"),))
    incident_id = await tool.fire(labels={"word": "harmless"})
    await world.work()
    candidate = await tool.only(incident_id)
    assert candidate.verdict is Verdict.NO_PARAMETER
    assert candidate.said == "what the alert says for word is not on the company's list"
    assert world.steps_on(asset) == []


async def test_a_value_that_the_company_lists_no_more_starts_nothing(world: World, tool: Alarms) -> None:
    """It was on the list when it was asked, and is not when it would start."""
    asset, _ = await world.target(), world.put(runbook(risk=Risk.MEDIUM))
    await trust(world, parameters=(Allowed("restart-app", "word", "label:word"),))
    incident_id = await tool.fire(labels={"word": "given"})
    worker = world.worker()
    await world.work(worker)
    run_id = (await tool.choice(incident_id)).run_id
    assert run_id is not None
    [book] = world.shelf.values()
    world.put(replace(book, parameters=(replace(book.parameters[0], allowed=()),)))
    await world.approve(await world.run(run_id), await world.person(Role.COMPANY_ADMIN))
    await world.work(worker)
    assert (await world.run(run_id)).state is RunState.CANCELLED
    assert world.steps_on(asset) == []


async def test_a_parameter_is_taken_from_an_alert_only_where_the_company_says_so(world: World, tool: Alarms) -> None:
    await world.set(auto_approve_low="yes")
    asset, _ = await world.target(), world.put(runbook())
    await tool.fire(labels={"word": "evil"})
    await world.work()
    assert (world.folder(asset) / "config").read_text() == "new\n", "the default: nobody allowed the label"
    (world.folder(asset) / "healthy").unlink()
    await trust(world, parameters=(Allowed("restart-app", "word", "label:word"),))
    await tool.fire(resolved=True)
    world.advance(days=1)
    incident_id = await tool.fire(labels={"word": "given"})
    await world.work()
    assert (world.folder(asset) / "config").read_text() == "given\n"
    assert (await tool.only(incident_id)).parameters == {"word": ("given", "alert label:word")}


async def test_what_is_allowed_must_be_suggested_by_the_runbook(world: World, signed: Tenant) -> None:
    world.put(runbook())
    for bad in (
        Allowed("restart-app", "word", "label:other"),
        Allowed("restart-app", "word", "message"),
        Allowed("restart-app", "other", "label:word"),
        Allowed("no-such", "word", "label:word"),
    ):
        with pytest.raises(Invalid):
            await trust(world, parameters=(bad,))
    with pytest.raises(NotFound):
        await trust(world, uuid4())


async def test_a_parameter_that_is_not_allowed_any_more_starts_nothing(world: World, tool: Alarms) -> None:
    asset, _ = await world.target(), world.put(runbook(risk=Risk.MEDIUM))
    await trust(world, parameters=(Allowed("restart-app", "word", "label:word"),))
    incident_id = await tool.fire(labels={"word": "given"})
    worker = world.worker()
    await world.work(worker)
    run_id = (await tool.choice(incident_id)).run_id
    assert run_id is not None
    await trust(world)
    await world.approve(await world.run(run_id), await world.person(Role.COMPANY_ADMIN))
    await world.work(worker)
    assert (await world.run(run_id)).state is RunState.CANCELLED
    assert world.steps_on(asset) == []


async def test_what_did_not_help_twice_is_not_tried_again(world: World, tool: Alarms) -> None:
    """Two incidents in which the fix did not help; at the third one nothing runs, and a person must look."""
    await world.set(auto_approve_low="yes")
    asset, _ = await world.target(), world.put(runbook(scripts={Phase.VERIFY: b"echo verify >>steps; exit 1"}))
    seen = []
    for _ in range(3):
        seen.append(await tool.fire())
        await world.work()
        await tool.fire(resolved=True)
        world.advance(hours=30)
    verdicts = [(await tool.only(incident_id)).verdict for incident_id in seen]
    assert verdicts == [Verdict.STARTED, Verdict.STARTED, Verdict.NOT_HELPED_TWICE]
    assert world.steps_on(asset).count("act") == 2
    reasons = [one.reason for one in await world.escalations()][::-1]
    assert reasons == [
        EscalationReason.NOT_HELPED,
        EscalationReason.NOT_HELPED_TWICE,
        EscalationReason.NOT_HELPED_TWICE,
    ]


async def test_caps_of_target_and_company(world: World, tool: Alarms) -> None:
    await world.set(auto_approve_low="yes", target_runs_per_hour=1, runs_per_hour=2)
    for name in ("app-01", "app-02", "app-03"):
        await world.target(name)
    world.put(runbook(signatures=("*app*down*", "other*")))
    worker = world.worker()
    verdicts = []
    for name, signature in (
        ("app-01", "App is down"),
        ("app-01", "other thing"),
        ("app-02", "App is down"),
        ("app-03", "App is down"),
    ):
        incident_id = await tool.fire(name, signature)
        await world.work(worker)
        verdicts.append((await tool.only(incident_id)).verdict)
    assert verdicts == [Verdict.STARTED, Verdict.CAPPED_TARGET, Verdict.STARTED, Verdict.CAPPED_COMPANY]


async def test_the_best_is_taken_and_the_others_are_told(world: World, tool: Alarms) -> None:
    await world.set(auto_approve_low="yes")
    await world.target()
    world.put(runbook("a-restart"), runbook("b-restart"), runbook("c-other", signatures=("nothing*",)))
    incident_id = await tool.fire()
    await world.work()
    told = [(one.runbook, one.verdict) for one in (await tool.choice(incident_id)).candidates]
    assert told == [("a-restart", Verdict.STARTED), ("b-restart", Verdict.NOT_BEST)]


async def test_a_changed_asset_means_that_nothing_starts(world: World, tool: Alarms) -> None:
    """An asset that is unbound after it was chosen is no target any more."""
    asset, _ = await world.target(), world.put(runbook(risk=Risk.MEDIUM))
    incident_id = await tool.fire()
    worker = world.worker()
    await world.work(worker)
    run_id = (await tool.choice(incident_id)).run_id
    assert run_id is not None
    admin = await world.person(Role.COMPANY_ADMIN)
    await set_asset(world.database, world.by(admin), asset.id, {"notes": "moved"}, now=world.now)
    other = await world.person(Role.COMPANY_ADMIN)
    world.bound.pop(asset.id)
    await world.approve(await world.run(run_id), other)
    await world.work(worker)
    assert (await world.run(run_id)).state is RunState.CANCELLED
