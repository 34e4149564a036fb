"""
Packs what people's doors answer, where it is worth it: a page of the list is 90 KB of JSON, and 6 KB by gzip.

Only what is read, is JSON and holds no secret of ours: the length of something packed tells about its content, and a
page of somebody else's could have a browser ask again and again. `GET /api/session` carries the token that guards
writes, and answers to writes carry keys; they go as they are.
"""

import gzip

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_WORTH_PACKING = 2_048  # bytes; less fits into one or two packets anyway
_EFFORT = 4  # of 9: half a millisecond for a page of the list, and hardly larger than by more
_JSON = ("application/json", "application/problem+json")


class Packing:
    """ASGI middleware around the API."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request in and its answer out."""
        if not _may_be_packed(scope):
            await self._app(scope, receive, send)
            return
        begun: Message | None = None

        async def send_packed(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = message  # held until it is known whether there is one body, and how long
                return
            if begun is not None:
                start, begun = begun, None
                message = _packed(start, message)
                await send(start)
            await send(message)

        await self._app(scope, receive, send_packed)


def _may_be_packed(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    path: str = scope["path"]
    has_secret = path == "/api/session" or path.startswith("/api/session/")
    return path.startswith("/api/") and not has_secret and "gzip" in Headers(scope=scope).get("accept-encoding", "")


def _packed(start: Message, message: Message) -> Message:
    """The body to send, packed where it is worth it; `start` then says so."""
    headers = MutableHeaders(scope=start)
    body: bytes = message.get("body", b"")
    is_json = headers.get("content-type", "").split(";", 1)[0] in _JSON
    if message.get("more_body", False) or not is_json or "content-encoding" in headers:
        return message
    headers.add_vary_header("Accept-Encoding")
    if len(body) < _WORTH_PACKING:
        return message
    body = gzip.compress(body, compresslevel=_EFFORT, mtime=0)
    headers["Content-Encoding"] = "gzip"
    headers["Content-Length"] = str(len(body))
    return {**message, "body": body}
