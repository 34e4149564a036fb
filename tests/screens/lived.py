"""What there is where people live with the product: who is called, rules, reports, promises, and work under way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from alertwhisperer.domain.company import CompanyId

Ask = Callable[..., Any]

_RULE = {
    "id": "databases",
    "name": "One incident per database host",
    "condition": 'labels["team"] == "dba"',
    "group_by": ["asset"],
    "cross_tool": True,
    "window": "sliding",
    "window_s": 900,
    "hold_s": 0,
    "least_count": 1,
    "life_s": 86_400,
    "reopen_s": 300,
}
_CONTACTS = (
    {
        "name": "Helen Marsh",
        "role": "practice manager",
        "phone": "+44 20 7946 0018",
        "email": "helen.marsh@example.org",
        "hours": "07:30 to 18:00",
        "notes": "Do not reboot the imaging server while a scan runs.",
    },
    {"name": "Out-of-hours desk", "role": "reception", "phone": "+44 20 7946 0444", "hours": "nights and weekends"},
)
_BASELINE = {
    "kind": "typed",
    "figures": {"mtta_minutes": 22.0, "mttr_minutes": 95.0},
    "sample": {"alerts": 41_200, "incidents": 3_100},
}
_TAKEN = (4, 2, 6, 3)  # of a company's incidents, the one that somebody took, by company


def take_turns(ask: Ask, people: Sequence[str], now: datetime) -> None:
    """A schedule of two people for all companies: weeks, hours of the day, somebody away and a gap that this leaves."""
    monday = (now - timedelta(days=now.weekday() + 7)).date().isoformat()
    workdays = {"days": [0, 1, 2, 3, 4], "from": "08:00", "to": "18:00"}
    layers = [
        {"name": "Around the clock", "people": list(people), "starts_on": monday},
        {"name": "Desk", "people": list(reversed(people)), "unit": "day", "starts_on": monday, "hours": [workdays]},
    ]
    plan = {"name": "Operations", "time_zone": "Europe/Berlin", "serves": {"everybody": True}, "layers": layers}
    made = ask("POST", "/api/on-call/schedules", plan)
    away = {"from": _written(now + timedelta(days=9)), "to": _written(now + timedelta(days=11))}
    changes = f"/api/on-call/schedules/{made['id']}/overrides"
    ask("POST", changes, {**away, "kind": "absence", "who": people[0], "reason": "At the conference."})
    takes = {"from": _written(now + timedelta(days=2)), "to": _written(now + timedelta(days=2, hours=8))}
    ask("POST", changes, {**takes, "who": people[1], "reason": "Swapped by phone."})


def settle_in(ask: Ask, company_id: CompanyId, now: datetime) -> None:
    """A company that is set up: whom to call, a rule of its own, reports, and a freeze that is to come."""
    of = f"/api/companies/{company_id}"
    for contact in _CONTACTS:
        ask("POST", f"{of}/contacts", contact)
    ask("PUT", f"{of}/rules", {"based_on": 0, "rules": [_RULE]})
    schedule = {"name": "Monthly for the customer", "every": "month", "day": 1, "hour": 6, "formats": ["pdf", "xlsx"]}
    ask("POST", f"{of}/report-schedules", schedule)
    before = {"from": _written(now - timedelta(days=120)), "to": _written(now - timedelta(days=30))}
    ask("PUT", f"{of}/baseline", _BASELINE | before)
    for form, period in (("pdf", "last_30_days"), ("xlsx", "last_week")):
        ask("POST", f"{of}/reports", {"format": form, "period": period})
    window = {"from": _written(now + timedelta(hours=20)), "to": _written(now + timedelta(hours=30))}
    ask("PUT", f"{of}/freeze", {"windows": [window | {"reason": "Move to the new storage"}]})


def work(ask: Ask, companies: Sequence[CompanyId], people: Sequence[str], now: datetime) -> None:
    """Some of what is open is somebody's, and a client was promised something."""
    for place, company_id in enumerate(companies):
        items = ask("GET", f"/api/companies/{company_id}/incidents")["items"]
        mine = [one for one in items if one["status"] == "open"][_TAKEN[place % len(_TAKEN)] :][:2]
        for one in mine:
            ask("POST", f"/api/incidents/{one['id']}/acknowledge")
            ask("POST", f"/api/incidents/{one['id']}/assign", {"assignee": people[place % len(people)]})
        if place == 0 and mine:
            promise = {"text": "A call once the backup runs again.", "due_at": _written(now + timedelta(hours=3))}
            ask("POST", f"/api/incidents/{mine[0]['id']}/promises", promise)


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
