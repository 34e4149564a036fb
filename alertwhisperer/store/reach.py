"""How targets are reached: credentials with their sealed values, bindings of assets, external IDs, patch states."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from alertwhisperer.domain.reach import Binding, BindingCheck, BoundAsset, Credential, PatchState
from alertwhisperer.store.database import Unit, queries

_sql = queries("reach")


async def insert_credential(unit: Unit, credential: Credential, sealed: bytes) -> None:
    """Add a credential; its id and its name must be new."""
    await _sql.insert_credential(
        unit.connection,
        company_id=unit.company_id,
        credential_id=credential.id,
        name=credential.name,
        executor=credential.executor,
        sealed=sealed,
        fields=list(credential.fields),
        added_by=credential.added_by,
        added_at=credential.added_at,
    )


async def credential(unit: Unit, credential_id: UUID) -> Credential | None:
    """One credential; None when the company has none of this id."""
    row = await _sql.select_credential(unit.connection, company_id=unit.company_id, credential_id=credential_id)
    return _credential(row)


async def lock_credential(unit: Unit, credential_id: UUID) -> Credential | None:
    """The same; nobody else changes it until the unit ends."""
    row = await _sql.lock_credential(unit.connection, company_id=unit.company_id, credential_id=credential_id)
    return _credential(row)


async def named(unit: Unit, name: str) -> Credential | None:
    """The credential of this name, whatever its case."""
    return _credential(await _sql.named_credential(unit.connection, company_id=unit.company_id, name=name))


async def credentials(unit: Unit, *, limit: int, before: UUID | None = None) -> list[Credential]:
    """Credentials, newest first, from the one after `before`."""
    rows = _sql.page_of_credentials(unit.connection, company_id=unit.company_id, before=before, limit=limit)
    return [Credential(**{**row, "fields": tuple(row["fields"])}) async for row in rows]


async def sealed_of(unit: Unit, credential_id: UUID) -> bytes | None:
    """What the vault sealed of a credential."""
    found: bytes | None = await _sql.sealed_of(unit.connection, company_id=unit.company_id, credential_id=credential_id)
    return found


async def replace_sealed(
    unit: Unit, credential_id: UUID, sealed: bytes, fields: Sequence[str], *, now: datetime
) -> None:
    """Put other values in the place of a credential's; it counts as unproven."""
    await _sql.replace_sealed(
        unit.connection,
        company_id=unit.company_id,
        credential_id=credential_id,
        sealed=sealed,
        fields=list(fields),
        rotated_at=now,
    )


async def set_proven(unit: Unit, credential_id: UUID, proven_at: datetime | None) -> None:
    """Say when the way was seen to be closed to everybody else; None that it was seen to be open."""
    await _sql.set_proven(unit.connection, company_id=unit.company_id, credential_id=credential_id, proven_at=proven_at)


async def remove_credential(unit: Unit, credential_id: UUID) -> None:
    """Remove a credential that nothing is bound with."""
    await _sql.remove_credential(unit.connection, company_id=unit.company_id, credential_id=credential_id)


async def bound_with(unit: Unit, credential_id: UUID, *, limit: int) -> list[UUID]:
    """Assets that are bound with a credential."""
    rows = _sql.bound_with(unit.connection, company_id=unit.company_id, credential_id=credential_id, limit=limit)
    return [row["asset_id"] async for row in rows]


async def put_binding(unit: Unit, binding: Binding) -> None:
    """Bind an asset, or bind it otherwise."""
    await _sql.put_binding(
        unit.connection,
        company_id=unit.company_id,
        asset_id=binding.asset_id,
        executor=binding.executor,
        settings=dict(binding.settings),
        credential_id=binding.credential_id,
        bound_by=binding.bound_by,
        bound_at=binding.bound_at,
    )


async def binding(unit: Unit, asset_id: UUID) -> Binding | None:
    """How an asset is reached; None when it is bound to nothing."""
    row = await _sql.select_binding(unit.connection, company_id=unit.company_id, asset_id=asset_id)
    return Binding(**row) if row else None


async def bindings(unit: Unit, *, executor: str | None = None, limit: int, before: UUID | None = None) -> list[Binding]:
    """Bindings, those of the newest assets first; of one executor."""
    rows = _sql.page_of_bindings(
        unit.connection, company_id=unit.company_id, executor=executor, limit=limit, before=before
    )
    return [Binding(**row) async for row in rows]


async def bound_assets(
    unit: Unit, *, asset_id: UUID | None = None, limit: int, before: UUID | None = None
) -> list[BoundAsset]:
    """The same as people look at them; of one asset."""
    rows = _sql.page_of_bound(
        unit.connection, company_id=unit.company_id, asset_id=asset_id, limit=limit, before=before
    )
    return [_bound(row) async for row in rows]


async def put_check(unit: Unit, binding: Binding, check: BindingCheck) -> None:
    """Keep what was seen on an asset, unless it was bound otherwise meanwhile."""
    await _sql.put_check(
        unit.connection,
        company_id=unit.company_id,
        asset_id=binding.asset_id,
        bound_at=binding.bound_at,
        checked_at=check.checked_at,
        checked_by=check.checked_by,
        wrong=list(check.wrong),
    )


async def remove_binding(unit: Unit, asset_id: UUID) -> None:
    """An asset is no target any more."""
    await _sql.remove_binding(unit.connection, company_id=unit.company_id, asset_id=asset_id)


async def external_id(unit: Unit) -> str | None:
    """The company's external ID; None before it needed one."""
    found: str | None = await _sql.select_external_id(unit.connection, company_id=unit.company_id)
    return found


async def give_external_id(unit: Unit, value: str, *, now: datetime) -> None:
    """Give the company its external ID; one that is there stays."""
    await _sql.insert_external_id(unit.connection, company_id=unit.company_id, value=value, made_at=now)


async def put_patch_states(unit: Unit, states: Sequence[PatchState]) -> None:
    """Keep what was said of machines' patches now."""
    rows: list[Mapping[str, Any]] = [asdict(one) for one in states]
    await _sql.put_patch_states(unit.connection, company_id=unit.company_id, rows=rows)


async def patch_states(unit: Unit, *, limit: int, before: UUID | None = None) -> list[PatchState]:
    """Patch states, those of the newest assets first."""
    rows = _sql.page_of_patch_states(unit.connection, company_id=unit.company_id, before=before, limit=limit)
    return [PatchState(**row) async for row in rows]


async def drop_patch_states(unit: Unit, *, since: datetime) -> None:
    """Forget what was said of machines that were not asked about since a moment."""
    await _sql.drop_patch_states(unit.connection, company_id=unit.company_id, since=since)


def _credential(row: Any) -> Credential | None:
    return Credential(**{**row, "fields": tuple(row["fields"])}) if row else None


def _bound(row: Any) -> BoundAsset:
    names = ("asset_id", "executor", "settings", "credential_id", "bound_by", "bound_at")
    check = None
    if row["checked_at"] is not None:
        check = BindingCheck(row["checked_at"], row["checked_by"], tuple(row["wrong"]))
    return BoundAsset(Binding(**{name: row[name] for name in names}), row["asset"], row["credential"], check)
