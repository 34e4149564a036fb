"""
The vault: seals what the database must not be able to read, hashes what it must only recognise.

It works with data keys, one for each use, so that one use never weakens another. They lie in the database, wrapped by
a master key that lies outside it and outside its data folder: whoever has a dump alone can neither read an HMAC secret
nor guess at a key. `data_keys.py` keeps and rotates them.
"""

import hashlib
import os
from collections.abc import Mapping
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.errors import Permanent

MASTER_BYTES = 32
DATABASE_PASSWORD = "database-password"  # noqa: S105 - what a key is derived for, not a key
PASSWORDS = (DATABASE_PASSWORD,)
"""What passwords are derived for."""

_FORMAT = b"\x01"
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12
_HEAD_BYTES = len(_FORMAT) + _KEY_ID_BYTES + _NONCE_BYTES
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_KEY_BYTES = 32
_PASSWORD_BYTES = 64
_DERIVED_LETTERS = 40  # 238 bits


class DataKeys(msgspec.Struct, frozen=True):
    """
    The keys that a vault works with.

    Attributes:
        sealing: what it seals with from now on.
        opening: what it opens with: every sealing key that something may still be sealed with, `sealing` among them.
        hashing: of keyed hashes.
        passwords: 64 bytes by what a password is derived for.
    """

    sealing: bytes
    opening: tuple[bytes, ...]
    hashing: bytes
    passwords: Mapping[str, bytes]

    def __repr__(self) -> str:
        return f"DataKeys(sealing={key_mark(self.sealing).hex()}, opening={len(self.opening)})"


def first_keys(master: bytes) -> DataKeys:
    """The keys of an installation from before there were data keys: they follow from its master, one for each use."""
    if len(master) != MASTER_BYTES:
        raise ValueError(f"the master secret has {MASTER_BYTES} bytes, not {len(master)}")
    sealing = _expand(master, "seal", _KEY_BYTES)
    passwords = {purpose: _expand(master, f"derive/{purpose}", _PASSWORD_BYTES) for purpose in PASSWORDS}
    return DataKeys(sealing, (sealing,), _expand(master, "hash", _KEY_BYTES), passwords)


def random_keys() -> DataKeys:
    """The keys of a new installation: they follow from nothing, so a master key that leaks later tells none of them."""
    sealing = os.urandom(_KEY_BYTES)
    passwords = {purpose: os.urandom(_PASSWORD_BYTES) for purpose in PASSWORDS}
    return DataKeys(sealing, (sealing,), os.urandom(_KEY_BYTES), passwords)


def key_mark(sealing: bytes) -> bytes:
    """What a sealed value says of the key that sealed it; 4 bytes."""
    return hashlib.blake2b(sealing, digest_size=_KEY_ID_BYTES, person=b"key id").digest()


def mark_of(sealed: bytes) -> bytes:
    """The mark of the key that sealed a value."""
    return sealed[len(_FORMAT) : len(_FORMAT) + _KEY_ID_BYTES]


class Vault:
    """
    Seals, opens and hashes with data keys, which may be replaced under it while it is used.

    A sealed value is: format (1 byte), mark of the key (4), nonce (12), ciphertext and tag. The mark is there so that
    a rotation can tell what it has not sealed again yet.

    Args:
        keys: or a master secret, for `first_keys`.
    """

    def __init__(self, keys: DataKeys | bytes) -> None:
        self.use(first_keys(keys) if isinstance(keys, bytes) else keys)

    def use(self, keys: DataKeys) -> None:
        """Work with these keys from now on."""
        ciphers = {key_mark(key): AESGCM(key) for key in keys.opening}
        self._mark = key_mark(keys.sealing)
        self._ciphers = {**ciphers, self._mark: AESGCM(keys.sealing)}
        self._hashing = keys.hashing
        self._passwords = keys.passwords

    def __repr__(self) -> str:
        return f"Vault(key {self._mark.hex()})"

    @property
    def mark(self) -> bytes:
        """Of the key that seals now."""
        return self._mark

    def seal(self, plain: bytes, context: str) -> bytes:
        """
        Encrypt, bound to its place.

        Args:
            context: what it is and whose; the same is needed to open it, so that a sealed value copied into another
                row or company opens nowhere.
        """
        nonce = os.urandom(_NONCE_BYTES)
        mark = self._mark
        head = _FORMAT + mark
        return head + nonce + self._ciphers[mark].encrypt(nonce, plain, head + context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """
        Decrypt what `seal` made for the same context.

        Raises:
            Permanent: sealed with another master secret, altered, or taken from another place.
        """
        head, nonce = sealed[: len(_FORMAT) + _KEY_ID_BYTES], sealed[len(_FORMAT) + _KEY_ID_BYTES : _HEAD_BYTES]
        if len(sealed) <= _HEAD_BYTES or not head.startswith(_FORMAT):
            raise Permanent("a sealed value is damaged: restore it from a backup, or make a new secret")
        cipher = self._ciphers.get(mark_of(sealed))
        if cipher is None:
            raise Permanent(
                "a secret was sealed with a key that this process does not know: if keys were rotated a moment ago, "
                "try again, else restore the table data_key from the same backup as the rest"
            )
        try:
            return cipher.decrypt(nonce, sealed[_HEAD_BYTES:], head + context.encode())
        except InvalidTag as failure:
            raise Permanent("a sealed value was altered or moved to another row: make a new secret") from failure

    def hash(self, text: str) -> UUID:
        """
        Keyed hash of an API key or token, 128 bits (BLAKE2b): equal for equal texts, and useless without the master.

        No slow hash: keys are 256 random bits, there is nothing to guess, and each webhook request needs one.
        """
        given = text.encode("utf-8", "surrogatepass")  # hostile header bytes must hash, not raise
        return UUID(bytes=hashlib.blake2b(given, digest_size=16, key=self._hashing).digest())

    def derive(self, purpose: str) -> str:
        """A password for one of `PASSWORDS`, always the same: 40 letters and digits."""
        number = int.from_bytes(self._passwords[purpose], "big")
        letters = []
        for _ in range(_DERIVED_LETTERS):
            number, place = divmod(number, len(_LETTERS))
            letters.append(_LETTERS[place])
        return "".join(letters)


def _expand(master: bytes, use: str, length: int) -> bytes:
    info = f"alertwhisperer/1/{use}".encode()
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(master)


def integration_context(company_id: CompanyId, integration_id: UUID) -> str:
    """The vault's context of an integration's HMAC secret (`integration.secret`)."""
    return f"integration/{company_id}/{integration_id}/secret"


def setting_context(company_id: CompanyId, integration_id: UUID, name: str) -> str:
    """The vault's context of a secret setting of an integration."""
    return f"{integration_context(company_id, integration_id)}/setting/{name}"


def credential_context(company_id: CompanyId, credential_id: UUID) -> str:
    """The vault's context of a credential's values (`credential.sealed`)."""
    return f"credential/{company_id}/{credential_id}"
