"""
Certificates of drills: what was tried, on what, how it went, signed by the installation.

One is good for the hash of one file: whoever changes a runbook changes its hash, and the certificate is of another.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.runbook import Runbook
from alertwhisperer.guard.audit.checkpoint import SigningKey, read_signed
from alertwhisperer.remediate.drill import Step

FOLDER = "drills"
"""Where certificates lie in the data folder."""
_MOST_BYTES = 262_144
_KIND = "alertwhisperer drill"


class Certificate(msgspec.Struct, frozen=True):
    """
    What came of one drill.

    Attributes:
        hash: of the runbook's file; version: as it says.
        machine: what it was tried on: system and kernel.
        by: who asked for it.
    """

    kind: str
    slug: str
    version: int
    hash: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    passed: bool
    at: datetime
    machine: str
    by: str
    steps: tuple[Step, ...]


class DrillState(StrEnum):
    """Whether a runbook was tried."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_TRIED = "not_tried"
    """Nobody here tried this version."""
    NOT_DRILLED = "not drilled"
    """It cannot be tried by us: the reason says why."""
    UNTRUSTED = "untrusted"
    """There is a certificate, and its signature or its content is not right."""


@dataclass(frozen=True, slots=True)
class DrillRecord:
    """What is shown beside a runbook; `certificate` is None where there is none to trust."""

    state: DrillState
    reason: str
    certificate: Certificate | None = None


def certify(runbook: Runbook, steps: Sequence[Step], *, machine: str, by: str, at: datetime) -> Certificate:
    """The certificate of a drill that was done."""
    passed = bool(steps) and all(step.passed for step in steps)
    return Certificate(_KIND, runbook.slug, runbook.version, runbook.hash, passed, at, machine, by, tuple(steps))


def keep(folder: Path, certificate: Certificate, key: SigningKey) -> Path:
    """Sign a certificate and write it into the data folder's `drills`, in place of the one of the same file."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = _path(folder, certificate.slug, certificate.hash)
    fresh = path.with_suffix(".new")
    fresh.write_bytes(key.sign(json.dumps(msgspec.to_builtins(certificate), sort_keys=True)))
    fresh.replace(path)
    return path


def record_of(folder: Path | None, runbook: Runbook, public_keys: Sequence[str]) -> DrillRecord:
    """
    What to show beside a runbook.

    Args:
        folder: the data folder's `drills`; None where there is none.
        public_keys: of the installation, today's and former ones.
    """
    if runbook.drill.not_drilled:
        return DrillRecord(DrillState.NOT_DRILLED, runbook.drill.not_drilled)
    path = None if folder is None else _path(folder, runbook.slug, runbook.hash)
    if path is None or not path.is_file():
        return DrillRecord(DrillState.NOT_TRIED, "nobody drilled this version on this installation")
    try:
        certificate = _read(path, runbook, public_keys)
    except Invalid as failure:
        return DrillRecord(DrillState.UNTRUSTED, failure.what)
    if certificate.passed:
        return DrillRecord(DrillState.PASSED, "every step went as it must", certificate)
    last = certificate.steps[-1].name if certificate.steps else "nothing was tried"
    return DrillRecord(DrillState.FAILED, f"it stopped at: {last}", certificate)


def _read(path: Path, runbook: Runbook, public_keys: Sequence[str]) -> Certificate:
    with path.open("rb") as file:
        document = file.read(_MOST_BYTES + 1)
    if len(document) > _MOST_BYTES:
        raise Invalid("the certificate is too large")
    body = read_signed(document, *public_keys)
    try:
        certificate = msgspec.json.decode(body, type=Certificate)
    except msgspec.DecodeError as failure:
        raise Invalid("what was signed is no certificate") from failure
    if (certificate.kind, certificate.slug, certificate.hash) != (_KIND, runbook.slug, runbook.hash):
        raise Invalid("the certificate is of another runbook")
    return certificate


def _path(folder: Path, slug: str, made_of: str) -> Path:
    return folder / f"{slug}.{made_of[:16]}.json"
