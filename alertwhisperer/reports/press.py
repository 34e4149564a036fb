"""
The press: a program of its own that makes one file of facts, and can be stopped.

    python -m alertwhisperer.reports.press pdf < facts.json > report.pdf

It is a process apart since setting pages keeps a processor busy for seconds: alerts must not wait for that, and what
takes too long or too much memory is ended without anything else ending.
"""

import importlib
import resource
import sys
from collections.abc import Mapping

import msgspec

from alertwhisperer.domain.report import Format
from alertwhisperer.reports.facts import Facts

MOST_MEMORY = 2 * 1024**3
MOST_SECONDS = 60

_MAKERS: Mapping[Format, str] = {Format.PDF: "paper", Format.XLSX: "spreadsheet", Format.CSV: "comma_separated"}
"""The module that makes each format; loaded when it is needed, as each has a library of its own."""


def main() -> None:
    """Read facts, write the file; whatever goes wrong is a traceback for the log of whoever started this."""
    _limit(resource.RLIMIT_AS, MOST_MEMORY)
    _limit(resource.RLIMIT_CPU, MOST_SECONDS)
    maker = importlib.import_module(f"alertwhisperer.reports.{_MAKERS[Format(sys.argv[1])]}")
    sys.stdout.buffer.write(maker.make(msgspec.json.decode(sys.stdin.buffer.read(), type=Facts)))


def _limit(what: int, most: int) -> None:
    try:
        resource.setrlimit(what, (most, most))
    except (ValueError, OSError):
        pass  # not everywhere can both be limited; the time-out of whoever started this holds in any case


if __name__ == "__main__":
    main()
