"""Walks every route of the API as one company's administrator, with that company's ids and with the other's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import httpx

from alertwhisperer.api.access import Allow, Door, doors
from alertwhisperer.api.application import make_api
from alertwhisperer.api.desk import Desk
from alertwhisperer.app.build import House
from alertwhisperer.domain.company import CompanyId, Scope
from alertwhisperer.domain.rerun import Reran
from alertwhisperer.store.database import Connection
from tests.server import bearer

_IDS: Mapping[str, str] = {
    "company_id": "SELECT company_id FROM company WHERE company_id = $1",
    "integration_id": "SELECT integration_id FROM integration WHERE company_id = $1",
    "key_id": "SELECT key_id FROM integration_key WHERE company_id = $1",
    "alert_id": "SELECT id FROM alert WHERE company_id = $1",
    "incident_id": "SELECT incident_id FROM incident_state WHERE company_id = $1 AND status >= 2",
    "delivery_id": "SELECT id FROM delivery WHERE company_id = $1",
    "quarantine_id": "SELECT id FROM quarantine WHERE company_id = $1",
    "action_id": "SELECT id FROM source_action WHERE company_id = $1",
    "site_id": "SELECT site_id FROM site WHERE company_id = $1",
    "asset_id": "SELECT asset_id FROM asset WHERE company_id = $1",
    "edge_id": "SELECT edge_id FROM asset_edge WHERE company_id = $1",
    "contact_id": "SELECT contact_id FROM contact WHERE company_id = $1",
    "feed_id": "SELECT integration_id FROM feed WHERE company_id = $1",
    "check_id": "SELECT check_id FROM silence_check WHERE company_id = $1",
}


_OTHER_NAMES: Mapping[str, object] = {
    "email": "nobody@example.org",
    "group": UUID(int=7),
    "name": "requests_per_minute",
    "version": 1,
}
"""What paths name that is no company's own."""


@dataclass(frozen=True, slots=True)
class Side:
    """A company as its administrator meets it: the token, one id of each kind, and all ids that are its own."""

    company_id: CompanyId
    name: str
    token: str
    ids: Mapping[str, UUID]
    all_ids: frozenset[str]


async def side_of(owner: Connection, company_id: CompanyId, name: str, token: str) -> Side:
    """Read a company's ids as the database's owner."""
    found = {noun: [row[0] for row in await owner.fetch(query, company_id)] for noun, query in _IDS.items()}
    assert all(found.values()), f"{name} has none of {[noun for noun, ids in found.items() if not ids]}"
    everything = frozenset(str(one) for ids in found.values() for one in ids)
    return Side(company_id, name, token, {noun: ids[0] for noun, ids in found.items()}, everything)


def routes_of(house: House) -> list[Door]:
    """All routes that need a person."""

    async def rerun(scope: Scope, quarantine_id: UUID) -> None:
        raise NotImplementedError  # the application is only asked for its routes

    async def rerun_all(scope: Scope, integration_id: UUID, after: UUID | None) -> Reran:
        raise NotImplementedError

    parts = (house.database, house.vault, house.clock, house.sources, "", house.database.answers, lambda: b"")
    desk = Desk(*parts, rerun, rerun_all)
    return [door for door in doors(make_api(desk)) if isinstance(door.declares, Allow)]


async def walk(routes: Sequence[Door], url: str, own: Side, other: Side) -> list[str]:
    """What is wrong: a route that shows, or takes, anything of the other company."""
    wrong: list[str] = []
    async with httpx.AsyncClient(base_url=url, headers=bearer(own.token), timeout=30, trust_env=False) as client:
        for door in routes:
            for ids in _mixtures(door, own, other):
                path = door.path.format_map({**ids, **_OTHER_NAMES})
                query = {"name": "x"} if door.method == "DELETE" and path.endswith("/names") else None
                answer = await client.request(door.method, path, json=_body(door, own), params=query)
                if answer.status_code not in (403, 404):
                    wrong.append(f"{door.method} {path} with the other's ids: {answer.status_code} {answer.text[:200]}")
                elif other.name in answer.text:
                    wrong.append(f"{door.method} {path} names the other")
            if door.method == "GET":
                path = door.path.format_map({**own.ids, **_OTHER_NAMES})
                answer = await client.get(path)
                if answer.status_code not in (200, 403):
                    wrong.append(f"GET {path} with one's own ids: {answer.status_code}")
                shown = [one for one in other.all_ids if one in answer.text]
                if shown or other.name in answer.text:
                    wrong.append(f"GET {path} shows {shown or other.name}")
            elif "_id}" in door.path:
                wrong += await _names_other_in_body(client, door, own, other)
    return wrong


def _mixtures(door: Door, own: Side, other: Side) -> list[dict[str, object]]:
    """The other's ids alone; and, where the path names the company, the own company with the other's things."""
    if "_id}" not in door.path:
        return []
    mixed: list[dict[str, object]] = [dict(other.ids)]
    if "{company_id}" in door.path and door.path.count("_id}") > 1:
        mixed.append({**other.ids, "company_id": own.company_id})
    return mixed


async def _names_other_in_body(client: httpx.AsyncClient, door: Door, own: Side, other: Side) -> list[str]:
    """Merge and split take ids in their bodies."""
    if not door.path.endswith(("/merge", "/split")):
        return []
    path = door.path.format_map(own.ids)
    answer = await client.request(door.method, path, json=_body(door, other))
    refused = answer.status_code in (404, 409, 422)
    return [] if refused else [f"{door.method} {path} takes the other's ids: {answer.status_code}"]


def _body(door: Door, named: Side) -> object:
    """A body that the route would take, which names things of one company; None for none."""
    if door.method == "GET":
        return None
    bodies: Mapping[str, object] = {
        "rules": {"rules": []},
        "integrations": {"source": "prometheus", "name": "x"},
        "names": {"name": "x"},
        "assign": {"assignee": None},
        "comment": {"text": "x"},
        "trial": {"sample": {"body": "{}"}},
        "merge": {"into": str(named.ids["asset_id"])}
        if "asset_id" in door.path
        else {"incident_ids": [str(named.ids["incident_id"])]},
        "split": {"alert_ids": [str(named.ids["alert_id"])]},
    }
    return bodies.get(door.path.rsplit("/", 1)[-1], {})
