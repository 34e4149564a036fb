"""The baseline: never without its sample, counted as the figures are, and shown beside them."""

from datetime import datetime, timedelta

import pytest

from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store.database import Database
from tests.api.conftest import Doors, path_of
from tests.api.rows import tell_firing
from tests.conftest import Tenant

LIST = """opened_at,acknowledged_at,resolved_at,alerts
2025-01-01T00:00:00Z,2025-01-01T00:05:00Z,2025-01-01T01:00:00Z,30
2025-01-02T00:00:00+01:00,,2025-01-02T00:30:00+01:00,10
2025-01-03T00:00:00Z,2025-01-03T00:15:00Z,,
"""
TYPED = {
    "kind": "typed",
    "from": "2025-01-01T00:00:00Z",
    "to": "2025-04-01T00:00:00Z",
    "figures": {"mttr_minutes": 95.0, "noise_reduction_pct": -4.0},
    "sample": {"alerts": 41200, "incidents": 3100},
}


async def test_typed_figures_are_kept_as_they_were_given(doors: Doors, tenant: Tenant) -> None:
    path = path_of(tenant.id, "baseline")
    await doors.technician.get(path, 404)
    given = await doors.company_admin.ask("PUT", path, 200, json=TYPED)
    assert {name: given[name] for name in TYPED} == TYPED
    assert await doors.technician.get(path) == given
    await doors.technician.ask("PUT", path, 403, json=TYPED)
    await doors.stranger.get(path, 404)
    await doors.company_admin.ask("DELETE", path, 204)
    await doors.company_admin.ask("DELETE", path, 404)
    entries = (await doors.company_admin.get(path_of(tenant.id, "audit"), resource_kind="baseline"))["items"]
    details = {one["action"]: one["detail"] for one in entries}  # of one instant, so in any order
    assert set(details) == {"baseline_removed", "baseline_set"}
    assert details["baseline_set"]["incidents"] == 3100


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"sample": None}, "body"),
        ({"sample": {"alerts": 0, "incidents": 0}}, "sample"),
        ({"sample": {"alerts": 9, "incidents": 0}}, "sample"),
        ({"sample": {"alerts": 0, "incidents": 9}}, "sample"),
        ({"sample": {"alerts": -1, "incidents": 9}}, "body.sample.alerts"),
        ({"figures": {"happiness": 1.0}}, "figures"),
        ({"figures": {"mttr_minutes": -1.0}}, "figures.mttr_minutes"),
        ({"figures": {"sla_compliance_pct": 101.0}}, "figures.sla_compliance_pct"),
        ({"from": None}, "body"),
        ({"to": "2024-01-01T00:00:00Z"}, "from"),
        ({"to": "2199-01-01T00:00:00Z"}, "from"),
        ({"csv": LIST}, "body.csv"),
        ({"kind": "first_30_days"}, "body.figures"),
        ({"kind": "imported", "csv": LIST}, "body.figures"),
    ],
)
async def test_a_baseline_without_meaning_is_refused(
    doors: Doors, tenant: Tenant, changed: dict[str, object], where: str
) -> None:
    given = {name: value for name, value in {**TYPED, **changed}.items() if value is not None}
    assert (await doors.company_admin.ask("PUT", path_of(tenant.id, "baseline"), 422, json=given))["where"] == where


async def test_a_list_of_incidents_is_counted(doors: Doors, tenant: Tenant) -> None:
    path = path_of(tenant.id, "baseline")
    counted = await doors.company_admin.ask("PUT", path, 200, json={"kind": "imported", "csv": LIST})
    assert counted["sample"] == {"alerts": 40, "incidents": 3}
    assert counted["figures"] == {"mttr_minutes": 45.0, "mtta_minutes": 10.0, "noise_reduction_pct": 92.5}
    assert counted["from"] == "2025-01-01T00:00:00Z"
    longer = {"kind": "imported", "csv": "\ufeff" + LIST, "from": "2024-12-01T00:00:00Z", "to": "2025-02-01T00:00:00Z"}
    assert (await doors.company_admin.ask("PUT", path, 200, json=longer))["to"] == "2025-02-01T00:00:00Z"
    await doors.company_admin.ask("PUT", path, 422, json={**longer, "to": "2025-01-02T00:00:00Z"})


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "row 1"),
        ("title\nx", "row 1"),
        ("opened_at\n", "csv"),
        ("opened_at\nyesterday", "row 2, opened_at"),
        ("opened_at\n2025-01-01T00:00:00", "row 2, opened_at"),
        ("opened_at,resolved_at\n2025-01-02T00:00:00Z,2025-01-01T00:00:00Z", "row 2"),
        ("opened_at,alerts\n2025-01-02T00:00:00Z,many", "row 2, alerts"),
        ("opened_at,alerts\n,3", "row 2"),
    ],
)
async def test_a_list_says_in_which_row_it_is_wrong(doors: Doors, tenant: Tenant, text: str, where: str) -> None:
    given = {"kind": "imported", "csv": text}
    assert (await doors.company_admin.ask("PUT", path_of(tenant.id, "baseline"), 422, json=given))["where"] == where


async def test_the_first_30_days_are_whole_over_and_counted_as_the_figures_are(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    path, first = path_of(tenant.id, "baseline"), {"kind": "first_30_days"}
    assert "sent anything" in (await doors.company_admin.ask("PUT", path, 409, json=first))["detail"]
    began = clock.now()
    await tell_firing(database, tenant.scope, at=began)  # a day that was heard in part only
    at = began + timedelta(days=2)
    await tell_firing(database, tenant.scope, at=at, asset="db-02", repeats=3, ended_at=at + timedelta(minutes=20))
    clock.advance(timedelta(days=30))
    assert "end on" in (await doors.company_admin.ask("PUT", path, 409, json=first))["detail"]
    clock.advance(timedelta(days=2))
    door = doors.company_admin
    found = await door.ask("PUT", path, 200, json=first)
    midnight = (began + timedelta(days=1)).replace(hour=0)
    assert datetime.fromisoformat(found["from"]) == midnight
    assert datetime.fromisoformat(found["to"]) == midnight + timedelta(days=30)
    assert found["sample"] == {"alerts": 4, "incidents": 1}
    assert found["figures"] == {"mttr_minutes": 20.0, "noise_reduction_pct": 75.0}
