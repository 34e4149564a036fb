"""Sending: wrk for throughput, our own sender for latency and for whatever must arrive to the last request."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.requests import Batch
from tests.server import HOST

WRK = shutil.which("wrk")
_HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Run:
    """
    What came of one run.

    Attributes:
        used: requests taken from the file; `acknowledged` of them were answered while it lasted.
        dry: requests that the file no longer had; the run counts for nothing when there are any.
        failed: answers and connections that were not as they should be.
        lag_p99_ms: how late the sender itself was (open loop).
        cpu_us: processor time for each stored alert, by part.
        others: share of the processors that went to neither the product nor its sender.
    """

    size: int
    used: int
    acknowledged: int
    seconds: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    dry: int = 0
    failed: int = 0
    lag_p99_ms: float = 0.0
    cpu_us: dict[str, float] = field(default_factory=dict)
    others: float = 0.0

    @property
    def alerts_per_s(self) -> float:
        """Acknowledged."""
        return self.acknowledged * self.size / self.seconds


def closed_loop(batch: Batch, port: int, *, connections: int, seconds: float, again: bool) -> Run:
    """
    wrk for a time: each connection sends the next request when its last one is answered.

    Args:
        again: start the file anew at its end, for servers to which a repeat is nothing special.
    """
    assert WRK is not None
    command = [WRK, "-t1", f"-c{connections}", f"-d{max(round(seconds), 1)}s", "--timeout", "30s", "--latency"]
    command += ["-s", str(_HERE / "replay.lua"), f"http://{HOST}:{port}/", "--", str(batch.path)]
    done = subprocess.run([*command, "round" if again else "once"], capture_output=True, text=True, check=False)
    result = next((line for line in done.stdout.splitlines() if line.startswith("RESULT ")), None)
    if result is None:
        raise RuntimeError(f"wrk did not finish:\n{(done.stdout + done.stderr)[-3000:]}")
    told: dict[str, Any] = json.loads(result.removeprefix("RESULT "))
    return Run(
        batch.size,
        told["used"],
        told["answered"] - told["dry"],
        told["seconds"],
        *_percentiles(told),
        dry=told["dry"],
        failed=sum(told["errors"].values()),
    )


def open_loop(batch: Batch, port: int, *, connections: int, rate: float, seed: int) -> Run:
    """A file's requests, arriving as a Poisson process at `rate` a second; 0: as fast as they are answered."""
    command = [sys.executable, "-m", "bench.sender", str(batch.path), "--port", str(port)]
    command += ["--connections", str(connections), "--rate", str(rate), "--seed", str(seed)]
    done = subprocess.run(command, cwd=_HERE.parent, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the sender did not finish:\n{(done.stdout + done.stderr)[-3000:]}")
    told: dict[str, Any] = json.loads(done.stdout)
    accepted = told["statuses"].get("202", 0)
    return Run(
        batch.size,
        told["sent"],
        accepted,
        told["seconds"],
        *_percentiles(told),
        failed=told["sent"] - accepted,
        lag_p99_ms=told["lag_p99_ms"],
    )


def _percentiles(told: dict[str, Any]) -> tuple[float, float, float, float]:
    return told["p50_ms"], told["p95_ms"], told["p99_ms"], told["max_ms"]
