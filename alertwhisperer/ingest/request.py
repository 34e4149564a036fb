"""The head of a webhook request: which source is meant, where the key may be, and what the source may read of it."""

from collections.abc import Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.ingest import credentials, signature
from alertwhisperer.ingest.replies import Refused
from alertwhisperer.sources.contract import Source

PREFIX = "/api/webhooks/"
DETECT = "alerts"
"""In the place of a source's slug: the body tells whose it is."""
_ALIAS = "/alerts"
_SINGLE = frozenset({"x-api-key", "authorization", *signature.HEADERS})


class Request(msgspec.Struct, gc=False):
    """What the gateway looks at of a request; `tail` as `sources.contract.Inbound` has it."""

    method: str
    slug: str
    path_key: str | None
    tail: str
    query: dict[str, str]
    headers: dict[str, str]
    address: str
    length: int | None
    key: str = ""


class Paths:
    """
    Whose a path is: `/api/webhooks/SLUG`, or a path of a tool's own API that a source answers.

    Raises:
        ValueError: two sources answer one path.
    """

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._own = {source.slug: tuple(path.strip("/") for path in source.paths) for source in sources.values()}
        roots = [(f"/{path}", slug) for slug, paths in self._own.items() for path in paths]
        self._roots = tuple(sorted(roots))
        if len({root for root, _ in roots}) < len(roots):
            raise ValueError("two sources answer one path")

    def has(self, path: str) -> bool:
        """Whether the gateway serves this path."""
        return path.startswith(PREFIX) or path == _ALIAS or self._of_root(path) is not None

    def split(self, path: str, raw_path: str) -> tuple[str, str | None, str]:
        """
        A path's source, key and tail.

        Args:
            raw_path: percent-encoded as sent.
        """
        if path.startswith(PREFIX):
            slug, _, rest = path[len(PREFIX) :].strip("/").partition("/")
            own = self._own.get(slug)
            if not own or not rest:
                return slug or DETECT, rest or None, ""
            rest = raw_path[len(PREFIX) + len(slug) + 1 :].strip("/")
            if _is_below(rest, own):
                return slug, None, rest
            key, _, tail = rest.partition("/")
            return slug, key, tail
        if path == _ALIAS:
            return DETECT, None, ""
        return self._of_root(path) or DETECT, None, raw_path.strip("/")

    def _of_root(self, path: str) -> str | None:
        for root, slug in self._roots:
            if path.startswith(root) and path[len(root) : len(root) + 1] in ("", "/"):
                return slug
        return None


def read_head(scope: MutableMapping[str, Any], paths: Paths) -> Request:
    """
    What an ASGI scope says of the request.

    Raises:
        Refused: a header or a key is there twice, or the query is out of bounds.
    """
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
    slug, path_key, tail = paths.split(scope["path"], raw_path.decode("latin-1"))
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1").strip()
        if name in headers and headers[name] != value and name in _SINGLE:
            raise Refused(400, "", Invalid(f"the header {name} is there twice", where=name, mend="send it once"))
        headers[name] = value
    client = scope.get("client")
    length = headers.get("content-length", "")
    return Request(
        scope["method"],
        slug,
        path_key,
        tail,
        _query(scope["query_string"]) if scope["query_string"] else {},
        headers,
        client[0] if client else "",
        int(length) if length.isdecimal() and len(length) < 20 else None,
    )


def _query(text: bytes) -> dict[str, str]:
    query: dict[str, str] = {}
    try:
        pairs = parse_qsl(text.decode("latin-1"), keep_blank_values=True, max_num_fields=200)
    except ValueError as failure:
        many = Invalid("the query has too many fields", where="query", mend="send what you mean in the body")
        raise Refused(400, "", many) from failure
    for name, value in pairs:
        if name in credentials.QUERY_NAMES and query.get(name, value) != value:
            two = credentials.TwoKeys("the query has two API keys", where=name, mend="send the key in one place")
            raise Refused(400, "", two)
        query.setdefault(name, value)
    return query


def wanted_headers(headers: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    """Those headers that a source reads; a name that ends in `*` stands for all that begin so."""
    wanted: dict[str, str] = {}
    for name in names:
        if name.endswith("*"):
            wanted.update((one, value) for one, value in headers.items() if one.startswith(name[:-1]))
        elif name in headers:
            wanted[name] = headers[name]
    return wanted


def _is_below(rest: str, own: tuple[str, ...]) -> bool:
    return any(rest == path or rest.startswith(path + "/") for path in own)
