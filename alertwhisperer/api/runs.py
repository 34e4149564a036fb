"""Runs: what one would do exactly, asking for it, how far it has come, and what its scripts said."""

import base64
from dataclasses import asdict, replace
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from alertwhisperer.api.access import Caller, allow, allow_in_company
from alertwhisperer.api.approvals import PLAN_EXAMPLE, PlanShown, show_plan
from alertwhisperer.api.fields import Asked, LongText, Moment, Shown, Text, example
from alertwhisperer.api.pages import Page, PageQuery, SomeCompanies, page_of
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.approval import Parameter, Risk
from alertwhisperer.domain.execution import Ending
from alertwhisperer.domain.run import (
    REASONS,
    VERDICTS,
    Act,
    Candidate,
    Choice,
    ChoiceOutcome,
    EscalationReason,
    Healing,
    HealReason,
    HealState,
    Run,
    RunEscalation,
    RunReason,
    RunState,
    RunWhole,
    Step,
    TargetState,
    Verdict,
)
from alertwhisperer.domain.runbook import Phase
from alertwhisperer.guard.approvals import canonical
from alertwhisperer.guard.permissions import Action
from alertwhisperer.remediate import asking, reading
from alertwhisperer.remediate.asking import Preview, Reason
from alertwhisperer.remediate.plan import PERSON_ORIGIN, Wish
from alertwhisperer.remediate.ways import tells_as_it_comes
from alertwhisperer.store import across, incidents, runs
from alertwhisperer.store.runs import RunFilter

router = APIRouter(prefix="/api", tags=["runs"])

_MOST_TARGETS = 500
_MOST_PARAMETERS = 50
_LONGEST_WHY = 2_000

_RUN_ID = "0195d3a1-22b0-7e11-8a00-5b1c03000020"
_ACT_ID = "0195d3a1-22b0-7e11-8a00-5b1c03000021"
_ASSET_ID = "0195d3a0-7c1e-7b5a-9f00-3c8d56000000"
_INCIDENT_ID = "0195d3a1-22b0-7e11-8a00-5b1c03000000"
_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_WISH = {"runbook": "vacuum-journal", "targets": [_ASSET_ID], "parameters": {"keep_days": "7"}}
_NAMED = {"asset_id": _ASSET_ID, "name": "db-01"}
_PREVIEW = {
    "runbook": "vacuum-journal",
    "title": "Shrink the journal",
    "risk": "medium",
    "risk_reason": "Deleted journals cannot be had back.",
    "irreversible": "Deleted journals cannot be had back.",
    "needed": 1,
    "hash": _HASH,
    "start_by": "2026-03-01T09:05:00Z",
    "targets": [_NAMED],
    "plan": PLAN_EXAMPLE,
}
_TARGET = {
    "asset_id": _ASSET_ID,
    "name": "db-01",
    "state": "succeeded",
    "reason": "verified",
    "why": REASONS[RunReason.VERIFIED],
    "said": "It exited with 0.",
    "changed_at": "2026-03-01T08:07:30Z",
}
_RUN = {
    "id": _RUN_ID,
    "company_id": "0195d3a0-7c1e-7b5a-9f00-3c8d52000000",
    "approval_id": "0195d3a1-22b0-7e11-8a00-5b1c03000009",
    "incident_id": _INCIDENT_ID,
    "runbook": "vacuum-journal",
    "version": f"3 {_HASH}",
    "title": "Shrink the journal",
    "risk": "medium",
    "by_itself": False,
    "state": "succeeded",
    "reason": "verified",
    "why": REASONS[RunReason.VERIFIED],
    "requested_by": "lee@example.org",
    "requested_at": "2026-03-01T08:05:00Z",
    "started_at": "2026-03-01T08:07:00Z",
    "ended_at": "2026-03-01T08:07:30Z",
    "cancelled_by": "",
    "targets": [_TARGET],
}
_ACT = {
    "id": _ACT_ID,
    "asset_id": _ASSET_ID,
    "phase": "act",
    "begun_at": "2026-03-01T08:07:02Z",
    "ending": "succeeded",
    "exit_code": 0,
    "said": "It exited with 0.",
    "cut": False,
    "reference": "",
    "link": "",
    "started_at": "2026-03-01T08:07:02Z",
    "ended_at": "2026-03-01T08:07:20Z",
    "output_removed_at": None,
}
_STEP = {
    "at": "2026-03-01T08:07:20Z",
    "asset_id": _ASSET_ID,
    "before": "acting",
    "after": "verifying",
    "reason": "acted",
    "why": REASONS[RunReason.ACTED],
    "actor": "timer",
    "said": "It exited with 0.",
    "act_id": _ACT_ID,
}
_TEXT = {"text": "Vacuuming done, freed 1.2G\n", "base64": "VmFjdXVtaW5nIGRvbmUsIGZyZWVkIDEuMkcK"}
_NO_TEXT = {"text": "", "base64": ""}
_TAKEN = {"value": "7", "origin": "alert label:keep"}
_CANDIDATE = {
    "runbook": "vacuum-journal",
    "title": "Shrink the journal",
    "version": f"3 {_HASH}",
    "risk": "medium",
    "asset": "db-01",
    "asset_id": _ASSET_ID,
    "signature": "DiskWillFill",
    "alert_id": "0195d3a1-22b0-7e11-8a00-5b1c02000000",
    "because": "its signature fits *disk*",
    "verdict": "asked",
    "why": VERDICTS[Verdict.ASKED],
    "said": "",
    "parameters": {"keep_days": _TAKEN},
}
_CHOICE = {"at": "2026-03-01T08:00:13Z", "outcome": "asked", "run_id": _RUN_ID, "candidates": [_CANDIDATE]}
_HEALING = {
    "run_id": _RUN_ID,
    "state": "provisional",
    "reason": "verified",
    "healed_at": "2026-03-01T08:07:30Z",
    "until": "2026-03-02T08:07:30Z",
    "settled_at": None,
}
_ESCALATION = {
    "id": "0195d3a1-22b0-7e11-8a00-5b1c03000022",
    "at": "2026-03-01T08:07:30Z",
    "reason": "rollback_failed",
    "said": "Shrink the journal ended as failed. db-01: failed. What was changed could not be put back.",
    "run_id": _RUN_ID,
    "incident_id": _INCIDENT_ID,
}

