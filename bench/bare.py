"""
The measure of what HTTP and JSON alone cost here: raw ASGI on the product's own uvicorn, uvloop and httptools, that
reads and decodes the same bodies, answers the same bytes, and keeps nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec
import uvicorn

_ANSWER = b'{"delivery_id":"019ab7c2-5a3e-7c41-9d10-5b9f6a000000","status":"processed","occurrences":1}'
_HEADERS = [
    (b"content-type", b"application/json"),
    (b"content-length", str(len(_ANSWER)).encode()),
    (b"x-alertwhisperer-delivery", b"019ab7c2-5a3e-7c41-9d10-5b9f6a000000"),
]

Message = MutableMapping[str, Any]


async def bare(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """The whole application."""
    body = b""
    while True:
        message = await receive()
        body += message["body"]
        if not message.get("more_body"):
            break
    if body:  # none when somebody asks whether it is there
        msgspec.json.decode(body)
    await send({"type": "http.response.start", "status": 202, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": _ANSWER})


if __name__ == "__main__":
    uvicorn.run(
        bare,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        proxy_headers=False,
        log_config=None,
        server_header=False,
        date_header=False,
        backlog=2048,
    )
