"""A provider says that somebody signed out there, or was signed out (OpenID Connect Back-Channel Logout)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog

from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.identity import SUBJECT_OF, Provider
from alertwhisperer.guard.identity import tokens
from alertwhisperer.guard.identity.ending import end_sessions
from alertwhisperer.guard.identity.issuers import Issuers
from alertwhisperer.guard.identity.tokens import LEEWAY_S, UnknownKey
from alertwhisperer.guard.vault import Vault
from alertwhisperer.store import identity as rows
from alertwhisperer.store.database import Database

_KEPT = timedelta(hours=2)  # longer than a logout token is good

_log = structlog.get_logger("identity")


async def log_out(
    database: Database, vault: Vault, issuers: Issuers, provider: Provider, text: str, *, ip: str, now: datetime
) -> tuple[UUID, ...]:
    """
    End the sessions that a logout token names.

    Returns:
        The ids of the sessions that were ended.

    Raises:
        Invalid: the token proves nothing, or was used before.
        Temporary: the provider's keys cannot be read now.
    """
    claims = None
    for afresh in (False, True):
        keys = await issuers.keys(provider.issuer, afresh=afresh)
        try:
            claims = tokens.logout_token(text, keys, issuer=provider.issuer, client_id=provider.client_id, now=now)
            break
        except UnknownKey as failure:
            if afresh:
                _log.warning("identity.bad_logout", provider=provider.slug, why=failure.what)
                raise
        except tokens.BadToken as failure:
            _log.warning("identity.bad_logout", provider=provider.slug, why=failure.what)
            raise
    assert claims is not None  # noqa: S101  # the loop breaks with them or raises
    subject = _subject(provider, claims)
    sid = claims.get("sid") if isinstance(claims.get("sid"), str) else None
    if subject is None and sid is None:
        raise Invalid("the token names nobody that is told apart here", where="logout_token")
    async with database.unit_of_work(Scope(INSTALLATION, provider.actor, ip=ip)) as unit:
        until = datetime.fromtimestamp(claims["iat"] + LEEWAY_S, UTC) + _KEPT
        if not await rows.use_once(unit, vault.hash(f"logout/{provider.id}/{claims['jti']}"), until=until, now=now):
            raise Invalid("this token was used before", where="logout_token")
        return await end_sessions(unit, provider, subject=subject, sid=sid, why="signed out at the provider", now=now)


def _subject(provider: Provider, claims: object) -> str | None:
    """Whose sessions; None when only a session is named, or a claim that the subject is made of is not there."""
    assert isinstance(claims, dict)  # noqa: S101  # verified
    parts = [claims.get(name) for name in SUBJECT_OF[provider.kind]]
    return "/".join(map(str, parts)) if all(isinstance(part, str) and part for part in parts) else None
