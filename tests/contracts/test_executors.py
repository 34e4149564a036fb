"""Every way to a target runs a script once, carries what it is given as data, and knows afterwards how it ended."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from alertwhisperer import executors as folder
from alertwhisperer.domain.execution import Call, Ending, Outcome, Reach
from alertwhisperer.domain.runbook import Shell
from alertwhisperer.executors.contract import MOST_BYTES, Executor, Heard, Means, Runner
from alertwhisperer.kit import registry
from alertwhisperer.kit.clock import ManualClock, SystemClock
from tests.peers.sshd import sshd
from tests.server import free_port
from tests.vendors.cloud import REGION, ROLE, cloud
from tests.vendors.docker import CONTAINER, docker
from tests.vendors.winrm import PASSWORD, USER, windows

EXECUTORS = registry.load(folder, "EXECUTOR", Executor)
MEANS = Means(SystemClock(), (ipaddress.ip_network("127.0.0.0/8"),), containers=True)

NASTY = {
    "shell": "$(touch /tmp/aw-pwned) `id` ; rm -rf / & | > < ' \" \\ * ? [a] {b} ~ !! #",
    "lines": "one\ntwo\r\nthree\n\n",
    "vendor": "{{ssm:secret}} {{ global:DATE }} %PATH% ${HOME}",
    "option": "-o ProxyCommand=id",
    "letters": "Größe 大 \u202e \U0001f600",
    "empty": "",
    "long": "x" * 100_000,
}


@dataclass(frozen=True, slots=True)
class Spot:
    """
    A real target of one kind.

    Attributes:
        reach: to it.
        away: the same, where nobody answers.
        tells_as_it_comes: whether output is heard before the end.
        cancels_what_is_to_come: whether an act can be cancelled that the vendor has not heard of.
    """

    runner: Runner
    reach: Reach
    away: Reach
    tells_as_it_comes: bool = True
    cancels_what_is_to_come: bool = True


@contextmanager
def ssh_spot(place: Path) -> Iterator[Spot]:
    """OpenSSH's server."""
    with sshd(place) as server:
        reach = Reach("ssh", server.settings, server.secrets)
        away = replace(reach, settings={**server.settings, "port": str(free_port())})
        yield Spot(EXECUTORS["ssh"].make(MEANS), reach, away)


@contextmanager
def ssm_spot(place: Path) -> Iterator[Spot]:
    """Our own Systems Manager, whose instance is this machine."""
    with cloud() as running:
        settings = {
            "role_arn": ROLE,
            "region": REGION,
            "instance": next(iter(running.instances)),
            "folder": str(place / "records"),
            "output_bucket": "output",
        }
        reach = Reach("ssm", settings, {"external_id": "aw-right"})
        away = replace(reach, settings={**settings, "instance": "i-0000000000000dead"})
        yield Spot(EXECUTORS["ssm"].make(MEANS), reach, away, tells_as_it_comes=False, cancels_what_is_to_come=False)


@contextmanager
def container_spot(place: Path) -> Iterator[Spot]:
    """Docker's program, played by us."""
    with docker(place):
        settings = {"container": CONTAINER, "folder": str(place / "records")}
        reach = Reach("container", settings)
        away = replace(reach, settings={**settings, "container": "f" * 64})
        yield Spot(EXECUTORS["container"].make(MEANS), reach, away)


