"""What the product is measured beside: the bare server, and Alertmanager where it is installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.server import HOST, free_port

ALERTMANAGER = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
_ROOT = Path(__file__).resolve().parent.parent
_CONFIG = "route:\n  receiver: nobody\nreceivers:\n  - name: nobody\n"


@dataclass(frozen=True, slots=True)
class Peer:
    """A running server."""

    port: int
    pid: int


@contextmanager
def bare_server() -> Iterator[Peer]:
    """`bench/bare.py` as a process of its own."""
    port = free_port()
    with _running([sys.executable, "-m", "bench.bare", str(port)], port, "/") as peer:
        yield peer


@contextmanager
def alertmanager() -> Iterator[Peer]:
    """Alertmanager alone, without a cluster and with a receiver that sends nothing."""
    assert ALERTMANAGER is not None
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="aw-bench-am-") as folder:
        config = Path(folder) / "alertmanager.yml"
        config.write_text(_CONFIG)
        command = [
            ALERTMANAGER,
            f"--config.file={config}",
            f"--storage.path={folder}/data",
            f"--web.listen-address={HOST}:{port}",
            "--cluster.listen-address=",
            "--log.level=error",
        ]
        with _running(command, port, "/-/ready") as peer:
            yield peer


@contextmanager
def _running(command: list[str], port: int, path: str) -> Iterator[Peer]:
    process = subprocess.Popen(
        command,
        cwd=_ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # a Ctrl-C in the terminal ends the benchmark, which then ends it
    )
    try:
        _await(process, f"http://{HOST}:{port}{path}")
        yield Peer(port, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _await(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended at once")
        try:
            if httpx.get(url, timeout=2, trust_env=False).status_code < 500:
                return
        except httpx.TransportError:
            pass  # it does not listen yet
        time.sleep(0.05)
    raise RuntimeError(f"{url} did not answer in time")
