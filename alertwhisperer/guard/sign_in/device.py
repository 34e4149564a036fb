"""
Devices that signed in before: a long-lived cookie says so, and its tries are then counted apart from strangers'.

It lets nobody in. Whoever steals it may only guess in peace, ten times and then ever more slowly, at one account.
"""

import hmac
import secrets
from datetime import timedelta
from uuid import UUID

from alertwhisperer.guard.vault import Vault
from alertwhisperer.store.sign_in import Credentials

REMEMBERED = timedelta(days=180)
MOST_ACCOUNTS = 4  # of one device; the one that signed in longest ago gives way
_BETWEEN_ACCOUNTS, _BETWEEN_PARTS = "~", "."


def remembered(vault: Vault, cookie: str, credentials: Credentials) -> str:
    """The device's own number when its cookie says that this account signed in here; empty otherwise."""
    for entry in cookie.split(_BETWEEN_ACCOUNTS)[:MOST_ACCOUNTS]:
        parts = entry.split(_BETWEEN_PARTS)
        if len(parts) == 3 and parts[0] == credentials.user_id.hex:
            right = _mark(vault, credentials.user_id, parts[1], credentials)
            if hmac.compare_digest(right.encode(), parts[2].encode("utf-8", "surrogatepass")):
                return parts[1]
    return ""


def remember(vault: Vault, cookie: str, credentials: Credentials) -> str:
    """The cookie with this account added; a new password makes it void."""
    number = secrets.token_hex(12)
    own = credentials.user_id.hex
    entry = _BETWEEN_PARTS.join((own, number, _mark(vault, credentials.user_id, number, credentials)))
    others = [one for one in cookie.split(_BETWEEN_ACCOUNTS) if one and _is_entry(one) and not one.startswith(own)]
    return _BETWEEN_ACCOUNTS.join((entry, *others[: MOST_ACCOUNTS - 1]))


def _mark(vault: Vault, user_id: UUID, number: str, credentials: Credentials) -> str:
    since = "" if credentials.set_at is None else credentials.set_at.isoformat()
    return vault.hash(f"device/{user_id}/{number}/{since}").hex


def _is_entry(text: str) -> bool:
    """Whether it could be one of ours; what a browser brings is not carried on unseen."""
    return len(text) <= 100 and text.replace(_BETWEEN_PARTS, "").isalnum() and text.isascii()
