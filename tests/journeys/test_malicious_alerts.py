"""
What an attacker writes into alerts enters by the real webhook of a company that lets low risk pass, and can do nothing.

The target is a real sshd whose account writes down every command and every byte that comes to it: either nothing came,
or it is byte for byte what was approved. Whatever is hostile would touch a canary if any shell on the way read it.
"""

import base64
import gzip
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import pytest

from alertwhisperer.executors._carry import COMMAND
from tests.database import Migrated, migrated_database
from tests.peers.sshd import Sshd, sshd
from tests.server import Sender, Server, bearer, house_of, new_company, new_sender, new_token, on_database, serving

pytestmark = pytest.mark.slow

PATIENCE_S = 60
LOCAL = {"ALERTWHISPERER_LOCAL_TARGETS": "127.0.0.0/8"}
PRINTS = """printf '%s' "$AW_NOTE"
"""
PASTES = """eval "echo $AW_NOTE"
exit 0
"""
NOTE = f"""\
format = 1
version = 1
title = "Say a note"
summary = "Prints what it is given."
platform = "linux"
risk = "low"
risk_reason = "It changes nothing."
changes = false

[applies]
signatures = ["*note is due*"]

[parameters.note]
kind = "text"
description = "what is printed"
suggested_from = ["label:note", "asset", "signature"]

[precheck]
timeout_s = 20
script = '''
exit 0
'''

[act]
timeout_s = 20
script = '''
{PRINTS}'''

[drill]
not_drilled = "It is of a test."
"""


def hostile(canary: Path) -> Mapping[str, str]:
    """What an attacker would try, each under a name."""
    touch = f"touch {canary}"
    return {
        "shell": f"; {touch}",
        "substitution": f"$({touch})",
        "backticks": f"`{touch}`",
        "pipe": f"| {touch}",
        "quotes": f"'; {touch}; \"; {touch}; '",
        "no spaces": f"${{IFS}};{touch.replace(' ', '${IFS}')}",
        "lines": f"x\n{touch}\n",
        "carriage return": f"x\r{touch}",
        "parameter store": "{{ssm:aw-secret}}",
        "secure parameter": "{{ ssm-secure:aw-secret }}",
        "option": f"-oProxyCommand={touch}",
        "long option": "--rcfile=/etc/passwd",
        "way up": "../../../etc/passwd",
        "format": "%s%n\\0101\\n",
        "unicode": "größe 日本 \u202e txt",
        "line separator": f"x\u2028{touch}",
        "long": "A" * 5_000,
        "terminal": "\x1b]0;owned\x07",
    }


REFUSED = {
    "lines",
    "carriage return",
    "parameter store",
    "secure parameter",
    "option",
    "long option",
    "line separator",
    "long",
    "terminal",
}
"""Those that no parameter takes, whatever a company lists; the others are one line of text, and go as data."""


NO_TARGET = {"no_asset", "not_confirmed"}
"""A name that nobody gave an asset; a moment later the inventory lists it as seen in an alert, and not confirmed."""


class Arrived(NamedTuple):
    """What came over one connection."""

    command: str
    folder: str
    words: Sequence[str]
    parts: Mapping[str, bytes]


@dataclass
class Wire:
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
        head, _, rest = gzip.decompress(base64.b64decode(packed, validate=True)).partition(b"\n\n")
        words, parts = head.decode().split("\n"), {}
        for word in words:
            if word.startswith("part "):
                _, name, size = word.split(" ")
                parts[name], rest = rest[: int(size)], rest[int(size) :]
        assert rest == b""
        return Arrived(command.read_text(), base64.b64decode(where).decode(), words, parts)


