"""
The audit log: written in the transaction of the act itself, so neither is there without the other.

Columns hold ids alone; who it was, and what was said, are sealed under keys that an erasure can destroy. The links that
chain the entries come later, from `guard/audit/chainer.py`, so that no act waits for a chain's head.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import asyncpg
import msgspec

from alertwhisperer.domain.audit import AuditAction, AuditEntry, Resource
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.errors import Temporary
from alertwhisperer.kit.ids import floor_at, uuid7
from alertwhisperer.store.database import Unit, queries
from alertwhisperer.store.sealer import OpenKey, SealedKey

COMPANY_KEY = UUID(int=0)
"""The subject that stands for the company itself: what is about no person is sealed with its key."""

_TRIES = 3
_KEYS_AT_ONCE = 10_000  # as the statement limits them
_MILLISECOND = timedelta(milliseconds=1)  # what the ids know of time

_sql = queries("audit")
_text = msgspec.json.Encoder(order="sorted").encode


class Envelope(msgspec.Struct, frozen=True):
    """An entry as it is stored."""

    company_id: CompanyId
    id: UUID
    at: datetime
    action: str
    resource_kind: str
    resource_id: str
    actor_kind: str
    actor_id: UUID | None
    incident_id: UUID | None
    trace_id: str
    subject: UUID
    who: bytes
    what: bytes
    who_commitment: bytes
    what_commitment: bytes
    who_mark: UUID
    what_mark: UUID


class EntryFilter(msgspec.Struct, frozen=True):
    """
    Which entries; None takes all.

    Attributes:
        actor_ids: of any of these people.
        actor_kind: `user`, `cli`, `timer`, …
        since: from this moment on; aware UTC.
        until: before this moment; aware UTC.
    """

    actor_ids: tuple[UUID, ...] | None = None
    actor_kind: str | None = None
    action: AuditAction | None = None
    resource_kind: str | None = None
    resource_id: str | None = None
    incident_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


ALL_ENTRIES = EntryFilter()


async def write(
    unit: Unit,
    action: AuditAction,
    resource: Resource,
    detail: Mapping[str, object],
    *,
    now: datetime,
    reason: str = "",
    incident_id: UUID | None = None,
    about: UUID | None = None,
    entry_id: UUID | None = None,
) -> UUID:
    """
    Record an act of the unit's actor, in the log of the unit's company; gives the entry's id.

    Args:
        detail: JSON of what was said of it; a changed field is `name: [before, after]`; never a secret.
        now: aware UTC.
        reason: why, in the person's own words.
        incident_id: the incident that it concerns.
        about: the person whom the detail speaks of, so that it is erased with them.
        entry_id: a UUIDv7 that is the entry's already; else one is made.
    """
    sealer, scope = unit.sealer, unit.scope
    entry_id = entry_id or uuid7(now)
    person, subject = scope.user_id or COMPANY_KEY, about or COMPANY_KEY
    who = _text({"actor": scope.actor, "ip": scope.ip})
    what = _text({"detail": detail, "reason": reason})
    for _ in range(_TRIES):
        who_key, what_key = await _keys_for(unit, person, subject, now=now)
        who_sealed = sealer.seal(who_key, who, place_of(unit.company_id, entry_id, "who"))
        what_sealed = sealer.seal(what_key, what, place_of(unit.company_id, entry_id, "what"))
        entered = await _sql.insert_entry(
            unit.connection,
            company_id=unit.company_id,
            id=entry_id,
            at=now,
            action=action.value,
            resource_kind=resource.kind,
            resource_id=resource.id,
            actor_kind=actor_kind(scope.actor, scope.user_id),
            actor_id=scope.user_id,
            incident_id=incident_id,
            trace_id=scope.trace_id,
            subject=subject,
            who=who_sealed.cipher,
            what=what_sealed.cipher,
            who_commitment=who_sealed.commitment,
            what_commitment=what_sealed.commitment,
            who_subject=person,
            who_mark=who_key.mark,
            what_mark=what_key.mark,
        )
        if entered is not None:
            return entry_id
        for gone in (person, subject):  # erased in another process meanwhile
            sealer.keep(unit.company_id, gone, None)
    raise Temporary("the keys of the audit log are changing: try again")


async def page(
    unit: Unit, *, limit: int, before: UUID | None = None, wanted: EntryFilter = ALL_ENTRIES
) -> tuple[AuditEntry, ...]:
    """Entries of the unit's company, newest first, from the one after `before` (an entry's id)."""
    return await opened(unit, await envelopes(unit, limit=limit, before=before, wanted=wanted))


async def envelopes(
    unit: Unit, *, limit: int, before: UUID | None = None, wanted: EntryFilter = ALL_ENTRIES
) -> list[Envelope]:
    """The same, as they are stored."""
    rows = _sql.select_entries(
        unit.connection, company_id=unit.company_id, before=before, limit=limit, **parameters_of(wanted)
    )
    return [envelope_of(row) async for row in rows]


def parameters_of(wanted: EntryFilter) -> dict[str, object]:
    """The filter as statements take it; a time is also a bound of ids, which an index knows."""
    return {
        **msgspec.structs.asdict(wanted),
        "first": None if wanted.since is None else floor_at(wanted.since),
        "past": None if wanted.until is None else floor_at(wanted.until + _MILLISECOND),
    }


async def opened(unit: Unit, stored: Iterable[Envelope]) -> tuple[AuditEntry, ...]:
    """Entries with their sealed parts opened; what was erased is said to be."""
    listed = list(stored)
    keys = await read_keys(unit, {one.subject for one in listed} | {one.actor_id or COMPANY_KEY for one in listed})
    return tuple(_entry(unit, one, keys) for one in listed)


async def read_keys(unit: Unit, subjects: Iterable[UUID]) -> dict[UUID, OpenKey]:
    """The keys of those subjects that still have one; read afresh, since another process may have erased some."""
    rows = _sql.select_keys(unit.connection, company_id=unit.company_id, subjects=sorted(set(subjects)))
    return {row["subject"]: _opened_key(unit, row) async for row in rows}


async def marks(unit: Unit, subjects: Iterable[UUID]) -> dict[UUID, UUID]:
    """Which key each of those subjects has that still have one; opens none."""
    wanted = sorted(set(subjects))
    found: dict[UUID, UUID] = {}
    for begin in range(0, len(wanted), _KEYS_AT_ONCE):
        some = wanted[begin : begin + _KEYS_AT_ONCE]
        rows = _sql.select_keys(unit.connection, company_id=unit.company_id, subjects=some)
        found |= {row["subject"]: row["mark"] async for row in rows}
    return found


async def destroy_key(unit: Unit, subject: UUID) -> bool:
    """Make everything that is sealed for a subject unreadable for ever; whether there was a key."""
    gone = await _sql.delete_key(unit.connection, company_id=unit.company_id, subject=subject)
    unit.sealer.keep(unit.company_id, subject, None)
    return gone is not None


async def destroy_all_keys(unit: Unit) -> None:
    """The same for a whole company; processes that keep a key find at their next entry that it is gone."""
    await _sql.delete_keys(unit.connection, company_id=unit.company_id)


async def count(unit: Unit) -> int:
    """How many entries the log of the unit's company has."""
    found: int = await _sql.count_entries(unit.connection, company_id=unit.company_id)
    return found


