"""`demo --heal`: a real fault on a real SSH target mends itself, each step is told, and nothing is left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from alertwhisperer.cli.demo.heal import shop
from alertwhisperer.cli.demo.heal.doors import RUNBOOK
from alertwhisperer.cli.demo.heal.world import processes_of
from alertwhisperer.runbooks.reading import read
from tests.cli.conftest import PROGRAM, Shell
from tests.peers.process import require
from tests.peers.sshd import SSHD
from tests.places import open_place
from tests.runbooks.shells import shellcheck
from tests.server import Place, free_port


@pytest.fixture
def temporary() -> Iterator[Path]:
    """The folder for temporary files of the demo; at the end nothing is in it, and nothing runs out of it."""
    with open_place() as place:
        place.chmod(0o777)
        yield place
        assert list(place.iterdir()) == []
        assert processes_of(place) == []


@pytest.fixture
def newcomer(temporary: Path) -> Shell:
    """Somebody without any settings."""
    return Shell(Place({}), TMPDIR=str(temporary), PYTHONUNBUFFERED="1")


@pytest.mark.slow
def test_a_service_that_is_down_is_up_again_and_every_step_is_told(newcomer: Shell) -> None:
    require(SSHD)
    told = newcomer.json("demo", "--heal")

    service = told["service"]
    assert service["during"] is None
    assert service["before"] != service["after"]  # another process of the same shop
    assert service["after"].startswith("the shop is open, process ")

    assert [one["verdict"] for one in told["choice"]["candidates"]] == ["started"]
    assert (told["run"]["runbook"], told["run"]["state"], told["run"]["reason"]) == (RUNBOOK, "succeeded", "verified")
    assert told["run"]["by_itself"]
    assert (told["healing"]["state"], told["healing"]["reason"]) == ("provisional", "verified")
    assert told["incident"]["status"] == "resolved"
    kpis = told["kpis"]
    assert (kpis["total_incidents"], kpis["self_healed_count"], kpis["self_healed_provisional"]) == (1, 0, 1)

    steps = [one["detail"] for one in told["incident"]["timeline"] if one["kind"] == "run_step"]
    said = {one["phase"]: one["stdout"] for one in steps if "phase" in one}
    assert said["precheck"] == "the shop is stopped\n"
    assert said["act"].startswith("started as process ")
    assert said["verify"] == f"{service['after']}\n" * 3
    assert said.keys() == {"precheck", "snapshot", "act", "verify"}
    assert {one["exit_code"] for one in steps if "phase" in one} == {0}


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_whoever_ends_it_in_the_middle_of_the_act_leaves_nothing_behind(newcomer: Shell, how: signal.Signals) -> None:
    require(SSHD)
    process = subprocess.Popen(
        [str(PROGRAM), "demo", "--heal"],
        env=newcomer.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    story: list[str] = []
    try:
        for line in process.stdout:
            story.append(line)
            if "acting." in line:
                break
        process.send_signal(how)
        process.send_signal(how)  # an impatient one
        rest = process.stdout.read()
        assert process.wait(60) == 130, rest
    finally:
        process.kill()
        process.stdout.close()
    assert rest == ""
    told = "".join(story)
    assert "ALERTWHISPERER_LOCAL_TARGETS=127.0.0.0/8" in told
    assert "the shop does not answer any more" in told
    assert "| the shop is stopped" in told


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--sshd", "/nowhere/sshd"), "there is no program /nowhere/sshd (--sshd); install OpenSSH's"),
        (("--url", "http://127.0.0.1:1"), "a server of its own, in a folder of its own (--url); leave it out"),
        (("--data-dir", "/nowhere"), "a server of its own, in a folder of its own (--data-dir); leave it out"),
    ],
)
def test_what_it_cannot_do_is_said_with_the_mend(newcomer: Shell, words: tuple[str, ...], said: str) -> None:
    refused = newcomer.run("demo", "--heal", *words)
    assert (refused.code, refused.out) == (1, "")
    assert said in refused.err
    assert refused.err.count("\n") == 1


def test_a_storm_needs_no_ssh_server(newcomer: Shell) -> None:
    refused = newcomer.run("demo", "--sshd", "/usr/sbin/sshd")
    assert refused.code == 1
    assert "add --heal" in refused.err


def test_an_ssh_server_that_does_not_start_is_said_with_its_last_words(newcomer: Shell, tmp_path: Path) -> None:
    broken = tmp_path / "sshd"
    broken.write_text("#!/bin/sh\necho 'no hostkeys available' >&2\nexit 1\n")
    broken.chmod(0o755)
    refused = newcomer.run("demo", "--heal", "--sshd", str(broken), "--json")
    assert (refused.code, refused.out) == (3, "")
    assert "the SSH server does not start: no hostkeys available" in refused.err


def test_the_runbook_is_as_a_companys_own_must_be(tmp_path: Path) -> None:
    text = resources.files("alertwhisperer.cli.demo.heal").joinpath(f"{RUNBOOK}.toml").read_bytes()
    for phase, script in read(text, RUNBOOK).scripts.items():
        file = tmp_path / f"{phase.value}.sh"
        file.write_bytes(script.body)
        found = subprocess.run([shellcheck(), "--shell=sh", file], capture_output=True, text=True, check=False)
        assert found.returncode == 0, found.stdout


def test_the_shop_ends_when_its_world_is_closed(tmp_path: Path) -> None:
    port = free_port()
    shop.open_shop(tmp_path)
    process = subprocess.Popen([sys.executable, "-I", shop.__file__, "serve", tmp_path, str(port)])
    try:
        while shop.answer_of(port) is None:
            assert process.poll() is None
        assert shop.process_of(tmp_path) == process.pid
        assert processes_of(tmp_path) == [process.pid]
        shop.close_shop(tmp_path)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
    assert shop.answer_of(port) is None
    assert os.getpid() not in processes_of(tmp_path)
