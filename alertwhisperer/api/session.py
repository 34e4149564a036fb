"""One's own session: signing in and out, who one is here, one's password and second factor."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from alertwhisperer.api.access import Caller, allow, open_door
from alertwhisperer.api.client import client_ip
from alertwhisperer.api.cookies import Kind, jar_of, put_session, refuse_foreign
from alertwhisperer.api.desk import Desk, desk_of
from alertwhisperer.api.fields import NO_NUL, Asked, Shown, example
from alertwhisperer.api.problem import Unauthenticated, responses
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.errors import Forbidden
from alertwhisperer.domain.session import LONGEST_DEVICE, Session
from alertwhisperer.domain.user import Role
from alertwhisperer.guard.companies import list_companies
from alertwhisperer.guard.people import LONGEST_EMAIL
from alertwhisperer.guard.permissions import Action, may
from alertwhisperer.guard.sign_in import device, entering, own, second_factor, sessions
from alertwhisperer.guard.sign_in.entering import CodeNeeded, Entered, Visitor
from alertwhisperer.guard.sign_in.passwords import MOST_BYTES
from alertwhisperer.guard.sign_in.sessions import SignedIn

router = APIRouter(prefix="/api/session", tags=["session"])

_MOST_COMPANIES = 10_000

_Password = Annotated[str, Field(max_length=MOST_BYTES, json_schema_extra={"format": "password"})]
_Code = Annotated[str, Field(pattern=NO_NUL, max_length=32)]

_COMPANY = {"id": "0195d3a0-7c1e-7b5a-9f00-3c8d52000000", "name": "Acme"}
_SESSION = {
    "id": "0195d3a2-0000-7b5a-9f00-3c8d52000000",
    "how": "password+code",
    "ip": "203.0.113.7",
    "device": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
    "made_at": "2026-03-01T08:00:00Z",
    "seen_at": "2026-03-01T09:12:00Z",
    "expires_at": "2026-03-08T08:00:00Z",
    "is_this_one": True,
}


class CompanyNamed(Shown):
    """A company by its id and name."""

    model_config = example(_COMPANY)

    id: UUID
    name: str


class SelfShown(Shown):
    """Who asks, and what they may do."""

    model_config = example(
        {
            "id": "0195d3a0-7c1e-7b5a-9f00-3c8d55000000",
            "email": "kim@example.org",
            "role": "technician",
            "companies": [_COMPANY],
            "actions": ["alert.read", "incident.acknowledge"],
            "owes": "",
            "csrf_token": "5b0c…",
        }
    )

    id: UUID
    email: str
    role: Role
    companies: Annotated[list[CompanyNamed], Field(description="every company that the person serves, by name")]
    actions: Annotated[list[str], Field(description="what the role may do; a token may be narrower")]
    owes: Annotated[
        Literal["", "password", "second_factor"],
        Field(description="what must be done before anything else is allowed; empty: nothing"),
    ]
    csrf_token: Annotated[
        str, Field(description="every write by cookie carries it as X-CSRF-Token; empty for a bearer token")
    ]


class Credentials(Asked):
    """What signing in takes."""

    model_config = example({"email": "kim@example.org", "password": "four words nobody knows", "code": "123456"})

    email: Annotated[str, Field(max_length=LONGEST_EMAIL, pattern=NO_NUL)]
    password: _Password
    code: Annotated[_Code, Field(description="of the authenticator app, where there is a second factor")] = ""
    recovery_code: Annotated[_Code, Field(description="in place of the app's code, when it is lost")] = ""


class FailuresShown(Shown):
    """Tries that failed since the person last signed in."""

    model_config = example(
        {
            "failures": 3,
            "first_at": "2026-03-01T02:00:00Z",
            "last_at": "2026-03-01T02:01:00Z",
            "last_ip": "198.51.100.9",
        }
    )

    failures: int
    first_at: datetime
    last_at: datetime
    last_ip: str


class SignInShown(Shown):
    """What came of it: signed in (the cookie is set), or a code is needed (nothing is set)."""

    model_config = example({"second_factor": None, "csrf_token": "5b0c…", "owes": "", "failed_before": None})

    second_factor: Annotated[
        Literal["needed"] | None, Field(description="`needed`: send it all again with a code; nobody is signed in yet")
    ] = None
    csrf_token: str = ""
    owes: Literal["", "password", "second_factor"] = ""
    failed_before: FailuresShown | None = None


class SessionShown(Shown):
    """Where somebody is signed in."""

    model_config = example(_SESSION)

    id: UUID
    how: Annotated[str, Field(description="password, password+code, password+recovery, link or identity:<provider>")]
    ip: str
    device: str
    made_at: datetime
    seen_at: Annotated[datetime, Field(description="to the minute")]
    expires_at: datetime
    is_this_one: Annotated[bool, Field(description="whether this request came by it")]


class SessionsShown(Shown):
    """Live sessions, newest first."""

    model_config = example({"items": [_SESSION]})

    items: list[SessionShown]


class PasswordGiven(Asked):
    """Another password."""

    model_config = example({"password": "four words nobody knows", "new_password": "five other words in a row"})

    password: Annotated[_Password, Field(description="the present one")]
    new_password: _Password


class PasswordAgain(Asked):
    """One's password, where being signed in is not enough."""

    model_config = example({"password": "four words nobody knows"})

    password: _Password


