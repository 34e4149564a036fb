"""
Keys are rotated under a running server, and a rotation that is killed at any instant loses and refuses nothing.

A tool sends signed alerts all the while; `secrets rotate` and `secrets rotate-master` are killed again and again, then
run to their end.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sysconfig
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest

from alertwhisperer.app.settings import load
from alertwhisperer.domain.errors import Permanent
from alertwhisperer.guard.key_file import load_masters
from alertwhisperer.guard.master import LocalMaster
from alertwhisperer.guard.sealed import NEVER_SEALED_AGAIN, SEALED_COLUMNS
from tests.database import Migrated, any_server, run_apart
from tests.server import Place, Sender, Server, house_of, new_company, new_sender, on_database

_PROGRAM = Path(sysconfig.get_path("scripts")) / "alertwhisperer"
_KILLS = 6


@dataclass
class Sending:
    """A tool that sends until it is told to stop, and what it was answered."""

    url: str
    sender: Sender
    answers: list[int] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Sending:
        self._thread = threading.Thread(target=self._send)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self._thread.join(30)

    def await_answers(self, amount: int) -> None:
        """Return when it was answered so often."""
        deadline = time.monotonic() + 30
        while len(self.answers) < amount and time.monotonic() < deadline:
            self.stopped.wait(0.02)

    def _send(self) -> None:
        with httpx.Client(timeout=30, trust_env=False) as http:
            while not self.stopped.is_set():
                told = {"asset": "db-01", "signature": "Disk", "severity": "high", "kind": "firing", "message": "x"}
                body = json.dumps({"occurrences": [told]}).encode()
                headers = self.sender.headers(body, delivery_id=uuid4().hex)
                self.answers.append(http.post(self.url + self.sender.path, content=body, headers=headers).status_code)
                self.stopped.wait(0.02)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[Place, Migrated]]:
    """A database of its own, and a key file instead of a key in the environment."""
    with any_server() as server:
        made = run_apart(server.create())
        environ = {name: value for name, value in on_database(made).environ.items() if "SECRET_KEY" not in name}
        try:
            yield Place({**environ, "ALERTWHISPERER_KEY_FILE": str(tmp_path / "master.key")}), made
        finally:
            run_apart(server.drop(made))


async def test_keys_are_rotated_under_a_running_server_whatever_is_killed(own: tuple[Place, Migrated]) -> None:
    place, made = own
    chance = random.Random(20261126)
    async with house_of(place) as house:
        company = await new_company(house)
        first = await new_sender(house, company.id, "native", require_signature=True)
        for _ in range(60):  # something to seal again
            await new_sender(house, company.id, "native")
    server = Server(place)
    try:
        server.start()
        with Sending(server.url, first) as sending:
            for command in ("rotate", "rotate-master"):
                for _ in range(_KILLS):
                    killed(place, command, after_s=chance.uniform(0.6, 2.6))
                done = secrets(place, command)
                assert done.returncode == 0, done.stderr
            async with house_of(place) as house:  # made after the rotation, known to the server at once
                second = await new_sender(house, company.id, "native", require_signature=True)
            body = b'{"occurrences": [{"asset": "a", "signature": "b", "severity": "low", "kind": "firing"}]}'
            async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
                answer = await http.post(server.url + second.path, content=body, headers=second.headers(body))
            assert answer.status_code == 202, answer.text
        assert len(sending.answers) > 100
        assert set(sending.answers) == {202}, server.log_tail()
        stored = f"SELECT count(*) FROM delivery WHERE integration_id = '{first.integration_id}'"  # noqa: S608 - ours
        assert (await rows(made, stored))[0][0] == len(sending.answers)
        server.kill()
        server.start()
        with Sending(server.url, first) as sending:
            sending.await_answers(10)
        assert set(sending.answers) == {202}
    finally:
        server.stop()
        server.forget_log()
    keys = json.loads(secrets(place, "status").stdout)["items"]
    sealing = [key for key in keys if key["purpose"] == "seal"]
    assert [key["state"] for key in sealing].count("current") == 1
    assert all((key["sealed"] > 0) == (key["state"] == "current") for key in sealing)
    assert sealing[0]["sealed"] >= 62
    assert len({key["master"] for key in keys}) == 1
    audited = await rows(made, "SELECT action FROM audit_entry WHERE action LIKE '%rotated' ORDER BY id")
    assert {one[0] for one in audited} >= {"keys_rotated", "master_key_rotated"}


async def test_the_old_master_opens_nothing_after_a_rotation(own: tuple[Place, Migrated]) -> None:
    place, _ = own
    async with house_of(place) as house:
        await new_company(house)
    file = Path(place.environ["ALERTWHISPERER_KEY_FILE"])
    old = file.read_text()
    assert secrets(place, "rotate-master").returncode == 0
    assert len(file.read_text().splitlines()) == 1
    assert file.read_text() != old
    assert file.stat().st_mode & 0o777 == 0o600
    new = file.read_text()
    file.write_text(old)
    with pytest.raises(Permanent, match="another master key"):
        async with house_of(place):
            pass
    file.write_text(new)
    async with house_of(place) as house:
        [master] = load_masters(load(place.environ).master_key_file, None)
        assert house.masters[0].name == LocalMaster(master).name


async def test_every_column_of_bytes_is_known_to_the_rotation_or_says_why_not(own: tuple[Place, Migrated]) -> None:
    _, made = own
    found = await rows(
        made,
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = 'public' AND data_type = 'bytea' "
        "AND column_name ~ 'secret|sealed|token|wrapped|^who$|^what$'",
    )
    known = {(one.table, one.column) for one in SEALED_COLUMNS} | NEVER_SEALED_AGAIN.keys()
    assert {(table, column) for table, column in found} == known


def secrets(place: Place, command: str) -> subprocess.CompletedProcess[str]:
    options = ["--notice", "0.5"] if command == "rotate" else []
    environ = {**os.environ, **place.environ}
    return subprocess.run(
        [str(_PROGRAM), "secrets", command, *options, "--json"],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def killed(place: Place, command: str, *, after_s: float) -> None:
    options = ["--notice", "0.5"] if command == "rotate" else []
    process = subprocess.Popen(
        [str(_PROGRAM), "secrets", command, *options],
        env={**os.environ, **place.environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        process.wait(after_s)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait(30)


async def rows(made: Migrated, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(made.owner_dsn)
    try:
        return list(await connection.fetch(query))
    finally:
        await connection.close()
