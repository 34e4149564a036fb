"""Reads quarantined deliveries again, after a parser or a mapping was mended."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from alertwhisperer.app.handover import HandOver
from alertwhisperer.app.pipeline import Pipeline, StaleRules
from alertwhisperer.correlate.work import Changed
from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.delivery import Delivery, Member, Normalized, Unreadable
from alertwhisperer.domain.errors import Conflicting, NotFound, Temporary
from alertwhisperer.domain.integration import Integration
from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.rerun import Left, Reran
from alertwhisperer.ingest.reading import members_of, read_again
from alertwhisperer.ingest.routes import load_routes
from alertwhisperer.ingest.routing import arrived, native_delivery, route
from alertwhisperer.kit.clock import Clock
from alertwhisperer.kit.ids import uuid7_int
from alertwhisperer.sources.contract import Parsed, Source
from alertwhisperer.store import audit, deliveries, quarantine
from alertwhisperer.store import integrations as integrations_store
from alertwhisperer.store.database import Connection, Database, Unit
from alertwhisperer.store.hot.batch import Contended
from alertwhisperer.store.hot.settle import Settling
from alertwhisperer.store.hot.wire import speak
from alertwhisperer.store.quarantine import QuarantineRow

MOST_AT_ONCE = 500
_TRIES = 20


class Rerun:
    """Runs quarantined units again; a unit's members take its place in one transaction."""

    def __init__(
        self,
        database: Database,
        sources: Mapping[str, Source],
        pipeline: Pipeline,
        clock: Clock,
    ) -> None:
        self._database = database
        self._sources = sources
        self._pipeline = pipeline
        self._clock = clock
        self._handover = HandOver(database, sources, pipeline, clock)

    async def rerun(self, scope: Scope, unit_id: UUID) -> None:
        """
        Parse the unit's raw body again with today's parser and settings, and decide its members.

        Raises:
            NotFound: the company has no such unit.
            Conflicting: it was settled before, or still cannot be read.
            Temporary: other work kept changing the same rows.
        """
        async with self._database.unit_of_work(scope) as unit:
            row = await quarantine.read(unit, unit_id)
        if row is None:
            raise NotFound("there is no such unit in quarantine")
        if row.state != "waiting":
            raise Conflicting(f"the unit was settled before: {row.state}", where="state")
        if row.subject is not None:
            await self._hand_over(scope, row)
            return
        async with self._connected() as connection:
            await self._decide(connection, scope, row)

    async def rerun_all(
        self, scope: Scope, integration_id: UUID | None, after: UUID | None = None, *, limit: int = MOST_AT_ONCE
    ) -> Reran:
        """
        The same for what waits, oldest first, each by itself.

        Args:
            integration_id: whose; None takes all of the company's.
            after: the last unit of the round before, as `Reran.next` said.
            limit: units looked at, at most `MOST_AT_ONCE`.

        Raises:
            NotFound: the company has no such integration.
        """
        limit = min(limit, MOST_AT_ONCE)
        async with self._database.unit_of_work(scope) as unit:
            if integration_id is not None and await integrations_store.get(unit, integration_id) is None:
                raise NotFound(f"there is no integration {integration_id}", where="integration_id", mend="list them")
            found = await quarantine.waiting(unit, integration_id=integration_id, limit=limit + 1, after=after)
        reran = Reran(next=found[limit - 1].id if len(found) > limit else None)
        tried: set[UUID] = set()
        async with self._connected() as connection:
            for row in found[:limit]:
                try:
                    if row.subject is not None:
                        # One hand-over takes along all that waits for a customer who is mapped.
                        first = row.integration_id not in tried
                        tried.add(row.integration_id)
                        await self._hand_over(scope, row, again=first)
                    else:
                        await self._decide(connection, scope, row)
                except Conflicting as still:
                    reran.waiting.append(Left(row.id, still.what, still.where, still.mend))
                except (NotFound, Temporary) as failure:
                    reran.failed.append(Left(row.id, str(failure)))
                else:
                    reran.done += 1
        return reran

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Connection]:
        connection = await self._database.connect_hot()
        try:
            await speak(connection)
            yield connection
        finally:
            await connection.close()

    async def _decide(self, connection: Connection, scope: Scope, row: QuarantineRow) -> None:
        async with self._database.unit_of_work(scope) as unit:
            found = await self._read(unit, row)
        now = self._clock.now()
        own = found[-1]
        settling = Settling(
            scope.company_id.bytes,
            row.id.bytes,
            len(own.members),
            now,
            scope.actor,
            own.parser,
            own.settings_version,
            uuid7_int(int(now.timestamp() * 1000)).to_bytes(16, "big"),
        )

        async def note(within: Connection) -> None:
            unit = self._database.unit(within, scope)
            detail = {"members": len(own.members)}
            await audit.write(unit, AuditAction.QUARANTINE_RERUN, Resource("quarantine", str(row.id)), detail, now=now)

        for _ in range(_TRIES):
            try:
                await self._pipeline.run_again(connection, found, settling, note)
                return
            except (Changed, Contended, StaleRules):
                continue
        raise Temporary("other work keeps changing the same rows")

    async def _hand_over(self, scope: Scope, row: QuarantineRow, *, again: bool = True) -> None:
        if again:
            await self._handover.hand_over(scope, row.integration_id)
        async with self._database.unit_of_work(scope) as unit:
            still = await quarantine.read(unit, row.id)
        if still is not None and still.state == "waiting":
            raise Conflicting(
                f"no company is mapped to the customer {row.subject!r}", where="subject", mend="map it: `route set`"
            )

    async def _read(self, unit: Unit, row: QuarantineRow) -> list[Delivery]:
        kept = await deliveries.body(unit, row.delivery_id)
        told = await deliveries.read(unit, row.delivery_id)
        integration = await integrations_store.get(unit, row.integration_id)
        if kept is None or told is None or integration is None:
            raise NotFound("the delivery's body is gone with its day", mend="retention drops raw bodies")
        source = self._sources.get(told.source)
        if source is None:
            raise Conflicting(f"this version does not know the source {told.source!r}", where="source")
        parsed = read_again(source, kept.body, kept.request, dict(integration.settings), told.received_at)
        members = members_of(parsed, row.integration_id.bytes)
        only = members[0].told
        if isinstance(only, Unreadable):  # of a body that cannot be read, or holds no alert
            raise Conflicting(f"it still cannot be read: {only.what}", where=only.where, mend=only.mend)
        assert isinstance(parsed, Parsed)  # noqa: S101 - else its one member is unreadable
        now = self._clock.now()
        others: list[Delivery] = []
        if integration.route_by is not None:
            members, others = await self._route(parsed, integration, told.received_at)
        own = Delivery(
            id=row.delivery_id.bytes,
            company=unit.company_id.bytes,
            integration=row.integration_id.bytes,
            source=source.slug,
            parser=source.version,
            settings_version=integration.version,
            received_at=now,
            sender=None,
            body_hash=None,
            signed=False,
            request=kept.request,
            body=kept.body,
            members=[_as_arrived(one, told.received_at) for one in members],
            actions=[],
        )
        return [*others, own]

    async def _route(
        self, parsed: Parsed, integration: Integration, received_at: datetime
    ) -> tuple[list[Member], list[Delivery]]:
        """What of an MSP-wide integration's body stays with the MSP, and what goes to companies."""
        routes = await load_routes(self._database, integration)
        routed = route(parsed.occurrences, routes)
        others = [
            native_delivery(
                target.company,
                target.integration,
                [arrived(one, received_at) for _, one in told],
                received_at=self._clock.now(),
                sender=None,
            )
            for target, told in routed.mapped.values()
        ]
        waiting = [*routed.waiting, *(Member(one.index, one) for one in parsed.refused)]
        return sorted(waiting, key=lambda member: member.index), others


def _as_arrived(member: Member, arrived: datetime) -> Member:
    """
    A firing without a time of its own began, as far as we know, when it arrived.

    Without this it would count as beginning now, and could reopen what was resolved while it lay in quarantine.
    """
    told = member.told
    if isinstance(told, Normalized) and told.kind == Kind.FIRING and told.started_at is None:
        told.started_at = arrived
    return member
