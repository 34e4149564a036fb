"""How a page is made: one escaping function, one frame, one set of headers, and failures as pages too."""

import html
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Any, LiteralString

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from alertwhisperer.api.problem import answer_error
from alertwhisperer.domain.errors import AlertWhispererError, Invalid, NotFound

_FOLDER = Path(__file__).parent
STYLE = (_FOLDER / "style.css").read_bytes()
_TEMPLATES: Mapping[str, str] = MappingProxyType(
    {path.stem: path.read_text(encoding="utf-8") for path in (_FOLDER / "templates").glob("*.html")}
)
STYLE_PATH = "/sign-in/style.css"

HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; "
            "base-uri 'none'"
        ),
        # Not no-referrer: under that, browsers send the origin of a form as `null`, and ours could not be told from
        # another site's. To other sites nothing is sent.
        "Referrer-Policy": "same-origin",
    }
)


class Html(str):
    """Text that is HTML already: made by `fill` or written by us."""

    __slots__ = ()


def fill(template: LiteralString, **values: object) -> Html:
    """The template with its values in their places; all but `Html` are escaped, for text and for quoted attributes."""
    return Html(template.format_map({name: _inert(value) for name, value in values.items()}))


def render(name: LiteralString, **values: object) -> Html:
    """The template of this name, filled likewise."""
    return fill(_TEMPLATES[name], **values)


def join(parts: list[Html]) -> Html:
    """Several parts, one after another."""
    return Html("\n".join(part for part in parts if part))


def show(title: str, *body: Html, status: int = 200, wide: bool = False) -> Response:
    """A whole page."""
    text = render(
        "frame",
        title=title,
        style=STYLE_PATH,
        logo=render("logo"),
        shape="wide" if wide else "card",
        body=join(list(body)),
    )
    return Response(text, status, headers=dict(HEADERS), media_type="text/html; charset=utf-8")


def go(path: str) -> Response:
    """On to another page of ours, after something was done (a reload must not do it again)."""
    return Response(status_code=303, headers={**HEADERS, "Location": path})


def note(text: str, kind: str = "info") -> Html:
    """A sentence that stands out; `kind` is info, bad or ok. Nothing for an empty one."""
    role = "alert" if kind == "bad" else "status"
    return fill('<p class="note {kind}" role="{role}">{text}</p>', kind=kind, role=role, text=text) if text else Html()


def moment(at: datetime) -> Html:
    """A moment for people, in UTC, since a page without scripts does not know their zone."""
    utc = at.astimezone(UTC)
    return fill('<time datetime="{exact}">{shown} UTC</time>', exact=utc.isoformat(), shown=f"{utc:%d %b %Y, %H:%M}")


def local_path(text: str, otherwise: str) -> str:
    """
    The path of ours that was asked for, or `otherwise`: never another site's address.

    A browser reads `//host`, `/\\host` and control characters in its own way, so none of them is taken.
    """
    plain = text.isascii() and text.isprintable() and "\\" not in text and " " not in text
    return text if plain and text.startswith("/") and not text.startswith("//") and len(text) <= 1_000 else otherwise


class PageRoute(APIRoute):
    """A route whose failures are pages for people, with the same status as they would have elsewhere."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's way to wrap a route."""
        inner = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await inner(request)
            except AlertWhispererError as failure:
                return show_failure(failure)
            except RequestValidationError:
                return show_failure(NotFound("there is no such page"))

        return handled


def show_failure(failure: AlertWhispererError) -> Response:
    """What went wrong, what to do about it, and the way back."""
    as_problem = answer_error(failure)
    mend = failure.mend if isinstance(failure, Invalid) else ""
    page = show(
        HTTPStatus(as_problem.status_code).phrase.capitalize(),
        note(sentence(str(failure)), "bad"),
        fill("<p>{mend}</p>", mend=sentence(mend)) if mend else Html(),
        Html('<p><a href="/sign-in">Sign in</a></p>'),
        status=as_problem.status_code,
    )
    if "retry-after" in as_problem.headers:
        page.headers["Retry-After"] = as_problem.headers["retry-after"]
    return page


def sentence(text: str) -> str:
    """A failure's words, as a sentence of a page."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""


def _inert(value: object) -> str:
    return value if isinstance(value, Html) else html.escape(str(value), quote=True)
