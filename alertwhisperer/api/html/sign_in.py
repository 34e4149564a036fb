"""The pages on which people sign in and out."""

from math import ceil
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response

from alertwhisperer.api.access import open_door
from alertwhisperer.api.cookies import Kind, jar_of, reader_of
from alertwhisperer.api.desk import Desk, desk_of
from alertwhisperer.api.html.form import own_token, read_form, read_own_form, stranger_token, tie
from alertwhisperer.api.html.page import (
    STYLE,
    STYLE_PATH,
    Html,
    PageRoute,
    fill,
    go,
    join,
    local_path,
    moment,
    note,
    render,
    sentence,
    show,
)
from alertwhisperer.api.problem import answer_error
from alertwhisperer.api.session import visitor_of, welcome
from alertwhisperer.domain.errors import AlertWhispererError, Temporary, Throttled
from alertwhisperer.guard.people import LONGEST_EMAIL
from alertwhisperer.guard.sign_in import entering, pending, sessions
from alertwhisperer.guard.sign_in.entering import CodeNeeded, Entered, WrongCredentials
from alertwhisperer.guard.sign_in.passwords import MOST_BYTES
from alertwhisperer.kit.ids import uuid7

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_OPEN = open_door("a page: whoever is nobody yet can sign in on it")
_Desk = Annotated[Desk, Depends(desk_of)]
_Next = Annotated[str, Query(max_length=1_000)]


@router.get(STYLE_PATH, dependencies=[_OPEN])
async def style() -> Response:
    return Response(STYLE, media_type="text/css; charset=utf-8")


@router.get("/sign-in", dependencies=[_OPEN])
async def show_sign_in(request: Request, desk: _Desk, next: _Next = "") -> Response:
    if await reader_of(request, desk) is not None:
        return go(local_path(next, desk.home))
    return await _password_page(request, desk, next=next)


@router.post("/sign-in", dependencies=[_OPEN])
async def sign_in(request: Request, desk: _Desk) -> Response:
    fields = await read_form(request, desk)
    there = local_path(fields.get("next", ""), "")
    email = fields.get("email", "")[:LONGEST_EMAIL]
    given = entering.Shown(email, fields.get("password", ""), fields.get("code", ""))
    now = desk.clock.now()
    try:
        came = await entering.sign_in(
            desk.database, desk.vault, desk.entrance, visitor_of(request, desk), given, now=now
        )
    except (WrongCredentials, Temporary) as failure:
        return await _password_page(request, desk, next=there, email=email, failure=failure)
    if isinstance(came, CodeNeeded):
        answer = await _code_page(request, desk, next=there)
        jar_of(desk).put(answer, Kind.PENDING, came.pending, pending.LASTS)
        return answer
    return show_welcome(desk, came, there)


@router.get("/sign-in/second-factor", dependencies=[_OPEN])
async def show_second_factor(request: Request, desk: _Desk, next: _Next = "") -> Response:
    if pending.read_pending(jar_of(desk).read(request, Kind.PENDING)) is None:
        return go("/sign-in")
    return await _code_page(request, desk, next=local_path(next, ""))


@router.post("/sign-in/second-factor", dependencies=[_OPEN])
async def give_code(request: Request, desk: _Desk) -> Response:
    fields = await read_form(request, desk)
    there = local_path(fields.get("next", ""), "")
    noted = pending.read_pending(jar_of(desk).read(request, Kind.PENDING))
    if noted is None:
        return go("/sign-in")
    given = entering.Shown("", "", fields.get("code", ""), fields.get("recovery_code", ""))
    visitor = visitor_of(request, desk)
    try:
        came = await entering.sign_in_by_code(
            desk.database, desk.vault, desk.entrance, visitor, noted, given, now=desk.clock.now()
        )
    except (WrongCredentials, Temporary) as failure:
        return await _code_page(request, desk, next=there, failure=failure)
    return show_welcome(desk, came, there)


