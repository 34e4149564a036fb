"""One's own account: password, second factor, and where one is signed in."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from alertwhisperer.api.access import open_door
from alertwhisperer.api.cookies import Kind, jar_of, put_session, reader_of
from alertwhisperer.api.desk import Desk, desk_of
from alertwhisperer.api.html.device import device_name
from alertwhisperer.api.html.form import own_token, read_own_form
from alertwhisperer.api.html.identity import identities_form
from alertwhisperer.api.html.page import Html, PageRoute, fill, go, join, moment, note, render, sentence, show
from alertwhisperer.api.html.sign_in import answer_status
from alertwhisperer.api.session import visitor_of
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import AlertWhispererError, Invalid, Throttled
from alertwhisperer.domain.session import Session
from alertwhisperer.guard.permissions import Action, require
from alertwhisperer.guard.sign_in import device, own, second_factor, sessions
from alertwhisperer.guard.sign_in.passwords import LEAST_LETTERS, MOST_BYTES
from alertwhisperer.guard.sign_in.second_factor import Begun, FactorState
from alertwhisperer.guard.sign_in.sessions import SignedIn
from alertwhisperer.kit.ids import uuid7

router = APIRouter(prefix="/account", route_class=PageRoute, include_in_schema=False)

_OPEN = open_door("a page: asks for a session itself, and leads to the sign-in page where there is none")
_Desk = Annotated[Desk, Depends(desk_of)]

_OWES = {
    "password": "Your password was given to you by somebody else. Choose one of your own; then you can go on.",
    "second_factor": "A second factor is asked of your role. Set it up; then you can go on.",
}
_DONE = {
    "password": "The password is changed.",
    "removed": "The second factor is removed.",
    "ended": "Done: that session is over.",
    "linked": "The account is linked: you can sign in by it from now on.",
    "unlinked": "The account is not linked any more.",
    "others": "Done: you are signed in here alone.",
}
_HOW = {
    "password": "password",
    "password+code": "password and code",
    "password+recovery": "password and recovery code",
    "link": "a link",
}


@router.get("", dependencies=[_OPEN])
async def show_account(request: Request, desk: _Desk, done: str = "") -> Response:
    me = await reader_of(request, desk)
    if me is None:
        return go("/sign-in?next=/account")
    return await _account(desk, me, said=note(_DONE.get(done, ""), "ok"))


@router.post("/password", dependencies=[_OPEN])
async def change_password(request: Request, desk: _Desk) -> Response:
    async def act(form: _Form) -> Response:
        new = form.fields.get("new_password", "")
        if new != form.fields.get("again", ""):
            raise Invalid("the two are not the same", where="again", mend="type the new password twice")
        changed = await own.change_password(
            desk.database,
            desk.vault,
            desk.entrance,
            form.by,
            form.me,
            form.password,
            new,
            known_device=visitor_of(request, desk).device,
            now=form.now,
        )
        answer = go(_onwards(desk) if form.me.must_change else "/account?done=password")
        put_session(answer, desk, changed.opened, now=form.now)
        jar_of(desk).put(answer, Kind.DEVICE, changed.device, device.REMEMBERED)
        return answer

    return await _sent(request, desk, act)


@router.post("/second-factor", dependencies=[_OPEN])
async def begin_second_factor(request: Request, desk: _Desk) -> Response:
    async def act(form: _Form) -> Response:
        await second_factor.begin(desk.database, desk.vault, form.me.user, now=form.now)
        return go("/account#second-factor")

    return await _sent(request, desk, act)


@router.post("/second-factor/confirm", dependencies=[_OPEN])
async def confirm_second_factor(request: Request, desk: _Desk) -> Response:
    async def act(form: _Form) -> Response:
        code = form.fields.get("code", "")
        codes, opened = await own.confirm_second_factor(desk.database, desk.vault, form.by, form.me, code, now=form.now)
        answer = _show_codes(codes, then=_onwards(desk) if desk.entrance.owes(form.me) else "/account")
        put_session(answer, desk, opened, now=form.now)
        return answer

    return await _sent(request, desk, act)


@router.post("/second-factor/remove", dependencies=[_OPEN])
async def remove_second_factor(request: Request, desk: _Desk) -> Response:
    async def act(form: _Form) -> Response:
        opened = await own.remove_second_factor(
            desk.database, desk.vault, desk.entrance, form.by, form.me, form.password, now=form.now
        )
        answer = go("/account?done=removed")
        put_session(answer, desk, opened, now=form.now)
        return answer

    return await _sent(request, desk, act)


@router.post("/recovery-codes", dependencies=[_OPEN])
async def make_recovery_codes(request: Request, desk: _Desk) -> Response:
    async def act(form: _Form) -> Response:
        codes = await own.fresh_recovery_codes(
            desk.database, desk.vault, desk.entrance, form.by, form.me, form.password, now=form.now
        )
        return _show_codes(codes, then="/account")

    return await _sent(request, desk, act)


@router.post("/sessions/end-others", dependencies=[_OPEN])
async def end_other_sessions(request: Request, desk: _Desk) -> Response:
    async def act(form: _Form) -> Response:
        async with desk.database.unit_of_work(form.by) as unit:
            why = "signed out everywhere else"
            await sessions.end_all(unit, form.me.user.id, why=why, now=form.now, but=form.me.session.id)
        return go("/account?done=others")

    return await _sent(request, desk, act)


@router.post("/sessions/{session_id}/end", dependencies=[_OPEN])
async def end_session(request: Request, desk: _Desk, session_id: UUID) -> Response:
    async def act(form: _Form) -> Response:
        await sessions.end_session(desk.database, form.by, form.me.user.id, session_id, now=form.now)
        return go("/account?done=ended")

    return await _sent(request, desk, act)


@dataclass(frozen=True, slots=True)
class _Form:
    """A form that a signed-in person sent, and in whose name it acts."""

    me: SignedIn
    by: Scope
    fields: Mapping[str, str] = field(repr=False)
    now: datetime

    @property
    def password(self) -> str:
        """The present one, as it was typed."""
        return self.fields.get("password", "")


async def _sent(request: Request, desk: Desk, act: Callable[[_Form], Awaitable[Response]]) -> Response:
    """What a form's sender sees: what came of it, the same page with what is wrong, or the sign-in page."""
    me = await reader_of(request, desk)
    if me is None:
        return go("/sign-in?next=/account")
    fields = await read_own_form(request, desk, me)
    try:
        return await act(_Form(me, _scope(request, desk, me), fields, desk.clock.now()))
    except (Invalid, Throttled) as failure:
        return await _account(desk, me, failure=failure)