RunWord = Literal[
    "planned", "waiting_for_approval", "running", "succeeded", "rolled_back", "failed", "cancelled", "uncertain"
]


class RunWish(Asked):
    """What is to be run."""

    model_config = example(_WISH)

    runbook: Annotated[Text, Field(min_length=1, description="its slug")]
    targets: Annotated[
        list[UUID], Field(min_length=1, max_length=_MOST_TARGETS, description="assets, in the order they are acted on")
    ]
    parameters: Annotated[
        dict[Text, LongText],
        Field(max_length=_MOST_PARAMETERS, description="those that differ from the runbook's defaults"),
    ] = Field(default_factory=dict)

    def wish(self) -> Wish:
        """The same for the rest."""
        given = {name: Parameter(value, PERSON_ORIGIN) for name, value in self.parameters.items()}
        return Wish(self.runbook, tuple(self.targets), given)


class RunAsked(RunWish):
    """A run whose plan was read."""

    model_config = example(
        {**_WISH, "why": "Its disk fills.", "hash": _HASH, "start_by": "2026-03-01T09:05:00Z", "incident_id": None}
    )

    why: Annotated[Text, Field(min_length=1, max_length=_LONGEST_WHY, description="for whoever decides")]
    hash: Annotated[Text, Field(pattern="^[0-9a-f]{64}$", description="of the plan that you read")]
    start_by: Annotated[Moment, Field(description="as the plan that you read says")]
    incident_id: Annotated[UUID | None, Field(description="that it would mend")] = None


class NamedTarget(Shown):
    """A target by its name."""

    model_config = example(_NAMED)

    asset_id: UUID
    name: str


class PreviewShown(Shown):
    """Exactly what a run would do; nothing was asked."""

    model_config = example(_PREVIEW)

    runbook: str
    title: str
    risk: Risk
    risk_reason: str
    irreversible: Annotated[str, Field(description="why it cannot be undone; empty where it can")]
    needed: Annotated[int, Field(description="different people who must agree; 0: it starts at once")]
    hash: Annotated[str, Field(description="of the plan; whoever asks for the run names it")]
    start_by: datetime
    targets: list[NamedTarget]
    plan: PlanShown


