"""
The vault: seals what the database must not be able to read, hashes what it must only recognise.

Everything comes from one master secret that lies outside the database and outside its data folder: whoever has a dump
alone can neither read an HMAC secret nor guess at a key. The master itself touches no data; each use has a key of its
own derived from it (HKDF), so that one use never weakens another.
"""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import tempfile
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.errors import Invalid, Permanent

MASTER_BYTES = 32
LEAST_PASSPHRASE = 16

_FORMAT = b"\x01"
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12
_HEAD_BYTES = len(_FORMAT) + _KEY_ID_BYTES + _NONCE_BYTES
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_DERIVED_LETTERS = 40  # 238 bits


class Vault:
    """
    Seals, opens and hashes with keys derived from one master secret.

    A sealed value is: format (1 byte), id of the key (4), nonce (12), ciphertext and tag. The key's id is there so
    that a later rotation can tell what it has not sealed again yet.
    """

    def __init__(self, master: bytes) -> None:
        if len(master) != MASTER_BYTES:
            raise ValueError(f"the master secret has {MASTER_BYTES} bytes, not {len(master)}")
        self._master = master
        sealing = self._expand("seal", 32)
        self._cipher = AESGCM(sealing)
        self._key_id = hashlib.blake2b(sealing, digest_size=_KEY_ID_BYTES, person=b"key id").digest()
        self._hashing = self._expand("hash", 32)

    def __repr__(self) -> str:
        return f"Vault(key {self._key_id.hex()})"

    def seal(self, plain: bytes, context: str) -> bytes:
        """
        Encrypt, bound to its place.

        Args:
            context: what it is and whose; the same is needed to open it, so that a sealed value copied into another
                row or company opens nowhere.
        """
        nonce = os.urandom(_NONCE_BYTES)
        head = _FORMAT + self._key_id
        return head + nonce + self._cipher.encrypt(nonce, plain, head + context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """
        Decrypt what `seal` made for the same context.

        Raises:
            Permanent: sealed with another master secret, altered, or taken from another place.
        """
        head, nonce = sealed[: len(_FORMAT) + _KEY_ID_BYTES], sealed[len(_FORMAT) + _KEY_ID_BYTES : _HEAD_BYTES]
        if len(sealed) <= _HEAD_BYTES or not head.startswith(_FORMAT):
            raise Permanent("a sealed value is damaged: restore it from a backup, or make a new secret")
        if not hmac.compare_digest(head[len(_FORMAT) :], self._key_id):
            raise Permanent(
                "a secret was sealed with another master key than the one in use: put the old key file (or "
                "environment variable) back"
            )
        try:
            return self._cipher.decrypt(nonce, sealed[_HEAD_BYTES:], head + context.encode())
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
        """A password for `purpose`, always the same: 40 letters and digits."""
        number = int.from_bytes(self._expand(f"derive/{purpose}", 64), "big")
        letters = []
        for _ in range(_DERIVED_LETTERS):
            number, place = divmod(number, len(_LETTERS))
            letters.append(_LETTERS[place])
        return "".join(letters)

    def _expand(self, use: str, length: int) -> bytes:
        info = f"alertwhisperer/1/{use}".encode()
        return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(self._master)


def integration_context(company_id: CompanyId, integration_id: UUID) -> str:
    """The vault's context of an integration's HMAC secret (`integration.secret`)."""
    return f"integration/{company_id}/{integration_id}/secret"


def load_master(key_file: Path, given: str | None) -> bytes:
    """
    The master secret, made at the first start.

    Args:
        key_file: where it is kept when the environment gives none; made with mode 0600 when absent. Keep it out of the
            database's data folder, or one backup holds both lock and key.
        given: from the environment: 32 bytes in base64 or hexadecimal, or any passphrase of 16 characters and more.

    Raises:
        Invalid: `given` is too short to protect anything.
        Permanent: the file is not a key, cannot be read or written, or other accounts may read it.
    """
    if given is not None and given.strip():
        return _read_given(given.strip())
    try:
        if not key_file.exists():
            _make_key_file(key_file)
        return _read_key_file(key_file)
    except OSError as failure:
        raise Permanent(f"the key file {key_file} cannot be used: {failure.strerror or failure}") from failure


def _read_given(given: str) -> bytes:
    decoded = _decode(given)
    if decoded is not None:
        return decoded
    if len(given) < LEAST_PASSPHRASE:
        raise Invalid(
            "the master secret is too short",
            where="ALERTWHISPERER_MASTER_KEY",
            mend=f"give 32 random bytes in base64, or a passphrase of at least {LEAST_PASSPHRASE} characters",
        )
    # One fixed salt: there is one passphrase for each installation, and a stored salt could be lost without it.
    return hashlib.scrypt(given.encode(), salt=b"alertwhisperer/master", n=2**14, r=8, p=1, dklen=MASTER_BYTES)


def _decode(text: str) -> bytes | None:
    """32 bytes written as hexadecimal or as either alphabet of base64; None when it is neither."""
    if len(text) == 2 * MASTER_BYTES:
        try:
            return bytes.fromhex(text)
        except ValueError:
            return None
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        decoded = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded if len(decoded) == MASTER_BYTES else None


def _make_key_file(path: Path) -> None:
    """Appear whole or not at all; when two processes start at once, the first one's key counts for both."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".key-", dir=path.parent)  # mode 0600
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(MASTER_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first
        _sync_folder(path.parent)
    finally:
        draft.unlink()


def _sync_folder(folder: Path) -> None:
    """Without it a power cut could take the key and leave what it sealed."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read_key_file(path: Path) -> bytes:
    if path.stat().st_mode & 0o007:
        raise Permanent(f"every account of this machine may read the key file {path}: run chmod 600 on it")
    try:
        master = _decode(path.read_text("ascii").strip())
    except UnicodeDecodeError:
        master = None
    if master is None:
        raise Permanent(f"the key file {path} does not hold 32 bytes in base64: put the right one back from a backup")
    return master
