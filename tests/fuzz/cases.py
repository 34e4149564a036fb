"""
Requests made of the stored samples by mutation: whatever a tool's body may become, and what nobody ever sent.

A case is named by seed, source and number, and made from nothing else: the same name is the same request, in whichever
process and however many were made before it.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from alertwhisperer.ingest.request import wanted_headers
from alertwhisperer.sources.contract import READS_HEADERS, Source
from tests.sources.promises import ODD, damaged
from tests.sources.stored import Stored, every

_OTHERS = 0.08  # of the bodies are another tool's
_LARGE = 0.001  # are blown up: few, since each takes as long as hundreds of others
_LARGEST = 1 << 20
_WORDS = (
    *(
        b"\x00",
        b"\\u0000",
        b"\\ud800",
        b"\xff",
        b"\xc3",
        b"\xef\xbb\xbf",
        b"\xe2\x80\xae",
        b"{",
        b"[",
        b"]",
        b"}",
        b'"',
    ),
    *(
        b"\\",
        b"=",
        b"&",
        b"&amp;",
        b"%",
        b"%00",
        b"%zz",
        b"%ff",
        b"+",
        b"\r\n",
        b"\n\n",
        b"\r\n\r\n",
        b"--",
        b",",
        b":",
    ),
    *(b"null", b"NaN", b"-1", b"1e999", b"9" * 400, b"0001-01-01T00:00:00Z", b"99999999999999", b"{{", b"$", b"${x}"),
    *(b"<script>", b"javascript:alert(1)", b"http://", b"https://[", b"//", b"::1", b"'", b"\x1f\x8b", b"\x0a\xff\xff"),
    *(b"x" * 600, "😀".encode() * 300, b"[" * 70, b'{"a":' * 70, b"=?utf-8?B?//8=?=", b"=?x?Q?=ff?=", b"\x80\x80\x80"),
)
_TEXTS = (
    *("", " ", "0", "-1", "null", "ok", "firing", "test", "x" * 2_000, "\xff\xfe", "%", "%00", "%ed%a0%80", "é", "a;b"),
    *("application/json", "application/cloudevents+json", "text/plain; charset=utf-16", "multipart/form-data"),
    *("1.0", "9" * 400, "2026-11-20T25:00:00Z", '"', "\\", '"\\"', "https://x.example", "../..", "a,b", "=", "{}"),
)
_PLAIN_TEXTS = (*_TEXTS, "\x00", "\ufffd", "\n", "😀" * 200, "‮")  # a query may hold these, headers and paths not


@dataclass(frozen=True, slots=True)
class Case:
    """
    One request to a source.

    Attributes:
        number: names it, with its seed; of an earlier run's it is what it was then.
        headers: those that the source reads, in lower case.
    """

    slug: str
    number: int
    body: bytes
    method: str = "POST"
    tail: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


def case_of(seed: int, source: Source, number: int) -> Case:
    """The case of this name."""
    chance = random.Random(f"{seed}/{source.slug}/{number}")
    sample, headers_of, query_of = (chance.choice(samples_of(source.slug)) for _ in range(3))
    body_of = chance.choice(_every()) if chance.random() < _OTHERS else sample
    names = (*source.reads_headers, *sample.settings.get(READS_HEADERS.name, ()))
    headers = wanted_headers(headers_of.headers | sample.headers, names)
    query = dict((query_of if chance.random() < 0.1 else sample).query)
    tail = sample.tail
    if chance.random() < 0.15:
        headers = _mutated_texts(headers, [name.replace("*", "x") for name in names], _TEXTS, chance)
    if chance.random() < 0.15:
        query = _mutated_texts(query, ("status", "id", "msg", *_keys(source.slug)), _PLAIN_TEXTS, chance)
    if source.paths and chance.random() < 0.3:
        tail = _mutated_tail(tail, chance)
    body = b"" if chance.random() < 0.01 else _mutated_body(body_of, sample, chance)
    method = chance.choice(source.methods) if source.methods and chance.random() < 0.2 else sample.method
    return Case(source.slug, number, body, method, tail, headers, query, sample.settings)


@cache
def samples_of(slug: str) -> Sequence[Stored]:
    """The stored samples of a source; everybody's for one that has none yet."""
    return tuple(sample for sample in _every() if sample.tool == slug) or _every()


@cache
def _every() -> Sequence[Stored]:
    return tuple(every())


@cache
def _keys(slug: str) -> Sequence[str]:
    """Names that this source's samples use anywhere on top, as good guesses for a query."""
    documents = [sample.document for sample in samples_of(slug)] + [sample.query for sample in samples_of(slug)]
    return tuple(sorted({name for one in documents if isinstance(one, dict) for name in one}))


# ------------------------------------------------------------------------------------------------ bodies


def _mutated_body(sample: Stored, own: Stored, chance: random.Random) -> bytes:
    body = sample.body
    if sample.document is not None and chance.random() < 0.75:
        body = _mutated_document(sample, chance)
        if chance.random() < 0.8:
            return body
    if chance.random() < _LARGE:
        return _blown_up(body, chance)
    for _ in range(chance.randint(0, 4)):
        body = chance.choice(_CHANGES_OF_BYTES)(body, own.body, chance)
    return body


def _mutated_document(sample: Stored, chance: random.Random) -> bytes:
    document = copy.deepcopy(sample.document)
    for _ in range(chance.randint(0, 5)):
        document = damaged(document, chance)
    if chance.random() < _LARGE:
        document = _flooded(document, chance)
    return _written(document, sample, chance)


