"""WinRM: one constant command, to the host whose certificate is pinned, through lost answers; no Windows is here."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.execution import Call, Ending, Reach
from alertwhisperer.domain.runbook import Shell
from alertwhisperer.executors.winrm import ARGUMENTS, EXECUTOR, PROGRAM
from tests.contracts.test_executors import MEANS, began, call_of, nobody
from tests.peers.encrypted import encrypted
from tests.vendors.winrm import PASSWORD, USER, Windows, windows


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Windows]:
    """The host that we play."""
    with windows(tmp_path) as made:
        yield made


@pytest.fixture
def reach(running: Windows, tmp_path: Path) -> Reach:
    """The way to it."""
    settings = {
        "address": "127.0.0.1",
        "port": str(running.port),
        "user": USER,
        "certificate": running.certificate,
        "folder": str(tmp_path / "records"),
    }
    return Reach("winrm", settings, {"password": PASSWORD})


def powershell(script: str, **parameters: str) -> Call:
    """An act for PowerShell, which the host that we play hands to a shell."""
    return replace(call_of(script), parameters=parameters, shell=Shell.POWERSHELL)


async def test_the_same_command_is_sent_whatever_is_to_be_run(running: Windows, reach: Reach) -> None:
    for script, value in (("exit 0", "a"), ("exit 1; $(id)", "`id`\n'\"")):
        await EXECUTOR.make(MEANS).run(reach, powershell(script, x=value), nobody)
    assert running.commands == [f"{PROGRAM} {ARGUMENTS}"] * 2
    assert "ReadLine" in base64.b64decode(ARGUMENTS.rpartition(" ")[2]).decode("utf-16-le")
    assert running.shells == {}, "every shell was closed"


async def test_another_certificate_gets_nothing(reach: Reach, running: Windows, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with encrypted(f"http://127.0.0.1:{running.port}", tmp_path / "other"):
        pem = (tmp_path / "other" / "relay.pem").read_text()
    other = replace(reach, settings={**reach.settings, "certificate": pem[pem.index("-----BEGIN CERTIFICATE") :]})
    outcome = await EXECUTOR.make(MEANS).run(other, powershell("exit 0"), nobody)
    assert outcome.ending is Ending.NOT_STARTED
    assert "certificate" in outcome.reason
    assert running.commands == []


async def test_a_wrong_password_is_said_without_saying_it(reach: Reach) -> None:
    wrong = replace(reach, secrets={"password": "hunter2hunter2"})
    outcome = await EXECUTOR.make(MEANS).run(wrong, powershell("exit 0"), nobody)
    assert outcome.ending is Ending.NOT_STARTED
    assert "password" in outcome.reason
    assert "hunter2" not in outcome.reason


async def test_a_host_that_opens_no_shell_has_run_nothing(running: Windows, reach: Reach) -> None:
    running.refused.append("The maximum number of concurrent shells has been exceeded.")
    outcome = await EXECUTOR.make(MEANS).run(reach, powershell("exit 0"), nobody)
    assert outcome.ending is Ending.NOT_STARTED
    assert "concurrent shells" in outcome.reason


@pytest.mark.parametrize("action", ["Command", "Send", "Receive", "Delete"])
async def test_an_answer_that_is_lost_loses_no_outcome(
    running: Windows, reach: Reach, tmp_path: Path, action: str
) -> None:
    running.lost[action] = 1
    outcome = await EXECUTOR.make(MEANS).run(reach, powershell(f"echo ran >> {tmp_path}/ran; exit 4"), nobody)
    if action in ("Command", "Send"):  # it never got there, and the host says so
        assert outcome.ending is Ending.NOT_STARTED
        assert not (tmp_path / "ran").exists()
    else:
        assert (outcome.ending, outcome.exit_code) == (Ending.FAILED, 4)
        assert (tmp_path / "ran").read_text() == "ran\n"


async def test_a_shell_that_is_gone_in_the_middle_is_asked_for(running: Windows, reach: Reach, tmp_path: Path) -> None:
    call = powershell(f"touch {tmp_path}/began; sleep 2; exit 4")
    waiting = asyncio.create_task(EXECUTOR.make(MEANS).run(reach, call, nobody))
    await began(tmp_path / "began")
    gone = running.shells.copy()
    running.shells.clear()
    outcome = await waiting
    for shell in gone.values():
        for one in shell.values():
            one.process.wait()
    assert (outcome.ending, outcome.exit_code) == (Ending.FAILED, 4)


async def test_a_script_for_another_shell_is_not_sent(running: Windows, reach: Reach) -> None:
    outcome = await EXECUTOR.make(MEANS).run(reach, call_of("exit 0"), nobody)
    assert outcome.ending is Ending.NOT_STARTED
    assert running.commands == []


def test_a_binding_is_pinned_by_its_certificate(running: Windows) -> None:
    assert EXECUTOR.place({"certificate": running.certificate}, {}).host_key.startswith("SHA256:")
    with pytest.raises(Invalid):
        EXECUTOR.place({"certificate": "no certificate"}, {})
