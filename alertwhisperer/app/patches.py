"""Keeps patch states fresh, company by company; a company whose account does not answer holds up no other."""

import structlog

from alertwhisperer.app.build import House
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import Permanent
from alertwhisperer.remediate.patches import refresh

LOOK_S = 900.0
"""How often to look whose are not fresh any more."""

_log = structlog.get_logger("patches")


class Patches:
    """One process's share; two that ask at once only ask twice."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def refresh(self) -> None:
        """Ask about every company whose patch states are old."""
        house = self._house
        for company_id in await house.database.company_ids():
            try:
                done = await refresh(house.database, house.vault, Scope(company_id, "timer"), clock=house.clock)
            except Permanent as failure:
                _log.error("patches.unreadable", company=str(company_id), why=str(failure))
                continue
            if done is not None:
                _log.info("patches.asked", company=str(company_id), asked=done.asked, reporting=done.reporting)
                for why in done.failures:
                    _log.warning("patches.unanswered", company=str(company_id), why=why)
