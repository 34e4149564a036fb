"""Bindings: a person's word that scripts may run on an asset, and how it is reached. Nothing else makes a target."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound
from alertwhisperer.domain.inventory import Asset
from alertwhisperer.domain.reach import Binding, BoundAsset
from alertwhisperer.guard.approvals.voiding import void_touched
from alertwhisperer.guard.vault import Vault
from alertwhisperer.remediate.credentials import find_credential, open_credential
from alertwhisperer.remediate.ways import filled, way_of
from alertwhisperer.store import assets, audit, reach
from alertwhisperer.store.database import Database, Unit

T = TypeVar("T")


async def bind_asset(
    database: Database,
    vault: Vault,
    scope: Scope,
    asset_id: UUID,
    executor: str,
    credential: str,
    settings: Mapping[str, str],
    *,
    now: datetime,
) -> BoundAsset:
    """
    Say how an asset is reached; a binding that it has is replaced.

    Args:
        credential: name or id of one of the company's, of the same executor.

    Raises:
        Invalid: the executor, the credential or a setting is of no use.
        NotFound: the company has no such asset or credential.
        Conflicting: nobody confirmed the asset, or it was merged.
    """
    way = way_of(executor)
    given = filled(way.binding, settings, within="settings")
    async with database.unit_of_work(scope) as unit:
        asset = await confirmed(unit, asset_id)
        kept = await find_credential(unit, credential)
        if kept.executor != executor:
            raise Invalid(
                f"the credential {kept.name!r} is of {kept.executor}", where="credential", mend=f"use one of {executor}"
            )
        way.place(given, await open_credential(unit, vault, kept.id))
        old = await reach.binding(unit, asset_id)
        new = Binding(asset_id, executor, given, kept.id, scope.actor, now)
        await reach.put_binding(unit, new)
        await void_touched(unit, "asset", [asset_id], now=now)
        detail = {"name": asset.name, "executor": executor, "credential": str(kept.id), "settings": given}
        if old is not None:
            detail["before"] = {"executor": old.executor, "credential": str(old.credential_id), **old.settings}
        await audit.write(unit, AuditAction.ASSET_BOUND, Resource("asset", str(asset_id)), detail, now=now)
    return BoundAsset(new, asset.name, kept.name)


async def unbind_asset(database: Database, scope: Scope, asset_id: UUID, *, now: datetime) -> None:
    """
    Take it back: nothing runs there any more.

    Raises:
        NotFound: the company has no such asset, or it is not bound.
    """
    async with database.unit_of_work(scope) as unit:
        old = bound(await reach.binding(unit, asset_id), asset_id)
        await reach.remove_binding(unit, asset_id)
        await void_touched(unit, "asset", [asset_id], now=now)
        detail = {"executor": old.executor, "credential": str(old.credential_id)}
        await audit.write(unit, AuditAction.ASSET_UNBOUND, Resource("asset", str(asset_id)), detail, now=now)


async def get_binding(database: Database, scope: Scope, asset_id: UUID) -> BoundAsset:
    """How an asset is reached; raises `NotFound` when the company has no such asset, or it is not bound."""
    async with database.unit_of_work(scope) as unit:
        return bound(next(iter(await reach.bound_assets(unit, asset_id=asset_id, limit=1)), None), asset_id)


async def list_bindings(
    database: Database, scope: Scope, *, limit: int = 100, before: UUID | None = None
) -> list[BoundAsset]:
    """All that may be a target, the newest assets first, from the one after `before`."""
    async with database.unit_of_work(scope) as unit:
        return await reach.bound_assets(unit, limit=limit, before=before)


async def confirmed(unit: Unit, asset_id: UUID) -> Asset:
    """
    An asset that a person said is there.

    Raises:
        NotFound: the company has no such asset.
        Conflicting: nobody confirmed it, or it was merged.
    """
    asset = (await assets.among(unit, [asset_id])).get(asset_id)
    if asset is None:
        raise NotFound(f"there is no asset {asset_id}", where="asset_id", mend="list them")
    if asset.merged_into is not None:
        raise Conflicting(f"it was merged into {asset.merged_into}", where="asset_id", mend=f"use {asset.merged_into}")
    if not asset.confirmed:
        raise Conflicting(
            f"{asset.name} only appeared in an alert", where="asset_id", mend="confirm that it is there first"
        )
    return asset


def bound(binding: T | None, asset_id: UUID) -> T:
    """What is bound; raises `NotFound` where nothing is."""
    if binding is None:
        raise NotFound(f"the asset {asset_id} is bound to nothing", where="asset_id", mend="bind it")
    return binding
