"""
What attackers write into alerts, a company that they aim at, and what came to its target: for journeys over each way.
"""

from __future__ import annotations

import base64
import gzip
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import httpx

from tests.server import Sender, Server, bearer

PATIENCE_S = 60
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
    """What came at once; `command` is what a shell was given, or what a vendor was told to give one."""

    command: str
    folder: str
    words: Sequence[str]
    parts: Mapping[str, bytes]


def unpacked(command: str, where: str, packed: str) -> Arrived:
    """What an envelope holds, read apart from the code that packs it."""
    head, _, rest = gzip.decompress(base64.b64decode(packed, validate=True)).partition(b"\n\n")
    words, parts = head.decode().split("\n"), {}
    for word in words:
        if word.startswith("part "):
            _, name, size = word.split(" ")
            parts[name], rest = rest[: int(size)], rest[int(size) :]
    assert rest == b""
    return Arrived(command, base64.b64decode(where).decode(), words, parts)


class Wire(Protocol):
    """What came to a target."""

    def new(self) -> list[Arrived]:
        """Since the last look, oldest first."""


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

    def keep(self, name: str, executor: str, values: Mapping[str, str]) -> str:
        """A credential; its id."""
        return str(self.post("credentials", {"name": name, "executor": executor, "values": dict(values)})["id"])

    def bind(self, name: str, executor: str, settings: Mapping[str, str], credential: str) -> None:
        """A confirmed asset that is reached so."""
        asset = self.post("assets", {"name": name, "platform": "linux"})
        way = {"executor": executor, "settings": dict(settings), "credential": credential}
        self.put(f"assets/{asset['id']}/binding", way)

    def let_low_risk_pass(self) -> None:
        """It has the runbook that says a note, and no cap is in the way."""
        self.put("settings/auto_approve_low", {"value": "yes"})
        self.put("settings/runs_per_hour", {"value": 1_000})
        self.put("settings/target_runs_per_hour", {"value": 1_000})
        self.put("runbooks/say-note", {"text": NOTE})

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


def let_labels_in(company: Company, *values: str) -> None:
    """The company's list says that the note may come from a label, and which notes."""
    taken = {"runbook": "say-note", "parameter": "note", "from": "label:note"}
    company.put("run-policy", {"trusted_integrations": [], "parameters": [taken]})
    company.put("runbooks/say-note/override", {"allowed": {"note": list(values)}})


def is_as_approved(
    company: Company, run: Mapping[str, Any], arrived: Sequence[Arrived], *, command: str, folder: str
) -> None:
    """What came is the constant command, and in its envelopes the scripts and parameters of the approved plan alone."""
    plan = company.ask("GET", f"/api/approvals/{run['approval_id']}")["plan"]
    parameters = {f"AW_{one['name'].upper()}": one["value"].encode() for one in plan["parameters"]}
    scripts = [base64.b64decode(plan[phase]["base64"]) for phase in ("precheck", "act")]
    assert [one.command for one in arrived] == [command] * 2
    assert [one.folder for one in arrived] == [folder] * 2
    assert [one.parts for one in arrived] == [{"script": script, **parameters} for script in scripts]
    acts = company.ask("GET", f"/api/runs/{run['id']}")["acts"]
    assert [one.words[:2] for one in arrived] == [["mode run", f"act {act['id']}"] for act in acts]


def said_by(company: Company, run: Mapping[str, Any]) -> bytes:
    """What the act of a run printed."""
    acts = company.ask("GET", f"/api/runs/{run['id']}")["acts"]
    act = next(one["id"] for one in acts if one["phase"] == "act")
    return base64.b64decode(company.ask("GET", f"/api/runs/{run['id']}/acts/{act}")["stdout"]["base64"])
