"""
Sessions: opened when a person has shown who they are, found by the cookie, ended one by one or all at once.

The cookie holds 256 random bits and the database their keyed hash, so a dump of the database signs nobody in. Each
sign-in makes a new session; none is ever taken from what a browser brought along.
"""

import hmac
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.errors import NotFound
from alertwhisperer.domain.session import LONGEST_DEVICE, Session, SessionLimits
from alertwhisperer.domain.user import User
from alertwhisperer.guard.keys import SESSION_PREFIX, new_session
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import audit, sessions, users
from alertwhisperer.store.database import Database, Unit

MOST_SHOWN = 100
_SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that was just opened, and what its cookie holds: to be read this once."""

    session: Session
    cookie: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """
    A person by their session.

    Attributes:
        csrf_token: what a write must carry besides the cookie.
        must_change: the password was given by somebody else; nothing is allowed before it is changed.
    """

    user: User
    session: Session
    csrf_token: str = field(repr=False)
    must_change: bool
    has_second_factor: bool


async def open_session(
    unit: Unit, vault: Vault, user_id: UUID, *, how: str, device: str, limits: SessionLimits, now: datetime
) -> Opened:
    """
    Sign a person in.

    Args:
        unit: of the installation, whose scope is the person and their address (`signing_in`).
        how: `password`, `password+code`, `password+recovery`, `link` or `identity:<provider>`.
        device: what the browser says of itself; shortened here.
        now: aware UTC.
    """
    cookie = new_session()
    session = Session(
        id=uuid7(now),
        user_id=user_id,
        how=how,
        ip=unit.scope.ip,
        device=_plain(device)[:LONGEST_DEVICE],
        made_at=now,
        seen_at=now,
        idle=limits.idle,
        expires_at=now + limits.most,
    )
    await sessions.insert(unit, session, _hash(vault, cookie))
    await audit.write(
        unit,
        AuditAction.SIGNED_IN,
        Resource("session", str(session.id)),
        {"how": how, "device": session.device},
        now=now,
    )
    return Opened(session, cookie)


async def renew_session(unit: Unit, vault: Vault, session: Session, *, why: str, now: datetime) -> Opened:
    """
    Give a session another cookie and end every other one of the person: what was copied before is worth nothing now.

    Args:
        unit: of the installation; its scope says who does.
        why: as the audit log will say.
    """
    cookie = new_session()
    await end_all(unit, session.user_id, why=why, now=now, but=session.id)
    # The row stays, and with it what an identity provider's logout finds it by.
    await sessions.renew(unit, session.id, _hash(vault, cookie), now=now)
    return Opened(replace(session, seen_at=now), cookie)


async def user_of_session(database: Database, vault: Vault, cookie: str, *, now: datetime) -> SignedIn | None:
    """
    The person whose live session a cookie holds; None for any other text, and once the session is over.

    That it was seen is written at most once a minute.
    """
    if not cookie.startswith(SESSION_PREFIX):
        return None
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        found = await sessions.by_hash(unit, _hash(vault, cookie))
        if found is None or not found.session.is_live(now):
            return None
        user = await users.by_id(unit, found.session.user_id)
        if user is None:
            return None
        if now - found.session.seen_at >= _SEEN_EVERY:
            await sessions.touch(unit, found.session.id, now=now)
    return SignedIn(user, found.session, csrf_of(vault, cookie), found.must_change, found.has_second_factor)


async def list_sessions(database: Database, user_id: UUID, *, now: datetime) -> tuple[Session, ...]:
    """A person's live sessions, newest first; at most 100."""
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        return await sessions.live_of(unit, user_id, now=now, limit=MOST_SHOWN)


async def end_session(database: Database, by: Scope, user_id: UUID, session_id: UUID, *, now: datetime) -> None:
    """
    End one of a person's sessions: the next request with it is refused.

    Raises:
        NotFound: the person has no such live session.
    """
    async with database.unit_of_work(by.at(INSTALLATION)) as unit:
        if not await sessions.end_one(unit, user_id, session_id, now=now):
            raise NotFound(f"there is no session {session_id}", where="session_id", mend="list the sessions")
        action = AuditAction.SIGNED_OUT if by.user_id == user_id else AuditAction.SESSION_ENDED
        detail = {"user_id": str(user_id)}
        await audit.write(unit, action, Resource("session", str(session_id)), detail, now=now)


async def end_all(unit: Unit, user_id: UUID, *, why: str, now: datetime, but: UUID | None = None) -> tuple[UUID, ...]:
    """
    End every session of a person, in the caller's transaction; one audit entry names them all.

    Args:
        unit: of the installation; its scope says who ends them.
        why: as the audit log will say: `password changed`, `offboarded`, `signed out everywhere`, …
        but: one that stays.

    Returns:
        The ids of those that were ended.
    """
    ended = await sessions.end_all(unit, user_id, now=now, but=but)
    if ended:
        detail = {"sessions": [str(one) for one in ended]}
        await audit.write(unit, AuditAction.SESSION_ENDED, Resource("user", str(user_id)), detail, now=now, reason=why)
    return ended


def signing_in(user: User, *, ip: str, trace_id: str = "") -> Scope:
    """The scope of a person who signs in: of the installation, since no company is known yet."""
    return Scope(INSTALLATION, user.email, trace_id, user.id, ip)


def csrf_of(vault: Vault, cookie: str) -> str:
    """What a write with this cookie must carry: made of the cookie by a key that no page has."""
    return vault.hash(f"csrf/{cookie}").hex


def csrf_fits(expected: str, given: str) -> bool:
    """Whether a write carries its session's token; compared in constant time."""
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogatepass"))


def _hash(vault: Vault, cookie: str) -> UUID:
    return vault.hash(f"session/{cookie}")


def _plain(text: str) -> str:
    """Without control characters, which a browser's name has none of."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
