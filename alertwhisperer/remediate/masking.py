"""
Takes secrets out of what a target printed, before it is stored, shown or logged.

The secrets that we know are those of the credential in use; others are known by how they look. What looks like none and
is one stays: a script that prints a client's secrets is a mistake that only its reader can see.
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from alertwhisperer.domain.execution import Outcome

MASK = b"***"

_SHORTEST = 4  # of a known secret; a shorter one would mask half of every text
_SHORTEST_LINE = 16  # of a line of a known secret, which may be printed alone
_LOOKS = (
    re.compile(
        rb"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.{1,20000}?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|\Z)", re.DOTALL
    ),
    re.compile(rb"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    re.compile(rb"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}"),
    re.compile(rb"\bgh[pousr]_[A-Za-z0-9]{20,}\b"),
)
_NAMED = re.compile(
    rb"((?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|credential)[a-z0-9_.-]{0,40}"
    rb"[\"']?[ \t]*[:=][ \t]*[\"']?)([^\s\"'&;,]{1,500})",
    re.IGNORECASE,
)
_BEARER = re.compile(rb"\b((?:Bearer|Basic)[ \t]+)[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)
_IN_URL = re.compile(rb"([a-z][a-z0-9+.-]{1,20}://[^\s:/@]{1,200}:)[^\s@/]{1,500}(@)", re.IGNORECASE)


def masked(outcome: Outcome, secrets: Iterable[str]) -> Outcome:
    """The outcome without the secrets of the credential in use, and without what looks like one."""
    known = _known(secrets)
    return replace(
        outcome,
        stdout=mask(outcome.stdout, known),
        stderr=mask(outcome.stderr, known),
        reason=mask(outcome.reason.encode(), known).decode(errors="replace"),
    )


def mask(text: bytes, known: Iterable[bytes] = ()) -> bytes:
    """A text without known secrets and without what looks like one."""
    for secret in known:
        text = text.replace(secret, MASK)
    for look in _LOOKS:
        text = look.sub(MASK, text)
    text = _NAMED.sub(rb"\1" + MASK, text)
    text = _BEARER.sub(rb"\1" + MASK, text)
    return _IN_URL.sub(rb"\1" + MASK + rb"\2", text)


def _known(secrets: Iterable[str]) -> list[bytes]:
    """The longest first, so that none is left of which another is a part."""
    found: set[bytes] = set()
    for secret in secrets:
        whole = secret.strip().encode()
        if len(whole) >= _SHORTEST:
            found.add(whole)
        found.update(line.strip() for line in whole.splitlines() if len(line.strip()) >= _SHORTEST_LINE)
    return sorted(found, key=len, reverse=True)
