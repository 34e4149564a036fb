"""What the figures were measured on, and how much of the processors each part took."""

from __future__ import annotations

import os
import platform
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryFile

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def describe(place: Path) -> dict[str, str]:
    """The machine and the versions, as far as they can be told; `place` is the database's folder."""
    load = os.getloadavg()
    return {
        "processor": f"{os.cpu_count()} x {_processor()}",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "file system": f"{_file_system(place)}, write and fsync of 8 KiB {fsync_ms(place):.2f} ms (median of 50)",
        "load before": ", ".join(f"{one:.2f}" for one in load),
        "python": f"{platform.python_version()}, uvicorn {version('uvicorn')}, uvloop {version('uvloop')}, "
        f"httptools {version('httptools')}, asyncpg {version('asyncpg')}, msgspec {version('msgspec')}",
        "wrk": _first_line("wrk", "--version") or "not installed",
        "alertmanager": _first_line("prometheus-alertmanager", "--version") or "not installed",
        "commit": _first_line("git", "rev-parse", "HEAD")
        + (" with changes" if _first_line("git", "diff", "--stat") else ""),
    }


def fsync_ms(place: Path) -> float:
    """What one durable write costs here, alone: the floor under every commit."""
    took = []
    with TemporaryFile(dir=place) as file:
        for _ in range(50):
            began = time.perf_counter()
            file.write(b"x" * 8192)
            file.flush()
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - began)
    return statistics.median(took) * 1e3


def cpu_s(roots: Iterable[int]) -> float | None:
    """
    Processor time of processes and their descendants so far, those that ended included; None where /proc is absent.

    Args:
        roots: process ids.
    """
    if not Path("/proc/self/stat").exists():
        return None
    children: dict[int, list[int]] = {}
    ticks: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        pid = int(path.parent.name)
        children.setdefault(int(fields[1]), []).append(pid)
        ticks[pid] = sum(int(one) for one in fields[11:15])  # user and system time, and of children that were reaped
    found, todo = set[int](), list(roots)
    while todo:
        pid = todo.pop()
        if pid not in found:
            found.add(pid)
            todo += children.get(pid, [])
    return sum(ticks.get(pid, 0) for pid in found) / _TICKS_PER_S


def busy_s() -> float | None:
    """Processor time of everybody so far, what a hypervisor took included; None where /proc is absent."""
    try:
        fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    except OSError:
        return None
    user, nice, system, _idle, _waiting, *rest = (int(one) for one in fields)
    return (user + nice + system + sum(rest)) / _TICKS_PER_S


def postmaster(data_dir: Path) -> int:
    """Process id of the database server of a data folder."""
    pid_file = next(data_dir.rglob("postmaster.pid"))
    return int(pid_file.read_text().split()[0])


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _file_system(place: Path) -> str:
    try:
        mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return "unknown file system"
    at = place.resolve()
    holding = [one for one in mounts if at.is_relative_to(one[1])]
    kind = max(holding, key=lambda one: len(one[1]))[2]
    return f"{kind} (in memory: commits cost nothing here)" if kind in ("tmpfs", "ramfs") else kind


def _first_line(*command: str) -> str:
    if shutil.which(command[0]) is None:
        return ""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0].split(" Copyright")[0] if lines else ""
