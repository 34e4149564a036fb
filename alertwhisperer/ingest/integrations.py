"""
Integrations: which tool of which company may send, with which key and secret, and how its bodies are read.

Written by people through the API and the command line; the gateway and the worker read what is decided here. Each
change is audited, and announced, so that every process drops what it remembers.
"""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from typing import get_args
from uuid import UUID

import msgspec

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound
from alertwhisperer.domain.integration import (
    APPROVED_TOPICS,
    MOST_LIVE_KEYS,
    OWN_SOURCE,
    Integration,
    KeyInfo,
    Scheme,
    SettingsVersion,
    SourceAction,
)
from alertwhisperer.domain.name import check_name
from alertwhisperer.domain.silence import NewCheck
from alertwhisperer.guard.companies import require_company
from alertwhisperer.guard.keys import hint, new_key, new_secret
from alertwhisperer.guard.vault import Vault, integration_context
from alertwhisperer.ingest import feeds
from alertwhisperer.ingest.secret_settings import SHOWN, is_sealed, masked, seal_secrets
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.sources.contract import Source
from alertwhisperer.store import audit, changes, silence
from alertwhisperer.store import integrations as rows
from alertwhisperer.store.database import Database, Unit

LARGEST_SETTINGS = 65_536  # bytes of JSON; a mapping of a hundred fields has about 10,000
AWAITING = "awaiting_approval"


@dataclass(frozen=True, slots=True)
class NewIntegration:
    """An integration just made, with what can be read this once."""

    integration: Integration
    api_key: str = field(repr=False)
    hmac_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made, which can be read this once."""

    key: KeyInfo
    api_key: str = field(repr=False)


async def add_integration(
    database: Database,
    vault: Vault,
    sources: Mapping[str, Source],
    scope: Scope,
    *,
    source: str,
    name: str,
    require_signature: bool = False,
    scheme: Scheme = "alertwhisperer",
    settings: Mapping[str, object] = {},  # a Mapping is never written to
    route_by: str | None = None,
    now: datetime,
) -> NewIntegration:
    """
    Let a tool of the scope's company send, with one key and one HMAC secret.

    Args:
        sources: the product's, by slug.
        source: the tool's slug.
        scheme: how deliveries are signed; chosen once, since each scheme has its own kind of secret.
        settings: what differs from the source's defaults.
        route_by: of an integration of the MSP itself, which serves many companies: the label that names the customer;
            None takes the source's own.
        now: aware UTC.

    Raises:
        Invalid: no such source or scheme, a setting that the source refuses, or nothing to route by.
        NotFound: there is no such company.
    """
    async with database.unit_of_work(scope) as unit:
        return await add_in_unit(
            unit,
            vault,
            sources,
            source=source,
            name=name,
            require_signature=require_signature,
            scheme=scheme,
            settings=settings,
            route_by=route_by,
            now=now,
        )


async def add_in_unit(
    unit: Unit,
    vault: Vault,
    sources: Mapping[str, Source],
    *,
    source: str,
    name: str,
    require_signature: bool = False,
    scheme: Scheme = "alertwhisperer",
    settings: Mapping[str, object] = {},  # a Mapping is never written to
    route_by: str | None = None,
    now: datetime,
) -> NewIntegration:
    """The same inside a transaction of the caller's."""
    if scheme not in get_args(Scheme):
        raise Invalid(f"{scheme!r} is not a scheme", where="scheme", mend=f"use {' or '.join(get_args(Scheme))}")
    tool = _source_of(sources, source)
    identity = uuid7(now)
    checked = seal_secrets(vault, tool, unit.company_id, identity, check_settings(tool, settings), {})
    integration = Integration(
        company_id=unit.company_id,
        id=identity,
        source=source,
        name=check_name(name),
        scheme=scheme,
        require_signature=require_signature,
        settings=checked,
        version=1,
        created_at=now,
        removed_at=None,
        route_by=_check_route_by(unit.company_id, tool, route_by),
    )
    secret = _new_secret(scheme)
    await require_company(unit)
    await rows.insert(unit, integration, sealed_secret=_seal(vault, integration, secret))
    await silence.insert(unit, [NewCheck.of_integration(identity, source, integration.name)], now=now)
    await feeds.begin(unit, tool, integration, now=now)
    made = await _insert_key(unit, vault, integration.id, now=now)
    detail = {
        "source": source,
        "name": integration.name,
        "scheme": scheme,
        "require_signature": require_signature,
        "settings": sorted(integration.settings),
        "key_id": str(made.key.id),
    }
    if integration.route_by is not None:
        detail["route_by"] = integration.route_by
        await own_integration(unit, vault, now=now)
    await audit.write(
        unit, AuditAction.INTEGRATION_ADDED, Resource("integration", str(integration.id)), detail, now=now
    )
    await changes.announce(unit)
    return NewIntegration(replace(integration, keys=(made.key,)), api_key=made.api_key, hmac_secret=secret)


