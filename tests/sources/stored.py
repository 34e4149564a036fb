"""
The stored samples: requests of each tool as files, so that a bug's body becomes a test by being saved.

A file holds one of `body` (JSON), `text` or `form`, and where needed `headers`, `query`, `settings`, `refused` (the
whole body is) and `detects` (the slug that must recognise it; its folder's by default, null when none need).
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec

from alertwhisperer.domain.occurrence import Occurrence
from alertwhisperer.sources.contract import Inbound, Parsed, Source

FOLDER = Path(__file__).parent / "samples"
NOW = datetime(2026, 11, 20, 10, 16, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stored:
    """One sample file."""

    tool: str
    name: str
    promise: str
    body: bytes
    document: Any
    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    refused: bool = False
    detects: str | None = None

    @property
    def id(self) -> str:
        """For pytest's list."""
        return f"{self.tool}/{self.name}"

    def inbound(self, **settings: Any) -> Inbound:
        """The request as a source gets it."""
        return request(self.document, self.body, self.headers, self.query, self.settings | settings)


def request(
    document: Any,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    settings: dict[str, Any] | None = None,
    received_at: datetime = NOW,
) -> Inbound:
    """A request with a decoded document."""
    raw = json.dumps(document).encode() if body is None else body
    return Inbound("POST", "test", query or {}, headers or {}, raw, document, received_at, settings or {})


def load(tool: str, name: str) -> Stored:
    """One sample by name."""
    kept = json.loads((FOLDER / tool / f"{name}.json").read_text())
    if "form" in kept:
        body, document = urlencode(kept["form"]).encode(), kept["form"]
    elif "text" in kept:
        body, document = kept["text"].encode(), None
    else:
        body = json.dumps(kept["body"]).encode()
        document = msgspec.json.decode(body)
    return Stored(
        tool,
        name,
        kept["promise"],
        body,
        document,
        kept.get("headers", {}),
        kept.get("query", {}),
        kept.get("settings", {}),
        kept.get("refused", False),
        kept.get("detects", tool),
    )


def every() -> list[Stored]:
    """All samples of all tools."""
    return [load(path.parent.name, path.stem) for path in sorted(FOLDER.glob("*/*.json"))]


def parsed(source: Source, name: str, **settings: Any) -> Parsed:
    """What a source makes of one of its samples."""
    return source.parse(load(source.slug, name).inbound(**settings))


def only(source: Source, name: str, **settings: Any) -> Occurrence:
    """The one occurrence of a sample that holds one."""
    found = parsed(source, name, **settings)
    assert not found.refused
    ((_, occurrence),) = found.occurrences
    return occurrence
