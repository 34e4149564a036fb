"""
Chooses what to do about an incident that opened: which runbooks could mend it, which of them is taken, and why.

An alert's content is never authority. It only looks up: its asset's name must be exactly a name of a confirmed asset,
which a person bound to a way to reach it; a parameter may come from it only where the company's own list says so. What
starts by itself is of low risk, where the company lets that pass, and comes from an integration that signs or that an
admin trusts, within the company's caps, and has not failed there twice. Everything that was thought is kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from alertwhisperer.domain.approval import Parameter, Risk, requester_of
from alertwhisperer.domain.asset import canonical
from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company_setting import RUNS_PER_HOUR, TARGET_RUNS_PER_HOUR, SettingValue
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.inventory import Asset
from alertwhisperer.domain.run import (
    VERDICTS,
    Candidate,
    Choice,
    ChoiceOutcome,
    EscalationReason,
    Run,
    RunPolicy,
    Verdict,
)
from alertwhisperer.domain.runbook import Runbook
from alertwhisperer.domain.state import AlertStatus, IncidentStatus
from alertwhisperer.guard.approvals.decide import SENIOR_TECHNICIAN, policy_of
from alertwhisperer.guard.company_settings import held
from alertwhisperer.remediate.asking import Reason, ask_for
from alertwhisperer.remediate.begin import HOUR
from alertwhisperer.remediate.ending import MOST_TRIES, escalate, tries_without_help
from alertwhisperer.remediate.means import PLATFORMS, Means
from alertwhisperer.remediate.plan import ALERT_ORIGIN, Planned, Wish, build, version_of
from alertwhisperer.store import (
    alerts,
    asset_names,
    assets,
    audit,
    due,
    healings,
    incidents,
    integrations,
    run_choices,
    run_policy,
    runs,
)
from alertwhisperer.store.alerts import AlertRow
from alertwhisperer.store.database import Unit

_MOST_ALERTS = 20
"""Alerts of an incident that are looked at, the first; each is looked up by itself."""
_MOST_CANDIDATES = 50
_LABEL = "label:"


@dataclass(frozen=True, slots=True)
class Ground:
    """
    What a company allows and has used up when one of its incidents is looked at.

    Attributes:
        started: runs that started in the last hour, or were chosen in it.
    """

    policy: RunPolicy
    settings: Mapping[str, SettingValue]
    started: int


@dataclass(frozen=True, slots=True)
class _Fit:
    """A runbook that fits an alert; the asset is None where nobody knows what the alert names."""

    alert: AlertRow
    asset: Asset | None
    runbook: Runbook
    because: str


@dataclass(frozen=True, slots=True)
class _Found:
    """A candidate, and its plan where there is one."""

    candidate: Candidate
    planned: Planned | None = None


async def choose(unit: Unit, means: Means, incident_id: UUID, *, now: datetime) -> Choice | None:
    """
    Look for what could mend an incident, and take the best that may be taken; in the timer's name.

    Returns:
        What was thought, which is kept; None when the incident is not open any more, or was looked at before.
    """
    incident = await incidents.read(unit, incident_id)
    if incident is None or incident.status is not IncidentStatus.OPEN:
        return None
    if await run_choices.read(unit, incident_id) is not None:
        return None
    alerted = await _alerts(unit, incident_id)
    await _withdraw_soon(unit, alerted, now=now)
    fitting = await _fitting(unit, means, alerted)
    if not fitting:  # as for most incidents: no limit is asked for what nothing fits
        choice = Choice(incident_id, now, ChoiceOutcome.NONE, (), None)
        await run_choices.insert(unit, choice)
        return choice
    await runs.count_alone(unit)
    ground = await _ground(unit, now=now)
    found = [await _judged(unit, means, ground, one, now=now) for one in fitting]
    choice = await _take(unit, means, ground, incident_id, found, now=now)
    await run_choices.insert(unit, choice)
    await _record(unit, choice, now=now)
    return choice


async def _take(
    unit: Unit, means: Means, ground: Ground, incident_id: UUID, found: Sequence[_Found], *, now: datetime
) -> Choice:
    """Ask for the first candidate that may be taken; the others after it were not the best."""
    outcome, run = ChoiceOutcome.OFFERED, None
    told: list[Candidate] = []
    for one in found:
        candidate = one.candidate
        if candidate.verdict in (Verdict.STARTED, Verdict.ASKED):
            if run is not None or one.planned is None:
                candidate = replace(candidate, verdict=Verdict.NOT_BEST)
            else:
                run = await _ask(unit, candidate, one.planned, incident_id, now=now)
                outcome = ChoiceOutcome(candidate.verdict.value)
                if candidate.risk is Risk.HIGH:
                    await _give_to_senior(unit, means, ground, run, now=now)
        told.append(candidate)
    if run is None:
        await _tell_of_useless(unit, incident_id, told, now=now)
    return Choice(incident_id, now, outcome, tuple(told), None if run is None else run.id)


async def _ask(unit: Unit, candidate: Candidate, planned: Planned, incident_id: UUID, *, now: datetime) -> Run:
    why = f"{candidate.signature} on {candidate.asset}: {candidate.because}"[:2000]
    reason = Reason(why, incident_id, candidate.signature, by_itself=True)
    run, _ = await ask_for(unit, planned, reason, now=now)
    return run


async def _give_to_senior(unit: Unit, means: Means, ground: Ground, run: Run, *, now: datetime) -> None:
    """An incident whose mending is of high risk is given to who may decide it, or it is escalated."""
    senior = str(ground.settings[SENIOR_TECHNICIAN])
    if run.incident_id is None:
        return
    if senior:
        await means.incidents.assign(unit, run.incident_id, senior, now=now)
        return
    said = f"{run.title} is of high risk and waits for a decision; no senior technician is named."
    await escalate(unit, EscalationReason.HIGH_RISK, said, run, now=now)


async def _tell_of_useless(unit: Unit, incident_id: UUID, told: Sequence[Candidate], *, now: datetime) -> None:
    """Nothing was taken, and something would have been had it not failed before: a person must look."""
    for one in told:
        if one.verdict is Verdict.NOT_HELPED_TWICE:
            said = f"{one.title} on {one.asset}: {VERDICTS[one.verdict]}"
            await run_choices.escalate(unit, EscalationReason.NOT_HELPED_TWICE, said, incident_id=incident_id, now=now)
            await audit.write(
                unit,
                AuditAction.RUN_ESCALATED,
                Resource("incident", str(incident_id)),
                {"reason": EscalationReason.NOT_HELPED_TWICE.value, "runbook": one.runbook},
                now=now,
                reason=said,
                incident_id=incident_id,
            )
            return


# ------------------------------------------------------------------------------------------------ candidates


async def _fitting(unit: Unit, means: Means, alerted: Sequence[AlertRow]) -> list[_Fit]:
    """Each runbook that fits an alert, once for each asset."""
    shelf = list((await means.shelf(unit)).values())
    fits: dict[tuple[str, str], _Fit] = {}
    for alert in alerted:
        asset = await _asset_of(unit, alert)
        where = alert.asset if asset is None else str(asset.id)
        for runbook, because in _matching(means, shelf, alert, asset):
            fits.setdefault((runbook.slug, where), _Fit(alert, asset, runbook, because))
    return list(fits.values())[:_MOST_CANDIDATES]


def _matching(
    means: Means, shelf: Sequence[Runbook], alert: AlertRow, asset: Asset | None
) -> Sequence[tuple[Runbook, str]]:
    if asset is not None and asset.confirmed:
        return means.match(shelf, signature=alert.signature, platform=asset.platform, tags=asset.tags)
    # Of something that nobody knows, or that only appeared in alerts, it is only said what would have been tried.
    return [
        one
        for platform in PLATFORMS
        for one in means.match(shelf, signature=alert.signature, platform=platform, tags=())
    ]


async def _judged(unit: Unit, means: Means, ground: Ground, fit: _Fit, *, now: datetime) -> _Found:
    """What becomes of a candidate by itself, before it is compared with the others."""
    alert, asset, runbook = fit.alert, fit.asset, fit.runbook
    parameters, missing = _parameters(ground.policy, runbook, alert, asset)

    def found(verdict: Verdict, said: str = "", planned: Planned | None = None) -> _Found:
        return _Found(
            Candidate(
                runbook.slug,
                runbook.title,
                version_of(runbook),
                runbook.risk,
                alert.asset if asset is None else asset.name,
                None if asset is None else asset.id,
                alert.signature,
                alert.id,
                fit.because,
                verdict,
                said,
                {name: (one.value, one.origin) for name, one in parameters.items()},
            ),
            planned,
        )

    if asset is None:
        return found(Verdict.NO_ASSET)
    if not asset.confirmed:
        return found(Verdict.NOT_CONFIRMED)
    try:
        await means.target_of(unit, asset.id)
    except Invalid as failure:
        return found(Verdict.NOT_BOUND, failure.what)
    if missing:
        return found(Verdict.NO_PARAMETER, missing)
    try:
        start_by = now + policy_of(ground.settings).lasts
        wish = Wish(runbook.slug, (asset.id,), parameters)
        planned = await build(unit, means, wish, requester=requester_of(unit.scope), start_by=start_by)
    except Invalid as failure:
        return found(Verdict.NO_PARAMETER, failure.what)
    held_up = await _held_up(unit, ground, runbook, asset, now=now)
    if held_up is not None:
        return found(held_up)
    return found(await _by_risk(unit, ground, alert, runbook), planned=planned)


async def _held_up(unit: Unit, ground: Ground, runbook: Runbook, asset: Asset, *, now: datetime) -> Verdict | None:
    if await runs.busy(unit, runbook.slug, [asset.id]):
        return Verdict.UNDER_WAY
    if await tries_without_help(unit, runbook.slug, asset.id, now=now) >= MOST_TRIES:
        return Verdict.NOT_HELPED_TWICE
    if ground.started >= int(ground.settings[RUNS_PER_HOUR]):
        return Verdict.CAPPED_COMPANY
    on_target = await runs.count_started_on(unit, [asset.id], since=now - HOUR)
    if on_target[asset.id] >= int(ground.settings[TARGET_RUNS_PER_HOUR]):
        return Verdict.CAPPED_TARGET
    return None


async def _by_risk(unit: Unit, ground: Ground, alert: AlertRow, runbook: Runbook) -> Verdict:
    if runbook.risk is not Risk.LOW:
        return Verdict.ASKED
    if policy_of(ground.settings).needed(Risk.LOW) > 0:
        return Verdict.OFFERED
    return Verdict.STARTED if await _is_trusted(unit, ground.policy, alert) else Verdict.NOT_TRUSTED


async def _is_trusted(unit: Unit, policy: RunPolicy, alert: AlertRow) -> bool:
    """An integration that refuses what is not signed, or that an admin marked; a stand-in signs nothing itself."""
    if alert.integration_id in policy.trusted:
        return True
    integration = await integrations.get(unit, alert.integration_id)
    return integration is not None and integration.require_signature and not integration.is_stand_in


def _parameters(
    policy: RunPolicy, runbook: Runbook, alert: AlertRow, asset: Asset | None
) -> tuple[Mapping[str, Parameter], str]:
    """Those that may be taken from the alert, and have a value there; and which required one has none."""
    given: dict[str, Parameter] = {}
    for parameter in runbook.parameters:
        origin = policy.origin_of(runbook.slug, parameter.name)
        value = None
        if origin is not None and origin in parameter.suggested_from:
            value = _value(origin, alert, asset)
        if value is not None and origin is not None:
            given[parameter.name] = Parameter(value, ALERT_ORIGIN + origin)
        elif parameter.default is None:
            return given, f"{parameter.name} has no value: the company's list lets it take none from this alert"
    return given, ""


def _value(origin: str, alert: AlertRow, asset: Asset | None) -> str | None:
    if origin.startswith(_LABEL):
        return alert.labels.get(origin.removeprefix(_LABEL))
    if origin == "asset":
        return None if asset is None else asset.name
    return alert.signature if origin == "signature" else None


# ------------------------------------------------------------------------------------------------ what is known


async def _alerts(unit: Unit, incident_id: UUID) -> list[AlertRow]:
    found = await alerts.first_of_incident(unit, incident_id, limit=_MOST_ALERTS)
    return [one for one in found if one.status is AlertStatus.FIRING]


async def _asset_of(unit: Unit, alert: AlertRow) -> Asset | None:
    """The asset that has exactly this name; a name finds one at most."""
    name = canonical(alert.asset)
    named = (await asset_names.among(unit, [name])).get(name)
    if named is None or named.asset_id is None:
        return None
    return (await assets.among(unit, [named.asset_id])).get(named.asset_id)


async def _ground(unit: Unit, *, now: datetime) -> Ground:
    since = now - HOUR
    started = await runs.count_started(unit, since=since)
    chosen = await runs.count_chosen(unit, since=since)
    return Ground(
        await run_policy.read(unit),
        {one.name: one.value for one in await held(unit)},
        max(started, chosen),
    )


async def _withdraw_soon(unit: Unit, alerted: Sequence[AlertRow], *, now: datetime) -> None:
    """What was healed for now and fires again is looked at at once, and not only at its next turn."""
    named = await asset_names.among(unit, sorted({canonical(one.asset) for one in alerted}))
    asset_ids = sorted({one.asset_id for one in named.values() if one.asset_id is not None})
    for incident_id in sorted(
        await healings.provisional_of(unit, asset_ids, sorted({one.signature for one in alerted}))
    ):
        await due.add(unit, due.HEALING, incident_id, due_at=now)


async def _record(unit: Unit, choice: Choice, *, now: datetime) -> None:
    detail = {
        "outcome": choice.outcome.value,
        "run": None if choice.run_id is None else str(choice.run_id),
        "candidates": [[one.runbook, str(one.asset_id), one.verdict.value] for one in choice.candidates],
    }
    resource = Resource("incident", str(choice.incident_id))
    await audit.write(unit, AuditAction.RUN_CHOSEN, resource, detail, now=now, incident_id=choice.incident_id)
