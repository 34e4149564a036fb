"""Runs a runbook's scripts in the real `sh` of this machine, and finds the linter of shells."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest


def require(reason: str) -> None:
    """Go on when the reason is empty; else skip on a user's machine, and fail where everything must be there."""
    if reason and os.environ.get("ALERTWHISPERER_REQUIRE_SERVICES") == "1":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)


def shellcheck() -> str:
    """Where the linter of shells is."""
    found = shutil.which("shellcheck")
    require("" if found else "shellcheck is not installed (`make services` installs it)")
    assert found is not None
    return found


def run_sh(
    script: bytes, parameters: Mapping[str, str], folder: Path, path: str = "/usr/bin:/bin"
) -> "subprocess.CompletedProcess[bytes]":
    """The script with its parameters as the environment, in a folder of its own, as every executor runs it."""
    file = folder / "script"
    file.write_bytes(script)
    return subprocess.run(
        ["/bin/sh", str(file)],
        env={"PATH": path, **{f"AW_{name.upper()}": value for name, value in parameters.items()}},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