class _PlayedByShell:
    """The contract's scripts are for `sh`; the host that we play takes them for PowerShell's."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def run(self, reach: Reach, call: Call, heard: Heard) -> Outcome:
        return await self._runner.run(reach, replace(call, shell=Shell.POWERSHELL), heard)

    async def find(self, reach: Reach, call: Call) -> Outcome | None:
        return await self._runner.find(reach, replace(call, shell=Shell.POWERSHELL))

    async def cancel(self, reach: Reach, call: Call) -> None:
        await self._runner.cancel(reach, replace(call, shell=Shell.POWERSHELL))

    async def check(self, reach: Reach) -> Sequence[str]:
        return await self._runner.check(reach)


@contextmanager
def winrm_spot(place: Path) -> Iterator[Spot]:
    """The protocol alone; see tests/vendors/winrm.py for what it cannot show."""
    with windows(place) as running:
        settings = {
            "address": "127.0.0.1",
            "port": str(running.port),
            "user": USER,
            "certificate": running.certificate,
            "folder": str(place / "records"),
        }
        reach = Reach("winrm", settings, {"password": PASSWORD})
        away = replace(reach, settings={**settings, "port": str(free_port())})
        yield Spot(_PlayedByShell(EXECUTORS["winrm"].make(MEANS)), reach, away)


SPOTS: Mapping[str, Callable[[Path], Any]] = {
    "ssh": ssh_spot,
    "ssm": ssm_spot,
    "container": container_spot,
    "winrm": winrm_spot,
}
NOT_HERE: Mapping[str, str] = {}
"""Kinds that no machine of ours can try whole, and why."""


@pytest.fixture(params=[slug for slug in EXECUTORS if slug not in NOT_HERE])
def spot(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Spot]:
    """A real target of each kind; a new kind needs one here, and then all promises below are tried on it."""
    with SPOTS[request.param](tmp_path) as made:
        yield made


def call_of(script: str | bytes, *, timeout_s: int = 20, snapshot: bytes | None = None, **parameters: str) -> Call:
    """An act of its own."""
    body = script if isinstance(script, bytes) else script.encode()
    return Call(uuid4(), uuid4(), Shell.SH, body, parameters, timeout_s, snapshot)


def nobody(_out: bytes, _err: bytes) -> None:
    """Nobody watches."""


async def until(holds: Callable[[], bool]) -> None:
    """Look at something that another process does, until it is done."""
    async with asyncio.timeout(15):
        while not holds():  # noqa: ASYNC110 - it happens outside of this process
            await asyncio.sleep(0.05)


async def began(path: Path) -> None:
    """Wait until a script has made a file."""
    await until(path.exists)


@pytest.mark.parametrize("executor", EXECUTORS.values(), ids=lambda one: one.slug)
def test_a_kind_declares_itself(executor: Executor) -> None:
    assert executor.title
    assert executor.platforms
    assert len(executor.setup) > 200
    for settings in (executor.binding, executor.credential):
        names = [one.name for one in settings]
        assert len(set(names)) == len(names)
        assert all(one.description.endswith(".") for one in settings)
    assert not any(one.secret for one in executor.binding), "a binding is shown; what is secret belongs to a credential"


async def test_a_script_runs_and_says_what_came_of_it(spot: Spot) -> None:
    outcome = await spot.runner.run(spot.reach, call_of("echo out; echo err >&2; exit 7"), nobody)
    assert (outcome.ending, outcome.exit_code) == (Ending.FAILED, 7)
    assert (outcome.stdout, outcome.stderr, outcome.cut) == (b"out\n", b"err\n", False)
    assert outcome.started_at is not None
    assert outcome.ended_at is not None
    assert outcome.started_at <= outcome.ended_at
    outcome = await spot.runner.run(spot.reach, call_of("exit 0"), nobody)
    assert (outcome.ending, outcome.exit_code, outcome.stdout) == (Ending.SUCCEEDED, 0, b"")


@pytest.mark.parametrize("name", NASTY)
async def test_what_a_script_is_given_is_data_whatever_it_holds(spot: Spot, name: str) -> None:
    value = NASTY[name]
    outcome = await spot.runner.run(
        spot.reach, replace(call_of(f'printf %s "$AW_{name.upper()}"'), parameters={name: value}), nobody
    )
    assert outcome.stdout.decode() == value
    assert outcome.stderr == b""
    assert not Path("/tmp/aw-pwned").exists()


async def test_a_script_is_run_byte_for_byte(spot: Spot, tmp_path: Path) -> None:
    script = f'#!/bin/sh\ncp "$0" {tmp_path}/copy # \x01 é \'"$(id)" {{{{ssm:x}}}}\n\n\t\n'.encode()
    outcome = await spot.runner.run(spot.reach, call_of(script), nobody)
    assert outcome.ending is Ending.SUCCEEDED, outcome
    assert (tmp_path / "copy").read_bytes() == script


async def test_undo_gets_the_snapshot_as_it_was(spot: Spot) -> None:
    snapshot = bytes(range(256)) * 4_096
    outcome = await spot.runner.run(spot.reach, call_of('cat "$AW_SNAPSHOT"', snapshot=snapshot), nobody)
    assert outcome.stdout == snapshot


async def test_a_script_has_no_input_and_no_snapshot_that_nobody_gave(spot: Spot) -> None:
    outcome = await spot.runner.run(spot.reach, call_of('cat; echo "[${AW_SNAPSHOT-none}]"'), nobody)
    assert outcome.stdout == b"[none]\n"


async def test_what_a_script_makes_has_the_rights_that_are_usual_there(spot: Spot, tmp_path: Path) -> None:
    await spot.runner.run(spot.reach, call_of(f"touch {tmp_path}/made"), nobody)
    (tmp_path / "usual").touch()
    assert (tmp_path / "made").stat().st_mode == (tmp_path / "usual").stat().st_mode


async def test_one_act_runs_once_however_often_it_arrives(spot: Spot, tmp_path: Path) -> None:
    call = call_of(f"echo ran >> {tmp_path}/ran; sleep 0.5; echo said; exit 3")
    outcomes = await asyncio.gather(*(spot.runner.run(spot.reach, call, nobody) for _ in range(5)))
    outcomes.append(await spot.runner.run(spot.reach, call, nobody))
    assert {(one.ending, one.exit_code, one.stdout) for one in outcomes} == {(Ending.FAILED, 3, b"said\n")}
    assert (tmp_path / "ran").read_text() == "ran\n"


async def test_after_a_crash_it_is_found_as_it_ended(spot: Spot, tmp_path: Path) -> None:
    call = call_of(f"touch {tmp_path}/began; sleep 1; echo said; exit 3")
    dying = asyncio.create_task(spot.runner.run(spot.reach, call, nobody))
    await began(tmp_path / "began")
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    found = await spot.runner.find(spot.reach, call)
    assert found is not None
    assert (found.ending, found.exit_code, found.stdout) == (Ending.FAILED, 3, b"said\n")


async def test_what_was_never_sent_is_said_to_be_so_and_what_was_sent_before_that_never_runs(
    spot: Spot, tmp_path: Path
) -> None:
    call = call_of(f"echo ran >> {tmp_path}/ran")
    found = await spot.runner.find(spot.reach, call)
    assert found is not None
    assert found.ending is Ending.NOT_STARTED
    earlier = Means(ManualClock(datetime.now(UTC) - timedelta(seconds=30)), MEANS.networks, containers=True)
    late_runner = EXECUTORS[spot.reach.executor].make(earlier)
    late_runner = _PlayedByShell(late_runner) if spot.reach.executor == "winrm" else late_runner
    late = await late_runner.run(spot.reach, call, nobody)
    assert late.ending is Ending.NOT_STARTED
    assert not (tmp_path / "ran").exists()
    outcomes = await asyncio.gather(*(spot.runner.run(spot.reach, call, nobody) for _ in range(3)))
    assert {one.ending for one in outcomes} == {Ending.SUCCEEDED}, "whoever sends it afterwards means it"
    assert (tmp_path / "ran").read_text() == "ran\n"
    found = await spot.runner.find(spot.reach, call)
    assert found is not None
    assert found.ending is Ending.SUCCEEDED


async def test_what_was_cancelled_before_it_came_never_runs(spot: Spot, tmp_path: Path) -> None:
    call = call_of(f"touch {tmp_path}/ran")
    if spot.cancels_what_is_to_come:
        await spot.runner.cancel(spot.reach, call)
        assert (await spot.runner.run(spot.reach, call, nobody)).ending is Ending.CANCELLED
        assert not (tmp_path / "ran").exists()


async def test_a_script_is_ended_at_its_time_with_all_that_it_started(spot: Spot, tmp_path: Path) -> None:
    call = call_of(f"echo before; (sleep 4; touch {tmp_path}/survived) & sleep 60", timeout_s=1)
    outcome = await spot.runner.run(spot.reach, call, nobody)
    assert (outcome.ending, outcome.exit_code, outcome.stdout) == (Ending.TIMED_OUT, None, b"before\n")
    await asyncio.sleep(4)
    assert not (tmp_path / "survived").exists()


async def test_a_script_that_will_not_end_is_killed(spot: Spot) -> None:
    outcome = await spot.runner.run(spot.reach, call_of("trap '' TERM; while :; do sleep 1; done", timeout_s=1), nobody)
    assert outcome.ending is Ending.TIMED_OUT


async def test_it_ends_when_somebody_asks(spot: Spot, tmp_path: Path) -> None:
    call = call_of(f"touch {tmp_path}/began; sleep 60")
    running = asyncio.create_task(spot.runner.run(spot.reach, call, nobody))
    await began(tmp_path / "began")
    await spot.runner.cancel(spot.reach, call)
    outcome = await running
    assert (outcome.ending, outcome.exit_code) == (Ending.CANCELLED, None)
    found = await spot.runner.find(spot.reach, call)
    assert found is not None
    assert found.ending is Ending.CANCELLED


async def test_five_megabytes_come_whole(spot: Spot) -> None:
    script = "head -c 5000000 /dev/zero | tr '\\0' a; head -c 1000 /dev/zero | tr '\\0' b >&2"
    outcome = await spot.runner.run(spot.reach, call_of(script), nobody)
    assert outcome.stdout == b"a" * 5_000_000
    assert (outcome.stderr, outcome.cut) == (b"b" * 1_000, False)


async def test_of_more_than_the_most_the_beginning_comes_and_the_script_does_not_mind(spot: Spot) -> None:
    outcome = await spot.runner.run(spot.reach, call_of("head -c 20000000 /dev/zero && exit 9"), nobody)
    assert outcome.stdout == bytes(MOST_BYTES)
    assert (outcome.cut, outcome.exit_code) == (True, 9)


async def test_output_may_be_any_bytes(spot: Spot) -> None:
    script = "".join(f"printf '\\{one:03o}'; " for one in range(256)) + "printf 'x ok 0\\no 5\\nn no\\n' >&2"
    outcome = await spot.runner.run(spot.reach, call_of(script), nobody)
    assert outcome.stdout == bytes(range(256))
    assert outcome.stderr == b"x ok 0\no 5\nn no\n"


async def test_a_service_that_it_starts_keeps_nobody_waiting(spot: Spot) -> None:
    async with asyncio.timeout(15):
        outcome = await spot.runner.run(spot.reach, call_of("sleep 20 & echo started"), nobody)
    assert (outcome.ending, outcome.stdout) == (Ending.SUCCEEDED, b"started\n")


async def test_those_who_watch_hear_it_as_it_comes(spot: Spot, tmp_path: Path) -> None:
    heard: list[tuple[bytes, bytes]] = []

    def listen(out: bytes, err: bytes) -> None:
        heard.append((out, err))
        if b"first" in out:
            (tmp_path / "go").touch()

    if not spot.tells_as_it_comes:
        (tmp_path / "go").touch()
    script = f"echo first; until [ -e {tmp_path}/go ]; do sleep 0.1; done; echo second; echo third >&2"
    outcome = await spot.runner.run(spot.reach, call_of(script), listen)
    assert outcome.stdout == b"first\nsecond\n"
    assert b"".join(out for out, _ in heard) == b"first\nsecond\n"
    assert b"".join(err for _, err in heard) == b"third\n"


async def test_a_target_that_does_not_answer_is_told_apart_from_one_that_did_not_run_it(spot: Spot) -> None:
    outcome = await spot.runner.run(spot.away, call_of("exit 0"), nobody)
    assert outcome.ending is Ending.NOT_STARTED
    assert await spot.runner.find(spot.away, call_of("exit 0")) is None
    await spot.runner.cancel(spot.away, call_of("exit 0"))
    assert await spot.runner.check(spot.away) != ()
    assert await spot.runner.check(spot.reach) == ()


async def test_a_parameter_that_no_environment_holds_starts_nothing(spot: Spot) -> None:
    for value in ("a\0b", "x" * 1_000_000):
        outcome = await spot.runner.run(spot.reach, call_of("exit 0", value=value), nobody)
        assert outcome.ending is Ending.NOT_STARTED
        assert "'value'" in outcome.reason
        assert len(outcome.reason) < 300
