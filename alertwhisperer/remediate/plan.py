"""
Plans: exactly what a run would do, built from what there is now.

A plan is built three times: for whoever wants to see it, when it is asked for, and in the transaction that starts it.
The three must be the same bytes, so nothing here depends on anything but the wish, the runbook and the inventory.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from alertwhisperer.domain.approval import Parameter, Plan, Target
from alertwhisperer.domain.errors import Invalid, NotFound
from alertwhisperer.domain.execution import Call
from alertwhisperer.domain.inventory import Asset
from alertwhisperer.domain.run import KIND, Act, Run
from alertwhisperer.domain.runbook import Phase, Runbook, Script
from alertwhisperer.guard.approvals.start import Build
from alertwhisperer.remediate.means import Means
from alertwhisperer.store import assets, run_policy
from alertwhisperer.store.database import Unit

DEFAULT_ORIGIN = "default"
PERSON_ORIGIN = "person"
ALERT_ORIGIN = "alert "
"""Begins the origin of a parameter that was taken from an alert; what in it follows: `alert label:service`."""

ASSET = "asset"
_TIMEOUT = "_timeout_s"


@dataclass(frozen=True, slots=True)
class Wish:
    """
    What somebody wants to be run.

    Attributes:
        asset_ids: on what, in this order.
        parameters: those that were given, with their origin; the rest have the runbook's defaults.
    """

    runbook: str
    asset_ids: tuple[UUID, ...]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, with the runbook and the assets that it was made of."""

    plan: Plan
    runbook: Runbook
    assets: tuple[Asset, ...]


async def build(unit: Unit, means: Means, wish: Wish, *, requester: str, start_by: datetime) -> Planned:
    """
    What a wish means now.

    Raises:
        Invalid: there is no such runbook, too many targets or none, one that is not confirmed or not bound, or a
            parameter is missing or of no use.
        NotFound: the company has no such asset.
    """
    runbook = (await means.shelf(unit)).get(wish.runbook)
    if runbook is None:
        raise Invalid(f"there is no runbook {wish.runbook[:60]!r}", where="runbook", mend="list the runbooks")
    wanted = await _assets(unit, runbook, wish.asset_ids)
    targets, credential_id = await _targets(unit, means, wanted)
    plan = Plan(
        kind=KIND,
        company_id=unit.company_id,
        runbook=runbook.slug,
        runbook_version=version_of(runbook),
        targets=targets,
        precheck=_body(runbook, Phase.PRECHECK),
        snapshot=_body(runbook, Phase.SNAPSHOT),
        act=_body(runbook, Phase.ACT),
        verify=_body(runbook, Phase.VERIFY),
        undo=_body(runbook, Phase.UNDO),
        parameters=_parameters(means, runbook, wish.parameters),
        credential_id=credential_id,
        caps=_caps(runbook),
        risk=runbook.risk,
        requester=requester,
        start_by=start_by,
    )
    return Planned(plan, runbook, wanted)


def again(means: Means) -> Build:
    """What `guard.approvals.start` asks for: the approved plan, built from what there is now."""

    async def rebuild(unit: Unit, approved: Plan) -> Plan:
        given = {name: one for name, one in approved.parameters.items() if one.origin != DEFAULT_ORIGIN}
        await _still_allowed(unit, approved.runbook, given)
        wish = Wish(approved.runbook, tuple(UUID(one.id) for one in approved.targets), given)
        built = await build(unit, means, wish, requester=approved.requester, start_by=approved.start_by)
        return built.plan

    return rebuild


def version_of(runbook: Runbook) -> str:
    """A runbook's version as plans name it: with the hash of its file, which covers what no script holds."""
    return f"{runbook.version} {runbook.hash}"


def phases_of(plan: Plan) -> frozenset[Phase]:
    """For which phases a plan has a script."""
    return frozenset(phase for phase in Phase if _script(plan, phase))


def call_of(run: Run, plan: Plan, act: Act, snapshot: bytes | None) -> Call:
    """What an executor is asked: the bytes of the approved plan, and nothing else."""
    return Call(
        act_id=act.id,
        run_id=run.id,
        shell=run.shell,
        script=_script(plan, act.phase),
        parameters={name: one.value for name, one in plan.parameters.items()},
        timeout_s=plan.caps[act.phase.value + _TIMEOUT],
        snapshot=snapshot,
    )


def _script(plan: Plan, phase: Phase) -> bytes:
    return {
        Phase.PRECHECK: plan.precheck,
        Phase.SNAPSHOT: plan.snapshot,
        Phase.ACT: plan.act,
        Phase.VERIFY: plan.verify,
        Phase.UNDO: plan.undo,
    }[phase]


def _body(runbook: Runbook, phase: Phase) -> bytes:
    script: Script | None = runbook.scripts.get(phase)
    return b"" if script is None else script.body


def _caps(runbook: Runbook) -> Mapping[str, int]:
    return {
        "at_once": runbook.blast.at_once,
        "stop_at_failed_pct": runbook.blast.stop_at_failed_pct,
        **{phase.value + _TIMEOUT: script.timeout_s for phase, script in runbook.scripts.items()},
    }


async def _assets(unit: Unit, runbook: Runbook, asset_ids: Sequence[UUID]) -> tuple[Asset, ...]:
    if not 1 <= len(asset_ids) <= runbook.blast.most_targets or len(set(asset_ids)) < len(asset_ids):
        raise Invalid(
            f"{runbook.slug} acts on 1 to {runbook.blast.most_targets} targets, each once",
            where="targets",
            mend="name them again, or make several runs",
        )
    found = await assets.among(unit, asset_ids)
    for asset_id in asset_ids:
        asset = found.get(asset_id)
        if asset is None:
            raise NotFound(f"there is no asset {asset_id}", where="targets", mend="list them")
        if not asset.confirmed or asset.merged_into is not None:
            raise Invalid(
                f"{asset.name} is not confirmed, or was merged into another asset",
                where="targets",
                mend="confirm it, or name the other one",
            )
    return tuple(found[asset_id] for asset_id in asset_ids)


async def _targets(unit: Unit, means: Means, wanted: Sequence[Asset]) -> tuple[tuple[Target, ...], UUID | None]:
    """The targets, and the credential of all of them; where they have different ones, each names its own."""
    found = [await means.target_of(unit, asset.id) for asset in wanted]
    if len({credential_id for _, credential_id in found}) == 1:
        return tuple(target for target, _ in found), found[0][1]
    return tuple(replace(target, credential_id=credential_id) for target, credential_id in found), None


def _parameters(means: Means, runbook: Runbook, given: Mapping[str, Parameter]) -> Mapping[str, Parameter]:
    bound = means.bind(runbook, {name: one.value for name, one in given.items()})
    for one in runbook.parameters:
        if _is_alerts(given.get(one.name)) and bound[one.name] not in one.allowed:
            raise Invalid(
                f"what the alert says for {one.name} is not on the company's list",
                where=one.name,
                mend=f"list it for {runbook.slug}: `runbook override --allow`, beside what else the company wants",
            )
    return {
        name: Parameter(value, given[name].origin if name in given else DEFAULT_ORIGIN) for name, value in bound.items()
    }


async def _still_allowed(unit: Unit, runbook: str, given: Mapping[str, Parameter]) -> None:
    policy = await run_policy.read(unit)
    for name, one in given.items():
        if _is_alerts(one) and policy.origin_of(runbook, name) is None:
            raise Invalid(f"{name} may not be taken from an alert any more", where=name, mend="ask again")


def _is_alerts(given: Parameter | None) -> bool:
    return given is not None and given.origin.startswith(ALERT_ORIGIN)
