"""
Serves the console: one page for all its addresses, and the files that the page loads.

Nothing here needs a person: the files are the product's own and hold no data. The page asks the API, which does.
"""

import html
import secrets
from collections.abc import Mapping, MutableMapping
from types import MappingProxyType
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import Response

from alertwhisperer.api.envelope import GUARDS, STRICT_TRANSPORT
from alertwhisperer.console.site import File, Site

PAGES = (
    *("board", "incidents", "alerts", "approvals", "runs", "runbooks", "shift", "on-call", "dashboard", "reports"),
    *("companies", "quarantine", "audit", "me", "search", "suppressed"),
)
"""First parts of the addresses that are pages of the console; `web/src/router.tsx` has the same."""

_NONCE = b"__NONCE__"
_FOREVER = "public, max-age=31536000, immutable"  # their names change with their content
_ASK_AGAIN = "no-cache"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_NOT_BUILT = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Alert Whisperer</title>
<h1>The console is not built</h1><p>Build it with <code>make web</code> (it finds or installs Node.js) and start the
server again. The API, the command line and <a href="/account">your account</a> work without it.</p></html>"""


class ConsoleDoor:
    """ASGI application of the console's paths; `takes` says which those are."""

    def __init__(self, site: Site, *, secure: bool) -> None:
        self._site = site
        self._more: Mapping[str, str] = MappingProxyType(
            {"Strict-Transport-Security": STRICT_TRANSPORT} if secure else {}
        )

    @property
    def is_built(self) -> bool:
        """Whether there is a console to show."""
        return self._site.page is not None

    def takes(self, scope: Mapping[str, Any]) -> bool:
        """Whether a request is the console's: for one of its files, or a browser's for one of its pages."""
        if scope["method"] not in ("GET", "HEAD"):
            return False
        path: str = scope["path"]
        return path in self._site.files or (
            is_page(path) and "text/html" in Headers(scope=dict(scope)).get("accept", "")
        )

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Answer a request that it takes."""
        found = self._site.files.get(scope["path"])
        answer = self._page() if found is None else self._file(found, scope)
        await answer(scope, receive, send)

    def _page(self) -> Response:
        if self._site.page is None:
            return Response(_NOT_BUILT, 503, self._headers("no-store"), "text/html")
        nonce = secrets.token_urlsafe(18)
        headers = self._headers("no-store") | {"Content-Security-Policy": _POLICY.format(nonce=nonce)}
        page = self._site.page.replace(_NONCE, html.escape(nonce).encode(), 1)
        return Response(page, 200, headers, "text/html")

    def _file(self, found: File, scope: Mapping[str, Any]) -> Response:
        asked = Headers(scope=dict(scope))
        is_hashed = scope["path"].startswith("/assets/")
        headers = self._headers(_FOREVER if is_hashed else _ASK_AGAIN)
        headers |= {"ETag": f'"{found.tag}"', "Vary": "Accept-Encoding"}
        if f'"{found.tag}"' in asked.get("if-none-match", ""):
            return Response(None, 304, headers)
        if found.packed is not None and "gzip" in asked.get("accept-encoding", ""):
            return Response(found.packed, 200, headers | {"Content-Encoding": "gzip"}, found.media_type)
        return Response(found.body, 200, headers, found.media_type)

    def _headers(self, cache: str) -> dict[str, str]:
        return {**GUARDS, **self._more, "Cache-Control": cache}


def is_page(path: str) -> bool:
    """Whether a path is an address of the console."""
    return path == "/" or path.split("/", 2)[1] in PAGES