async def count_sealed_for(unit: Unit, subject: UUID) -> int:
    """How many entries an erasure of a person would make nameless."""
    found: int = await _sql.count_sealed_for(unit.connection, company_id=unit.company_id, subject=subject)
    return found


def actor_kind(actor: str, user_id: UUID | None) -> str:
    """What kind of actor it was: `user`, or the word before the colon (`cli:ann`, `integration:…`)."""
    return "user" if user_id is not None else actor.partition(":")[0]


def place_of(company_id: CompanyId, entry_id: UUID, part: str) -> bytes:
    """Where a sealed part belongs; it opens nowhere else."""
    return company_id.bytes + entry_id.bytes + part.encode()


def envelope_of(row: asyncpg.Record) -> Envelope:
    """The entry in a row."""
    return Envelope(**{name: row[name] for name in Envelope.__struct_fields__})


def _opened_key(unit: Unit, row: asyncpg.Record) -> OpenKey:
    return unit.sealer.opened(unit.company_id, _whole(row["subject"]), SealedKey(_whole(row["mark"]), row["sealed"]))


def _whole(value: UUID | bytes) -> UUID:
    """An id as such; a hot connection gives its bytes."""
    return value if isinstance(value, UUID) else UUID(bytes=value)


async def _two_keys(unit: Unit, person: UUID, subject: UUID) -> dict[UUID, OpenKey]:
    rows = _sql.select_two_keys(unit.connection, company_id=unit.company_id, person=person, subject=subject)
    return {_whole(row["subject"]): _opened_key(unit, row) async for row in rows}


async def _keys_for(unit: Unit, person: UUID, subject: UUID, *, now: datetime) -> tuple[OpenKey, OpenKey]:
    sealer, company_id = unit.sealer, unit.company_id
    kept = {one: sealer.known(company_id, one) for one in (person, subject)}
    if (who := kept[person]) is not None and (what := kept[subject]) is not None:
        return who, what
    keys = await _two_keys(unit, person, subject)
    for one, key in keys.items():
        sealer.keep(company_id, one, key)
    missing = sorted({person, subject} - keys.keys())
    for one in missing:
        fresh = sealer.fresh(company_id, one)
        await _sql.insert_key(
            unit.connection, company_id=company_id, subject=one, mark=fresh.mark, sealed=fresh.sealed, made_at=now
        )
    if missing:  # not kept: this transaction may yet roll back, and its keys with it
        keys = await _two_keys(unit, person, subject)
    return keys[person], keys[subject]


def _entry(unit: Unit, stored: Envelope, keys: Mapping[UUID, OpenKey]) -> AuditEntry:
    who = _open(unit, stored, keys.get(stored.actor_id or COMPANY_KEY), "who")
    what = _open(unit, stored, keys.get(stored.subject), "what")
    return AuditEntry(
        id=stored.id,
        company_id=stored.company_id,
        at=stored.at,
        actor="erased" if who is None else who["actor"],
        user_id=stored.actor_id,
        action=AuditAction(stored.action),
        resource=Resource(stored.resource_kind, stored.resource_id),
        detail={} if what is None else what["detail"],
        reason="" if what is None else what["reason"],
        ip="" if who is None else who["ip"],
        incident_id=stored.incident_id,
        erased=who is None or what is None,
    )


def _open(unit: Unit, stored: Envelope, key: OpenKey | None, part: Literal["who", "what"]) -> dict[str, Any] | None:
    cipher, mark = (stored.who, stored.who_mark) if part == "who" else (stored.what, stored.what_mark)
    if key is None or key.mark != mark:
        return None  # the key that sealed it was destroyed
    _, text = unit.sealer.unseal(key, cipher, place_of(stored.company_id, stored.id, part))
    return msgspec.json.decode(text, type=dict[str, Any])
