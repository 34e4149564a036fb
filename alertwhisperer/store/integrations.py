"""Integrations, their settings' versions, keys and the effects that their sources ask for."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.integration import Integration, KeyHolder, KeyInfo, SettingsVersion, SourceAction
from alertwhisperer.store.database import Connection, Unit, queries

_sql = queries("integrations")


async def insert(unit: Unit, integration: Integration, *, sealed_secret: bytes) -> None:
    """Add an integration and the first version of its settings; one that is there already stays."""
    await _sql.insert_integration(
        unit.connection,
        company_id=unit.company_id,
        integration_id=integration.id,
        source=integration.source,
        name=integration.name,
        scheme=integration.scheme,
        require_signature=integration.require_signature,
        secret=sealed_secret,
        settings=dict(integration.settings),
        version=integration.version,
        created_at=integration.created_at,
        route_by=integration.route_by,
        shared_id=integration.shared_id,
    )
    await _insert_version(unit, integration, integration.created_at)


async def get(unit: Unit, integration_id: UUID) -> Integration | None:
    """One integration with its keys, a removed one too; None when the company has none of this id."""
    row = await _sql.select_integration(unit.connection, company_id=unit.company_id, integration_id=integration_id)
    return await _with_keys(unit, row)


async def lock(unit: Unit, integration_id: UUID) -> Integration | None:
    """The same as `get`; nobody else changes it or its keys until the unit ends."""
    row = await _sql.lock_integration(unit.connection, company_id=unit.company_id, integration_id=integration_id)
    return await _with_keys(unit, row)


async def page(unit: Unit, *, limit: int, before: UUID | None = None) -> tuple[Integration, ...]:
    """Integrations in use with their keys, newest first, from the one after `before` (an integration's id)."""
    rows = [
        row
        async for row in _sql.select_integrations(
            unit.connection, company_id=unit.company_id, before=before, limit=limit
        )
    ]
    keys = await _keys_of(unit, [row["integration_id"] for row in rows])
    return tuple(_integration(row, keys[row["integration_id"]]) for row in rows)


async def shared_ids(unit: Unit) -> set[UUID]:
    """The company's integrations that serve many companies, removed ones too; none but the MSP's own."""
    return {row["integration_id"] async for row in _sql.select_shared(unit.connection, company_id=unit.company_id)}


async def update(unit: Unit, old: Integration, new: Integration, *, now: datetime) -> None:
    """Write the name, the need for a signature and the settings; a new version of the settings is kept beside."""
    await _sql.update_integration(
        unit.connection,
        company_id=unit.company_id,
        integration_id=new.id,
        name=new.name,
        require_signature=new.require_signature,
        settings=dict(new.settings),
        version=new.version,
    )
    if new.version != old.version:
        await _insert_version(unit, new, now)


async def versions(
    unit: Unit, integration_id: UUID, *, limit: int, before: int | None = None
) -> tuple[SettingsVersion, ...]:
    """The versions of an integration's settings, newest first, from the one after `before`."""
    rows = _sql.select_versions(
        unit.connection, company_id=unit.company_id, integration_id=integration_id, before=before, limit=limit
    )
    return tuple([SettingsVersion(row["version"], row["settings"], row["created_at"]) async for row in rows])


async def settings_of(unit: Unit, integration_id: UUID, version: int) -> Mapping[str, object] | None:
    """The settings as they were in a version; None when there was none."""
    settings: Mapping[str, object] | None = await _sql.select_version(
        unit.connection, company_id=unit.company_id, integration_id=integration_id, version=version
    )
    return settings


async def remove(unit: Unit, integration_id: UUID, *, now: datetime) -> None:
    """Take an integration out of use; what it sent stays."""
    await _sql.remove_integration(
        unit.connection, company_id=unit.company_id, integration_id=integration_id, removed_at=now
    )


async def sealed_secret(unit: Unit, integration_id: UUID) -> bytes | None:
    """The HMAC secret as the vault sealed it; None when the company has no such integration in use."""
    sealed: bytes | None = await _sql.select_secret(
        unit.connection, company_id=unit.company_id, integration_id=integration_id
    )
    return sealed


async def replace_secret(unit: Unit, integration_id: UUID, sealed: bytes) -> None:
    """Write another sealed HMAC secret."""
    await _sql.update_secret(unit.connection, company_id=unit.company_id, integration_id=integration_id, secret=sealed)


async def holder_of_key(connection: Connection, key_hash: UUID) -> KeyHolder | None:
    """Whose key has this hash: a door that opens before a company is known, and answers with ids only."""
    row = await _sql.select_holder(connection, hash=key_hash)
    if row is None:
        return None
    return KeyHolder(CompanyId(row["company_id"]), integration_id=row["integration_id"], key_id=row["key_id"])


async def insert_key(unit: Unit, key: KeyInfo, key_hash: UUID) -> None:
    """Add a key, and enter it where requests look it up."""
    await _sql.insert_key(
        unit.connection,
        company_id=unit.company_id,
        key_id=key.id,
        integration_id=key.integration_id,
        hash=key_hash,
        hint=key.hint,
        created_at=key.created_at,
    )
    await _sql.enter_key(
        unit.connection,
        hash=key_hash,
        company_id=unit.company_id,
        integration_id=key.integration_id,
        key_id=key.id,
    )


async def revoke_key(unit: Unit, key_id: UUID, *, now: datetime) -> KeyInfo | None:
    """End a live key and forget it where requests look it up; None when there is no such live key."""
    row = await _sql.revoke_key(unit.connection, company_id=unit.company_id, key_id=key_id, revoked_at=now)
    if row is None:
        return None
    await _sql.forget_key(unit.connection, company_id=unit.company_id, key_id=key_id)
    return _key(row)


async def actions_page(
    unit: Unit, *, state: str | None, limit: int, before: UUID | None = None
) -> tuple[SourceAction, ...]:
    """Effects that sources asked for, newest first, from the one after `before`; of one state if given."""
    rows = _sql.select_actions(unit.connection, company_id=unit.company_id, state=state, before=before, limit=limit)
    return tuple([_action(row) async for row in rows])


async def get_action(unit: Unit, action_id: UUID) -> SourceAction | None:
    """One effect that a source asked for."""
    row = await _sql.select_action(unit.connection, company_id=unit.company_id, id=action_id)
    return _action(row) if row else None


async def release_actions(unit: Unit, approved: SourceAction, *, now: datetime) -> tuple[UUID, ...]:
    """Make due all waiting effects of the approved one's integration, kind and subject; answers their ids."""
    rows = _sql.release_actions(
        unit.connection,
        company_id=unit.company_id,
        integration_id=approved.integration_id,
        kind=approved.kind,
        subject=approved.subject,
        due_at=now,
    )
    return tuple([row["subject"] async for row in rows])


async def _insert_version(unit: Unit, integration: Integration, now: datetime) -> None:
    await _sql.insert_version(
        unit.connection,
        company_id=unit.company_id,
        integration_id=integration.id,
        version=integration.version,
        settings=dict(integration.settings),
        created_at=now,
    )


async def _with_keys(unit: Unit, row: asyncpg.Record | None) -> Integration | None:
    if row is None:
        return None
    keys = await _keys_of(unit, [row["integration_id"]])
    return _integration(row, keys[row["integration_id"]])


async def _keys_of(unit: Unit, integrations: Sequence[UUID]) -> Mapping[UUID, list[KeyInfo]]:
    found: dict[UUID, list[KeyInfo]] = defaultdict(list)
    rows = _sql.select_keys(unit.connection, company_id=unit.company_id, integrations=list(integrations))
    async for row in rows:
        found[row["integration_id"]].append(_key(row))
    return found


def _integration(row: asyncpg.Record, keys: Sequence[KeyInfo]) -> Integration:
    return Integration(
        company_id=CompanyId(row["company_id"]),
        id=row["integration_id"],
        source=row["source"],
        name=row["name"],
        scheme=row["scheme"],
        require_signature=row["require_signature"],
        settings=row["settings"],
        version=row["version"],
        created_at=row["created_at"],
        removed_at=row["removed_at"],
        keys=tuple(keys),
        route_by=row["route_by"],
        shared_id=row["shared_id"],
    )


def _key(row: asyncpg.Record) -> KeyInfo:
    return KeyInfo(
        id=row["key_id"],
        integration_id=row["integration_id"],
        hint=row["hint"],
        created_at=row["created_at"],
        revoked_at=row["revoked_at"],
    )


def _action(row: asyncpg.Record) -> SourceAction:
    return SourceAction(
        id=row["id"],
        integration_id=row["integration_id"],
        kind=row["kind"],
        subject=row["subject"],
        state=row["state"],
        at=row["at"],
        settled_at=row["settled_at"],
        answer=row["answer"],
    )