async def own_integration(unit: Unit, vault: Vault, *, now: datetime) -> UUID:
    """
    The integration that a company's own occurrences come by (a silent tool, an unmapped customer); made when absent.

    It has no key: nobody can send by it. Its id is the company's own hash, so that two processes cannot make two.
    """
    identity = own_integration_id(unit.company_id)
    await _stand_in(unit, vault, identity, OWN_SOURCE, "Alert Whisperer itself", None, now=now)
    return identity


def own_integration_id(company_id: CompanyId) -> UUID:
    """The id of the integration that a company's own occurrences come by, whether or not it was made yet."""
    return UUID(bytes=blake2b(b"own" + company_id.bytes, digest_size=16).digest())


async def shared_integration(unit: Unit, vault: Vault, shared: Integration, *, now: datetime) -> UUID:
    """The integration by which the unit's company receives its part of an MSP-wide one; made when absent."""
    identity = UUID(bytes=blake2b(shared.id.bytes + unit.company_id.bytes, digest_size=16).digest())
    await _stand_in(unit, vault, identity, shared.source, shared.name, shared.id, now=now)
    return identity


async def _stand_in(
    unit: Unit, vault: Vault, identity: UUID, source: str, name: str, shared_id: UUID | None, *, now: datetime
) -> None:
    if await rows.get(unit, identity) is not None:
        return
    integration = Integration(
        company_id=unit.company_id,
        id=identity,
        source=source,
        name=name,
        scheme="alertwhisperer",
        require_signature=True,
        settings={},
        version=1,
        created_at=now,
        removed_at=None,
        shared_id=shared_id,
    )
    await rows.insert(unit, integration, sealed_secret=_seal(vault, integration, new_secret()))


async def set_integration(
    database: Database,
    vault: Vault,
    sources: Mapping[str, Source],
    scope: Scope,
    integration_id: UUID,
    *,
    name: str | None = None,
    require_signature: bool | None = None,
    settings: Mapping[str, object] | None = None,
    now: datetime,
) -> Integration:
    """
    Change what is given of an integration, and leave the rest.

    Args:
        settings: the whole of them, not what differs from before; other settings make the next version. `***` leaves a
            secret one as it is.

    Raises:
        Invalid: a setting that the source refuses.
        Conflicting: settings of an integration that only stands for another.
        NotFound: the company has no such integration in use.
    """
    async with database.unit_of_work(scope) as unit:
        old = await _locked(unit, integration_id)
        new = replace(
            old,
            name=old.name if name is None else check_name(name),
            require_signature=old.require_signature if require_signature is None else require_signature,
        )
        if settings is not None:
            if old.is_stand_in:
                raise Conflicting("nobody sends by this one", where="settings", mend="set those it receives by")
            new = _with_settings(new, checked_draft(vault, sources, old, settings))
        if new != old:
            await _write(unit, old, new, AuditAction.INTEGRATION_CHANGED, now=now)
        if new.version != old.version:
            await feeds.begin(unit, _source_of(sources, old.source), new, now=now)
        return new


def checked_draft(
    vault: Vault, sources: Mapping[str, Source], integration: Integration, settings: Mapping[str, object]
) -> dict[str, object]:
    """
    Settings that a person gives for an integration, whole, as they would be stored.

    Raises:
        Invalid: one that the source refuses, or `***` for a secret that is not there.
    """
    source = _source_of(sources, integration.source)
    checked = check_settings(source, settings)
    return seal_secrets(vault, source, integration.company_id, integration.id, checked, integration.settings)


