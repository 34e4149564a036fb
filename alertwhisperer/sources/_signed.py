"""
Signed: the check of a signature that a tool makes with a secret it shares with the integration.

The key already says which integration speaks. The signature adds that who knows the URL alone, or reads it in a log,
cannot speak for the tool.
"""

import hmac

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.sources.contract import Json

_LONGEST_SECRET = 1_024


def secret_complaint(value: Json) -> str | None:
    """For a setting that holds a shared secret."""
    fits = value is None or (type(value) is str and len(value.strip()) > 0 and len(value) <= _LONGEST_SECRET)
    return None if fits else f"must be a text of at most {_LONGEST_SECRET} characters"


def check_signature(signed: bytes, secret: str, signature: str | None, header: str, mend: str) -> None:
    """
    Raise `Invalid` unless the header's value is the HMAC-SHA256 of the bytes, in hex.

    Args:
        signature: the header's value; None when it was not sent.
        header: its name, as people write it.
        mend: what to set on the tool's side.
    """
    if not signature:
        raise Invalid(f"the request is not signed: there is no {header}", where=header, mend=mend)
    expected = hmac.digest(secret.encode(), signed, "sha256").hex()
    if not hmac.compare_digest(expected.encode(), signature.strip().lower().encode("utf-8", "replace")):
        raise Invalid("the signature does not match", where=header, mend=mend)
