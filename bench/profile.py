"""Where the server's processor time goes, by function. The server is slower for it: these are shares, not speeds."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import load, requests
from bench.house import running_product
from bench.measure import CONNECTIONS, PROBLEMS, Options
from bench.traffic import Traffic

_ROOT = Path(__file__).resolve().parent.parent
_SHOWN = 25
_MOST = {1: 20_000, 100: 60_000}  # alerts a second that a file suffices for
# Python imports a module of this name at its start; the tools and children of the server must not be sampled.
_HOOK = """\
import sys
if "serve" in sys.argv:
    from pathlib import Path
    from bench.sampler import Sampler
    Sampler(Path({folder!r})).install()
"""


def profile(options: Options, say: Callable[[str], None]) -> Iterator[str]:
    """Run the mix for `options.seconds` one by one and in hundreds; answers the lines of the report."""
    with requests.shelf() as shelf:
        (shelf / "sitecustomize.py").write_text(_HOOK.format(folder=str(shelf)))
        say("starting the product with a sampler inside")
        with running_product({"PYTHONPATH": os.pathsep.join((str(shelf), str(_ROOT)))}) as product:
            traffic = Traffic(product.many, PROBLEMS, options.seed)
            port, file = product.server.port, shelf / "requests"
            load.open_loop(traffic.opening(file), port, connections=32, rate=0, seed=options.seed)
            for number, size in enumerate(CONNECTIONS, 1):
                say(f"{size} a request")
                batch = traffic.mixed(file, int(_MOST[size] * options.seconds / size), size)
                os.kill(product.server.pid, signal.SIGUSR1)
                run = load.closed_loop(batch, port, connections=CONNECTIONS[size], seconds=options.seconds, again=False)
                os.kill(product.server.pid, signal.SIGUSR1)
                traffic.keep(run.used, size)
                yield from _told(size, run.alerts_per_s, _window(shelf / f"window-{number}.json"))


def _window(path: Path) -> dict[str, dict[str, int]]:
    deadline = time.monotonic() + 30
    while not path.exists():
        if time.monotonic() > deadline:
            raise RuntimeError("the sampler wrote nothing")
        time.sleep(0.05)
    counts: dict[str, dict[str, int]] = json.loads(path.read_text())
    return counts


def _told(size: int, rate: float, counts: dict[str, dict[str, int]]) -> Iterator[str]:
    total = sum(counts["own"].values()) or 1
    yield ""
    yield f"{size} a request: {total:,} samples, at {rate:,.0f} alerts/s with the sampler on"
    for title, kind in (("at work itself", "own"), ("at work, with all that it called", "whole")):
        yield f"  {title}"
        # What every sample has is the way from the command line to the loop.
        telling = [one for one in counts[kind].items() if one[1] < total]
        for name, count in sorted(telling, key=lambda one: -one[1])[:_SHOWN]:
            yield f"  {count / total:>7.1%}  {name}"
