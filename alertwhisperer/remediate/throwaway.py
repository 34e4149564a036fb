"""
A throwaway machine: a root laid over this machine's (or over a prepared one), in namespaces of its own, with a systemd
of its own. What is written there is gone with it; it reaches no network, and does not see our data, keys or homes.

It is no wall against whoever wants out: what runs in it is a prebuilt runbook, or one that the operator named.
"""

import itertools
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path

from alertwhisperer.domain.errors import Conflicting, Permanent

_TOOLS = ("setpriv", "unshare", "nsenter", "mount", "pivot_root", "ip")
_START_S = 30.0
_POLL_S = 0.1
_MOST_SAID = 1_048_576
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_UNSHARED = ("--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup")
_TO_DIE_WITH_US = ("setpriv", "--pdeathsig", "KILL")
"""A drill whose process is killed leaves no machine behind: its first process ends with it, and so all of it."""
_OURS = "/run/alertwhisperer"


@dataclass(frozen=True, slots=True)
class Said:
    """
    What came of one script.

    Attributes:
        exit_code: None when it was ended at its deadline.
        stdout, stderr: up to 1 MB each.
    """

    exit_code: int | None
    stdout: bytes = field(repr=False)
    stderr: bytes = field(repr=False)
    seconds: float


class ThrowawayMachine:
    """One that runs; `first` is its first process, as this machine counts them."""

    def __init__(self, first: int, folder: Path) -> None:
        self._enter = ("nsenter", "--target", str(first), "--root", "--wd", *_UNSHARED, "--")
        self._folder = folder
        self._numbers = itertools.count()

    def has(self, program: str) -> bool:
        """Whether a program is installed in its root."""
        return self._call([*self._enter, "env", "-i", f"PATH={_PATH}", "which", program]).returncode == 0

    def put(self, name: str, content: bytes) -> str:
        """A file of its own that holds this; its path there."""
        path = f"{_OURS}/{name}"
        made = self._call([*self._enter, "/bin/sh", "-c", 'umask 077; mkdir -p "${0%/*}"; cat >"$0"', path], content)
        if made.returncode != 0:
            raise Permanent(f"{path} could not be written in the throwaway root: {made.stderr.decode()[:200]}")
        return path

    def run(self, script: bytes, variables: Mapping[str, str], timeout_s: int) -> Said:
        """Run a script in `sh` as root, with these variables and no others, its input closed."""
        path = self.put(f"script-{next(self._numbers)}", script)
        given = [f"{name}={value}" for name, value in {"PATH": _PATH, "HOME": "/root", **variables}.items()]
        command = [*self._enter, "env", "-i", *given, "/bin/sh", path]
        started = time.monotonic()
        # Files and not pipes: a server that a script leaves running would hold a pipe open.
        with tempfile.TemporaryFile(dir=self._folder) as out, tempfile.TemporaryFile(dir=self._folder) as err:
            try:
                code: int | None = subprocess.run(
                    command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, timeout=timeout_s, check=False
                ).returncode
            except subprocess.TimeoutExpired:
                code = None
            seconds = time.monotonic() - started
            said = []
            for stream in (out, err):
                stream.seek(0)
                said.append(stream.read(_MOST_SAID))
        return Said(code, said[0], said[1], seconds)

    def _call(self, command: Sequence[str], given: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(command, input=given, capture_output=True, timeout=_START_S, check=False)


def why_not() -> str:
    """Why this machine cannot make a throwaway one; empty when it can."""
    if os.name != "posix" or not Path("/proc/self/ns").is_dir():
        return "this machine is no Linux"
    if os.geteuid() != 0:
        return "only root can make a throwaway root"
    missing = [tool for tool in _TOOLS if shutil.which(tool, path=_PATH) is None]
    return f"these programs are missing: {', '.join(missing)}" if missing else ""


@contextmanager
def throwaway_machine(below: Path = Path("/"), hidden: Sequence[Path] = ()) -> Iterator[ThrowawayMachine]:
    """
    A machine that runs until the block ends.

    Args:
        below: the root that it is laid over; it is only read.
        hidden: absolute paths of files and folders that are not to be seen there.

    Raises:
        Conflicting: this machine cannot make one.
        Permanent: it did not start.
    """
    reason = why_not()
    if reason:
        raise Conflicting(f"no throwaway root can be made: {reason}", mend="run it as root on a Linux machine")
    with tempfile.TemporaryDirectory(prefix="alertwhisperer-") as place, _become() as script:
        folder = Path(place)
        root = folder / "root"
        root.mkdir()
        arguments = [str(script), str(root), str(below), *map(str, hidden)]
        with (
            open(folder / "said", "wb") as said,
            subprocess.Popen(
                [*_TO_DIE_WITH_US, "unshare", *_UNSHARED, "--fork", "--kill-child", "/bin/sh", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            ) as process,
        ):
            try:
                yield ThrowawayMachine(_wait(process, folder / "said"), folder)
            finally:
                process.kill()
                process.wait()


@contextmanager
def _become() -> Iterator[Path]:
    with as_file(files("alertwhisperer.remediate").joinpath("throwaway.sh")) as path:
        yield path


def _wait(process: "subprocess.Popen[bytes]", said: Path) -> int:
    """Until its systemd answers; the process that is its first."""
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Permanent(f"the throwaway root did not start: {said.read_text(errors='replace').strip()[:500]}")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        if children and _is_up(int(children[0])):
            return int(children[0])
        time.sleep(_POLL_S)
    raise Permanent(f"the throwaway root did not start in time: {said.read_text(errors='replace').strip()[:500]}")


def _is_up(first: int) -> bool:
    enter = ["nsenter", "--target", str(first), "--root", "--wd", *_UNSHARED, "--"]
    asked = subprocess.run(
        [*enter, "systemctl", "is-active", "--quiet", "aw-throwaway.target"],
        capture_output=True,
        timeout=_START_S,
        check=False,
    )
    return asked.returncode == 0
