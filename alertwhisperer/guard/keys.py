"""Keys of integrations; tokens, sessions and links of people: made here, shown once, masked wherever they appear."""

import re
import secrets

KEY_PREFIX = "awk_"
TOKEN_PREFIX = "awt_"  # noqa: S105  # a prefix, not a secret
SESSION_PREFIX = "aws_"
LINK_PREFIX = "awl_"
DIRECTORY_PREFIX = "awd_"
CALENDAR_PREFIX = "awc_"
HINT_LETTERS = 8

# Each pattern begins with a fixed word, so that a long hostile text costs time in proportion to its length.
_OURS = re.compile(r"(aw[cdklst]_[A-Za-z0-9_-]{4})[A-Za-z0-9_-]+")
_STANDARD = re.compile(r"whsec_[A-Za-z0-9+/=_-]+")
_SCHEME = re.compile(r"(?i)\b(bearer|basic|geniekey|apikey)([ \t]+|%20|\+)[^\s\"',;&]+")
_LOGIN = re.compile(r"(://[^\s/:@\"']*:)[^\s/@\"']+(@)")
_NAMED = re.compile(
    r"(?i)((?:api[_-]?key|routing[_-]?key|secret|password|passwd|token|authorization|signature)\"?\s*[=:]\s*)"
    r"(\"[^\"]*\"|'[^']*'|[^\s\"',;&}]+)"
)
_MASK = "***"


def new_key() -> str:
    """A fresh API key of an integration: `awk_` and 32 random bytes in URL-safe base64 (43 letters)."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


def new_token() -> str:
    """A fresh bearer token of a person: `awt_` and 32 random bytes in URL-safe base64 (43 letters)."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def new_session() -> str:
    """What a session's cookie holds: `aws_` and 32 random bytes in URL-safe base64 (43 letters)."""
    return SESSION_PREFIX + secrets.token_urlsafe(32)


def new_link() -> str:
    """What a link that sets a password holds: `awl_` and 32 random bytes in URL-safe base64 (43 letters)."""
    return LINK_PREFIX + secrets.token_urlsafe(32)


def new_directory_token() -> str:
    """What a provider's directory shows (SCIM): `awd_` and 32 random bytes in URL-safe base64 (43 letters)."""
    return DIRECTORY_PREFIX + secrets.token_urlsafe(32)


def new_calendar() -> str:
    """What a calendar's secret address holds: `awc_` and 32 random bytes in URL-safe base64 (43 letters)."""
    return CALENDAR_PREFIX + secrets.token_urlsafe(32)


def new_secret() -> str:
    """A fresh HMAC secret: 32 random bytes in URL-safe base64; its letters as shown are the key."""
    return secrets.token_urlsafe(32)


def hint(key: str) -> str:
    """The first eight characters, by which people tell two keys apart; 232 bits stay unknown."""
    return key[:HINT_LETTERS]


def mask(text: str) -> str:
    """
    The text without the values that look like secrets, for logs and error messages.

    Our keys and tokens keep their hint; of `Bearer …`, `password=…`, `https://user:…@host` and the like only the name
    stays. It is a net below callers who should not show secrets at all, so it rather masks too much.
    """
    text = _OURS.sub(rf"\1{_MASK}", text)
    text = _STANDARD.sub(f"whsec_{_MASK}", text)
    text = _SCHEME.sub(rf"\1\2{_MASK}", text)
    text = _LOGIN.sub(rf"\1{_MASK}\2", text)
    return _NAMED.sub(_mask_named, text)


def _mask_named(found: re.Match[str]) -> str:
    value = found[2]
    if value.startswith("aw") and _MASK in value:
        return found[0]  # one of ours, already masked down to its hint
    if re.match(r"(?i)(bearer|basic|geniekey|apikey)$", value):
        return found[0]  # the scheme's name; what follows it is masked
    quote = value[0] if value[0] in "\"'" else ""
    return f"{found[1]}{quote}{_MASK}{quote}"
