"""A client's role: of least rights, seen to be closed to everybody else before it is used, and its faults named."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound
from alertwhisperer.domain.reach import Credential
from alertwhisperer.executors._aws.role import BUCKET_RIGHTS, RIGHTS, Format, Wanted, template
from alertwhisperer.guard.vault import Vault
from alertwhisperer.insight.kpis import measure_each
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.remediate.aws import check_role, print_template
from alertwhisperer.remediate.bindings import bind_asset
from alertwhisperer.remediate.credentials import add_credential, open_credential, rotate_credential
from alertwhisperer.remediate.patches import refresh
from alertwhisperer.remediate.reach import reach_of, target_of
from alertwhisperer.store.database import Database
from tests.conftest import MakeCompany, Tenant
from tests.inventory.furnishing import furnish
from tests.vendors.cloud import REGION, ROLE, Cloud, Fault, cloud

PRINCIPAL = "arn:aws:iam::999988887777:role/alertwhisperer-server"
EXTERNAL = "aw-" + "0123456789" * 4
INSTANCE = "i-0123456789abcdef0"


@pytest.fixture
def running() -> Iterator[Cloud]:
    """Our own AWS."""
    with cloud() as made:
        yield made


@pytest.fixture
async def kept(database: Database, vault: Vault, tenant: Tenant, clock: ManualClock, running: Cloud) -> Credential:
    """A credential whose role demands the company's external ID."""
    made = await add_credential(
        database, vault, tenant.scope, "account", "ssm", {"role_arn": ROLE, "output_bucket": "out"}, now=clock.now()
    )
    async with database.unit_of_work(tenant.scope) as unit:
        running.external_id = (await open_credential(unit, vault, made.id))["external_id"]
    return made


@pytest.fixture
async def asset_id(database: Database, vault: Vault, tenant: Tenant, clock: ManualClock, kept: Credential) -> UUID:
    """An asset bound with it."""
    found = (await furnish(database, tenant.scope, now=clock.now()))["asset_id"]
    settings = {"region": REGION, "instance": INSTANCE}
    await bind_asset(database, vault, tenant.scope, found, "ssm", "account", settings, now=clock.now())
    return found


# ------------------------------------------------------------------------------------------------ templates


def policies(text: str) -> tuple[Any, Any]:
    """Trust and rights in a CloudFormation template."""
    role = json.loads(text)["Resources"]["Role"]["Properties"]
    return role["AssumeRolePolicyDocument"], role["Policies"][0]["PolicyDocument"]


def test_cloudformation_finds_nothing_to_say_of_the_template(tmp_path: Path) -> None:
    for bucket in ("", "client-output"):
        path = tmp_path / "role.json"
        path.write_text(template(Wanted(PRINCIPAL, EXTERNAL, bucket), Format.CLOUDFORMATION))
        told = subprocess.run(
            [Path(sys.executable).parent / "cfn-lint", "--regions", "eu-central-1", "--", path],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (told.stdout, told.returncode) == ("", 0)


def test_only_we_get_in_only_with_the_external_id_and_only_named_as_we_are() -> None:
    trust, _ = policies(template(Wanted(PRINCIPAL, EXTERNAL), Format.CLOUDFORMATION))
    (statement,) = trust["Statement"]
    assert statement["Principal"] == {"AWS": PRINCIPAL}
    assert statement["Action"] == "sts:AssumeRole"
    assert statement["Condition"]["StringEquals"] == {"sts:ExternalId": EXTERNAL}
    assert statement["Condition"]["StringLike"] == {"sts:RoleSessionName": "alertwhisperer-*"}


def test_the_role_may_what_we_do_and_nothing_else() -> None:
    _, rights = policies(template(Wanted(PRINCIPAL, EXTERNAL, "client-output"), Format.CLOUDFORMATION))
    actions = [action for one in rights["Statement"] for action in one["Action"]]
    assert sorted(actions) == sorted(right.action for right in (*RIGHTS, *BUCKET_RIGHTS))
    assert not any("*" in action for action in actions)
    (send,) = [one for one in rights["Statement"] if "ssm:SendCommand" in one["Action"]]
    assert not any(resource == "*" for resource in send["Resource"])
    without = policies(template(Wanted(PRINCIPAL, EXTERNAL), Format.CLOUDFORMATION))[1]
    assert "s3" not in json.dumps(without)


def test_terraform_says_the_same() -> None:
    """Terraform itself is not here to ask; its JSON expressions are the policies of the other template."""
    wanted = Wanted(PRINCIPAL, EXTERNAL, "client-output")
    trust, rights = policies(template(wanted, Format.CLOUDFORMATION))
    text = template(wanted, Format.TERRAFORM)
    said = [json.JSONDecoder().raw_decode(text, at)[0] for at in _after(text, "jsonencode(")]
    assert said[0] == trust
    assert [one["Sid"] for one in said[1]["Statement"]] == [one["Sid"] for one in rights["Statement"]]
    assert [one["Action"] for one in said[1]["Statement"]] == [one["Action"] for one in rights["Statement"]]
    assert text.count("{") == text.count("}")


def _after(text: str, words: str) -> list[int]:
    found, at = [], text.find(words)
    while at >= 0:
        found.append(at + len(words))
        at = text.find(words, at + 1)
    return found


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted('*"', EXTERNAL),
        Wanted("arn:aws:iam::1:root", EXTERNAL),
        Wanted(PRINCIPAL, EXTERNAL, "Bucket/../*"),
        Wanted(PRINCIPAL, "${jndi}"),
    ],
)
@pytest.mark.parametrize("form", Format)
def test_what_is_no_name_gets_into_no_template(wanted: Wanted, form: Format) -> None:
    with pytest.raises(Invalid):
        template(wanted, form)