@router.get("/sign-out", dependencies=[open_door("a page: asks for a session itself")])
async def show_sign_out(request: Request, desk: _Desk) -> Response:
    signed_in = await reader_of(request, desk)
    if signed_in is None:
        return go("/sign-in")
    return show("Sign out", render("sign_out", token=own_token(signed_in), email=signed_in.user.email))


@router.post("/sign-out", dependencies=[open_door("a page: asks for a session itself")])
async def sign_out(request: Request, desk: _Desk) -> Response:
    signed_in = await reader_of(request, desk)
    if signed_in is not None:
        await read_own_form(request, desk, signed_in)
        now = desk.clock.now()
        by = sessions.signing_in(signed_in.user, ip=visitor_of(request, desk).ip, trace_id=uuid7(now).hex)
        await sessions.end_session(desk.database, by, signed_in.user.id, signed_in.session.id, now=now)
    answer = go("/sign-in")
    jar_of(desk).drop(answer, Kind.SESSION)
    return answer


def show_welcome(desk: Desk, entered: Entered, there: str) -> Response:
    """What a person sees who has just signed in: where they wanted to go, or first what others tried."""
    target = there or desk.home
    failed = entered.failures
    if failed is None:
        answer = go(target)
    else:
        number = "1 try" if failed.failures == 1 else f"{failed.failures} tries"
        ip = failed.last_ip or "an unknown address"
        last = moment(failed.last_at)
        answer = show("You are signed in", render("failed_before", number=number, last=last, ip=ip, next=target))
    welcome(answer, desk, entered, now=desk.clock.now())
    return answer


async def _password_page(
    request: Request, desk: Desk, *, next: str, email: str = "", failure: AlertWhispererError | None = None
) -> Response:
    token, secret = stranger_token(request, desk)
    there = local_path(next, "")
    form = render(
        "sign_in",
        token=token,
        next=there,
        email=email,
        longest_email=LONGEST_EMAIL,
        longest_password=MOST_BYTES,
        # Shown to whoever is told to wait, so it says nothing of the account.
        code=render("code_field") if isinstance(failure, Throttled) else Html(),
    )
    ways = [
        fill(
            '<a class="button" href="{path}">Sign in with {title}</a>',
            path=_with_next(one.path, there),
            title=one.title,
        )
        for one in await desk.ways_in()
    ]
    others = join([Html('<div class="or">or</div>'), *ways]) if ways else Html()
    status = 200 if failure is None else answer_status(failure)
    answer = show("Sign in", _complaint(failure), form, others, status=status)
    _say_when(answer, failure)
    return tie(answer, desk, secret)


async def _code_page(
    request: Request, desk: Desk, *, next: str, failure: AlertWhispererError | None = None
) -> Response:
    token, secret = stranger_token(request, desk)
    status = 200 if failure is None else answer_status(failure)
    answer = show("Second step", _complaint(failure), render("second_step", token=token, next=next), status=status)
    _say_when(answer, failure)
    return tie(answer, desk, secret)


def answer_status(failure: AlertWhispererError) -> int:
    """The status of a page that complains; what is wrong with credentials is 401, as it is elsewhere."""
    return 401 if isinstance(failure, WrongCredentials) else answer_error(failure).status_code


def _complaint(failure: AlertWhispererError | None) -> Html:
    if failure is None:
        return Html()
    if isinstance(failure, Throttled):
        seconds = max(1, ceil(failure.retry_after.total_seconds()))
        wait = "a second" if seconds == 1 else f"{seconds} seconds" if seconds < 120 else f"{seconds // 60} minutes"
        return note(sentence(f"Too many tries, by you or by others. Wait {wait}, then try again"), "bad")
    return note(sentence(str(failure)), "bad")


def _say_when(answer: Response, failure: AlertWhispererError | None) -> None:
    if isinstance(failure, Temporary):
        answer.headers["Retry-After"] = answer_error(failure).headers["retry-after"]


def _with_next(path: str, there: str) -> str:
    return f"{path}?next={quote(there, safe='')}" if there else path
