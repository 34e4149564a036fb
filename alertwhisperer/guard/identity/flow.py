"""
The way to a provider and back: authorization code with PKCE, bound to the browser that began it, good for one use.

`begin` gives an address to send the person to and a cookie to keep; `finish` takes what the browser brings back, asks
the provider for the tokens and proves who it is. Nothing is written before the browser's answer fits its own cookie.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import msgspec
import structlog

from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.errors import Invalid, Permanent, Temporary
from alertwhisperer.domain.identity import ClientAuth, NotLetIn, Proven, Provider, Refusal
from alertwhisperer.guard.identity.claims import proven_by
from alertwhisperer.guard.identity.exchange import Call, document
from alertwhisperer.guard.identity.issuers import Issuers, Metadata
from alertwhisperer.guard.identity.providers import client_secret
from alertwhisperer.guard.identity.tokens import BadToken, UnknownKey, id_token
from alertwhisperer.guard.vault import Vault
from alertwhisperer.store import identity as rows
from alertwhisperer.store.database import Database

LASTS = timedelta(minutes=10)
"""From leaving for the provider until coming back: time for a password and a second factor there."""

_LONGEST_NEXT = 200  # the whole cookie is to stay under 1,000 letters
_CONTEXT = "identity/attempt"
_OFFLINE = "offline_access"

_log = structlog.get_logger("identity")


class Attempt(msgspec.Struct, frozen=True, array_like=True):
    """
    A sign-in that was begun; sealed in the browser's cookie.

    Attributes:
        next: where to go afterwards, within our own pages.
        link_to: the person who wants the account there linked to theirs; None when somebody signs in.
        session: whose cookie began the linking, so that no other browser ends it.
    """

    provider_id: UUID
    state: str
    nonce: str
    verifier: str
    next: str
    until: datetime
    link_to: UUID | None = None
    session: UUID | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and what to have it keep."""

    url: str = field(repr=False)
    cookie: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Finished:
    """Who came back, and what they were up to."""

    proven: Proven
    attempt: Attempt = field(repr=False)


async def begin(
    vault: Vault,
    issuers: Issuers,
    provider: Provider,
    *,
    redirect_uri: str,
    next_path: str,
    now: datetime,
    link_to: UUID | None = None,
    session: UUID | None = None,
) -> Begun:
    """
    Send somebody to a provider.

    Args:
        redirect_uri: where the provider sends them back; registered there, exactly so.
        next_path: where to go when they are signed in: a path of ours, which the door has checked; empty for none.

    Raises:
        NotLetIn: the provider cannot be asked now.
    """
    metadata = await _asked(issuers.metadata(provider.issuer), provider)
    attempt = Attempt(
        provider_id=provider.id,
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        next=next_path if len(next_path) <= _LONGEST_NEXT else "",
        until=now + LASTS,
        link_to=link_to,
        session=session,
    )
    asked = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(provider.settings.scopes),
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": _challenge(attempt.verifier),
        "code_challenge_method": "S256",
    }
    if _OFFLINE in provider.settings.scopes:
        asked["prompt"] = "consent"  # without it most providers give no refresh token
    joint = "&" if "?" in metadata.authorization else "?"
    return Begun(f"{metadata.authorization}{joint}{urlencode(asked)}", _sealed(vault, attempt))


async def finish(
    database: Database,
    vault: Vault,
    issuers: Issuers,
    provider: Provider,
    *,
    cookie: str,
    answer: Mapping[str, str],
    redirect_uri: str,
    now: datetime,
) -> Finished:
    """
    Prove who came back.

    Args:
        cookie: what the browser kept of `begin`.
        answer: the query that it came back with.

    Raises:
        NotLetIn: whatever does not fit, with the reason.
    """
    attempt = _opened(vault, cookie, now=now)
    if attempt is None:
        raise NotLetIn(Refusal.NOT_BEGUN)
    if attempt.provider_id != provider.id or not _same(answer.get("state", ""), attempt.state):
        raise NotLetIn(Refusal.WRONG_STATE)
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        if not await rows.use_once(unit, vault.hash(f"state/{attempt.state}"), until=attempt.until, now=now):
            raise NotLetIn(Refusal.REPLAYED)
    metadata = await _asked(issuers.metadata(provider.issuer), provider)
    named = answer.get("iss")
    if named != provider.issuer and (named is not None or metadata.names_itself):
        raise NotLetIn(Refusal.WRONG_ISSUER)
    if "error" in answer or not answer.get("code"):
        _log.info("identity.declined", provider=provider.slug, error=answer.get("error", "")[:80])
        raise NotLetIn(Refusal.DECLINED)
    tokens = await _tokens(
        issuers,
        vault,
        provider,
        metadata,
        {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": redirect_uri,
            "code_verifier": attempt.verifier,
        },
    )
    return Finished(await _proven(issuers, provider, metadata, tokens, nonce=attempt.nonce, now=now), attempt)


class Lost(Exception):
    """The provider gives nothing more for a refresh token: it was withdrawn, or its person is gone."""


async def look_again(
    vault: Vault, issuers: Issuers, provider: Provider, refresh_token: str, *, now: datetime
) -> Proven | None:
    """
    Ask a provider about somebody who is away from the browser.

    Returns:
        What it says now, with the refresh token to use next; None when it renews and says nothing of the person.

    Raises:
        Lost: it says `invalid_grant`.
        NotLetIn: it cannot be reached, or what it answers cannot be trusted or is not let in any more.
    """
    metadata = await _asked(issuers.metadata(provider.issuer), provider)
    given = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    tokens = await _tokens(issuers, vault, provider, metadata, given, renewing=True)
    if not isinstance(tokens.get("id_token"), str) and not metadata.userinfo:
        return None
    return await _proven(issuers, provider, metadata, {"refresh_token": refresh_token, **tokens}, nonce=None, now=now)


