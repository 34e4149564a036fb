"""
The cookies of people's browsers: which there are, how they are guarded, and which writes may ride on them.

None is readable by scripts, each goes to this host alone (`__Host-` where the address is https), and a write by cookie
must show that it comes from a page of ours: by its origin, and by a token that no other page can know.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from fastapi import Request, Response
from starlette.requests import HTTPConnection

from alertwhisperer.api.desk import Desk
from alertwhisperer.domain.errors import Forbidden
from alertwhisperer.guard.permissions import Action
from alertwhisperer.guard.sign_in import sessions
from alertwhisperer.guard.sign_in.sessions import Opened, SignedIn
from alertwhisperer.guard.vault import Vault

CSRF_HEADER = "X-CSRF-Token"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_BEFORE_ALL_ELSE = frozenset({Action.SELF_READ, Action.SELF_SET})
_LONGEST = 1_000  # of a cookie of ours


class Kind(StrEnum):
    """A cookie by the end of its name."""

    SESSION = ""
    PENDING = "-pending"
    """That the password was right, until the code comes."""
    DEVICE = "-device"
    """That this device signed in before."""
    ATTEMPT = "-attempt"
    """A sign-in at an identity provider that was begun in this browser."""
    FORM = "-form"
    """Ties a form of somebody who is not signed in to this browser."""


@dataclass(frozen=True, slots=True)
class Jar:
    """
    Reads and writes cookies.

    Args:
        secure: whether people reach the server by https.
    """

    secure: bool

    def name(self, kind: Kind) -> str:
        """As the browser knows it."""
        return f"{'__Host-' if self.secure else ''}alertwhisperer{kind.value}"

    def read(self, request: HTTPConnection, kind: Kind) -> str:
        """What the browser brought; empty when nothing, or what is none of ours."""
        value = request.cookies.get(self.name(kind), "")
        return value if len(value) <= _LONGEST and value.isascii() and value.isprintable() else ""

    def put(self, response: Response, kind: Kind, value: str, lasts: timedelta) -> None:
        """Have the browser keep it."""
        response.set_cookie(
            self.name(kind),
            value,
            max_age=max(0, int(lasts.total_seconds())),
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="lax",  # strict would show a person who follows a link in a mail the sign-in page
        )

    def drop(self, response: Response, kind: Kind) -> None:
        """Have the browser forget it."""
        self.put(response, kind, "", timedelta(0))


def jar_of(desk: Desk) -> Jar:
    """The jar of an installation: https where its address says so."""
    return Jar(desk.public_url.startswith("https://"))


async def session_of(request: Request, desk: Desk) -> SignedIn | None:
    """
    Who is signed in, by the cookie; None when nobody is.

    Raises:
        Forbidden: a write that does not show that a page of ours made it.
    """
    signed_in = await reader_of(request, desk)
    if signed_in is not None and request.method not in _READING:
        if not sessions.csrf_fits(signed_in.csrf_token, request.headers.get(CSRF_HEADER, "")):
            raise Forbidden(
                "this write does not carry its session's token",
                where=f"header {CSRF_HEADER}",
                mend="send `csrf_token` of GET /api/session, or use a bearer token in place of the cookie",
            )
        refuse_foreign(request, desk)
    return signed_in


async def caller_of(request: Request, desk: Desk, action: Action) -> SignedIn | None:
    """
    Who asks for an action, by the cookie; None when nobody is signed in.

    Raises:
        Forbidden: as `session_of`; or the person must first choose a password or set up a second factor.
    """
    signed_in = await session_of(request, desk)
    if signed_in is not None and action not in _BEFORE_ALL_ELSE:
        refuse_owing(signed_in, desk)
    return signed_in


def refuse_owing(signed_in: SignedIn, desk: Desk) -> None:
    """Raise `Forbidden` while a person must do something before anything else."""
    owed = desk.entrance.owes(signed_in)
    if owed == "password":
        raise Forbidden("choose a password of your own first", where="password", mend="PUT /api/session/password")
    if owed == "second_factor":
        raise Forbidden("set up a second factor first", where="second_factor", mend="POST /api/session/second-factor")


async def reader_of(request: HTTPConnection, desk: Desk) -> SignedIn | None:
    """The same for reading, and for a form, which carries its token in a field of its own."""
    cookie = jar_of(desk).read(request, Kind.SESSION)
    if not cookie:
        return None
    return await sessions.user_of_session(desk.database, desk.vault, cookie, now=desk.clock.now())


def refuse_foreign(request: HTTPConnection, desk: Desk) -> None:
    """
    Raise `Forbidden` unless the browser says that the request comes from a page of ours.

    Browsers say so in `Origin` with every write, and in `Sec-Fetch-Site` where the address is https or loopback; a page
    can set neither.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    ours = (site is not None or origin is not None) and site in (None, "same-origin")
    if not ours or (origin is not None and not _is_ours(origin, request, desk)):
        raise Forbidden(
            "this write comes from another site",
            where="header Origin",
            mend=f"open {desk.public_url} and do it there",
        )


def _is_ours(origin: str, request: HTTPConnection, desk: Desk) -> bool:
    """By the address that people are told, or by the host that this request was sent to (a tunnel, a second name)."""
    if origin == "{0.scheme}://{0.netloc}".format(urlsplit(desk.public_url)):
        return True
    there = urlsplit(origin)
    return there.scheme in ("http", "https") and there.netloc == request.headers.get("host")


def put_session(response: Response, desk: Desk, opened: Opened, *, now: datetime) -> None:
    """Have the browser keep a session that was opened or renewed."""
    jar_of(desk).put(response, Kind.SESSION, opened.cookie, opened.session.expires_at - now)


def form_secret(request: Request, desk: Desk) -> str:
    """What ties a form to this browser: as it brought it, or new."""
    given = jar_of(desk).read(request, Kind.FORM)
    return given if len(given) == 32 and given.isalnum() else secrets.token_hex(16)


def form_token(vault: Vault, secret: str) -> str:
    """What such a form carries in a field."""
    return vault.hash(f"form/{secret}").hex
