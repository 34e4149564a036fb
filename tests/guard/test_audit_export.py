"""An export proves itself to whoever has the one-file verifier and the public key; no change to it goes unseen."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.guard.audit import proof, verify_export
from alertwhisperer.guard.audit.chainer import link_pending
from alertwhisperer.guard.audit.verify_export import Broken, ed25519_verifies, verify_lines
from alertwhisperer.store import audit
from tests.database import any_server
from tests.guard.audited import KEY, START, Kept, Log, open_log

HOME, OTHER = CompanyId(UUID(int=1)), CompanyId(UUID(int=2))


@pytest.fixture
async def log() -> AsyncIterator[Log]:
    """Three companies' logs over two checkpoints, and two entries that none covers."""
    with any_server() as server:
        made = await server.create()
        try:
            async with open_log(made, Kept(), START) as opened:
                for _ in range(2):
                    for company_id in (INSTALLATION, HOME, OTHER):
                        await opened.write(company_id, 5)
                    await opened.witnessed()
                await opened.write(HOME, 2)
                await link_pending(opened.database, opened.clock)
                yield opened
        finally:
            await server.drop(made)


async def exported(log: Log, since: Any = None, until: Any = None) -> list[str]:
    return [line.decode() async for line in proof.lines(log.database, Scope(HOME, "test"), since, until)]


async def test_an_export_is_proved_by_the_file_alone(log: Log, tmp_path: Path) -> None:
    target = tmp_path / "audit.jsonl"
    target.write_text("".join(await exported(log)), encoding="utf-8")
    command = [sys.executable, "-I", "-S", verify_export.__file__, str(target), "--key", KEY.public]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "entries 1 to 12: 12" in done.stdout
    assert "cover up to 10; 2 are newer" in done.stdout
    shown = target.read_text()
    assert "ann@example.org" in shown
    assert str(OTHER) not in shown, "nothing names another company"


async def test_a_part_of_the_log_is_proved_as_well(log: Log) -> None:
    told = verify_lines(await exported(log, START + timedelta(seconds=7), START + timedelta(minutes=3)), KEY.public)
    assert told["first"] > 1
    assert told["covered"] == 10 or told["covered"] == 5


async def test_every_change_to_it_is_found(log: Log) -> None:
    lines = await exported(log)
    assert verify_lines(lines, KEY.public)["covered"] == 10
    entries = [place for place, line in enumerate(lines) if '"seq"' in line and '"checkpoint"' not in line]
    for place in entries:
        for name, value in json.loads(lines[place]).items():
            if name == "at":  # for people; `at_us` is what counts
                continue
            with pytest.raises((Broken, ValueError)):
                verify_lines(changed(lines, place, name, value), KEY.public)
    for place in entries[:-1]:
        with pytest.raises(Broken):
            verify_lines([*lines[:place], *lines[place + 1 :]], KEY.public)
        with pytest.raises(Broken):
            verify_lines([*lines[:place], lines[place + 1], lines[place], *lines[place + 2 :]], KEY.public)
    with pytest.raises(Broken, match="not signed"):
        verify_lines(lines, "00" * 32)


def changed(lines: list[str], place: int, name: str, value: Any) -> list[str]:
    line = json.loads(lines[place])
    match value:
        case int():
            line[name] = value + 1
        case None:
            line[name] = str(UUID(int=9))
        case dict():
            line[name] = {**value, "text": value["text"].replace("e", "a", 1)}
        case str():
            last = value[-1:]
            line[name] = value[:-1] + ("0" if last != "0" else "1")
    return [*lines[:place], json.dumps(line), *lines[place + 1 :]]


async def test_what_was_erased_is_shown_as_such_and_proved(log: Log) -> None:
    async with log.database.unit_of_work(Scope(HOME, "test")) as unit:
        await audit.destroy_key(unit, UUID(int=7))
    lines = await exported(log)
    told = verify_lines(lines, KEY.public)
    assert (told["entries"], told["erased"], told["covered"]) == (12, 12, 10)
    assert "ann@example.org" not in "".join(lines)


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.integers(0, 63), st.integers(1, 255))
@settings(max_examples=30, deadline=None)
def test_the_plain_ed25519_agrees_with_the_library(seed: bytes, message: bytes, place: int, flip: int) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = private.public_key().public_bytes_raw(), private.sign(message)
    assert ed25519_verifies(public, message, signature)
    assert not ed25519_verifies(public, message + b"x", signature)
    spoilt = bytearray(signature)
    spoilt[place] ^= flip
    assert not ed25519_verifies(public, message, bytes(spoilt))
