"""
Brings in many companies at once from a sheet, with their groups, exceptions, integrations and routes; and writes one.

All of it is one transaction: whatever is wrong, nothing is written. The same sheet changes nothing the second time and
makes no key, so that an import that was cut off is simply run again.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, Company, CompanyId, Scope
from alertwhisperer.domain.company_setting import SETTINGS, Origin
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.guard import groups
from alertwhisperer.guard.companies import insert_company
from alertwhisperer.guard.company_settings import over_all, refresh, write_exceptions
from alertwhisperer.guard.vault import Vault
from alertwhisperer.ingest.company_sheet import ROUTE, joined, read_sheet, write_sheet
from alertwhisperer.ingest.integrations import add_in_unit
from alertwhisperer.ingest.onboarding_plan import CompanyPlan, Plan, World, plan
from alertwhisperer.ingest.routes import MOST_ROUTES, change_in_unit, shared_by_name
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.sources.contract import Source
from alertwhisperer.store import audit, changes, companies, company_groups, company_settings, routes
from alertwhisperer.store.database import Database, Unit
from alertwhisperer.store.onboarding import own_integrations
from alertwhisperer.store.routes import Route

KEY_COLUMNS = ("company", "ref", "integration", "source", "webhook_url", "api_key", "hmac_secret")


@dataclass(frozen=True, slots=True)
class MadeKey:
    """An integration that an import made, with what can be read this once; its fields are `KEY_COLUMNS`."""

    company: str
    ref: str
    integration: str
    source: str
    webhook_url: str
    api_key: str = field(repr=False)
    hmac_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Imported:
    """
    What an import did, or would do.

    Attributes:
        applied: false when it was only looked at, when there are complaints, and when there was nothing to do.
        keys: of the integrations that it made.
    """

    plan: Plan
    applied: bool
    keys: tuple[MadeKey, ...] = ()


Deliver = Callable[[Sequence[MadeKey]], None]


async def import_companies(
    database: Database,
    vault: Vault,
    sources: Mapping[str, Source],
    by: Scope,
    raw: bytes,
    *,
    apply: bool,
    deliver: Deliver,
    server: str,
    now: datetime,
) -> Imported:
    """
    Look what a sheet would change and, if `apply` says so and nothing is wrong, do it.

    Args:
        raw: the sheet's bytes.
        deliver: given the keys when all is written and nothing is committed yet; when it raises, nothing was done. What
            it was given must be in safe hands when it returns, since the keys can be read this once.
        server: how tools reach this server, for the addresses beside the keys.

    Raises:
        Invalid: it is no sheet that could be read at all; what is wrong in its cells is in the plan.
    """
    sheet = read_sheet(raw)
    async with over_all(database, by, lock=apply) as (msp, customers):
        world, _ = await _look(msp, customers, sources)
        found = plan(sheet, world)
        if not apply or found.complaints or not found.changes_anything:
            return Imported(found, False)
        keys = await _write(msp, vault, sources, world, found, server=server, now=now)
        if keys:
            deliver(keys)
        return Imported(found, True, keys)


async def export_companies(database: Database, by: Scope, sources: Mapping[str, Source], *, now: datetime) -> str:
    """
    All companies as a sheet that changes nothing when it is imported; without any secret.

    Columns are those of an import; a setting's cell is empty where the company inherits.
    """
    async with over_all(database, by, lock=False) as (msp, customers):
        world, mapped = await _look(msp, customers, sources)
        columns = ["name", "ref", "group", *SETTINGS, "integrations", *(ROUTE + name for name in mapped)]
        ordered = sorted(world.companies, key=lambda one: (one.name.casefold(), one.id))
        lines = [_line(company, world, mapped) for company in ordered]
        await audit.write(
            msp, AuditAction.COMPANIES_EXPORTED, Resource("company", "all"), {"companies": len(lines)}, now=now
        )
        return write_sheet(columns, lines)


def _line(company: Company, world: World, mapped: Mapping[str, Mapping[CompanyId, list[str]]]) -> list[str]:
    own = world.exceptions.get(company.id, {})
    held = {(source, name.casefold()): f"{source}:{name}" for source, name in world.integrations.get(company.id, ())}
    return [
        company.name,
        company.ref or "",
        "" if company.group_id is None else world.groups.get(company.group_id, ""),
        *(str(own.get(name, "")) for name in SETTINGS),
        joined(list(held.values())),
        *(joined(by_company.get(company.id, [])) for by_company in mapped.values()),
    ]


async def _look(
    msp: Unit, customers: Sequence[CompanyId], sources: Mapping[str, Source]
) -> tuple[World, Mapping[str, Mapping[CompanyId, list[str]]]]:
    """What is there, and the customers' names as they were given, by MSP-wide integration's name and company."""
    connection = msp.connection
    held = await company_settings.among(connection, customers)
    shared = sorted((await shared_by_name(msp)).items())
    mapped = {one.id: await routes.page(msp, one.id, limit=MOST_ROUTES) for _, one in shared}
    world = World(
        companies=await companies.among(connection, customers),
        groups={group.id: group.name for group in await company_groups.all_groups(msp)},
        exceptions={
            company_id: {name: one.value for name, one in values.items() if one.origin is Origin.COMPANY}
            for company_id, values in held.items()
        },
        integrations=await own_integrations(connection, customers),
        shared={name: one.id for name, one in shared},
        routes={shared_id: {one.value: one.company_id for one in found} for shared_id, found in mapped.items()},
        sources={slug: source.title for slug, source in sources.items()},
    )
    return world, {one.name: _by_company(mapped[one.id]) for _, one in shared}


def _by_company(found: Sequence[Route]) -> Mapping[CompanyId, list[str]]:
    shown: dict[CompanyId, list[str]] = defaultdict(list)
    for one in found:
        shown[one.company_id].append(one.shown)
    return shown


async def _write(
    msp: Unit,
    vault: Vault,
    sources: Mapping[str, Source],
    world: World,
    found: Plan,
    *,
    server: str,
    now: datetime,
) -> tuple[MadeKey, ...]:
    """Everything that the plan says; each company's part sees that company and the MSP alone."""
    connection = msp.connection
    group_ids = {name.casefold(): group_id for group_id, name in world.groups.items()}
    for name in found.groups:
        group_ids[name.casefold()] = (await groups.add_in_unit(msp, name, now=now)).id
    old = {company.id: company for company in world.companies}
    todo = [
        (CompanyId(uuid7(now)) if one.company_id is None else one.company_id, one)
        for one in found.companies
        if one.action != "unchanged"
    ]
    keys: list[MadeKey] = []
    for company_id, one in todo:
        await companies.see(connection, [INSTALLATION, company_id])
        unit = msp.at(msp.scope.at(company_id))
        group_id = None if one.group is None else group_ids[one.group.casefold()]
        await _write_company(unit, old.get(company_id), one, group_id, now=now)
        keys += await _make_integrations(unit, vault, sources, one, server=server, now=now)
    await companies.see(connection, [INSTALLATION, *old, *(company_id for company_id, _ in todo)])
    await refresh(msp, [company_id for company_id, _ in todo])
    await _map(msp, vault, todo, now=now)
    detail: dict[str, object] = {**found.counts, "groups": list(found.groups), "integrations": len(keys)}
    await audit.write(msp, AuditAction.COMPANIES_IMPORTED, Resource("company", "sheet"), detail, now=now)
    await changes.announce(msp)
    return tuple(keys)