class TargetRunShown(Shown):
    """Where a run stands on one target."""

    model_config = example(_TARGET)

    asset_id: UUID
    name: Annotated[str, Field(description="the asset's, when it was planned")]
    state: TargetState
    reason: RunReason
    why: Annotated[str, Field(description="the reason in a sentence")]
    said: Annotated[str, Field(description="what the last script's executor said")]
    changed_at: datetime


class RunShown(Shown):
    """A runbook carried out on targets."""

    model_config = example(_RUN)

    id: UUID
    company_id: UUID
    approval_id: Annotated[UUID, Field(description="the question whether it may; its plan is what is run")]
    incident_id: UUID | None
    runbook: str
    version: Annotated[str, Field(description="with the hash of the runbook's file")]
    title: str
    risk: Risk
    by_itself: Annotated[bool, Field(description="the product chose it")]
    state: RunState
    reason: RunReason
    why: Annotated[str, Field(description="the reason in a sentence")]
    requested_by: str
    requested_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    cancelled_by: Annotated[str, Field(description="who wants it to end; empty: nobody")]
    targets: list[TargetRunShown]


class ActShown(Shown):
    """A script on a target."""

    model_config = example(_ACT)

    id: UUID
    asset_id: UUID
    phase: Phase
    begun_at: Annotated[datetime, Field(description="when it was written down; it was sent after that")]
    ending: Annotated[Ending | None, Field(description="null: nobody knows yet")]
    exit_code: int | None
    said: str
    cut: Annotated[bool, Field(description="it said more than is kept")]
    reference: Annotated[str, Field(description="the vendor's name of it")]
    link: str
    started_at: datetime | None
    ended_at: datetime | None
    output_removed_at: Annotated[
        datetime | None, Field(description="when its output was kept for long enough; null: it is there")
    ]


class RunStep(Shown):
    """A transition."""

    model_config = example(_STEP)

    at: datetime
    asset_id: Annotated[UUID | None, Field(description="null: the run as a whole")]
    before: str
    after: str
    reason: RunReason
    why: Annotated[str, Field(description="the reason in a sentence")]
    actor: str
    said: str
    act_id: Annotated[UUID | None, Field(description="the script whose outcome led here")]


class RunWholeShown(RunShown):
    """A run with its scripts and its transitions, oldest first."""

    model_config = example({**_RUN, "acts": [_ACT], "steps": [_STEP]})

    acts: list[ActShown]
    steps: list[RunStep]


class OutputShown(Shown):
    """What a script printed, without secrets that we know or that look like some."""

    model_config = example(_TEXT)

    text: Annotated[str | None, Field(description="the same as text; null where it is no UTF-8")]
    base64: str


class ActWhole(ActShown):
    """A script with its output: all of it, or what was heard of it so far."""

    model_config = example(
        {**_ACT, "partial": False, "comes": None, "heard_at": None, "stdout": _TEXT, "stderr": _NO_TEXT}
    )

    partial: Annotated[
        bool, Field(description="the end of what it printed so far: it runs, or nobody could learn what came of it")
    ]
    comes: Annotated[
        Literal["as_it_runs", "when_it_ends"] | None,
        Field(description="when its executor hears what it prints; null where all of it is here"),
    ]
    heard_at: Annotated[datetime | None, Field(description="when that was last heard; null where all of it is here")]
    stdout: OutputShown
    stderr: OutputShown


class ParameterOfCandidate(Shown):
    """A value that was taken from an alert."""

    model_config = example(_TAKEN)

    value: str
    origin: str


class RunCandidate(Shown):
    """A runbook that could mend something of an incident, and what became of it."""

    model_config = example(_CANDIDATE)

    runbook: str
    title: str
    version: str
    risk: Risk
    asset: str
    asset_id: UUID | None
    signature: str
    alert_id: UUID
    because: Annotated[str, Field(description="why it applies")]
    verdict: Verdict
    why: Annotated[str, Field(description="the verdict in a sentence")]
    said: str
    parameters: dict[str, ParameterOfCandidate]


class ChoiceShown(Shown):
    """What was thought when the incident opened; the best candidate first."""

    model_config = example(_CHOICE)

    at: datetime
    outcome: ChoiceOutcome
    run_id: UUID | None
    candidates: list[RunCandidate]


