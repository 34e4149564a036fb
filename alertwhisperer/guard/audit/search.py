"""Searches the audit log: by person, act, thing, incident and time; in one company's log, or in several at once."""

from collections import defaultdict
from datetime import datetime
from uuid import UUID

from alertwhisperer.domain.audit import AuditAction, AuditEntry
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.guard.crossing import Crossing
from alertwhisperer.store import audit, audit_search
from alertwhisperer.store.audit import EntryFilter, Envelope
from alertwhisperer.store.database import Database


async def filter_of(
    database: Database,
    *,
    actor: str | None = None,
    user_id: UUID | None = None,
    action: str | None = None,
    resource_kind: str | None = None,
    resource_id: str | None = None,
    incident_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> EntryFilter:
    """
    The filter that was asked for; None takes all.

    Args:
        actor: an e-mail, which stands for everybody who ever had it; else a kind of actor: `cli`, `timer`, `user`, …
        user_id: a person; with an e-mail as well, both must hold.
        since, until: aware UTC; from, and before.

    Raises:
        Invalid: no such act in the catalogue, or a time that ends before it begins.
    """
    if since is not None and until is not None and until <= since:
        raise Invalid("the time ends before it begins", where="until", mend="give a later end")
    people: tuple[UUID, ...] | None = None if user_id is None else (user_id,)
    kind = None
    if actor is not None and "@" in actor:
        named = await people_of(database, actor)
        people = named if people is None else tuple(one for one in people if one in named)
    elif actor is not None:
        kind = actor.partition(":")[0].lower()
    return EntryFilter(
        actor_ids=people,
        actor_kind=kind,
        action=None if action is None else action_of(action),
        resource_kind=resource_kind,
        resource_id=resource_id,
        incident_id=incident_id,
        since=since,
        until=until,
    )


def action_of(word: str) -> AuditAction:
    """The act of this name; raises `Invalid`."""
    try:
        return AuditAction(word)
    except ValueError as failure:
        raise Invalid(f"{word!r} is no act of the catalogue", where="action", mend="docs/audit.md lists them") from (
            failure
        )


async def people_of(database: Database, email: str) -> tuple[UUID, ...]:
    """Everybody who ever had an e-mail."""
    async with database.unit_of_work(Scope(INSTALLATION, "search")) as unit:
        return await audit_search.people_of(unit, email.strip().lower())


async def page_across(
    crossing: Crossing, wanted: EntryFilter, *, limit: int, before: UUID | None = None
) -> tuple[AuditEntry, ...]:
    """Entries of every company that the crossing sees, newest first, from the one after `before` (an entry's id)."""
    found = await audit_search.page_across(
        crossing.connection, crossing.companies, limit=limit, before=before, wanted=wanted
    )
    apart: dict[CompanyId, list[Envelope]] = defaultdict(list)
    for one in found:
        apart[one.company_id].append(one)
    opened: dict[UUID, AuditEntry] = {}
    for company_id, some in apart.items():
        opened |= {entry.id: entry for entry in await audit.opened(crossing.at(company_id), some)}
    return tuple(opened[one.id] for one in found)