async def test_a_company_has_one_external_id_of_its_own(
    database: Database, vault: Vault, tenant: Tenant, clock: ManualClock, make_company: MakeCompany, running: Cloud
) -> None:
    first = await print_template(database, tenant.scope, Format.CLOUDFORMATION, clock=clock, principal=PRINCIPAL)
    again = await print_template(database, tenant.scope, Format.TERRAFORM, clock=clock, principal=PRINCIPAL)
    other = await make_company("Beside")
    theirs = await print_template(database, other.scope, Format.TERRAFORM, clock=clock)
    assert first.external_id == again.external_id != theirs.external_id
    assert theirs.principal == PRINCIPAL, "as AWS says who we are"
    for name in ("one", "two"):
        made = await add_credential(database, vault, tenant.scope, name, "ssm", {"role_arn": ROLE}, now=clock.now())
        async with database.unit_of_work(tenant.scope) as unit:
            assert (await open_credential(unit, vault, made.id))["external_id"] == first.external_id
    values = {"role_arn": ROLE, "external_id": "mine"}
    with pytest.raises(Invalid, match="no 'external_id'"):
        await add_credential(database, vault, tenant.scope, "three", "ssm", values, now=clock.now())


# ------------------------------------------------------------------------------------------------ the check


async def test_a_role_is_used_only_after_it_was_seen_to_be_closed(
    database: Database,
    vault: Vault,
    tenant: Tenant,
    clock: ManualClock,
    running: Cloud,
    kept: Credential,
    asset_id: UUID,
) -> None:
    async with database.unit_of_work(tenant.scope) as unit:
        with pytest.raises(Conflicting, match="closed to everybody else"):
            await reach_of(unit, vault, asset_id)
    seen = await check_role(database, vault, tenant.scope, "account", clock=clock)
    assert seen.looked.holds, seen.looked
    assert len(seen.looked.findings) == 3 + len(RIGHTS) + len(BUCKET_RIGHTS)
    tried = [one.given.get("ExternalId") for one in running.of("AssumeRole")]
    assert tried[0] == running.external_id
    assert tried[1] is None
    assert tried[2] not in (None, running.external_id)
    async with database.unit_of_work(tenant.scope) as unit:
        found = await reach_of(unit, vault, asset_id)
        target, _ = await target_of(unit, vault, asset_id)
    assert found.settings["role_arn"] == ROLE
    assert found.secrets["external_id"] == running.external_id
    assert (target.account, target.region) == ("123456789012", REGION)
    assert target.host_key.startswith(f"{INSTANCE} binding:")
    await rotate_credential(database, vault, tenant.scope, kept.id, {"role_arn": ROLE}, now=clock.now())
    async with database.unit_of_work(tenant.scope) as unit:
        with pytest.raises(Conflicting):
            await reach_of(unit, vault, asset_id)


async def test_a_role_that_asks_for_no_external_id_is_not_used(
    database: Database, vault: Vault, tenant: Tenant, clock: ManualClock, running: Cloud, asset_id: UUID
) -> None:
    await check_role(database, vault, tenant.scope, "account", clock=clock)
    running.external_id = None  # the client took the condition away
    seen = await check_role(database, vault, tenant.scope, "account", clock=clock)
    assert not seen.looked.is_closed
    wrong = [one for one in seen.looked.findings if one.holds is False]
    assert [one.what for one in wrong] == [
        "without an external ID the role is refused",
        "with another external ID the role is refused",
    ]
    assert all("sts:ExternalId" in one.mend for one in wrong)
    async with database.unit_of_work(tenant.scope) as unit:
        with pytest.raises(Conflicting):
            await reach_of(unit, vault, asset_id)


async def test_a_role_that_is_not_there_is_said_to_be_so(
    database: Database, vault: Vault, tenant: Tenant, clock: ManualClock, running: Cloud, kept: Credential
) -> None:
    running.external_id = "aw-of-somebody-else"
    seen = await check_role(database, vault, tenant.scope, "account", clock=clock, region=REGION)
    (only,) = seen.looked.findings
    assert only.holds is False
    assert "aws template" in only.mend


