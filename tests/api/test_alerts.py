"""Alerts as people read them: fresh figures, filters, stable pages, receipts and deliveries."""

from datetime import timedelta
from uuid import uuid4

from alertwhisperer.domain.severity import Severity
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store.database import Database
from tests.api.conftest import Doors, path_of
from tests.api.rows import tell_firing
from tests.conftest import Tenant


async def test_an_alert_shows_the_figures_of_its_state(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    at, ended = clock.now(), clock.now() + timedelta(minutes=4)
    told = await tell_firing(database, tenant.scope, at=at, repeats=9, ended_at=ended)
    alert = await doors.technician.get(f"/api/alerts/{told.alert_id}")
    assert alert["count"] == 10
    assert (alert["status"], alert["severity"], alert["source"]) == ("resolved", "critical", "prometheus")
    assert alert["ended_at"] == ended.isoformat().replace("+00:00", "Z")
    assert alert["labels"] == {"job": "node"}
    assert alert["incident_id"] == str(told.incident_id)
    [listed] = (await doors.technician.get(path_of(tenant.id, "alerts")))["items"]
    assert listed == alert


async def test_an_alert_whose_problem_moved_on_keeps_its_own_figures(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    told = await tell_firing(database, tenant.scope, at=clock.now(), repeats=9)
    async with database.unit_of_work(tenant.scope) as unit:
        await unit.connection.execute(
            "UPDATE alert_state SET alert_id = $2 WHERE company_id = $1", unit.company_id, uuid4()
        )
    assert (await doors.technician.get(f"/api/alerts/{told.alert_id}"))["count"] == 1


async def test_an_alert_of_a_forming_incident_names_none(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    told = await tell_firing(database, tenant.scope, at=clock.now(), forming=True)
    assert (await doors.technician.get(f"/api/alerts/{told.alert_id}"))["incident_id"] is None
    assert (await doors.technician.get(path_of(tenant.id, "incidents")))["items"] == []
    await doors.technician.get(f"/api/incidents/{told.incident_id}", 404)
    [fate] = (await doors.technician.get(f"/api/deliveries/{told.delivery_id}"))["occurrences"]
    assert (fate["alert_id"], fate["incident_id"]) == (str(told.alert_id), None)


async def test_filters_narrow_the_list(doors: Doors, database: Database, tenant: Tenant, clock: ManualClock) -> None:
    at = clock.now()
    disk = await tell_firing(database, tenant.scope, at=at)
    load = await tell_firing(
        database,
        tenant.scope,
        at=at + timedelta(minutes=10),
        asset="web-01",
        signature="HighLoad",
        source="zabbix",
        severity=Severity.LOW,
        ended_at=at + timedelta(minutes=11),
    )

    async def ids(**query: object) -> list[str]:
        return [alert["id"] for alert in (await doors.technician.get(path_of(tenant.id, "alerts"), **query))["items"]]

    first, second = str(disk.alert_id), str(load.alert_id)
    assert await ids() == [second, first]
    assert await ids(status="firing") == [first]
    assert await ids(severity=["low", "info"]) == [second]
    assert await ids(source="zabbix") == [second]
    assert await ids(asset="db-01") == [first]
    assert await ids(signature="HighLoad") == [second]
    assert await ids(incident_id=str(disk.incident_id)) == [first]
    assert await ids(incident_id=str(uuid4())) == []
    assert await ids(**{"from": (at + timedelta(minutes=5)).isoformat()}) == [second]
    assert await ids(to=(at + timedelta(minutes=5)).isoformat()) == [first]


async def test_pages_hold_each_alert_once_while_new_ones_arrive(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    told = [
        await tell_firing(database, tenant.scope, at=clock.now() + timedelta(seconds=second), asset=f"host-{second}")
        for second in range(5)
    ]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await doors.technician.get(path_of(tenant.id, "alerts"), limit=2, **cursor)
        seen += [alert["id"] for alert in page["items"]]
        await tell_firing(database, tenant.scope, at=clock.now() + timedelta(minutes=1 + len(seen)), asset="late")
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == [str(one.alert_id) for one in reversed(told)]


async def test_a_receipt_says_why_in_words_and_facts(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    told = await tell_firing(database, tenant.scope, at=clock.now())
    receipt = await doors.technician.get(f"/api/alerts/{told.alert_id}/receipt")
    assert receipt["reason"] == "opened_first"
    assert receipt["why"][0] == "It opened an incident: nothing with this aggregation key was open."
    assert receipt["facts"]["rule"] == "default"
    assert (receipt["delivery_id"], receipt["delivery_index"]) == (str(told.delivery_id), 0)
    assert (await doors.technician.get(f"/api/deliveries/{told.delivery_id}/body"))["body_text"] == "{}"
    await doors.stranger.get(f"/api/deliveries/{told.delivery_id}/body", 404)


async def test_a_delivery_tells_what_its_members_became(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    told = await tell_firing(database, tenant.scope, at=clock.now())
    delivery = await doors.technician.get(f"/api/deliveries/{told.delivery_id}")
    assert (delivery["status"], delivery["source"], delivery["company_id"]) == (
        "processed",
        "prometheus",
        str(tenant.id),
    )
    [fate] = delivery["occurrences"]
    assert (fate["index"], fate["outcome"], fate["reason"], fate["refused"]) == (0, "new", "opened_first", None)
    assert (fate["alert_id"], fate["incident_id"]) == (str(told.alert_id), str(told.incident_id))


async def test_a_rejected_member_says_what_and_where(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    told = await tell_firing(database, tenant.scope, at=clock.now())
    async with database.unit_of_work(tenant.scope) as unit:
        await unit.connection.execute(
            "UPDATE occurrence SET outcome = 6, reason = 51, alert_id = NULL, incident_id = NULL, content = $2"
            " WHERE company_id = $1",
            unit.company_id,
            '{"what":"no asset","where":"[0].asset","mend":"name it"}',
        )
    [fate] = (await doors.technician.get(f"/api/deliveries/{told.delivery_id}"))["occurrences"]
    assert fate["refused"] == {"what": "no asset", "where": "[0].asset", "mend": "name it"}
