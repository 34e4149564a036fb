"""Lets approvals lapse when their time has come; rows with a due time, so a restart forgets none."""

from alertwhisperer.app.build import House
from alertwhisperer.guard.approvals import expiry
from alertwhisperer.kit.metrics import Metrics
from alertwhisperer.store import due

LOOK_S = 0.5
"""How often to look at what is due."""

_AT_ONCE = 200


class Approvals:
    """One process's share of letting approvals lapse."""

    def __init__(self, house: House, metrics: Metrics) -> None:
        self._house = house
        self._metrics = metrics

    async def run_due(self) -> None:
        """Look at what is due now."""
        for _ in range(_AT_ONCE):
            if not await self._look_at_one():
                return
            self._metrics.timers.labels(kind=due.APPROVAL_EXPIRY, result="done").inc()

    async def _look_at_one(self) -> bool:
        now = self._house.clock.now()
        async with due.take(self._house.database, due.APPROVAL_EXPIRY, now=now) as work:
            if work is None:
                return False
            await expiry.look(work, now=now)
        return True
