"""People on the command line: added, changed, given tokens that can less, and removed in one step."""

from uuid import uuid4

import httpx

from tests.cli.conftest import Shell
from tests.server import Server, bearer


def test_a_person_from_the_first_day_to_the_last(served: Shell, server: Server) -> None:
    email, heir = f"{uuid4().hex}@example.org", f"{uuid4().hex}@example.org"
    company = served.json("company", "add", "Acme")["id"]
    group = served.json("group", "add", f"Retail {uuid4().hex}")
    kim = served.json("user", "add", email, "--role", "technician", "--group", group["name"])
    assert (kim["companies"], kim["groups"]) == ([], [group["id"]])
    served.json("company", "set", company, "--group", group["name"])
    served.json("user", "add", heir, "--role", "technician", "--company", company)

    made = served.json("token", "add", "--user", email, "--name", "phone", "--scope", "*.read", "--days", "7")
    assert (made["name"], made["scopes"]) == ("phone", ["*.read"])
    listed = httpx.get(f"{server.url}/api/companies", headers=bearer(made["token"])).json()["items"]
    assert [one["id"] for one in listed] == [company], "it came into the group, and is served at once"

    by_token = served.with_settings(ALERTWHISPERER_TOKEN=made["token"])
    assert [one["id"] for one in by_token.json("company", "list")["items"]] == [company]
    refused = by_token.run("rules", "set", "/nowhere", "--company", company)
    assert refused.code == 1
    refused = by_token.run("incidents", "list", "--all-companies")
    assert (refused.code, "scope" in refused.err) == (1, True)

    changed = served.json("user", "set", email, "--role", "company_admin", "--company", company, "--no-groups")
    assert (changed["role"], changed["companies"], changed["groups"]) == ("company_admin", [company], [])

    served.json("settings", "set", "senior_technician", email, "--company", company)
    looked = served.json("user", "offboard", email, "--to", heir, "--dry-run")
    counts = {one["kind"]: one["count"] for one in looked["held"] if one["count"]}
    assert (looked["done"], counts) == (False, {"tokens": 1, "posts of senior technician": 1})
    told = served.run("user", "offboard", email, "--to", heir, "--why", "left on the first")
    assert (told.code, "is removed" in told.out, "posts of senior technician" in told.out) == (0, True, True)
    assert httpx.get(f"{server.url}/api/companies", headers=bearer(made["token"])).status_code == 401
    assert by_token.run("company", "list").code == 1
    values = served.json("settings", "show", "--company", company)["items"]
    assert next(one["value"] for one in values if one["name"] == "senior_technician") == heir
    assert email not in [one["email"] for one in served.json("user", "list", "--limit", "500")["items"]]


def test_incidents_of_all_companies_say_whose_they_are(served: Shell) -> None:
    assert served.run("incidents", "list").code == 1
    found = served.json("incidents", "list", "--all-companies", "--limit", "5")["items"]
    assert all({"company", "company_id", "title"} <= set(one) for one in found)
    looks = served.json("audit", "list", "--company", "msp", "--action", "companies_crossed", "--limit", "5")
    assert looks["items"][0]["resource"] == {"kind": "crossing", "id": "incident.cross"}


def test_the_permission_table_can_be_read(served: Shell) -> None:
    readers = served.json("permissions", "--role", "reader")["items"]
    assert {"incident.read", "kpi.read"} <= {one["action"] for one in readers}
    assert "contact.read" not in {one["action"] for one in readers}
    assert "Telephone numbers" in served.run("permissions").out
