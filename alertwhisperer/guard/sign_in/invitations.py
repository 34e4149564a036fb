"""Letting somebody in who has no password yet, and somebody back in who forgot theirs: both by a link."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.user import Role, User
from alertwhisperer.guard import people
from alertwhisperer.guard.sign_in.entrance import Entrance
from alertwhisperer.guard.sign_in.links import make_link
from alertwhisperer.guard.vault import Vault
from alertwhisperer.store import sign_in as rows
from alertwhisperer.store.database import Database


@dataclass(frozen=True, slots=True)
class Invited:
    """
    A person, and the link by which they set a password.

    Attributes:
        link: readable this once; None when a channel has sent it to the person, and to nobody else.
    """

    user: User
    link: str | None = field(repr=False)
    expires_at: datetime


async def invite(
    database: Database,
    vault: Vault,
    entrance: Entrance,
    public_url: str,
    by: Scope,
    email: str,
    role: Role,
    companies: Collection[CompanyId],
    *,
    groups: Collection[UUID] = (),
    now: datetime,
) -> Invited:
    """
    Add a person and make their invitation. A crash between the two leaves no invitation: `password_link` makes one.

    Raises:
        Invalid, NotFound, Conflicting: as `people.add_user`.
    """
    user = await people.add_user(database, by, email, role, companies, groups=groups, now=now)
    return await password_link(database, vault, entrance, public_url, by, user.email, now=now)


async def password_link(
    database: Database, vault: Vault, entrance: Entrance, public_url: str, by: Scope, email: str, *, now: datetime
) -> Invited:
    """
    A link by which a person sets a password: an invitation for whoever never had one, else a reset.

    The password that they have, and their sessions, are good until the link is used.

    Raises:
        NotFound: there is no such person.
    """
    user = await people.get_user(database, email)
    async with database.unit_of_work(by.at(INSTALLATION)) as unit:
        known = await rows.credentials_of(unit, user.id)
        has_password = known is not None and known.password is not None
        made = await make_link(unit, vault, user, "reset" if has_password else "invitation", now=now)
    link = public_url + made.path
    if entrance.deliver_link is None:
        return Invited(user, link, made.expires_at)
    await entrance.deliver_link(user, link)
    return Invited(user, None, made.expires_at)
