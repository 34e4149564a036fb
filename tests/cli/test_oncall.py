"""On call on the command line: a schedule is made, one command says who and why, stretches are taken and exchanged."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx

from tests.cli.conftest import Shell
from tests.server import Server


def test_a_week_on_call(served: Shell, server: Server, tmp_path: Path) -> None:
    company = served.json("company", "add", f"Acme {uuid4().hex}")["id"]
    kim_token, kim_mail = person(served, company)
    lee_token, lee_mail = person(served, company)
    kim, lee = (served.with_settings(ALERTWHISPERER_TOKEN=token) for token in (kim_token, lee_token))
    today = datetime.now(UTC).date()

    day = ("--unit", "day", "--hand-over", "00:00", "--starts-on", today.isoformat())
    people = ("--person", kim_mail, "--person", lee_mail)
    made = served.json("oncall", "add", "Nights", "--company", company, "--zone", "UTC", *people, *day)
    schedule = made["id"]
    assert kim.run("oncall", "add", "Mine", "--company", company, "--zone", "UTC", "--person", kim_mail).code == 1

    [who] = kim.json("oncall", "who", "--company", company)["items"]
    assert who["on_call"] == kim_mail
    said = kim.run("oncall", "who", "--company", company)
    assert (said.code, "daily rotation 'rotation'" in said.out) == (0, True)
    tomorrow = f"{today + timedelta(days=1)}T12:00Z"
    assert kim.json("oncall", "who", "--company", company, "--at", tomorrow)["items"][0]["on_call"] == lee_mail
    assert schedule in {one["id"] for one in kim.json("oncall", "list")["items"]}
    assert [one["on_call"] for one in kim.json("oncall", "show", schedule, "--days", "2")["stretches"]][:2] == [
        kim_mail,
        lee_mail,
    ]
    assert kim.run("oncall", "show", schedule).code == 0
    assert kim.run("oncall", "gaps").code == 0
    assert schedule not in {one["schedule_id"] for one in kim.json("oncall", "gaps")["items"]}

    until = f"{today + timedelta(days=9)}T00:00Z"
    taken = lee.json("oncall", "override", schedule, "--to", until, "--reason", "Kim is ill.")
    assert kim.json("oncall", "who", "--company", company)["items"][0]["on_call"] == lee_mail
    assert lee.json("oncall", "withdraw", taken["id"])["state"] == "withdrawn"
    assert lee.run("oncall", "override", schedule, "--to", until, "--person", kim_mail).code == 1

    days = [(today + timedelta(days=number)).isoformat() for number in range(4)]
    mine, theirs = ("--from", days[1], "--to", days[2]), ("--their-from", days[2], "--their-to", days[3])
    asked = lee.json("oncall", "swap", schedule, *mine, "--with", kim_mail, *theirs)
    assert [one["id"] for one in kim.json("oncall", "mine")["changes"]] == [asked["id"]]
    assert kim.json("oncall", "accept", asked["id"])["state"] == "agreed"
    assert kim.run("oncall", "decline", asked["id"]).code == 1
    assert served.run("oncall", "mine").code == 1, "whoever types here is nobody in particular"

    address = kim.json("oncall", "feed")["address"]
    secret = address.rsplit("/", 2)[1]
    calendar = f"{server.url}/api/on-call/calendar/{secret}/on-call.ics"
    assert "On call: Nights" in httpx.get(calendar).text
    [kept] = kim.json("oncall", "feeds")["items"]
    assert secret not in json.dumps(kept)
    kim.json("oncall", "end-feed", kept["id"])
    assert httpx.get(calendar).status_code == 404

    holidays = tmp_path / "holidays.ics"
    holidays.write_text(
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:1\nSUMMARY:Sea\n"
        f"DTSTART;VALUE=DATE:{days[3].replace('-', '')}\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    tried = kim.json("oncall", "import", schedule, str(holidays), "--person", kim_mail, "--dry-run")
    assert [one["outcome"] for one in tried["items"]] == ["taken"]
    kim.json("oncall", "import", schedule, str(holidays), "--person", kim_mail)
    again = kim.json("oncall", "import", schedule, str(holidays), "--person", kim_mail)
    assert [one["outcome"] for one in again["items"]] == ["known"]

    plan = {"name": "Nights", "time_zone": "UTC", "layers": [{**made["layers"][0], "people": [lee_mail]}]}
    file = tmp_path / "nights.json"
    file.write_text(json.dumps(plan))
    assert served.json("oncall", "change", schedule, str(file))["version"] == 2
    file.write_text(json.dumps({**plan, "company_id": company, "name": "Second"}))
    second = served.json("oncall", "add-file", str(file))
    served.json("oncall", "remove", second["id"])
    assert second["id"] not in {one["id"] for one in kim.json("oncall", "list")["items"]}
    file.write_text("{}")
    refused = served.run("oncall", "add-file", str(file))
    assert (refused.code, "docs/on-call.md" in refused.err) == (1, True)


def person(served: Shell, company: str) -> tuple[str, str]:
    """A technician's token and e-mail."""
    email = f"{uuid4().hex}@example.org"
    served.json("user", "add", email, "--role", "technician", "--company", company)
    return served.json("token", "add", "--user", email)["token"], email
