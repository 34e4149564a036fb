"""
From a request that was let in to the members of its delivery: parse with the source, normalize, keep what was read.

Used by the gateway, and again when a quarantined or an old delivery is read once more.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
import structlog

from alertwhisperer.domain.delivery import Member, Unreadable
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.ingest import body as bodies
from alertwhisperer.ingest.integrations import with_defaults
from alertwhisperer.ingest.normalize import normalize
from alertwhisperer.ingest.secret_settings import without_secrets
from alertwhisperer.sources.contract import Inbound, Parsed, Source

_MOST_MEMBERS = 1 << 20

_log = structlog.get_logger("reading")
_encode = msgspec.json.encode


class _Read(msgspec.Struct):
    """What a parser read of a request besides its body, as stored with the delivery."""

    method: str = "POST"
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    tail: str = ""


def document_of(source: Source, body: bytes, headers: Mapping[str, str]) -> Any:
    """
    The document of a body, as its source reads it; None when the body is empty.

    Raises:
        Invalid: neither the source nor the ordinary reading can make one.
    """
    if not body:
        return None
    if source.decode is not None and (decoded := source.decode(body, headers)) is not None:
        return decoded
    return bodies.document(body)


def parse(source: Source, inbound: Inbound) -> Parsed | Unreadable:
    """What the source's parser makes of a request; a parser's failure loses nothing, it becomes a unit to keep."""
    try:
        parsed = source.parse(inbound)
    except Invalid as failure:
        return Unreadable("unusable", failure.what, failure.where, failure.mend)
    except Exception as failure:  # noqa: BLE001 - a parser's bug must lose nothing: the body is kept and can be re-run
        _log.error("parser.failed", source=source.slug, exc_info=failure)
        return Unreadable("parser_failed", f"our parser failed: {type(failure).__name__}", "body", "we must mend it")
    if len(parsed.occurrences) + len(parsed.refused) > _MOST_MEMBERS:
        return Unreadable("too_many", "the body has too many members", "body", "send fewer in one request")
    return parsed


def members_of(parsed: Parsed | Unreadable, integration: bytes) -> list[Member]:
    """
    The members of a delivery in the order of its body; never empty.

    Args:
        integration: 16 bytes of the integration's id.
    """
    if isinstance(parsed, Unreadable):
        return [Member(0, parsed)]
    members = [Member(place, normalize(occurrence, integration)) for place, occurrence in parsed.occurrences]
    if parsed.refused:
        members.extend(Member(one.index, one) for one in parsed.refused)
        members.sort(key=lambda member: member.index)
    if not members:
        members.append(Member(0, Unreadable("empty", "the body holds no alert", "body", "send at least one alert")))
    return members


def request_text(inbound: Inbound) -> str | None:
    """What was read besides the body, for `read_again`; None when nothing was."""
    if not inbound.query and not inbound.headers and not inbound.tail and inbound.method == "POST":
        return None
    read = {"method": inbound.method, "query": inbound.query, "headers": inbound.headers}
    return _encode(read | {"tail": inbound.tail} if inbound.tail else read).decode()


def read_again(
    source: Source, body: bytes, request: str | None, settings: Mapping[str, Any], received_at: datetime
) -> Parsed | Unreadable:
    """
    Parse a stored delivery with today's parser.

    Args:
        request: as `request_text` made it.
        settings: of the integration, as set; the source's defaults are added.
        received_at: when it arrived.
    """
    inbound = inbound_again(source, body, request, settings, received_at)
    return inbound if isinstance(inbound, Unreadable) else parse(source, inbound)


def inbound_again(
    source: Source, body: bytes, request: str | None, settings: Mapping[str, Any], received_at: datetime
) -> Inbound | Unreadable:
    """A stored delivery as today's parser gets it; arguments as of `read_again`."""
    read = msgspec.json.decode(request, type=_Read) if request else _Read()
    try:
        document = document_of(source, body, read.headers)
    except Invalid as failure:
        return Unreadable("invalid_json", failure.what, failure.where, failure.mend)
    return Inbound(
        read.method,
        source.slug,
        read.query,
        read.headers,
        body,
        document,
        received_at,
        without_secrets(source, with_defaults(source, settings)),
        read.tail,
    )
