"""How often something may be asked for, for doors that a secret in the address opens. Counted in this process."""

from collections import OrderedDict
from datetime import datetime, timedelta

from alertwhisperer.domain.errors import Throttled

_MOST_KEYS = 10_000
"""Of which something is remembered; the one asked for longest ago is forgotten, and begins anew."""


class Pace:
    """
    A bucket for each key, which fills as time goes by.

    Args:
        per_minute: how many of one key go on for ever; the bucket holds as many.
    """

    def __init__(self, per_minute: int) -> None:
        self._each = timedelta(minutes=1) / per_minute
        self._full = timedelta(minutes=1)
        self._busy_until: OrderedDict[str, datetime] = OrderedDict()

    def take(self, key: str, now: datetime) -> None:
        """Count one; raises `Throttled` when there were too many."""
        until = max(self._busy_until.pop(key, now), now) + self._each
        if until - now > self._full:
            self._busy_until[key] = until - self._each
            raise Throttled(until - now - self._full)
        self._busy_until[key] = until
        if len(self._busy_until) > _MOST_KEYS:
            self._busy_until.popitem(last=False)
