"""How a failure is told: one line on standard error that says what, where and how to mend it, and an exit code."""

import os
import sys
import traceback

from alertwhisperer.cli.inert import inert
from alertwhisperer.domain.errors import AlertWhispererError, Invalid
from alertwhisperer.guard.keys import mask

INVALID = 1
USAGE = 2
FAILED = 3
INTERRUPTED = 130


def tell(problem: Exception) -> int:
    """
    Print the line.

    Returns:
        1 for what the caller must change, 2 for a command line that cannot be understood, 3 for everything that failed
        on our side (try again, or a person must look).
    """
    while isinstance(problem, ExceptionGroup):
        problem = problem.exceptions[0]  # several failed together; they mostly say the same
    code, line = _judge(problem)
    print(f"error: {inert(line)}", file=sys.stderr)
    if code == FAILED and os.environ.get("ALERTWHISPERER_LOG_LEVEL") == "debug":
        traceback.print_exception(problem)
    return code


def _judge(problem: Exception) -> tuple[int, str]:
    if isinstance(problem, Invalid):
        return INVALID, sentence(problem.what, where=problem.where, mend=problem.mend)
    if isinstance(problem, AlertWhispererError):
        return FAILED, str(problem)
    if _is_usage(problem):
        return USAGE, sentence(problem.format_message(), mend="add --help to see how it is used")  # type: ignore[attr-defined]
    if isinstance(problem, OSError):
        return FAILED, f"{type(problem).__name__}: {problem}"
    if hasattr(problem, "what") and hasattr(problem, "mend"):  # EmbeddedServerError: imported by few commands
        return FAILED, str(problem)
    more = "set ALERTWHISPERER_LOG_LEVEL=debug to see where"
    return FAILED, sentence(f"something unexpected: {type(problem).__name__}: {mask(str(problem))}", mend=more)


def sentence(what: str, *, where: str = "", mend: str = "") -> str:
    """`what (where); mend`, as far as each is given."""
    place = f" ({where})" if where else ""
    return f"{what.rstrip('.')}{place}{'; ' + mend if mend else ''}"


def _is_usage(problem: Exception) -> bool:
    return getattr(problem, "exit_code", None) == USAGE and hasattr(problem, "format_message")
