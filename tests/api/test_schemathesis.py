"""
The API under requests made from its own OpenAPI document, right ones and wrong ones, at a live server: no 5xx, and no
answer that the document does not announce.

Half of the ids are of things that exist, or nearly everything would be a 404.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from schemathesis import checks
from schemathesis.core.result import Ok

from alertwhisperer.domain.company import Scope
from tests.database import Migrated
from tests.guard.asking import ask_something
from tests.inventory.furnishing import furnish as furnish_inventory
from tests.remediate.rows import run_something
from tests.server import bearer, house_of, new_company, new_sender, new_token, on_database, serving

_EXAMPLES = 25  # for each of some fifty operations: about a minute in all
_SEED = 20_260_301
_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


@dataclass(frozen=True, slots=True)
class Live:
    """A server with some things in it; `ids` by the name of the path's parameter."""

    url: str
    token: str = field(repr=False)
    ids: dict[str, str]


@pytest.fixture(scope="module")
def live(migrated: Migrated) -> Iterator[Live]:
    """A server, an admin's token, and a company with an alert, an incident and a unit in quarantine."""
    place = on_database(migrated)
    with serving(place) as server, httpx.Client(base_url=server.url, trust_env=False) as client:

        async def furnish() -> Live:
            async with house_of(place, connections=2) as house:
                company = await new_company(house)
                sender = await new_sender(house, company.id, "generic")
                scope, now = Scope(company.id, "test"), house.clock.now()
                inventory = await furnish_inventory(house.database, scope, now=now)
                asset_id = inventory["asset_id"]
                inventory["approval_id"] = await ask_something(house.database, scope, asset_id, now=now)
                inventory["run_id"], inventory["act_id"] = await run_something(
                    house.database, scope, inventory["approval_id"], asset_id, now=now
                )
                return Live(
                    server.url,
                    await new_token(house),
                    {"company_id": str(company.id), "integration_id": sender.integration_id, "key": sender.api_key}
                    | {name: str(identity) for name, identity in inventory.items()},
                )

        made = asyncio.run(furnish())
        for body in (b'{"asset_name": "web-01", "signature": "disk full"}', b'{"half'):
            answer = client.post(
                "/api/webhooks/generic", content=body, headers={"X-API-Key": made.ids["key"]}
            ).raise_for_status()
            made.ids.setdefault("delivery_id", answer.json()["delivery_id"])
        for noun, name in (("alerts", "alert_id"), ("incidents", "incident_id"), ("quarantine", "quarantine_id")):
            page = client.get(f"/api/companies/{made.ids['company_id']}/{noun}", headers=bearer(made.token))
            made.ids[name] = page.json()["items"][0]["id"]
        try:
            yield made
        finally:  # what was stopped for all would hold in the tests after this one
            client.delete("/api/kill-switch", headers=bearer(made.token)).raise_for_status()
            client.put("/api/freeze", headers=bearer(made.token), json={"windows": []}).raise_for_status()


def test_no_request_is_answered_with_a_failure_of_ours(live: Live) -> None:
    schema = schemathesis.openapi.from_url(f"{live.url}/api/openapi.json")
    checks.load_all_checks()
    wanted: list[Any] = checks.CHECKS.get_by_names(_CHECKS)
    statuses: Counter[int] = Counter()
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()

        @seed(_SEED)
        @settings(max_examples=_EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(
            case=operation.as_strategy() | operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE),
            real=st.booleans(),
        )
        def attempt(case: schemathesis.Case[Any], real: bool) -> None:
            if real:
                parameters = dict(case.path_parameters or {})
                case.path_parameters = parameters | {name: live.ids[name] for name in parameters if name in live.ids}
            statuses[case.call_and_validate(headers=bearer(live.token), checks=wanted).status_code] += 1

        attempt()
    print(f"{statuses.total()} requests: {dict(sorted(statuses.items()))}")
    assert statuses[200] > 100  # not only refusals
    assert statuses[422] > 100  # nor only what is right
