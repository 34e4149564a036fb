"""Clients that send signed deliveries through crashes, and remember what was acknowledged."""

import asyncio
import json
from dataclasses import dataclass, field
from random import Random
from uuid import UUID, uuid4

import httpx

from tests.server import Sender

_RETRY_S = 0.05
_ANSWER_S = 30.0


@dataclass(slots=True)
class Sent:
    """One delivery of a client: its marker stands in each member's message."""

    marker: str
    members: int
    named: bool
    tries: int = 0
    delivery_id: UUID | None = None  # set when it was acknowledged


@dataclass(slots=True)
class Load:
    """Everything that was sent; `unexpected` holds answers that no crash explains."""

    sent: list[Sent] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)

    @property
    def acknowledged(self) -> list[Sent]:
        """What a server said that it has."""
        return [one for one in self.sent if one.delivery_id is not None]


async def client(url: str, senders: list[Sender], load: Load, chance: Random, stop: asyncio.Event) -> None:
    """
    Send until told to stop.

    Half of the deliveries have the sender's own id and are sent again until they are acknowledged, as tools do; the
    other half are sent once, and a lost answer stays lost.
    """
    async with httpx.AsyncClient(timeout=_ANSWER_S, trust_env=False) as http:
        while not stop.is_set():
            sender = chance.choice(senders)
            sent = Sent(uuid4().hex, chance.choice((1, 1, 1, 5, 40)), chance.random() < 0.5)
            load.sent.append(sent)
            body = _body(sent, chance)
            while True:
                sent.tries += 1
                done = await _try(http, url, sender, sent, body, load)
                if done or not sent.named:
                    break
                await asyncio.sleep(_RETRY_S)


async def _try(http: httpx.AsyncClient, url: str, sender: Sender, sent: Sent, body: bytes, load: Load) -> bool:
    headers = sender.headers(body, delivery_id=sent.marker if sent.named else None)
    try:
        answer = await http.post(url + sender.path, content=body, headers=headers)
    except httpx.TransportError:
        return False
    if answer.status_code == 202:
        sent.delivery_id = UUID(answer.json()["delivery_id"])
        return True
    if answer.status_code != 503:
        load.unexpected.append(f"{answer.status_code}: {answer.text[:200]}")
        return True
    return False


def _body(sent: Sent, chance: Random) -> bytes:
    members = [
        {
            "asset_name": f"host-{chance.randrange(40)}",
            "signature": f"Check {chance.randrange(5)}",
            "severity": "high",
            "message": f"marker {sent.marker} member {index}",
            "tool_source": "crash",
            "status": "resolved" if chance.random() < 0.2 else "firing",
        }
        for index in range(sent.members)
    ]
    return json.dumps(members[0] if sent.members == 1 else members).encode()