@dataclass
class Company:
    """A client with its tool, its admin's token, and what came to its target."""

    server: Server
    id: UUID
    token: str
    sender: Sender
    wire: Wire

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """What a person's door answers, which must not refuse."""
        answer = self.sent(method, path, **more)
        assert answer.is_success, (path, answer.text)
        return answer.json()

    def sent(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The answer as it comes."""
        url = f"{self.server.url}{path}"
        return httpx.request(method, url, headers=bearer(self.token), timeout=30, trust_env=False, **more)

    def of(self, path: str) -> str:
        return f"/api/companies/{self.id}/{path}"

    def put(self, path: str, body: object) -> Any:
        return self.ask("PUT", self.of(path), json=body)

    def post(self, path: str, body: object) -> Any:
        return self.ask("POST", self.of(path), json=body)

    def bind(self, name: str, target: Sshd) -> None:
        """A confirmed asset that is reached by SSH."""
        key = self.post("credentials", {"name": f"key of {name}", "executor": "ssh", "values": dict(target.secrets)})
        asset = self.post("assets", {"name": name, "platform": "linux"})
        way = {"executor": "ssh", "settings": target.settings, "credential": key["id"]}
        self.put(f"assets/{asset['id']}/binding", way)

    def alert(self, asset: str, signature: str, labels: Mapping[str, str]) -> Any:
        """A signed alert enters; what was thought of it, once that is known; None where it opened no incident."""
        document = {"asset_name": asset, "signature": signature, "severity": "high", "labels": labels, "message": "x"}
        body = json.dumps(document).encode()
        headers = {"Content-Type": "application/json", **self.sender.headers(body)}
        answer = httpx.post(f"{self.server.url}{self.sender.path}", content=body, headers=headers, trust_env=False)
        assert answer.status_code == 202, answer.text
        delivery = self.ask("GET", f"/api/deliveries/{answer.json()['delivery_id']}")
        [fate] = delivery["occurrences"]
        if fate["incident_id"] is None:
            return None
        return self.thought(fate["incident_id"])

    def thought(self, incident_id: str) -> Any:
        """The choice and the runs of an incident, when all of it is over or waits for a person."""
        until = time.monotonic() + PATIENCE_S
        while True:
            mending = self.ask("GET", f"/api/incidents/{incident_id}/mending")
            under_way = any(one["state"] in ("planned", "running") or _starts(one) for one in mending["runs"])
            if mending["choice"] is not None and not under_way:
                return mending
            assert time.monotonic() < until, mending
            time.sleep(0.05)

    def ended(self, run_id: str) -> Any:
        """A run that somebody agreed to, when it is over."""
        until = time.monotonic() + PATIENCE_S
        while (run := self.ask("GET", f"/api/runs/{run_id}"))["state"] in ("waiting_for_approval", "running"):
            assert time.monotonic() < until, run
            time.sleep(0.05)
        return run


def _starts(run: Mapping[str, Any]) -> bool:
    """Of low risk, so that nobody is waited for."""
    return bool(run["state"] == "waiting_for_approval" and run["risk"] == "low")


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
    one = Company(server, made.id, token, sender, Wire(tmp_path / "wire"))
    one.put("settings/auto_approve_low", {"value": "yes"})
    one.put("settings/runs_per_hour", {"value": 1_000})
    one.put("settings/target_runs_per_hour", {"value": 1_000})
    one.bind("host-01", target)
    one.put("runbooks/say-note", {"text": NOTE})
    return one


def let_labels_in(company: Company, *values: str) -> None:
    """The company's list says that the note may come from a label, and which notes."""
    taken = {"runbook": "say-note", "parameter": "note", "from": "label:note"}
    company.put("run-policy", {"trusted_integrations": [], "parameters": [taken]})
    company.put("runbooks/say-note/override", {"allowed": {"note": list(values)}})


def is_as_approved(company: Company, run: Mapping[str, Any], arrived: Sequence[Arrived], target: Sshd) -> None:
    """What came is the constant command, and in its envelopes the scripts and parameters of the approved plan alone."""
    plan = company.ask("GET", f"/api/approvals/{run['approval_id']}")["plan"]
    parameters = {f"AW_{one['name'].upper()}": one["value"].encode() for one in plan["parameters"]}
    scripts = [base64.b64decode(plan[phase]["base64"]) for phase in ("precheck", "act")]
    assert [one.command for one in arrived] == [COMMAND] * 2
    assert [one.folder for one in arrived] == [str(target.folder)] * 2
    assert [one.parts for one in arrived] == [{"script": script, **parameters} for script in scripts]
    acts = company.ask("GET", f"/api/runs/{run['id']}")["acts"]
    assert [one.words[:2] for one in arrived] == [["mode run", f"act {act['id']}"] for act in acts]


def said_by(company: Company, run: Mapping[str, Any]) -> bytes:
    """What the act of a run printed."""
    acts = company.ask("GET", f"/api/runs/{run['id']}")["acts"]
    act = next(one["id"] for one in acts if one["phase"] == "act")
    return base64.b64decode(company.ask("GET", f"/api/runs/{run['id']}/acts/{act}")["stdout"]["base64"])


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
            is_as_approved(company, run, arrived, target)
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
        is_as_approved(company, run, arrived, target)
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
    theirs.bind("their-host", target)
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