async def list_versions(
    database: Database, scope: Scope, integration_id: UUID, *, limit: int = 50, before: int | None = None
) -> tuple[SettingsVersion, ...]:
    """
    The settings as they were, newest first, from the version after `before`.

    Raises:
        NotFound: the company has no such integration.
    """
    async with database.unit_of_work(scope) as unit:
        if await rows.get(unit, integration_id) is None:
            raise _no_integration(integration_id)
        return await rows.versions(unit, integration_id, limit=limit, before=before)


async def restore_version(
    database: Database,
    vault: Vault,
    sources: Mapping[str, Source],
    scope: Scope,
    integration_id: UUID,
    version: int,
    *,
    now: datetime,
) -> Integration:
    """
    Make the settings of an earlier version the next version; secret ones stay as they are now.

    Raises:
        NotFound: the company has no such integration in use, or it has no such version.
        Invalid: today's source refuses a setting of that version.
    """
    async with database.unit_of_work(scope) as unit:
        old = await _locked(unit, integration_id)
        then = await rows.settings_of(unit, integration_id, version)
        if then is None:
            raise NotFound(
                f"the integration has no settings of version {version}", where="version", mend="list the versions"
            )
        kept = {name: value for name, value in old.settings.items() if is_sealed(value)}
        wanted = {name: value for name, value in then.items() if not is_sealed(value)}
        new = _with_settings(old, checked_draft(vault, sources, old, {**wanted, **kept}))
        if new != old:
            await _write(unit, old, new, AuditAction.INTEGRATION_RESTORED, now=now, restored=version)
        return new


async def remove_integration(database: Database, scope: Scope, integration_id: UUID, *, now: datetime) -> None:
    """
    Take an integration out of use and end its keys; what it sent stays.

    Raises:
        NotFound: the company has no such integration in use.
        Conflicting: it has no key of its own, because it receives from an MSP-wide one or from ourselves.
    """
    async with database.unit_of_work(scope) as unit:
        integration = await _locked(unit, integration_id)
        if integration.is_stand_in:
            raise Conflicting("nobody sends by this one", where="integration_id", mend="remove what it receives from")
        for key in integration.live_keys():
            await rows.revoke_key(unit, key.id, now=now)
        await rows.remove(unit, integration_id, now=now)
        await silence.wake(unit, integration_id, now=now)
        await audit.write(
            unit,
            AuditAction.INTEGRATION_REMOVED,
            Resource("integration", str(integration_id)),
            {"name": integration.name},
            now=now,
        )
        await changes.announce(unit)


async def get_integration(database: Database, scope: Scope, integration_id: UUID) -> Integration:
    """
    One integration in use.

    Raises:
        NotFound: the company has no such integration in use.
    """
    async with database.unit_of_work(scope) as unit:
        return _in_use(await rows.get(unit, integration_id), integration_id)


async def list_integrations(
    database: Database, scope: Scope, *, limit: int = 100, before: UUID | None = None
) -> tuple[Integration, ...]:
    """The company's integrations in use, newest first, from the one after `before` (an integration's id)."""
    async with database.unit_of_work(scope) as unit:
        return await rows.page(unit, limit=limit, before=before)


async def add_key(database: Database, vault: Vault, scope: Scope, integration_id: UUID, *, now: datetime) -> NewKey:
    """
    Make another key, so that the tool can change over before the old one is revoked.

    Raises:
        NotFound: the company has no such integration in use.
        Conflicting: it has two live keys already.
    """
    async with database.unit_of_work(scope) as unit:
        integration = await _locked(unit, integration_id)
        if integration.is_stand_in:
            raise Conflicting(
                "nobody sends by this one", where="integration_id", mend="use a key of what it stands for"
            )
        if len(integration.live_keys()) >= MOST_LIVE_KEYS:
            raise Conflicting(
                f"this integration has {MOST_LIVE_KEYS} live keys", where="integration_id", mend="revoke one of them"
            )
        made = await _insert_key(unit, vault, integration_id, now=now)
        await _audit_key(unit, AuditAction.KEY_ADDED, made.key, now=now)
    return made


async def revoke_key(database: Database, scope: Scope, key_id: UUID, *, now: datetime) -> KeyInfo:
    """
    End a key.

    Raises:
        NotFound: the company has no such live key.
    """
    async with database.unit_of_work(scope) as unit:
        key = await rows.revoke_key(unit, key_id, now=now)
        if key is None:
            raise NotFound(f"there is no live key {key_id}", where="key_id", mend="list the integration's keys")
        await _audit_key(unit, AuditAction.KEY_REVOKED, key, now=now)
    return key