def _written(document: Any, sample: Stored, chance: random.Random) -> bytes:
    """As JSON mostly; the fields of a form as the form that they were, or as another kind of form."""
    if isinstance(document, dict) and document:
        was_form = not sample.body.lstrip().startswith((b"{", b"["))
        if was_form and chance.random() < 0.8:
            return _as_form(document)
        if chance.random() < 0.03:
            return chance.choice((_as_form, _as_multipart))(document)
    return json.dumps(document, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")


def _as_form(document: Mapping[str, Any]) -> bytes:
    return urlencode({name: _spelled(value) for name, value in document.items()}, errors="replace").encode()


def _as_multipart(document: Mapping[str, Any]) -> bytes:
    """Each field a part, the whole as the part `data` first, as some tools send it."""
    parts = [("data", json.dumps(document)), *((name, _spelled(value)) for name, value in document.items())]
    lines = [f'--x1\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in parts]
    return ("".join(lines) + "--x1--\r\n").encode("utf-8", "replace")


def _spelled(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _flooded(document: Any, chance: random.Random) -> Any:
    """One list or object with thousands of members, or one long text; within what the gateway lets in."""
    copies = chance.choice((500, 2_000, 20_000))
    copies = max(1, min(copies, _LARGEST // max(1, len(json.dumps(document)))))
    if isinstance(document, dict):
        for name, value in document.items():
            if isinstance(value, list) and value:
                return {**document, name: value * copies}
        name = chance.choice(list(document) or ["x"])
        long = chance.choice(("x", " ", "<", "\n", "a=", "%", "\\", "/", ": ", "é")) * (_LARGEST // 8)
        grown = {f"{name}{n}": n for n in range(20_000)}
        return {**document, name: long} if chance.random() < 0.6 else {**document, **grown}
    return document * copies if isinstance(document, list) else document


def _blown_up(body: bytes, chance: random.Random) -> bytes:
    """A piece of the body, or a word, a hundred thousand times: what a regular expression may choke on."""
    start = chance.randrange(max(1, len(body)))
    piece = chance.choice((body[start : start + chance.randint(1, 40)], chance.choice(_WORDS))) or b"x"
    return body[:start] + piece * (_LARGEST // 4 // len(piece)) + body[start:]


def _flip(body: bytes, other: bytes, chance: random.Random) -> bytes:
    changed = bytearray(body)
    for _ in range(chance.randint(1, 3) if body else 0):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _cut(body: bytes, other: bytes, chance: random.Random) -> bytes:
    return body[: chance.randint(0, len(body))]


def _insert(body: bytes, other: bytes, chance: random.Random) -> bytes:
    start = chance.randint(0, len(body))
    return body[:start] + chance.choice(_WORDS) + body[start:]


def _replace(body: bytes, other: bytes, chance: random.Random) -> bytes:
    start = chance.randint(0, len(body))
    return body[:start] + chance.choice(_WORDS) + body[start + chance.randint(0, 12) :]


def _remove(body: bytes, other: bytes, chance: random.Random) -> bytes:
    start = chance.randint(0, len(body))
    return body[:start] + body[start + chance.randint(1, 30) :]


def _repeat(body: bytes, other: bytes, chance: random.Random) -> bytes:
    start = chance.randint(0, len(body))
    end = start + chance.randint(1, 200)
    return body[:end] + body[start:end] * chance.randint(1, 5) + body[end:]


def _splice(body: bytes, other: bytes, chance: random.Random) -> bytes:
    return body[: chance.randint(0, len(body))] + other[chance.randint(0, len(other)) :]


def _lines(body: bytes, other: bytes, chance: random.Random) -> bytes:
    """Lines moved, lost and doubled: for mails and whatever else goes by the line."""
    lines = body.split(b"\n")
    for _ in range(chance.randint(1, 4)):
        one, another = chance.randrange(len(lines)), chance.randrange(len(lines))
        if chance.random() < 0.4 and len(lines) > 1:
            del lines[one]
        else:
            lines.insert(another, lines[one])
    return b"\n".join(lines)


def _length(body: bytes, other: bytes, chance: random.Random) -> bytes:
    """One byte set to a small number, or to one with its high bit: the lengths and tags of binary formats."""
    if not body:
        return body
    place = chance.randrange(len(body))
    byte = chance.choice((0, 1, 2, 7, 8, 10, 18, 26, 127, 128, 255, chance.randrange(256)))
    return body[:place] + bytes((byte,)) + body[place + 1 :]


_CHANGES_OF_BYTES: Sequence[Callable[[bytes, bytes, random.Random], bytes]] = (
    *(_flip, _cut, _insert, _insert, _replace, _replace, _remove, _repeat, _splice, _lines, _length),
)


# ------------------------------------------------------------------------------------------------ what is around it


def _mutated_texts(
    given: Mapping[str, str], names: Sequence[str], texts: Sequence[str], chance: random.Random
) -> dict[str, str]:
    """Values lost, swapped for others, and put under further names."""
    changed = dict(given)
    for _ in range(chance.randint(1, 3)):
        if changed and chance.random() < 0.5:
            name = chance.choice(list(changed))
            if chance.random() < 0.3:
                del changed[name]
                continue
        elif names:
            name = chance.choice(names)
        else:
            continue
        odd = [text for text in ODD if isinstance(text, str) and text.isascii() and text.isprintable()]
        changed[name] = chance.choice((*texts, *odd))
    return changed


def _mutated_tail(tail: str, chance: random.Random) -> str:
    """A path with parts lost, doubled and odd; the root stays mostly, or another source would be asked."""
    parts = tail.split("/")
    for _ in range(chance.randint(1, 2)):
        place = chance.randint(min(1, len(parts) - 1), len(parts))
        odd = quote(chance.choice(_PLAIN_TEXTS), safe=chance.choice(("", "%", ";=")))
        parts = [*parts[:place], odd, *parts[place + chance.randint(0, 1) :]]
    return "/".join(parts)
