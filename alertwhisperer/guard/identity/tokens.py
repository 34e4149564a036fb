"""
What a provider signs: ID tokens and logout tokens, verified; pure, given the keys and the moment.

Nothing in a token is believed before its signature is: not its algorithm (a list of ours decides), not the key that it
brings along (only the issuer's key set counts).
"""

import base64
import binascii
import hashlib
import hmac
import json
import warnings
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, JWKRegistry, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from alertwhisperer.domain.errors import Invalid

# No algorithm with a shared secret: with one, the public key could be taken for that secret.
ALGORITHMS: Mapping[str, type[Key]] = {"RS256": RSAKey, "PS256": RSAKey, "ES256": ECKey, "EdDSA": OKPKey}
LEEWAY_S = 120
"""How far two clocks may be apart."""
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"

_LEAST_RSA_BITS = 2048
_MOST_KEYS = 100
_MOST_LETTERS = 200_000
_LONGEST_LOGOUT_S = 3600.0


class BadToken(Invalid):
    """A token that proves nothing; says which check it failed, for the log."""


class UnknownKey(BadToken):
    """Signed with a key that is not in the set; a newer set may have it."""


def key_set(document: Mapping[str, Any]) -> tuple[Key, ...]:
    """
    The keys of a JWK set that may verify signatures; others are left out, as the standard says.

    Raises:
        Invalid: this is no key set, or it has hundreds of keys.
    """
    listed = document.get("keys")
    if not isinstance(listed, list) or len(listed) > _MOST_KEYS:
        raise Invalid("this is no key set", where="jwks_uri")
    return tuple(key for one in listed if isinstance(one, dict) and (key := _key(one)) is not None)


def id_token(
    text: str,
    keys: Sequence[Key],
    *,
    issuer: str,
    client_id: str,
    nonce: str | None,
    access_token: str,
    now: datetime,
) -> Mapping[str, Any]:
    """
    The claims of an ID token that is this issuer's, for this client, for this sign-in, and in time.

    Args:
        nonce: of the sign-in; None for a token that a refresh gave, which has none to compare.
        access_token: that came with it; compared with `at_hash` where the token has one.
        now: aware UTC.

    Raises:
        UnknownKey: the issuer's keys have to be read again.
        BadToken: it proves nothing.
    """
    header, claims = _verified(text, keys)
    _check_issued(claims, issuer=issuer, client_id=client_id, now=now)
    if not _number(claims.get("exp")):
        raise BadToken("exp is missing")
    if nonce is not None and not _same(claims.get("nonce"), nonce):
        raise BadToken("nonce is another sign-in's")
    if "at_hash" in claims and not _same(claims["at_hash"], _half_hash(access_token, header["alg"])):
        raise BadToken("at_hash is of another access token")
    if not isinstance(claims.get("sub"), str) or not 0 < len(claims["sub"]) <= 255:
        raise BadToken("sub is missing")
    return claims


def logout_token(text: str, keys: Sequence[Key], *, issuer: str, client_id: str, now: datetime) -> Mapping[str, Any]:
    """
    The claims of a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.6).

    Raises:
        UnknownKey, BadToken: as `id_token`.
    """
    _, claims = _verified(text, keys)
    _check_issued(claims, issuer=issuer, client_id=client_id, now=now)
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
        raise BadToken("events names no logout")
    if "nonce" in claims:
        raise BadToken("an ID token is no logout token")
    if now.timestamp() - claims["iat"] > _LONGEST_LOGOUT_S:
        raise BadToken("iat is too long ago")
    if not isinstance(claims.get("jti"), str) or not 0 < len(claims["jti"]) <= 255:
        raise BadToken("jti is missing")
    if not any(isinstance(claims.get(name), str) and claims[name] for name in ("sub", "sid")):
        raise BadToken("sub and sid are missing")
    return claims


def _key(given: dict[str, Any]) -> Key | None:
    """One key of a set, unless it is of a kind, use or strength that verifies nothing here."""
    if given.get("kty") not in ("RSA", "EC", "OKP") or given.get("use", "sig") != "sig":
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # weak keys are left out below
            key: Key = JWKRegistry.import_key(given)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    if isinstance(key, RSAKey) and key.raw_value.key_size < _LEAST_RSA_BITS:
        return None
    return None if key.is_private else key  # a private key in public is everybody's


def _verified(text: str, keys: Sequence[Key]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Header and claims of a token with a good signature."""
    header = _header(text)
    kind = ALGORITHMS.get(header.get("alg", ""))
    if kind is None:
        raise BadToken(f"the algorithm {str(header.get('alg'))[:20]!r} is not accepted")
    fitting = [key for key in keys if isinstance(key, kind) and key.alg in (None, header["alg"])]
    kid = header.get("kid")
    named = fitting if kid is None else [key for key in fitting if key.kid == kid]
    if not named:
        raise UnknownKey("the key that signed it is not in the issuer's set")
    registry = JWSRegistry(algorithms=[header["alg"]], strict_check_header=False)
    for key in named:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SecurityWarning)  # EdDSA is only to be renamed
                return header, jwt.decode(text, key, registry=registry).claims
        except (JoseError, ValueError, TypeError):
            continue
    raise BadToken("the signature is wrong")


def _header(text: str) -> Mapping[str, Any]:
    """What the token says of itself; only good for choosing among what is accepted."""
    parts = text.split(".")
    if len(parts) != 3 or len(text) > _MOST_LETTERS:
        raise BadToken("this is no signed token")
    try:
        header = json.loads(base64.urlsafe_b64decode(parts[0] + "=" * (-len(parts[0]) % 4)))
    except (binascii.Error, ValueError, RecursionError) as failure:
        raise BadToken("the header cannot be read") from failure
    if not isinstance(header, dict) or not isinstance(header.get("alg"), str):
        raise BadToken("the header names no algorithm")
    return header


def _check_issued(claims: Mapping[str, Any], *, issuer: str, client_id: str, now: datetime) -> None:
    """By whom, for whom, and when."""
    if claims.get("iss") != issuer:
        raise BadToken("iss is another issuer")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if client_id not in audiences:
        raise BadToken("aud is another client")
    party = claims.get("azp", client_id if len(audiences) == 1 else None)
    if party != client_id:
        raise BadToken("azp is another client")
    moment = now.timestamp()
    if not _number(claims.get("iat")) or claims["iat"] > moment + LEEWAY_S:
        raise BadToken("iat is missing, or in the future")
    if "exp" in claims and (not _number(claims["exp"]) or claims["exp"] <= moment - LEEWAY_S):
        raise BadToken("exp is past")
    if "nbf" in claims and (not _number(claims["nbf"]) or claims["nbf"] > moment + LEEWAY_S):
        raise BadToken("nbf is in the future")


def _half_hash(text: str, algorithm: str) -> str:
    """The left half of a hash, as OpenID Connect Core 3.1.3.6 binds an access token to an ID token."""
    wide = algorithm == "EdDSA"
    digest = (hashlib.sha512 if wide else hashlib.sha256)(text.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).decode().rstrip("=")


def _same(given: object, wanted: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.encode(), wanted.encode())


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e11