async def _asked(metadata: Any, provider: Provider) -> Any:
    """What the issuer publishes; what fails is logged for the operator and told to the person in a sentence."""
    try:
        return await metadata
    except (Temporary, Invalid) as failure:
        _log.warning("identity.unreachable", provider=provider.slug, why=str(failure)[:300])
        raise NotLetIn(Refusal.UNREACHABLE) from failure


async def _tokens(
    issuers: Issuers,
    vault: Vault,
    provider: Provider,
    metadata: Metadata,
    form: Mapping[str, str],
    *,
    renewing: bool = False,
) -> Mapping[str, Any]:
    """What the token endpoint gives for a code or a refresh token."""
    headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    secret = client_secret(vault, provider)
    if provider.client_auth is ClientAuth.BASIC:
        pair = f"{quote(provider.client_id, safe='')}:{quote(secret, safe='')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:
        form = {**form, "client_id": provider.client_id}
        if provider.client_auth is ClientAuth.POST:
            form = {**form, "client_secret": secret}
    try:
        reply = await issuers.exchange(Call(metadata.token, "POST", headers, urlencode(form).encode()))
    except (Temporary, Invalid) as failure:
        _log.warning("identity.unreachable", provider=provider.slug, why=str(failure)[:300])
        raise NotLetIn(Refusal.UNREACHABLE) from failure
    found = document(reply) or {}
    if reply.status == 200 and found:
        return found
    error = found.get("error")
    if renewing and reply.status in (400, 401) and error == "invalid_grant":
        raise Lost
    # The description may repeat the code; the error's name is one of a few words.
    _log.warning("identity.refused_code", provider=provider.slug, status=reply.status, error=str(error)[:80])
    raise NotLetIn(Refusal.UNREACHABLE if reply.status >= 500 else Refusal.BAD_ANSWER)


async def _proven(
    issuers: Issuers,
    provider: Provider,
    metadata: Metadata,
    tokens: Mapping[str, Any],
    *,
    nonce: str | None,
    now: datetime,
) -> Proven:
    """Who the tokens are about."""
    access = tokens.get("access_token")
    access_token = access if isinstance(access, str) else ""
    claims: Mapping[str, Any] = {}
    if nonce is not None or isinstance(tokens.get("id_token"), str):
        claims = await _id_claims(
            issuers, provider, str(tokens.get("id_token", "")), access_token, nonce=nonce, now=now
        )
    if metadata.userinfo and access_token and provider.settings.groups_claim not in claims:
        claims = {**await _userinfo(issuers, provider, metadata, access_token, claims.get("sub")), **claims}
    refresh = tokens.get("refresh_token")
    return proven_by(provider, claims, refresh_token=refresh if isinstance(refresh, str) else "")


async def _id_claims(
    issuers: Issuers, provider: Provider, text: str, access_token: str, *, nonce: str | None, now: datetime
) -> Mapping[str, Any]:
    for afresh in (False, True):
        keys = await _asked(issuers.keys(provider.issuer, afresh=afresh), provider)
        try:
            return id_token(
                text,
                keys,
                issuer=provider.issuer,
                client_id=provider.client_id,
                nonce=nonce,
                access_token=access_token,
                now=now,
            )
        except UnknownKey as failure:
            problem: BadToken = failure
        except BadToken as failure:
            problem = failure
            break
    _log.warning("identity.bad_token", provider=provider.slug, why=problem.what)
    raise NotLetIn(Refusal.BAD_ANSWER) from problem


async def _userinfo(
    issuers: Issuers, provider: Provider, metadata: Metadata, access_token: str, subject: object
) -> Mapping[str, Any]:
    """More claims, when they are about the same person; none when the provider has none for us."""
    call = Call(metadata.userinfo, headers={"Accept": "application/json", "Authorization": f"Bearer {access_token}"})
    try:
        reply = await issuers.exchange(call)
    except (Temporary, Invalid) as failure:
        _log.warning("identity.unreachable", provider=provider.slug, why=str(failure)[:300])
        raise NotLetIn(Refusal.UNREACHABLE) from failure
    found = document(reply) if reply.status == 200 else None
    if found is None:
        raise NotLetIn(Refusal.UNREACHABLE if reply.status >= 500 else Refusal.BAD_ANSWER)
    if subject is not None and found.get("sub") != subject:
        _log.warning("identity.other_subject", provider=provider.slug)
        raise NotLetIn(Refusal.BAD_ANSWER)
    return found


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _sealed(vault: Vault, attempt: Attempt) -> str:
    return base64.urlsafe_b64encode(vault.seal(msgspec.json.encode(attempt), _CONTEXT)).decode().rstrip("=")


def _opened(vault: Vault, cookie: str, *, now: datetime) -> Attempt | None:
    """What the cookie holds, unless it is none of ours or too old."""
    try:
        sealed = base64.urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4))
        attempt = msgspec.json.decode(vault.open(sealed, _CONTEXT), type=Attempt)
    except (ValueError, Permanent, msgspec.DecodeError):
        return None
    return attempt if now < attempt.until else None


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode())
