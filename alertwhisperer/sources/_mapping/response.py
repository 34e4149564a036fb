"""
Response: the answer that a tool insists on, as data of the integration.

Only the status, the kind of text and the text can be chosen. What is filled in are ids, counts and words of ours, so
that nothing which a sender wrote comes back to anybody; and the text is never a page that a browser would run.
"""

from collections.abc import Callable
from typing import Literal

import msgspec

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.sources._mapping.values import pieces_of
from alertwhisperer.sources.contract import Reply, Told

NAMES = frozenset({"delivery_id", "status", "occurrences", "understood", "refused", "duplicate"})
_WITHOUT_MEANING = frozenset({205, 206})  # "reset the form" and "part of it": neither is an answer to a webhook
_NO_BODY = 204
# XML can carry scripts, and this answer comes from the console's own host.
_HARMLESS = (("x-content-type-options", "nosniff"), ("content-security-policy", "default-src 'none'; sandbox"))


class Response(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    How an accepted request is answered.

    Attributes:
        status: 200 to 299.
        body: a text in which `{name}` is filled in for each of `NAMES`; `{{` and `}}` are braces.
    """

    status: int = 200
    content_type: Literal["application/json", "text/plain", "application/xml", "text/xml"] = "application/json"
    body: str = ""


def compile_response(document: object) -> Callable[[Told], Reply]:
    """
    An answer ready to be filled in.

    Args:
        document: as JSON values, see `Response`.

    Raises:
        Invalid: with what is wrong and where.
    """
    try:
        wanted = msgspec.convert(document, Response)
    except msgspec.ValidationError as wrong:
        what, _, where = str(wrong).partition(" - at ")
        raise Invalid(what, where=where.strip("`").removeprefix("$").lstrip(".")) from wrong
    if not 200 <= wanted.status <= 299 or wanted.status in _WITHOUT_MEANING:
        raise Invalid("an answer's status is 200 to 299, and neither 205 nor 206", where="status")
    if wanted.status == _NO_BODY and wanted.body:
        raise Invalid("an answer of status 204 has no body", where="body")
    pieces = pieces_of(wanted.body, "body") if wanted.body else []
    unknown = sorted({name for _, name in pieces if name} - NAMES)
    if unknown:
        raise Invalid(
            f"there is no {unknown[0][:60]!r} to fill in", where="body", mend=f"use {', '.join(sorted(NAMES))}"
        )
    content_type = f"{wanted.content_type}; charset=utf-8"

    def answer(told: Told) -> Reply:
        values = _values(told)
        body = "".join(text + (values[name] if name else "") for text, name in pieces)
        return Reply(wanted.status, body.encode("utf-8", "replace"), content_type, _HARMLESS)

    return answer


def _values(told: Told) -> dict[str, str]:
    parsed = told.parsed
    return {
        "delivery_id": told.delivery_id,
        "status": "quarantined" if parsed is None else "processed",
        "occurrences": str(told.occurrences),
        "understood": "0" if parsed is None else str(len(parsed.occurrences)),
        "refused": "0" if parsed is None else str(len(parsed.refused)),
        "duplicate": "true" if told.duplicate else "false",
    }
