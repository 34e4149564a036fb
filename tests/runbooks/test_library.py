"""Every prebuilt runbook keeps the house's rules, and its scripts pass the linter of shells."""

import re
import subprocess
from pathlib import Path

import pytest

from alertwhisperer.domain.approval import Risk
from alertwhisperer.domain.runbook import Phase, Runbook, Shell
from alertwhisperer.runbooks.reading import library
from tests.runbooks.shells import shellcheck

OPENING = 'set -eu\nexport LC_ALL=C PATH="${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin"\n'
WINDOWS_OPENING = "$ErrorActionPreference = 'Stop'\nSet-StrictMode -Version 3.0\n"
PASTING = re.compile(r"\beval\b|\b(?:ba|da)?sh -c\b|\bxargs\b|Invoke-Expression|\biex\b|\bcurl\b.*\|\s*sh")


def scripts(runbook: Runbook) -> dict[str, str]:
    drill = {"prepare": runbook.drill.prepare, "breaks": runbook.drill.breaks, "state": runbook.drill.state}
    all_of_them = {phase.value: script.body for phase, script in runbook.scripts.items()} | drill
    return {name: body.decode() for name, body in all_of_them.items() if body}


@pytest.mark.parametrize("slug", library())
def test_its_scripts_are_careful_and_plain(slug: str) -> None:
    runbook = library()[slug]
    opening = OPENING if runbook.shell is Shell.SH else WINDOWS_OPENING
    for name, script in scripts(runbook).items():
        assert script.startswith(opening), name
        assert not PASTING.search(script), name
        assert script.isascii(), name


@pytest.mark.parametrize("slug", library())
def test_what_cannot_be_undone_says_so_and_is_never_of_low_risk(slug: str) -> None:
    runbook = library()[slug]
    if runbook.changes:
        assert (Phase.UNDO in runbook.scripts) != bool(runbook.irreversible)
        assert Phase.UNDO in runbook.scripts or runbook.risk is not Risk.LOW
    else:
        assert runbook.risk is Risk.LOW


@pytest.mark.parametrize("slug", [slug for slug, one in library().items() if one.shell is Shell.SH])
def test_shellcheck_finds_nothing(slug: str, tmp_path: Path) -> None:
    linter = shellcheck()
    files = []
    for name, script in scripts(library()[slug]).items():
        file = tmp_path / name
        file.write_text(script)
        files.append(str(file))
    found = subprocess.run(
        # SC2154: the parameters come from outside. SC2015: `a && b || c` where b cannot fail.
        [linter, "--shell=sh", "--severity=style", "--exclude=SC2154,SC2015", *files],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout
