"""
Runs inside a server that is being profiled, never in one that is measured: notes every few milliseconds of processor
time which function is at work.

A signal handler of Python runs between two bytecodes, so time spent in C counts for the function that called it.
SIGUSR1 begins and ends a window; its counts go to a file of its own.
"""

from __future__ import annotations

import json
import signal
from collections import Counter
from pathlib import Path
from types import FrameType

_EVERY_S = 0.002


class Sampler:
    """Counts samples by function: of the one at work, and of each that waits for it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._windows = 0
        self._is_on = False
        self._own: Counter[str] = Counter()
        self._whole: Counter[str] = Counter()

    def install(self) -> None:
        """Be ready for the first SIGUSR1; call it in the main thread."""
        signal.signal(signal.SIGUSR1, self._toggle)
        signal.signal(signal.SIGPROF, self._sample)

    def _toggle(self, number: int, frame: FrameType | None) -> None:
        self._is_on = not self._is_on
        every = _EVERY_S if self._is_on else 0.0
        signal.setitimer(signal.ITIMER_PROF, every, every)
        if not self._is_on:
            self._windows += 1
            finished = self._folder / f"window-{self._windows}.json"
            unfinished = finished.with_suffix(".part")
            unfinished.write_text(json.dumps({"own": self._own, "whole": self._whole}))
            unfinished.rename(finished)
            self._own, self._whole = Counter(), Counter()

    def _sample(self, number: int, frame: FrameType | None) -> None:
        if frame is None:
            return
        self._own[_name(frame)] += 1
        seen: set[str] = set()
        while frame is not None:
            seen.add(_name(frame))
            frame = frame.f_back
        self._whole.update(seen)


def _name(frame: FrameType) -> str:
    path = frame.f_code.co_filename
    short = path.rpartition("site-packages/")[2] if "site-packages" in path else "/".join(path.split("/")[-3:])
    return f"{short.removesuffix('.py')}:{frame.f_code.co_qualname}"
