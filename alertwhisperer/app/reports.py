"""Makes reports that were asked for, lets schedules ask, and drops what is too old; due rows hold it all."""

from datetime import timedelta

import structlog

from alertwhisperer.app.build import House
from alertwhisperer.domain.company import Scope
from alertwhisperer.kit.metrics import Metrics
from alertwhisperer.reports.making import make_next
from alertwhisperer.reports.printing import print_file
from alertwhisperer.reports.schedules import ask_due
from alertwhisperer.store import due, reports

LOOK_S = 1.0
"""How often to look at what is due."""
FORGET_S = 3600.0
"""How often to look for what is too old."""

_AT_ONCE = 50

_log = structlog.get_logger("reports")


class Reports:
    """One process's share of making reports: one file at a time, so that alerts keep the other processors."""

    def __init__(self, house: House, metrics: Metrics) -> None:
        self._house = house
        self._metrics = metrics

    async def make_due(self) -> None:
        """Make what waits, one after the other."""
        for _ in range(_AT_ONCE):
            if not await make_next(self._house.database, print_file, clock=self._house.clock):
                return
            self._metrics.timers.labels(kind=due.REPORT, result="done").inc()

    async def ask_due(self) -> None:
        """Let the schedules ask whose time has come."""
        for _ in range(_AT_ONCE):
            now = self._house.clock.now()
            async with due.take(self._house.database, due.REPORT_SCHEDULE, now=now) as work:
                if work is None:
                    return
                await ask_due(work, now=now)
            self._metrics.timers.labels(kind=due.REPORT_SCHEDULE, result="done").inc()

    async def forget(self) -> None:
        """Remove reports that were kept for as long as they must be."""
        before = self._house.clock.now() - timedelta(days=self._house.settings.report_retention_days)
        for company_id in await self._house.database.company_ids():
            async with self._house.database.unit_of_work(Scope(company_id, "timer")) as unit:
                gone = await reports.remove_before(unit, before)
            if gone:
                _log.info("reports.dropped", company=str(company_id), reports=gone)