async def rotate_secret(database: Database, vault: Vault, scope: Scope, integration_id: UUID, *, now: datetime) -> str:
    """
    Replace the HMAC secret at once; the answer is the one time it can be read.

    Raises:
        NotFound: the company has no such integration in use.
    """
    async with database.unit_of_work(scope) as unit:
        integration = await _locked(unit, integration_id)
        secret = _new_secret(integration.scheme)
        await rows.replace_secret(unit, integration_id, _seal(vault, integration, secret))
        await audit.write(unit, AuditAction.SECRET_ROTATED, Resource("integration", str(integration_id)), {}, now=now)
        await changes.announce(unit)
    return secret


async def list_actions(
    database: Database,
    scope: Scope,
    *,
    state: str | None = AWAITING,
    limit: int = 100,
    before: UUID | None = None,
) -> tuple[SourceAction, ...]:
    """The effects that the company's sources asked for, newest first; by default those that wait for a person."""
    async with database.unit_of_work(scope) as unit:
        return await rows.actions_page(unit, state=state, limit=limit, before=before)


async def approve_action(
    database: Database, sources: Mapping[str, Source], scope: Scope, action_id: UUID, *, now: datetime
) -> SourceAction:
    """
    Agree to an effect: it becomes due, with any other that waits for the same subject, and later ones need no person.

    Raises:
        NotFound: the company has no such effect, or its integration was removed.
        Conflicting: it does not wait for a person.
        Invalid: the source refuses the subject.
    """
    async with database.unit_of_work(scope) as unit:
        asked = await rows.get_action(unit, action_id)
        if asked is None:
            raise NotFound(f"there is nothing to approve with the id {action_id}", where="action_id", mend="list them")
        old = await _locked(unit, asked.integration_id)
        released = await rows.release_actions(unit, asked, now=now)
        if action_id not in released:
            raise Conflicting("this does not wait for approval", where="action_id", mend="list what waits")
        detail = {"kind": asked.kind, "subject": asked.subject, "integration_id": str(old.id)}
        await audit.write(unit, AuditAction.SOURCE_ACTION_APPROVED, Resource("action", str(action_id)), detail, now=now)
        new = _with_approved(old, _source_of(sources, old.source), asked.subject)
        if new != old:
            await _write(unit, old, new, AuditAction.INTEGRATION_CHANGED, now=now)
    return replace(asked, state="due")


def check_settings(source: Source, settings: Mapping[str, object]) -> dict[str, object]:
    """
    What was set, each by the source's own check.

    Raises:
        Invalid: an unknown name, a value that the source refuses, or more than can be kept.
    """
    known = {setting.name: setting for setting in source.settings}
    for name, value in settings.items():
        if name in known and known[name].secret and (value in (None, SHOWN) or is_sealed(value)):
            continue
        if name not in known:
            names = ", ".join(sorted(known)) or "it has none"
            raise Invalid(
                f"{source.slug} has no such setting", where=f"settings.{name}", mend=f"the settings are: {names}"
            )
        complaint = known[name].check(value)
        if complaint is not None:
            raise Invalid(complaint, where=f"settings.{name}", mend=known[name].meaning)
    return _as_stored(settings)


def with_defaults(source: Source, settings: Mapping[str, object]) -> dict[str, object]:
    """The settings as a parser gets them: what was set, and the source's defaults for the rest."""
    return {setting.name: settings.get(setting.name, setting.default) for setting in source.settings}


def open_secret(vault: Vault, company_id: CompanyId, integration_id: UUID, scheme: Scheme, sealed: bytes) -> bytes:
    """
    The HMAC key of an integration.

    Standard Webhooks shows its key as `whsec_` and base64; ours is the letters as shown.

    Raises:
        Permanent: it was sealed with another master secret, altered or moved.
    """
    shown = vault.open(sealed, integration_context(company_id, integration_id))
    return base64.b64decode(shown.removeprefix(b"whsec_")) if scheme == "standard" else shown


def _new_secret(scheme: Scheme) -> str:
    if scheme == "standard":
        return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    return new_secret()


