"""A company in which something risky is asked for: people of every role, an asset to act on, a part that acts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from alertwhisperer.domain.approval import Approval, Parameter, Plan, Risk, Target, requester_of
from alertwhisperer.domain.audit import AuditAction, AuditEntry
from alertwhisperer.domain.brake import Reach
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.user import Role, User
from alertwhisperer.guard import brakes
from alertwhisperer.guard.approvals.answer import approve, refuse
from alertwhisperer.guard.approvals.ask import Request, ask
from alertwhisperer.guard.approvals.start import NotStarted, Ticket, start
from alertwhisperer.guard.company_settings import set_exceptions
from alertwhisperer.guard.people import add_user
from alertwhisperer.guard.vault import Vault
from alertwhisperer.inventory.assets import add_asset, set_asset
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store import approvals, assets, audit, users
from alertwhisperer.store.database import Database, Unit


@dataclass
class Part:
    """
    A part of the product that acts on assets: it builds its plan from the inventory, and writes down what it did.

    Attributes:
        command: what it would run now; another one is another plan.
        version: of its runbook.
        risk: as it judges now.
        done: approvals whose act it did.
    """

    command: bytes = b"journalctl --vacuum-time=7d\n"
    version: str = "3"
    risk: Risk = Risk.MEDIUM
    done: list[UUID] = field(default_factory=list)

    async def build(self, unit: Unit, asset_id: UUID, requester: str, start_by: datetime) -> Plan:
        """The plan as it is now; the asset's notes stand for the key of its host."""
        asset = (await assets.among(unit, [asset_id]))[asset_id]
        return Plan(
            kind="run",
            company_id=unit.company_id,
            runbook="vacuum-journal",
            runbook_version=self.version,
            targets=(Target("asset", str(asset_id), host_key=asset.notes),),
            precheck=b"df /\n",
            act=self.command,
            verify=b"df /\n",
            undo=b"",
            parameters={"keep_days": Parameter("7", "default")},
            credential_id=UUID(int=5),
            caps={"targets": 1},
            risk=self.risk,
            requester=requester,
            start_by=start_by,
        )

    async def again(self, unit: Unit, approved: Plan) -> Plan:
        """What `start` asks for."""
        return await self.build(unit, UUID(approved.targets[0].id), approved.requester, approved.start_by)


@dataclass
class Desk:
    """The company, and everything that tests do in it."""

    database: Database
    vault: Vault
    clock: ManualClock
    company_id: CompanyId
    asset_id: UUID
    part: Part = field(default_factory=Part)

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def tick(self) -> datetime:
        """A millisecond later: what people do one after another has an order in the log."""
        self.clock.advance(timedelta(milliseconds=1))
        return self.now

    async def person(self, role: Role, *served: CompanyId) -> User:
        """Somebody new; of this company unless others are named."""
        companies: Sequence[CompanyId] = () if role is Role.MSP_ADMIN else (served or (self.company_id,))
        by = Scope(INSTALLATION, "test")
        return await add_user(self.database, by, f"{uuid4().hex}@example.org", role, companies, now=self.now)

    async def remove(self, person: User) -> None:
        """Take somebody out, as leaving the MSP does."""
        async with self.database.unit_of_work(self.machine) as unit:
            await unit.connection.execute("UPDATE app_user SET removed_at = $1 WHERE user_id = $2", self.now, person.id)
            assert person.id not in await users.among(unit, [person.id])

    @property
    def machine(self) -> Scope:
        """The command line's."""
        return Scope(self.company_id, "cli:root")

    def by(self, person: User) -> Scope:
        """In somebody's name."""
        return Scope(self.company_id, person.email, user_id=person.id, ip="192.0.2.7")

    async def set(self, **settings: object) -> None:
        """Change the company's settings."""
        await set_exceptions(self.database, self.machine, settings, now=self.now)

    async def ask(self, scope: Scope, *, hours: float = 24) -> Approval:
        """Ask for the part's act."""
        self.tick()
        async with self.database.unit_of_work(scope) as unit:
            start_by = self.now + timedelta(hours=hours)
            plan = await self.part.build(unit, self.asset_id, requester_of(scope), start_by)
            return await ask(unit, Request(plan, "The disk fills.", "Journals cannot be had back."), now=self.now)

    async def approve(self, person: User, approval: Approval, *, hash_read: bytes | None = None) -> Approval:
        """Agree to what was asked."""
        read = approval.hash if hash_read is None else hash_read
        return await approve(self.database, self.by(person), approval.id, read, now=self.tick())

    async def start(self, approval: Approval) -> Ticket | NotStarted:
        """Have the part do its act, in the transaction that uses the approval up."""
        self.tick()
        async with self.database.unit_of_work(Scope(self.company_id, "timer")) as unit:
            answered = await start(unit, approval.id, self.part.again, now=self.now)
        if isinstance(answered, Ticket):
            self.part.done.append(answered.approval_id)
        return answered

    async def refuse(self, person: User, approval: Approval, reason: str = "no") -> Approval:
        """Say no."""
        return await refuse(self.database, self.by(person), approval.id, reason=reason, now=self.tick())

    async def read(self, approval: Approval) -> Approval:
        """As it stands."""
        async with self.database.unit_of_work(self.machine) as unit:
            found = await approvals.read(unit, approval.id)
        assert found is not None
        return found

    async def touch(self, scope: Scope, notes: str | None = None) -> None:
        """Change the asset: what the plan depends on (`notes`), or something else of it."""
        given: Mapping[str, object] = {"owner": uuid4().hex} if notes is None else {"notes": notes}
        await set_asset(self.database, scope, self.asset_id, given, now=self.tick())

    async def log(self) -> list[AuditEntry]:
        """The company's audit log, the newest first."""
        async with self.database.unit_of_work(self.machine) as unit:
            return list(await audit.page(unit, limit=500))

    async def logged(self, approval: Approval) -> list[AuditAction]:
        """What the audit log says of an approval, by the moment; what one moment wrote, by name."""
        of_it = [one for one in await self.log() if one.resource.id == str(approval.id)]
        return [one.action for one in sorted(of_it, key=lambda one: (one.at, one.action))]


async def ask_something(database: Database, scope: Scope, asset_id: UUID, *, now: datetime) -> UUID:
    """An open approval about an asset, for whoever needs one; its id."""
    async with database.unit_of_work(scope) as unit:
        plan = await Part().build(unit, asset_id, requester_of(scope), now + timedelta(hours=1))
        return (await ask(unit, Request(plan, "The disk fills.", "Journals cannot be had back."), now=now)).id


async def make_desk(database: Database, vault: Vault, clock: ManualClock, company_id: CompanyId) -> Desk:
    """A desk with one asset, and no brake for all that another test left."""
    scope = Scope(company_id, "test")
    asset = await add_asset(database, scope, {"name": f"db-{uuid4().hex[:8]}"}, now=clock.now())
    await brakes.release(database, scope, Reach.ALL, now=clock.now())
    await brakes.set_freeze(database, scope, Reach.ALL, [], now=clock.now())
    return Desk(database, vault, clock, company_id, asset.id)
