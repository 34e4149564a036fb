"""The front: webhooks to the gateway, WebSockets to the live door, pages to the console, all else to the API."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from alertwhisperer.api.console import ConsoleDoor
from alertwhisperer.ingest.gateway import Gateway
from alertwhisperer.ingest.request import PREFIX

Asgi = Callable[[MutableMapping[str, Any], Any, Any], Awaitable[None]]


class Doors:
    """
    ASGI application that hands a connection to the right one.

    Args:
        begin, end: run when the server starts and before it stops.
    """

    def __init__(
        self,
        gateway: Gateway,
        api: Asgi,
        live: Asgi,
        console: ConsoleDoor,
        begin: Callable[[], Awaitable[None]],
        end: Callable[[], Awaitable[None]],
    ) -> None:
        self._gateway = gateway
        self._api = api
        self._live = live
        self._console = console
        self._begin = begin
        self._end = end

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            path: str = scope["path"]
            if path.startswith(PREFIX):
                await self._gateway(scope, receive, send)
                return
            # Before the paths that other products' clients know: a page of ours may have the name of one, and is asked
            # for by GET alone.
            if self._console.takes(scope):
                await self._console(scope, receive, send)
                return
            if self._gateway.paths.has(path):
                await self._gateway(scope, receive, send)
                return
        elif scope["type"] == "websocket":
            await self._live(scope, receive, send)
            return
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        await self._api(scope, receive, send)

    async def _lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        await self._begin()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._end()
        await send({"type": "lifespan.shutdown.complete"})
