"""
Master keys: what wraps the data keys, from outside the database.

`MasterDoor` is all that is asked of one: to wrap a few bytes and to unwrap them again. A key that this machine holds
(`key_file.py`) is the one way today; a key management service that never hands its key out fits the same door.
"""

import hashlib
import os
from collections.abc import Sequence
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from alertwhisperer.domain.errors import Permanent

_NONCE_BYTES = 12


class MasterDoor(Protocol):
    """
    One master key.

    Attributes:
        name: tells it from every other; gives nothing of it away.
    """

    name: str

    def wrap(self, key: bytes, context: str) -> bytes:
        """Encrypt a data key, bound to what it is."""
        ...

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        """The data key again; raises `Permanent` when it was altered or is another's."""
        ...


class LocalMaster:
    """A master key of 32 bytes in this process's memory."""

    def __init__(self, master: bytes) -> None:
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"alertwhisperer/1/wrap").derive(master)
        self._cipher = AESGCM(key)
        self.name = "local:" + hashlib.blake2b(key, digest_size=8, person=b"master name").hexdigest()

    def __repr__(self) -> str:
        return f"LocalMaster({self.name})"

    def wrap(self, key: bytes, context: str) -> bytes:
        """Encrypt a data key, bound to what it is."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, key, context.encode())

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        """
        The data key again.

        Raises:
            Permanent: altered, or wrapped by another master.
        """
        try:
            return self._cipher.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError) as failure:
            raise Permanent("a data key was altered: restore the table data_key from a backup") from failure


def master_named(masters: Sequence[MasterDoor], name: str) -> MasterDoor:
    """
    The one that wrapped something.

    Raises:
        Permanent: none of those given.
    """
    for master in masters:
        if master.name == name:
            return master
    raise Permanent(
        "secrets are sealed under another master key than the one given: put the old key file (or environment "
        "variable) back"
    )
