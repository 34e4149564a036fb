"""
What an attacker writes into alerts enters by the real webhook of a company that lets low risk pass, and can do nothing.

The target is a real sshd whose account writes down every command and every byte that comes to it: either nothing came,
or it is byte for byte what was approved. Whatever is hostile would touch a canary if any shell on the way read it.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from alertwhisperer.executors._carry import COMMAND
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
from tests.peers.sshd import Sshd, sshd
from tests.server import Server, house_of, new_company, new_sender, new_token, on_database, serving

pytestmark = pytest.mark.slow

LOCAL = {"ALERTWHISPERER_LOCAL_TARGETS": "127.0.0.0/8"}


@dataclass
class Account:
    """What came to the account of the target, as it wrote it down itself."""

    folder: Path
    seen: set[str] = field(default_factory=set)

    def new(self) -> list[Arrived]:
        """What came since the last look, oldest first."""
        found = [one for one in self.folder.glob("*.command") if one.name not in self.seen]
        self.seen |= {one.name for one in found}
        return [self._read(one) for one in sorted(found, key=lambda one: one.stat().st_mtime_ns)]

    def _read(self, command: Path) -> Arrived:
        where, packed, end = command.with_suffix(".stdin").read_bytes().split(b"\n")
        assert end == b""
        return unpacked(command.read_text(), where.decode(), packed.decode())


@pytest.fixture(scope="module")
def own_database() -> Iterator[Migrated]:
    """A database that no other server looks at: only ours may go to loopback."""
    with migrated_database() as made:
        yield made


@pytest.fixture(scope="module")
def server(own_database: Migrated) -> Iterator[Server]:
    with serving(on_database(own_database), environ=LOCAL) as running:
        yield running


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Sshd]:
    """A real sshd; whoever signs in runs our text through something that writes everything down."""
    wire = tmp_path / "wire"
    wire.mkdir()
    record = tmp_path / "record"
    record.write_text(
        f"#!/bin/sh\nat=$(mktemp {wire}/XXXXXXXXXX)\n"
        'cat >"$at.stdin"\nprintf %s "$SSH_ORIGINAL_COMMAND" >"$at.command"\n'
        'exec /bin/sh -c "$SSH_ORIGINAL_COMMAND" <"$at.stdin"\n'
    )
    record.chmod(0o755)
    place = tmp_path / "sshd"
    place.mkdir()
    with sshd(place) as running:
        keys = place / "authorized_keys"
        keys.write_text(f'restrict,command="{record}" {keys.read_text()}')
        yield running


@pytest.fixture
async def company(own_database: Migrated, server: Server, target: Sshd, tmp_path: Path) -> Company:
    """One that lets low risk pass, with one target, and one runbook that takes its text from alerts."""
    async with house_of(on_database(own_database), connections=2) as house:
        made = await new_company(house)
        sender = await new_sender(house, made.id, "generic", require_signature=True)
        token = await new_token(house)
    one = Company(server, made.id, token, sender, Account(tmp_path / "wire"))
    one.let_low_risk_pass()
    bind(one, "host-01", target)
    return one


def bind(company: Company, name: str, target: Sshd) -> None:
    """A confirmed asset that is reached by SSH."""
    company.bind(name, "ssh", target.settings, company.keep(f"key of {name}", "ssh", target.secrets))


async def test_a_label_is_data_or_nothing(company: Company, target: Sshd, tmp_path: Path) -> None:
    """Everything that can be listed is, so only the ways to the target stand between the text and a shell."""
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
            is_as_approved(company, run, arrived, command=COMMAND, folder=str(target.folder))
            assert said_by(company, run) == value.encode(), name
        assert not canary.exists(), name


async def test_the_canary_would_be_seen(company: Company, tmp_path: Path) -> None:
    """A runbook that pastes what it is given is caught by this very corpus."""
    canary = tmp_path / "canary"
    company.put("runbooks/say-note", {"text": NOTE.replace("version = 1", "version = 2").replace(PRINTS, PASTES)})
    for name in ("shell", "substitution", "backticks", "pipe", "no spaces"):
        let_labels_in(company, hostile(canary)[name])
        mending = company.alert("host-01", f"A note is due: {name}", {"note": hostile(canary)[name]})
        assert len(mending["runs"]) == 1, name
        assert canary.exists(), name
        canary.unlink()


async def test_what_no_kind_takes_cannot_be_listed(company: Company, tmp_path: Path) -> None:
    for name in sorted(REFUSED):
        body = {"allowed": {"note": [hostile(tmp_path / "canary")[name]]}}
        assert company.sent("PUT", company.of("runbooks/say-note/override"), json=body).status_code == 422, name


async def test_a_hostile_signature_changes_nothing_of_what_is_sent(
    company: Company, target: Sshd, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    let_labels_in(company, "plain")
    for name, value in hostile(canary).items():
        mending = company.alert("host-01", f"A note is due {name} {value}", {"note": "plain"})
        assert mending is not None, name
        [run] = mending["runs"]
        assert run["state"] == "succeeded", name
        arrived = company.wire.new()
        is_as_approved(company, run, arrived, command=COMMAND, folder=str(target.folder))
        assert [one.parts["AW_NOTE"] for one in arrived] == [b"plain"] * 2, name
        assert not canary.exists(), name


async def test_a_hostile_name_is_no_target(company: Company, tmp_path: Path) -> None:
    canary, verdicts = tmp_path / "canary", []
    let_labels_in(company, "plain")
    for name, value in hostile(canary).items():
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
    company: Company, target: Sshd, own_database: Migrated, server: Server
) -> None:
    async with house_of(on_database(own_database), connections=2) as house:
        other = await new_company(house, "Other")
        sender = await new_sender(house, other.id, "generic", require_signature=True)
        token = await new_token(house)
    theirs = Company(server, other.id, token, sender, company.wire)
    bind(theirs, "their-host", target)
    let_labels_in(company, "plain")
    mending = company.alert("their-host", "A note is due", {"note": "plain"})
    [candidate] = mending["choice"]["candidates"]
    assert candidate["verdict"] in NO_TARGET
    assert mending["runs"] == []
    assert company.wire.new() == []


async def test_our_own_address_is_never_blocked(company: Company, target: Sshd) -> None:
    """
    It is on no list, so no alert hands it over. Were it on the list, it is a person's decision; and were that
    person careless, the precheck on the target refuses it: nothing but the precheck ever comes there.
    """
    block = "firewall-block"
    taken = {"runbook": block, "parameter": "address", "from": "label:source_ip"}
    company.put("run-policy", {"trusted_integrations": [], "parameters": [taken]})
    labels = {"source_ip": target.settings["address"]}
    mending = company.alert("host-01", "Brute force from outside", labels)
    assert [one["verdict"] for one in mending["choice"]["candidates"]] == ["no_parameter"]
    assert (mending["runs"], company.wire.new()) == ([], [])

    company.put(f"runbooks/{block}/override", {"allowed": {"address": [target.settings["address"]]}})
    mending = company.alert("host-01", "Brute force from inside", labels)
    assert [one["verdict"] for one in mending["choice"]["candidates"]] == ["asked"]
    [run] = mending["runs"]
    assert (run["state"], company.wire.new()) == ("waiting_for_approval", [])

    asked = company.ask("GET", f"/api/approvals/{run['approval_id']}")
    company.ask("POST", f"/api/approvals/{run['approval_id']}/approve", json={"hash": asked["hash"]})
    found = company.ended(run["id"])
    assert (found["state"], [one["phase"] for one in found["acts"]]) == ("failed", ["precheck"])
    [arrived] = company.wire.new()
    assert arrived.parts["script"] == base64.b64decode(asked["plan"]["precheck"]["base64"])
    assert arrived.parts["AW_ADDRESS"] == target.settings["address"].encode()
