"""
Who is asking, and whether they may: from the bearer token to a user, to an action, to one company.

Every route declares `allow(Action…)` or `allow_in_company(Action…)`, or `open_door(why)` where it needs no person. A
route that declares none of them keeps the application from starting.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import FastAPI, Path, Request, Security
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection

from alertwhisperer.api.client import client_ip
from alertwhisperer.api.cookies import caller_of, reader_of, refuse_foreign, refuse_owing
from alertwhisperer.api.desk import Desk, desk_of
from alertwhisperer.api.problem import Unauthenticated
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.errors import Invalid, NotFound
from alertwhisperer.domain.user import Means, MeansKind, Person, User
from alertwhisperer.guard.companies import require_company
from alertwhisperer.guard.crossing import Crossing, crossing, served_by
from alertwhisperer.guard.permissions import Action, require
from alertwhisperer.guard.sign_in.sessions import SignedIn
from alertwhisperer.guard.tokens import person_of_token
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store.database import Connection, Unit

_bearer = HTTPBearer(auto_error=False, scheme_name="token", description="`alertwhisperer token add` makes one")

_UUID: dict[str, Any] = {"format": "uuid"}

CompanyOf = Callable[[Connection, Sequence[CompanyId], UUID], Awaitable[CompanyId | None]]


@dataclass(frozen=True, slots=True)
class Caller:
    """
    A person who may do what the route declares.

    Attributes:
        person: who it is, and by what means they came in.
        company_id: from the path; None where the path names none.
        now: the moment of the request, aware UTC.
        ip: the address that the person called from.
        signed_in: the session, where the person came by its cookie.
    """

    person: Person
    action: Action
    desk: Desk
    company_id: CompanyId | None
    now: datetime
    trace_id: str
    ip: str
    signed_in: SignedIn | None = None

    @property
    def user(self) -> User:
        """Who it is."""
        return self.person.user

    @property
    def by(self) -> Scope:
        """In the name of the installation: for what concerns no company, and for parts that choose the company."""
        return Scope(INSTALLATION, self.user.email, self.trace_id, self.user.id, self.ip)

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
            Forbidden: the person's role may not do this, or the means does not cover it.
        """
        require(self.user, self.action, company_id, self.person.means)
        return self.by.at(company_id)

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

        Ids alone are compared, and what follows sees that one company: so it is no crossing, for an MSP admin neither.

        Raises:
            NotFound: none has; that another company has it looks the same.
        """
        served = await self.served()
        async with self.desk.database.across(served) as connection:
            company_id = await company_of(connection, served, identifier)
        if company_id is None:
            raise absent(noun, identifier)
        return self.scope_of(company_id)

    async def served(self) -> tuple[CompanyId, ...]:
        """The ids of the companies that the person serves by this means."""
        return await served_by(self.desk.database, self.person)

    def crossing(self, *, why: str = "") -> AbstractAsyncContextManager[Crossing]:
        """The audited door to the content of all companies that the person serves, for the route's action."""
        return crossing(self.desk.database, self.by, self.person, self.action, why=why, now=self.now)


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
        # Both at once: the token counts, and the cookie is ignored.
        signed_in = await caller_of(request, desk, self.action) if given is None else None
        person = await _by_token(desk, given) if signed_in is None else _by_session(signed_in)
        company_id = None if company is None else _company_id(company)
        require(person.user, self.action, company_id, person.means)
        now = desk.clock.now()
        ip = client_ip(request, desk.trusted_proxies)
        return Caller(person, self.action, desk, company_id, now, uuid7(now).hex, ip, signed_in)


async def person_on_line(line: HTTPConnection, desk: Desk) -> Person:
    """
    Who holds a WebSocket: by a bearer token, or by the session's cookie where the page that opened it is ours.

    Raises:
        Unauthenticated: nobody.
        Forbidden: the page is another site's, or the person must do something else first.
    """
    scheme, _, credentials = line.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return await _by_token(desk, HTTPAuthorizationCredentials(scheme=scheme, credentials=credentials.strip()))
    signed_in = await reader_of(line, desk)
    if signed_in is None:
        return await _by_token(desk, None)
    refuse_foreign(line, desk)
    refuse_owing(signed_in, desk)
    return _by_session(signed_in)


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


def _by_session(signed_in: SignedIn) -> Person:
    return Person(signed_in.user, Means(MeansKind.SESSION, signed_in.session.id))


async def _by_token(desk: Desk, given: HTTPAuthorizationCredentials | None) -> Person:
    person = (
        None
        if given is None
        else await person_of_token(desk.database, desk.vault, given.credentials, now=desk.clock.now())
    )
    if person is None:
        raise Unauthenticated(
            "a live bearer token is needed", where="header Authorization", mend="send `Authorization: Bearer <token>`"
        )
    return person


def _company_id(text: str) -> CompanyId:
    try:
        return CompanyId(UUID(text))
    except ValueError as failure:
        raise Invalid("this is not an id", where="path.company_id", mend="list the companies") from failure
