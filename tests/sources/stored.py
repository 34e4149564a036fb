"""
The stored samples: requests of each tool as files, so that a bug's body becomes a test by being saved.

A file holds one of `body` (JSON), `text`, `form` or `base64` (bytes that only the source's `decode` can read), and
where needed `method`, `tail`, `headers`, `query`, `settings`, `refused` (the whole body is) and `detects` (the slug
that must recognise it; its folder's by default, null when none need).
"""

import json
from base64 import b64decode
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
    method: str = "POST"
    tail: str = ""

    @property
    def id(self) -> str:
        """For pytest's list."""
        return f"{self.tool}/{self.name}"

    def inbound(self, source: Source | None = None, **settings: Any) -> Inbound:
        """The request as a source gets it; with the source, as its own `decode` reads it."""
        document = self.document
        if source is not None and source.decode is not None:
            decoded = source.decode(self.body, self.headers)
            document = document if decoded is None else decoded
        return self.of(document, self.body, **settings)

    def of(self, document: Any, body: bytes, **settings: Any) -> Inbound:
        """The same request with another body."""
        return request(
            document, body, self.headers, self.query, self.settings | settings, method=self.method, tail=self.tail
        )


def request(
    document: Any,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    settings: dict[str, Any] | None = None,
    received_at: datetime = NOW,
    *,
    method: str = "POST",
    tail: str = "",
) -> Inbound:
    """A request with a decoded document."""
    raw = json.dumps(document).encode() if body is None else body
    return Inbound(method, "test", query or {}, headers or {}, raw, document, received_at, settings or {}, tail)


def load(tool: str, name: str) -> Stored:
    """One sample by name."""
    kept = json.loads((FOLDER / tool / f"{name}.json").read_text())
    if "form" in kept:
        body, document = urlencode(kept["form"]).encode(), kept["form"]
    elif "base64" in kept:
        body, document = b64decode(kept["base64"]), None
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
        kept.get("method", "POST"),
        kept.get("tail", ""),
    )


def every() -> list[Stored]:
    """All samples of all tools."""
    return [load(path.parent.name, path.stem) for path in sorted(FOLDER.glob("*/*.json"))]


def parsed(source: Source, name: str, **settings: Any) -> Parsed:
    """What a source makes of one of its samples."""
    return source.parse(load(source.slug, name).inbound(source, **settings))


def only(source: Source, name: str, **settings: Any) -> Occurrence:
    """The one occurrence of a sample that holds one."""
    found = parsed(source, name, **settings)
    assert not found.refused
    ((_, occurrence),) = found.occurrences
    return occurrence
