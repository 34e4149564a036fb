"""Where every way of being gone ends: the directory says so, the provider answers no more, or no rule lets them in."""

from datetime import datetime

import structlog

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.errors import Conflicting, NotFound
from alertwhisperer.domain.identity import Identity, NotLetIn, Proven, Provider, Refusal, Removal
from alertwhisperer.guard.identity.admit import apply_rights, mapping_unit, rights_now
from alertwhisperer.guard.identity.ending import end_sessions
from alertwhisperer.guard.offboard import offboard
from alertwhisperer.store import audit
from alertwhisperer.store import identity as rows
from alertwhisperer.store.database import Database

_log = structlog.get_logger("identity")


async def gone(
    database: Database, provider: Provider, identity: Identity, policy: Removal, *, why: str, now: datetime
) -> None:
    """
    Do what the provider's settings say when somebody is gone; doing it twice does no more.

    The sessions that the provider opened end in any case. The one person whose password always works is never
    offboarded: a mistake in a directory must not lock everybody out.

    Args:
        why: as the audit log will say.
    """
    by = Scope(INSTALLATION, provider.actor)
    async with database.unit_of_work(by) as unit:
        await end_sessions(unit, provider, subject=identity.subject, why=why, now=now)
        protected = await rows.break_glass(unit) == identity.user_id
        done = Removal.SESSIONS if protected else policy
        detail = {"provider": provider.slug, "subject": identity.subject, "done": done.value}
        resource = Resource("user", str(identity.user_id))
        await audit.write(
            unit, AuditAction.IDENTITY_GONE, resource, detail, now=now, reason=why, about=identity.user_id
        )
    if done is Removal.OFFBOARD:
        await _offboard(database, by, identity, why=why, now=now)


async def map_again(database: Database, provider: Provider, identity: Identity, *, why: str, now: datetime) -> bool:
    """
    Apply the rules to what is known of somebody by now; whether they are still let in.

    Who is not, is gone as the settings say (`on_lost`, or `on_removal` where the directory says that they are gone).
    """
    if identity.seen_at is None:
        return True  # an administrator linked them, and the provider has not told their groups yet
    proven = Proven(identity.subject, identity.own_id, identity.email, identity.groups)
    try:
        async with mapping_unit(database, Scope(INSTALLATION, provider.actor)) as unit:
            rights = await rights_now(unit, provider, proven)
            await apply_rights(unit, identity.user_id, rights, now=now)
    except NotLetIn as failure:
        by_directory = failure.why is Refusal.REMOVED
        policy = provider.settings.on_removal if by_directory else provider.settings.on_lost
        await gone(database, provider, identity, policy, why=f"{why}: {failure.why}", now=now)
        return False
    return True


async def _offboard(database: Database, by: Scope, identity: Identity, *, why: str, now: datetime) -> None:
    try:
        await offboard(database, by, identity.user_id, hand_to=None, now=now, why=why)
    except NotFound:
        pass  # they were offboarded already: the directory repeats itself until it is answered
    except Conflicting as failure:
        _log.warning("identity.not_offboarded", user_id=str(identity.user_id), why=failure.what)