class CodeGiven(Asked):
    """A code that the app shows now."""

    model_config = example({"code": "123456"})

    code: _Code


class FactorShown(Shown):
    """One's second factor."""

    model_config = example({"since": "2026-03-01T08:00:00Z", "recovery_codes_left": 10})

    since: Annotated[datetime | None, Field(description="null: there is none")]
    recovery_codes_left: int


class FactorBegun(Shown):
    """What goes into an authenticator app; it counts once a code of it was given back."""

    model_config = example({"secret": "JBSWY3DPEHPK3PXP…", "uri": "otpauth://totp/…", "svg": "<svg …"})

    secret: str
    uri: str
    svg: Annotated[str, Field(description="the same as a picture")]


class RecoveryCodes(Shown):
    """Codes in place of the app's, each once; shown this once. Writes need the new token from now on."""

    model_config = example({"recovery_codes": ["k7mqa-3xw9p"], "csrf_token": "5b0c…"})

    recovery_codes: list[str]
    csrf_token: str


class Renewed(Shown):
    """The session goes on under another number; writes need its token."""

    model_config = example({"csrf_token": "5b0c…"})

    csrf_token: str


@router.post(
    "",
    summary="Sign in",
    dependencies=[open_door("whoever signs in is nobody yet")],
    responses=responses(429),
)
async def sign_in(
    request: Request, response: Response, body: Credentials, desk: Annotated[Desk, Depends(desk_of)]
) -> SignInShown:
    """
    With a right e-mail and password the cookie of a session is set. Where the person has a second factor and no code
    was sent, the answer says so and nothing is set. Everything else is one and the same 401.
    """
    refuse_foreign_browser(request, desk)
    now = desk.clock.now()
    shown = entering.Shown(body.email, body.password, body.code, body.recovery_code)
    try:
        came = await entering.sign_in(
            desk.database, desk.vault, desk.entrance, visitor_of(request, desk), shown, now=now
        )
    except entering.WrongCredentials as failure:
        raise Unauthenticated(failure.what, mend=failure.mend) from None
    if isinstance(came, CodeNeeded):
        return SignInShown(second_factor="needed")
    welcome(response, desk, came, now=now)
    failed = came.failures
    return SignInShown(
        csrf_token=sessions.csrf_of(desk.vault, came.opened.cookie),
        owes=await _owes(desk, came),  # type: ignore[arg-type]  # one of the three words
        failed_before=None if failed is None else FailuresShown.model_validate(failed._asdict()),
    )


@router.get("", summary="Who asks, and what they may do", responses=responses())
async def show_self(caller: Annotated[Caller, allow(Action.SELF_READ)]) -> SelfShown:
    found = await list_companies(caller.desk.database, await caller.served(), limit=_MOST_COMPANIES)
    signed_in = caller.signed_in
    return SelfShown(
        id=caller.user.id,
        email=caller.user.email,
        role=caller.user.role,
        companies=[
            CompanyNamed(id=one.id, name=one.name) for one in sorted(found, key=lambda one: one.name.casefold())
        ],
        actions=sorted(action for action in Action if may(caller.user, action, caller.person.means)),
        owes="" if signed_in is None else caller.desk.entrance.owes(signed_in),  # type: ignore[arg-type]  # as above
        csrf_token="" if signed_in is None else signed_in.csrf_token,
    )


@router.delete("", status_code=204, summary="Sign out", responses=responses(404))
async def sign_out(response: Response, caller: Annotated[Caller, allow(Action.SELF_SET)]) -> None:
    me = session_needed(caller)
    await sessions.end_session(
        caller.desk.database, scope_of_self(caller), caller.user.id, me.session.id, now=caller.now
    )
    jar_of(caller.desk).drop(response, Kind.SESSION)


@router.put("/password", summary="Change one's password", responses=responses(429))
async def change_password(
    request: Request, response: Response, body: PasswordGiven, caller: Annotated[Caller, allow(Action.SELF_SET)]
) -> Renewed:
    """Every other session of the person ends; this one goes on under a new number."""
    desk, me = caller.desk, session_needed(caller)
    changed = await own.change_password(
        desk.database,
        desk.vault,
        desk.entrance,
        scope_of_self(caller),
        me,
        body.password,
        body.new_password,
        known_device=jar_of(desk).read(request, Kind.DEVICE),
        now=caller.now,
    )
    put_session(response, desk, changed.opened, now=caller.now)
    jar_of(desk).put(response, Kind.DEVICE, changed.device, device.REMEMBERED)
    return Renewed(csrf_token=sessions.csrf_of(desk.vault, changed.opened.cookie))


