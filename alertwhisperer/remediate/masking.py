"""
Takes secrets out of what a target printed, before it is stored, shown or logged.

The secrets that we know are those of the credential in use; others are known by how they look. What looks like none and
is one stays: a script that prints a client's secrets is a mistake that only its reader can see.

`mask` takes a whole text, `Passing` one that comes in pieces: what may be a part of a secret is held back.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from alertwhisperer.domain.execution import Outcome

MASK = b"***"

_SHORTEST = 4  # of a known secret; a shorter one would mask half of every text
_SHORTEST_LINE = 16  # of a line of a known secret, which may be printed alone
_KEY_BEGINS, _KEY_ENDS = rb"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----", rb"-----END [A-Z ]{0,40}PRIVATE KEY-----"
_LOOKS = (
    re.compile(_KEY_BEGINS + rb".{1,20000}?(?:" + _KEY_ENDS + rb"|\Z)", re.DOTALL),
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
        reason=_mask_words(outcome.reason, known),
    )


def mask_words(text: str, secrets: Iterable[str]) -> str:
    """What an executor says of its own, which may quote what a target answered, likewise."""
    return _mask_words(text, _known(secrets))


def _mask_words(text: str, known: Iterable[bytes]) -> str:
    return mask(text.encode(), known).decode(errors="replace")


def mask(text: bytes, known: Iterable[bytes] = ()) -> bytes:
    """A text without known secrets and without what looks like one."""
    return _without_looks(_without(text, known))


def _without(text: bytes, known: Iterable[bytes]) -> bytes:
    for secret in known:
        text = text.replace(secret, MASK)
    return text


def _without_looks(text: bytes) -> bytes:
    for look in _LOOKS:
        text = look.sub(MASK, text)
    text = _NAMED.sub(rb"\1" + MASK, text)
    text = _BEARER.sub(rb"\1" + MASK, text)
    return _IN_URL.sub(rb"\1" + MASK + rb"\2", text)


_BEGIN, _END = re.compile(_KEY_BEGINS), re.compile(_KEY_ENDS)
_MOST_HELD = 64 * 1024
"""Of what may be a part of a secret; past that nothing more is let through."""


class Passing:
    """
    Masks a text that comes in pieces; what it lets through is always a beginning of what `mask` makes of the whole.

    All that looks like a secret lies within one line, but for a private key; of the known ones some have several lines.
    So it lets whole lines through, and holds back what may be the beginning of a known secret, and a private key until
    its end came.

    Attributes:
        is_stopped: so much had to be held back that nothing more is let through.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._known = _known(secrets)
        self._long = [one for one in self._known if b"\n" in one or b"\r" in one]
        self._raw = b""  # in which a known secret may have begun
        self._lines = b""  # without known secrets; in which a private key may have begun
        self.is_stopped = False

    def take(self, piece: bytes) -> bytes:
        """Take the next piece; gives what may be shown of what came so far and was not given yet."""
        if self.is_stopped:
            return b""
        self._raw += piece
        cut = _whole_lines(self._raw, [span for one in self._long for span in _spans(self._raw, one)])
        self._lines += _without(self._raw[:cut], self._known)
        self._raw = self._raw[cut:]
        cut = _whole_lines(self._lines, list(_keys(self._lines)))
        through, self._lines = self._lines[:cut], self._lines[cut:]
        if len(self._raw) + len(self._lines) > _MOST_HELD:
            self.is_stopped, self._raw, self._lines = True, b"", b""
        return _without_looks(through)


def _whole_lines(text: bytes, together: Iterable[tuple[int, int]]) -> int:
    """Where the last line ends that is whole, and that parts none of the spans that must stay together."""
    cut = _line_at(text, len(text))
    for start, end in sorted(together, reverse=True):  # going back, the cut comes to lie before all that it has passed
        if start < cut < end:
            cut = _line_at(text, start)
    return cut


def _line_at(text: bytes, place: int) -> int:
    return max(text.rfind(b"\n", 0, place), text.rfind(b"\r", 0, place)) + 1


def _spans(text: bytes, secret: bytes) -> Iterator[tuple[int, int]]:
    """Where a secret stands in a text, and where it may begin without having ended."""
    at = text.find(secret[:1])
    while at >= 0:
        if secret.startswith(text[at : at + len(secret)]):
            yield at, at + len(secret)
        at = text.find(secret[:1], at + 1)


def _keys(text: bytes) -> Iterator[tuple[int, int]]:
    """Where private keys stand in a text; one that has not ended reaches beyond it."""
    at = 0
    while (begun := _BEGIN.search(text, at)) is not None:
        ended = _END.search(text, begun.end() + 1)  # a key has something in it, says the pattern that masks it
        at = len(text) + 1 if ended is None else ended.end()
        yield begun.start(), at


def _known(secrets: Iterable[str]) -> list[bytes]:
    """The longest first, so that none is left of which another is a part."""
    found: set[bytes] = set()
    for secret in secrets:
        whole = secret.strip().encode()
        if len(whole) >= _SHORTEST:
            found.add(whole)
        found.update(line.strip() for line in whole.splitlines() if len(line.strip()) >= _SHORTEST_LINE)
    return sorted(found, key=len, reverse=True)
