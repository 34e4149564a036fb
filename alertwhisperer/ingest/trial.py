"""
Trial: what an integration would make of a body, and why, before anything goes live.

The body is pasted, or one that was received; the settings are the integration's, or a draft. Nothing is stored. What
runs is what the gateway runs, except a tool's own signature, which only a real request can have.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import msgspec

from alertwhisperer.domain.company import CompanyId, Scope
from alertwhisperer.domain.delivery import Normalized, Unreadable
from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound
from alertwhisperer.domain.integration import Integration
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence, Refused
from alertwhisperer.domain.outcome import Outcome
from alertwhisperer.domain.rule import Rule
from alertwhisperer.domain.severity import Severity
from alertwhisperer.guard.vault import Vault
from alertwhisperer.ingest.credentials import without_key
from alertwhisperer.ingest.integrations import checked_draft
from alertwhisperer.ingest.reading import inbound_again, members_of, parse
from alertwhisperer.ingest.request import wanted_headers
from alertwhisperer.ingest.routes import load_routes
from alertwhisperer.ingest.routing import Routes, folded
from alertwhisperer.kit.ids import index_of
from alertwhisperer.sources import native
from alertwhisperer.sources._explained import Explained, Why
from alertwhisperer.sources.contract import READS_HEADERS, Parsed, Source
from alertwhisperer.store import deliveries, quarantine, replay
from alertwhisperer.store import integrations as rows
from alertwhisperer.store.database import Database, Unit

__all__ = ["LONGEST_BODY", "MOST_SHOWN", "Pasted", "Received", "Tried", "Why", "told", "try_on"]

MOST_SHOWN = 200
"""Alerts of one body that a trial shows."""
LONGEST_BODY = 1_000_000

_encode = msgspec.json.encode


class Pasted(msgspec.Struct, frozen=True):
    """A request as somebody who has none of it yet writes it down; names of headers in lower case."""

    body: str
    headers: dict[str, str] = {}
    query: dict[str, str] = {}


class Received(msgspec.Struct, frozen=True):
    """A request that is here: exactly one of a delivery and a unit of quarantine."""

    delivery_id: UUID | None = None
    quarantine_id: UUID | None = None


class Difference(msgspec.Struct, frozen=True):
    """What is stored of one member otherwise than it would be read now."""

    index: int
    field: str
    stored: str | None
    now: str | None


class Routed(msgspec.Struct, frozen=True):
    """Whose an alert of an MSP-wide integration is; no company: it would wait in quarantine."""

    customer: str
    company_id: CompanyId | None


class Group(msgspec.Struct, frozen=True):
    """The rule and the key by which a firing alert would join others."""

    rule_id: str
    rule_name: str
    key: str


class Tried(msgspec.Struct, frozen=True):
    """
    What would come of a body.

    Attributes:
        source: slug of the one that read it; parser: its version.
        unreadable: why all of it would wait in quarantine, when it would.
        occurrences: in the order of the body, each with its place among the members.
        routes: by that place, of an integration for many companies.
        groups: by that place, of firing alerts of the company's own.
        left_out: members beyond the shown ones.
        explained: why each field became what it is, of a source that is told where things stand.
        differences: from what is stored; None of a pasted body.
        unread_headers: of a pasted request, what the integration does not read.
    """

    integration_id: UUID
    source: str
    parser: int
    received_at: datetime
    unreadable: Unreadable | None
    occurrences: tuple[tuple[int, Occurrence], ...]
    refused: tuple[Refused, ...]
    routes: dict[int, Routed]
    groups: dict[int, Group]
    left_out: int
    explained: tuple[Explained, ...]
    differences: tuple[Difference, ...] | None
    unread_headers: tuple[str, ...]


class Grouped(Protocol):
    """Which correlation rule takes an alert, and its aggregation key."""

    @property
    def rule(self) -> Rule:
        """The first rule that holds."""

    @property
    def text(self) -> str:
        """The key, for people."""


Match = Callable[[Content, Severity], Grouped]


class _Request(msgspec.Struct, frozen=True):
    """What is to be read: as `reading.inbound_again` takes it."""

    source: Source
    body: bytes
    request: str | None
    received_at: datetime
    stored: dict[int, replay.Parsed] | None = None
    unread_headers: tuple[str, ...] = ()


async def try_on(
    database: Database,
    vault: Vault,
    sources: Mapping[str, Source],
    scope: Scope,
    integration_id: UUID,
    given: Pasted | Received,
    *,
    settings: Mapping[str, object] | None = None,
    match: Match,
    now: datetime,
) -> Tried:
    """
    Read a body as the integration would.

    Args:
        settings: a draft, whole; `***` stands for a secret that is there. None: the integration's own.
        match: the company's rules.
        now: when a pasted body arrives, aware UTC.

    Raises:
        NotFound: the scope's company has no such integration in use, delivery or unit, or the body is gone.
        Invalid: the draft is refused, as saving it would be.
        Conflicting: this version does not know the source.
    """
    async with database.unit_of_work(scope) as unit:
        integration = await rows.get(unit, integration_id)
        if integration is None or integration.removed_at is not None:
            raise NotFound(f"there is no integration {integration_id}", where="integration_id", mend="list them")
        draft = integration.settings if settings is None else checked_draft(vault, sources, integration, settings)
        if isinstance(given, Pasted):
            asked = _pasted(sources, integration, draft, given, now)
        else:
            asked = await _received(unit, sources, integration, given)
    routes = None if integration.route_by is None else await load_routes(database, integration)
    # Bounded by the parsers' own limits, and beside the event loop, which serves others meanwhile.
    return await asyncio.to_thread(_tried, integration, asked, draft, routes, match)


def _source(sources: Mapping[str, Source], slug: str) -> Source:
    source = sources.get(slug)
    if source is None:
        raise Conflicting(f"this version does not know the source {slug!r}", where="source")
    return source


def _pasted(
    sources: Mapping[str, Source],
    integration: Integration,
    settings: Mapping[str, object],
    given: Pasted,
    now: datetime,
) -> _Request:
    body = given.body.encode("utf-8", "replace")
    if len(body) > LONGEST_BODY:
        raise Invalid(f"a sample has at most {LONGEST_BODY} bytes", where="sample.body", mend="send it, then try that")
    source = _source(sources, native.SOURCE.slug if integration.is_stand_in else integration.source)
    own = settings.get(READS_HEADERS.name) if READS_HEADERS in source.settings else None
    names = (*source.reads_headers, *(own if isinstance(own, list) else ()))
    headers = {name.lower(): value for name, value in given.headers.items()}
    read = wanted_headers(headers, names)
    method = source.methods[0] if source.methods else "POST"
    request = {"method": method, "query": without_key(given.query), "headers": read}
    return _Request(source, body, _encode(request).decode(), now, None, tuple(sorted(headers.keys() - read.keys())))


async def _received(unit: Unit, sources: Mapping[str, Source], integration: Integration, given: Received) -> _Request:
    delivery_id = given.delivery_id
    if given.quarantine_id is not None:
        waiting = await quarantine.read(unit, given.quarantine_id)
        if waiting is None or waiting.integration_id != integration.id:
            raise NotFound(
                f"the integration has no unit {given.quarantine_id} in quarantine", where="quarantine_id", mend=_LIST
            )
        delivery_id = waiting.delivery_id
    assert delivery_id is not None  # noqa: S101 - one of the two is there
    row = await deliveries.read(unit, delivery_id)
    kept = await deliveries.body(unit, delivery_id)
    if row is None or kept is None or row.integration_id != integration.id:
        raise NotFound(f"the integration has no delivery {delivery_id}", where="delivery_id", mend=_LIST)
    stored = {index_of(one.id): one for one in await replay.members_of(unit, delivery_id)}
    return _Request(_source(sources, row.source), kept.body, kept.request, row.received_at, stored)


def _tried(
    integration: Integration, asked: _Request, settings: Mapping[str, object], routes: Routes | None, match: Match
) -> Tried:
    source = asked.source
    inbound = inbound_again(source, asked.body, asked.request, settings, asked.received_at)
    parsed = inbound if isinstance(inbound, Unreadable) else parse(source, inbound)
    explained: tuple[Explained, ...] = ()
    if not isinstance(inbound, Unreadable) and source.explain is not None:
        explained = source.explain(inbound)
    members = members_of(parsed, integration.id.bytes)
    said = parsed if isinstance(parsed, Parsed) else Parsed(())
    whole = members[0].told if not said.occurrences and not said.refused else None
    shown = said.occurrences[:MOST_SHOWN]
    refused = said.refused[:MOST_SHOWN]
    differences = None
    if asked.stored is not None:
        today = {one.index: one.told for one in members}
        if routes is not None:
            # What can be read went to companies, and is stored with them.
            today = {index: unit for index, unit in today.items() if not isinstance(unit, Normalized)}
            kept = {index: one for index, one in asked.stored.items() if index in today}
        else:
            kept = asked.stored
        differences = tuple(_differences(kept, today))[:MOST_SHOWN]
    return Tried(
        integration.id,
        source.slug,
        source.version,
        asked.received_at,
        whole if isinstance(whole, Unreadable) else None,
        shown,
        refused,
        {} if routes is None else {place: _routed(one, routes) for place, one in shown},
        {} if routes is not None else {place: _group(one, match) for place, one in shown if one.kind is Kind.FIRING},
        len(said.occurrences) - len(shown) + len(said.refused) - len(refused),
        explained,
        differences,
        asked.unread_headers,
    )


def _routed(occurrence: Occurrence, routes: Routes) -> Routed:
    customer = occurrence.content.labels.get(routes.label, "")
    target = routes.targets.get(folded(customer))
    return Routed(customer, None if target is None else target.company_id)


def _group(occurrence: Occurrence, match: Match) -> Group:
    found = match(occurrence.content, Severity(occurrence.severity or Severity.MEDIUM))
    return Group(found.rule.id, found.rule.name, found.text)


def told(tried: Tried) -> dict[str, Any]:
    """A trial as doors answer it."""
    return {
        "integration_id": tried.integration_id,
        "source": tried.source,
        "parser": tried.parser,
        "received_at": tried.received_at,
        "unreadable": None if tried.unreadable is None else _unreadable(tried.unreadable),
        "occurrences": [_occurrence(place, one, tried) for place, one in tried.occurrences],
        "refused": [msgspec.structs.asdict(one) for one in tried.refused],
        "left_out": tried.left_out,
        "explained": [_explained(one) for one in tried.explained],
        "differences": None
        if tried.differences is None
        else [msgspec.structs.asdict(one) for one in tried.differences],
        "unread_headers": list(tried.unread_headers),
    }


def _unreadable(unit: Unreadable) -> dict[str, Any]:
    return {"reason": unit.reason, "what": unit.what, "where": unit.where, "mend": unit.mend}


def _occurrence(place: int, one: Occurrence, tried: Tried) -> dict[str, Any]:
    group, routed = tried.groups.get(place), tried.routes.get(place)
    content = one.content
    return {
        "index": place,
        "kind": one.kind.name.lower(),
        "note": one.note,
        "asset": content.asset,
        "signature": content.signature,
        "severity": None if one.severity is None else one.severity.word,
        "message": content.message,
        "source": content.source,
        "problem": one.problem,
        "cycle": one.cycle,
        "started_at": one.started_at,
        "ended_at": one.ended_at,
        "labels": content.labels,
        "links": content.links,
        "group": None if group is None else msgspec.structs.asdict(group),
        "route": None if routed is None else msgspec.structs.asdict(routed),
    }


def _explained(one: Explained) -> dict[str, Any]:
    fields = [
        {**msgspec.structs.asdict(each), "candidates": [msgspec.structs.asdict(way) for way in each.candidates]}
        for each in one.fields
    ]
    return {"index": one.index, "filter": one.filter, "fields": fields}


def _differences(
    stored: Mapping[int, replay.Parsed], today: Mapping[int, Normalized | Refused | Unreadable]
) -> list[Difference]:
    found: list[Difference] = []
    for index in sorted(stored.keys() | today.keys()):
        before, after = _as_stored(stored.get(index)), _as_today(today.get(index))
        if before != after:
            found.extend(
                Difference(index, name, before.get(name), after.get(name))
                for name in sorted(before.keys() | after.keys())
                if before.get(name) != after.get(name)
            )
    return found


_Facts = dict[str, str | None]


def _as_stored(one: replay.Parsed | None) -> _Facts:
    if one is None:
        return {"state": "absent"}
    if one.problem is None:
        return {"state": "quarantined" if one.outcome == Outcome.QUARANTINED else "rejected"}
    return _facts(one.kind, one.severity, one.problem, one.cycle)


def _as_today(unit: Normalized | Refused | Unreadable | None) -> _Facts:
    if unit is None:
        return {"state": "absent"}
    if isinstance(unit, Unreadable):
        return {"state": "quarantined"}
    if isinstance(unit, Refused):
        return {"state": "rejected"}
    cycle = None if unit.cycle is None else UUID(bytes=unit.cycle)
    return _facts(unit.kind, unit.severity, UUID(bytes=unit.problem), cycle)


def _facts(kind: int, severity: int | None, problem: UUID, cycle: UUID | None) -> _Facts:
    return {
        "state": "understood",
        "kind": Kind(kind).name.lower(),
        "severity": None if severity is None else Severity(severity).word,
        "problem": str(problem),
        "cycle": None if cycle is None else str(cycle),
    }


_LIST = "list the deliveries, or what waits in quarantine"
