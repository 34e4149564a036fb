"""Correlation rules: replaced whole, version by version, checked before they hold."""

from datetime import timedelta
from typing import get_type_hints

import msgspec
import pytest

from alertwhisperer.api.rules import RuleBody
from alertwhisperer.domain.rule import Rule
from alertwhisperer.kit.clock import ManualClock
from tests.api.conftest import Doors, path_of
from tests.conftest import Tenant

RULE = {"id": "hosts", "name": "By host", "group_by": ["asset"], "condition": 'severity == "critical"'}


async def test_rules_are_saved_as_versions_and_audited(doors: Doors, tenant: Tenant, clock: ManualClock) -> None:
    clock.advance(timedelta(seconds=1))
    path = path_of(tenant.id, "rules")
    assert await doors.technician.get(path) == {"version": 0, "rules": [], "effective": ["default"]}
    saved = await doors.company_admin.ask("PUT", path, 200, json={"rules": [RULE]})
    assert (saved["version"], saved["effective"]) == (1, ["hosts", "default"])
    assert saved["rules"][0]["window_s"] == 900
    clock.advance(timedelta(seconds=1))
    await doors.company_admin.ask("PUT", path, 200, json={"rules": [], "based_on": 1})
    assert (await doors.technician.get(path))["version"] == 2
    assert (await doors.technician.get(path, version=1)) == saved
    await doors.technician.get(path, 404, version=9)
    versions = await doors.technician.get(f"{path}/versions", limit=1)
    assert ([one["version"] for one in versions["items"]], versions["next"]) == ([2], 2)
    [entry, *_] = (await doors.company_admin.get(path_of(tenant.id, "audit")))["items"]
    assert (entry["action"], entry["resource"]) == ("rules_changed", {"kind": "rule_set", "id": "2"})


async def test_an_edit_of_an_older_version_is_refused(doors: Doors, tenant: Tenant) -> None:
    path = path_of(tenant.id, "rules")
    await doors.company_admin.ask("PUT", path, 200, json={"rules": [RULE], "based_on": 0})
    problem = await doors.company_admin.ask("PUT", path, 409, json={"rules": [], "based_on": 0})
    assert problem["where"] == "body.based_on"


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"condition": "asset =="}, "rules[0].condition"),
        ({"condition": "1 + 1"}, "rules[0].condition"),
        ({"group_by": ["hostname"]}, "rules[hosts].group_by"),
        ({"group_by": []}, "body.rules[0].group_by"),
        ({"window_s": 10**30}, "body.rules[0].window_s"),
        ({"window": "tumbling"}, "body.rules[0].window"),
        ({"name": "\x00"}, "body.rules[0].name"),
        ({"windows": 3}, "body.rules[0].windows"),
        ({"id": "default"}, "rules[0]"),
    ],
)
async def test_a_rule_that_cannot_work_is_named(
    doors: Doors, tenant: Tenant, change: dict[str, object], where: str
) -> None:
    problem = await doors.company_admin.ask("PUT", path_of(tenant.id, "rules"), 422, json={"rules": [RULE | change]})
    assert problem["where"] == where
    assert (await doors.technician.get(path_of(tenant.id, "rules")))["version"] == 0


def test_the_door_knows_the_same_fields_as_the_domain() -> None:
    fields = {field.name: field.default for field in msgspec.structs.fields(Rule)}
    shown = RuleBody(id="x", name="x").model_dump()
    assert set(shown) == set(fields) == set(get_type_hints(RuleBody)) - {"model_config"}
    defaults = msgspec.structs.asdict(Rule(id="x", name="x"))
    assert shown == defaults | {"group_by": list(defaults["group_by"])}