_OPERATIONS = {
    "ssm:SendCommand": "SendCommand",
    "ssm:GetCommandInvocation": "GetCommandInvocation",
    "ssm:ListCommands": "ListCommands",
    "ssm:CancelCommand": "CancelCommand",
    "ssm:DescribeInstanceInformation": "DescribeInstanceInformation",
    "ssm:DescribeInstancePatchStates": "DescribeInstancePatchStates",
    "s3:ListBucket": "ListObjectsV2",
    "s3:GetObject": "GetObject",
}


@pytest.mark.parametrize("right", [right.action for right in (*RIGHTS, *BUCKET_RIGHTS)])
async def test_each_missing_right_is_named_with_its_mend(
    database: Database, vault: Vault, tenant: Tenant, clock: ManualClock, running: Cloud, kept: Credential, right: str
) -> None:
    running.denied.add(_OPERATIONS[right])
    seen = await check_role(database, vault, tenant.scope, "account", clock=clock, region=REGION)
    (wrong,) = [one for one in seen.looked.findings if one.holds is False]
    assert wrong.what == f"the role may {right}"
    assert "without it" in wrong.said
    assert "aws template" in wrong.mend
    assert seen.looked.is_closed
    assert running.commands == {}, "nothing was run by looking"


async def test_an_outage_is_neither_right_nor_wrong(
    database: Database, vault: Vault, tenant: Tenant, clock: ManualClock, running: Cloud, kept: Credential
) -> None:
    running.faults["ListCommands"] = deque([Fault("InternalServerError", 500)] * 20)
    seen = await check_role(database, vault, tenant.scope, "account", clock=clock, region=REGION)
    (unseen,) = [one for one in seen.looked.findings if one.holds is None]
    assert "ListCommands" in unseen.what
    assert not seen.looked.holds


async def test_another_companys_role_is_not_looked_at(
    database: Database, vault: Vault, clock: ManualClock, running: Cloud, kept: Credential, make_company: MakeCompany
) -> None:
    other = await make_company("Beside")
    for named in ("account", str(kept.id)):
        with pytest.raises(NotFound):
            await check_role(database, vault, other.scope, named, clock=clock, region=REGION)
    assert running.asked == []


# ------------------------------------------------------------------------------------------------ patches


def patched(critical: int) -> dict[str, Any]:
    """What AWS says of an instance."""
    moment = datetime(2026, 3, 1, 3, tzinfo=UTC)
    return {
        "InstanceId": INSTANCE,
        "PatchGroup": "servers",
        "BaselineId": "pb-0123456789abcdef0",
        "Operation": "Scan",
        "OperationStartTime": moment,
        "OperationEndTime": moment,
        "InstalledCount": 7,
        "MissingCount": 2,
        "FailedCount": 1,
        "CriticalNonCompliantCount": critical,
    }


async def compliance(database: Database, tenant: Tenant, clock: ManualClock) -> float | None:
    """The figure of the last 24 hours."""
    finish = clock.now() + timedelta(seconds=1)
    async with database.unit_of_work(tenant.scope) as unit:
        day = (finish - timedelta(days=1), finish)
        (figures,), _ = await measure_each(unit.connection, [unit.company_id], [day], [])
        return figures.patch_compliance_pct


async def test_patches_are_asked_about_every_six_hours_and_become_a_figure(
    database: Database, vault: Vault, tenant: Tenant, clock: ManualClock, running: Cloud, asset_id: UUID
) -> None:
    assert await compliance(database, tenant, clock) is None
    done = await refresh(database, vault, tenant.scope, clock=clock)
    assert done is not None
    assert (done.asked, done.reporting, done.failures) == (1, 0, ())
    assert await compliance(database, tenant, clock) is None, "an instance that never looked is not counted"
    running.patches[INSTANCE] = patched(1)
    await refresh(database, vault, tenant.scope, clock=clock)
    assert await compliance(database, tenant, clock) == 0.0
    running.patches[INSTANCE] = patched(0)
    assert await refresh(database, vault, tenant.scope, clock=clock) is None
    clock.advance(timedelta(hours=6))
    await refresh(database, vault, tenant.scope, clock=clock)
    assert await compliance(database, tenant, clock) == 100.0
    assert {running.sessions[one.key] for one in running.of("DescribeInstancePatchStates")} == {
        "alertwhisperer-patches"
    }


async def test_an_account_that_does_not_answer_keeps_what_was_said(
    database: Database, vault: Vault, tenant: Tenant, clock: ManualClock, running: Cloud, asset_id: UUID
) -> None:
    running.patches[INSTANCE] = patched(0)
    await refresh(database, vault, tenant.scope, clock=clock)
    running.denied.add("DescribeInstancePatchStates")
    clock.advance(timedelta(hours=7))
    done = await refresh(database, vault, tenant.scope, clock=clock)
    assert done is not None
    assert len(done.failures) == 1
    assert "AccessDenied" in done.failures[0]
    assert await compliance(database, tenant, clock) == 100.0
    clock.advance(timedelta(days=3))
    await refresh(database, vault, tenant.scope, clock=clock)
    assert await compliance(database, tenant, clock) is None
