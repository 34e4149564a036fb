"""Counts requests that were refused after their key was known, and writes the counts every second."""

from collections import Counter
from uuid import UUID

import structlog

from alertwhisperer.domain.company import CompanyId, Scope
from alertwhisperer.domain.errors import Temporary
from alertwhisperer.ingest.keyring import Holder
from alertwhisperer.kit.clock import Clock
from alertwhisperer.store import refusals
from alertwhisperer.store.database import Database

_log = structlog.get_logger("refusals")


class Refusals:
    """In memory, since a request over its limit must not cost a query; kill -9 loses at most the last second's."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._counts: Counter[tuple[CompanyId, UUID, str]] = Counter()

    def count(self, holder: Holder, reason: str) -> None:
        """One more refused request of this integration."""
        self._counts[holder.company_id, holder.integration_id, reason] += 1

    async def flush(self) -> None:
        """Write what was counted since the last time."""
        counts, self._counts = self._counts, Counter()
        by_company: dict[CompanyId, dict[tuple[UUID, str], int]] = {}
        for (company_id, integration_id, reason), requests in counts.items():
            by_company.setdefault(company_id, {})[integration_id, reason] = requests
        for company_id, refused in by_company.items():
            try:
                async with self._database.unit_of_work(Scope(company_id, "gateway")) as unit:
                    await refusals.add(unit, refused, now=self._clock.now())
            except Temporary:
                _log.warning("refusals.kept", company=str(UUID(int=company_id.int)))
                self._counts.update({(company_id, *which): requests for which, requests in refused.items()})
