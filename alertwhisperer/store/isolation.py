"""What a proof of isolation asks the database, past the code: ids of one company's things, rows seen, policies."""

from collections.abc import Mapping
from types import MappingProxyType
from uuid import UUID

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.store.database import SET_COMPANIES, Connection, setting_of

# Where one of a company's own things is, by the name that routes give it.
_IDS: Mapping[str, str] = MappingProxyType(
    {
        "company_id": "SELECT company_id FROM company WHERE company_id = $1",
        "integration_id": "SELECT integration_id FROM integration WHERE company_id = $1 ORDER BY 1 DESC",
        "key_id": "SELECT key_id FROM integration_key WHERE company_id = $1",
        "alert_id": "SELECT id FROM alert WHERE company_id = $1",
        "incident_id": "SELECT incident_id FROM incident_state WHERE company_id = $1 AND status >= 2",
        "delivery_id": "SELECT id FROM delivery WHERE company_id = $1",
        "quarantine_id": "SELECT id FROM quarantine WHERE company_id = $1",
        "site_id": "SELECT site_id FROM site WHERE company_id = $1",
        "asset_id": "SELECT asset_id FROM asset WHERE company_id = $1",
        "edge_id": "SELECT edge_id FROM asset_edge WHERE company_id = $1",
        "contact_id": "SELECT contact_id FROM contact WHERE company_id = $1",
        "credential_id": "SELECT credential_id FROM credential WHERE company_id = $1",
        "check_id": "SELECT check_id FROM silence_check WHERE company_id = $1",
        "report_id": "SELECT report_id FROM report WHERE company_id = $1",
        "promise_id": "SELECT promise_id FROM promise WHERE company_id = $1",
        "handover_id": "SELECT handover_id FROM handover_incident WHERE company_id = $1",
        "on_call_id": "SELECT schedule_id FROM on_call_version WHERE company_id = $1",
        "change_id": "SELECT change_id FROM on_call_change WHERE company_id = $1",
        "calendar_feed_id": "SELECT feed_id FROM on_call_feed f JOIN user_company u USING (user_id)"
        " WHERE u.company_id = $1",
        "schedule_id": "SELECT schedule_id FROM report_schedule WHERE company_id = $1",
        "feed_id": "SELECT integration_id FROM feed WHERE company_id = $1",
        "token_id": "SELECT token_id FROM api_token t JOIN user_company u USING (user_id) WHERE u.company_id = $1",
        "session_id": "SELECT session_id FROM user_session JOIN user_company u USING (user_id) WHERE u.company_id = $1",
    }
)

_TABLES = (
    "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
    "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition "
    "AND a.attname = 'company_id' AND c.relrowsecurity ORDER BY 1"
)
_POLICIES = (
    "SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, p.polname, p.polcmd::text, "
    "pg_get_expr(p.polqual, p.polrelid) AS shown, pg_get_expr(p.polwithcheck, p.polrelid) AS taken "
    "FROM pg_class c LEFT JOIN pg_policy p ON p.polrelid = c.oid "
    "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition "
    "ORDER BY c.relname, p.polname"
)


async def ids_of(owner: Connection, company_id: CompanyId) -> dict[str, list[UUID]]:
    """Ids of a company's things by the name that routes give them, as the owner sees them."""
    await owner.execute(SET_COMPANIES.replace("true", "false"), setting_of([company_id]))
    return {noun: [row[0] for row in await owner.fetch(query, company_id)] for noun, query in _IDS.items()}


async def rows_seen(app: Connection, own: CompanyId, other: CompanyId) -> dict[str, int]:
    """How many rows of `other` each tenant table shows to the application in the name of `own`."""
    tables = [row[0] for row in await app.fetch(_TABLES)]
    async with app.transaction():
        await app.execute(SET_COMPANIES, setting_of([own]))
        return {
            table: await app.fetchval(f"SELECT count(*) FROM {table} WHERE company_id = $1", other)  # noqa: S608
            for table in tables
        }


async def policies(connection: Connection) -> dict[str, set[tuple[object, ...]]]:
    """What row-level security says of each table."""
    told: dict[str, set[tuple[object, ...]]] = {}
    for row in await connection.fetch(_POLICIES):
        told.setdefault(row[0], set()).add(tuple(row))
    return told
