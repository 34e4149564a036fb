"""The example of "Add a runbook in ten minutes" is read, linted and drilled as it stands on the page."""

import re
import subprocess
from pathlib import Path

import pytest

from alertwhisperer.remediate.drill import drilled
from alertwhisperer.remediate.throwaway import throwaway_machine, why_not
from alertwhisperer.runbooks.reading import read
from tests.docs.pages import DOCS
from tests.runbooks.shells import require, shellcheck

PAGE = (DOCS / "howto" / "add-a-runbook.md").read_text(encoding="utf-8")
[EXAMPLE] = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
RUNBOOK = read(EXAMPLE.encode(), "take-maintenance-page-down")


def test_its_scripts_are_right(tmp_path: Path) -> None:
    linter = shellcheck()
    for phase, script in RUNBOOK.scripts.items():
        (tmp_path / phase).write_bytes(script.body)
    files = [str(file) for file in tmp_path.iterdir()]
    found = subprocess.run([linter, "--shell=sh", *files], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


@pytest.mark.slow
def test_it_passes_its_drill() -> None:
    require(why_not())
    with throwaway_machine() as machine:
        steps = drilled(RUNBOOK, machine)
    assert steps[-1].passed, steps[-1]
    assert steps[-1].name == "compare: undone"
