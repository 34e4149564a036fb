"""
One mail as a document: subject, from, to, date, text and headers, whatever its sender made of it.

Mail is hostile: charsets that do not exist, parts in parts in parts, headers that the library's own parser trips over.
Each is read on its own, so that what one of them hides costs nothing but itself.
"""

from __future__ import annotations  # the library's types take parameters for the type checker only

import html
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from email.parser import BytesHeaderParser
from email.utils import parseaddr, parsedate_to_datetime
from itertools import islice
from typing import Any

from alertwhisperer.sources._reading import LONGEST_LABEL, clean, line
from alertwhisperer.sources.contract import Json

TOO_LARGE = b"X-Alertwhisperer-Too-Large"
"""First header of what is kept of a mail that is too large: how large it is."""
_LONGEST_TEXT = 65_536
_MOST_HEADERS = 60
_LONGEST_HEADER = 2_048  # 56 kB of quotes in an address took half a minute
_MOST_PARTS = 100
_SEARCHED = 4 * _LONGEST_TEXT
# Content of scripts and styles is no text; a tag is at most so long, so that a lone `<` costs no walk to the end.
_UNSEEN = re.compile(r"(?is)<(script|style)\b[^>]{0,1000}>.{0,100000}?</\1\s*>")
_BREAK = re.compile(r"(?i)<(?:br|/p|/div|/tr|/h[1-6]|/li)\b[^>]{0,1000}>")
_TAG = re.compile(r"<[^<>]{0,4000}>")
_NEWLINES = re.compile(r"\n\s*\n+")


class _Capped(policy.EmailPolicy):
    """The library's own reading of headers, which takes quadratic time, of no more than is sane."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        """As there; the message asks for its content type by this as well."""
        return super().header_fetch_parse(name, str(value)[:_LONGEST_HEADER])


def document_of(raw: bytes) -> dict[str, Json]:
    """
    The mail's parts that matter; those that it lacks, or hides, are "".

    Returns:
        `subject`, `from` and `to` (addresses), `from_name`, `date` (RFC 3339), `text`, `headers` (lower-case names,
        the first of each), and `too_large` when only its head was kept.
    """
    message = _message(raw)
    headers = _headers(message)
    name, address = _address(headers.get("from", ""))
    return {
        "subject": headers.get("subject", ""),
        "from": address,
        "from_name": name,
        "to": _address(headers.get("to", ""))[1],
        "date": _date(headers.get("date", "")),
        "text": _text(message),
        "headers": headers,
        "too_large": headers.get(TOO_LARGE.decode().lower()) if raw.startswith(TOO_LARGE) else None,
    }


def _message(raw: bytes) -> Message[Any, Any]:
    try:
        return message_from_bytes(raw, policy=_Capped())
    except (RecursionError, ValueError, LookupError, AttributeError, IndexError, TypeError):
        # Nested too deep, or a fault of the library's: the head says enough to see that there was a mail.
        return BytesHeaderParser(policy=policy.compat32).parsebytes(raw[:_LONGEST_TEXT])


def _headers(message: Message[Any, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, raw in islice(message.raw_items(), 4 * _MOST_HEADERS):
        key = clean(str(name).lower(), 128)
        if key not in found and len(found) < _MOST_HEADERS:
            found[key] = line(_header(message, str(name), raw), LONGEST_LABEL)
    return found


def _header(message: Message[Any, Any], name: str, raw: object) -> str:
    try:
        return str(message.policy.header_fetch_parse(name, str(raw)))
    except Exception:  # noqa: BLE001 - the library's header parser fails in many ways; the raw text is there
        return str(raw)[:_LONGEST_HEADER]


def _address(text: str) -> tuple[str, str]:
    try:
        name, address = parseaddr(text)
    except (ValueError, IndexError, RecursionError):
        return "", ""
    return name, address.lower()


def _date(text: str) -> str:
    try:
        found = parsedate_to_datetime(text)
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except (ValueError, TypeError, OverflowError, IndexError):
        return ""


def _text(message: Message[Any, Any]) -> str:
    """The first plain text, else the first HTML without its markup."""
    page = ""
    for part in islice(_parts(message), _MOST_PARTS):
        kind = part.get_content_type()
        if kind not in ("text/plain", "text/html"):
            continue
        found = _content(part)
        if kind == "text/plain" and found.strip():
            return clean(found.strip(), _LONGEST_TEXT)
        page = page or found
    return clean(_without_markup(page), _LONGEST_TEXT)


def _parts(message: Message[Any, Any]) -> Iterator[Message[Any, Any]]:
    """The parts in their order, attachments left out; not by the library's `walk`, which recurses."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        if part.is_multipart():
            inner = part.get_payload()
            waiting.extend(
                one for one in reversed(inner if isinstance(inner, list) else []) if isinstance(one, Message)
            )
        elif not _is_attachment(part):
            yield part


def _is_attachment(part: Message[Any, Any]) -> bool:
    try:
        return part.get_content_disposition() == "attachment"
    except Exception:  # noqa: BLE001 - as in `_header`
        return False


def _content(part: Message[Any, Any]) -> str:
    if isinstance(part, EmailMessage):
        with suppress(Exception):  # an unknown charset, broken base64, or a fault of the library's
            return str(part.get_content())[:_SEARCHED]
    with suppress(Exception):  # likewise
        payload = part.get_payload(decode=True)
        return payload[:_SEARCHED].decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    return ""


def _without_markup(page: str) -> str:
    text = _TAG.sub(" ", _BREAK.sub("\n", _UNSEEN.sub(" ", page)))
    return _NEWLINES.sub("\n", html.unescape(text)).strip()
