"""
The key file: where the master key lies when the environment does not give it.

Its first line is the present key, each further one a key before it, which is there only while a rotation is under way.
The file appears and changes whole or not at all, whoever is killed meanwhile.
"""

import base64
import binascii
import hashlib
import os
import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path

from alertwhisperer.domain.errors import Invalid, Permanent
from alertwhisperer.guard.vault import MASTER_BYTES

LEAST_PASSPHRASE = 16

_DRAFT = ".key-"


def load_masters(
    key_file: Path, given: str | None, former: str | None = None, *, may_make: bool = True
) -> tuple[bytes, ...]:
    """
    The master key, and those before it that something may still be wrapped with; the present one first.

    Args:
        key_file, given: as for `load_master`.
        former: from the environment as well, separated by commas; a key file has its own.
        may_make: whether a missing file is made; never when something is wrapped already.

    Raises:
        Invalid, Permanent: as `load_master`; or the file is missing and may not be made.
    """
    if given is not None and given.strip():
        before = [_read_given(one.strip()) for one in (former or "").split(",") if one.strip()]
        return (_read_given(given.strip()), *before)
    try:
        if not key_file.exists():
            if not may_make:
                raise Permanent(
                    f"the key file {key_file} is not there, and secrets are sealed under its key: put it back from a "
                    "backup"
                )
            _make_key_file(key_file)
        return _read_key_file(key_file)
    except OSError as failure:
        raise Permanent(f"the key file {key_file} cannot be used: {failure.strerror or failure}") from failure


def load_master(key_file: Path, given: str | None) -> bytes:
    """
    One key, made at the first start.

    Args:
        key_file: where it is kept when the environment gives none; made with mode 0600 when absent. Keep it out of the
            database's data folder, or one backup holds both lock and key.
        given: from the environment: 32 bytes in base64 or hexadecimal, or any passphrase of 16 characters and more.

    Raises:
        Invalid: `given` is too short to protect anything.
        Permanent: the file is not a key, cannot be read or written, or other accounts may read it.
    """
    return load_masters(key_file, given)[0]


def new_master() -> bytes:
    """A fresh master key."""
    return secrets.token_bytes(MASTER_BYTES)


def replace_key_file(path: Path, masters: Sequence[bytes]) -> None:
    """
    Write a key file anew; it keeps its owner and mode, so that whoever could read it still can.

    Raises:
        Permanent: it cannot be written.
    """
    path = path.resolve()  # a link stays a link
    try:
        was = path.stat()
        draft = _draft(path, masters)
        try:
            os.chown(draft, was.st_uid, was.st_gid)
            draft.chmod(was.st_mode & 0o770)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        _sync_folder(path.parent)
        _remove_drafts(path)
    except OSError as failure:
        raise Permanent(f"the key file {path} cannot be replaced: {failure.strerror or failure}") from failure


def _read_given(given: str) -> bytes:
    decoded = _decode(given)
    if decoded is not None:
        return decoded
    if len(given) < LEAST_PASSPHRASE:
        raise Invalid(
            "the key is too short",
            where="ALERTWHISPERER_SECRET_KEY",
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
    """When two processes start at once, the first one's key counts for both."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft(path, [new_master()])
    try:
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first
        _sync_folder(path.parent)
    finally:
        draft.unlink()


def _draft(path: Path, masters: Sequence[bytes]) -> Path:
    handle, name = tempfile.mkstemp(prefix=f"{_DRAFT}{path.name}-", dir=path.parent)  # mode 0600
    with os.fdopen(handle, "wb") as file:
        file.write(b"".join(base64.b64encode(master) + b"\n" for master in masters))
        file.flush()
        os.fsync(file.fileno())
    return Path(name)


def _remove_drafts(path: Path) -> None:
    """What a rotation that was killed left behind: it holds keys."""
    for left in path.parent.glob(f"{_DRAFT}{path.name}-*"):
        left.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Without it a power cut could take the key and leave what it sealed."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read_key_file(path: Path) -> tuple[bytes, ...]:
    if path.stat().st_mode & 0o007:
        raise Permanent(f"every account of this machine may read the key file {path}: run chmod 600 on it")
    try:
        masters = [_decode(line.strip()) for line in path.read_text("ascii").splitlines() if line.strip()]
    except UnicodeDecodeError:
        masters = []
    found = [master for master in masters if master is not None]
    if not found or len(found) < len(masters):
        raise Permanent(f"the key file {path} does not hold 32 bytes in base64: put the right one back from a backup")
    return tuple(found)
