"""
Logs: events with keys, one line each, on standard error; `key=value` for people, JSON when no terminal reads.

What must never stand in a log is kept out here and not by everybody's care: exceptions are told by their types and
places, not by their messages (a parser's or the database's message quotes the alert), and texts that look like secrets
are masked. Only the messages of our own errors are safe to show, and are shown.
"""

import logging
import sys
import traceback
from collections.abc import Iterable
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from alertwhisperer.domain.errors import AlertWhispererError
from alertwhisperer.guard.keys import mask

_MOST_FRAMES = 8
_LONGEST = 500  # of a value; a log line is for finding, not for keeping


def set_up(level: str, *, as_json: bool | None = None) -> None:
    """
    Begin to log, for our own events and for those of libraries (which are told from `warning` on).

    Args:
        level: debug, info, warning or error.
        as_json: None means when standard error is no terminal.
    """
    as_json = not sys.stderr.isatty() if as_json is None else as_json
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.processors.KeyValueRenderer(key_order=["at", "level", "event"])
    )
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _tell_exception,
        _keep_safe,
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(_number(level)),
        logger_factory=_to_stderr,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(_number(level), logging.WARNING))


def _to_stderr(*_: Any) -> WrappedLogger:
    return structlog.PrintLogger(sys.stderr)


def _number(level: str) -> int:
    return logging.getLevelNamesMapping()[level.upper()]


def _tell_exception(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    given = event.pop("exc_info", None)
    failure = given[1] if isinstance(given, tuple) else sys.exc_info()[1] if given is True else given
    if isinstance(failure, BaseException):
        event["failure"] = " < ".join(_told(failure))
        event["frames"] = _frames(failure.__traceback__)
    return event


def _told(failure: BaseException | None) -> Iterable[str]:
    """The failure and its causes, by type; with the message when it is one of ours."""
    seen: set[int] = set()
    while failure is not None and id(failure) not in seen:
        seen.add(id(failure))
        own = isinstance(failure, AlertWhispererError)
        yield f"{type(failure).__name__}: {failure}" if own else type(failure).__name__
        failure = failure.__cause__ or failure.__context__


def _frames(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)[-_MOST_FRAMES:]
    return " > ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames)


def _keep_safe(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    return {key: mask(value[:_LONGEST]) if isinstance(value, str) else value for key, value in event.items()}
