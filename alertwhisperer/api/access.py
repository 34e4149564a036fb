"""
Who is asking, and whether they may: from the bearer token to a user, to an action, to one company.

Every route declares `allow(Action…)` or `allow_in_company(Action…)`, or `open_door(why)` where it needs no person. A
route that declares none of them keeps the application from starting.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import FastAPI, Path, Request, Security
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from alertwhisperer.api.desk import Desk, desk_of
from alertwhisperer.api.problem import Unauthenticated
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.errors import Invalid, NotFound
from alertwhisperer.domain.user import Role, User
from alertwhisperer.guard import people
from alertwhisperer.guard.companies import require_company
from alertwhisperer.guard.permissions import Action, require
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import companies
from alertwhisperer.store.database import Connection, Unit

_bearer = HTTPBearer(auto_error=False, scheme_name="token", description="`alertwhisperer token add` makes one")

_UUID: dict[str, Any] = {"format": "uuid"}

CompanyOf = Callable[[Connection, Sequence[CompanyId], UUID], Awaitable[CompanyId | None]]


@dataclass(frozen=True, slots=True)
class Caller:
    """
    A person who may do what the route declares.

    Attributes:
        company_id: from the path; None where the path names none.
        now: the moment of the request, aware UTC.
    """

    user: User
    action: Action
    desk: Desk
    company_id: CompanyId | None
    now: datetime
    trace_id: str

    @property
    def scope(self) -> Scope:
        """In the name of the path's company."""
        assert self.company_id is not None  # noqa: S101  # only routes with a company ask
        return self.scope_of(self.company_id)

    def scope_of(self, company_id: CompanyId) -> Scope:
        """
        In the name of one company.

        Raises:
            NotFound: the person does not serve it.
            Forbidden: the person's role may not do this.
        """
        require(self.user, self.action, company_id)
        return Scope(company_id, self.user.email, self.trace_id)

    @asynccontextmanager
    async def work(self, *, snapshot: bool = False) -> AsyncIterator[Unit]:
        """A unit of work for the path's company; raises `NotFound` when there is none."""
        async with self.desk.database.unit_of_work(self.scope, snapshot=snapshot) as unit:
            await require_company(unit)
            yield unit

    async def check_company(self) -> None:
        """Raise `NotFound` when there is no company as the path says (an MSP admin serves whatever there is)."""
        async with self.work():
            pass

    async def find(self, company_of: CompanyOf, identifier: UUID, noun: str) -> Scope:
        """
        The scope of whichever company that the person serves has this thing.

        Raises:
            NotFound: none has; that another company has it looks the same.
        """
        served = await self._served()
        async with self.desk.database.across(served) as connection:
            company_id = await company_of(connection, served, identifier)
        if company_id is None:
            raise absent(noun, identifier)
        return self.scope_of(company_id)

    async def _served(self) -> tuple[CompanyId, ...]:
        if self.user.role is not Role.MSP_ADMIN:
            return tuple(sorted(self.user.companies))
        async with self.desk.database.across([INSTALLATION]) as connection:
            return await companies.all_ids(connection)


def absent(noun: str, identifier: object) -> NotFound:
    """The one answer for absent, forbidden and another company's."""
    return NotFound(f"there is no {noun} {identifier}", where="path", mend="check the id, and what the token may see")


Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]


class Allow:
    """Dependency of a route without a company in its path: the caller, whose role may do `action`."""

    def __init__(self, action: Action) -> None:
        self.action = action

    async def __call__(self, request: Request, given: Credentials) -> Caller:
        """
        The caller.

        Raises:
            Unauthenticated: no live token.
            Forbidden: the role may not do it.
        """
        return await self._caller(request, given, None)

    async def _caller(
        self, request: Request, given: HTTPAuthorizationCredentials | None, company: str | None
    ) -> Caller:
        desk = desk_of(request)
        user = await _user(desk, given)
        company_id = None if company is None else _company_id(company)
        require(user, self.action, company_id)
        now = desk.clock.now()
        return Caller(user, self.action, desk, company_id, now, uuid7(now).hex)


class AllowInCompany(Allow):
    """Dependency of a route under `/api/companies/{company_id}`: the caller, who serves that company as well."""

    # The id is taken as text and read after the token, so that a stranger learns nothing from the order of complaints.
    async def __call__(  # type: ignore[override]  # FastAPI reads the parameters, nobody calls through the base
        self, request: Request, given: Credentials, company_id: Annotated[str, Path(json_schema_extra=_UUID)]
    ) -> Caller:
        """
        The caller, with the path's company.

        Raises:
            Unauthenticated: no live token.
            NotFound: the person does not serve the company.
            Forbidden: the role may not do it.
        """
        return await self._caller(request, given, company_id)


class Open:
    """Dependency of a route that needs no person, with the reason."""

    def __init__(self, why: str) -> None:
        self.why = why

    def __call__(self) -> None:
        """Let everybody pass."""


def allow(action: Action) -> Any:
    """Declares what a route's caller must be allowed to do; the dependency's value is the `Caller`."""
    return Security(Allow(action))


def allow_in_company(action: Action) -> Any:
    """The same for a route with `{company_id}` in its path."""
    return Security(AllowInCompany(action))


def open_door(why: str) -> Any:
    """Declares that a route needs no person; for `dependencies=[…]`."""
    return Security(Open(why))


@dataclass(frozen=True, slots=True)
class Door:
    """A route, and what it declares; None when it declares nothing, or two things."""

    method: str
    path: str
    declares: Allow | Open | None


def doors(app: FastAPI) -> tuple[Door, ...]:
    """Every route of the application, one entry per method."""
    return tuple(
        Door(method, context.path or "", _declared(context))
        for context in iter_route_contexts(app.routes)
        for method in sorted(context.methods or {"*"})
    )


def methods_of(app: FastAPI, path: str) -> tuple[str, ...]:
    """The methods that a path takes, sorted."""
    return tuple(sorted({door.method for door in doors(app) if _fits(door.path, path)}))


def _fits(pattern: str, path: str) -> bool:
    wanted, given = pattern.split("/"), path.split("/")
    return len(wanted) == len(given) and all(
        one[:1] == "{" or one == other for one, other in zip(wanted, given, strict=True)
    )


def refuse_undeclared(app: FastAPI, *, exempt: frozenset[str]) -> None:
    """
    Raise `TypeError` when a route declares no action, so that a forgotten check cannot be deployed.

    Args:
        exempt: paths that the framework itself serves (the OpenAPI document).
    """
    for door in doors(app):
        if door.declares is None and door.path not in exempt:
            raise TypeError(f"{door.method} {door.path} declares no Action: give it allow(...) or open_door(...)")


def _declared(context: RouteContext) -> Allow | Open | None:
    if not isinstance(context.original_route, APIRoute):
        return None
    found = [call for call in _calls(context.dependant) if isinstance(call, Allow | Open)]
    return found[0] if len(found) == 1 else None


def _calls(dependant: Dependant) -> Iterator[object]:
    for inner in dependant.dependencies:
        yield inner.call
        yield from _calls(inner)


async def _user(desk: Desk, given: HTTPAuthorizationCredentials | None) -> User:
    user = None if given is None else await people.user_of_token(desk.database, desk.vault, given.credentials)
    if user is None:
        raise Unauthenticated(
            "a live bearer token is needed", where="header Authorization", mend="send `Authorization: Bearer <token>`"
        )
    return user


def _company_id(text: str) -> CompanyId:
    try:
        return CompanyId(UUID(text))
    except ValueError as failure:
        raise Invalid("this is not an id", where="path.company_id", mend="list the companies") from failure
