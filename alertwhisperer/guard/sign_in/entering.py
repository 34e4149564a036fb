"""
Signing in by a password, and by a code where the person has a second factor.

Every try is counted before it is judged, costs the same whether or not the e-mail is anybody's, and is answered alike:
the one thing that a stranger learns is that it did not work. What counts for whom is said in `throttle.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.errors import Invalid, Throttled
from alertwhisperer.domain.user import User
from alertwhisperer.guard.sign_in import device, failures, second_factor, sessions, throttle
from alertwhisperer.guard.sign_in.entrance import Entrance
from alertwhisperer.guard.sign_in.pending import Pending, pending_of
from alertwhisperer.guard.sign_in.sessions import Opened
from alertwhisperer.guard.sign_in.throttle import Bucket, Kind
from alertwhisperer.guard.vault import Vault
from alertwhisperer.store import audit, users
from alertwhisperer.store import sign_in as rows
from alertwhisperer.store.database import Database, Unit
from alertwhisperer.store.sign_in import Credentials, Failures


class WrongCredentials(Invalid):
    """E-mail, password or code is wrong; which of them is nobody's business."""

    def __init__(self) -> None:
        super().__init__("e-mail, password or code is wrong", mend="try again, or ask an administrator for a link")


@dataclass(frozen=True, slots=True)
class Visitor:
    """
    Who tries, as far as it is known.

    Attributes:
        ip: where from, as the trusted proxies say.
        browser: what it says of itself.
        device: the cookie of devices that signed in before; empty when there is none.
    """

    ip: str
    browser: str
    device: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the visitor shows; a code or a recovery code besides the password, where one is asked for."""

    email: str
    password: str = field(repr=False)
    code: str = field(default="", repr=False)
    recovery_code: str = field(default="", repr=False)

    @property
    def has_code(self) -> bool:
        """Whether either kind of code was given."""
        return bool(self.code or self.recovery_code)


@dataclass(frozen=True, slots=True)
class CodeNeeded:
    """The password was right, and the person has a second factor: a code is needed, within minutes."""

    pending: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Entered:
    """
    A person is signed in.

    Attributes:
        device: what the cookie of known devices holds from now on.
        failures: tries that failed since the person last signed in, to be told to them; None when there were none.
    """

    user: User
    opened: Opened
    device: str = field(repr=False)
    failures: Failures | None


async def sign_in(
    database: Database, vault: Vault, entrance: Entrance, visitor: Visitor, shown: Shown, *, now: datetime
) -> Entered | CodeNeeded:
    """
    Let a person in, or ask for the code of their second factor.

    Raises:
        WrongCredentials: whatever is wrong.
        Throttled: too many tries before this one; also when this one was right as far as it went.
        Temporary: the server is busy with other sign-ins.
    """
    email = shown.email.strip().lower()
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        known = await rows.credentials(unit, email)
    number = "" if known is None else device.remembered(vault, visitor.device, known)
    buckets = _buckets(vault, email, visitor, number)
    # A code besides the password passes by what strangers filled: they have none, and learn nothing by sending one.
    soft = (Kind.ACCOUNT,) if shown.has_code else ()
    wait = await throttle.take(database, buckets, now=now, soft=soft)
    right = await entrance.passwords.verify(None if known is None else known.password, shown.password)
    try:
        if not right or known is None or known.password is None:
            raise await _failed(database, None if known is None else known.user_id, visitor, now=now)
        if known.has_second_factor:
            if not shown.has_code:
                await _give_back(database, buckets)
                return CodeNeeded(pending_of(vault, known, now=now))
            await _take_code(database, vault, known, visitor, number, shown, now=now)
    except WrongCredentials:
        if wait > timedelta(0):
            raise Throttled(wait) from None  # while strangers are held back, a wrong try looks as theirs do
        raise
    how = "password" if not known.has_second_factor else "password+code" if shown.code else "password+recovery"
    entered = await _enter(database, vault, entrance, known, visitor, buckets, how=how, now=now)
    if entrance.passwords.is_weak(known.password):
        await _keep_better(database, entrance, known.user_id, known.password, shown.password)
    return entered


async def sign_in_by_code(
    database: Database,
    vault: Vault,
    entrance: Entrance,
    visitor: Visitor,
    pending: Pending,
    shown: Shown,
    *,
    now: datetime,
) -> Entered:
    """
    The second step of a form: the password was right minutes ago, here is the code.

    Args:
        shown: its e-mail and password are not read.

    Raises:
        WrongCredentials, Throttled: as `sign_in`; also when the password was changed since.
    """
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        known = await rows.credentials_of(unit, pending.user_id)
    if known is None or known.password is None or not pending.is_for(vault, known, now=now):
        raise WrongCredentials
    number = device.remembered(vault, visitor.device, known)
    await _take_code(database, vault, known, visitor, number, shown, now=now)
    how = "password+code" if shown.code else "password+recovery"
    return await _enter(database, vault, entrance, known, visitor, (), how=how, now=now)


async def enter_after_link(
    database: Database, vault: Vault, entrance: Entrance, visitor: Visitor, user_id: UUID, *, now: datetime
) -> Entered | None:
    """
    Let a person in who has just set a password by a link; None when a code is needed as well.

    So a person who is attacked from everywhere, and has no second factor, is let in by a link from an administrator.
    """
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        known = await rows.credentials_of(unit, user_id)
    if known is None or known.has_second_factor:
        return None
    return await _enter(database, vault, entrance, known, visitor, (), how="link", now=now)


def _buckets(vault: Vault, email: str, visitor: Visitor, number: str) -> Sequence[Bucket]:
    if number:
        return (throttle.bucket(vault, Kind.DEVICE, email, number),)
    network = throttle.network_of(visitor.ip)
    return (
        throttle.bucket(vault, Kind.PAIR, email, network),
        throttle.bucket(vault, Kind.NETWORK, network),
        throttle.bucket(vault, Kind.ACCOUNT, email),
    )


async def _take_code(
    database: Database,
    vault: Vault,
    known: Credentials,
    visitor: Visitor,
    number: str,
    shown: Shown,
    *,
    now: datetime,
) -> None:
    """Whoever sends codes has the password; so they are counted for the account, wherever they come from."""
    place = (str(known.user_id), number) if number else (str(known.user_id),)
    counted = [throttle.bucket(vault, Kind.CODES, *place)]
    await throttle.take(database, counted, now=now)
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        if await _is_code(unit, vault, known.user_id, shown, now=now):
            await throttle.clear(unit, counted)
            return
    raise await _failed(database, known.user_id, visitor, now=now)


async def _is_code(unit: Unit, vault: Vault, user_id: UUID, shown: Shown, *, now: datetime) -> bool:
    if shown.code:
        return await second_factor.take_code(unit, vault, user_id, shown.code, now=now)
    return await second_factor.take_recovery_code(unit, vault, user_id, shown.recovery_code, now=now)


async def _failed(database: Database, user_id: UUID | None, visitor: Visitor, *, now: datetime) -> WrongCredentials:
    await failures.count(database, user_id, ip=visitor.ip, now=now)
    return WrongCredentials()


async def _give_back(database: Database, buckets: Sequence[Bucket]) -> None:
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        await throttle.give_back(unit, buckets)


async def _enter(
    database: Database,
    vault: Vault,
    entrance: Entrance,
    known: Credentials,
    visitor: Visitor,
    buckets: Sequence[Bucket],
    *,
    how: str,
    now: datetime,
) -> Entered:
    """
    Open the session, in one transaction with all that goes with it.

    Raises:
        WrongCredentials: the person was removed, or the password changed, since it was looked at.
    """
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        _, password = await rows.lock_person(unit, known.user_id)
        user = await users.by_id(unit, known.user_id)
        if user is None or password != known.password or not await entrance.may_use_password(unit, user):
            raise WrongCredentials
        entering = unit.at(sessions.signing_in(user, ip=visitor.ip))
        await throttle.settle(entering, buckets, clearing=(Kind.PAIR, Kind.DEVICE))
        failed = await rows.take_failures(entering, user.id)
        if how == "password+recovery":
            resource = Resource("user", str(user.id))
            left = await rows.recovery_left(entering, user.id)
            await audit.write(entering, AuditAction.RECOVERY_CODE_USED, resource, {"left": left}, now=now)
        opened = await sessions.open_session(
            entering, vault, user.id, how=how, device=visitor.browser, limits=entrance.limits, now=now
        )
    return Entered(user, opened, device.remember(vault, visitor.device, known), failed)


async def _keep_better(database: Database, entrance: Entrance, user_id: UUID, old: str, password: str) -> None:
    """What a guess costs was raised since this hash was made, and the password is at hand only now."""
    better = await entrance.passwords.hash(password)
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        await rows.rehash_password(unit, user_id, old, better)
