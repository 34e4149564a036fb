"""
Finds the integration's key wherever a tool was able to put it, and takes it out of what is stored.

Many tools can set one thing only: a header, a URL's query, basic authentication, a field of the body.
"""

import binascii
from base64 import b64decode
from collections.abc import Iterable, Mapping
from typing import Any

from alertwhisperer.domain.errors import Invalid

MASK = "***"
QUERY_NAMES = ("api_key", "apiKey", "access_token")
"""Parameters of the query that may hold the key."""
_SCHEMES = ("bearer", "geniekey", "apikey", "token")


class NoKey(Invalid):
    """The request names no key."""


class TwoKeys(Invalid):
    """The request names two different keys; which one is meant is not for us to guess."""


def find(
    headers: Mapping[str, str], query: Mapping[str, str], path_key: str | None, body_keys: Iterable[Any] = ()
) -> str:
    """
    The one key that a request names.

    Args:
        headers: lower-case names; `x-api-key` and `authorization` are read.
        query: first value of each parameter.
        path_key: segment behind the source's path, None when there is none.
        body_keys: values of the body's fields that the source lets a key be in.

    Raises:
        NoKey, TwoKeys.
    """
    found = {key for key in (headers.get("x-api-key"), path_key, *(query.get(name) for name in QUERY_NAMES)) if key}
    authorization = headers.get("authorization")
    if authorization:
        key = _of_authorization(authorization)
        if key:
            found.add(key)
    found.update(key for key in body_keys if isinstance(key, str) and key)
    if not found:
        raise NoKey("the request has no API key", where="X-API-Key", mend=_MEND)
    if len(found) > 1:
        raise TwoKeys("the request has two different API keys", where="X-API-Key", mend="send the key in one place")
    return found.pop()


def without_key(query: Mapping[str, str]) -> dict[str, str]:
    """The query's parameters without those that hold keys."""
    return {name: value for name, value in query.items() if name not in QUERY_NAMES}


def masked(body: bytes, key: str) -> bytes:
    """The body with the key blotted out."""
    raw = key.encode()
    return body.replace(raw, MASK.encode()) if raw in body else body


def _of_authorization(text: str) -> str:
    scheme, _, value = text.strip().partition(" ")
    value = value.strip()
    if scheme.lower() == "basic":
        try:
            user, _, password = b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as failure:
            raise NoKey("the basic authentication cannot be read", where="Authorization", mend=_MEND) from failure
        return password or user
    return value if scheme.lower() in _SCHEMES else ""


_MEND = "send the integration's key as X-API-Key, Authorization: Bearer, basic password, or ?api_key="
