"""What our setup texts show, taken out as a person would copy it, for the tools that run a script of ours."""

from __future__ import annotations

import grp
import os
import pwd
import re
from collections.abc import Mapping
from pathlib import Path

from tests.peers.process import HOST

NO_PROXY: Mapping[str, str] = {"no_proxy": HOST, "NO_PROXY": HOST}  # one of the machine would not reach our server


def block(setup: str, language: str) -> str:
    """The first code block of a language, as it stands: a terminal shows it so, and people copy from there."""
    found = re.search(rf"^```{language}\n(.*?)^```", setup, re.DOTALL | re.MULTILINE)
    assert found is not None, f"the setup text shows no {language}"
    return found[1]


def write_script(setup: str, file: Path) -> Path:
    """The script of the setup text as a program that its owner can run."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(block(setup, "python"))
    file.chmod(0o750)
    return file


def user_and_group() -> tuple[str, str]:
    """The names of whoever runs the test, for the tools that want to become somebody."""
    user = pwd.getpwuid(os.getuid())
    return user.pw_name, grp.getgrgid(user.pw_gid).gr_name
