"""Incidents as people read them: members, state, timeline and why."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from alertwhisperer.domain.severity import Severity
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store.database import Database
from tests.api.conftest import Doors, path_of
from tests.api.rows import tell_firing
from tests.conftest import People, Tenant


async def test_an_incident_names_its_tools_assets_rule_and_reasons(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    first = await tell_firing(database, tenant.scope, at=clock.now(), severity=Severity.HIGH)
    await tell_firing(
        database,
        tenant.scope,
        at=clock.now() + timedelta(minutes=1),
        source="zabbix",
        asset="db-02",
        incident_id=first.incident_id,
    )
    incident = await doors.technician.get(f"/api/incidents/{first.incident_id}")
    assert incident["tools"] == ["prometheus", "zabbix"]
    assert incident["assets"] == ["db-01", "db-02"]
    assert (incident["alert_count"], incident["firing_count"], incident["occurrence_count"]) == (2, 2, 2)
    assert (incident["status"], incident["severity"]) == ("open", "critical")
    assert incident["rule"] == {"id": "default", "name": "Same asset and signature", "version": 0}
    assert incident["aggregation_key"] == "db-01|DiskFull"
    assert [alert["source"] for alert in incident["alerts"]] == ["prometheus", "zabbix"]
    assert [entry["kind"] for entry in incident["timeline"]] == ["opened_first", "joined_window"]
    assert incident["why"][0].startswith("It opened an incident")
    assert incident["why"][-1].startswith("1 more alert: It joined")
    assert [(one["kind"], one["count"]) for one in incident["reasons"]] == [("First", 1), ("Rule", 1)]
    assert incident["in_short"].startswith("“DiskFull” began on db-01, “DiskFull” on db-02 1 m later. 2 tools sent")
    assert [entry["group"] for entry in incident["timeline"]] == ["alerts", "alerts"]
    [listed] = (await doors.technician.get(path_of(tenant.id, "incidents")))["items"]
    assert listed.items() <= incident.items()


async def test_an_alert_that_a_person_moved_is_a_member_where_it_is_now(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    moved = await tell_firing(database, tenant.scope, at=clock.now(), asset="db-01")
    other = await tell_firing(database, tenant.scope, at=clock.now(), asset="db-02")
    async with database.unit_of_work(tenant.scope) as unit:
        await unit.connection.execute(
            "UPDATE alert_state SET incident_id = $3 WHERE company_id = $1 AND alert_id = $2",
            *(unit.company_id, moved.alert_id, other.incident_id),
        )
    incident = await doors.technician.get(f"/api/incidents/{other.incident_id}")
    assert incident["assets"] == ["db-01", "db-02"]
    left = await doors.technician.get(f"/api/incidents/{moved.incident_id}")
    assert (left["assets"], left["alerts"]) == ([], [])
    assert (await doors.technician.get(f"/api/alerts/{moved.alert_id}"))["incident_id"] == str(other.incident_id)


async def test_states_and_filters(doors: Doors, database: Database, tenant: Tenant, clock: ManualClock) -> None:
    at = clock.now()
    is_open = await tell_firing(database, tenant.scope, at=at, asset="a")
    taken = await tell_firing(database, tenant.scope, at=at + timedelta(minutes=1), asset="b", severity=Severity.LOW)
    done = await tell_firing(
        database, tenant.scope, at=at + timedelta(minutes=2), asset="c", ended_at=at + timedelta(minutes=3)
    )
    merged = await tell_firing(database, tenant.scope, at=at + timedelta(minutes=4), asset="d")
    async with database.unit_of_work(tenant.scope) as unit:
        await unit.connection.execute(
            "UPDATE incident SET acknowledged_at = $3, acknowledged_by = 'kim', assignee = 'kim'"
            " WHERE company_id = $1 AND id = $2",
            *(unit.company_id, taken.incident_id, at),
        )
        await unit.connection.execute(
            "UPDATE incident SET merged_into = $3 WHERE company_id = $1 AND id = $2",
            *(unit.company_id, merged.incident_id, is_open.incident_id),
        )
        await unit.connection.execute(
            "UPDATE incident_state SET status = 4 WHERE company_id = $1 AND incident_id = $2",
            *(unit.company_id, merged.incident_id),
        )

    async def ids(**query: object) -> list[str]:
        found = await doors.technician.get(path_of(tenant.id, "incidents"), **query)
        return [incident["id"] for incident in found["items"]]

    first, second, third, fourth = (str(one.incident_id) for one in (is_open, taken, done, merged))
    assert await ids() == [third, second, first]
    assert await ids(status="open") == [first]
    assert await ids(status=["acknowledged", "merged"]) == [fourth, second]
    assert await ids(status="resolved") == [third]
    assert await ids(severity="low") == [second]
    assert await ids(assignee="kim") == [second]
    assert await ids(
        **{"from": (at + timedelta(minutes=1)).isoformat(), "to": (at + timedelta(minutes=2)).isoformat()}
    ) == [second]
    assert (await doors.technician.get(f"/api/incidents/{fourth}"))["merged_into"] == first


async def test_the_timeline_holds_acts_and_words_in_order(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    at = clock.now()
    told = await tell_firing(database, tenant.scope, at=at, ended_at=at + timedelta(minutes=9))
    later = at + timedelta(minutes=5)
    async with database.unit_of_work(tenant.scope) as unit:
        await unit.connection.execute(
            "INSERT INTO act VALUES ($1, $2, 1, $3, 'acknowledge', 'kim', $4, '{}')",
            *(unit.company_id, uuid7(later), later, told.incident_id),
        )
        await unit.connection.execute(
            "INSERT INTO incident_comment VALUES ($1, $2, $3, $4, 'kim', 'old logs')",
            *(unit.company_id, uuid7(later), told.incident_id, later + timedelta(minutes=1)),
        )
    timeline = (await doors.technician.get(f"/api/incidents/{told.incident_id}"))["timeline"]
    assert [entry["kind"] for entry in timeline] == ["opened_first", "acknowledge", "comment", "alert_resolved"]
    assert timeline[2]["text"] == "old logs"


async def test_nonsense_in_acts_is_refused(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    told = await tell_firing(database, tenant.scope, at=clock.now())
    path = f"/api/incidents/{told.incident_id}"
    await doors.technician.post(f"{path}/merge", {"incident_ids": [str(told.incident_id)]}, 422)
    await doors.technician.post(f"{path}/merge", {"incident_ids": []}, 422)
    await doors.technician.post(f"{path}/comment", {"text": ""}, 422)
    await doors.technician.post(f"{path}/comment", {"text": "a\x00b"}, 422)
    await doors.technician.post(f"{path}/comment", {"text": "a", "texts": "b"}, 422)
    problem = await doors.technician.post(f"{path}/assign", {"assignee": f"{uuid4().hex}@example.org"}, 422)
    assert problem["where"] == "body.assignee"


async def test_a_person_takes_gives_discusses_and_ends_an_incident(
    doors: Doors, database: Database, tenant: Tenant, people: People, clock: ManualClock
) -> None:
    told = await tell_firing(database, tenant.scope, at=clock.now())
    path = f"/api/incidents/{told.incident_id}"
    clock.advance(timedelta(minutes=3))
    taken = await doors.technician.post(f"{path}/acknowledge")
    assert (taken["status"], taken["acknowledged_by"]) == ("acknowledged", people.technician.email)
    given = await doors.technician.post(f"{path}/assign", {"assignee": people.technician.email.upper()})
    assert given["assignee"] == people.technician.email
    await doors.technician.post(f"{path}/assign", {"assignee": people.stranger.email}, 422)
    free = await doors.technician.post(f"{path}/unacknowledge")
    assert (free["status"], free["acknowledged_by"], free["acknowledged_at"]) == ("open", None, None)
    await doors.technician.post(f"{path}/unacknowledge", None, 409)
    await doors.technician.post(f"{path}/acknowledge")
    await doors.technician.post(f"{path}/comment", {"text": "old logs"})
    clock.advance(timedelta(minutes=7))
    done = await doors.technician.post(f"{path}/resolve", {"note": "rotated"})
    assert (done["status"], done["resolved_by"]) == ("resolved", people.technician.email)
    told_kinds = [entry["kind"] for entry in done["timeline"]]
    assert told_kinds == ["opened_first", "acknowledge", "assign", "unacknowledge", "acknowledge", "comment", "resolve"]
    await doors.technician.post(f"{path}/resolve", status=409)
    kpis = await doors.technician.get(path_of(tenant.id, "kpis"), to=soon(clock))
    assert (kpis["mtta_minutes"], kpis["mttr_minutes"]) == (3.0, 10.0)
    log = (await doors.company_admin.get(path_of(tenant.id, "audit")))["items"]
    assert {entry["actor"] for entry in log if entry["action"].startswith("incident")} == {people.technician.email}


async def test_incidents_are_merged_and_split(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    one = await tell_firing(database, tenant.scope, at=clock.now(), asset="db-01")
    two = await tell_firing(database, tenant.scope, at=clock.now(), asset="db-02")
    clock.advance(timedelta(minutes=1))
    merged = await doors.technician.post(
        f"/api/incidents/{one.incident_id}/merge", {"incident_ids": [str(two.incident_id)]}
    )
    assert (merged["alert_count"], merged["assets"]) == (2, ["db-01", "db-02"])
    assert sorted((one["kind"], one["count"]) for one in merged["reasons"]) == [("First", 1), ("Person", 1)]
    child = await doors.technician.get(f"/api/incidents/{two.incident_id}")
    assert (child["status"], child["merged_into"]) == ("merged", str(one.incident_id))
    assert len((await doors.technician.get(path_of(tenant.id, "incidents")))["items"]) == 1
    assert (await doors.technician.get(path_of(tenant.id, "kpis"), to=soon(clock)))["total_incidents"] == 1
    clock.advance(timedelta(minutes=1))
    fresh = await doors.technician.post(
        f"/api/incidents/{one.incident_id}/split", {"alert_ids": [str(two.alert_id)]}, 201
    )
    assert (fresh["split_from"], fresh["assets"]) == (str(one.incident_id), ["db-02"])
    assert any("split it off" in reason for reason in fresh["why"])
    assert fresh["reasons"] == [{"kind": "Person", "evidence": "a person split it off another incident", "count": 1}]
    assert (await doors.technician.get(f"/api/incidents/{one.incident_id}"))["assets"] == ["db-01"]


def soon(clock: ManualClock) -> str:
    """A minute from now."""
    return (clock.now() + timedelta(minutes=1)).isoformat()


async def test_an_incident_is_found_by_its_number(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    told = await tell_firing(database, tenant.scope, at=clock.now())
    shown = await doors.technician.get(f"/api/incidents/{told.incident_id}")
    assert await doors.technician.get(f"/api/incidents/by-number/{shown['number']}") == shown
    await doors.stranger.get(f"/api/incidents/by-number/{shown['number']}", 404)
    await doors.technician.get("/api/incidents/by-number/999999999", 404)
    await doors.technician.get("/api/incidents/by-number/0", 422)


async def test_incidents_are_found_by_words_number_owner_and_id(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock, people: People
) -> None:
    first = await tell_firing(database, tenant.scope, at=clock.now(), asset="db_01", signature="100% full")
    clock.advance(timedelta(seconds=1))
    second = await tell_firing(database, tenant.scope, at=clock.now(), asset="web-01", signature="Slow")
    await doors.technician.post(f"/api/incidents/{second.incident_id}/assign", {"assignee": people.technician.email})
    number = (await doors.technician.get(f"/api/incidents/{first.incident_id}"))["number"]

    async def found(**query: Any) -> set[str]:
        return {one["id"] for one in await doors.technician.all("/api/incidents", **query)}

    both = {str(first.incident_id), str(second.incident_id)}
    assert await found(q="FULL") == {str(first.incident_id)}
    assert await found(q="100%") == {str(first.incident_id)}
    assert await found(q="b_0") == {str(first.incident_id)}  # no wildcard: `web-01` would fit it as one
    assert str(first.incident_id) in await found(q=str(number))
    assert await found(owner="me") == {str(second.incident_id)}
    assert str(first.incident_id) in await found(owner="none")
    assert str(second.incident_id) not in await found(owner="none")
    assert await found(id=[str(one) for one in both]) == both
    assert await found(company=str(tenant.id)) >= both
    assert await found(company=str(uuid4())) == set()


async def test_counts_are_those_of_the_lists(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    for place, severity in enumerate((Severity.CRITICAL, Severity.CRITICAL, Severity.LOW)):
        told = await tell_firing(database, tenant.scope, at=clock.now(), asset=f"host-{place}", severity=severity)
        clock.advance(timedelta(seconds=1))
    await doors.technician.post(f"/api/incidents/{told.incident_id}/acknowledge")
    counts = await doors.technician.get(path_of(tenant.id, "incidents/counts"))
    assert (counts["needs_ack"], counts["working"], counts["waiting"]) == (2, 1, 0)
    assert (counts["by_severity"]["critical"], counts["by_severity"]["low"]) == (2, 1)
    assert counts["critical_needs_ack"] == 2
    everywhere = await doors.technician.get("/api/incidents/counts", company=str(tenant.id))
    assert everywhere == counts
    assert everywhere["needs_ack"] == len(
        await doors.technician.all("/api/incidents", status="open", company=str(tenant.id))
    )
