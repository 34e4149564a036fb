"""Sends a case through all that a source does with a request, and says which promise it broke."""

from __future__ import annotations

import signal
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import FrameType

import alertwhisperer.sources as folder
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.ingest import reading
from alertwhisperer.ingest.integrations import with_defaults
from alertwhisperer.ingest.secret_settings import without_secrets
from alertwhisperer.kit import registry
from alertwhisperer.sources.contract import Denied, Inbound, Parsed, Reply, Source, Told
from tests.fuzz.cases import Case
from tests.sources.promises import check
from tests.sources.stored import NOW

SOURCES: Mapping[str, Source] = registry.load(folder, "SOURCE", Source)

LONGEST = timedelta(seconds=1)
"""Of processor time for one request; other work on the machine does not count."""
_GIVEN_UP = 5  # times as long
SLOW = "too slow"
"""Where a case failed that took too long."""
_REFUSALS = (400, 401, 403, 405, 409, 413, 429, 503)
_INTEGRATION = bytes(range(16))


@dataclass(frozen=True, slots=True)
class Failure:
    """
    A broken promise.

    Attributes:
        where: names it: two failures at one place are one bug.
        told: the end of the traceback, for people.
    """

    where: str
    told: str


class _GaveUp(BaseException):
    """It would have gone on for ever; no `Exception`, so that no parser takes it for one of its own."""


def judge(source: Source, case: Case, longest: timedelta = LONGEST) -> Failure | None:
    """
    What is wrong with how a source reads a case; None when every promise holds.

    Args:
        longest: of processor time; at five times as much it is given up.
    """
    began = time.process_time()
    signal.signal(signal.SIGVTALRM, _give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, longest.total_seconds() * _GIVEN_UP)
    try:
        _try(source, case)
    except (_GaveUp, Exception) as wrong:  # noqa: BLE001 - whatever escapes is what is looked for
        return _failure(wrong)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    took = time.process_time() - began
    if took > longest.total_seconds():
        return Failure(SLOW, f"it took {took:.1f} s of processor time for {len(case.body)} bytes")
    return None


def _give_up(number: int, frame: FrameType | None) -> None:
    raise _GaveUp("it took far too much processor time")


def _failure(wrong: BaseException) -> Failure:
    steps = traceback.extract_tb(wrong.__traceback__)
    ours = [step for step in steps if "alertwhisperer" in step.filename] or list(steps)
    promise = steps[-1] if isinstance(wrong, AssertionError) else ours[-1]
    where = f"{type(wrong).__name__} in {Path(promise.filename).name}:{promise.lineno}: {promise.line}"
    if isinstance(wrong, _GaveUp):
        where = SLOW
    return Failure(where, "".join(traceback.format_exception(wrong)[-4:]).strip())


def _try(source: Source, case: Case) -> None:
    greeting = source.greet("OPTIONS", case.headers, case.query)
    if greeting is not None:
        _check_reply(greeting)
    if source.refuse is not None:
        for status in _REFUSALS:
            _check_reply(source.refuse(Denied(status, "it is wrong", "mend it", case.headers)))
    inbound = inbound_of(source, case)
    said: Parsed | Invalid
    if inbound is None:
        return
    assert source.detects(inbound) in (True, False)
    try:
        said = source.parse(inbound)
    except Invalid as wrong:
        said = wrong
    check(said)
    if isinstance(said, Parsed):
        _check_parsed(source, case, inbound, said)
    if source.reply is not None:
        parsed = said if isinstance(said, Parsed) else None
        count = len(parsed.occurrences) + len(parsed.refused) if parsed else 1
        problem = "" if parsed else "it could not be read"
        reply = source.reply(inbound, Told("0" * 32, count, False, parsed, problem))
        if reply is not None:
            _check_reply(reply)
    if source.explain is not None:
        try:
            source.explain(inbound)
        except Invalid:
            pass  # a mapping that cannot be carried out on this says so


def inbound_of(source: Source, case: Case) -> Inbound | None:
    """The request as the gateway hands it to the source; None when it goes to quarantine before the parser."""
    try:
        document = reading.document_of(source, case.body, case.headers)
    except Invalid:
        return None
    settings = without_secrets(source, with_defaults(source, case.settings))
    return Inbound(case.method, source.slug, case.query, case.headers, case.body, document, NOW, settings, case.tail)


def _check_parsed(source: Source, case: Case, inbound: Inbound, said: Parsed) -> None:
    members = reading.members_of(said, _INTEGRATION)
    assert members
    named = source.delivery_id(inbound)
    assert named is None or 0 < len(named) <= 128
    for action in said.actions:
        "".join([action.kind, action.subject, *action.data, *action.data.values()]).encode()
    if case.number % 8 == 0:  # not each: it doubles the time
        again = reading.read_again(source, case.body, reading.request_text(inbound), case.settings, NOW)
        assert again == said, "what is stored says the same when it is read again"


def _check_reply(reply: Reply) -> None:
    assert 200 <= reply.status <= 599
    assert isinstance(reply.body, bytes)
    for text in (reply.content_type, *(part for header in reply.headers for part in header)):
        raw = text.encode("latin-1")
        assert not set(raw) & {0, 10, 13}, "an answer's header is one line"
