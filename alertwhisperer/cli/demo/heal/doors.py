"""What a person sets up before anything can mend itself: all of it through the API, as a client's admin would."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib import resources
from typing import Any

from alertwhisperer.cli.demo.heal.own_server import Greeting
from alertwhisperer.cli.demo.heal.target import HOST, Target
from alertwhisperer.cli.demo.server import Server
from alertwhisperer.domain.errors import Permanent
from alertwhisperer.ingest.signature import signature_of

ASSET = "shop-01"
RUNBOOK = "start-shop"
SIGNATURE = "Shop is down"
_SOURCE = "generic"


@dataclass(frozen=True, slots=True)
class Tool:
    """The monitoring tool of the demo: what it signs with."""

    api_key: str = field(repr=False)
    secret: str = field(repr=False)


class Doors:
    """The company of the demo, as its administrator meets it over HTTP."""

    def __init__(self, server: Server, greeting: Greeting) -> None:
        self._server = server
        self._greeting = greeting

    async def bind_target(self, there: Target) -> None:
        """
        Keep the key, confirm the asset, say how it is reached, and look whether that holds.

        Raises:
            Permanent: the target does not let us in.
        """
        values = {"private_key": there.private_key}
        credential = await self._post("credentials", {"name": "shop servers", "executor": "ssh", "values": values})
        asset = await self._post("assets", {"name": ASSET, "platform": "linux", "kind": "server"})
        settings = {
            "address": HOST,
            "port": str(there.port),
            "user": there.user,
            "host_key": there.host_key,
            "folder": str(there.records),
        }
        way = f"assets/{asset['id']}/binding"
        await self._put(way, {"executor": "ssh", "settings": settings, "credential": credential["id"]})
        checked = await self._post(f"{way}/check", None)
        if not checked["holds"]:
            raise Permanent(f"{'; '.join(checked['wrong'])}; the SSH server says: {there.sshd.last_words()}")

    async def add_runbook(self, there: Target) -> dict[str, Any]:
        """Keep the company's own runbook, and what it is given when nobody says: the program of this very shop."""
        text = resources.files("alertwhisperer.cli.demo.heal").joinpath(f"{RUNBOOK}.toml").read_text(encoding="utf-8")
        await self._put(f"runbooks/{RUNBOOK}", {"text": text})
        return await self._put(f"runbooks/{RUNBOOK}/override", {"parameters": {"control": str(there.control)}})

    async def let_low_risk_pass(self) -> None:
        """The company's word that low risk needs nobody's consent."""
        await self._put("settings/auto_approve_low", {"value": "yes"})

    async def add_tool(self) -> Tool:
        """An integration that refuses what is not signed: only such alerts start anything by themselves."""
        body = {"source": _SOURCE, "name": "The demo's monitoring", "require_signature": True}
        made = await self._post("integrations", body)
        return Tool(made["api_key"], made["hmac_secret"])

    async def tell(self, tool: Tool, *, firing: bool, message: str, now: datetime) -> None:
        """The tool says that the shop is down, or up again: a signed webhook."""
        document = {
            "asset_name": ASSET,
            "signature": SIGNATURE,
            "severity": "critical",
            "message": message,
            "status": "firing" if firing else "resolved",
        }
        body = json.dumps(document).encode()
        timestamp = f"{int(now.timestamp()):010d}"
        signature = signature_of(tool.secret.encode(), timestamp, None, body)
        headers = {"Content-Type": "application/json", "X-Timestamp": timestamp, "X-Signature": signature}
        await self._server.post(_SOURCE, body, headers, tool.api_key)

    async def incidents(self) -> list[dict[str, Any]]:
        """Of the company, newest first."""
        return await self._server.incidents(self._greeting.company_id, self._greeting.token)

    async def incident(self, identity: str) -> dict[str, Any]:
        """One with its timeline."""
        return await self._server.incident(identity, self._greeting.token)

    async def mending(self, identity: str) -> dict[str, Any]:
        """What was thought and done about it."""
        return await self._ask("GET", f"/api/incidents/{identity}/mending")

    async def run(self, identity: str) -> dict[str, Any]:
        """One run with its scripts."""
        return await self._ask("GET", f"/api/runs/{identity}")

    async def kpis(self, since: datetime) -> dict[str, Any]:
        """The company's figures."""
        return await self._server.kpis(self._greeting.company_id, self._greeting.token, since)

    async def _post(self, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        return await self._ask("POST", self._of_company(path), **({} if body is None else {"json": body}))

    async def _put(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return await self._ask("PUT", self._of_company(path), json=body)

    async def _ask(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        return await self._server.ask(method, path, self._greeting.token, **more)

    def _of_company(self, path: str) -> str:
        return f"/api/companies/{self._greeting.company_id}/{path}"
