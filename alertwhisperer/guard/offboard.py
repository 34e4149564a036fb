"""
A person leaves: in one transaction every way in ends, what they held goes on, and the log keeps who they were.

The next request by any session or token of theirs is refused. Their e-mail can be invited again, as another person.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound
from alertwhisperer.domain.user import User
from alertwhisperer.guard.company_settings import over_all
from alertwhisperer.guard.holding import Leaving
from alertwhisperer.guard.holdings import HOLDINGS
from alertwhisperer.guard.people import absent_user
from alertwhisperer.store import audit, offboarding, users
from alertwhisperer.store.database import Database
from alertwhisperer.store.offboarding import SeenSecret

SHOWS_A_SECRET = frozenset(
    {AuditAction.INTEGRATION_ADDED, AuditAction.KEY_ADDED, AuditAction.SECRET_ROTATED, AuditAction.TOKEN_ADDED}
)
"""Acts after which the person knows something that opens a door."""
ENDS_A_SECRET = frozenset(
    {
        AuditAction.INTEGRATION_REMOVED,
        AuditAction.KEY_REVOKED,
        AuditAction.SECRET_ROTATED,
        AuditAction.TOKEN_REVOKED,
    }
)
"""Acts after which that door is shut, or has another key."""


@dataclass(frozen=True, slots=True)
class Held:
    """How many of one kind a person holds or held, and what becomes or became of them."""

    kind: str
    fate: str
    count: int


@dataclass(frozen=True, slots=True)
class Offboarded:
    """
    What leaving means for a person, or what it meant.

    Attributes:
        user: as they were.
        held: of each kind, also where it is none.
        secrets: shown to the person once and good still: rotate them.
        done: false for a preview.
    """

    user: User
    held: tuple[Held, ...]
    secrets: tuple[SeenSecret, ...]
    done: bool


async def preview(
    database: Database, by: Scope, user_id: UUID, *, hand_to: UUID | None = None, now: datetime
) -> Offboarded:
    """
    What `offboard` would do; changes nothing.

    Raises:
        NotFound: there is no such person, or nobody to hand to by that id.
        Invalid: the heir is the person.
    """
    async with _leaving(database, by, user_id, hand_to, lock=False, now=now, why="") as leaving:
        held = tuple([Held(one.kind, one.fate, await one.count(leaving)) for one in HOLDINGS])
        return Offboarded(leaving.user, held, await _secrets(leaving), done=False)


async def offboard(
    database: Database, by: Scope, user_id: UUID, *, hand_to: UUID | None = None, now: datetime, why: str
) -> Offboarded:
    """
    Remove a person, for good.

    Args:
        by: who does it; a part of the product, where the identity provider removed them.
        hand_to: who gets open incidents, assets and the like, wherever they serve the company; None: nobody.
        why: for the audit log.

    Raises:
        NotFound: there is no such person, or nobody to hand to by that id.
        Invalid: the heir is the person.
        Conflicting: one would remove oneself.
    """
    if by.user_id == user_id:
        raise Conflicting("nobody offboards themselves", where="user", mend="ask another MSP admin")
    async with _leaving(database, by, user_id, hand_to, lock=True, now=now, why=why) as leaving:
        secrets = await _secrets(leaving)
        held = tuple([Held(one.kind, one.fate, await one.let_go(leaving)) for one in HOLDINGS])
        await users.remove(leaving.unit, user_id, now=now)
        await _record(leaving, held, secrets)
        return Offboarded(leaving.user, held, secrets, done=True)


@asynccontextmanager
async def _leaving(
    database: Database, by: Scope, user_id: UUID, hand_to: UUID | None, *, lock: bool, now: datetime, why: str
) -> AsyncIterator[Leaving]:
    if hand_to == user_id:
        raise Invalid("nobody inherits from themselves", where="hand_to", mend="name another person, or nobody")
    async with over_all(database, by, lock=lock) as (unit, companies):
        user = await (users.lock if lock else users.by_id)(unit, user_id)
        if user is None:
            raise absent_user()
        heir = None if hand_to is None else await users.by_id(unit, hand_to)
        if hand_to is not None and heir is None:
            raise NotFound("there is nobody to hand to by this id", where="hand_to", mend="list the users")
        yield Leaving(unit, user, heir, (INSTALLATION, *companies), now, why)


async def _secrets(leaving: Leaving) -> tuple[SeenSecret, ...]:
    return await offboarding.secrets_seen(
        leaving.unit.connection,
        leaving.companies,
        leaving.user.id,
        shown=SHOWS_A_SECRET,
        ended=ENDS_A_SECRET,
    )


async def _record(leaving: Leaving, held: tuple[Held, ...], secrets: tuple[SeenSecret, ...]) -> None:
    """The name stays in the log, sealed for the person; the companies that they served read that they are gone."""
    user, resource = leaving.user, Resource("user", str(leaving.user.id))
    whole: Mapping[str, object] = {
        "email": user.email,
        "role": user.role.value,
        "handed_to": None if leaving.heir is None else str(leaving.heir.id),
        "held": {one.kind: one.count for one in held},
        "secrets_to_rotate": len(secrets),
    }
    left = AuditAction.USER_OFFBOARDED
    await audit.write(leaving.unit, left, resource, whole, about=user.id, now=leaving.now, reason=leaving.why)
    for company_id in sorted(user.companies):
        inside, detail = leaving.at(company_id), {"role": user.role.value}
        await audit.write(inside, left, resource, detail, about=user.id, now=leaving.now, reason=leaving.why)
