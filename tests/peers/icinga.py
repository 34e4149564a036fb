"""A real Icinga 2 with the script and the objects of our setup text, and the things that it checks."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.peers.process import Program, await_answer, running
from tests.peers.shown import NO_PROXY, block, user_and_group, write_script

NEEDED = ("icinga2", "/usr/share/icinga2/include/itl")

_OWN = """\
include <itl>
const NodeName = "icinga.example.org"
const ZoneName = NodeName
object Endpoint NodeName {{}}
object Zone ZoneName {{ endpoints = [ NodeName ] }}
object CheckerComponent "checker" {{}}
object NotificationComponent "notification" {{}}
object ExternalCommandListener "command" {{ command_path = "{place}/command" }}
object CheckCommand "file" {{ command = [ "{place}/check.sh", "$file$" ] }}
"""
_CHECKED = """\
object HostGroup "shops" {{}}
object Host "{host}" {{
  check_command = "file"
  check_interval = 1s
  retry_interval = 1s
  max_check_attempts = 2
  address = "192.0.2.7"
  groups = [ "shops" ]
  vars.file = "{place}/{host}"
  vars.customer = "Example Ltd"
}}
object Service "{service}" {{
  host_name = "{host}"
  check_command = "file"
  check_interval = 1s
  retry_interval = 1s
  max_check_attempts = 2
  notes_url = "https://runbooks.example.org/disk?a=1&b=2"
  vars.file = "{place}/{service}"
}}
"""
# The first line of the file is the code to end with, the rest is what to say.
_CHECK = """\
#!/bin/sh
tail -n +2 "$1"
exit "$(head -n 1 "$1")"
"""


class Icinga:
    """A running Icinga with one host and one service, each as well as its file says."""

    def __init__(self, program: Program, place: Path) -> None:
        self._program = program
        self._place = place

    def told(self) -> str:
        """The end of its log."""
        return self._program.log_tail()

    def set(self, name: str, code: int, output: str) -> None:
        """What the next checks of the host or service of this name say."""
        _set(self._place, name, code, output)

    def acknowledge(self, host: str, service: str, author: str, comment: str) -> None:
        """As an operator would."""
        command = f"[{time.time():.0f}] ACKNOWLEDGE_SVC_PROBLEM;{host};{service};2;1;1;{author};{comment}\n"
        (self._place / "command").write_text(command)


def try_script(setup: str, place: Path) -> subprocess.CompletedProcess[bytes]:
    """The trial of the setup text, which needs no Icinga: its script with the two variables."""
    found = re.search(r"sudo -u nagios env ((?:\w+=\S+ )+)/\S+/alert-whisperer\.py\n", setup)
    assert found is not None, "the setup text shows no trial"
    environ = dict(pair.split("=", 1) for pair in found[1].split())
    script = write_script(setup, _script(place))
    return subprocess.run(
        [str(script)],
        env={**NO_PROXY, "PATH": os.environ["PATH"], **environ},
        capture_output=True,
        check=False,
        timeout=60,
    )


@contextmanager
def icinga_running(setup: str, place: Path, host: str, service: str) -> Iterator[Icinga]:
    """Icinga until the block ends; its configuration holds the setup text's objects as they stand."""
    write_script(setup, _script(place))
    check = place / "check.sh"
    check.write_text(_CHECK)
    check.chmod(0o755)
    for name in (host, service):
        _set(place, name, 0, "all is well")
    own = (_OWN + _CHECKED).format(place=place, host=host, service=service)
    (place / "icinga2.conf").write_text(own + block(setup, "text"))
    with running("icinga2", _command(place), place=place, environ=NO_PROXY) as program:

        def ask() -> bool | None:
            program.check()
            return (place / "command").exists() or None

        await_answer(ask, "Icinga to be ready", told=program.log_tail)
        yield Icinga(program, place)


def _script(place: Path) -> Path:
    """Where the setup text's command looks for it, the place being its ConfigDir."""
    return place / "scripts" / "alert-whisperer.py"


def _command(place: Path) -> list[str | Path]:
    """Everything that it writes lies in the place, and it runs as whoever runs the test."""
    folders = {name: place / name.lower() for name in ("DataDir", "LogDir", "InitRunDir", "CacheDir", "SpoolDir")}
    for folder in folders.values():
        folder.mkdir()
    user, group = user_and_group()
    constants: dict[str, str | Path] = {
        **folders,
        "ConfigDir": place,
        "PidPath": place / "icinga2.pid",
        "RunAsUser": user,
        "RunAsGroup": group,
    }
    defined = [f"-D{name}={value}" for name, value in constants.items()]
    return ["icinga2", "daemon", "-c", place / "icinga2.conf", *defined]


def _set(place: Path, name: str, code: int, output: str) -> None:
    whole = place / f"{name}.new"
    whole.write_text(f"{code}\n{output}\n")
    whole.rename(place / name)  # a check never sees half of it
