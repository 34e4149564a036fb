"""The vault: what it seals opens only in its place and with its master; what it hashes says nothing."""

import base64
import os
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertwhisperer.domain.errors import Invalid, Permanent
from alertwhisperer.guard.key_file import load_master
from alertwhisperer.guard.vault import DATABASE_PASSWORD, Vault

ONE = Vault(bytes(32))
TWO = Vault(bytes(31) + b"\x01")


@given(plain=st.binary(max_size=200), context=st.text(max_size=40))
def test_what_is_sealed_opens_again(plain: bytes, context: str) -> None:
    context = context.encode(errors="replace").decode()
    sealed = ONE.seal(plain, context)
    assert ONE.open(sealed, context) == plain
    assert ONE.seal(plain, context) != sealed  # a fresh nonce each time


def test_a_sealed_value_opens_nowhere_else() -> None:
    sealed = ONE.seal(b"secret", "integration/a")
    with pytest.raises(Permanent, match="moved"):
        ONE.open(sealed, "integration/b")
    with pytest.raises(Permanent, match="does not know"):
        TWO.open(sealed, "integration/a")


@given(place=st.integers(min_value=0, max_value=38), flip=st.integers(min_value=1, max_value=255))
def test_a_changed_byte_is_noticed(place: int, flip: int) -> None:
    sealed = bytearray(ONE.seal(b"secret", "x"))
    sealed[place] ^= flip
    with pytest.raises(Permanent):
        ONE.open(bytes(sealed), "x")


@given(rest=st.binary(max_size=40))
def test_garbage_is_named_as_such(rest: bytes) -> None:
    with pytest.raises(Permanent):
        ONE.open(rest, "x")


def test_a_hash_depends_on_text_and_master_and_takes_hostile_text() -> None:
    assert ONE.hash("awk_1") == Vault(bytes(32)).hash("awk_1")
    assert len({ONE.hash("awk_1"), ONE.hash("awk_2"), TWO.hash("awk_1"), UUID(int=0)}) == 4
    ONE.hash("\udcff\x00")


def test_a_derived_password_is_letters_and_digits_and_always_the_same() -> None:
    assert re.fullmatch(r"[0-9A-Za-z]{40}", ONE.derive(DATABASE_PASSWORD))
    assert ONE.derive(DATABASE_PASSWORD) == Vault(bytes(32)).derive(DATABASE_PASSWORD)
    assert ONE.derive(DATABASE_PASSWORD) != TWO.derive(DATABASE_PASSWORD)


def test_the_master_is_in_no_repr() -> None:
    master = os.urandom(32)
    assert master.hex() not in repr(Vault(master))
    assert repr(master)[2:-1] not in repr(Vault(master))


def test_the_key_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "master.key"
    with ThreadPoolExecutor(8) as pool:  # several processes may start at once
        masters = set(pool.map(lambda _: load_master(file, None), range(16)))
    assert len(masters) == 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["master.key"]


def test_a_key_file_that_is_none_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    for content in (b"", b"not a key\n", b"\xff\xfe", base64.b64encode(bytes(31))):
        file.write_bytes(content)
        file.chmod(0o600)
        with pytest.raises(Permanent, match="32 bytes in base64"):
            load_master(file, None)


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    load_master(file, None)
    file.chmod(0o644)
    with pytest.raises(Permanent, match="chmod 600"):
        load_master(file, None)


def test_the_environment_may_give_the_master_in_any_writing(tmp_path: Path) -> None:
    master, nowhere = os.urandom(32), tmp_path / "absent"
    writings = [master.hex(), master.hex().upper(), base64.b64encode(master).decode()]
    writings += [base64.urlsafe_b64encode(master).decode(), base64.urlsafe_b64encode(master).decode().rstrip("=")]
    for writing in writings:
        assert load_master(nowhere, f" {writing}\n") == master
    phrase = load_master(nowhere, "correct horse battery staple")
    assert len(phrase) == 32
    assert phrase == load_master(nowhere, "correct horse battery staple")
    assert not nowhere.exists()
    with pytest.raises(Invalid, match="too short"):
        load_master(nowhere, "secret")
