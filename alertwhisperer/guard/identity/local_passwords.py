"""
Whether somebody who has an identity provider may sign in by a password of ours, and the one person who always may.

When the provider is down or misconfigured somebody must still get in: one MSP admin is named, whose password no setting
switches off, and each time it is used the audit log and the server's log say so.
"""

from datetime import datetime

import structlog

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.errors import Conflicting, Invalid
from alertwhisperer.domain.user import User
from alertwhisperer.guard import people
from alertwhisperer.guard.sign_in.entrance import MayUsePassword
from alertwhisperer.guard.sign_in.sessions import signing_in
from alertwhisperer.kit.clock import Clock
from alertwhisperer.store import audit, sign_in, users
from alertwhisperer.store import identity as rows
from alertwhisperer.store.database import Database, Unit

_log = structlog.get_logger("identity")


def passwords_allowed(clock: Clock) -> MayUsePassword:
    """
    The question whether a person may sign in by a password, to be asked in the transaction that would let them in.

    When it is the one person who always may, it is told loudly that they did.
    """

    async def may_use_password(unit: Unit, user: User) -> bool:
        if await rows.break_glass(unit) != user.id:
            return not await rows.forbids_passwords(unit, user.id)
        _log.warning("identity.break_glass_used", user_id=str(user.id))
        own = unit.at(signing_in(user, ip=unit.scope.ip))
        resource = Resource("user", str(user.id))
        await audit.write(own, AuditAction.BREAK_GLASS_USED, resource, {}, now=clock.now(), about=user.id)
        return True

    return may_use_password


async def get_break_glass(database: Database) -> User | None:
    """The person whose password always works; None when nobody is named."""
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        user_id = await rows.break_glass(unit)
        return None if user_id is None else await users.by_id(unit, user_id)


async def set_break_glass(database: Database, by: Scope, email: str | None, *, now: datetime) -> User | None:
    """
    Name the person whose password always works, in place of any other; None for nobody.

    Raises:
        NotFound: there is no such person.
        Invalid: they do not serve the whole installation, or have no password.
        Conflicting: nobody would be left while a provider forbids passwords.
    """
    async with database.unit_of_work(by.at(INSTALLATION)) as unit:
        user = None if email is None else await people.user_in_unit(unit, email)
        if user is None:
            await _check_nobody(unit)
        else:
            await _check_suits(unit, user)
        before = await rows.break_glass(unit)
        await rows.set_break_glass(unit, None if user is None else user.id)
        detail = {"user_id": [None if before is None else str(before), None if user is None else str(user.id)]}
        resource = Resource("installation", "break_glass")
        await audit.write(unit, AuditAction.BREAK_GLASS_SET, resource, detail, now=now)
    return user


async def _check_nobody(unit: Unit) -> None:
    for provider in await rows.providers(unit):
        if provider.is_on and not provider.settings.local_passwords:
            raise Conflicting(
                f"{provider.slug} forbids passwords, and nobody could get in when it is down",
                where="email",
                mend="allow passwords there first, or name another person",
            )


async def _check_suits(unit: Unit, user: User) -> None:
    credentials = await sign_in.credentials_of(unit, user.id)
    if not user.serves_all or credentials is None or credentials.password is None:
        raise Invalid(
            "this takes an MSP admin of all companies who has a password",
            where="email",
            mend="choose another, or make them a link: alertwhisperer user reset-password EMAIL",
        )
