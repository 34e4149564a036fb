"""
The routing table of an MSP-wide integration: which customer of the tool is which company.

People write it through the API, the command line and the import of companies; the gateway reads it. Mapping a customer
makes what waited for it due: a worker hands it to its company in the order in which it came.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.errors import Invalid, NotFound
from alertwhisperer.domain.integration import Integration
from alertwhisperer.guard.vault import Vault
from alertwhisperer.ingest.integrations import own_integration_id, shared_integration
from alertwhisperer.ingest.routing import LONGEST_VALUE, Routes, Target, folded
from alertwhisperer.store import audit, changes, companies, due, gate
from alertwhisperer.store import integrations as integration_rows
from alertwhisperer.store import routes as rows
from alertwhisperer.store.database import Connection, Database, Unit
from alertwhisperer.store.routes import Route, Unmapped

MOST_ROUTES = 50_000


@dataclass(frozen=True, slots=True)
class RoutesChanged:
    """How many routes a change made, moved and removed."""

    added: int = 0
    moved: int = 0
    removed: int = 0

    @property
    def any(self) -> bool:
        """Whether anything changed."""
        return bool(self.added or self.moved or self.removed)


async def change_routes(
    database: Database,
    vault: Vault,
    scope: Scope,
    integration_id: UUID,
    *,
    wanted: Mapping[str, CompanyId] = {},  # a Mapping is never written to
    unwanted: Iterable[str] = (),
    now: datetime,
) -> RoutesChanged:
    """
    Map customers of an MSP-wide integration to companies, and take others off, all or nothing.

    Args:
        scope: of the MSP; no other company has MSP-wide integrations.
        wanted: companies by the customer's name as the tool gives it.
        unwanted: names to take off.

    Raises:
        NotFound: there is no such MSP-wide integration.
        Invalid: a name or a company is of no use.
    """
    targets = sorted(set(wanted.values()))
    async with database.across([scope.company_id, *targets]) as connection:
        unit = database.unit(connection, scope)
        return await change_in_unit(unit, vault, integration_id, wanted=wanted, unwanted=unwanted, now=now)


async def change_in_unit(
    unit: Unit,
    vault: Vault,
    integration_id: UUID,
    *,
    wanted: Mapping[str, CompanyId],
    unwanted: Iterable[str] = (),
    now: datetime,
) -> RoutesChanged:
    """The same inside a transaction that sees the MSP and every company in `wanted`; `unit` is the MSP's."""
    shared = await _shared(unit, integration_id)
    _check(wanted)
    await _check_companies(unit, set(wanted.values()))
    by_value = {folded(shown): (shown.strip(), target) for shown, target in wanted.items()}
    old = await gate.routes_of(unit, integration_id)
    added = [value for value in by_value if value not in old]
    moved = [value for value, (_, target) in by_value.items() if value in old and old[value] != target]
    removed = sorted({folded(value) for value in unwanted} & old.keys() - by_value.keys())
    changed = RoutesChanged(len(added), len(moved), len(removed))
    if not changed.any:
        return changed
    if len(old) + len(added) - len(removed) > MOST_ROUTES:
        raise Invalid(f"an integration has at most {MOST_ROUTES} routes", where="routes", mend="remove some")
    for target in sorted({by_value[value][1] for value in (*added, *moved)}):
        await shared_integration(unit.at(unit.scope.at(target)), vault, shared, now=now)
    await rows.put(unit, integration_id, [(value, *by_value[value]) for value in (*added, *moved)], now=now)
    await rows.remove(unit, integration_id, removed)
    detail = {
        "added": {by_value[value][0]: str(by_value[value][1]) for value in added[:200]},
        "moved": {by_value[value][0]: [str(old[value]), str(by_value[value][1])] for value in moved[:200]},
        "removed": removed[:200],
        "counts": [len(added), len(moved), len(removed)],
    }
    await audit.write(unit, AuditAction.ROUTES_CHANGED, Resource("route", str(integration_id)), detail, now=now)
    if added or moved:
        await due.add(unit, due.HAND_OVER, integration_id, due_at=now)
    await changes.announce(unit)
    return changed


