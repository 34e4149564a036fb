"""A shift ends on the command line: a promise is made, the page shows it, and incidents go to the next in one act."""

from uuid import uuid4

import httpx

from tests.cli.conftest import Shell
from tests.server import Server


def test_an_evening_and_the_morning_after(served: Shell, server: Server) -> None:
    company = served.json("company", "add", f"Acme {uuid4().hex}")["id"]
    made = served.json("integration", "add", "--company", company, "--source", "native")
    told = {"asset": "db-01", "signature": "DiskFull", "severity": "high", "kind": "firing"}
    sent = httpx.post(
        f"{server.url}/api/webhooks/native",
        json={"occurrences": [told]},
        headers={"X-API-Key": made["api_key"]},
    )
    assert sent.status_code == 202, sent.text
    [incident] = served.json("incidents", "list", "--company", company)["items"]
    evening, morning = (person(served, company) for _ in range(2))
    mail = morning[1]

    assert served.run("shift", "offer", "--to", mail).code == 1, "whoever types here is nobody in particular"
    kim = served.with_settings(ALERTWHISPERER_TOKEN=evening[0])
    lee = served.with_settings(ALERTWHISPERER_TOKEN=morning[0])
    assert [one["email"] for one in kim.json("shift", "people")["items"] if one["email"] == mail] == [mail]
    kim.json("incidents", "assign", incident["id"], "--to", evening[1])
    refused = kim.run("promise", "make", incident["id"], "A call.", "--due", "2001-01-01")
    assert (refused.code, "in the future" in refused.err) == (1, True)
    due = incident["opened_at"].replace("Z", "")
    year = str(int(due[:4]) + 1)
    promised = kim.json("promise", "make", incident["id"], "A call.", "--due", f"{year}{due[4:8]}01T00:00Z")
    assert (promised["state"], promised["incident_number"]) == ("waiting", incident["number"])

    offered = kim.json("shift", "offer", "--to", mail, "--note", "The vendor calls back.")
    assert [(one["id"], one["outcome"]) for one in offered["incidents"]] == [(incident["id"], "offered")]
    page = lee.json("shift", "show", "--company", company)
    assert [one["id"] for one in page["offers"]] == [offered["id"]]
    assert [one["id"] for one in page["promises"]["items"]] == [promised["id"]]
    assert page["needs_ack"]["count"] == 1
    shown = lee.run("shift", "show")
    assert (shown.code, "Needs acknowledgement: 1" in shown.out, "A call." in shown.out) == (0, True, True)

    accepted = lee.run("shift", "accept", offered["id"])
    assert (accepted.code, "moved" in accepted.out) == (0, True)
    assert lee.json("incidents", "show", incident["id"])["assignee"] == mail
    assert lee.run("shift", "accept", offered["id"]).code == 1
    assert kim.json("shift", "read", offered["id"])["outcomes"] == {"moved": 1}
    assert [one["state"] for one in kim.json("shift", "list")["items"]] == ["accepted"]
    lee.json("promise", "keep", promised["id"])
    assert [one["state"] for one in lee.json("promise", "of", incident["id"])["items"]] == ["kept"]
    assert lee.json("promise", "list", "--company", company, "--state", "waiting")["items"] == []
    back = lee.json("shift", "offer", "--to", evening[1], incident["id"])
    assert lee.json("shift", "withdraw", back["id"])["state"] == "withdrawn"


def person(served: Shell, company: str) -> tuple[str, str]:
    """A technician's token and e-mail."""
    email = f"{uuid4().hex}@example.org"
    served.json("user", "add", email, "--role", "technician", "--company", company)
    return served.json("token", "add", "--user", email)["token"], email
