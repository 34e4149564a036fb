"""Forms of pages: read within bounds, and only from a page of ours."""

import hmac
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import parse_qsl

from fastapi import Request, Response

from alertwhisperer.api.cookies import Kind, form_secret, form_token, jar_of, refuse_foreign
from alertwhisperer.api.desk import Desk
from alertwhisperer.api.html.page import Html, fill
from alertwhisperer.domain.errors import Forbidden, Invalid
from alertwhisperer.guard.sign_in import sessions
from alertwhisperer.guard.sign_in.sessions import SignedIn

_MOST_BYTES = 16_384
_MOST_FIELDS = 20
_FORM_LASTS = timedelta(hours=12)
_KIND = "application/x-www-form-urlencoded"


async def read_form(request: Request, desk: Desk) -> Mapping[str, str]:
    """
    The fields of a form of somebody who is not signed in.

    Raises:
        Forbidden: no page of ours, in this browser, sent it.
        Invalid: it is no form.
    """
    fields = await _fields(request)
    secret = jar_of(desk).read(request, Kind.FORM)
    _require(bool(secret) and _same(form_token(desk.vault, secret), fields.get("form", "")))
    refuse_foreign(request, desk)
    return fields


async def read_own_form(request: Request, desk: Desk, signed_in: SignedIn) -> Mapping[str, str]:
    """The same of somebody who is signed in."""
    fields = await _fields(request)
    _require(sessions.csrf_fits(signed_in.csrf_token, fields.get("csrf", "")))
    refuse_foreign(request, desk)
    return fields


def stranger_token(request: Request, desk: Desk) -> tuple[Html, str]:
    """The hidden field of a form of somebody who is not signed in, and what `tie` keeps in their browser."""
    secret = form_secret(request, desk)
    return fill('<input type="hidden" name="form" value="{token}">', token=form_token(desk.vault, secret)), secret


def own_token(signed_in: SignedIn) -> Html:
    """The hidden field of a form of somebody who is signed in."""
    return fill('<input type="hidden" name="csrf" value="{token}">', token=signed_in.csrf_token)


def tie(response: Response, desk: Desk, secret: str) -> Response:
    """Have the browser keep what ties the page's form to it."""
    jar_of(desk).put(response, Kind.FORM, secret, _FORM_LASTS)
    return response


async def _fields(request: Request) -> dict[str, str]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _KIND:
        raise Invalid("this is no form", where="header Content-Type", mend=f"send {_KIND}")
    body = await request.body()
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError as failure:
        raise Invalid("this is no form", where="body", mend="send it from the page") from failure
    if len(body) > _MOST_BYTES or any("\x00" in value for _, value in pairs):
        raise Invalid("this is no form of ours", where="body", mend="send it from the page")
    return dict(pairs)


def _require(fits: bool) -> None:
    if not fits:
        raise Forbidden("this form is too old, or from another browser", mend="open the page again, and send it anew")


def _same(right: str, given: str) -> bool:
    return hmac.compare_digest(right.encode(), given.encode("utf-8", "surrogatepass"))
