"""
Everybody who may come to a door, and what each of them must meet there.

What is expected is read off the permission table's rows here, and not asked of the code that the doors ask.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID, uuid4

from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.session import SessionLimits
from alertwhisperer.domain.user import Role, User
from alertwhisperer.guard.companies import add_company, set_company
from alertwhisperer.guard.groups import add_group
from alertwhisperer.guard.people import add_user
from alertwhisperer.guard.permissions import PERMISSIONS, Action, Reach
from alertwhisperer.guard.sign_in import sessions
from alertwhisperer.guard.tokens import Wish, add_token, revoke_token
from alertwhisperer.guard.vault import Vault
from alertwhisperer.store.database import Database

BY = Scope(INSTALLATION, "test")
NARROW = Action.KPI_READ
"""The one thing that the token with a wrong scope is good for."""


class Met(Enum):
    """What a visitor meets at a door."""

    LET_IN = "let in"
    UNKNOWN = "nobody"
    FORBIDDEN = "forbidden"
    NOT_THERE = "not there"


@dataclass(frozen=True)
class Visitor:
    """
    Somebody at the door.

    Attributes:
        user: None for nobody.
        token: empty for nobody, and for who comes by a session.
        cookie: of a session.
        live: whether the token or session is good now.
        scopes: what the token allows.
        only: the companies that the token reaches; None for all.
    """

    name: str
    user: User | None = None
    token: str = field(default="", repr=False)
    cookie: str = field(default="", repr=False)
    live: bool = True
    scopes: Collection[str] = ("*",)
    only: frozenset[CompanyId] | None = None

    def meets(self, action: Action, company_id: CompanyId | None) -> Met:
        """What the table says; `company_id` is the path's, None where it names none."""
        user, rule = self.user, PERMISSIONS[action]
        if user is None or not self.live:
            return Met.UNKNOWN
        restricted = user.role is not Role.MSP_ADMIN or bool(user.groups)
        served = not restricted or company_id in user.companies
        if company_id is not None and not (served and (self.only is None or company_id in self.only)):
            return Met.NOT_THERE
        if user.role not in rule.roles or not ({"*", action.value} & set(self.scopes)):
            return Met.FORBIDDEN
        if rule.reach is Reach.INSTALLATION and (restricted or self.only is not None):
            return Met.FORBIDDEN
        return Met.LET_IN


@dataclass(frozen=True)
class Town:
    """Two companies, one of them in a group, and everybody who might come."""

    home: CompanyId
    away: CompanyId
    group: UUID
    visitors: tuple[Visitor, ...]

    def named(self, name: str) -> Visitor:
        """The visitor of this name."""
        return next(one for one in self.visitors if one.name == name)


async def build(database: Database, vault: Vault, now: datetime) -> Town:
    """Make all of them."""
    home = (await add_company(database, BY, "Home", now=now)).id
    away = (await add_company(database, BY, "Away", now=now)).id
    group = (await add_group(database, BY, f"Group {uuid4().hex}", now=now)).id
    await set_company(database, Scope(away, "test"), group_id=group, now=now)

    async def person(role: Role, *companies: CompanyId, groups: Collection[UUID] = ()) -> User:
        email = f"{uuid4().hex}@example.org"
        return await add_user(database, BY, email, role, companies, groups=groups, now=now)

    async def token(user: User, wish: Wish = Wish()) -> str:
        return (await add_token(database, vault, BY, user.email, wish, now=now)).token

    async def with_token(name: str, user: User) -> Visitor:
        return Visitor(name, user, await token(user))

    admin = await person(Role.MSP_ADMIN)
    past = now - timedelta(days=30)
    revoked = await add_token(database, vault, BY, admin.email, now=now)
    await revoke_token(database, BY, revoked.info.id, now=now)
    expired = await add_token(database, vault, BY, admin.email, Wish(days=10), now=past)
    cookie = await _session(database, vault, admin, now=now)
    return Town(
        home,
        away,
        group,
        (
            Visitor("nobody"),
            Visitor("an MSP admin", admin, await token(admin)),
            await with_token("a company admin", await person(Role.COMPANY_ADMIN, home)),
            await with_token("a technician", await person(Role.TECHNICIAN, home)),
            await with_token("a reader", await person(Role.READER, home)),
            await with_token("an MSP admin of a group", await person(Role.MSP_ADMIN, groups=[group])),
            await with_token("a technician of a group", await person(Role.TECHNICIAN, groups=[group])),
            await with_token("a company admin of another company", await person(Role.COMPANY_ADMIN, away)),
            Visitor("a revoked token", admin, revoked.token, live=False),
            Visitor("an expired token", admin, expired.token, live=False),
            Visitor("a token that is none", admin, "awt_" + "x" * 43, live=False),
            Visitor("a session", admin, cookie=cookie),
            Visitor("an expired session", admin, cookie=await _session(database, vault, admin, now=past), live=False),
            Visitor(
                "a token of one scope", admin, await token(admin, Wish(scopes=[NARROW.value])), scopes=[NARROW.value]
            ),
            Visitor(
                "a token of one company", admin, await token(admin, Wish(companies=[home])), only=frozenset({home})
            ),
        ),
    )


async def _session(database: Database, vault: Vault, user: User, *, now: datetime) -> str:
    async with database.unit_of_work(sessions.signing_in(user, ip="192.0.2.7")) as unit:
        opened = await sessions.open_session(
            unit, vault, user.id, how="password", device="a browser", limits=SessionLimits(), now=now
        )
    return opened.cookie
