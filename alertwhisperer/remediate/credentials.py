"""Credentials of a company: added, replaced and removed by people, opened for one call at a time, shown to nobody."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import msgspec

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound
from alertwhisperer.domain.name import check_name
from alertwhisperer.domain.reach import Credential
from alertwhisperer.executors.contract import Executor
from alertwhisperer.guard.approvals.voiding import void_touched
from alertwhisperer.guard.companies import require_company
from alertwhisperer.guard.vault import Vault, credential_context
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.remediate.ways import filled, way_of
from alertwhisperer.store import audit, reach
from alertwhisperer.store.database import Database, Unit

_TOLD = 5  # of the assets that keep a credential from being removed


async def add_credential(
    database: Database,
    vault: Vault,
    scope: Scope,
    name: str,
    executor: str,
    values: Mapping[str, str],
    *,
    now: datetime,
) -> Credential:
    """
    Keep a secret for an executor; its values are sealed, and cannot be read back.

    Raises:
        Invalid: the name, the executor or a value is of no use.
        Conflicting: the company has a credential of this name.
        NotFound: there is no such company.
    """
    shown, way = check_name(name), way_of(executor)
    given = filled(way.credential, values, within="values")
    async with database.unit_of_work(scope) as unit:
        await require_company(unit)
        if await reach.named(unit, shown) is not None:
            raise Conflicting(f"there is a credential {shown!r}", where="name", mend="choose another, or rotate it")
        whole = await _whole(unit, way, given, now=now)
        credential = Credential(uuid7(now), shown, executor, tuple(sorted(whole)), scope.actor, now)
        await reach.insert_credential(unit, credential, _sealed(vault, unit, credential.id, whole))
        await _record(unit, AuditAction.CREDENTIAL_ADDED, credential, now=now)
    return credential


async def rotate_credential(
    database: Database, vault: Vault, scope: Scope, credential_id: UUID, values: Mapping[str, str], *, now: datetime
) -> Credential:
    """
    Put other values in the place of a credential's; what is bound with it uses them from the next run on.

    Raises:
        Invalid: a value is of no use.
        NotFound: the company has no such credential.
    """
    async with database.unit_of_work(scope) as unit:
        old = there(await reach.lock_credential(unit, credential_id), credential_id)
        way = way_of(old.executor)
        whole = await _whole(unit, way, filled(way.credential, values, within="values"), now=now)
        new = replace(old, fields=tuple(sorted(whole)), rotated_at=now, proven_at=None)
        await reach.replace_sealed(unit, old.id, _sealed(vault, unit, old.id, whole), new.fields, now=now)
        await void_touched(unit, "credential", [old.id], now=now)
        await _record(unit, AuditAction.CREDENTIAL_ROTATED, new, now=now)
    return new


async def remove_credential(database: Database, scope: Scope, credential_id: UUID, *, now: datetime) -> None:
    """
    Destroy a credential.

    Raises:
        NotFound: the company has no such credential.
        Conflicting: assets are bound with it.
    """
    async with database.unit_of_work(scope) as unit:
        old = there(await reach.lock_credential(unit, credential_id), credential_id)
        bound = await reach.bound_with(unit, credential_id, limit=_TOLD)
        if bound:
            raise Conflicting(
                f"assets are bound with it: {', '.join(map(str, bound))}",
                where="credential_id",
                mend="unbind them, or bind them with another",
            )
        await reach.remove_credential(unit, credential_id)
        await void_touched(unit, "credential", [credential_id], now=now)
        await _record(unit, AuditAction.CREDENTIAL_REMOVED, old, now=now)


async def list_credentials(
    database: Database, scope: Scope, *, limit: int = 100, before: UUID | None = None
) -> list[Credential]:
    """Credentials, newest first, from the one after `before`; never their values."""
    async with database.unit_of_work(scope) as unit:
        return await reach.credentials(unit, limit=limit, before=before)


async def get_credential(database: Database, scope: Scope, text: str) -> Credential:
    """The credential that an id or a name finds; raises `NotFound` when the company has none."""
    async with database.unit_of_work(scope) as unit:
        return await find_credential(unit, text)


async def find_credential(unit: Unit, text: str) -> Credential:
    """The credential that an id or a name finds; raises `NotFound`."""
    try:
        found = await reach.credential(unit, UUID(text))
    except ValueError:
        found = await reach.named(unit, text.strip())
    return there(found, text)


async def open_credential(unit: Unit, vault: Vault, credential_id: UUID) -> dict[str, str]:
    """
    The values in the clear, for one call; never to be logged, stored or answered.

    Raises:
        NotFound: the company has no such credential.
        Permanent: sealed with another master key, altered or moved.
    """
    sealed = await reach.sealed_of(unit, credential_id)
    if sealed is None:
        raise _absent(credential_id)
    plain = vault.open(sealed, credential_context(unit.company_id, credential_id))
    return msgspec.json.decode(plain, type=dict[str, str])


async def external_id(unit: Unit, *, now: datetime) -> str:
    """The company's external ID for AWS, made when it is first needed."""
    found = await reach.external_id(unit)
    if found is not None:
        return found
    await reach.give_external_id(unit, f"aw-{secrets.token_hex(20)}", now=now)
    await audit.write(unit, AuditAction.EXTERNAL_ID_MADE, Resource("company", str(unit.company_id)), {}, now=now)
    made = await reach.external_id(unit)
    assert made is not None  # noqa: S101  # the line above made it, or somebody else did
    return made


def there(credential: Credential | None, wanted: UUID | str) -> Credential:
    """The credential; raises `NotFound` when there is none."""
    if credential is None:
        raise _absent(wanted)
    return credential


def _absent(wanted: UUID | str) -> NotFound:
    return NotFound(f"there is no credential {wanted}", where="credential_id", mend="list the credentials")


async def _whole(unit: Unit, way: Executor, given: Mapping[str, str], *, now: datetime) -> dict[str, str]:
    if not way.credential:
        raise Invalid(f"{way.title} needs no credential", where="executor", mend="bind the asset without one")
    own = [one.name for one in way.credential if one.is_external_id]
    return {**given, **{name: await external_id(unit, now=now) for name in own}}


def _sealed(vault: Vault, unit: Unit, credential_id: UUID, values: Mapping[str, str]) -> bytes:
    return vault.seal(msgspec.json.encode(dict(values)), credential_context(unit.company_id, credential_id))


async def _record(unit: Unit, action: AuditAction, credential: Credential, *, now: datetime) -> None:
    detail = {"name": credential.name, "executor": credential.executor, "fields": list(credential.fields)}
    await audit.write(unit, action, Resource("credential", str(credential.id)), detail, now=now)
