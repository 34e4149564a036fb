"""The pages behind an invitation and a password reset. Opening one changes nothing: mail scanners open every link."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from starlette.background import BackgroundTask

from alertwhisperer.api.access import open_door
from alertwhisperer.api.desk import Desk, desk_of
from alertwhisperer.api.html.form import read_form, stranger_token, tie
from alertwhisperer.api.html.page import Html, PageRoute, go, note, render, sentence, show
from alertwhisperer.api.html.sign_in import show_welcome
from alertwhisperer.api.session import visitor_of
from alertwhisperer.domain.errors import Invalid, NotFound
from alertwhisperer.guard.people import LONGEST_EMAIL
from alertwhisperer.guard.sign_in import entering, forgotten, links
from alertwhisperer.guard.sign_in.passwords import LEAST_LETTERS, MOST_BYTES

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_OPEN = open_door("a page: whoever holds the link is let in by the password that they set")
_Desk = Annotated[Desk, Depends(desk_of)]
_Secret = Annotated[str, Path(max_length=100)]

_TITLES = {"invitation": "Welcome", "password": "Set a new password"}


@router.get("/password", dependencies=[_OPEN])
async def show_forgotten(request: Request, desk: _Desk) -> Response:
    if desk.entrance.deliver_link is None:
        return show("Forgotten password", render("forgotten"))
    token, secret = stranger_token(request, desk)
    return tie(show("Forgotten password", render("ask_for_link", token=token, longest=LONGEST_EMAIL)), desk, secret)


@router.post("/password", dependencies=[_OPEN])
async def ask_for_link(request: Request, desk: _Desk) -> Response:
    fields = await read_form(request, desk)
    email, ip = fields.get("email", "")[:LONGEST_EMAIL], visitor_of(request, desk).ip
    now = desk.clock.now()
    await forgotten.count_asking(desk.database, desk.vault, email, ip=ip, now=now)
    said = note("If somebody has this address here, a link is on its way to it.", "ok")
    answer = show("Forgotten password", said, Html('<p><a href="/sign-in">Back to signing in</a></p>'))
    # After the answer, so that its time says nothing of the address either.
    answer.background = BackgroundTask(
        forgotten.send_link, desk.database, desk.vault, desk.entrance, desk.public_url, email, ip=ip, now=now
    )
    return answer


@router.get("/invitation/{secret}", dependencies=[_OPEN])
async def show_invitation(request: Request, desk: _Desk, secret: _Secret) -> Response:
    return await _password_page(request, desk, secret, "invitation")


@router.post("/invitation/{secret}", dependencies=[_OPEN])
async def accept_invitation(request: Request, desk: _Desk, secret: _Secret) -> Response:
    return await _set_password(request, desk, secret, "invitation")


@router.get("/password/{secret}", dependencies=[_OPEN])
async def show_reset(request: Request, desk: _Desk, secret: _Secret) -> Response:
    return await _password_page(request, desk, secret, "password")


@router.post("/password/{secret}", dependencies=[_OPEN])
async def reset_password(request: Request, desk: _Desk, secret: _Secret) -> Response:
    return await _set_password(request, desk, secret, "password")


async def _password_page(
    request: Request, desk: Desk, secret: str, where: str, failure: Invalid | None = None
) -> Response:
    found = await links.look_at_link(desk.database, desk.vault, secret, now=desk.clock.now())
    token, tied = stranger_token(request, desk)
    form = render(
        "new_password",
        email=found.email,
        action=f"/{where}/{secret}",
        token=token,
        least=LEAST_LETTERS,
        longest=MOST_BYTES,
    )
    said = "" if failure is None else f"{sentence(failure.what)} {sentence(failure.mend)}"
    status = 200 if failure is None else 422
    return tie(show(_TITLES[where], note(said, "bad"), form, status=status), desk, tied)


async def _set_password(request: Request, desk: Desk, secret: str, where: str) -> Response:
    fields = await read_form(request, desk)
    visitor, now = visitor_of(request, desk), desk.clock.now()
    password = fields.get("password", "")
    try:
        if password != fields.get("again", ""):
            raise Invalid("the two are not the same", where="again", mend="type the new password twice")
        user_id = await links.use_link(
            desk.database, desk.vault, desk.entrance.passwords, secret, password, ip=visitor.ip, now=now
        )
    except NotFound:
        raise
    except Invalid as failure:
        return await _password_page(request, desk, secret, where, failure)
    entered = await entering.enter_after_link(desk.database, desk.vault, desk.entrance, visitor, user_id, now=now)
    return go("/sign-in") if entered is None else show_welcome(desk, entered, "")
