"""
The second factor: codes of an authenticator app (RFC 6238), and recovery codes for when the app is lost.

SHA-1, six digits, thirty seconds: what every app can do; some ignore anything else and show wrong codes. The secret is
sealed, each code is taken once, and one step to either side is allowed for clocks that differ.
"""

import hmac
import io
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import pyotp
import segno

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound
from alertwhisperer.domain.user import User
from alertwhisperer.guard.vault import Vault
from alertwhisperer.store import audit
from alertwhisperer.store import sign_in as rows
from alertwhisperer.store.database import Database, Unit

ISSUER = "Alert Whisperer"
STEP_S = 30
RECOVERY_CODES = 10
_RECOVERY_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # none that look like another
_RECOVERY_LENGTH = 10  # 49 bits: guessed online only, behind the throttle


@dataclass(frozen=True, slots=True)
class Begun:
    """
    A second factor to put into an app; counts once a code of it was given back.

    Attributes:
        secret: in base32, for apps without a camera.
        uri: `otpauth://…`, as the picture says it.
        svg: the picture.
    """

    secret: str = field(repr=False)
    uri: str = field(repr=False)
    svg: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class FactorState:
    """Whether a person has a second factor, and how many recovery codes are left."""

    since: datetime | None
    recovery_codes_left: int


async def begin(database: Database, vault: Vault, user: User, *, now: datetime) -> Begun:
    """
    A fresh secret for a person; one that was begun and never confirmed is forgotten.

    Raises:
        Conflicting: the person has a second factor; it must be removed first.
    """
    secret = pyotp.random_base32()
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        if not await rows.begin_factor(unit, user.id, vault.seal(secret.encode(), context_of(user.id)), now=now):
            raise Conflicting("there is a second factor already", where="second_factor", mend="remove it first")
    return _shown(secret, user.email)


async def shown_again(database: Database, vault: Vault, user: User) -> Begun | None:
    """The secret that was begun and waits for its first code; None when none does."""
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        factor = await rows.factor(unit, user.id)
    if factor is None or factor.confirmed_at is not None:
        return None
    return _shown(vault.open(factor.secret, context_of(user.id)).decode(), user.email)


async def confirm(unit: Unit, vault: Vault, code: str, *, now: datetime) -> tuple[str, ...]:
    """
    Let the unit's person prove that their app has the secret; from now on it is asked for.

    Returns:
        Recovery codes, readable this once.

    Raises:
        Conflicting: nothing was begun.
        Invalid: the code is wrong.
    """
    user_id = _person(unit)
    factor = await rows.factor(unit, user_id)
    if factor is None or factor.confirmed_at is not None:
        raise Conflicting("no second factor was begun", where="second_factor", mend="begin one")
    if not await _take(unit, vault, user_id, factor.secret, code, now=now):
        raise Invalid("this code is wrong", where="code", mend="type the code that the app shows now")
    await rows.confirm_factor(unit, user_id, now=now)
    await audit.write(unit, AuditAction.SECOND_FACTOR_ADDED, Resource("user", str(user_id)), {}, now=now, about=user_id)
    return await _fresh_codes(unit, vault, user_id)


async def new_recovery_codes(unit: Unit, vault: Vault, *, now: datetime) -> tuple[str, ...]:
    """
    Codes in place of the unit's person's old ones, readable this once.

    Raises:
        Conflicting: the person has no second factor.
    """
    user_id = _person(unit)
    factor = await rows.factor(unit, user_id)
    if factor is None or factor.confirmed_at is None:
        raise Conflicting("there is no second factor", where="second_factor", mend="set one up first")
    await audit.write(unit, AuditAction.RECOVERY_CODES_MADE, Resource("user", str(user_id)), {}, now=now, about=user_id)
    return await _fresh_codes(unit, vault, user_id)


