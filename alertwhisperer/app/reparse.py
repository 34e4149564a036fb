"""Parses a company's raw bodies again with today's parsers, and lists what would come out otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from alertwhisperer.domain.delivery import Normalized, Unreadable
from alertwhisperer.ingest.reading import members_of, read_again
from alertwhisperer.kit.ids import index_of
from alertwhisperer.sources.contract import Source
from alertwhisperer.store import integrations, replay
from alertwhisperer.store.database import Unit

_MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Reread:
    """A member that today's parser understands otherwise."""

    delivery_id: UUID
    index: int
    stored: str
    today: str


@dataclass(slots=True)
class Reparsed:
    """What parsing again found; `differences` holds the first hundred of `different`."""

    deliveries: int = 0
    members: int = 0
    different: int = 0
    differences: list[Reread] = field(default_factory=list)


async def reparse(unit: Unit, sources: Mapping[str, Source]) -> Reparsed:
    """Parse every body that is kept, with the settings it was parsed with; changes nothing."""
    found = Reparsed()
    shared = await integrations.shared_ids(unit)
    async for raw in replay.deliveries(unit):
        found.deliveries += 1
        source = sources.get(raw.source)
        settings = await integrations.settings_of(unit, raw.integration_id, raw.settings_version)
        if source is None or settings is None:
            continue
        stored = {index_of(one.id): one for one in await replay.members_of(unit, raw.id)}
        parsed = read_again(source, raw.body, raw.request, settings, raw.received_at)
        today = {one.index: one.told for one in members_of(parsed, raw.integration_id.bytes)}
        if raw.integration_id in shared:
            # What could be read went to companies, and is compared there; a few units still wait for theirs.
            readable = {index for index, told in today.items() if isinstance(told, Normalized)}
            today = {index: told for index, told in today.items() if index not in readable}
            stored = {index: one for index, one in stored.items() if index not in readable}
        for index in sorted(stored.keys() | today.keys()):
            found.members += 1
            before, after = _stored(stored.get(index)), _today(today.get(index))
            if before != after:
                found.different += 1
                if len(found.differences) < _MOST_SHOWN:
                    found.differences.append(Reread(raw.id, index, before, after))
    return found


def _stored(one: replay.Parsed | None) -> str:
    if one is None:
        return "absent"
    if one.problem is None:
        return "quarantined" if one.outcome == 7 else "rejected"
    return f"kind {one.kind}, severity {one.severity}, problem {one.problem}, cycle {one.cycle}"


def _today(told: object) -> str:
    if told is None:
        return "absent"
    if isinstance(told, Normalized):
        cycle = told.cycle and UUID(bytes=told.cycle)
        return f"kind {told.kind}, severity {told.severity}, problem {UUID(bytes=told.problem)}, cycle {cycle}"
    return "quarantined" if isinstance(told, Unreadable) else "rejected"
