"""
Looks again, between sign-ins, at people whose provider left a refresh token: are they still there, and in which groups?

A look is a row with a due time. It is postponed before the provider is asked, so that two processes do not use one
refresh token at once: most providers end everything when one is used twice.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.identity import Identity, NotLetIn, Proven, Provider
from alertwhisperer.guard.identity import admit
from alertwhisperer.guard.identity.admit import refresh_context
from alertwhisperer.guard.identity.flow import Lost, look_again
from alertwhisperer.guard.identity.issuers import Issuers
from alertwhisperer.guard.identity.removal import gone, map_again
from alertwhisperer.guard.vault import Vault
from alertwhisperer.store import due
from alertwhisperer.store import identity as rows
from alertwhisperer.store.database import Database

LEASE = timedelta(minutes=2)
"""Longer than a call may take."""

_LATER = timedelta(minutes=15)

_log = structlog.get_logger("identity")


async def check_due(database: Database, vault: Vault, issuers: Issuers, *, now: datetime) -> bool:
    """Look at one person whose time has come; False when there is none."""
    async with due.take(database, due.IDENTITY_CHECK, now=now) as work:
        if work is None:
            return False
        found = await rows.lock(work.unit, work.subject)
        provider = None if found is None else await rows.provider_by_id(work.unit, found.identity.provider_id)
        if found is None or found.refresh_token is None or provider is None or not provider.is_on:
            await work.done()
            return True
        await work.postpone(now + LEASE)
    refresh_token = vault.open(found.refresh_token, refresh_context(found.identity.id)).decode()
    await _check(database, vault, issuers, provider, found.identity, refresh_token, now=now)
    return True


async def _check(
    database: Database,
    vault: Vault,
    issuers: Issuers,
    provider: Provider,
    identity: Identity,
    refresh_token: str,
    *,
    now: datetime,
) -> None:
    try:
        proven = await look_again(vault, issuers, provider, refresh_token, now=now)
    except Lost:
        await _forget(database, identity.id)
        await gone(database, provider, identity, provider.settings.on_lost, why="the provider ended access", now=now)
        return
    except NotLetIn as failure:  # not reachable, or not to be trusted at the moment: nobody is thrown out for that
        _log.info("identity.check_failed", provider=provider.slug, why=failure.why.value)
        await _again(database, identity.id, due_at=now + _LATER)
        return
    if proven is None:
        await _again(database, identity.id, due_at=now + timedelta(minutes=provider.settings.check_minutes))
        return
    if proven.subject != identity.subject:
        _log.warning("identity.other_subject", provider=provider.slug)
        await _again(database, identity.id, due_at=now + _LATER)
        return
    await _keep(database, vault, provider, identity, proven, now=now)
    told = replace(identity, email=proven.email, groups=proven.groups)
    if not await map_again(database, provider, told, why="looked again", now=now):
        await _forget(database, identity.id)


async def _keep(
    database: Database, vault: Vault, provider: Provider, identity: Identity, proven: Proven, *, now: datetime
) -> None:
    """The new refresh token first: the old one is worth nothing any more."""
    async with database.unit_of_work(Scope(INSTALLATION, provider.actor)) as unit:
        if await rows.lock(unit, identity.id) is not None:
            await admit.keep(unit, vault, provider, identity, proven, now=now)


async def _again(database: Database, identity_id: UUID, *, due_at: datetime) -> None:
    async with database.unit_of_work(Scope(INSTALLATION, "timer")) as unit:
        await due.add(unit, due.IDENTITY_CHECK, identity_id, due_at=due_at)


async def _forget(database: Database, identity_id: UUID) -> None:
    """There is nothing to look at until the person signs in again."""
    async with database.unit_of_work(Scope(INSTALLATION, "timer")) as unit:
        await rows.forget_refresh_token(unit, identity_id)
        await due.Due(unit, due.IDENTITY_CHECK, identity_id, 0).done()