class HealingShown(Shown):
    """That a run alone healed the incident, and whether it held."""

    model_config = example(_HEALING)

    run_id: UUID
    state: HealState
    reason: HealReason
    healed_at: datetime
    until: Annotated[datetime, Field(description="what comes back before that withdraws it")]
    settled_at: datetime | None


class EscalationShown(Shown):
    """A person must look."""

    model_config = example(_ESCALATION)

    id: UUID
    at: datetime
    reason: EscalationReason
    said: str
    run_id: UUID | None
    incident_id: UUID | None


class MendingShown(Shown):
    """What was thought and done to mend an incident."""

    model_config = example({"choice": _CHOICE, "runs": [_RUN], "healing": _HEALING, "escalations": [_ESCALATION]})

    choice: Annotated[ChoiceShown | None, Field(description="null: nobody has looked yet")]
    runs: list[RunShown]
    healing: HealingShown | None
    escalations: list[EscalationShown]


class AllRunsQuery(PageQuery):
    """Which runs."""

    state: RunWord | None = None
    runbook: Annotated[Text | None, Field(description="its slug")] = None
    since: Annotated[Moment | None, Field(description="asked for at or after")] = None

    @property
    def filter(self) -> RunFilter:
        """The same for the store."""
        state = None if self.state is None else RunState(self.state)
        return RunFilter(state=state, runbook=self.runbook, since=self.since)


class RunQuery(AllRunsQuery):
    """Which runs of a company."""

    incident_id: Annotated[UUID | None, Field(description="those of one incident")] = None


class AnywhereRunQuery(SomeCompanies, AllRunsQuery):
    """Which runs of which companies."""


class AnywherePageQuery(SomeCompanies, PageQuery):
    """Of which companies."""


class RunAnywhere(RunShown):
    """A run, and whose it is."""

    model_config = example({**_RUN, "company": "Acme"})

    company: Annotated[str, Field(description="the company's name")]


class EscalationAnywhere(EscalationShown):
    """A run that a person must look at, and whose it is."""

    model_config = example({**_ESCALATION, "company_id": _RUN["company_id"], "company": "Acme"})

    company_id: UUID
    company: Annotated[str, Field(description="the company's name")]


@router.get("/companies/{company_id}/runs", summary="A company's runs, newest first", responses=responses(404))
async def list_runs(
    caller: Annotated[Caller, allow_in_company(Action.RUN_READ)], query: Annotated[RunQuery, Query()]
) -> Page[RunShown]:
    wanted = replace(query.filter, incident_id=query.incident_id)
    found = await reading.list_runs(caller.desk.database, caller.scope, wanted, limit=query.reach, before=query.cursor)
    return page_of(found, query, lambda one: RunShown(**fields_of(one)), lambda one: one.id)


@router.get("/runs", summary="Runs of all companies that you serve, newest first", responses=responses())
async def list_all_runs(
    caller: Annotated[Caller, allow(Action.RUN_CROSS)], query: Annotated[AnywhereRunQuery, Query()]
) -> Page[RunAnywhere]:
    async with caller.crossing() as look:
        companies = query.among(look.companies)
        found = await across.page_of_runs(
            look.connection, companies, look.at, query.filter, limit=query.reach, before=query.cursor
        )
        names = await look.names({one.company_id for one in found})
    return page_of(
        found,
        query,
        lambda one: RunAnywhere(**fields_of(one), company=names[one.company_id]),
        lambda one: one.id,
    )


@router.post(
    "/companies/{company_id}/runs/plan", summary="What a run would do, exactly; nothing runs", responses=responses(404)
)
async def plan_run(caller: Annotated[Caller, allow_in_company(Action.RUN_START)], body: RunWish) -> PreviewShown:
    desk = caller.desk
    return _preview(await asking.preview(desk.database, caller.scope, desk.means, body.wish(), now=caller.now))


@router.post(
    "/companies/{company_id}/runs",
    status_code=201,
    summary="Ask for a run whose plan you read",
    responses=responses(404, 409),
)
async def start_run(caller: Annotated[Caller, allow_in_company(Action.RUN_START)], body: RunAsked) -> RunShown:
    desk = caller.desk
    run = await asking.start_run(
        desk.database,
        caller.scope,
        desk.means,
        body.wish(),
        Reason(body.why, body.incident_id),
        hash_read=bytes.fromhex(body.hash),
        start_by=body.start_by,
        now=caller.now,
    )
    return RunShown(**fields_of(run))


