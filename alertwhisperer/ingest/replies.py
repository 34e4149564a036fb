"""The gateway's answers: what was stored, or why nothing was, in our words or in those of the source's tool."""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from uuid import UUID

import msgspec

from alertwhisperer.domain.delivery import Answer, Delivery, DeliveryStatus, Unreadable
from alertwhisperer.domain.errors import Conflicting, Forbidden, Invalid, Permanent, Temporary
from alertwhisperer.sources.contract import Denied, Reply, Source

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = tuple[tuple[bytes, bytes], ...]

_encode = msgspec.json.encode
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Refused(Invalid):
    """A refusal with its HTTP status; `reason` is the ledger's code, empty when nobody's key was known."""

    def __init__(self, status: int, reason: str, failure: Invalid, headers: Headers = ()) -> None:
        super().__init__(failure.what, where=failure.where, mend=failure.mend)
        self.status = status
        self.reason = reason
        self.headers = headers


def as_refused(failure: Exception) -> Refused:
    """Whatever went wrong, as what the sender is told."""
    if isinstance(failure, Refused):
        return failure
    if isinstance(failure, Temporary):
        guessing = "unknown keys" in str(failure)
        after = ((b"retry-after", str(max(1, round(failure.retry_after.total_seconds()))).encode()),)
        return Refused(
            429 if guessing else 503, "" if guessing else "temporary", Invalid(str(failure), mend=_AGAIN), after
        )
    if isinstance(failure, Invalid):
        status = 403 if isinstance(failure, Forbidden) else 409 if isinstance(failure, Conflicting) else 400
        return Refused(status, "", failure)
    if isinstance(failure, Permanent):
        return Refused(503, "internal", Invalid("the delivery could not be stored", mend=_AGAIN), _RETRY)
    return Refused(503, "internal", Invalid("something failed on our side; nothing was stored", mend=_AGAIN), _RETRY)


def told(answer: Answer, delivery: Delivery) -> dict[str, Any]:
    """What became of a delivery, in our words."""
    said: dict[str, Any] = {
        "delivery_id": id_text(answer.delivery_id),
        "status": answer.status.word,
        "occurrences": answer.occurrences,
    }
    if answer.duplicate:
        said["duplicate"] = True
    if answer.status is DeliveryStatus.QUARANTINED and delivery.members:
        # A repeat is answered as the first was; its customer may be mapped by now, and then it has no member here.
        unit = delivery.members[0].told
        if isinstance(unit, Unreadable):
            said["problem"] = {"reason": unit.reason, "detail": unit.what, "where": unit.where, "mend": unit.mend}
    return said


async def answer_refusal(send: Send, refused: Refused, source: Source | None, headers: dict[str, str]) -> None:
    """
    Say that nothing was stored, and why.

    Args:
        source: in whose words, where it has any.
        headers: of the request, as far as that source reads them.
    """
    if source is not None and source.refuse is not None:
        denied = Denied(refused.status, refused.what, refused.mend, headers)
        await send_reply(send, source.refuse(denied), refused.headers)
        return
    problem = {
        "type": _PROBLEM + (refused.reason.replace("_", "-") or _KINDS.get(refused.status, "refused")),
        "title": _TITLES.get(refused.status, "Refused"),
        "status": refused.status,
        "detail": refused.what,
        "where": refused.where,
        "mend": refused.mend,
    }
    await respond(send, refused.status, _encode(problem), refused.headers, b"application/problem+json")


async def send_reply(send: Send, reply: Reply, headers: Headers) -> None:
    """Send an answer that a source made, with headers of ours."""
    own = tuple((_inert(name), _inert(value)) for name, value in reply.headers)
    await respond(send, reply.status, reply.body, (*own, *headers), _inert(reply.content_type))


def _inert(text: str) -> bytes:
    """
    A header's name or value with nothing in it that could end it.

    The server writes headers as they come, and a value may echo the request or be somebody's setting.
    """
    return _CONTROL.sub("", text).encode("latin-1", "replace")


async def respond(
    send: Send, status: int, body: bytes, headers: Headers, content_type: bytes = b"application/json"
) -> None:
    """Send an answer whole."""
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", content_type),
                (b"content-length", str(len(body)).encode()),
                *headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})


def id_text(identifier: bytes) -> str:
    """A 16-byte id as people write it."""
    return str(UUID(bytes=identifier))


_RETRY = ((b"retry-after", b"1"),)
_AGAIN = "send it again in a moment"
_PROBLEM = "urn:alertwhisperer:problem:"
_KINDS = {
    400: "malformed",
    401: "unauthenticated",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    409: "conflict",
    413: "too-large",
    429: "rate-limited",
    503: "temporary",
}
_TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Too large",
    429: "Too many requests",
    503: "Try again",
}