@router.get("/second-factor", summary="One's second factor", responses=responses())
async def show_second_factor(caller: Annotated[Caller, allow(Action.SELF_READ)]) -> FactorShown:
    async with caller.desk.database.unit_of_work(scope_of_self(caller)) as unit:
        state = await second_factor.state_of(unit, caller.user.id)
    return FactorShown(since=state.since, recovery_codes_left=state.recovery_codes_left)


@router.post("/second-factor", status_code=201, summary="Begin a second factor", responses=responses(409))
async def begin_second_factor(caller: Annotated[Caller, allow(Action.SELF_SET)]) -> FactorBegun:
    desk = caller.desk
    session_needed(caller)
    begun = await second_factor.begin(desk.database, desk.vault, caller.user, now=caller.now)
    return FactorBegun(secret=begun.secret, uri=begun.uri, svg=begun.svg)


@router.post("/second-factor/confirm", summary="Confirm it with its first code", responses=responses(409, 429))
async def confirm_second_factor(
    response: Response, body: CodeGiven, caller: Annotated[Caller, allow(Action.SELF_SET)]
) -> RecoveryCodes:
    desk, me = caller.desk, session_needed(caller)
    codes, opened = await own.confirm_second_factor(
        desk.database, desk.vault, scope_of_self(caller), me, body.code, now=caller.now
    )
    put_session(response, desk, opened, now=caller.now)
    return RecoveryCodes(recovery_codes=list(codes), csrf_token=sessions.csrf_of(desk.vault, opened.cookie))


@router.post("/second-factor/remove", summary="Do without a second factor", responses=responses(404, 409, 429))
async def remove_second_factor(
    response: Response, body: PasswordAgain, caller: Annotated[Caller, allow(Action.SELF_SET)]
) -> Renewed:
    desk, me = caller.desk, session_needed(caller)
    opened = await own.remove_second_factor(
        desk.database, desk.vault, desk.entrance, scope_of_self(caller), me, body.password, now=caller.now
    )
    put_session(response, desk, opened, now=caller.now)
    return Renewed(csrf_token=sessions.csrf_of(desk.vault, opened.cookie))


@router.post("/second-factor/recovery-codes", summary="New recovery codes", responses=responses(409, 429))
async def make_recovery_codes(body: PasswordAgain, caller: Annotated[Caller, allow(Action.SELF_SET)]) -> RecoveryCodes:
    """The old ones are void."""
    desk, me = caller.desk, session_needed(caller)
    codes = await own.fresh_recovery_codes(
        desk.database, desk.vault, desk.entrance, scope_of_self(caller), me, body.password, now=caller.now
    )
    return RecoveryCodes(recovery_codes=list(codes), csrf_token=me.csrf_token)


def session_needed(caller: Caller) -> SignedIn:
    """
    The caller's session.

    Raises:
        Forbidden: they came by a token, which must not be able to take over how its person signs in.
    """
    if caller.signed_in is None:
        raise Forbidden("this needs a session, not a token", where="header Authorization", mend="sign in")
    return caller.signed_in


def scope_of_self(caller: Caller) -> Scope:
    """In the caller's own name, in the installation's log."""
    return Scope(INSTALLATION, caller.user.email, caller.trace_id, caller.user.id, caller.ip)


def visitor_of(request: Request, desk: Desk) -> Visitor:
    """Who tries, as far as the request says."""
    return Visitor(
        ip=client_ip(request, desk.trusted_proxies),
        browser=request.headers.get("user-agent", "")[:LONGEST_DEVICE],
        device=jar_of(desk).read(request, Kind.DEVICE),
    )


def welcome(response: Response, desk: Desk, entered: Entered, *, now: datetime) -> None:
    """Set the cookies of somebody who is signed in."""
    put_session(response, desk, entered.opened, now=now)
    jar_of(desk).put(response, Kind.DEVICE, entered.device, device.REMEMBERED)
    jar_of(desk).drop(response, Kind.PENDING)


def show_session(session: Session, *, this: UUID | None) -> SessionShown:
    """A session as its person, or an administrator, may see it."""
    return SessionShown(
        id=session.id,
        how=session.how,
        ip=session.ip,
        device=session.device,
        made_at=session.made_at,
        seen_at=session.seen_at,
        expires_at=session.expires_at,
        is_this_one=session.id == this,
    )


def refuse_foreign_browser(request: Request, desk: Desk) -> None:
    """Raise `Forbidden` when a browser says that another site signs its visitor in; programs say nothing of sites."""
    if request.headers.get("origin") is not None or request.headers.get("sec-fetch-site") is not None:
        refuse_foreign(request, desk)


async def _owes(desk: Desk, entered: Entered) -> str:
    signed_in = await sessions.user_of_session(
        desk.database, desk.vault, entered.opened.cookie, now=entered.opened.session.seen_at
    )
    return "" if signed_in is None else desk.entrance.owes(signed_in)
