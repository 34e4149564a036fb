"""
Assets: added and changed by people, found by any of their names.

Each change is audited; one of names makes the next version of the rules (inventory/names.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from alertwhisperer.domain.asset import canonical
from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound
from alertwhisperer.domain.inventory import Asset, AssetName, Edge
from alertwhisperer.guard.approvals.voiding import void_touched
from alertwhisperer.guard.companies import require_company
from alertwhisperer.inventory.fields import ASSET_FIELDS, checked
from alertwhisperer.inventory.names import NameBook, absorb, tell_rules
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import asset_names, assets, audit, edges, sites
from alertwhisperer.store.assets import AssetFilter
from alertwhisperer.store.database import Database, Unit

MOST_GIVEN_ALIASES = 100  # in one call; more come by a file


@dataclass(frozen=True, slots=True)
class AssetWhole:
    """An asset with what is known about it; `edges` in both directions, at most a thousand, as `names`."""

    asset: Asset
    names: tuple[AssetName, ...]
    edges: tuple[Edge, ...]
    open_alerts: int


async def add_asset(
    database: Database, scope: Scope, given: Mapping[str, object], *, aliases: Sequence[str] = (), now: datetime
) -> Asset:
    """
    Add an asset that a person knows of; it is confirmed by that.

    Args:
        given: `inventory.fields.ASSET_FIELDS`; the name is needed.
        aliases: other names of it.

    Raises:
        Invalid: a field or a name is of no use.
        Conflicting: another asset has one of the names.
        NotFound: there is no such company.
    """
    asset = new_asset(checked(ASSET_FIELDS, given), now=now)
    if len(aliases) > MOST_GIVEN_ALIASES:
        raise Invalid(f"{len(aliases)} aliases are too many", where="aliases", mend="import them from a file")
    async with database.unit_of_work(scope) as unit:
        await require_company(unit)
        await asset_names.enter(unit)
        await require_site(unit, asset.site_id)
        book = await NameBook.read(unit, [asset.name, *aliases], now=now)
        book.give_own(asset)
        for alias in aliases:
            book.give_alias(asset, alias)
        await assets.insert(unit, [asset])
        await book.write(unit)
        version = await tell_rules(unit, now=now)
        detail = {"name": asset.name, "aliases": list(aliases), "rules_version": version}
        await audit.write(unit, AuditAction.ASSET_ADDED, Resource("asset", str(asset.id)), detail, now=now)
    return asset


def new_asset(fields: Mapping[str, Any], *, now: datetime) -> Asset:
    """An asset of checked fields, and defaults for the rest; raises `Invalid` when it has no name."""
    if "name" not in fields:
        raise Invalid("an asset needs a name", where="name", mend="give one")
    plain: dict[str, Any] = {"kind": "", "weight": 3, "owner": "", "platform": "", "tags": (), "links": {}, "notes": ""}
    return Asset(
        id=uuid7(now), **{**plain, "site_id": None, **fields}, confirmed=True, merged_into=None, created_at=now
    )


async def set_asset(
    database: Database, scope: Scope, asset_id: UUID, given: Mapping[str, object], *, now: datetime
) -> Asset:
    """
    Change what is given, and leave the rest; another name keeps the old one as a former one, which still finds it.

    Raises:
        Invalid: a field is of no use.
        NotFound: the company has no such asset.
        Conflicting: another asset has the name, or this one was merged.
    """
    fields = checked(ASSET_FIELDS, given)
    async with database.unit_of_work(scope) as unit:
        await asset_names.enter(unit)
        old = await _locked(unit, asset_id)
        new = replace(old, **fields)
        await require_site(unit, new.site_id)
        changed = changes_of(old, new)
        if not changed:
            return new
        if new.name != old.name:
            book = await NameBook.read(unit, [new.name, old.name], now=now)
            book.give_own(new, before=old)
            await book.write(unit)
        await assets.update(unit, [new])
        if new.name != old.name:
            changed["rules_version"] = await tell_rules(unit, now=now)
        elif new.site_id != old.site_id:
            await tell_rules(unit, now=now)  # maintenance windows hold what is at a site
        await void_touched(unit, "asset", [asset_id], now=now)
        await audit.write(unit, AuditAction.ASSET_CHANGED, Resource("asset", str(asset_id)), changed, now=now)
    return new


async def confirm_asset(database: Database, scope: Scope, asset_id: UUID, *, now: datetime) -> Asset:
    """
    Say that an asset is there: one that appeared in an alert becomes one that may be a target.

    Raises:
        NotFound: the company has no such asset.
        Conflicting: it was merged.
    """
    async with database.unit_of_work(scope) as unit:
        old = await _locked(unit, asset_id)
        new = replace(old, confirmed=True)
        if new != old:
            await assets.update(unit, [new])
            await void_touched(unit, "asset", [asset_id], now=now)
            await audit.write(
                unit, AuditAction.ASSET_CONFIRMED, Resource("asset", str(asset_id)), {"name": new.name}, now=now
            )
    return new


async def add_alias(database: Database, scope: Scope, asset_id: UUID, alias: str, *, now: datetime) -> AssetWhole:
    """
    Let another name find the asset; an unconfirmed asset of that name is merged into it.

    Raises:
        Invalid: the name is of no use.
        NotFound: the company has no such asset.
        Conflicting: another asset has the name, this one was merged, or the company has too many names.
    """
    async with database.unit_of_work(scope) as unit:
        await asset_names.enter(unit)
        asset = await _locked(unit, asset_id)
        book = await NameBook.read(unit, [alias], now=now)
        if book.give_alias(asset, alias):
            await book.write(unit)
            await void_touched(unit, "asset", [asset_id], now=now)
            version = await tell_rules(unit, now=now)
            detail = {"alias": alias, "merged": [str(one) for one in book.absorbed], "rules_version": version}
            await audit.write(unit, AuditAction.ASSET_ALIAS_ADDED, Resource("asset", str(asset_id)), detail, now=now)
    return await get_asset(database, scope, asset_id)


async def remove_alias(database: Database, scope: Scope, asset_id: UUID, alias: str, *, now: datetime) -> AssetWhole:
    """
    Let a name find the asset no more; an alert under it makes a new, unconfirmed asset.

    Raises:
        NotFound: the company has no such asset, or it has no such name.
        Conflicting: it is the asset's own name.
    """
    async with database.unit_of_work(scope) as unit:
        await asset_names.enter(unit)
        await _locked(unit, asset_id)
        name = canonical(alias)
        held = (await asset_names.among(unit, [name])).get(name)
        if held is None or held.asset_id != asset_id:
            raise NotFound("the asset has no such name", where="name", mend="look at its names")
        if held.origin == "own":
            raise Conflicting("this is the asset's own name", where="name", mend="rename the asset")
        await asset_names.remove(unit, name)
        await void_touched(unit, "asset", [asset_id], now=now)
        version = await tell_rules(unit, now=now)
        detail = {"alias": held.shown, "rules_version": version}
        await audit.write(unit, AuditAction.ASSET_ALIAS_REMOVED, Resource("asset", str(asset_id)), detail, now=now)
    return await get_asset(database, scope, asset_id)


async def merge_asset(database: Database, scope: Scope, asset_id: UUID, into_id: UUID, *, now: datetime) -> AssetWhole:
    """
    Say that an asset is another one: its names and edges are the other's from now on.

    Returns:
        The asset that it is.

    Raises:
        NotFound: the company has no such assets.
        Conflicting: they are the same, or one of them was merged before.
    """
    if asset_id == into_id:
        raise Conflicting("an asset cannot be merged into itself", where="into", mend="name another one")
    async with database.unit_of_work(scope) as unit:
        await asset_names.enter(unit)
        found = await assets.lock(unit, sorted((asset_id, into_id)))
        gone, into = _live(found.get(asset_id), asset_id), _live(found.get(into_id), into_id)
        await absorb(unit, gone, into, now=now)
        version = await tell_rules(unit, now=now)
        detail = {"into": str(into_id), "name": gone.name, "rules_version": version}
        await audit.write(unit, AuditAction.ASSET_MERGED, Resource("asset", str(asset_id)), detail, now=now)
    return await get_asset(database, scope, into_id)


async def remove_asset(database: Database, scope: Scope, asset_id: UUID, *, now: datetime) -> None:
    """
    Forget an asset with its names and edges, and what was merged into it; its alerts stay.

    Raises:
        NotFound: the company has no such asset.
        Conflicting: it was merged; remove the one that it is.
    """
    async with database.unit_of_work(scope) as unit:
        await asset_names.enter(unit)
        asset = await _locked(unit, asset_id)
        await edges.remove_of(unit, asset_id)
        await asset_names.remove_of(unit, asset_id)
        await assets.remove(unit, asset_id)
        await void_touched(unit, "asset", [asset_id], now=now)
        version = await tell_rules(unit, now=now)
        detail = {"name": asset.name, "rules_version": version}
        await audit.write(unit, AuditAction.ASSET_REMOVED, Resource("asset", str(asset_id)), detail, now=now)


async def get_asset(database: Database, scope: Scope, asset_id: UUID) -> AssetWhole:
    """
    One asset with all that is known about it, also one that was merged.

    Raises:
        NotFound: the company has no such asset.
    """
    async with database.unit_of_work(scope) as unit:
        asset = (await assets.among(unit, [asset_id])).get(asset_id)
        if asset is None:
            raise _absent(asset_id)
        return AssetWhole(
            asset,
            tuple(await asset_names.of_asset(unit, asset_id)),
            tuple(await edges.page(unit, asset_id=asset_id, limit=edges.MOST_OF_ASSET)),
            await assets.open_alerts(unit, asset_id),
        )


async def find_asset(database: Database, scope: Scope, text: str) -> Asset:
    """
    The asset that an id or any of its names finds.

    Raises:
        NotFound: none.
    """
    async with database.unit_of_work(scope) as unit:
        asset_id = _as_id(text)
        if asset_id is None:
            name = canonical(text)
            held = (await asset_names.among(unit, [name])).get(name)
            asset_id = None if held is None else held.asset_id
        found = {} if asset_id is None else await assets.among(unit, [asset_id])
    if asset_id not in found:
        raise NotFound(f"there is no asset {text!r}", where="asset", mend="list them, or search with q")
    return found[asset_id]


async def list_assets(
    database: Database, scope: Scope, wanted: AssetFilter, *, limit: int = 100, before: UUID | None = None
) -> list[Asset]:
    """Assets, newest first, from the one after `before` (an asset's id)."""
    async with database.unit_of_work(scope) as unit:
        q = None if wanted.q is None else wanted.q.strip().casefold() or None
        return await assets.page(unit, replace(wanted, q=q), limit=limit, before=before)


async def require_site(unit: Unit, site_id: UUID | None) -> None:
    """Raise `Invalid` when a site is given that the company does not have."""
    if site_id is not None and await sites.read(unit, site_id) is None:
        raise Invalid(f"there is no site {site_id}", where="site_id", mend="list the sites")


def changes_of(old: Any, new: Any) -> dict[str, object]:
    """The fields of a noun that differ, as `[before, after]`, for the audit log."""
    before, after = asdict(old), asdict(new)
    return {field: [_plain(before[field]), _plain(after[field])] for field in after if before[field] != after[field]}


def _plain(value: object) -> object:
    return str(value) if isinstance(value, UUID) else value


async def _locked(unit: Unit, asset_id: UUID) -> Asset:
    return _live((await assets.lock(unit, [asset_id])).get(asset_id), asset_id)


def _live(asset: Asset | None, asset_id: UUID) -> Asset:
    if asset is None:
        raise _absent(asset_id)
    if asset.merged_into is not None:
        raise Conflicting(
            f"the asset was merged into {asset.merged_into}", where="asset_id", mend=f"use {asset.merged_into}"
        )
    return asset


def _absent(asset_id: UUID) -> NotFound:
    return NotFound(f"there is no asset {asset_id}", where="asset_id", mend="list them")


def _as_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
