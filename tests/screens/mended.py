"""Runs to look at: one waits for a yes, one proved itself, one could not be put back, one was cancelled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from alertwhisperer.domain.approval import State
from alertwhisperer.domain.company import CompanyId, Scope
from alertwhisperer.domain.execution import Ending, Outcome
from alertwhisperer.domain.run import Act, EscalationReason, Move, Run, RunReason, RunState, SoFar, TargetState
from alertwhisperer.domain.runbook import Phase
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import approvals, run_choices, runs
from alertwhisperer.store.database import Database, Unit
from tests.database import run_apart
from tests.peers.sshd import a_key
from tests.server import Place, house_of

Ask = Callable[..., Any]

MACHINES = ("db-01.example.org", "web-02.example.org", "vpn-gw.example.org")
_OUTPUT = b"nginx.service was failed since 02:58:11\nstarted; its main process is 48121\n"
_SO_FAR = b"".join(b"waiting for worker %d of 24 to finish what it serves\n" % one for one in range(1, 19))
_GOOD = (
    (TargetState.PRECHECKING, RunReason.BEGUN, None),
    (TargetState.ACTING, RunReason.READY, Phase.PRECHECK),
    (TargetState.VERIFYING, RunReason.ACTED, Phase.ACT),
)
_HELPED = (*_GOOD, (TargetState.SUCCEEDED, RunReason.VERIFIED, Phase.VERIFY))
_DID_NOT = (
    *_GOOD,
    (TargetState.ROLLING_BACK, RunReason.VERIFY_FAILED, Phase.VERIFY),
    (TargetState.FAILED, RunReason.UNDO_FAILED, Phase.UNDO),
)


def bind_machines(ask: Ask, company_id: CompanyId) -> dict[str, str]:
    """Assets of the company that scripts may run on, by name; nothing is ever sent to them: no run of theirs starts."""
    of = f"/api/companies/{company_id}"
    private, public = a_key()
    key = ask("POST", f"{of}/credentials", {"name": "servers", "executor": "ssh", "values": {"private_key": private}})
    settings = {"address": "192.0.2.10", "user": "alertwhisperer", "host_key": public}
    made = {}
    for name in MACHINES:
        asset = ask("POST", f"{of}/assets", {"name": name, "kind": "server", "platform": "linux"})
        binding = {"executor": "ssh", "settings": settings, "credential": key["id"]}
        ask("PUT", f"{of}/assets/{asset['id']}/binding", binding)
        made[name] = asset["id"]
    return made


def mend(ask: Ask, place: Place, company_id: CompanyId, machines: dict[str, str], incident_id: str) -> tuple[str, str]:
    """Runs for an incident; the ids of the one that waits and of the one that failed."""
    first, second, third = machines.values()
    waits = _asked(ask, company_id, incident_id, "disk-cleanup", [first, second])
    _through(
        place,
        company_id,
        _asked(ask, company_id, incident_id, "service-restart", [first], service="nginx.service"),
        _HELPED,
    )
    failed = _asked(ask, company_id, incident_id, "service-recycle", [first, second, third], service="nginx.service")
    _through(place, company_id, failed, _DID_NOT)
    ask("POST", f"/api/runs/{_asked(ask, company_id, incident_id, 'memory-pressure', [third])}/cancel")
    return waits, failed


def under_way(ask: Ask, place: Place, company_id: CompanyId, machines: dict[str, str], incident_id: str) -> str:
    """A run whose act was sent and has printed something; its machine never answers, so it stays so for minutes."""
    target = machines["web-02.example.org"]
    run_id = _asked(ask, company_id, incident_id, "service-restart", [target], service="nginx.service")

    async def gone() -> None:
        async with house_of(place) as house:
            await _begin(house.database, Scope(company_id, "timer"), UUID(run_id), datetime.now(UTC))

    run_apart(gone())
    return run_id


async def _begin(database: Database, scope: Scope, run_id: UUID, now: datetime) -> None:
    async with database.unit_of_work(scope) as unit:
        run = await _started(unit, run_id, now)
        run = await _go_on(unit, run, 0, _GOOD[:2], now)
        act = Act(uuid7(now), run.id, run.targets[0].asset_id, Phase.ACT, now)
        await runs.begin_act(unit, act)
        await runs.put_so_far(
            unit, act, SoFar("ssh", now, _SO_FAR, b"nginx: [warn] conflicting server name\n"), run.fence
        )


def _asked(ask: Ask, company_id: CompanyId, incident_id: str, slug: str, targets: list[str], **given: str) -> str:
    of = f"/api/companies/{company_id}/runs"
    wish = {"runbook": slug, "targets": targets, "parameters": given}
    shown = ask("POST", f"{of}/plan", wish)
    read = {
        "hash": shown["hash"],
        "start_by": shown["start_by"],
        "why": "It pages every night.",
        "incident_id": incident_id,
    }
    run_id: str = ask("POST", of, {**wish, **read})["id"]
    return run_id


Way = tuple[tuple[TargetState, RunReason, Phase | None], ...]


def _through(place: Place, company_id: CompanyId, run_id: str, way: Way) -> None:
    """The run goes its way on its targets, as rows: on the last as said, on the others as if it had helped."""

    async def gone() -> None:
        async with house_of(place) as house:
            await _go(house.database, Scope(company_id, "timer"), UUID(run_id), way, datetime.now(UTC))

    run_apart(gone())


async def _go(database: Database, scope: Scope, run_id: UUID, way: Way, now: datetime) -> None:
    async with database.unit_of_work(scope) as unit:
        run = await _started(unit, run_id, now)
        for place in range(len(run.targets)):
            run = await _go_on(unit, run, place, way if place == len(run.targets) - 1 else _HELPED, now)
        last = run.targets[-1]
        run = await runs.move_run(unit, run, RunState(last.state.value), last.reason, now=now + timedelta(seconds=30))
        if run.state is RunState.FAILED:
            said = f"{run.title} ended as failed. {last.name}: what was changed could not be put back."
            reason = EscalationReason.ROLLBACK_FAILED
            await run_choices.escalate(unit, reason, said, run_id=run.id, incident_id=run.incident_id, now=now)


async def _started(unit: Unit, run_id: UUID, now: datetime) -> Run:
    found = await runs.read(unit, run_id)
    assert found is not None
    await approvals.lock(unit, found.approval_id)  # before the run, as whoever starts one does
    run = await runs.lock(unit, run_id)
    assert run is not None
    for state in (State.APPROVED, State.STARTED):
        await approvals.settle(unit, run.approval_id, state, "the story says so", now=now)
    run = await runs.move_run(unit, run, RunState.RUNNING, RunReason.APPROVED, now=now)
    for target in run.targets:
        run = await runs.move_target(unit, run, target, Move(TargetState.READY, RunReason.APPROVED), now=now)
    return run


async def _go_on(unit: Unit, run: Run, place: int, way: Way, now: datetime) -> Run:
    for second, (state, reason, phase) in enumerate(way):
        act_id, said = None, ""
        if phase is not None:
            act = Act(uuid7(now), run.id, run.targets[place].asset_id, phase, now)
            code = 1 if reason in (RunReason.VERIFY_FAILED, RunReason.UNDO_FAILED) else 0
            said = f"It exited with {code}."
            await runs.begin_act(unit, act)
            outcome = Outcome(Ending.FAILED if code else Ending.SUCCEEDED, said, code, _OUTPUT)
            await runs.settle_act(unit, act, outcome, now=now + timedelta(seconds=second))
            act_id = act.id
        at = now + timedelta(seconds=second)
        run = await runs.move_target(
            unit, run, run.targets[place], Move(state, reason), said=said, act_id=act_id, now=at
        )
    return run
