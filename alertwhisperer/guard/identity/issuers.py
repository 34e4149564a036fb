"""
What issuers publish of themselves: where to send people, where to ask, which keys sign. Kept in memory for a while.

A key that is not known may be new, so the set is read again, once a minute at most: whoever invents keys costs nothing.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from joserfc.jwk import Key

from alertwhisperer.domain.errors import Invalid, Temporary
from alertwhisperer.guard.identity.exchange import Call, Exchange, document
from alertwhisperer.guard.identity.tokens import key_set
from alertwhisperer.kit.clock import Clock

_KEPT_S = 3600.0
_AGAIN_S = 60.0
_FAILED_S = 10.0  # as long as a call may take: a provider that hangs holds up one person at a time
_MOST_ISSUERS = 100
_WELL_KNOWN = "/.well-known/openid-configuration"
_JSON = {"Accept": "application/json"}


@dataclass(frozen=True, slots=True)
class Metadata:
    """
    What discovery says of an issuer.

    Attributes:
        userinfo: where claims are asked for that the token lacks; empty when nowhere.
        names_itself: whether its answers carry `iss` (RFC 9207), which must then be there.
    """

    issuer: str
    authorization: str
    token: str
    jwks: str
    userinfo: str
    names_itself: bool


@dataclass(frozen=True, slots=True)
class _Known:
    metadata: Metadata
    keys: tuple[Key, ...]
    read_at: float
    afresh_at: float | None
    """When it was last read because a key was missing."""


@dataclass(frozen=True, slots=True)
class _Failed:
    why: Exception
    at: float


class Issuers:
    """
    What one process knows of issuers.

    Args:
        exchange: carries out calls.
        clock: whose monotonic reading says how old a thing is.
    """

    def __init__(self, exchange: Exchange, clock: Clock) -> None:
        self.exchange = exchange
        self._clock = clock
        self._known: dict[str, _Known | _Failed] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def metadata(self, issuer: str) -> Metadata:
        """
        Where an issuer's doors are.

        Raises:
            Temporary: it does not answer.
            Invalid: its answer is none, or is another issuer's.
        """
        return (await self._read(issuer)).metadata

    async def keys(self, issuer: str, *, afresh: bool = False) -> tuple[Key, ...]:
        """
        The keys that an issuer signs with.

        Args:
            afresh: one was missing; they are read again unless that happened a moment ago.

        Raises:
            Temporary, Invalid: as `metadata`.
        """
        return (await self._read(issuer, afresh=afresh)).keys

    async def read_now(self, issuer: str) -> tuple[Metadata, tuple[Key, ...]]:
        """Read an issuer afresh, for a person who tries the settings; raises as `metadata`."""
        self._known.pop(issuer, None)
        found = await self._read(issuer)
        return found.metadata, found.keys

    async def _read(self, issuer: str, *, afresh: bool = False) -> _Known:
        if len(self._locks) >= _MOST_ISSUERS and issuer not in self._locks:  # issuers that were set and removed again
            self._locks.clear()
            self._known.clear()
        async with self._locks.setdefault(issuer, asyncio.Lock()):
            now, known = self._clock.monotonic(), self._known.get(issuer)
            if isinstance(known, _Failed) and now - known.at < _FAILED_S:
                raise known.why
            if isinstance(known, _Known) and not _is_due(known, now, afresh=afresh):
                return known
            try:
                metadata, keys = await self._fetch(issuer)
            except (Temporary, Invalid) as failure:
                if isinstance(known, _Known) and afresh:  # what is known is good still, but for the key that is missing
                    self._known[issuer] = replace(known, afresh_at=self._clock.monotonic())
                    return known
                self._known[issuer] = _Failed(failure, self._clock.monotonic())
                raise
            read_at = self._clock.monotonic()
            before = known.afresh_at if isinstance(known, _Known) else None
            fresh = _Known(metadata, keys, read_at, read_at if afresh else before)
            self._known[issuer] = fresh
            return fresh

    async def _fetch(self, issuer: str) -> tuple[Metadata, tuple[Key, ...]]:
        found = await self._document(issuer.rstrip("/") + _WELL_KNOWN)
        metadata = _metadata(found, issuer)
        return metadata, key_set(await self._document(metadata.jwks))

    async def _document(self, url: str) -> Mapping[str, Any]:
        reply = await self.exchange(Call(url, headers=_JSON))
        if reply.status >= 500:
            raise Temporary(f"{urlsplit(url).hostname} answered {reply.status}")
        found = document(reply) if reply.status == 200 else None
        if found is None:
            raise Invalid(f"{url} holds no document (status {reply.status})", where="issuer", mend="check the issuer")
        return found


def _is_due(known: _Known, now: float, *, afresh: bool) -> bool:
    if afresh:
        return known.afresh_at is None or now - known.afresh_at >= _AGAIN_S
    return now - known.read_at >= _KEPT_S


def _metadata(found: Mapping[str, Any], issuer: str) -> Metadata:
    told = found.get("issuer")
    if told != issuer:
        raise Invalid(
            f"the document there is of the issuer {str(told)[:200]!r}",
            where="issuer",
            mend="set the issuer exactly as the document says it",
        )
    return Metadata(
        issuer=issuer,
        authorization=_url(found, "authorization_endpoint", issuer),
        token=_url(found, "token_endpoint", issuer),
        jwks=_url(found, "jwks_uri", issuer),
        userinfo=_url(found, "userinfo_endpoint", issuer) if found.get("userinfo_endpoint") else "",
        names_itself=found.get("authorization_response_iss_parameter_supported") is True,
    )


def _url(found: Mapping[str, Any], name: str, issuer: str) -> str:
    """An address that the document names: encrypted, unless the issuer itself is not."""
    text = found.get(name)
    try:
        right = isinstance(text, str) and urlsplit(text).scheme in ("https", urlsplit(issuer).scheme)
    except ValueError:
        right = False
    if not right or not isinstance(text, str) or not urlsplit(text).hostname:
        raise Invalid(f"the issuer's document has no {name} that can be used", where="issuer")
    return text