async def _write_company(
    unit: Unit, old: Company | None, wanted: CompanyPlan, group_id: UUID | None, *, now: datetime
) -> None:
    if old is None:
        given = {name: value for name, value in wanted.exceptions.items() if value is not None}
        await insert_company(unit, name=wanted.name, ref=wanted.ref, group_id=group_id, given=given, now=now)
        return
    new = replace(old, name=wanted.name, ref=wanted.ref, group_id=group_id)
    if new != old:
        await companies.update(unit, new)
    await write_exceptions(unit, wanted.exceptions, now=now)
    detail = {
        change.what: [change.before, change.after]
        for change in wanted.changes
        if change.what in ("name", "ref", "group", *SETTINGS)
    }
    if detail:
        await audit.write(unit, AuditAction.COMPANY_CHANGED, Resource("company", str(old.id)), detail, now=now)


async def _make_integrations(
    unit: Unit, vault: Vault, sources: Mapping[str, Source], wanted: CompanyPlan, *, server: str, now: datetime
) -> list[MadeKey]:
    keys: list[MadeKey] = []
    for source, name in wanted.integrations:
        try:
            made = await add_in_unit(unit, vault, sources, source=source, name=name, now=now)
        except Invalid as failure:
            raise Invalid(
                f"{source}: {failure.what}",
                where=f"row {wanted.row}, column integrations",
                mend=f"leave it out, and add it by itself: {failure.mend}",
            ) from failure
        keys.append(
            MadeKey(
                company=wanted.name,
                ref=wanted.ref or "",
                integration=name,
                source=source,
                webhook_url=f"{server}/api/webhooks/{source}",
                api_key=made.api_key,
                hmac_secret=made.hmac_secret,
            )
        )
    return keys


async def _map(msp: Unit, vault: Vault, todo: Sequence[tuple[CompanyId, CompanyPlan]], *, now: datetime) -> None:
    wanted: dict[UUID, dict[str, CompanyId]] = defaultdict(dict)
    for company_id, one in todo:
        for shared_id, shown in one.routes:
            wanted[shared_id][shown] = company_id
    for shared_id, customers in wanted.items():
        await change_in_unit(msp, vault, shared_id, wanted=customers, now=now)
