"""Quarantine: listed, read with its body, run again or given up, once."""

import base64

from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store.database import Database
from tests.api.conftest import Doors, path_of
from tests.api.rows import add_quarantined
from tests.conftest import Tenant


async def test_a_unit_is_read_with_its_body_and_given_up_once(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    told = await add_quarantined(database, tenant.scope, at=clock.now(), body=b'{"half')
    path = path_of(tenant.id, "quarantine")
    [listed] = (await doors.technician.get(path, state="waiting"))["items"]
    assert (listed["what"], listed["where"], listed["mend"]) == ("the body is not JSON", "byte 3", "mend it")
    one = f"{path}/{told.occurrence_id}"
    whole = await doors.technician.get(one)
    assert base64.b64decode(whole["body_base64"]) == b'{"half'
    assert (whole["body_text"], whole["request"]) == ('{"half', {"method": "POST"})
    await doors.technician.post(f"{one}/discard", status=403)
    settled = await doors.company_admin.post(f"{one}/discard")
    assert (settled["state"], settled["settled_by"]) == ("discarded", f"boss.{tenant.id.hex}@example.org")
    await doors.company_admin.post(f"{one}/discard", status=409)
    await doors.company_admin.post(f"{one}/rerun", status=409)
    assert (await doors.technician.get(path, state="waiting"))["items"] == []
    [fate] = (await doors.technician.get(f"/api/deliveries/{told.delivery_id}"))["occurrences"]
    assert fate["refused"] == {"what": "the body is not JSON", "where": "byte 3", "mend": "mend it"}


async def test_a_body_that_is_no_text_is_base64_only(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    told = await add_quarantined(database, tenant.scope, at=clock.now(), body=b"\xff\x00")
    whole = await doors.technician.get(path_of(tenant.id, f"quarantine/{told.occurrence_id}"))
    assert (whole["body_text"], whole["body_base64"]) == (None, "/wA=")


async def test_a_unit_is_run_again(doors: Doors, database: Database, tenant: Tenant, clock: ManualClock) -> None:
    told = await add_quarantined(database, tenant.scope, at=clock.now(), body=b"{")
    again = await doors.company_admin.post(path_of(tenant.id, f"quarantine/{told.occurrence_id}/rerun"))
    assert again["state"] == "rerun"
