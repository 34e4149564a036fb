"""
The envelope of every request and answer: no body beyond 1 MB, and what a browser may do with the answer: little.

A page says for itself what it needs more (its style sheet, its forms); what a route has set is not taken back.
"""

from collections.abc import Mapping
from types import MappingProxyType

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alertwhisperer.api.problem import TooLarge, answer_error

LARGEST_BODY = 1_000_000

GUARDS: Mapping[str, str] = MappingProxyType(
    {
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        # Nothing is loaded, run, framed or sent anywhere by an answer that is no page.
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }
)
STRICT_TRANSPORT = "max-age=31536000"  # a year; without subdomains, which are not ours to decide on


class Envelope:
    """
    ASGI middleware around the API.

    Args:
        secure: whether people reach the server by https: browsers then never try http again.
    """

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._guards = {**GUARDS, **({"Strict-Transport-Security": STRICT_TRANSPORT} if secure else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request in and its answer out."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._guards.items():
                    headers.setdefault(name, value)
            await send(message)

        body = await _read(scope, receive)
        if body is None:
            failure = TooLarge(f"the body is larger than {LARGEST_BODY} bytes", where="body", mend="send less at once")
            await answer_error(failure)(scope, receive, send_marked)
            return
        await self._app(scope, _replay(body, receive), send_marked)


async def _read(scope: Scope, receive: Receive) -> bytes | None:
    """The whole body; None when it is too large."""
    announced = dict(scope["headers"]).get(b"content-length", b"0")
    if announced.isdigit() and int(announced[:20]) > LARGEST_BODY:
        return None
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > LARGEST_BODY:
            return None
        if not message.get("more_body", False):
            return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    told = False

    async def replayed() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed
