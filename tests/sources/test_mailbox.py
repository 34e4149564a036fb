"""A mail is read as people would read its subject, and errs on the side of an alert."""

from __future__ import annotations

import time

import pytest

from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources._mail.message import document_of
from alertwhisperer.sources.mailbox import SOURCE
from tests.sources.stored import only, parsed, request


def read(subject: str, text: str = "", **settings: object) -> object:
    """The one occurrence of a mail."""
    mail = {"subject": subject, "from": "mon@example.com", "text": text, "headers": {}}
    ((_, occurrence),) = SOURCE.parse(request(mail, settings=settings)).occurrences
    return occurrence


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ("RECOVERY: CPU critical on web-01", Kind.RESOLVED),
        ("[Resolved] High load", Kind.RESOLVED),
        ("Problem cleared: link on sw-1", Kind.RESOLVED),
        ("CRITICAL -> OK: disk on web-01", Kind.RESOLVED),
        ("disk on web-01 is OK", Kind.RESOLVED),
        ("OK -> CRITICAL: disk on web-01", Kind.FIRING),
        ("WARNING: not resolved since Monday", Kind.FIRING),
        ("ERROR: unresolved references", Kind.FIRING),
        ("Is the backup ok?", Kind.FIRING),
        ("disk on web-01 is not OK", Kind.FIRING),
        ("Disk almost full", Kind.FIRING),
        ("Test alert from monitoring", Kind.NOTED),
        ("CRITICAL: latest report missing", Kind.FIRING),
    ],
)
def test_a_subject_says_whether_it_is_over(subject: str, kind: Kind) -> None:
    assert read(subject).kind is kind  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("subject", "level"),
    [
        ("[HIGH] load", Severity.HIGH),
        ("MAJOR: load", Severity.HIGH),
        ("P1 load", Severity.CRITICAL),
        ("Host down", Severity.CRITICAL),
        ("CPU usage is high", None),
        ("Alert: something", None),
        ("warning, then CRITICAL", Severity.CRITICAL),
    ],
)
def test_the_worst_word_that_is_a_severity_counts(subject: str, level: Severity | None) -> None:
    assert read(subject).severity == level  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("subject", "text", "asset"),
    [
        ("Disk full", "host: web-01.example.com.", "web-01.example.com"),
        ("Disk full on db-2", "", "db-2"),
        ("Disk full on Monday", "", "mon@example.com"),
        ("Server=ups-9 on battery", "", "ups-9"),
        ("Disk full", "nothing of use", "mon@example.com"),
    ],
)
def test_the_asset_is_named_spoken_of_or_the_sender(subject: str, text: str, asset: str) -> None:
    assert read(subject, text).content.asset == asset  # type: ignore[attr-defined]


def test_a_pattern_finds_the_asset_first() -> None:
    found = read("Unit 7 broke on web-01", asset_pattern=r"Unit (\d+)")
    assert found.content.asset == "7"  # type: ignore[attr-defined]


def test_the_same_check_has_one_signature_whatever_its_numbers() -> None:
    first = read("PROBLEM: Disk /var 91% on web-01")
    again = read("RECOVERY: Disk /var 42.5% on web-01")
    assert first.content.signature == again.content.signature == "Disk /var #%"  # type: ignore[attr-defined]
    assert first.problem == again.problem  # type: ignore[attr-defined]


def test_samples_say_what_they_promise() -> None:
    assert only(SOURCE, "firing").severity is Severity.CRITICAL
    assert only(SOURCE, "encoded").content.asset == "sw-02"
    assert "Lüfter 3 steht." in only(SOURCE, "encoded").content.message
    assert only(SOURCE, "html-only").content.asset == "ups-1.example.com"
    assert only(SOURCE, "auto-reply").note == "auto_reply"
    assert only(SOURCE, "mapped").content.asset == "ups-1"
    assert only(SOURCE, "ok-to-critical").kind is Kind.FIRING
    (refused,) = parsed(SOURCE, "too-large").refused
    assert "too large" in refused.what


@pytest.mark.parametrize("name", ["From", "To", "Content-Type", "Content-Disposition", "Date", "Subject"])
def test_a_header_is_read_as_far_as_is_sane(name: str) -> None:
    hostile = f"{name}: {chr(34) * 60_000}\r\nSubject: Alarm\r\n\r\ntext\r\n".encode()
    began = time.process_time()
    assert document_of(hostile)["text"] is not None
    assert time.process_time() - began < 2, "the library's parser takes half a minute over all of it"
