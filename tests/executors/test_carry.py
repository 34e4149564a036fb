"""The text that runs on every target is sound for any POSIX shell, and fits on one command line."""

from __future__ import annotations

import base64
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from alertwhisperer.domain.execution import Call
from alertwhisperer.domain.runbook import Shell
from alertwhisperer.executors import _carry
from tests.contracts.test_executors import call_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_shellcheck_has_nothing_to_say() -> None:
    told = subprocess.run(
        [Path(sys.executable).parent / "shellcheck", "--shell=sh", "--severity=style", "-"],
        input=_carry.TEXT,
        capture_output=True,
        check=False,
    )
    assert told.stdout.decode() == ""
    assert told.returncode == 0


def test_one_line_of_letters_that_every_login_shell_reads_alike() -> None:
    for command in (_carry.COMMAND, _carry.PLAIN_COMMAND):
        assert "\n" not in command
        assert not set("!\\`") & set(command)
        assert len(command) < 32_768, "Linux takes 128 KB; what logs commands often cuts earlier"


def test_an_envelope_is_base64_alone() -> None:
    sent = _carry.envelope(call_of("$(id)\n{{ssm:x}}", x="'\"\n`"), _carry.Mode.RUN, now=NOW, folder="/var/lib/{{x}}")
    assert set(sent) <= set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\n")
    base64.b64decode(sent.splitlines()[1], validate=True)


def test_a_powershell_script_is_not_sent_to_sh() -> None:
    call = Call(uuid4(), uuid4(), Shell.POWERSHELL, b"Get-Service", {}, 10)
    with pytest.raises(_carry.Unfit):
        _carry.envelope(call, _carry.Mode.RUN, now=NOW)


def test_frames_read_the_same_however_they_are_cut() -> None:
    told = b"hello\nalertwhisperer 1\no 3\na\nbe 2\n\n\no 1\ncx failed 3 1 2\n"
    for size in range(1, len(told)):
        frames = _carry.Frames()
        for start in range(0, len(told), size):
            frames.feed(told[start : start + size])
        assert (bytes(frames.stdout), bytes(frames.stderr)) == (b"a\nbc", b"\n\n")
        assert frames.end is not None
        assert frames.end.exit_code == 3
