"""
Remembers each company's compiled rules.

A batch checks their version under its locks, and comes back when they are old.
"""

from uuid import UUID

from alertwhisperer.correlate.rules import CompiledRules, compile_rules
from alertwhisperer.domain.company import CompanyId, Scope
from alertwhisperer.store import rules as rules_store
from alertwhisperer.store.database import Database

_MOST = 2_000  # companies; each holds up to 50,000 remembered keys


class Rulebook:
    """Compiled rule sets by company (16 bytes of its id)."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[bytes, CompiledRules] = {}

    def remembered(self, company: bytes) -> CompiledRules | None:
        """The rules as they were last read."""
        return self._known.get(company)

    async def read(self, company: bytes) -> CompiledRules:
        """The newest rules, from the database."""
        scope = Scope(CompanyId(UUID(bytes=company)), "pipeline")
        async with self._database.unit_of_work(scope) as unit:
            newest = await rules_store.current(unit)
        compiled = compile_rules(company, newest)
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[company] = compiled
        return compiled

    def forget(self, company: bytes) -> None:
        """They changed."""
        self._known.pop(company, None)
