"""
Hands what waited for a customer's company to that company, once somebody has mapped it.

Units leave the MSP's quarantine and enter the company's books in one transaction, in the order in which they came, so
that a crash leaves each in exactly one place.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from alertwhisperer.app.pipeline import Pipeline, StaleRules
from alertwhisperer.correlate.work import Changed
from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.delivery import Delivery, Unreadable
from alertwhisperer.domain.errors import Temporary
from alertwhisperer.domain.integration import Integration
from alertwhisperer.domain.occurrence import Occurrence
from alertwhisperer.domain.severity import Severity
from alertwhisperer.ingest.reading import read_again
from alertwhisperer.ingest.routes import load_routes
from alertwhisperer.ingest.routing import Routes, Target, arrived, calm, customer_of, native_delivery
from alertwhisperer.kit.clock import Clock
from alertwhisperer.kit.ids import index_of, uuid7_int
from alertwhisperer.sources.contract import Source
from alertwhisperer.store import audit, deliveries, due, routes
from alertwhisperer.store import integrations as integration_rows
from alertwhisperer.store.database import Connection, Database, Unit
from alertwhisperer.store.due import Due
from alertwhisperer.store.hot.batch import Contended
from alertwhisperer.store.hot.leave import Leaving
from alertwhisperer.store.hot.wire import speak
from alertwhisperer.store.routes import WaitingUnit

HAND_OVER_S = 0.5
"""How often a process looks for what is to be handed over."""
_LEASE = timedelta(minutes=5)
_AT_ONCE = 200
_TRIES = 20

_log = structlog.get_logger("handover")


class HandOver:
    """Hands over the waiting units of MSP-wide integrations."""

    def __init__(self, database: Database, sources: Mapping[str, Source], pipeline: Pipeline, clock: Clock) -> None:
        self._database = database
        self._sources = sources
        self._pipeline = pipeline
        self._clock = clock

    async def run_due(self) -> None:
        """Hand over what became due: a customer was mapped, or something came to wait a while ago."""
        for kind in (due.HAND_OVER, due.HAND_OVER_LATER):
            await self._run(kind)

    async def _run(self, kind: str) -> None:
        now = self._clock.now()
        lease = now + _LEASE
        async with due.take(self._database, kind, now=now) as work:
            if work is None:
                return
            # Not in this transaction: the gateway must be able to ask for it again meanwhile.
            await work.postpone(lease)
        await self.hand_over(work.unit.scope, work.subject)
        async with self._database.unit_of_work(work.unit.scope) as unit:
            await Due(unit, work.kind, work.subject, 0).done_by_lease(lease)

    async def hand_over(self, scope: Scope, integration_id: UUID) -> int:
        """
        Hand over everything that waits for a customer who is mapped now.

        Args:
            scope: of the MSP; its actor is who did it, as the audit log will say.

        Returns:
            How many units left; what cannot be read any more keeps waiting.

        Raises:
            Temporary: other work kept changing the same rows.
        """
        async with self._database.unit_of_work(scope) as unit:
            shared = await integration_rows.get(unit, integration_id)
        if shared is None or shared.route_by is None:
            return 0
        connection = await self._database.connect_hot()
        try:
            await speak(connection)
            return await self._all(connection, scope, shared)
        finally:
            await connection.close()

    async def _all(self, connection: Connection, scope: Scope, shared: Integration) -> int:
        moved, after = 0, UUID(int=0)
        while True:
            async with self._database.unit_of_work(scope) as unit:
                found = await routes.waiting(unit, shared.id, limit=_AT_ONCE, after=after)
                said = await self._read(unit, shared, found)
            if not found:
                return moved
            if said:
                moved += await self._some(connection, scope, shared, said)
            after = found[-1].id

    async def _some(
        self,
        connection: Connection,
        scope: Scope,
        shared: Integration,
        said: Sequence[tuple[WaitingUnit, Occurrence]],
    ) -> int:
        for _ in range(_TRIES):
            # Read each time: a unit may have been mapped elsewhere or settled by somebody else meanwhile.
            table = await load_routes(self._database, shared)
            ready = [(one, what, table.targets[one.value]) for one, what in said if one.value in table.targets]
            if not ready:
                return 0
            now = self._clock.now()
            leaving = Leaving(
                INSTALLATION.bytes,
                sorted(one.id.bytes for one, _, _ in ready),
                now,
                scope.actor,
                uuid7_int(int(now.timestamp() * 1000)).to_bytes(16, "big"),
            )

            async def note(within: Connection, units: int = len(ready), at: datetime = now) -> None:
                unit = self._database.unit(within, scope)
                resource = Resource("integration", str(shared.id))
                await audit.write(unit, AuditAction.QUARANTINE_HANDED_OVER, resource, {"units": units}, now=at)

            try:
                await self._pipeline.hand_over(connection, self._deliveries(shared, table, ready), leaving, note)
            except (Changed, Contended, StaleRules):
                said = await self._still(scope, said)
                continue
            _log.info("handover.done", integration=str(shared.id), units=len(ready))
            return len(ready)
        raise Temporary("other work keeps changing the same rows")

    def _deliveries(
        self, shared: Integration, table: Routes, ready: Sequence[tuple[WaitingUnit, Occurrence, Target]]
    ) -> list[Delivery]:
        now = self._clock.now()
        parts: dict[CompanyId, tuple[Target, list[Occurrence]]] = {}
        for _, what, target in ready:
            parts.setdefault(target.company_id, (target, []))[1].append(what)
        made = [
            native_delivery(target.company, target.integration, mine, received_at=now, sender=None)
            for target, mine in parts.values()
        ]
        calmed = sorted({one.value for one, _, _ in ready if one.severity == Severity.CRITICAL})
        if calmed:
            said = [calm(shared.id.bytes, shared.name, value) for value in calmed]
            made.append(native_delivery(INSTALLATION.bytes, table.own, said, received_at=now, sender=None))
        return made

    async def _read(
        self, unit: Unit, shared: Integration, found: Sequence[WaitingUnit]
    ) -> list[tuple[WaitingUnit, Occurrence]]:
        """What the units say, read again with today's parser; those that it cannot read are left out."""
        said: list[tuple[WaitingUnit, Occurrence]] = []
        read: dict[UUID, dict[int, Occurrence]] = {}
        for one in found:
            if one.delivery_id not in read:
                read[one.delivery_id] = await self._members(unit, shared, one.delivery_id)
            what = read[one.delivery_id].get(index_of(one.id))
            # A mapping that was changed since may split the body otherwise: the place alone names no customer.
            if what is None or customer_of(what, shared.route_by or "") != one.value:
                _log.warning("handover.unreadable", unit=str(one.id))
            else:
                said.append((one, what))
        return said

    async def _members(self, unit: Unit, shared: Integration, delivery_id: UUID) -> dict[int, Occurrence]:
        kept = await deliveries.body(unit, delivery_id)
        told = await deliveries.read(unit, delivery_id)
        source = None if told is None else self._sources.get(told.source)
        if kept is None or told is None or source is None:
            return {}
        parsed = read_again(source, kept.body, kept.request, dict(shared.settings), told.received_at)
        if isinstance(parsed, Unreadable):
            return {}
        return {place: arrived(one, told.received_at) for place, one in parsed.occurrences}

    async def _still(
        self, scope: Scope, said: Sequence[tuple[WaitingUnit, Occurrence]]
    ) -> list[tuple[WaitingUnit, Occurrence]]:
        """Those units that still wait."""
        ids = [one.id for one, _ in said]
        async with self._database.unit_of_work(scope) as unit:
            waiting = await routes.still_waiting(unit, ids)
        return [(one, what) for one, what in said if one.id in waiting]
