"""The console's own unit tests, run by its own runner; and how much of it a first page loads."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from alertwhisperer.console.site import read_site

_WEB = Path(__file__).parents[2] / "web"
_MOST_KB = 400


def test_units_of_the_console_pass() -> None:
    npm = shutil.which("npm")
    if npm is None or not (_WEB / "node_modules").is_dir():
        pytest.skip("what the console is tested with comes with `make web`")
    ran = subprocess.run([npm, "--prefix", str(_WEB), "test"], capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_first_page_is_light() -> None:
    site = read_site()
    if site.page is None:
        pytest.skip("no console; `make web`")
    named = set(re.findall(r'"(/assets/[^"]+)"', site.page.decode()))
    named |= {path for path in site.files if re.search(r"/(Incidents|Board)-[^/]+$", path)}
    assert len(named) >= 4
    loaded = sum(len(site.files[path].packed or site.files[path].body) for path in named)
    assert loaded <= _MOST_KB * 1024, f"{loaded / 1024:.0f} KB"
