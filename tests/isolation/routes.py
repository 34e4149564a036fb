"""Walks every route of the API as one company's administrator, with that company's ids and with the other's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
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

BOTH = "both@example.org"
"""Somebody who serves both companies."""

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
    "credential_id": "SELECT credential_id FROM credential WHERE company_id = $1",
    "feed_id": "SELECT integration_id FROM feed WHERE company_id = $1",
    "approval_id": "SELECT approval_id FROM approval WHERE company_id = $1",
    "run_id": "SELECT run_id FROM run WHERE company_id = $1",
    "act_id": "SELECT act_id FROM run_act WHERE company_id = $1",
    "check_id": "SELECT check_id FROM silence_check WHERE company_id = $1",
    "view_id": "SELECT view_id FROM saved_view WHERE about_id = $1",
    "device_id": "SELECT p.subscription_id FROM push_subscription p JOIN user_company USING (user_id)"
    " WHERE company_id = $1",
    "on_call_id": "SELECT schedule_id FROM on_call_version WHERE company_id = $1",
    "change_id": "SELECT change_id FROM on_call_change WHERE company_id = $1",
    "promise_id": "SELECT promise_id FROM promise WHERE company_id = $1",
    "window_id": "SELECT window_id FROM maintenance_window WHERE company_id = $1",
}


_OTHER_NAMES: Mapping[str, object] = {
    "email": "nobody@example.org",
    "session_id": UUID(int=7),
    "slug": "nothing",
    "group": UUID(int=7),
    "erasure": UUID(int=7),
    "name": "requests_per_minute",
    "version": 1,
}
"""What paths name that is no company's own."""


_WAY = {
    "address": "192.0.2.7",
    "user": "x",
    "host_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPRjx3jJmnNHVPCzlBtJE4yhpHxvCCI6I3Q8y2bXKD6c",
}
_MAY_BE_ABSENT = frozenset(
    {
        "/api/companies/{company_id}/baseline",
        "/api/companies/{company_id}/assets/{asset_id}/binding",
        "/api/companies/{company_id}/runbooks/{slug}",
        "/api/runbooks/{slug}",
    }
)
"""Routes of one thing that a company, or the product, need not have."""


class _Names(dict[str, object]):
    """What fills a path; a kind of thing that neither company has is named by an id that nothing has."""

    missed = False

    def __missing__(self, name: str) -> UUID:
        self.missed = True
        return UUID(int=9)


@dataclass(frozen=True, slots=True)
class Side:
    """A company as its administrator meets it: the token, one id of each kind, and all ids that are its own."""

    company_id: CompanyId
    name: str
    token: str
    ids: Mapping[str, object]
    all_ids: frozenset[str]


async def side_of(owner: Connection, company_id: CompanyId, name: str, token: str) -> Side:
    """Read a company's ids as the database's owner."""
    found = {noun: [row[0] for row in await owner.fetch(query, company_id)] for noun, query in _IDS.items()}
    assert all(found.values()), f"{name} has none of {[noun for noun, ids in found.items() if not ids]}"
    everything = frozenset(str(one) for ids in found.values() for one in ids)
    # Not among all ids: a number is in every answer, as a count or a time.
    number = await owner.fetchval("SELECT number FROM incident WHERE id = $1", found["incident_id"][0])
    return Side(company_id, name, token, {noun: ids[0] for noun, ids in found.items()} | {"number": number}, everything)


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
                path = door.path.format_map(_Names({**ids, **_OTHER_NAMES}))
                query = {"name": "x"} if door.method == "DELETE" and path.endswith("/names") else None
                answer = await client.request(door.method, path, json=_body(door, own), params=query)
                if answer.status_code not in (403, 404):
                    wrong.append(f"{door.method} {path} with the other's ids: {answer.status_code} {answer.text[:200]}")
                elif other.name in answer.text:
                    wrong.append(f"{door.method} {path} names the other")
            if door.method == "GET":
                for asked in _queries(door, own) or [{}]:
                    wrong += await _looks(client, door, own, other, asked)
                wrong += await _looks_for_other(client, door, own, other)
            else:
                wrong += await _names_other_in_body(client, door, own, other)
    return wrong


async def _looks(
    client: httpx.AsyncClient, door: Door, own: Side, other: Side, query: Mapping[str, object]
) -> list[str]:
    """One's own things are shown, and nothing of the other's."""
    wrong: list[str] = []
    names = _Names({**own.ids, **_OTHER_NAMES})
    path = door.path.format_map(names)
    answer = await client.get(path, params=_plain(query))
    absent = answer.status_code == 404 and (names.missed or door.path in _MAY_BE_ABSENT)
    if answer.status_code not in (200, 403) and not absent:
        wrong.append(f"GET {path} with one's own ids: {answer.status_code}")
    shown = [one for one in other.all_ids if one in answer.text]
    if shown or other.name in answer.text:
        wrong.append(f"GET {path} shows {shown or other.name}")
    return wrong