def _scope(request: Request, desk: Desk, me: SignedIn) -> Scope:
    """In the person's own name; pages ask the permission table as every other door does."""
    require(me.user, Action.SELF_SET, None)
    ip = visitor_of(request, desk).ip
    return sessions.signing_in(me.user, ip=ip, trace_id=uuid7(desk.clock.now()).hex)


async def _account(
    desk: Desk, me: SignedIn, *, said: Html | None = None, failure: AlertWhispererError | None = None
) -> Response:
    require(me.user, Action.SELF_READ, None)
    now = desk.clock.now()
    async with desk.database.unit_of_work(sessions.signing_in(me.user, ip="")) as unit:
        factor = await second_factor.state_of(unit, me.user.id)
    begun = None if factor.since else await second_factor.shown_again(desk.database, desk.vault, me.user)
    token, owes = own_token(me), desk.entrance.owes(me)
    parts = [
        render("account_head", email=me.user.email, role=me.user.role.value.replace("_", " ")),
        said or Html(),
        note(_OWES.get(owes, "")),
        _complaint(failure),
    ]
    forms = [_password_form(me, token), _factor_form(me, factor, begun, token)]
    if owes != "password":
        live = await sessions.list_sessions(desk.database, me.user.id, now=now)
        forms.append(_sessions_form(live, me, token))
        forms.append(await identities_form(desk, me))
    if owes:
        forms = forms[:1] if owes == "password" else forms[1:]
    elif desk.home != "/account":
        parts.append(fill('<p><a href="{home}">Back to the console</a></p>', home=desk.home))
    status = 200 if failure is None else answer_status(failure)
    return show("Your account", *parts, *forms, status=status, wide=True)


def _password_form(me: SignedIn, token: Html) -> Html:
    old_label = "The password that you were given" if me.must_change else "Present password"
    return render(
        "account_password",
        token=token,
        email=me.user.email,
        old_label=old_label,
        least=LEAST_LETTERS,
        longest=MOST_BYTES,
    )


def _factor_form(me: SignedIn, factor: FactorState, begun: Begun | None, token: Html) -> Html:
    if factor.since is not None:
        since = moment(factor.since)
        left, email = factor.recovery_codes_left, me.user.email
        return render("factor", token=token, email=email, since=since, left=left, longest=MOST_BYTES)
    if begun is None:
        return render("factor_none", token=token)
    return render("factor_begun", token=token, svg=Html(begun.svg), secret=_in_fours(begun.secret))


def _sessions_form(live: tuple[Session, ...], me: SignedIn, token: Html) -> Html:
    rows = [
        render(
            "session",
            device=device_name(one.device),
            this=Html(' <span class="tag">this one</span>') if one.id == me.session.id else Html(),
            ip=one.ip or "unknown address",
            since=moment(one.made_at),
            seen=moment(one.seen_at),
            how=_HOW.get(one.how, one.how.partition(":")[2] or one.how),
            id=one.id,
            token=token,
        )
        for one in live
    ]
    return render("sessions", rows=join(rows), token=token)


def _onwards(desk: Desk) -> str:
    """Where whoever had to do something first was going; the console leads back here if more is owed."""
    return desk.home if desk.home != "/account" else "/account?done=password"


def _show_codes(codes: tuple[str, ...], *, then: str) -> Response:
    rows = join([fill("<li>{code}</li>", code=code) for code in codes])
    return show("Recovery codes", render("recovery_codes", codes=rows, next=then))


def _complaint(failure: AlertWhispererError | None) -> Html:
    if failure is None:
        return Html()
    mend = failure.mend if isinstance(failure, Invalid) else ""
    return note(f"{sentence(str(failure))} {sentence(mend)}".strip(), "bad")


def _in_fours(secret: str) -> str:
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
