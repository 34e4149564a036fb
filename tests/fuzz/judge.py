"""Sends a case through all that a source does with a request, and says which promise it broke."""

from __future__ import annotations

import signal
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import TypeVar

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
"""Of processor time for one call; other work on the machine does not count."""
_GIVEN_UP = 5  # times as long
SLOW = "too slow"
"""Where a case failed that took too long."""
_REFUSALS = (400, 401, 403, 405, 409, 413, 429, 503)
_INTEGRATION = bytes(range(16))

T = TypeVar("T")


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


class _TooSlow(BaseException):
    """A call took too long; no `Exception`, so that no parser takes it for one of its own."""


class _Watch:
    """Calls parts of a source, and raises when one of them takes longer than this, which may be for ever."""

    def __init__(self, longest: timedelta) -> None:
        self._longest_s = longest.total_seconds()

    def __call__(self, call: Callable[..., T], *arguments: object) -> T:
        began = time.process_time()
        signal.signal(signal.SIGVTALRM, self._give_up)
        signal.setitimer(signal.ITIMER_VIRTUAL, self._longest_s * _GIVEN_UP)
        try:
            return call(*arguments)
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            took_s = time.process_time() - began
            if took_s > self._longest_s:
                raise _TooSlow(f"it took {took_s:.1f} s of processor time")

    def _give_up(self, number: int, frame: FrameType | None) -> None:
        raise _TooSlow(f"it was given up after {self._longest_s * _GIVEN_UP:g} s of processor time")


def judge(source: Source, case: Case, longest: timedelta = LONGEST) -> Failure | None:
    """
    What is wrong with how a source reads a case; None when every promise holds.

    Args:
        longest: of processor time for one call; at five times as much it is given up.
    """
    try:
        _try(source, case, _Watch(longest))
    except (_TooSlow, Exception) as wrong:  # noqa: BLE001 - whatever escapes is what is looked for
        return _failure(wrong)
    return None


def _failure(wrong: BaseException) -> Failure:
    steps = traceback.extract_tb(wrong.__traceback__)
    ours = [step for step in steps if "alertwhisperer" in step.filename] or list(steps)
    promise = steps[-1] if isinstance(wrong, AssertionError) else ours[-1]
    where = f"{type(wrong).__name__} in {Path(promise.filename).name}:{promise.lineno}: {promise.line}"
    if isinstance(wrong, _TooSlow):
        where = SLOW
    return Failure(where, "".join(traceback.format_exception(wrong)[-4:]).strip())


def _try(source: Source, case: Case, watch: _Watch) -> None:
    greeting = watch(source.greet, "OPTIONS", case.headers, case.query)
    if greeting is not None:
        _check_reply(greeting)
    if source.refuse is not None:
        for status in _REFUSALS:
            _check_reply(source.refuse(Denied(status, "it is wrong", "mend it", case.headers)))
    inbound = watch(inbound_of, source, case)
    said: Parsed | Invalid
    if inbound is None:
        return
    assert watch(source.detects, inbound) in (True, False)
    try:
        said = watch(source.parse, inbound)
    except Invalid as wrong:
        said = wrong
    check(said)
    if isinstance(said, Parsed):
        _check_parsed(source, case, inbound, said, watch)
    if source.reply is not None:
        parsed = said if isinstance(said, Parsed) else None
        count = len(parsed.occurrences) + len(parsed.refused) if parsed else 1
        problem = "" if parsed else "it could not be read"
        reply = watch(source.reply, inbound, Told("0" * 32, count, False, parsed, problem))
        if reply is not None:
            _check_reply(reply)
    if source.explain is not None:
        try:
            watch(source.explain, inbound)
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


def _check_parsed(source: Source, case: Case, inbound: Inbound, said: Parsed, watch: _Watch) -> None:
    members = watch(reading.members_of, said, _INTEGRATION)
    assert members
    named = watch(source.delivery_id, inbound)
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
