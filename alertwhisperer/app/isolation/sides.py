"""Two companies alike, each full of words of its own: what the proof looks for is what only one of them has."""

import secrets
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from alertwhisperer.app.build import House
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.errors import Permanent
from alertwhisperer.domain.user import Role
from alertwhisperer.guard.companies import add_company
from alertwhisperer.guard.people import add_user
from alertwhisperer.guard.tokens import add_token
from alertwhisperer.ingest.integrations import add_integration
from alertwhisperer.store import isolation
from alertwhisperer.store.database import Connection

_BY = Scope(INSTALLATION, "prover")


_FILLED = (
    "integration_id", "key_id", "alert_id", "incident_id", "delivery_id", "quarantine_id", "site_id", "asset_id",
    "edge_id", "contact_id", "credential_id", "check_id", "token_id", "report_id", "schedule_id",
    "promise_id", "handover_id", "on_call_id", "change_id", "calendar_feed_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Side:
    """
    A company as the proof knows it.

    Attributes:
        canary: a word that stands in every text of it, and nowhere else.
        tokens: of its people, by role.
        ids: one of its own things of each kind.
        all_ids: every id of a thing of it.
        emails: of its people: the admin, the technician, the reader.
    """

    company_id: CompanyId
    canary: str
    tokens: Mapping[Role, str]
    ids: Mapping[str, UUID]
    all_ids: frozenset[str]
    emails: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Begun:
    """A company before its things have ids."""

    company_id: CompanyId
    canary: str
    tokens: Mapping[Role, str]
    emails: tuple[str, ...]
    api_key: str


async def begin(house: House) -> Begun:
    """A company with people of each role that serves one, and a tool that may send."""
    canary = f"canary{secrets.token_hex(8)}"
    now = house.clock.now()
    company = await add_company(house.database, _BY, f"{canary} Ltd", now=now)
    tokens, emails = {}, []
    for role in (Role.COMPANY_ADMIN, Role.TECHNICIAN, Role.READER):
        user = await add_user(house.database, _BY, f"{role.value}.{canary}@example.org", role, [company.id], now=now)
        tokens[role] = (await add_token(house.database, house.vault, _BY, user.email, now=now)).token
        emails.append(user.email)
    scope = _BY.at(company.id)
    made = await add_integration(
        house.database, house.vault, house.sources, scope, source="native", name=f"{canary} tool", now=now
    )
    await add_integration(
        house.database, house.vault, house.sources, scope, source="heartbeat", name=f"{canary} beat", now=now
    )
    return Begun(company.id, canary, tokens, tuple(emails), made.api_key)


async def fill(client: httpx.AsyncClient, begun: Begun) -> None:
    """
    Put the canary into every kind of thing, through the doors that people and tools use.

    Raises:
        Permanent: a door refused what it must take; the proof would prove nothing.
    """
    word, key = begun.canary, {"X-API-Key": begun.api_key}
    for number, severity in enumerate(("critical", "high", "low")):
        told = {
            "asset": f"{word}-host-{number}",
            "signature": f"{word} check",
            "severity": severity,
            "kind": "firing",
            "message": f"{word} message",
            "labels": {"note": word},
        }
        await _must(client.post("/api/webhooks/native", json={"occurrences": [told]}, headers=key))
    await _must(client.post("/api/webhooks/native", content=f"{{{word}".encode(), headers=key))
    admin = {"Authorization": f"Bearer {begun.tokens[Role.COMPANY_ADMIN]}"}
    home = f"/api/companies/{begun.company_id}"
    site = await _must(
        client.post(f"{home}/sites", json={"name": f"{word} site", "notes": word, "time_zone": "UTC"}, headers=admin)
    )
    assets = [
        await _must(
            client.post(
                f"{home}/assets",
                json={"name": f"{word}-asset-{number}", "notes": word, "site_id": site["id"]},
                headers=admin,
            )
        )
        for number in range(2)
    ]
    await _must(
        client.post(
            f"{home}/edges",
            json={"from_asset": assets[0]["id"], "to_asset": assets[1]["id"], "kind": "depends_on"},
            headers=admin,
        )
    )
    await _must(client.post(f"{home}/contacts", json={"name": f"{word} person", "notes": word}, headers=admin))
    kept = {"name": f"{word} credential", "executor": "ssh", "values": {"private_key": word}}
    await _must(client.post(f"{home}/credentials", json=kept, headers=admin))
    await _must(client.post(f"{home}/reports", json={"period": "last_week", "format": "csv"}, headers=admin))
    scheduled = {"name": f"{word} schedule", "every": "month"}
    await _must(client.post(f"{home}/report-schedules", json=scheduled, headers=admin))
    listed = await _must(client.get(f"{home}/incidents", headers=admin))
    for incident in listed["items"]:
        path = f"/api/incidents/{incident['id']}/comment"
        await _must(client.post(path, json={"text": f"{word} comment"}, headers=admin))
        due = datetime.fromisoformat(incident["opened_at"]) + timedelta(days=1)
        promised = {"text": f"{word} promise", "due_at": due.isoformat()}
        await _must(client.post(f"/api/incidents/{incident['id']}/promises", json=promised, headers=admin))
    offered = {"to": begun.emails[1], "note": word, "incident_ids": [one["id"] for one in listed["items"]]}
    await _must(client.post("/api/handovers", json=offered, headers=admin))
    await _put_on_call(client, begun, admin)


async def _put_on_call(client: httpx.AsyncClient, begun: Begun, admin: Mapping[str, str]) -> None:
    """A schedule of the company, a stretch that somebody takes, and a calendar address."""
    word, path = begun.canary, "/api/on-call/schedules"
    layer = {"name": f"{word} layer", "people": [begun.emails[1]], "starts_on": "2026-01-05"}
    plan = {"name": f"{word} on call", "time_zone": "UTC", "layers": [layer], "company_id": str(begun.company_id)}
    made = await _must(client.post(path, json=plan, headers=admin))
    until = datetime.fromisoformat(made["holds_from"]) + timedelta(days=1)
    taken = {"to": until.isoformat(), "reason": word}
    await _must(client.post(f"{path}/{made['id']}/overrides", json=taken, headers=admin))
    await _must(client.post("/api/on-call/feeds", json={"schedule_id": made["id"]}, headers=admin))


async def finish(owner: Connection, begun: Begun) -> Side:
    """
    The company with the ids of its things, read as the database's owner.

    Raises:
        Permanent: it was not filled as it must be.
    """
    found = await isolation.ids_of(owner, begun.company_id)
    if missing := sorted(noun for noun in _FILLED if not found[noun]):
        raise Permanent(f"the scratch company has no {', '.join(missing)}: the proof would prove nothing")
    everything = frozenset(str(one) for ids in found.values() for one in ids)
    ids = {noun: mine[0] for noun, mine in found.items() if mine}
    return Side(begun.company_id, begun.canary, begun.tokens, ids, everything, begun.emails)


async def _must(asked: Awaitable[httpx.Response]) -> Any:
    answer = await asked
    if answer.status_code not in (200, 201, 202):
        raise Permanent(
            f"{answer.request.method} {answer.request.url.path} answered {answer.status_code}: {answer.text}"
        )
    return answer.json()
