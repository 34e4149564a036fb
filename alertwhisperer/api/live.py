"""
The live door, `/api/live`: a WebSocket that tells a person which things of their companies changed.

It says ids; with `?rows=1` also what the incidents are now, so that a page need not ask: then it is a look across
companies, which the audit log knows of as of any other. Each message says where the line is, and a line that was lost
goes on there with `?from=`. A browser's line must come from a page of ours; rights are looked at again and again, and a
line whose person may not watch any more ends.
"""

import asyncio
import json
from collections.abc import Mapping, MutableMapping
from types import MappingProxyType
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from alertwhisperer.api.access import person_on_line
from alertwhisperer.api.client import client_ip
from alertwhisperer.api.desk import Desk
from alertwhisperer.api.hub import Hub, Watcher, message
from alertwhisperer.api.problem import Unauthenticated
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.errors import Forbidden
from alertwhisperer.domain.live import ChangeKind
from alertwhisperer.domain.user import Person
from alertwhisperer.guard.crossing import crossing, served_by
from alertwhisperer.guard.permissions import Action, may
from alertwhisperer.kit.ids import uuid7

PATH = "/api/live"
TOPICS: Mapping[ChangeKind, Action] = MappingProxyType(
    {
        ChangeKind.INCIDENT: Action.INCIDENT_READ,
        ChangeKind.APPROVAL: Action.APPROVAL_READ,
        ChangeKind.RUN: Action.RUN_READ,
        ChangeKind.ALERT: Action.ALERT_READ,
        ChangeKind.KPI: Action.KPI_READ,
        ChangeKind.OUTPUT: Action.RUN_READ,
    }
)
"""Whom a kind of change is told: whoever may read such things."""

NOBODY, NOT_ALLOWED = 4401, 4403
"""Why a line was closed by us."""

_LOOK_AGAIN_S = 5.0
"""How long somebody is told after a right was taken away, at most."""
_SEND_S = 20.0


class LiveDoor:
    """ASGI application of the one path."""

    def __init__(self, desk: Desk, hub: Hub) -> None:
        self._desk = desk
        self._hub = hub

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Serve one line until it is lost or its person may not watch any more."""
        line = WebSocket(scope, receive, send)
        if scope["path"] != PATH:
            await line.close()  # before it is accepted: the other side sees 403
            return
        try:
            person = await person_on_line(line, self._desk)
        except (Unauthenticated, Forbidden) as refusal:
            await line.accept()  # a browser is told a reason only once the line is open
            await line.close(NOBODY if isinstance(refusal, Unauthenticated) else NOT_ALLOWED, refusal.what[:120])
            return
        await line.accept()
        watcher = Watcher((), ())
        await self._let_hear(line, watcher, person)
        async with self._hub.watching(watcher, line.query_params.get("from")):
            await self._serve(line, watcher)

    async def _serve(self, line: WebSocket, watcher: Watcher) -> None:
        listening = asyncio.create_task(_until_lost(line))
        try:
            await self._say(line, "here")
            while not listening.done():
                if not await self._still_may(line, watcher):
                    return
                await self._tell(line, watcher, listening)
        except (WebSocketDisconnect, TimeoutError, RuntimeError):
            pass  # the line is lost, or takes nothing: the other side comes again and goes on where it was
        finally:
            listening.cancel()

    async def _tell(self, line: WebSocket, watcher: Watcher, listening: asyncio.Task[None]) -> None:
        """What comes until rights are to be looked at again."""
        clock = self._desk.clock
        until = clock.monotonic() + _LOOK_AGAIN_S
        while not listening.done() and clock.monotonic() < until:
            if not await watcher.wait(until - clock.monotonic()):
                continue
            told, anew = watcher.take()
            if anew:
                await self._say(line, "anew")
            elif told:
                at, place = clock.now().isoformat(), self._hub.place
                await self._send(line, message(told, place=place, at=at, with_rows=watcher.with_rows))
        await self._say(line, "here")

    async def _say(self, line: WebSocket, kind: str) -> None:
        said = {"type": kind, "place": self._hub.place, "at": self._desk.clock.now().isoformat()}
        await self._send(line, json.dumps(said))

    async def _send(self, line: WebSocket, text: str) -> None:
        async with asyncio.timeout(_SEND_S):
            await line.send_text(text)

    async def _still_may(self, line: WebSocket, watcher: Watcher) -> bool:
        try:
            person = await person_on_line(line, self._desk)
        except (Unauthenticated, Forbidden) as refusal:
            await line.close(NOBODY if isinstance(refusal, Unauthenticated) else NOT_ALLOWED, refusal.what[:120])
            return False
        await self._let_hear(line, watcher, person)
        return True

    async def _let_hear(self, line: WebSocket, watcher: Watcher, person: Person) -> None:
        """What the person may be told of now."""
        companies = await served_by(self._desk.database, person)
        asked = line.query_params.get("rows") == "1"
        with_rows = asked and await self._may_see_rows(line, person, several=len(set(companies) - {INSTALLATION}) > 1)
        watcher.companies, watcher.kinds, watcher.with_rows = frozenset(companies), kinds_of(person), with_rows

    async def _may_see_rows(self, line: WebSocket, person: Person, *, several: bool) -> bool:
        """Rows of several companies are for who may look across them, through the audited door."""
        if not several or not may(person.user, Action.INCIDENT_CROSS, person.means):
            return not several
        now, user = self._desk.clock.now(), person.user
        ip = client_ip(line, self._desk.trusted_proxies)
        by = Scope(INSTALLATION, user.email, uuid7(now).hex, user.id, ip)
        async with crossing(self._desk.database, by, person, Action.INCIDENT_CROSS, now=now):
            return True


def kinds_of(person: Person) -> frozenset[ChangeKind]:
    """What a person may be told of."""
    return frozenset(kind for kind, action in TOPICS.items() if may(person.user, action, person.means))


async def _until_lost(line: WebSocket) -> None:
    """Take what the other side sends, which means nothing, until it is gone."""
    while (await line.receive())["type"] != "websocket.disconnect":
        pass
