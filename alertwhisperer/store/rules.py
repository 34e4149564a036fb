"""
Keeps a company's correlation rules, version by version; a version that exists is never changed.

A version also holds the names of assets and the maintenance windows as they were when it was made: what alerts are
decided by is one number.
"""

from collections.abc import Mapping
from datetime import datetime

import asyncpg
import msgspec

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.errors import Conflicting, NotFound
from alertwhisperer.domain.rule import Rule, RuleSet, check
from alertwhisperer.domain.window import HeldTime, micros
from alertwhisperer.store import audit, changes, windows
from alertwhisperer.store.database import Unit, queries

_sql = queries("rules")


class RuleVersion(msgspec.Struct, frozen=True):
    """Who made a version of the rules, and when (aware UTC)."""

    version: int
    created_by: str
    created_at: datetime


async def current(unit: Unit) -> RuleSet:
    """The rules that hold now; version 0, the built-in default alone, when none were ever saved."""
    row = await _sql.current(unit.connection, company_id=unit.company_id)
    return RuleSet(0, ()) if row is None else _rule_set(row)


async def by_version(unit: Unit, version: int) -> RuleSet:
    """
    The rules as they were in a version; 0 is the built-in default alone.

    Raises:
        NotFound: there never was such a version.
    """
    if version == 0:
        return RuleSet(0, ())
    row = await _sql.by_version(unit.connection, company_id=unit.company_id, version=version)
    if row is None:
        raise NotFound(f"there is no version {version} of the rules", where="version")
    return _rule_set(row)


async def save(unit: Unit, rules: tuple[Rule, ...], *, now: datetime) -> RuleSet:
    """
    Make these the company's rules, as the next version, with its audit entry; processes are told to read them anew.

    The caller compiles the conditions first (`correlate.rules`): the store knows no CEL.

    Raises:
        Invalid: the rules cannot stand beside each other.
        Conflicting: somebody saved at the same moment.
    """
    check(rules)
    before = await current(unit)
    saved = RuleSet(before.version + 1, rules, before.aliases, await windows.held(unit, now=now))
    await _add(unit, saved, now=now)
    detail = {"version": saved.version, "rules": [rule.id for rule in rules]}
    await audit.write(unit, AuditAction.RULES_CHANGED, Resource("rule_set", str(saved.version)), detail, now=now)
    return saved


async def save_aliases(unit: Unit, aliases: Mapping[str, str], *, now: datetime) -> int:
    """
    Make these the other names of the company's assets, as the next version of its rules, which stay as they are.

    What maintenance windows hold follows the inventory, too. Whoever changes names audits it.

    Returns:
        The version that has these aliases: a new one, or the newest when it has them already.

    Raises:
        Conflicting: somebody saved at the same moment.
    """
    return await _renew(unit, await current(unit), aliases, now=now)


async def save_windows(unit: Unit, *, now: datetime) -> int:
    """
    Make the company's maintenance windows, as they are kept now, part of the next version of its rules.

    Whoever changes windows audits it.

    Returns, raises: as `save_aliases`.
    """
    before = await current(unit)
    return await _renew(unit, before, before.aliases, now=now)


async def _renew(unit: Unit, before: RuleSet, aliases: Mapping[str, str], *, now: datetime) -> int:
    held = await windows.held(unit, now=now)
    if before.aliases == aliases and _to_come(before.windows, now) == held:
        return before.version
    await _add(unit, RuleSet(before.version + 1, before.rules, aliases, held), now=now)
    return before.version + 1


def _to_come(held: tuple[HeldTime, ...], now: datetime) -> tuple[HeldTime, ...]:
    """Windows without the times that are over; without those of which nothing is left."""
    moment = micros(now)
    left = [msgspec.structs.replace(one, spans=tuple(span for span in one.spans if span[1] > moment)) for one in held]
    return tuple(one for one in left if one.spans)


async def _add(unit: Unit, saved: RuleSet, *, now: datetime) -> None:
    try:
        await _sql.add(
            unit.connection,
            company_id=unit.company_id,
            version=saved.version,
            rules=msgspec.to_builtins(saved.rules),
            aliases=dict(saved.aliases),
            windows=msgspec.to_builtins(saved.windows),
            created_by=unit.scope.actor,
            now=now,
        )
    except asyncpg.UniqueViolationError as failure:
        raise Conflicting("the rules were changed at the same moment", mend="read them again, then save") from failure
    await changes.announce(unit)


async def versions(unit: Unit, *, limit: int = 100, before: int | None = None) -> list[RuleVersion]:
    """Who changed the rules when, newest first."""
    rows = _sql.versions(unit.connection, company_id=unit.company_id, before=before, limit=limit)
    return [RuleVersion(**dict(row)) async for row in rows]


def _rule_set(row: asyncpg.Record) -> RuleSet:
    return RuleSet(
        row["version"],
        msgspec.convert(row["rules"], tuple[Rule, ...]),
        row["aliases"],
        msgspec.convert(row["windows"], tuple[HeldTime, ...]),
    )
