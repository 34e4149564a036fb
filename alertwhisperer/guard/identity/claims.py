"""Who a provider's claims are about: subject, verified e-mail, groups; pure."""

from collections.abc import Mapping
from typing import Any

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.identity import MOST_GROUPS, SUBJECT_OF, NotLetIn, Proven, Provider, Refusal
from alertwhisperer.guard.people import check_email

_LONGEST = 255
_TRUE = (True, 1, "true", "1")  # Entra's xms_edov comes as a number or a text


def proven_by(provider: Provider, claims: Mapping[str, Any], *, refresh_token: str = "") -> Proven:
    """
    What a provider's verified claims say.

    Raises:
        NotLetIn: a claim that the settings require is missing or has another value.
    """
    settings = provider.settings
    for name, wanted in settings.required_claims.items():
        if not _texts(claims.get(name)) & set(wanted):
            raise NotLetIn(Refusal.CLAIM_MISSING)
    parts = [claims.get(name) for name in SUBJECT_OF[provider.kind]]
    if not all(isinstance(part, str) and 0 < len(part) <= _LONGEST for part in parts):
        raise NotLetIn(Refusal.CLAIM_MISSING)
    session = claims.get("sid")
    return Proven(
        subject="/".join(map(str, parts)),
        own_id=str(parts[-1]),
        email=_verified_email(claims, settings.email_claim, settings.email_verified_claim),
        groups=frozenset(sorted(_texts(claims.get(settings.groups_claim)))[:MOST_GROUPS]),
        session=session if isinstance(session, str) and len(session) <= _LONGEST else "",
        refresh_token=refresh_token,
    )


def _verified_email(claims: Mapping[str, Any], claim: str, verified_claim: str) -> str:
    """The address in lower case; empty when it is none, or nobody says that it is the person's."""
    if verified_claim and claims.get(verified_claim) not in _TRUE:
        return ""
    email = claims.get(claim)
    try:
        return check_email(email) if isinstance(email, str) else ""
    except Invalid:
        return ""


def _texts(value: object) -> set[str]:
    """A claim that is a text, or a list of them."""
    return {one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str) and one}
