"""Keeps a company's own runbooks as the files they are, and what it wants otherwise in any."""

from dataclasses import dataclass, field
from datetime import datetime

import asyncpg
import msgspec

from alertwhisperer.domain.approval import Risk
from alertwhisperer.domain.runbook import Override
from alertwhisperer.store.database import Unit, queries

MOST_OWN = 200
MOST_OVERRIDES = 500

_sql = queries("runbooks")


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A runbook of the company's own, unread; who put it there, and when (aware UTC)."""

    slug: str
    version: int
    body: bytes = field(repr=False)
    set_by: str
    set_at: datetime


@dataclass(frozen=True, slots=True)
class KeptOverride:
    """What the company wants otherwise; who said so, and when (aware UTC)."""

    override: Override
    set_by: str
    set_at: datetime


async def own(unit: Unit) -> dict[str, OwnFile]:
    """The company's own runbooks by slug, in the slugs' order."""
    rows = _sql.own(unit.connection, company_id=unit.company_id, limit=MOST_OWN)
    return {row["slug"]: OwnFile(**dict(row)) async for row in rows}


async def put_own(unit: Unit, slug: str, version: int, body: bytes, *, now: datetime) -> None:
    """Keep a file that was read and found right, in place of the one of its name."""
    await _sql.put_own(
        unit.connection,
        company_id=unit.company_id,
        slug=slug,
        version=version,
        body=body,
        set_by=unit.scope.actor,
        now=now,
    )


async def remove_own(unit: Unit, slug: str) -> bool:
    """Forget one; False when there was none."""
    return await _sql.remove_own(unit.connection, company_id=unit.company_id, slug=slug) is not None


async def overrides(unit: Unit) -> dict[str, KeptOverride]:
    """What the company wants otherwise, by slug."""
    rows = _sql.overrides(unit.connection, company_id=unit.company_id, limit=MOST_OVERRIDES)
    return {row["slug"]: _override(row) async for row in rows}


async def put_override(unit: Unit, slug: str, override: Override, *, now: datetime) -> None:
    """Want it so from now on, in place of what was wanted before."""
    await _sql.put_override(
        unit.connection,
        company_id=unit.company_id,
        slug=slug,
        risk=None if override.risk is None else override.risk.value,
        disabled=override.disabled,
        parameters=dict(override.parameters),
        allowed={name: list(values) for name, values in override.allowed.items()},
        note=override.note,
        set_by=unit.scope.actor,
        now=now,
    )


async def remove_override(unit: Unit, slug: str) -> bool:
    """Want nothing otherwise any more; False when nothing was."""
    return await _sql.remove_override(unit.connection, company_id=unit.company_id, slug=slug) is not None


def _override(row: asyncpg.Record) -> KeptOverride:
    return KeptOverride(
        Override(
            risk=None if row["risk"] is None else Risk(row["risk"]),
            disabled=row["disabled"],
            parameters=row["parameters"],
            allowed=msgspec.convert(row["allowed"], dict[str, tuple[str, ...]]),
            note=row["note"],
        ),
        row["set_by"],
        row["set_at"],
    )
