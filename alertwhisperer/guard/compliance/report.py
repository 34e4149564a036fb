"""The documents of a report of evidence, as values: for each control what helps, what the audit log holds of it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from alertwhisperer.domain.audit import AuditAction, AuditEntry
from alertwhisperer.guard.compliance import iso27001, soc2
from alertwhisperer.guard.compliance.capabilities import CAPABILITIES, Capability
from alertwhisperer.guard.compliance.control import Control

FRAMEWORKS: Mapping[str, Sequence[Control]] = {soc2.FRAMEWORK: soc2.CONTROLS, iso27001.FRAMEWORK: iso27001.CONTROLS}

Counts = Mapping[str, int]
"""How often each act of the catalogue was done, by its name."""

DISCLAIMER = (
    "This report says what the product recorded. It is no certificate, and no opinion on whether a control is met: "
    "that is an auditor's, who also looks at what stays with whoever runs the product."
)


def capability_documents(counts: Counts, since: datetime, until: datetime) -> list[dict[str, object]]:
    """Each capability with its audit query and how many entries answer it."""
    return [
        {
            "slug": one.slug,
            "title": one.title,
            "does": one.does,
            "page": f"docs/{one.page}",
            "tests": one.tests,
            "commands": [f"alertwhisperer {words}" for words in one.commands],
            "query": {
                "actions": [action.value for action in one.actions],
                "since": since.isoformat(),
                "until": until.isoformat(),
            },
            "entries": {action.value: counts.get(action.value, 0) for action in one.actions},
            "total": entries_of(one, counts),
        }
        for one in CAPABILITIES.values()
    ]


def control_documents(counts: Counts) -> list[dict[str, object]]:
    """Each control of each framework with what helps, how many entries that left, and what stays with the operator."""
    return [
        {
            "framework": framework,
            "control": one.id,
            "subject": one.subject,
            "capabilities": one.capabilities,
            "entries": sum(counts.get(action, 0) for action in actions_of(one.capabilities)),
            "duty": one.duty,
        }
        for framework, controls in FRAMEWORKS.items()
        for one in controls
    ]


def entries_of(capability: Capability, counts: Counts) -> int:
    """How many entries a capability left."""
    return sum(counts.get(action.value, 0) for action in capability.actions)


def actions_of(slugs: Iterable[str]) -> list[AuditAction]:
    """The acts of some capabilities, each once, in the catalogue's order."""
    wanted = {action for slug in slugs for action in CAPABILITIES[slug].actions}
    return [action for action in AuditAction if action in wanted]


def entry_line(entry: AuditEntry) -> bytes:
    """An entry as a line of JSON, with the names that the API has for its fields."""
    fields = {
        "id": str(entry.id),
        "company_id": str(entry.company_id),
        "at": entry.at.isoformat(),
        "action": entry.action.value,
        "actor": entry.actor,
        "user_id": None if entry.user_id is None else str(entry.user_id),
        "ip": entry.ip,
        "resource": {"kind": entry.resource.kind, "id": entry.resource.id},
        "incident_id": None if entry.incident_id is None else str(entry.incident_id),
        "reason": entry.reason,
        "detail": dict(entry.detail),
        "erased": entry.erased,
    }
    return msgspec.json.encode(fields) + b"\n"


def summary(counts: Counts, *, of: str, since: datetime, until: datetime, at: datetime, by: str, verified: str) -> str:
    """The page to begin with, in Markdown."""
    lines = [
        f"# Evidence of {of}",
        "",
        f"From {since.isoformat()} to {until.isoformat()}, made at {at.isoformat()} by {by}.",
        "",
        DISCLAIMER,
        "",
        f"Verification of the audit log: {verified}.",
        "",
        "| What the product does | entries | file |",
        "|---|---|---|",
        *(
            f"| {one.title} | {entries_of(one, counts)} | {f'entries/{one.slug}.jsonl' if one.actions else ''} |"
            for one in CAPABILITIES.values()
        ),
        "",
        "`controls.json` has each control with what helps and what stays with whoever runs the product, "
        "`capabilities.json` the queries, `configuration.json` how the installation is set, `verification.json` what "
        "the verifier found. `manifest.json` names the SHA-256 of every file and is signed with the audit log's key.",
    ]
    return "\n".join(lines) + "\n"
