"""
Feeds as people meet them: begun with their integration, looked at, paused and resumed.

The looking itself is the worker's (`app/feeds.py`).
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import Conflicting, NotFound
from alertwhisperer.domain.integration import Integration
from alertwhisperer.sources.contract import INTERVAL_S, Source
from alertwhisperer.store import audit, due
from alertwhisperer.store import feeds as rows
from alertwhisperer.store.database import Database, Unit
from alertwhisperer.store.feeds import Feed


async def begin(unit: Unit, source: Source, integration: Integration, *, now: datetime) -> None:
    """To be called when an integration was added or its settings changed: its tool is looked at, if it cannot push."""
    if source.poll is None:
        return
    settings: Mapping[str, object] = integration.settings
    interval_s = settings.get(INTERVAL_S.name, INTERVAL_S.default)
    assert isinstance(interval_s, int)  # noqa: S101 - checked with the settings
    await rows.begin(unit, integration.id, interval_s=interval_s)
    feed = await rows.read(unit, integration.id)
    if feed is not None and not feed.paused:
        await due.add(unit, due.POLL_FEED, integration.id, due_at=now)


async def list_feeds(
    database: Database, scope: Scope, *, limit: int = 100, before: UUID | None = None
) -> tuple[Feed, ...]:
    """The company's feeds, newest first, from the one after `before` (an integration's id)."""
    async with database.unit_of_work(scope) as unit:
        return await rows.page(unit, limit=limit, before=before)


async def get_feed(database: Database, scope: Scope, integration_id: UUID) -> Feed:
    """
    One feed.

    Raises:
        NotFound: the company has none of this id.
    """
    async with database.unit_of_work(scope) as unit:
        return await _read(unit, integration_id)


async def poll_now(database: Database, scope: Scope, integration_id: UUID, *, now: datetime) -> Feed:
    """
    Have a feed looked at at once; one that was stopped begins again.

    Raises:
        NotFound: the company has none of this id.
        Conflicting: it is paused.
    """
    async with database.unit_of_work(scope) as unit:
        if (await _read(unit, integration_id)).paused:
            raise Conflicting("the feed is paused", where="integration_id", mend="resume it")
        return await _change(unit, integration_id, AuditAction.FEED_POLLED, paused=False, now=now)


async def pause(database: Database, scope: Scope, integration_id: UUID, *, now: datetime) -> Feed:
    """
    Let no further look begin; one that is under way ends in peace.

    Raises:
        NotFound: the company has none of this id.
    """
    async with database.unit_of_work(scope) as unit:
        await _read(unit, integration_id)
        return await _change(unit, integration_id, AuditAction.FEED_PAUSED, paused=True, now=now)


async def resume(database: Database, scope: Scope, integration_id: UUID, *, now: datetime) -> Feed:
    """
    Let looks begin again, the first at once.

    Raises:
        NotFound: the company has none of this id.
    """
    async with database.unit_of_work(scope) as unit:
        await _read(unit, integration_id)
        return await _change(unit, integration_id, AuditAction.FEED_RESUMED, paused=False, now=now)


async def _change(unit: Unit, integration_id: UUID, action: AuditAction, *, paused: bool, now: datetime) -> Feed:
    await rows.pause(unit, integration_id, paused=paused)
    if paused:
        await due.Due(unit, due.POLL_FEED, integration_id, 0).done()
    else:
        await due.add(unit, due.POLL_FEED, integration_id, due_at=now)
    await audit.write(unit, action, Resource("integration", str(integration_id)), {}, now=now)
    return await _read(unit, integration_id)


async def _read(unit: Unit, integration_id: UUID) -> Feed:
    feed = await rows.read(unit, integration_id)
    if feed is None:
        raise NotFound(f"there is no feed {integration_id}", where="integration_id", mend="list the feeds")
    return feed
