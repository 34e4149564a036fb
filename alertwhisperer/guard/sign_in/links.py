"""
Links by which a person sets a password without the old one: an invitation, or a reset that an administrator made.

A link works once and for a while, a newer one takes its place, and opening it only shows a form.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.errors import NotFound
from alertwhisperer.domain.user import User
from alertwhisperer.guard.keys import LINK_PREFIX, new_link
from alertwhisperer.guard.sign_in import sessions
from alertwhisperer.guard.sign_in.passwords import Passwords, check_password
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import audit
from alertwhisperer.store import sign_in as rows
from alertwhisperer.store.database import Database, Unit
from alertwhisperer.store.sign_in import Link, LinkKind

LASTS: Mapping[LinkKind, timedelta] = MappingProxyType({"invitation": timedelta(hours=72), "reset": timedelta(hours=1)})
_PATHS: Mapping[LinkKind, str] = MappingProxyType({"invitation": "invitation", "reset": "password"})


@dataclass(frozen=True, slots=True)
class MadeLink:
    """A link, readable this once."""

    path: str = field(repr=False)
    expires_at: datetime


async def make_link(unit: Unit, vault: Vault, user: User, kind: LinkKind, *, now: datetime) -> MadeLink:
    """
    A link for a person, in place of any older one; the unit's scope says who makes it.

    Args:
        unit: of the installation.
    """
    secret, link_id = new_link(), uuid7(now)
    expires_at = now + LASTS[kind]
    await rows.insert_link(unit, link_id, user.id, _hash(vault, secret), kind, made_at=now, expires_at=expires_at)
    detail = {"user_id": str(user.id), "kind": kind, "expires_at": expires_at.isoformat()}
    await audit.write(unit, AuditAction.PASSWORD_LINK_MADE, Resource("user", str(user.id)), detail, now=now)
    return MadeLink(f"/{_PATHS[kind]}/{secret}", expires_at)


async def look_at_link(database: Database, vault: Vault, secret: str, *, now: datetime) -> Link:
    """
    Whose link it is; nothing changes by looking, since mail scanners do.

    Raises:
        NotFound: there is no such link, or it was used, or its time is over: they look the same.
    """
    if secret.startswith(LINK_PREFIX):
        async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
            found = await rows.link(unit, _hash(vault, secret), now=now)
        if found is not None:
            return found
    raise _no_link()


async def use_link(
    database: Database, vault: Vault, passwords: Passwords, secret: str, password: str, *, ip: str, now: datetime
) -> UUID:
    """
    Set the password of the link's person; the link is used up, and every session of the person ends.

    Returns:
        The person's id.

    Raises:
        NotFound: as `look_at_link`; of two who use it at once, one finds it gone.
        Invalid: the password is none to have; the link is still good.
    """
    found = await look_at_link(database, vault, secret, now=now)
    check_password(password, found.email)
    made = await passwords.hash(password)
    async with database.unit_of_work(Scope(INSTALLATION, found.email, user_id=found.user_id, ip=ip)) as unit:
        there, _ = await rows.lock_person(unit, found.user_id)
        if not there or not await rows.use_link(unit, _hash(vault, secret), now=now):
            raise _no_link()
        await store_password(unit, found.user_id, made, by="link", must_change=False, now=now)
        await sessions.end_all(unit, found.user_id, why="password set by a link", now=now)
    return found.user_id


async def store_password(unit: Unit, user_id: UUID, made: str, *, by: str, must_change: bool, now: datetime) -> None:
    """Store a password's hash with its audit entry; links that wait are void from now on."""
    await rows.set_password(unit, user_id, made, must_change=must_change, now=now)
    await rows.void_links(unit, user_id, now=now)
    await audit.write(unit, AuditAction.PASSWORD_CHANGED, Resource("user", str(user_id)), {"by": by}, now=now)


def _no_link() -> NotFound:
    return NotFound(
        "this link is not good any more", where="link", mend="each works once and for a while: ask for another one"
    )


def _hash(vault: Vault, secret: str) -> UUID:
    return vault.hash(f"link/{secret}")
