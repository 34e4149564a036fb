"""Runs over all companies that one serves: nothing of others, whose each is, and the audit log says who looked."""

from datetime import timedelta
from uuid import UUID

import pytest

from alertwhisperer.domain.run import EscalationReason
from alertwhisperer.guard.tokens import Wish
from alertwhisperer.store import run_choices
from tests.api.conftest import path_of
from tests.api.test_crossing import Msp, msp
from tests.guard.asking import ask_something
from tests.inventory.furnishing import furnish
from tests.remediate.rows import run_something

__all__ = ["msp"]  # a fixture


async def run_in(msp: Msp, number: int) -> UUID:
    """A run of one of the companies, of an asset of its own."""
    msp.clock.advance(timedelta(seconds=1))
    tenant, now = msp.companies[number], msp.clock.now()
    asset_id = (await furnish(msp.database, tenant.scope, now=now))["asset_id"]
    approval_id = await ask_something(msp.database, tenant.scope, asset_id, now=now)
    run_id, _ = await run_something(msp.database, tenant.scope, approval_id, asset_id, now=now)
    return run_id


@pytest.fixture
async def mine(msp: Msp) -> list[str]:
    """The runs that Kim may see, newest first; the third company has one in between."""
    oldest, _, newest = [str(await run_in(msp, number)) for number in (0, 2, 1)]
    return [newest, oldest]


async def test_all_that_one_serves_newest_first_with_whose_it_is(msp: Msp, mine: list[str]) -> None:
    listed = (await msp.door.get("/api/runs"))["items"]
    assert [one["id"] for one in listed] == mine
    for tenant, one in zip(reversed(msp.companies[:2]), listed, strict=True):
        [inside] = (await msp.door.get(path_of(tenant.id, "runs")))["items"]
        assert one == {**inside, "company": tenant.company.name}
        assert (await msp.door.get("/api/runs", company=str(tenant.id)))["items"] == [one]
    assert (await msp.door.get("/api/runs", company=str(msp.companies[2].id)))["items"] == []


async def test_pages_follow_each_other_without_gap_or_repeat(msp: Msp, mine: list[str]) -> None:
    first = await msp.door.get("/api/runs", limit=1)
    second = await msp.door.get("/api/runs", limit=1, cursor=first["next"])
    assert [one["id"] for page in (first, second) for one in page["items"]] == mine
    assert second["next"] is None


async def test_filters_are_those_of_a_companys_list(msp: Msp, mine: list[str]) -> None:
    newest, oldest = (await msp.door.get("/api/runs"))["items"]
    tenant = newest["company_id"]
    for query, wanted in (
        ({"state": "waiting_for_approval"}, [newest["id"], oldest["id"]]),
        ({"state": "failed"}, []),
        ({"runbook": "restart-app"}, [newest["id"], oldest["id"]]),
        ({"runbook": "restart"}, []),
        ({"since": newest["requested_at"]}, [newest["id"]]),
    ):
        assert [one["id"] for one in (await msp.door.get("/api/runs", **query))["items"]] == wanted, query
        inside = [one for one in wanted if one == newest["id"]]
        found = (await msp.door.get(f"/api/companies/{tenant}/runs", **query))["items"]
        assert [one["id"] for one in found] == inside, query
    await msp.door.get("/api/runs", 422, incident_id=newest["id"])  # an incident is one company's
    await msp.door.get("/api/runs", 422, state="broken")


async def test_what_a_person_must_look_at_is_said_with_whose_it_is(msp: Msp) -> None:
    for number in (0, 1, 2):
        msp.clock.advance(timedelta(seconds=1))
        async with msp.database.unit_of_work(msp.companies[number].scope) as unit:
            await run_choices.escalate(unit, EscalationReason.UNCERTAIN, f"look at {number}", now=msp.clock.now())
    found = (await msp.door.get("/api/run-escalations"))["items"]
    assert [(one["said"], one["company"]) for one in found] == [
        (f"look at {number}", msp.companies[number].company.name) for number in (1, 0)
    ]
    [narrowed] = (await msp.door.get("/api/run-escalations", company=str(msp.companies[0].id)))["items"]
    assert narrowed["said"] == "look at 0"
    page = await msp.door.get("/api/run-escalations", limit=1)
    [older] = (await msp.door.get("/api/run-escalations", limit=1, cursor=page["next"]))["items"]
    assert older["said"] == "look at 0"


async def test_to_cross_is_a_right_of_its_own_and_is_written_down(msp: Msp, mine: list[str]) -> None:
    for _ in range(2):
        await msp.door.get("/api/runs")
        await msp.door.get("/api/run-escalations")
    [look] = await msp.looks(msp.kim)
    assert (look.actor, look.resource.id, look.detail) == (msp.kim.email, "run.cross", {"companies": 2})
    reading = await msp.door_of(msp.kim, Wish(scopes=["*.read"]))
    await reading.get("/api/runs", 403)
    await reading.get("/api/run-escalations", 403)
    assert await reading.get(path_of(msp.companies[0].id, "runs"))
    narrow = await msp.door_of(msp.kim, Wish(scopes=["run.*"], companies=[msp.companies[0].id]))
    [one] = (await narrow.get("/api/runs"))["items"]
    assert one["company_id"] == str(msp.companies[0].id)
