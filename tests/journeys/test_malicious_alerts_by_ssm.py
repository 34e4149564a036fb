"""
What an attacker writes into alerts, against instances that are reached by AWS Systems Manager over real HTTP.

Everything between is real: the webhook, the pipeline, a run that starts by itself, boto3. AWS is our server, which
keeps each request as it came and gives the commands to a real shell. Either nothing was sent, or what was sent is byte
for byte what was approved; and Systems Manager is never given a `{{` in whose place it would put a secret.
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from alertwhisperer.executors import _carry
from tests.database import Migrated, migrated_database
from tests.journeys.malice import (
    NO_TARGET,
    NOTE,
    PASTES,
    PRINTS,
    REFUSED,
    Arrived,
    Company,
    hostile,
    is_as_approved,
    let_labels_in,
    said_by,
    unpacked,
)
from tests.server import Server, house_of, new_company, new_sender, new_token, on_database, serving
from tests.vendors.cloud import REGION, ROLE, Asked, Cloud, cloud

pytestmark = pytest.mark.slow

INSTANCE = "i-0123456789abcdef0"
NO_INSTANCE = "i-00000000000000000"
"""To which `aws check` sends a command, to see whether it may."""
TEXT = f'printf \'%s\\n\' "$folder" "$envelope" | {_carry.PLAIN_COMMAND}'
"""What every command is, beside two variables in the base64 alphabet."""


@dataclass
class Commands:
    """What Systems Manager was told to give to shells."""

    cloud: Cloud
    seen: int = 0

    def new(self) -> list[Arrived]:
        """Since the last look, oldest first."""
        sent = self.cloud.of("SendCommand")
        fresh, self.seen = sent[self.seen :], len(sent)
        for one in fresh:
            assert "{{" not in str(one.given), "Systems Manager would look it up"
        return [_arrived(one) for one in fresh if one.given["InstanceIds"] != [NO_INSTANCE]]


def _arrived(sent: Asked) -> Arrived:
    folder, envelope, text = sent.given["Parameters"]["commands"]
    assert (folder[:7], envelope[:9]) == ("folder=", "envelope=")
    letters = {*"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="}
    assert {*folder[7:], *envelope[9:]} <= letters
    return unpacked(text, folder[7:], envelope[9:])


@pytest.fixture(scope="module")
def own_database() -> Iterator[Migrated]:
    """A database that no other server looks at: only ours knows this AWS."""
    with migrated_database() as made:
        yield made


@pytest.fixture(scope="module")
def aws() -> Iterator[Cloud]:
    """AWS on loopback; the server is started inside, so that it finds it as AWS's own tools would."""
    with cloud() as running:
        yield running


@pytest.fixture(scope="module")
def server(own_database: Migrated, aws: Cloud) -> Iterator[Server]:
    with serving(on_database(own_database)) as running:
        yield running


@pytest.fixture
def settings(tmp_path: Path) -> Mapping[str, str]:
    """How the instance is reached."""
    return {"region": REGION, "instance": INSTANCE, "folder": str(tmp_path / "records")}


async def a_company(own_database: Migrated, server: Server, aws: Cloud) -> Company:
    """One that lets low risk pass, and whose tool signs."""
    async with house_of(on_database(own_database), connections=2) as house:
        made = await new_company(house)
        sender = await new_sender(house, made.id, "generic", require_signature=True)
        token = await new_token(house)
    company = Company(server, made.id, token, sender, Commands(aws))
    company.wire.new()
    company.let_low_risk_pass()
    return company


@pytest.fixture
async def company(own_database: Migrated, server: Server, aws: Cloud, settings: Mapping[str, str]) -> Company:
    """With one instance, in an account that is closed to everybody else."""
    made = await a_company(own_database, server, aws)
    account = made.keep("account", "ssm", {"role_arn": ROLE})
    aws.external_id = made.post("aws/template", {"format": "cloudformation"})["external_id"]
    assert made.post("aws/check", {"credential": account, "region": REGION})["is_closed"]
    made.bind("host-01", "ssm", settings, account)
    return made


def folder_of(settings: Mapping[str, str]) -> Mapping[str, str]:
    """What must have come, besides the parts of the plan."""
    return {"command": TEXT, "folder": settings["folder"]}


async def test_a_label_is_data_or_nothing(
    company: Company, aws: Cloud, settings: Mapping[str, str], tmp_path: Path
) -> None:
    """Everything that can be listed is, so only the way to the instance stands between the text and a shell."""
    canary = tmp_path / "canary"
    values = hostile(canary)
    let_labels_in(company, *(value for name, value in values.items() if name not in REFUSED))
    for name, value in values.items():
        mending = company.alert("host-01", f"A note is due: {name}", {"note": value})
        assert mending is not None, name
        [candidate] = mending["choice"]["candidates"]
        arrived = company.wire.new()
        if name in REFUSED:
            assert (candidate["verdict"], mending["runs"], arrived) == ("no_parameter", [], []), name
        else:
            [run] = mending["runs"]
            assert (candidate["verdict"], run["state"]) == ("started", "succeeded"), name
            is_as_approved(company, run, arrived, **folder_of(settings))
            assert said_by(company, run) == value.encode(), name
            assert aws.sessions[aws.of("SendCommand")[-1].key] == f"alertwhisperer-{run['id']}"
        assert not canary.exists(), name


async def test_the_canary_would_be_seen(company: Company, tmp_path: Path) -> None:
    """The commands really come to a shell: a runbook that pastes what it is given is caught."""
    canary = tmp_path / "canary"
    company.put("runbooks/say-note", {"text": NOTE.replace("version = 1", "version = 2").replace(PRINTS, PASTES)})
    for name in ("shell", "substitution"):
        let_labels_in(company, hostile(canary)[name])
        mending = company.alert("host-01", f"A note is due: {name}", {"note": hostile(canary)[name]})
        assert len(mending["runs"]) == 1, name
        assert canary.exists(), name
        canary.unlink()


