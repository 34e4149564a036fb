"""
Passwords: what a good one is, and how one is kept: Argon2id, so that a stolen table costs its thief time and memory.

Verifying costs the server the same, by design. It is done on threads, few at once and few waiting, so that a flood of
sign-ins can slow down signing in and nothing else.
"""

import asyncio
import base64
import re
import secrets
import unicodedata
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import Argon2Error, InvalidHashError

from alertwhisperer.domain.errors import Invalid, Temporary

T = TypeVar("T")

LEAST_LETTERS = 12
MOST_BYTES = 1_024  # a longer one would only be work for the server

MEMORY_MIB = 64  # RFC 9106's second choice, for machines that do other work as well
PASSES = 3
_LANES = 1  # two more threads for one guess would not slow down a thief who has many machines
_SALT_BYTES, _HASH_BYTES = 16, 32

_AT_ONCE = 2
_MOST_WAITING = 32  # at a tenth of a second each, the last one waits less than two seconds

_FEWEST_DIFFERENT = 5
_LEAST_OF_ONES_OWN = 6  # letters beside one's own e-mail
_COMMON = (
    "password", "passwort", "passw0rd", "p@ssword", "p@ssw0rd", "motdepasse", "contrasena", "administrator", "welcome",
    "willkommen", "changeme", "changeit", "letmein", "iloveyou", "qwertyuiop", "qwertzuiop", "qwerty", "asdfghjkl",
    "azertyuiop", "monkey", "dragon", "football", "baseball", "princess", "sunshine", "superman", "trustno1", "master",
    "admin", "secret", "service", "support", "company", "alertwhisperer", "summer", "winter", "spring", "autumn",
)  # fmt: skip
_ROWS = ("01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_TRIMMING = re.compile(r"[\x00-@\[-`{-\x7f]+")  # what is on every keyboard and no letter


class Passwords:
    """
    Hashes and verifies.

    Args:
        memory_mib, passes: what one guess costs. A hash with less is replaced when its owner next signs in.
    """

    def __init__(self, *, memory_mib: int = MEMORY_MIB, passes: int = PASSES) -> None:
        self._hasher = PasswordHasher(passes, memory_mib * 1024, _LANES, _HASH_BYTES, _SALT_BYTES)
        self._nobodys = _hash_of_nothing(memory_mib * 1024, passes)
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """
        The hash to store, of a password that `check_password` accepted.

        Raises:
            Temporary: too many are waiting.
        """
        return await self._apart(lambda: self._hasher.hash(_bytes(password)))

    async def verify(self, kept: str | None, password: str) -> bool:
        """
        Whether this is the password.

        Args:
            kept: None when there is no person or no password; it costs the same, and is never right.

        Raises:
            Temporary: too many are waiting.
        """
        given = _bytes(password)
        fits = len(given) <= MOST_BYTES
        right = await self._apart(lambda: _verify(self._hasher, kept or self._nobodys, given if fits else b""))
        return right and fits and kept is not None

    def is_weak(self, kept: str) -> bool:
        """Whether it was made with less than a new one would be."""
        has = extract_parameters(kept)
        return has.memory_cost < self._hasher.memory_cost or has.time_cost < self._hasher.time_cost

    async def _apart(self, work: Callable[[], T]) -> T:
        if self._waiting >= _MOST_WAITING:
            raise Temporary("too many people are signing in at this moment: try again")
        self._waiting += 1
        try:
            async with self._gate:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1


def check_password(password: str, email: str) -> None:
    """
    Refuse a password that a stranger would try early; a long sentence is always good.

    Raises:
        Invalid: too short, too long, or easily guessed; says which.
    """
    plain = unicodedata.normalize("NFKC", password).lower()
    if len(plain) < LEAST_LETTERS:
        raise _bad(
            f"a password needs {LEAST_LETTERS} characters and more", "take a few words that do not belong together"
        )
    if len(_bytes(password)) > MOST_BYTES:
        raise _bad(f"a password may have {MOST_BYTES} bytes at most", "take a shorter one")
    rest = plain
    for part in sorted({email, *email.split("@")}, key=len, reverse=True):
        rest = rest.replace(part, "") if len(part) > 2 else rest
    if rest != plain and len(rest) < _LEAST_OF_ONES_OWN:
        raise _bad("this is mostly your e-mail address", "take words that have nothing to do with you")
    if _is_common(plain):
        raise _bad("this is among the first that a stranger would try", "take a few words that do not belong together")


def new_password() -> str:
    """A password for one use, easy to copy by hand: five groups of four, 99 bits."""
    letters = "23456789abcdefghjkmnpqrstuvwxyz"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(5))


def _is_common(plain: str) -> bool:
    if len(set(plain)) < _FEWEST_DIFFERENT or any(plain in row * 3 or plain[::-1] in row * 3 for row in _ROWS):
        return True
    if any(plain == (plain[:size] * len(plain))[: len(plain)] for size in range(1, len(plain) // 2 + 1)):
        return True  # one part, again and again
    return plain in _COMMON or _TRIMMING.sub("", plain) in ("", *_COMMON)


def _bad(what: str, mend: str) -> Invalid:
    return Invalid(what, where="password", mend=mend)


def _bytes(password: str) -> bytes:
    """The same for one password however the keyboard composes its accents."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _verify(hasher: PasswordHasher, kept: str, given: bytes) -> bool:
    try:
        return hasher.verify(kept, given)
    except (Argon2Error, InvalidHashError):
        return False


def _hash_of_nothing(memory_kib: int, passes: int) -> str:
    """A hash that no password has, and that costs as much to verify as any."""
    salt, digest = (
        base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (_SALT_BYTES, _HASH_BYTES)
    )
    return f"$argon2id$v=19$m={memory_kib},t={passes},p={_LANES}${salt}${digest}"
