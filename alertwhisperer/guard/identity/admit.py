"""
Lets in somebody whom a provider has proven: who it is here, what they may do by now, and their session.

All of it is one transaction. The rules are applied again each time, so a group that was taken away at the provider is
gone here at the next sign-in.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.identity import Identity, NotLetIn, Proven, Provider, Refusal
from alertwhisperer.domain.session import SessionLimits
from alertwhisperer.domain.user import User
from alertwhisperer.guard import people
from alertwhisperer.guard.identity.ending import end_sessions
from alertwhisperer.guard.identity.mapping import Rights, rights_of
from alertwhisperer.guard.people import Change
from alertwhisperer.guard.sign_in import sessions
from alertwhisperer.guard.sign_in.sessions import Opened
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import audit, due, scim, users
from alertwhisperer.store import identity as rows
from alertwhisperer.store.database import Database, Unit

_TOLD_EVERY = timedelta(minutes=1)

_log = structlog.get_logger("identity")


@dataclass(frozen=True, slots=True)
class Visit:
    """
    Where somebody signs in.

    Attributes:
        ip: as the trusted proxies say.
        browser: what it says of itself.
        limits: how long the session lasts.
    """

    ip: str
    browser: str
    limits: SessionLimits


@dataclass(frozen=True, slots=True)
class Admitted:
    """Somebody who is signed in."""

    user: User
    opened: Opened


async def admit(
    database: Database, vault: Vault, provider: Provider, proven: Proven, visit: Visit, *, now: datetime
) -> Admitted:
    """
    Let somebody in, or say why not.

    Raises:
        NotLetIn: the provider is off, the rules give nothing, or nobody here is this subject and nobody is made.
    """
    try:
        async with mapping_unit(database, Scope(INSTALLATION, provider.actor, ip=visit.ip)) as unit:
            present = await _present(unit, provider.id)
            rights = await rights_now(unit, present, proven)
            identity = await _known(unit, present, proven) or await _newcomer(unit, present, proven, rights, now=now)
            user = await apply_rights(unit, identity.user_id, rights, now=now)
            await keep(unit, vault, present, identity, proven, now=now)
            signing_in = unit.at(sessions.signing_in(user, ip=visit.ip))
            opened = await sessions.open_session(
                signing_in, vault, user.id, how=present.actor, device=visit.browser, limits=visit.limits, now=now
            )
            await rows.insert_session(unit, opened.session.id, identity.id, proven.session)
    except NotLetIn as failure:
        await refused(database, provider, proven, failure.why, ip=visit.ip, now=now)
        raise
    return Admitted(user, opened)


@asynccontextmanager
async def mapping_unit(database: Database, by: Scope) -> AsyncIterator[Unit]:
    """A transaction that sees every company: what a rule gives is told to each company that it concerns."""
    companies = {INSTALLATION, *await database.company_ids()}
    async with database.across(sorted(companies)) as connection:
        yield database.unit(connection, by.at(INSTALLATION))


async def rights_now(unit: Unit, provider: Provider, proven: Proven) -> Rights:
    """
    What the rules give somebody by now, with the groups that the provider's directory wrote here.

    Raises:
        NotLetIn: nothing, and why.
    """
    entry = await scim.entry_of(unit, provider.id, proven.own_id, [proven.email] if proven.email else [])
    if entry is not None and not entry.is_active:
        raise NotLetIn(Refusal.REMOVED)
    written = frozenset() if entry is None else await scim.groups_of(unit, entry.id)
    rights = rights_of(provider.settings, email=proven.email, groups=proven.groups | written)
    if isinstance(rights, Refusal):
        raise NotLetIn(rights)
    return rights


async def apply_rights(unit: Unit, user_id: UUID, rights: Rights, *, now: datetime) -> User:
    """
    Make a person what the rules say; the change is in the audit logs of the installation and of each company concerned.

    The one person whose password always works keeps their role, whatever a group says.

    Raises:
        NotLetIn: the person was removed.
    """
    user = await users.by_id(unit, user_id)
    if user is None:
        raise NotLetIn(Refusal.REMOVED)
    if await rows.break_glass(unit) == user_id:
        return user
    companies = {CompanyId(one) for one in rights.companies}
    return await people.set_in_unit(unit, user_id, Change(rights.role, companies, rights.company_groups), now=now)


async def keep(
    unit: Unit, vault: Vault, provider: Provider, identity: Identity, proven: Proven, *, now: datetime
) -> None:
    """Remember what the provider said, and when to look again where it left the means to."""
    sealed = None
    if proven.refresh_token:
        sealed = vault.seal(proven.refresh_token.encode(), refresh_context(identity.id))
        again = now + timedelta(minutes=provider.settings.check_minutes)
        await due.add(unit, due.IDENTITY_CHECK, identity.id, due_at=again)
    await rows.update(unit, identity.id, proven, sealed, now=now)


async def link(unit: Unit, provider: Provider, proven: Proven, user_id: UUID, *, how: str, now: datetime) -> Identity:
    """
    Say that a person of ours is a subject of a provider.

    Args:
        how: as the audit log will say: `first sign-in`, `oneself`, `an administrator`.

    Raises:
        NotLetIn: the subject is somebody's already, or the person has another one there.
    """
    identity = Identity(
        id=uuid7(now),
        provider_id=provider.id,
        subject=proven.subject,
        own_id=proven.own_id,
        user_id=user_id,
        email=proven.email,
        groups=proven.groups,
        linked_at=now,
        seen_at=None,
        has_refresh_token=False,
    )
    if not await rows.link(unit, identity):
        raise NotLetIn(Refusal.ALREADY_LINKED)
    detail = {"provider": provider.slug, "subject": proven.subject, "how": how}
    resource = Resource("user", str(user_id))
    await audit.write(unit, AuditAction.IDENTITY_LINKED, resource, detail, now=now, about=user_id)
    return identity


async def refused(
    database: Database, provider: Provider, proven: Proven | None, why: Refusal, *, ip: str, now: datetime
) -> None:
    """
    Record that somebody was not let in, once a minute for each provider at most: anybody can have an account there.

    A person of ours whom the rules do not let in any more loses their open sessions as well.
    """
    _log.info("identity.not_let_in", provider=provider.slug, why=why.value)
    async with database.unit_of_work(Scope(INSTALLATION, provider.actor, ip=ip)) as unit:
        known = None if proven is None else await rows.by_subject(unit, provider.id, proven.subject)
        if known is not None and why in (Refusal.NO_RULE, Refusal.NO_COMPANY, Refusal.DOMAIN, Refusal.REMOVED):
            await end_sessions(unit, provider, subject=known.identity.subject, why=why.value, now=now)
        untold, told_at = await rows.count_refusal(unit, provider.id)
        if told_at is None or now - told_at >= _TOLD_EVERY:
            user_id = None if known is None else known.identity.user_id
            resource = Resource("identity_provider", str(provider.id))
            detail = {"provider": provider.slug, "people": untold, "user_id": None if user_id is None else str(user_id)}
            await audit.write(
                unit, AuditAction.IDENTITY_REFUSED, resource, detail, now=now, reason=why.value, about=user_id
            )
            await rows.told_refusals(unit, provider.id, now=now)


def refresh_context(identity_id: UUID) -> str:
    """The vault's context of an identity's refresh token (`user_identity.refresh_token`)."""
    return f"identity/{identity_id}/refresh"


async def _present(unit: Unit, provider_id: UUID) -> Provider:
    """The provider as it is by now: its rules may have changed while the person was away."""
    provider = await rows.provider_by_id(unit, provider_id)
    if provider is None or not provider.is_on:
        raise NotLetIn(Refusal.NO_PROVIDER)
    return provider


async def _known(unit: Unit, provider: Provider, proven: Proven) -> Identity | None:
    found = await rows.by_subject(unit, provider.id, proven.subject)
    return None if found is None else found.identity


async def _newcomer(unit: Unit, provider: Provider, proven: Proven, rights: Rights, *, now: datetime) -> Identity:
    """Somebody who comes for the first time; of two who come at once as the same, one waits and finds the other."""
    await rows.lock_provider(unit, provider.id)
    known = await _known(unit, provider, proven)
    if known is not None:
        return known
    if not provider.settings.create_people:
        raise NotLetIn(Refusal.NOT_LINKED)
    if not proven.email:
        raise NotLetIn(Refusal.NO_EMAIL)
    if await users.by_email(unit, proven.email) is not None:
        raise NotLetIn(Refusal.EMAIL_TAKEN)
    companies = [CompanyId(one) for one in rights.companies]
    user = await people.add_in_unit(unit, proven.email, rights.role, companies, groups=rights.company_groups, now=now)
    return await link(unit, provider, proven, user.id, how="first sign-in", now=now)
