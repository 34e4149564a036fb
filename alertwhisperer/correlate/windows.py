"""
Finds the maintenance window that holds an alert back, at a cost that does not grow with the number of windows.

Windows are filed by what they name: everything, an asset, a check, or a check of an asset. Under each name the times of
all its windows are laid side by side once, so that an alert costs four look-ups and a search by halves.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from heapq import heappop, heappush

import msgspec

from alertwhisperer.domain.window import HeldTime, micros, moment_of

_ANY = ""  # no asset and no check is called so


class Holding(msgspec.Struct, frozen=True, gc=False):
    """The window that holds an alert back: of several the one that ends last; aware UTC."""

    id: bytes
    name: str
    starts_at: datetime
    ends_at: datetime


class _Line:
    """The windows of one name along time: from each moment in `at` on, the one of the same place holds, or None."""

    def __init__(self, times: Iterable[tuple[int, int, HeldTime]]) -> None:
        self.at: list[int] = []
        self.holds: list[tuple[int, int, HeldTime] | None] = []
        waiting = sorted(times, key=lambda one: (one[0], one[1], one[2].id))
        running: list[tuple[int, str, int, HeldTime]] = []  # the one that ends last first
        moments = sorted({moment for one in waiting for moment in one[:2]})
        place = 0
        for moment in moments:
            while place < len(waiting) and waiting[place][0] <= moment:
                start, end, window = waiting[place]
                heappush(running, (-end, window.id.hex, start, window))
                place += 1
            while running and -running[0][0] <= moment:
                heappop(running)
            self.at.append(moment)
            self.holds.append((running[0][2], -running[0][0], running[0][3]) if running else None)

    def find(self, moment: int) -> tuple[int, int, HeldTime] | None:
        place = bisect_right(self.at, moment)
        return self.holds[place - 1] if place else None


class CompiledWindows:
    """A company's windows, ready to be asked."""

    def __init__(self, windows: Sequence[HeldTime]) -> None:
        filed: dict[tuple[str, str], list[tuple[int, int, HeldTime]]] = defaultdict(list)
        for window in windows:
            for asset in (_ANY,) if window.assets is None else window.assets:
                for signature in window.signatures or (_ANY,):
                    filed[asset, signature] += [(start, end, window) for start, end in window.spans]
        self._lines = {name: _Line(times) for name, times in filed.items()}

    def holding(self, asset: str, signature: str, at: datetime) -> Holding | None:
        """
        The window that holds back an alert received at a moment.

        Args:
            asset: its own name, canonical.
        """
        moment = micros(at)
        found: list[tuple[int, int, HeldTime]] = []
        for name in ((_ANY, _ANY), (asset, _ANY), (_ANY, signature), (asset, signature)):
            line = self._lines.get(name)
            held = line.find(moment) if line is not None else None
            if held is not None:
                found.append(held)
        if not found:
            return None
        start, end, window = min(found, key=lambda one: (-one[1], one[2].id.hex))
        return Holding(window.id.bytes, window.name, moment_of(start), moment_of(end))
