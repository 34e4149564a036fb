"""What every answer of a source keeps, whatever it was asked; and JSON as it never should be, to ask with."""

import copy
import random
from datetime import datetime, timedelta
from typing import Any

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Kind, Occurrence
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources.contract import Parsed
from tests.sources.stored import NOW

ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1e308, float("nan"), 10**400, "", " ", "\x00", "a\x00b", "\ud800", "x" * 5_000),
    *("{HOST.NAME}", "null", "-", [], {}, [[]], {"a": {"b": [1, {"c": None}]}}, ["x", 1, None], "0001-01-01T00:00:00Z"),
    *("9999-12-31T23:59:59+14:00", "99999999999999999999", "2026-11-20T25:00:00Z", "٣", "😀" * 600, "a\nb\r\n\tc"),
)


def damaged(value: Any, chance: random.Random) -> Any:
    """The document with one place replaced, dropped or doubled."""
    if not isinstance(value, dict | list) or not value or chance.random() < 0.05:
        return copy.deepcopy(chance.choice(ODD))
    key: Any = chance.choice(list(value)) if isinstance(value, dict) else chance.randrange(len(value))
    if chance.random() < 0.15:
        del value[key]
    elif isinstance(value, list) and chance.random() < 0.2:
        value.append(copy.deepcopy(value[key]))
    else:
        value[key] = damaged(value[key], chance)
    return value


def check(said: Parsed | Invalid) -> None:
    """The promises that every answer keeps."""
    if isinstance(said, Invalid):
        assert said.what
        return
    places = [index for index, _ in said.occurrences] + [refused.index for refused in said.refused]
    assert len(places) == len(set(places)), "one outcome for each member"
    assert all(place >= 0 for place in places)
    assert all(refused.what and refused.mend for refused in said.refused)
    for _, occurrence in said.occurrences:
        check_occurrence(occurrence)


def check_occurrence(said: Occurrence) -> None:
    """An occurrence that the pipeline can take as it is."""
    content = said.content
    texts = [content.asset, content.signature, content.message, content.source, said.problem, said.note]
    texts += [*content.labels, *content.labels.values(), *content.links, *content.links.values(), said.cycle or "x"]
    for text in texts:
        assert "\x00" not in text
        text.encode()  # no lone surrogates
    assert content.asset.strip()
    assert content.signature.strip()
    assert content.message.strip()
    assert content.source == content.source.lower()
    assert content.source.strip()
    assert said.problem.strip()
    assert said.cycle is None or said.cycle.strip()
    assert len(content.asset) <= 512
    assert len(content.signature) <= 512
    assert len(content.message) <= 2_000
    assert len(content.labels) <= 64
    assert all(len(name) <= 128 and len(text) <= 1_024 for name, text in content.labels.items())
    assert all(url.lower().startswith(("http://", "https://")) for url in content.links.values())
    assert said.severity is None or isinstance(said.severity, Severity)
    assert bool(said.note) is (said.kind is Kind.NOTED)
    assert said.kind is Kind.RESOLVED or said.ended_at is None
    for time in (said.started_at, said.ended_at):
        assert time is None or is_sane(time)


def is_sane(time: datetime) -> bool:
    """Aware, UTC, not before clocks and not after tomorrow."""
    return time.utcoffset() == timedelta(0) and time.year >= 1980 and time <= NOW + timedelta(days=1)
