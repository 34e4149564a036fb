"""
`python -m bench`: measure and print; exits with 1 when something that was acknowledged is not there.

`python -m bench --sources`: what each source costs to read, without a server.

`python -m bench --audit`: what an audit entry costs, without a server.

`python -m bench --live`: how long a change takes to whoever watches.

`python -m bench --incidents`: what a person waits for where 100,000 incidents are open.

`python -m bench profile`: where the server's own processor time goes, one by one and in hundreds.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from bench import audit, incidents, live, sources
from bench.measure import Options, measure
from bench.profile import profile
from bench.report import document, table


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("measure", "profile"), default="measure", help="default: measure")
    parser.add_argument("--quick", action="store_true", help="about 90 seconds: 2 runs of 2 s, 20,000 of history")
    parser.add_argument("--sources", action="store_true", help="only what each source costs: about 15 seconds")
    parser.add_argument("--audit", action="store_true", help="only what an audit entry costs: about 100 seconds")
    parser.add_argument("--live", action="store_true", help="only how long a change takes to watchers: two minutes")
    parser.add_argument(
        "--incidents",
        type=int,
        nargs="?",
        const=incidents.COUNT,
        metavar="COUNT",
        help="only what lists and pages take with so many open incidents (100,000): about five minutes",
    )
    parser.add_argument(
        "--lighthouse",
        type=Path,
        metavar="FOLDER",
        help="with --incidents: only what the Lighthouse installed there says",
    )
    parser.add_argument("--seconds", type=int, help="of each run (10)")
    parser.add_argument("--runs", type=int, help="of each kind, in turn (5)")
    parser.add_argument(
        "--history", type=int, help="alerts to load before the last runs, in hundreds (1,000,000); 0: skip"
    )
    parser.add_argument("--seed", type=int, default=1, help="of traffic and arrival times (1)")
    parser.add_argument("--out", type=Path, help="also write every figure here, as JSON")
    return parser.parse_args()


def main() -> int:
    """Entry point."""
    given = _arguments()
    if given.sources:
        print("\n".join(sources.table()))
        return 0
    if given.audit:
        print("\n".join(audit.table()))
        return 0
    if given.live:
        for line in live.table(given.seconds or 20):
            print(line, flush=True)
        return 0
    if given.incidents is not None:
        for line in incidents.table(max(given.incidents, 1), lighthouse_in=given.lighthouse):
            print(line, flush=True)
        return 0
    seconds, runs, history = (2, 2, 20_000) if given.quick else (10, 5, 1_000_000)
    options = Options(
        seconds=seconds if given.seconds is None else max(given.seconds, 1),
        runs=runs if given.runs is None else max(given.runs, 1),
        history=history if given.history is None else given.history,
        seed=given.seed,
    )
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"[{time.monotonic() - began:5.0f} s] {line}", flush=True)

    if given.what == "profile":
        print("\n".join(profile(options, say)))
        return 0
    findings = measure(options, say)
    print()
    print("\n".join(table(findings, options)))
    if given.out is not None:
        given.out.write_text(json.dumps(document(findings, options), indent=1) + "\n")
    return 1 if findings.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