async def list_routes(
    database: Database, scope: Scope, integration_id: UUID, *, limit: int = 100, after: str | None = None
) -> tuple[Route, ...]:
    """
    Routes in the order of their folded names, from the one after `after`.

    Raises:
        NotFound: there is no such MSP-wide integration.
    """
    async with database.unit_of_work(scope) as unit:
        await _shared(unit, integration_id)
        return await rows.page(unit, integration_id, limit=limit, after=after)


async def list_unmapped(
    database: Database, scope: Scope, integration_id: UUID, *, limit: int = 100
) -> tuple[Unmapped, ...]:
    """
    Customers whose alerts wait because they belong to no company yet, the worst first.

    Raises:
        NotFound: there is no such MSP-wide integration.
    """
    async with database.unit_of_work(scope) as unit:
        await _shared(unit, integration_id)
        return await rows.unmapped(unit, integration_id, limit=limit)


async def shared_by_name(unit: Unit) -> dict[str, Integration]:
    """The MSP-wide integrations in use by case-folded name; `unit` is the MSP's. The import of companies asks."""
    found = await integration_rows.page(unit, limit=1000)
    return {one.name.casefold(): one for one in found if one.route_by is not None}


async def load_routes(database: Database, shared: Integration) -> Routes:
    """The routing table of an MSP-wide integration, for work that is done outside the gateway."""
    async with database.unit_of_work(Scope(INSTALLATION, "timer")) as unit:
        wanted = await gate.routes_of(unit, shared.id)
    async with database.across(set(wanted.values())) as connection:
        own = own_integration_id(INSTALLATION)
        return await routes_to(connection, shared.id, shared.route_by or "", wanted, own)


async def routes_to(
    connection: Connection, integration_id: UUID, label: str, wanted: Mapping[str, CompanyId], own: UUID
) -> Routes:
    """
    A routing table with all that the gateway needs; a company that has nothing to receive by is left out, and what is
    for it waits.

    Args:
        connection: its transaction sees every company in `wanted`.
        own: the integration of the MSP's own occurrences.
    """
    served = await gate.targets_of(connection, integration_id, set(wanted.values()))
    targets = {
        company_id: Target(company_id, company_id.bytes, one.integration_id.bytes, one.limits)
        for company_id, one in served.items()
    }
    return Routes(
        label, {value: targets[company_id] for value, company_id in wanted.items() if company_id in targets}, own.bytes
    )


async def _shared(unit: Unit, integration_id: UUID) -> Integration:
    shared = await integration_rows.get(unit, integration_id)
    if shared is None or shared.removed_at is not None or shared.route_by is None:
        raise NotFound(
            f"there is no MSP-wide integration {integration_id}",
            where="integration_id",
            mend="only an integration of the MSP itself serves many companies",
        )
    return shared


def _check(wanted: Mapping[str, CompanyId]) -> None:
    seen: dict[str, CompanyId] = {}
    for shown, target in wanted.items():
        if len(shown.strip()) > LONGEST_VALUE or "\x00" in shown:
            raise Invalid(f"a customer's name has at most {LONGEST_VALUE} letters", where="routes", mend="shorten it")
        if target == INSTALLATION:
            raise Invalid("the MSP itself is no customer", where="routes", mend="name a company")
        if seen.setdefault(folded(shown), target) != target:
            raise Invalid(f"{shown[:100]!r} is mapped to two companies", where="routes", mend="map it once")


async def _check_companies(unit: Unit, wanted: set[CompanyId]) -> None:
    there = {one.id for one in await companies.among(unit.connection, sorted(wanted))}
    missing: Sequence[CompanyId] = sorted(wanted - there)
    if missing:
        raise Invalid(f"there is no company {missing[0]}", where="routes", mend="list the companies")
