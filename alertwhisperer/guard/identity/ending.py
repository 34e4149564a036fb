"""Ends sessions that a provider opened; those of a password go on, since the provider knows nothing of them."""

from datetime import datetime
from uuid import UUID

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.identity import Provider
from alertwhisperer.store import audit, sessions
from alertwhisperer.store import identity as rows
from alertwhisperer.store.database import Unit


async def end_sessions(
    unit: Unit, provider: Provider, *, why: str, now: datetime, subject: str | None = None, sid: str | None = None
) -> tuple[UUID, ...]:
    """
    End what a provider opened for a subject, or under a name of its own.

    Args:
        unit: of the installation; its scope says who ends them.
        why: as the audit log will say.
        sid: the provider's name for the session; given with a subject, both must fit.

    Returns:
        The ids of those that were live.
    """
    ended: dict[UUID, list[UUID]] = {}
    for session_id, user_id in await rows.sessions_of(unit, provider.id, subject=subject, sid=sid):
        if await sessions.end_one(unit, user_id, session_id, now=now):
            ended.setdefault(user_id, []).append(session_id)
    for user_id, own in sorted(ended.items()):
        detail = {"sessions": [str(one) for one in own]}
        resource = Resource("user", str(user_id))
        await audit.write(unit, AuditAction.SESSION_ENDED, resource, detail, now=now, reason=why, about=user_id)
    return tuple(one for own in ended.values() for one in own)
