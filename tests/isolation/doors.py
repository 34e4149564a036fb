"""
The functions that look before a company is known: their guards, taken out one by one.

They run with their owner's rights, so row-level security does not stand behind them; the guard is the only wall.
"""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.store.database import SET_COMPANIES, Connection, setting_of
from alertwhisperer.store.migrate import APP_ROLE
from tests.isolation.ids import OURS, THEIRS, Twins


@dataclass(frozen=True)
class Guard:
    """A condition inside a function, and a call that it must refuse or keep to our own rows."""

    function: str
    written: str
    without: str
    call: str
    company: str  # whose id the call names: `ours` or `theirs`


GUARDS = (
    Guard("enter_key", "company <> ALL", "false AND company <> ALL", "SELECT enter_key($2, $1, $3, $3)", "theirs"),
    Guard("forget_key", "company <> ALL", "false AND company <> ALL", "SELECT forget_key($1, $3), $2::uuid", "theirs"),
    Guard(
        "forget_key",
        "k.company_id = company",
        "(k.company_id = company OR true)",
        "SELECT forget_key($1, $3), $2::uuid",
        "ours",
    ),
)


async def doors(owner: Connection, twins: Twins, lines: list[str], survived: list[str]) -> None:
    """Try each guard: the function as written leaves the other's keys alone, without the guard it does not."""
    for guard in GUARDS:
        label = f"{guard.function}(): {guard.written}"
        before = await _keys(owner)
        kept = await _theirs_after(owner, twins, guard, mutated=False) == before
        caught = await _theirs_after(owner, twins, guard, mutated=True) != before
        lines.append(f"{'caught' if kept and caught else 'SURVIVED'}: {label}")
        if not (kept and caught):
            survived.append(label)


async def _theirs_after(owner: Connection, twins: Twins, guard: Guard, *, mutated: bool) -> list[str]:
    """Keys of the other company after our application's call; rolled back."""
    transaction = owner.transaction()
    await transaction.start()
    try:
        if mutated:
            text = await owner.fetchval("SELECT pg_get_functiondef($1::regproc)", guard.function)
            assert guard.written in text, f"{guard.function}() has no {guard.written!r} any more"
            await owner.execute(text.replace(guard.written, guard.without))
        company = THEIRS if guard.company == "theirs" else OURS
        savepoint = owner.transaction()
        await savepoint.start()
        try:
            await owner.execute(SET_COMPANIES, setting_of([CompanyId(OURS)]))
            await owner.execute(f"SET LOCAL ROLE {APP_ROLE}")
            await owner.fetch(guard.call, company, twins.nowhere.other("hash"), twins.twin.other("key_id"))
            await owner.execute("RESET ROLE")
            await savepoint.commit()
        except asyncpg.InsufficientPrivilegeError:
            await savepoint.rollback()
        return await _keys(owner)
    finally:
        await transaction.rollback()


async def _keys(owner: Connection) -> list[str]:
    return [
        str(row[0]) for row in await owner.fetch("SELECT hash FROM key_index WHERE company_id = $1 ORDER BY 1", THEIRS)
    ]