async def test_nothing_that_systems_manager_would_look_up_is_ever_sent(
    company: Company, settings: Mapping[str, str]
) -> None:
    """In a script of the company's own it may stand, since a person wrote it; it comes there as these letters."""
    said = "printf '%s %s' '{{ssm:aw-secret}} {{ ssm-secure:aw-secret }}' \"$AW_NOTE\"\n"
    company.put("runbooks/say-note", {"text": NOTE.replace("version = 1", "version = 2").replace(PRINTS, said)})
    let_labels_in(company, "plain")
    [run] = company.alert("host-01", "A note is due", {"note": "plain"})["runs"]
    is_as_approved(company, run, company.wire.new(), **folder_of(settings))
    assert said_by(company, run) == b"{{ssm:aw-secret}} {{ ssm-secure:aw-secret }} plain"


async def test_a_hostile_signature_changes_nothing_of_what_is_sent(
    company: Company, settings: Mapping[str, str], tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    let_labels_in(company, "plain")
    for name in ("substitution", "quotes", "lines", "parameter store", "secure parameter", "option"):
        value = hostile(canary)[name]
        mending = company.alert("host-01", f"A note is due {name} {value}", {"note": "plain"})
        assert mending is not None, name
        [run] = mending["runs"]
        assert run["state"] == "succeeded", name
        arrived = company.wire.new()
        is_as_approved(company, run, arrived, **folder_of(settings))
        assert [one.parts["AW_NOTE"] for one in arrived] == [b"plain"] * 2, name
        assert not canary.exists(), name


async def test_a_hostile_name_is_no_target(company: Company, tmp_path: Path) -> None:
    """Neither is the instance's own id, which an alert may well say."""
    canary, verdicts = tmp_path / "canary", []
    let_labels_in(company, "plain")
    for name, value in {**hostile(canary), "instance": INSTANCE}.items():
        for asset in (f"host-01{value}", value):
            mending = company.alert(asset, "A note is due", {"note": "plain"})
            candidates = [] if mending is None else mending["choice"]["candidates"]
            verdicts += [one["verdict"] for one in candidates]
            assert mending is None or mending["runs"] == [], name
    assert verdicts
    assert set(verdicts) <= NO_TARGET
    assert company.wire.new() == []
    assert not canary.exists()


async def test_another_companys_host_is_no_target(
    company: Company, own_database: Migrated, server: Server, aws: Cloud, settings: Mapping[str, str]
) -> None:
    theirs = await a_company(own_database, server, aws)
    theirs.bind("their-host", "ssm", settings, theirs.keep("account", "ssm", {"role_arn": ROLE}))
    let_labels_in(company, "plain")
    mending = company.alert("their-host", "A note is due", {"note": "plain"})
    [candidate] = mending["choice"]["candidates"]
    assert candidate["verdict"] in NO_TARGET
    assert mending["runs"] == []
    assert company.wire.new() == []


async def test_another_companys_role_lets_nobody_in(
    company: Company, own_database: Migrated, server: Server, aws: Cloud, settings: Mapping[str, str]
) -> None:
    """Whoever writes another client's role and instance into their own binding has another external ID."""
    thief = await a_company(own_database, server, aws)
    account = thief.keep("account", "ssm", {"role_arn": ROLE})
    assert not thief.post("aws/check", {"credential": account, "region": REGION})["is_closed"]
    thief.bind("host-01", "ssm", settings, account)
    let_labels_in(thief, "plain")
    mending = thief.alert("host-01", "A note is due", {"note": "plain"})
    assert [one["state"] for one in mending["runs"]] == ["cancelled"]
    [target] = mending["runs"][0]["targets"]
    assert target["reason"] == "target_changed"
    assert thief.wire.new() == []
    assert {one.given["ExternalId"] for one in aws.of("AssumeRole")[-1:]} != {aws.external_id}


async def test_our_own_address_is_never_blocked(company: Company, settings: Mapping[str, str]) -> None:
    """
    It is on no list, so no alert hands it over. Were it on the list, it is a person's decision; and were that
    person careless, the precheck on the instance refuses it: nothing but the precheck ever comes there.
    """
    block, ours = "firewall-block", "127.0.0.1"
    taken = {"runbook": block, "parameter": "address", "from": "label:source_ip"}
    company.put("run-policy", {"trusted_integrations": [], "parameters": [taken]})
    mending = company.alert("host-01", "Brute force from outside", {"source_ip": ours})
    assert [one["verdict"] for one in mending["choice"]["candidates"]] == ["no_parameter"]
    assert (mending["runs"], company.wire.new()) == ([], [])

    company.put(f"runbooks/{block}/override", {"allowed": {"address": [ours]}})
    mending = company.alert("host-01", "Brute force from inside", {"source_ip": ours})
    assert [one["verdict"] for one in mending["choice"]["candidates"]] == ["asked"]
    [run] = mending["runs"]
    assert (run["state"], company.wire.new()) == ("waiting_for_approval", [])

    asked = company.ask("GET", f"/api/approvals/{run['approval_id']}")
    company.ask("POST", f"/api/approvals/{run['approval_id']}/approve", json={"hash": asked["hash"]})
    found = company.ended(run["id"])
    assert (found["state"], [one["phase"] for one in found["acts"]]) == ("failed", ["precheck"])
    [arrived] = company.wire.new()
    assert (arrived.command, arrived.folder) == (TEXT, settings["folder"])
    assert arrived.parts["script"] == base64.b64decode(asked["plan"]["precheck"]["base64"])
    assert arrived.parts["AW_ADDRESS"] == ours.encode()
