"""
An alert says that a service of an instance is down; a runbook mends it by AWS Systems Manager, proves it, and the
incident resolves as self-healed, for now. Real webhook, real server, boto3 over real HTTP; nobody acts.
"""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.journeys.malice import Company
from tests.journeys.test_malicious_alerts_by_ssm import aws, company, own_database, server, settings
from tests.vendors.cloud import ROLE, Cloud

__all__ = ["aws", "company", "own_database", "server", "settings"]  # fixtures
pytestmark = pytest.mark.slow

MENDS = """\
format = 1
version = 1
title = "Start the shop"
summary = "Starts the shop, and asks it."
platform = "linux"
risk = "low"
risk_reason = "It is down already."
changes = true

[applies]
signatures = ["*shop is down*"]

[precheck]
timeout_s = 20
script = '''
test ! -e PLACE/up || exit 10
'''

[snapshot]
timeout_s = 20
script = '''
echo down
'''

[act]
timeout_s = 20
script = '''
echo "starting the shop"
touch PLACE/up
'''

[verify]
timeout_s = 20
script = '''
test -e PLACE/HELPS
'''

[undo]
timeout_s = 20
script = '''
test "$(cat "$AW_SNAPSHOT")" = down
rm -f PLACE/up
'''

[drill]
not_drilled = "It is of a test."
"""


def shop(company: Company, place: Path, *, helps: bool = True) -> None:
    """The company's own runbook; one that does not help is found out by its probe."""
    text = MENDS.replace("PLACE", str(place)).replace("HELPS", "up" if helps else "never")
    company.put("runbooks/start-shop", {"text": text})


async def test_an_instance_is_mended_and_its_incident_resolved(
    company: Company, aws: Cloud, settings: Mapping[str, str], tmp_path: Path
) -> None:
    shop(company, tmp_path)
    before = len(aws.asked)
    mending = company.alert("host-01", "The shop is down", {})
    [run] = mending["runs"]
    assert (run["state"], run["by_itself"]) == ("succeeded", True)
    assert (tmp_path / "up").exists()
    assert (mending["healing"]["state"], mending["healing"]["reason"]) == ("provisional", "verified")
    incident = company.ask("GET", f"/api/incidents/{run['incident_id']}")
    assert incident["status"] == "resolved"

    whole = company.ask("GET", f"/api/runs/{run['id']}")
    assert [one["phase"] for one in whole["acts"]] == ["precheck", "snapshot", "act", "verify"]
    asked = aws.asked[before:]
    assert [one.given["Comment"] for one in asked if one.operation == "SendCommand"] == [
        f"alertwhisperer act {one['id']}" for one in whole["acts"]
    ]
    assumed = [one.given for one in asked if one.operation == "AssumeRole"]
    assert {one["RoleArn"] for one in assumed} == {ROLE}
    assert {one["ExternalId"] for one in assumed} == {aws.external_id}
    assert {one["RoleSessionName"] for one in assumed} == {f"alertwhisperer-{run['id']}"}
    by_role = {aws.sessions[one.key] for one in asked if one.service == "ssm"}
    assert by_role == {f"alertwhisperer-{run['id']}"}, "what CloudTrail would show leads to the run"

    steps = [one["detail"] for one in incident["timeline"] if one["kind"] == "run_step" and one["detail"]["asset_id"]]
    assert [one["after"] for one in steps][-4:] == ["snapshotting", "acting", "verifying", "succeeded"]
    assert "starting the shop\n" in [one.get("stdout") for one in steps]
    links = {one["link"] for one in whole["acts"]}
    assert all(link.startswith("https://") and "run-command" in link for link in links)


async def test_what_did_not_help_is_put_back_and_nothing_resolves(company: Company, tmp_path: Path) -> None:
    shop(company, tmp_path, helps=False)
    mending = company.alert("host-01", "The shop is down", {})
    [run] = mending["runs"]
    assert run["state"] == "rolled_back"
    assert not (tmp_path / "up").exists()
    assert mending["healing"] is None
    assert company.ask("GET", f"/api/incidents/{run['incident_id']}")["status"] == "open"
    assert [one["reason"] for one in mending["escalations"]] == ["not_helped"]
