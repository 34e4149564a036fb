"""One call to a provider, as this room asks for it; `app/` hands in what carries it out, by the guarded way outside."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from alertwhisperer.domain.errors import Temporary

MOST_BYTES = 1_000_000
"""Of an answer: the largest key sets are a hundredth of it."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request; headers and body may hold secrets, and are never logged."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    body: bytes = field(repr=False)


Exchange = Callable[[Call], Awaitable[Reply]]
"""Carries out a call; raises `Temporary` when nobody answers in time, `Invalid` when the address may not be called."""


async def nobody(call: Call) -> Reply:
    """Where nothing is called outside."""
    raise Temporary("this process calls nothing outside")


def document(reply: Reply) -> Mapping[str, Any] | None:
    """The JSON object in a reply; None when there is none, or it is too large."""
    if len(reply.body) > MOST_BYTES:
        return None
    try:
        return msgspec.json.decode(reply.body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
