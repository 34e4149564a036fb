"""
What each source costs in processor time: reading its `firing` sample alone, and a hundred alerts in one body where the
tool's format has room for them. No server and no database; the gateway does the rest, alike for all.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from alertwhisperer.app.build import all_sources
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.ingest.integrations import with_defaults
from alertwhisperer.ingest.reading import document_of
from alertwhisperer.sources.contract import Inbound, Source
from tests.sources.stored import NOW, Stored, every

_MANY = 100
_ROUNDS = 15
_ROUND_S = 0.005


@dataclass(frozen=True, slots=True)
class Cost:
    """
    Of one body, the best of some rounds.

    Attributes:
        size: of the body, in bytes.
        alerts: that it holds.
        document_us: making a document of it, with the source's own `decode` where it has one.
        parse_us: making occurrences of the document.
        json_us: decoding the same as JSON and nothing else: the least that anything can cost.
    """

    size: int
    alerts: int
    document_us: float
    parse_us: float
    json_us: float

    @property
    def us_per_alert(self) -> float:
        """All of it."""
        return (self.document_us + self.parse_us) / self.alerts

    @property
    def ratio(self) -> float:
        """To decoding alone."""
        return (self.document_us + self.parse_us) / self.json_us


def costs() -> Iterator[tuple[Source, Cost, Cost | None]]:
    """Each source's costs of one alert and of many in a body; None where its format holds one."""
    samples = {sample.tool: sample for sample in every() if sample.name == "firing"}
    for slug, source in all_sources().items():
        if slug in samples:
            sample = samples[slug]
            many = _with_many(source, sample)
            yield source, _cost(source, sample, sample.body), None if many is None else _cost(source, sample, many)


def table() -> Iterator[str]:
    """The lines of the report, as Markdown: README.md keeps them."""
    yield "| source | body | document | parse | of JSON | alerts in one body | an alert | of JSON |"
    yield "|---|---|---|---|---|---|---|---|"
    for source, one, many in costs():
        rest = "| | |"
        if many is not None:
            rest = f"{many.alerts} | {many.us_per_alert:.1f} µs | {many.ratio:.1f} |"
        yield (
            f"| {source.slug} | {one.size:,} B | {one.document_us:.1f} µs | {one.parse_us:.1f} µs "
            f"| {f'{one.ratio:.1f}' if one.size else ''} | {rest}"
        )


def _cost(source: Source, sample: Stored, body: bytes) -> Cost:
    inbound = _inbound(source, sample, body)
    as_json = msgspec.json.encode(inbound.document)
    document_us, parse_us, json_us = _us(
        lambda: document_of(source, body, sample.headers),
        lambda: source.parse(inbound),
        lambda: msgspec.json.decode(as_json),
    )
    return Cost(len(body), len(source.parse(inbound).occurrences), document_us, parse_us, json_us)


def _inbound(source: Source, sample: Stored, body: bytes) -> Inbound:
    document = document_of(source, body, sample.headers)
    settings: Mapping[str, Any] = with_defaults(source, sample.settings)
    return Inbound(sample.method, source.slug, sample.query, sample.headers, body, document, NOW, settings, sample.tail)


def _us(*calls: Callable[[], object]) -> list[float]:
    """
    Microseconds of processor time of each call: the least of some rounds, since whatever disturbs only adds to it.

    The calls take turns, so that a drifting machine drifts under all.
    """
    times = [_times(call) for call in calls]
    took = [[_round(call, many) for call, many in zip(calls, times, strict=True)] for _ in range(_ROUNDS)]
    return [min(rounds) * 1e6 for rounds in zip(*took, strict=True)]


def _times(call: Callable[[], object]) -> int:
    """How often a round calls it."""
    times, began = 0, time.process_time()
    while time.process_time() - began < _ROUND_S:
        call()
        times += 1
    return times


def _round(call: Callable[[], object], times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - began) / times


def _with_many(source: Source, sample: Stored) -> bytes | None:
    """The sample with its alert a hundred times, wherever repeating it makes as many occurrences."""
    if sample.document is None:
        return None
    alone = len(source.parse(_inbound(source, sample, sample.body)).occurrences)
    for document in _repeated(sample.document):
        body = msgspec.json.encode(document)
        try:
            found = source.parse(_inbound(source, sample, body)).occurrences
        except Invalid:
            continue
        if len(found) == alone * _MANY:
            return body
    return None


def _repeated(document: Any) -> Iterator[Any]:
    """A list of a hundred of it, and it with each of its lists a hundred times as long, the inner ones first."""
    yield [document] * _MANY
    for place in _lists(document, ()):
        changed = copy.deepcopy(document)
        within = changed
        for step in place:
            within = within[step]
        within *= _MANY
        yield changed


def _lists(value: Any, place: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    steps: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield from _lists(inner, (*place, step))
    if isinstance(value, list) and value:
        yield place
