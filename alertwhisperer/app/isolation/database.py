"""
The wall of the database, apart from the code: what the application's role sees of one company while in another, and
whether the real database has the policies that this version makes.
"""

from alertwhisperer.app.isolation.report import Finding
from alertwhisperer.app.isolation.sides import Side
from alertwhisperer.store import isolation
from alertwhisperer.store.database import Connection


async def rows_seen(app: Connection, own: Side, other: Side) -> tuple[int, list[Finding]]:
    """How many tables were asked for the other's rows, as the application in the name of `own`, and what showed any."""
    seen = await isolation.rows_seen(app, own.company_id, other.company_id)
    found = [Finding("database", table, f"shows {rows} rows of the other") for table, rows in seen.items() if rows]
    return len(seen), found


async def policies_differ(real: Connection, scratch: Connection) -> tuple[int, list[Finding]]:
    """How many tables' policies were compared, and where the real database's are not what this version makes."""
    wanted, found = await isolation.policies(scratch), await isolation.policies(real)
    differing = [table for table in sorted(wanted) if wanted[table] != found.get(table)]
    what = "row-level security is not as this version makes it"
    return len(wanted), [Finding("policy", table, what) for table in differing]
