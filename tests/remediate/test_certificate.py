"""A certificate is good for one file, signed by this installation, and whatever else is there is not believed."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alertwhisperer.guard.audit.checkpoint import SigningKey
from alertwhisperer.remediate.certificate import DrillState, certify, keep, record_of
from alertwhisperer.remediate.drill import Step
from alertwhisperer.runbooks.reading import library, read
from tests.runbooks.files import CHANGE

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
KEY, OTHER = SigningKey(b"k" * 32), SigningKey(b"o" * 32)
RUNBOOK = read(CHANGE.encode(), "put-word")
WELL = Step("act", "0", 0, True, 7, "good")
ILL = Step("verify", "0", 1, False, 7, "bad")


def kept(folder: Path, *steps: Step, key: SigningKey = KEY) -> Path:
    return keep(folder, certify(RUNBOOK, steps, machine="a machine", by="test", at=NOW), key)


def test_a_drill_that_passed_is_shown_with_its_steps(tmp_path: Path) -> None:
    kept(tmp_path / "drills", WELL)
    found = record_of(tmp_path / "drills", RUNBOOK, [KEY.public])
    assert found.state is DrillState.PASSED
    assert found.certificate is not None
    assert (found.certificate.steps, found.certificate.at) == ((WELL,), NOW)


def test_one_that_failed_says_where_it_stopped(tmp_path: Path) -> None:
    kept(tmp_path, WELL, ILL)
    found = record_of(tmp_path, RUNBOOK, [KEY.public])
    assert (found.state, found.reason) == (DrillState.FAILED, "it stopped at: verify")


def test_no_step_is_no_pass(tmp_path: Path) -> None:
    kept(tmp_path)
    assert record_of(tmp_path, RUNBOOK, [KEY.public]).state is DrillState.FAILED


def test_a_changed_file_has_no_certificate_any_more(tmp_path: Path) -> None:
    kept(tmp_path, WELL)
    changed = read(CHANGE.encode() + b"# a remark\n", "put-word")
    assert record_of(tmp_path, changed, [KEY.public]).state is DrillState.NOT_TRIED
    assert record_of(None, RUNBOOK, [KEY.public]).state is DrillState.NOT_TRIED


def test_what_somebody_else_signed_altered_or_moved_is_not_believed(tmp_path: Path) -> None:
    path = kept(tmp_path, WELL, key=OTHER)
    assert record_of(tmp_path, RUNBOOK, [KEY.public]).state is DrillState.UNTRUSTED
    path = kept(tmp_path, WELL, ILL)
    document = json.loads(path.read_bytes())
    path.write_text(json.dumps({**document, "body": document["body"].replace('"passed": false', '"passed": true')}))
    assert record_of(tmp_path, RUNBOOK, [KEY.public]).state is DrillState.UNTRUSTED
    path.write_bytes(KEY.sign("{}"))
    assert record_of(tmp_path, RUNBOOK, [KEY.public]).state is DrillState.UNTRUSTED
    path.write_bytes(b"\xff" * 300_000)
    assert record_of(tmp_path, RUNBOOK, [KEY.public]).state is DrillState.UNTRUSTED
    other = read(CHANGE.encode() + b"# a remark\n", "put-word")
    good = keep(tmp_path, certify(other, [WELL], machine="", by="", at=NOW), KEY)
    good.replace(path)
    assert record_of(tmp_path, RUNBOOK, [KEY.public]).reason == "the certificate is of another runbook"


@pytest.mark.parametrize(
    "slug", ["windows-service-restart", "windows-disk-cleanup", "iis-app-pool-recycle", "snmp-interface-bounce"]
)
def test_what_cannot_be_drilled_says_why(slug: str, tmp_path: Path) -> None:
    found = record_of(tmp_path, library()[slug], [KEY.public])
    assert (found.state, found.reason) == (DrillState.NOT_DRILLED, library()[slug].drill.not_drilled)
    assert found.reason