def _seal(vault: Vault, integration: Integration, secret: str) -> bytes:
    return vault.seal(secret.encode(), integration_context(integration.company_id, integration.id))


def _source_of(sources: Mapping[str, Source], slug: str) -> Source:
    if slug not in sources:
        raise Invalid("there is no such source", where="source", mend=f"use one of {', '.join(sorted(sources))}")
    return sources[slug]


def _as_stored(settings: Mapping[str, object]) -> dict[str, object]:
    """Through JSON and back, so that what is compared and answered is what the database keeps."""
    try:
        text = msgspec.json.encode(dict(settings))
    except (TypeError, ValueError, RecursionError) as failure:
        raise Invalid("the settings are not JSON", where="settings", mend="use texts, numbers, lists") from failure
    if len(text) > LARGEST_SETTINGS:
        raise Invalid(f"the settings are larger than {LARGEST_SETTINGS} bytes", where="settings", mend="shorten them")
    if b"\\u0000" in text:
        raise Invalid("the settings hold a NUL character", where="settings", mend="remove it")
    stored: dict[str, object] = msgspec.json.decode(text)
    return stored


def _with_settings(integration: Integration, settings: Mapping[str, object]) -> Integration:
    if settings == integration.settings:
        return integration
    return replace(integration, settings=settings, version=integration.version + 1)


def _with_approved(integration: Integration, source: Source, subject: str) -> Integration:
    """The integration with the subject among its approved ones, if its source keeps such a list."""
    if all(setting.name != APPROVED_TOPICS for setting in source.settings):
        return integration
    approved = with_defaults(source, integration.settings)[APPROVED_TOPICS]
    topics = [str(topic) for topic in approved] if isinstance(approved, list | tuple) else []
    if subject in topics:
        return integration
    return _with_settings(
        integration, check_settings(source, {**integration.settings, APPROVED_TOPICS: [*topics, subject]})
    )


async def _write(
    unit: Unit, old: Integration, new: Integration, action: AuditAction, *, now: datetime, **more: object
) -> None:
    await rows.update(unit, old, new, now=now)
    detail: dict[str, object] = {"version": new.version, **more}
    for name in ("name", "require_signature", "settings"):
        if getattr(old, name) != getattr(new, name):
            detail[name] = [_audited(getattr(old, name)), _audited(getattr(new, name))]
    await audit.write(unit, action, Resource("integration", str(new.id)), detail, now=now)
    await changes.announce(unit)


def _audited(value: object) -> object:
    return masked(value) if isinstance(value, Mapping) else value


def _check_route_by(company_id: CompanyId, source: Source, route_by: str | None) -> str | None:
    """The label that an integration routes by; None for a company's own."""
    if company_id != INSTALLATION:
        if route_by is not None:
            raise Invalid(
                "a company's own integration serves that company alone",
                where="route_by",
                mend="add it to the MSP itself, or leave route_by out",
            )
        return None
    label = route_by or source.route_label
    if not label or len(label) > 128:
        raise Invalid(
            f"an integration for many companies needs the label that names the customer; {source.slug} has none of "
            "its own",
            where="route_by",
            mend="name a label of its alerts, e.g. site",
        )
    return label


async def _insert_key(unit: Unit, vault: Vault, integration_id: UUID, *, now: datetime) -> NewKey:
    api_key = new_key()
    key = KeyInfo(id=uuid7(now), integration_id=integration_id, hint=hint(api_key), created_at=now, revoked_at=None)
    await rows.insert_key(unit, key, vault.hash(api_key))
    return NewKey(key, api_key=api_key)


async def _audit_key(unit: Unit, action: AuditAction, key: KeyInfo, *, now: datetime) -> None:
    detail = {"hint": key.hint, "integration_id": str(key.integration_id)}
    await audit.write(unit, action, Resource("key", str(key.id)), detail, now=now)
    await changes.announce(unit)


async def _locked(unit: Unit, integration_id: UUID) -> Integration:
    return _in_use(await rows.lock(unit, integration_id), integration_id)


def _in_use(integration: Integration | None, integration_id: UUID) -> Integration:
    if integration is None or integration.removed_at is not None:
        raise _no_integration(integration_id)
    return integration


def _no_integration(integration_id: UUID) -> NotFound:
    return NotFound(f"there is no integration {integration_id}", where="integration_id", mend="list them")
