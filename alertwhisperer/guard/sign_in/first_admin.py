"""The first start makes one MSP admin, so that there is somebody to sign in; of several processes one does."""

from dataclasses import dataclass, field
from datetime import datetime

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.user import Role, User
from alertwhisperer.guard.people import check_email
from alertwhisperer.guard.sign_in.passwords import Passwords, new_password
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import audit, users
from alertwhisperer.store import sign_in as rows
from alertwhisperer.store.database import Database

_WHAT = "first_admin"


@dataclass(frozen=True, slots=True)
class FirstAdmin:
    """Who may sign in now, with a password for one use that can be read this once."""

    email: str
    password: str = field(repr=False)


async def make_first_admin(
    database: Database, passwords: Passwords, by: Scope, email: str, *, now: datetime
) -> FirstAdmin | None:
    """
    Make the installation's first MSP admin; None when that happened before, or there is one already.

    The password is good for signing in and choosing another, nothing else.

    Raises:
        Invalid: the e-mail is none.
    """
    password = new_password()
    user = User(id=uuid7(now), email=check_email(email), role=Role.MSP_ADMIN, companies=frozenset())
    async with database.unit_of_work(by.at(INSTALLATION)) as unit:
        if not await rows.happens_once(unit, _WHAT, now=now) or await rows.has_admin(unit):
            return None
        if not await users.insert(unit, user, now=now):
            return None  # somebody of another role has the e-mail; the command line can add an admin
        await rows.set_password(unit, user.id, await passwords.hash(password), must_change=True, now=now)
        await audit.write(unit, AuditAction.FIRST_ADMIN_MADE, Resource("user", str(user.id)), {}, now=now)
    return FirstAdmin(user.email, password)
