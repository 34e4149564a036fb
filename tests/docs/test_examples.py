"""Every example request of the README and of docs/ runs as it stands, against a live server."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.conftest import Live
from tests.docs.pages import ROOT

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_REQUEST = re.compile(r"\bcurl\b")
_OURS = re.compile(r"\$URL|\{webhook_url\}")


def pages() -> list[Path]:
    """The README and every page below docs/."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def examples() -> Iterator[tuple[str, str]]:
    """Each example request, by its page and place."""
    for page in pages():
        for number, (language, text) in enumerate(_FENCE.findall(page.read_text(encoding="utf-8"))):
            # A line of cron or a unit of systemd is no command.
            if language == "bash" or (language == "sh" and _REQUEST.search(text) and _OURS.search(text)):
                yield f"{page.relative_to(ROOT)}:{number}", text


def test_there_are_examples_where_they_must_be() -> None:
    found = [name for name, _ in examples()]
    for page in (
        "README.md",
        "docs/webhooks.md",
        "docs/correlation.md",
        "docs/operations.md",
        "docs/sources/generic.md",
    ):
        assert any(name.startswith(page) for name in found), page


@pytest.mark.parametrize(("name", "text"), list(examples()))
def test_an_example_runs_as_written(live: Live, name: str, text: str) -> None:
    for tool in ("bash", "curl", "openssl"):
        if tool in f"bash {text}" and shutil.which(tool) is None:
            if os.environ.get("ALERTWHISPERER_REQUIRE_SERVICES"):
                pytest.fail(f"{tool} is not installed")
            pytest.skip(f"{tool} is not installed; the examples of the pages are for it")
    # A tool's page speaks of an integration of that tool.
    sender = live.tools.get(Path(name.partition(":")[0]).stem, live.open)
    webhook = f"{live.url}{sender.path}"
    filled = text.replace("{webhook_url}", webhook).replace("{api_key}", sender.api_key)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", filled],
        env={"PATH": os.environ["PATH"], "NO_PROXY": "*", "output": "no space left", **live.environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert done.stdout.strip(), "it answered nothing"