async def remove(unit: Unit, user_id: UUID, *, now: datetime, reason: str = "") -> None:
    """
    Take a person's second factor and recovery codes away; the unit's scope says who does.

    Raises:
        NotFound: the person has none.
    """
    if not await rows.delete_factor(unit, user_id):
        raise NotFound("there is no second factor", where="second_factor", mend="nothing is to be removed")
    await audit.write(
        unit,
        AuditAction.SECOND_FACTOR_REMOVED,
        Resource("user", str(user_id)),
        {},
        now=now,
        about=user_id,
        reason=reason,
    )


async def state_of(unit: Unit, user_id: UUID) -> FactorState:
    """What a person may be shown of their second factor."""
    factor = await rows.factor(unit, user_id)
    return FactorState(None if factor is None else factor.confirmed_at, await rows.recovery_left(unit, user_id))


async def take_code(unit: Unit, vault: Vault, user_id: UUID, code: str, *, now: datetime) -> bool:
    """Whether this is a code of the person's app that was not taken before; it is taken by the asking."""
    factor = await rows.factor(unit, user_id)
    if factor is None or factor.confirmed_at is None:
        return False
    return await _take(unit, vault, user_id, factor.secret, code, now=now)


async def take_recovery_code(unit: Unit, vault: Vault, user_id: UUID, code: str, *, now: datetime) -> bool:
    """Whether this is a recovery code of the person that was not taken before; it is taken by the asking."""
    return await rows.use_recovery(unit, user_id, _recovery_hash(vault, user_id, code), now=now)


def context_of(user_id: UUID) -> str:
    """What a secret is sealed for: one person's second factor."""
    return f"second-factor/{user_id}"


def _person(unit: Unit) -> UUID:
    user_id = unit.scope.user_id
    assert user_id is not None  # noqa: S101  # only a person's own session comes here
    return user_id


async def _take(unit: Unit, vault: Vault, user_id: UUID, sealed: bytes, code: str, *, now: datetime) -> bool:
    secret = vault.open(sealed, context_of(user_id)).decode()
    digits = "".join(code.split())
    fitting = [step for step, right in _codes_about(secret, now) if _same(right, digits)]
    return bool(fitting) and await rows.take_step(unit, user_id, fitting[0])


def _codes_about(secret: str, now: datetime) -> Iterator[tuple[int, str]]:
    """The codes of the present step and of its neighbours, with their steps."""
    app, present = pyotp.TOTP(secret, interval=STEP_S), int(now.timestamp()) // STEP_S
    for step in (present, present - 1, present + 1):
        yield step, app.at(step * STEP_S)


def _same(right: str, given: str) -> bool:
    return hmac.compare_digest(right.encode(), given.encode("utf-8", "surrogatepass"))


async def _fresh_codes(unit: Unit, vault: Vault, user_id: UUID) -> tuple[str, ...]:
    codes = tuple(_recovery_code() for _ in range(RECOVERY_CODES))
    await rows.replace_recovery(unit, user_id, [_recovery_hash(vault, user_id, code) for code in codes])
    return codes


def _recovery_code() -> str:
    letters = "".join(secrets.choice(_RECOVERY_LETTERS) for _ in range(_RECOVERY_LENGTH))
    return f"{letters[:5]}-{letters[5:]}"


def _recovery_hash(vault: Vault, user_id: UUID, code: str) -> UUID:
    letters = "".join(letter for letter in code.lower() if letter.isalnum())
    return vault.hash(f"recovery/{user_id}/{letters}")


def _shown(secret: str, email: str) -> Begun:
    uri = pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)
    picture = io.BytesIO()
    # Black on white in both themes: cameras read nothing else well.
    # Without a size of its own, so that a page can give it one and a narrow screen cuts nothing off.
    form = {"scale": 4, "border": 4, "dark": "#000", "light": "#fff", "xmldecl": False, "nl": False, "omitsize": True}
    segno.make(uri, error="m", micro=False).save(picture, kind="svg", title="Picture for an app", **form)
    return Begun(secret, uri, picture.getvalue().decode())
