"""A company with targets that are folders, runbooks that work on files, and one worker; runs are read from disk."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

from alertwhisperer.app.build import House
from alertwhisperer.app.mending import OpenIncidents
from alertwhisperer.app.remediation import Remediation
from alertwhisperer.domain.approval import Approval, Parameter, Plan, Risk, Target
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.execution import Reach
from alertwhisperer.domain.inventory import Asset
from alertwhisperer.domain.run import Act, Run, RunEscalation, RunWhole, Step
from alertwhisperer.domain.runbook import Applies, Blast, Drill, ParameterKind, Phase, Platform, Runbook, Script, Shell
from alertwhisperer.domain.runbook import Parameter as Declared
from alertwhisperer.domain.user import Role, User
from alertwhisperer.executors.contract import Runner
from alertwhisperer.guard.approvals import answer, canonical
from alertwhisperer.guard.company_settings import set_exceptions
from alertwhisperer.guard.people import add_user
from alertwhisperer.inventory.assets import add_asset
from alertwhisperer.kit.clock import Clock, ManualClock
from alertwhisperer.kit.metrics import Metrics
from alertwhisperer.remediate import asking
from alertwhisperer.remediate.asking import Preview, Reason
from alertwhisperer.remediate.means import Means
from alertwhisperer.remediate.plan import PERSON_ORIGIN, Wish
from alertwhisperer.store import approvals, run_choices, runs
from alertwhisperer.store.database import Database, Unit
from tests.remediate.local import SLUG, LocalRunner

SCRIPTS: Mapping[Phase, bytes] = {
    Phase.PRECHECK: b"echo precheck >>steps; test ! -e healthy || exit 10\n",
    Phase.SNAPSHOT: b"echo snapshot >>steps; cat config\n",
    Phase.ACT: b'echo act >>steps; echo "$AW_WORD" >config; touch healthy; echo restarted\n',
    Phase.VERIFY: b"echo verify >>steps; test -e healthy\n",
    Phase.UNDO: b'echo undo >>steps; cp "$AW_SNAPSHOT" config; rm -f healthy\n',
}
"""What a run does to a folder: `config` changes and `healthy` appears; each script writes its name to `steps`."""


def runbook(
    slug: str = "restart-app",
    *,
    risk: Risk = Risk.LOW,
    scripts: Mapping[Phase, bytes] | None = None,
    timeout_s: int = 20,
    blast: Blast | None = None,
    suggested_from: tuple[str, ...] = ("label:word",),
    allowed: tuple[str, ...] = ("given",),
    default: str | None = "new",
    signatures: tuple[str, ...] = ("*app*down*",),
) -> Runbook:
    """A runbook of the tests."""
    bodies = {**SCRIPTS, **(scripts or {})}
    kept = {phase: Script(body, timeout_s) for phase, body in bodies.items() if body}
    text = repr((slug, risk, sorted(bodies.items()), timeout_s, blast))
    return Runbook(
        slug=slug,
        version=1,
        title="Restart the application",
        summary="Writes its configuration and starts it.",
        platform=Platform.LINUX,
        shell=Shell.SH,
        applies=Applies(signatures),
        parameters=(
            Declared(
                "word",
                ParameterKind.WORD,
                "what is written",
                default,
                suggested_from=suggested_from,
                allowed=allowed,
            ),
        ),
        risk=risk,
        risk_reason="It is away for a second.",
        changes=True,
        irreversible="" if Phase.UNDO in kept else "It cannot be undone.",
        scripts=kept,
        blast=blast or Blast(at_once=2, stop_at_failed_pct=0, most_targets=30),
        drill=Drill(),
        hash=sha256(text.encode()).hexdigest(),
    )


def bind(wanted: Runbook, given: Mapping[str, str]) -> Mapping[str, str]:
    """Like the real one, as far as these tests go: unknown names and what is no word are refused."""
    declared = {one.name: one for one in wanted.parameters}
    for name, value in given.items():
        if (
            name not in declared
            or not value
            or not value.replace("-", "").isalnum()
            or value.startswith("-")
            or len(value) > 256
        ):
            raise Invalid(f"{name} cannot be that", where=name)
    bound = {name: given.get(name, one.default) for name, one in declared.items()}
    if None in bound.values():
        raise Invalid("a parameter is missing", where="parameters")
    return {name: str(value) for name, value in bound.items()}


def match(
    runbooks: Sequence[Runbook], *, signature: str, platform: str, tags: Sequence[str]
) -> Sequence[tuple[Runbook, str]]:
    """Those one of whose globs fits the signature, in alphabetical order."""
    return [
        (one, f"its signature fits {glob}")
        for one in sorted(runbooks, key=lambda one: one.slug)
        for glob in one.applies.signatures
        if fnmatch.fnmatchcase(signature.casefold(), glob) and platform in ("", one.platform.value)
    ]


@dataclass
class World:
    """
    Everything that tests of runs do.

    Attributes:
        shelf: the runbooks, by slug.
        bound: the folder of each asset that somebody bound.
        credential_id, secrets: of all of them that have none of their own.
        own: credential and secrets of an asset that has.
        host_keys: fingerprints, as a target's plan has them.
        over: parts of `means` that a test brings itself: real ways to real targets.
    """

    database: Database
    clock: Clock
    company_id: CompanyId
    root: Path
    shelf: dict[str, Runbook] = field(default_factory=dict)
    bound: dict[UUID, Path] = field(default_factory=dict)
    host_keys: dict[UUID, str] = field(default_factory=dict)
    credential_id: UUID = field(default_factory=uuid4)
    secrets: dict[str, str] = field(default_factory=dict)
    own: dict[UUID, tuple[UUID, dict[str, str]]] = field(default_factory=dict)
    runner: Runner = field(default_factory=LocalRunner)
    lease: timedelta = timedelta(seconds=30)
    over: dict[str, Any] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        return self.clock.now()

    @property
    def machine(self) -> Scope:
        """The command line's."""
        return Scope(self.company_id, "cli:root")

    @property
    def means(self) -> Means:
        """What the product would put together in app/mending.py, with the parts that a test brings itself."""
        made = Means(self._shelf, bind, match, self._target_of, self._reach_of, {SLUG: self.runner}, OpenIncidents())
        return replace(made, **self.over)

    def worker(self) -> Remediation:
        """A worker of a process of its own."""
        house = cast(House, SimpleNamespace(database=self.database, clock=self.clock))
        return Remediation(house, self.means, Metrics(), lease=self.lease)

    async def work(self, worker: Remediation | None = None) -> None:
        """Do what is due, and wait for its end."""
        worker = worker or self.worker()
        await worker.run_due()
        await worker.settled()

    # ------------------------------------------------------------------------------------ who and what

    async def person(self, role: Role) -> User:
        """Somebody new of this company."""
        served = () if role is Role.MSP_ADMIN else (self.company_id,)
        by = Scope(INSTALLATION, "test")
        return await add_user(self.database, by, f"{uuid4().hex}@example.org", role, served, now=self.now)

    def by(self, person: User) -> Scope:
        """In somebody's name."""
        return Scope(self.company_id, person.email, user_id=person.id)

    async def set(self, **settings: object) -> None:
        """Change the company's settings."""
        await set_exceptions(self.database, self.machine, settings, now=self.now)

    async def target(self, name: str = "app-01", *, platform: str = "linux") -> Asset:
        """A confirmed asset whose folder is there and bound."""
        given = {"name": name, "platform": platform}
        asset = await add_asset(self.database, self.machine, given, now=self.now)
        folder = self.root / name
        folder.mkdir()
        (folder / "config").write_text("old\n")
        self.bound[asset.id] = folder
        return asset

    def put(self, *wanted: Runbook) -> Runbook:
        """Put runbooks on the shelf; gives the first."""
        self.shelf.update({one.slug: one for one in wanted})
        return wanted[0]

    # ------------------------------------------------------------------------------------ runs

    async def plan(self, scope: Scope, slug: str, *assets: Asset, **parameters: str) -> Preview:
        """The dry run."""
        return await asking.preview(self.database, scope, self.means, _wish(slug, assets, parameters), now=self.now)

    async def ask(
        self, scope: Scope, slug: str, *assets: Asset, incident_id: UUID | None = None, **parameters: str
    ) -> Run:
        """Ask for a run, having read its plan."""
        shown = await self.plan(scope, slug, *assets, **parameters)
        return await asking.start_run(
            self.database,
            scope,
            self.means,
            _wish(slug, assets, parameters),
            Reason("The application is down.", incident_id),
            hash_read=shown.hash,
            start_by=shown.planned.plan.start_by,
            now=self.now,
        )

    async def approve(self, run: Run, person: User) -> None:
        """Somebody agrees to what they read."""
        approval = await self.approval(run)
        await answer.approve(self.database, self.by(person), approval.id, approval.hash, now=self.now)

    async def approval(self, run: Run) -> Approval:
        async with self.database.unit_of_work(self.machine) as unit:
            found = await approvals.read(unit, run.approval_id)
        assert found is not None
        return found

    async def whole(self, run_id: UUID) -> RunWhole:
        """A run as it is now, with all that happened."""
        async with self.database.unit_of_work(self.machine) as unit:
            run = await runs.read(unit, run_id)
            assert run is not None
            return RunWhole(run, await runs.acts_of(unit, run_id), await runs.steps_of(unit, run_id))

    async def run(self, run_id: UUID) -> Run:
        return (await self.whole(run_id)).run

    async def output(self, act: Act) -> Act:
        """A script with its output."""
        async with self.database.unit_of_work(self.machine) as unit:
            found = await runs.act(unit, act.run_id, act.id)
        assert found is not None
        return found

    async def escalations(self) -> Sequence[RunEscalation]:
        async with self.database.unit_of_work(self.machine) as unit:
            return await run_choices.escalations(unit, limit=100)

    async def snapshots(self) -> list[bytes]:
        """What is kept for undos."""
        async with self.database.unit_of_work(self.machine) as unit:
            rows = await unit.connection.fetch(
                "SELECT content FROM run_snapshot WHERE company_id = $1", self.company_id
            )
        return [row["content"] for row in rows]

    def steps_on(self, asset: Asset) -> list[str]:
        """The scripts that ran there, as the target itself says."""
        file = self.bound[asset.id] / "steps"
        return file.read_text().split() if file.exists() else []

    async def approval_plan(self, approval_id: str) -> Plan:
        """What was agreed to."""
        async with self.database.unit_of_work(self.machine) as unit:
            found = await approvals.read(unit, UUID(approval_id))
        assert found is not None
        return canonical.decode(found.encoded)

    def sent(self, asset: Asset, phase: Phase) -> bytes:
        """The bytes that came to the target: those of its one script that says so in `steps`."""
        places = (self.bound[asset.id] / ".acts").iterdir()
        bodies = [(place / "script").read_bytes() for place in places]
        word = b"touch healthy" if phase is Phase.ACT else phase.value.encode()
        [body] = [one for one in bodies if word in one]
        return body

    def folder(self, asset: Asset) -> Path:
        return self.bound[asset.id]

    def advance(self, **by: float) -> None:
        """Let time pass."""
        assert isinstance(self.clock, ManualClock)
        self.clock.advance(timedelta(**by))

    # ------------------------------------------------------------------------------------ ports

    async def _shelf(self, unit: Unit) -> Mapping[str, Runbook]:
        return self.shelf

    async def _target_of(self, unit: Unit, asset_id: UUID) -> tuple[Target, UUID | None]:
        if asset_id not in self.bound:
            raise Invalid("nobody said how this asset is reached", where="targets")
        credential_id, _ = self.own.get(asset_id, (self.credential_id, self.secrets))
        return Target("asset", str(asset_id), host_key=self.host_keys.get(asset_id, "")), credential_id

    async def _reach_of(self, unit: Unit, asset_id: UUID) -> Reach:
        await self._target_of(unit, asset_id)
        _, secrets = self.own.get(asset_id, (self.credential_id, self.secrets))
        return Reach(SLUG, {"folder": str(self.bound[asset_id])}, secrets)


def path_of(steps: Sequence[Step], asset: Asset | None) -> list[str]:
    """The states that a target, or the run as a whole, went through."""
    asset_id = None if asset is None else asset.id
    return [one.after for one in steps if one.asset_id == asset_id]


def _wish(slug: str, assets: Sequence[Asset], parameters: Mapping[str, str]) -> Wish:
    given = {name: Parameter(value, PERSON_ORIGIN) for name, value in parameters.items()}
    return Wish(slug, tuple(one.id for one in assets), given)


def changed(wanted: Runbook, **fields: Any) -> Runbook:
    """The runbook after somebody edited its file."""
    return replace(wanted, version=wanted.version + 1, hash=sha256(repr(fields).encode()).hexdigest(), **fields)