@router.get("/runs/{run_id}", summary="One run with all that happened", responses=responses(404))
async def read_run(caller: Annotated[Caller, allow(Action.RUN_READ)], run_id: UUID) -> RunWholeShown:
    scope = await caller.find(runs.company_of, run_id, "run")
    return _whole(await reading.get_run(caller.desk.database, scope, run_id))


@router.get("/runs/{run_id}/acts/{act_id}", summary="What a script of a run said", responses=responses(404))
async def read_act(caller: Annotated[Caller, allow(Action.RUN_READ)], run_id: UUID, act_id: UUID) -> ActWhole:
    scope = await caller.find(runs.company_of, run_id, "run")
    act = await reading.get_act(caller.desk.database, scope, run_id, act_id)
    said = output_of(act)
    return ActWhole(
        **{**fields_of_act(act), **said, "stdout": _output(said["stdout"]), "stderr": _output(said["stderr"])}
    )


@router.post("/runs/{run_id}/cancel", summary="End a run", responses=responses(404, 409))
async def cancel_run(caller: Annotated[Caller, allow(Action.RUN_CANCEL)], run_id: UUID) -> RunWholeShown:
    scope = await caller.find(runs.company_of, run_id, "run")
    await asking.cancel_run(caller.desk.database, scope, run_id, now=caller.now)
    return _whole(await reading.get_run(caller.desk.database, scope, run_id))


@router.get(
    "/incidents/{incident_id}/mending", summary="What could mend it, and what was done", responses=responses(404)
)
async def read_mending(caller: Annotated[Caller, allow(Action.RUN_READ)], incident_id: UUID) -> MendingShown:
    scope = await caller.find(incidents.company_of, incident_id, "incident")
    found = await reading.get_mending(caller.desk.database, scope, incident_id)
    return MendingShown(
        choice=None if found.choice is None else _choice(found.choice),
        runs=[RunShown(**fields_of(one)) for one in found.runs],
        healing=None if found.healing is None else _healing(found.healing),
        escalations=[_escalation(one) for one in found.escalations],
    )


@router.get(
    "/companies/{company_id}/run-escalations", summary="Runs that a person must look at", responses=responses(404)
)
async def list_escalations(
    caller: Annotated[Caller, allow_in_company(Action.RUN_READ)], query: Annotated[PageQuery, Query()]
) -> Page[EscalationShown]:
    found = await reading.list_escalations(caller.desk.database, caller.scope, limit=query.reach, before=query.cursor)
    return page_of(found, query, _escalation, lambda one: one.id)


@router.get(
    "/run-escalations",
    summary="Runs that a person must look at, of all companies that you serve, newest first",
    responses=responses(),
)
async def list_all_escalations(
    caller: Annotated[Caller, allow(Action.RUN_CROSS)], query: Annotated[AnywherePageQuery, Query()]
) -> Page[EscalationAnywhere]:
    async with caller.crossing() as look:
        companies = query.among(look.companies)
        found = await across.page_of_escalations(look.connection, companies, limit=query.reach, before=query.cursor)
        names = await look.names({company_id for company_id, _ in found})
    return page_of(
        found,
        query,
        lambda one: EscalationAnywhere(**asdict(one[1]), company_id=one[0], company=names[one[0]]),
        lambda one: one[1].id,
    )


def _preview(shown: Preview) -> PreviewShown:
    planned = shown.planned
    return PreviewShown(
        runbook=planned.runbook.slug,
        title=planned.runbook.title,
        risk=planned.plan.risk,
        risk_reason=planned.runbook.risk_reason,
        irreversible=planned.runbook.irreversible,
        needed=shown.needed,
        hash=shown.hash.hex(),
        start_by=planned.plan.start_by,
        targets=[NamedTarget(asset_id=one.id, name=one.name) for one in planned.assets],
        plan=show_plan(planned.plan, canonical.encode(planned.plan)),
    )


