"""
What a person does to their own way in: another password, a second factor, sessions ended.

Each act is done from a session, asks for the password again where a stolen session must not be enough, and gives the
session a new number, so that one that was copied before is worth nothing after.
"""

from dataclasses import dataclass, field
from datetime import datetime

from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.errors import Conflicting, Invalid
from alertwhisperer.guard.sign_in import device, second_factor, sessions, throttle
from alertwhisperer.guard.sign_in.entrance import Entrance
from alertwhisperer.guard.sign_in.links import store_password
from alertwhisperer.guard.sign_in.passwords import check_password
from alertwhisperer.guard.sign_in.sessions import Opened, SignedIn
from alertwhisperer.guard.sign_in.throttle import Kind
from alertwhisperer.guard.vault import Vault
from alertwhisperer.store import sign_in as rows
from alertwhisperer.store.database import Database


@dataclass(frozen=True, slots=True)
class Changed:
    """The session that goes on, under a new number, and what the cookie of known devices holds from now on."""

    opened: Opened
    device: str = field(repr=False)


async def change_password(
    database: Database,
    vault: Vault,
    entrance: Entrance,
    by: Scope,
    me: SignedIn,
    old: str,
    new: str,
    *,
    known_device: str,
    now: datetime,
) -> Changed:
    """
    Change one's password; every other session ends, and other devices are strangers again.

    Args:
        known_device: the cookie of devices that signed in before.

    Raises:
        Invalid: the old password is wrong, or the new one is none to have or the old one again.
        Throttled: too many wrong ones.
    """
    await require_password(database, vault, entrance, me, old, now=now)
    check_password(new, me.user.email)
    if new == old:
        raise Invalid("this is the password that you have", where="new_password", mend="take another one")
    made = await entrance.passwords.hash(new)
    async with database.unit_of_work(by.at(INSTALLATION)) as unit:
        await rows.lock_person(unit, me.user.id)
        await store_password(unit, me.user.id, made, by="oneself", must_change=False, now=now)
        opened = await sessions.renew_session(unit, vault, me.session, why="password changed", now=now)
        known = await rows.credentials_of(unit, me.user.id)
    assert known is not None  # noqa: S101  # locked above
    return Changed(opened, device.remember(vault, known_device, known))


async def confirm_second_factor(
    database: Database, vault: Vault, by: Scope, me: SignedIn, code: str, *, now: datetime
) -> tuple[tuple[str, ...], Opened]:
    """
    Prove that one's app has the secret; every other session ends, since none of them was opened with a code.

    Returns:
        Recovery codes, readable this once, and the session that goes on.

    Raises:
        Invalid: the code is wrong.
        Conflicting: nothing was begun.
        Throttled: too many wrong ones.
    """
    counted = [throttle.bucket(vault, Kind.CODES, str(me.user.id), "confirm")]
    await throttle.take(database, counted, now=now)
    async with database.unit_of_work(by.at(INSTALLATION)) as unit:
        codes = await second_factor.confirm(unit, vault, code, now=now)
        await throttle.clear(unit, counted)
        return codes, await sessions.renew_session(unit, vault, me.session, why="second factor added", now=now)


async def remove_second_factor(
    database: Database, vault: Vault, entrance: Entrance, by: Scope, me: SignedIn, password: str, *, now: datetime
) -> Opened:
    """
    Do without a second factor.

    Raises:
        Invalid: the password is wrong.
        Conflicting: the installation asks this person for one.
        NotFound: there is none.
        Throttled: too many wrong ones.
    """
    await require_password(database, vault, entrance, me, password, now=now)
    if me.user.role in entrance.second_factor_for:
        raise Conflicting(
            "a second factor is asked of your role",
            where="second_factor",
            mend="to change to another app, ask an administrator to remove this one",
        )
    async with database.unit_of_work(by.at(INSTALLATION)) as unit:
        await second_factor.remove(unit, me.user.id, now=now)
        return await sessions.renew_session(unit, vault, me.session, why="second factor removed", now=now)


async def fresh_recovery_codes(
    database: Database, vault: Vault, entrance: Entrance, by: Scope, me: SignedIn, password: str, *, now: datetime
) -> tuple[str, ...]:
    """
    Recovery codes in place of one's old ones, readable this once.

    Raises:
        Invalid: the password is wrong.
        Conflicting: there is no second factor.
        Throttled: too many wrong ones.
    """
    await require_password(database, vault, entrance, me, password, now=now)
    async with database.unit_of_work(by.at(INSTALLATION)) as unit:
        return await second_factor.new_recovery_codes(unit, vault, now=now)


async def require_password(
    database: Database, vault: Vault, entrance: Entrance, me: SignedIn, password: str, *, now: datetime
) -> None:
    """
    Ask for the password again; wrong ones are counted for the session, which whoever tries has.

    Raises:
        Invalid: it is wrong, or the person has none.
        Throttled: too many wrong ones.
    """
    counted = [throttle.bucket(vault, Kind.PAIR, "session", str(me.session.id))]
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        known = await rows.credentials_of(unit, me.user.id)
    await throttle.take(database, counted, now=now)
    if not await entrance.passwords.verify(None if known is None else known.password, password):
        raise Invalid("the password is wrong", where="password", mend="type the one that you signed in with")
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        await throttle.clear(unit, counted)