async def _looks_for_other(client: httpx.AsyncClient, door: Door, own: Side, other: Side) -> list[str]:
    """What a query asks for of the other's is answered as what nobody has."""
    nobody = replace(other, company_id=CompanyId(UUID(int=9)), name="Nobody Ltd", ids=_NOBODYS)
    path = door.path.format_map(_Names({**own.ids, **_OTHER_NAMES}))
    wrong: list[str] = []
    for theirs, nobodys in zip(_queries(door, other), _queries(door, nobody), strict=True):
        answers = [await client.get(path, params=_plain(query)) for query in (theirs, nobodys)]
        found = [
            {name: value for name, value in one.json().items() if name not in _OF_THE_MOMENT}
            for one in answers
            if one.status_code == 200
        ]
        if len(found) != len(answers) or found[0] != found[1]:
            wrong.append(f"GET {path} {theirs} is not answered as {nobodys}: {[one.text[:200] for one in answers]}")
    return wrong


_NOBODYS: Mapping[str, object] = {"incident_id": UUID(int=9), "number": 1 << 40}
_OF_THE_MOMENT = frozenset({"took_ms", "until", "as_of"})


def _queries(door: Door, about: Side) -> list[dict[str, object]]:
    """Queries of a route that name things of a company; without any it is asked for nothing in particular."""
    company: list[dict[str, object]] = [{"company": about.company_id}]
    named: Mapping[str, list[dict[str, object]]] = {
        "/api/incidents": company,
        "/api/incidents/counts": company,
        "/api/incidents/activity": [{"id": about.ids["incident_id"]}],
        "/api/search": [{"q": word} for word in (about.name, about.ids["incident_id"], f"#{about.ids['number']}")],
    }
    return named.get(door.path, [])


def _plain(query: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in query.items()}


def _mixtures(door: Door, own: Side, other: Side) -> list[dict[str, object]]:
    """The other's ids alone; and, where the path names the company, the own company with the other's things."""
    if "_id}" not in door.path and "{number}" not in door.path:
        return []
    mixed: list[dict[str, object]] = [dict(other.ids)]
    if "{company_id}" in door.path and door.path.count("_id}") > 1:
        mixed.append({**other.ids, "company_id": own.company_id})
    return mixed


async def _names_other_in_body(client: httpx.AsyncClient, door: Door, own: Side, other: Side) -> list[str]:
    """Some take ids in their bodies."""
    if door.method not in ("POST", "PUT", "PATCH") or not door.path.endswith(_TAKES_IDS):
        return []
    path = door.path.format_map(_Names(own.ids))
    answer = await client.request(door.method, path, json=_body(door, other))
    if door.path.endswith("/bulk"):  # each by itself
        refused = answer.status_code == 200 and all(one["problem"]["status"] == 404 for one in answer.json()["items"])
    else:
        refused = answer.status_code in (404, 409, 422)
    return [] if refused else [f"{door.method} {path} takes the other's ids: {answer.status_code}"]


_TAKES_IDS = (
    *("/merge", "/split", "/bulk", "/handovers", "/views", "/views/{view_id}", "/binding", "/check", "/windows"),
    "/on-call/schedules",
)


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
        "approve": {"hash": "0" * 64},
        "refuse": {"reason": "x"},
        "handovers": {"to": BOTH, "incident_ids": [str(named.ids["incident_id"])]},
        "promises": {"text": "x", "due_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat()},
        "drop": {"why": "x"},
        "freeze": {"windows": []},
        "kill-switch": {"reason": "x"},
        "snooze": {"until_clear": True},
        "bulk": {"act": "acknowledge", "incident_ids": [str(named.ids["incident_id"])]},
        "views": {"name": "x", "address": "", "shared": True, "company_id": str(named.company_id)},
        "{view_id}": {"company_id": str(named.company_id)},
        "plan": {"runbook": "x", "targets": [str(named.ids["asset_id"])]},
        "runs": {
            **{"runbook": "x", "targets": [str(named.ids["asset_id"])], "why": "x", "hash": "0" * 64},
            "start_by": "2026-03-01T08:00:00Z",
        },
        "run-policy": {"trusted_integrations": [], "parameters": []},
        "windows": {
            **{"name": "x", "reason": "x", "starts": "2099-01-01T08:00:00", "ends": "2099-01-01T09:00:00"},
            "assets": [str(named.ids["asset_id"])],
        },
        "extend": {"until": "2099-01-01T08:00:00Z"},
        "rotate": {"values": {"private_key": "x"}},
        "binding": {"executor": "ssh", "settings": _WAY, "credential": str(named.ids["credential_id"])},
        "check": {"credential": str(named.ids["credential_id"])},
        **_on_call_bodies(named),
    }
    return bodies.get(door.path.rsplit("/", 1)[-1], {})


def _on_call_bodies(named: Side) -> Mapping[str, object]:
    tomorrow, after = ((datetime.now(UTC) + timedelta(days=days)).isoformat() for days in (1, 2))
    plan = {
        **{"name": "x", "time_zone": "UTC", "company_id": str(named.company_id)},
        "layers": [{"name": "x", "people": [BOTH], "starts_on": "2026-01-05"}],
    }
    return {
        "schedules": plan,
        "preview": plan,
        "{on_call_id}": {name: one for name, one in plan.items() if name != "company_id"} | {"version": 1},
        "overrides": {"to": tomorrow},
        "swaps": {
            **{"from": tomorrow, "to": after, "other": BOTH},
            **{"other_from": tomorrow, "other_to": after},
        },
        "import": {"calendar": "BEGIN:VCALENDAR"},
    }