def _whole(found: RunWhole) -> RunWholeShown:
    return RunWholeShown(
        **fields_of(found.run),
        acts=[ActShown(**fields_of_act(one)) for one in found.acts],
        steps=[_step(one) for one in found.steps],
    )


def fields_of(run: Run) -> dict[str, Any]:
    """A run by the API's names."""
    return {
        "id": run.id,
        "company_id": run.company_id,
        "approval_id": run.approval_id,
        "incident_id": run.incident_id,
        "runbook": run.runbook,
        "version": run.version,
        "title": run.title,
        "risk": run.risk,
        "by_itself": run.by_itself,
        "state": run.state,
        "reason": run.reason,
        "why": REASONS[run.reason],
        "requested_by": run.requested_by,
        "requested_at": run.requested_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "cancelled_by": run.cancelled_by,
        "targets": [
            {
                "asset_id": one.asset_id,
                "name": one.name,
                "state": one.state,
                "reason": one.reason,
                "why": REASONS[one.reason],
                "said": one.said,
                "changed_at": one.changed_at,
            }
            for one in run.targets
        ],
    }


def fields_of_act(act: Act) -> dict[str, Any]:
    """A script on a target by the API's names, without its output."""
    outcome = act.outcome
    return {
        "id": act.id,
        "asset_id": act.asset_id,
        "phase": act.phase,
        "begun_at": act.begun_at,
        "ending": None if outcome is None else outcome.ending,
        "exit_code": None if outcome is None else outcome.exit_code,
        "said": "" if outcome is None else outcome.reason,
        "cut": outcome is not None and outcome.cut,
        "reference": "" if outcome is None else outcome.reference,
        "link": "" if outcome is None else outcome.link,
        "started_at": None if outcome is None else outcome.started_at,
        "ended_at": None if outcome is None else outcome.ended_at,
        "output_removed_at": act.output_removed_at,
    }


def output_of(act: Act) -> dict[str, Any]:
    """What a script printed, by the API's names, in bytes: all of it, or what was heard of it so far."""
    heard, outcome = act.so_far, act.outcome
    if heard is None:
        said = (b"", b"") if outcome is None else (outcome.stdout, outcome.stderr)
        return {"partial": outcome is None, "comes": None, "heard_at": None, "stdout": said[0], "stderr": said[1]}
    return {
        "partial": True,
        "comes": "as_it_runs" if tells_as_it_comes(heard.executor) else "when_it_ends",
        "heard_at": heard.heard_at,
        "stdout": heard.stdout,
        "stderr": heard.stderr,
        "cut": heard.cut,
    }


def _step(one: Step) -> RunStep:
    return RunStep(
        at=one.at,
        asset_id=one.asset_id,
        before=one.before,
        after=one.after,
        reason=one.reason,
        why=REASONS[one.reason],
        actor=one.actor,
        said=one.said,
        act_id=one.act_id,
    )


def _output(content: bytes) -> OutputShown:
    try:
        text: str | None = content.decode()
    except UnicodeDecodeError:
        text = None
    return OutputShown(text=text, base64=base64.b64encode(content).decode())


def _choice(one: Choice) -> ChoiceShown:
    return ChoiceShown(
        at=one.at, outcome=one.outcome, run_id=one.run_id, candidates=[_candidate(each) for each in one.candidates]
    )


def _candidate(one: Candidate) -> RunCandidate:
    return RunCandidate(
        runbook=one.runbook,
        title=one.title,
        version=one.version,
        risk=one.risk,
        asset=one.asset,
        asset_id=one.asset_id,
        signature=one.signature,
        alert_id=one.alert_id,
        because=one.because,
        verdict=one.verdict,
        why=VERDICTS[one.verdict],
        said=one.said,
        parameters={
            name: ParameterOfCandidate(value=value, origin=origin) for name, (value, origin) in one.parameters.items()
        },
    )


def _healing(one: Healing) -> HealingShown:
    return HealingShown(
        run_id=one.run_id,
        state=one.state,
        reason=one.reason,
        healed_at=one.healed_at,
        until=one.until,
        settled_at=one.settled_at,
    )


def _escalation(one: RunEscalation) -> EscalationShown:
    return EscalationShown(
        id=one.id,
        at=one.at,
        reason=one.reason,
        said=one.said,
        run_id=one.run_id,
        incident_id=one.incident_id,
    )
