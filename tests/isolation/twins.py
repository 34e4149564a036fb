"""
Two companies that are twins: every row of one has a row of the other with the same ids and another content.

All primary keys begin with the company, so the database allows it, and nothing but the company tells the rows apart.
Beside the twin rows each company has rows of its own, and the second has some that reach into an incident of the first
by its id. A statement that forgets the company cannot but show, count or change what is not its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from alertwhisperer.store.database import Connection
from tests.isolation.ids import OURS, THEIRS, Ids, Twins, spare, version_of
from tests.isolation.shown import show


async def make_twins(owner: Connection) -> Twins:
    """Fill a migrated, empty database; `owner` bypasses row-level security."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    sets = [Ids(name, now, later) for later, name in enumerate(("twin", "ours", "theirs", "past", "nowhere"))]
    twins = Twins(now, *sets)
    tables = await _tables(owner)
    for company, letter in ((THEIRS, "B"), (OURS, "A")):  # in this order: what takes any row takes theirs
        own = twins.theirs if letter == "B" else twins.ours
        for name in ("tenant", "company", *(table for table in tables if table not in ("tenant", "company"))):
            for ids in (twins.twin, own):
                if name in _LATER or (name in _ONCE and ids is not twins.twin):
                    continue
                await _insert(owner, name, tables[name], _row(name, company, letter, ids))
        await _stand_on_each_other(owner, tables, twins, company, letter, own)
    await _reach_over(owner, tables, twins)

    async def put(company: UUID, table: str, ids: Ids, **more: object) -> None:
        letter = "A" if company is OURS else "B"
        await _insert(owner, table, tables[table], {**_row(table, company, letter, ids), **more})

    await show(owner, put, twins)
    return twins


_ONCE = frozenset(
    {"tenant", "company", "rate_bucket", "kill_switch", "audit_head", "baseline", "external_id", "run_policy"}
)  # one row a company
_LATER = frozenset({"asset_edge"})  # it needs two assets
_FOR_ALL = {"kill_switch_for_all", "freeze_for_all", "audit_checkpoint", "audit_witness"}
_SKIPPED = frozenset(
    {"app_user", "api_token", "user_company", "user_group", "schema_migration", "uptime"} | _FOR_ALL
)  # no tenant's
_FIRST = (
    *("tenant", "company", "integration", "site", "asset", "credential", "approval", "run", "run_target"),
    "maintenance_window",
)  # others refer to them


async def _tables(owner: Connection) -> dict[str, dict[str, str]]:
    """Columns and their types of every table that names a company."""
    rows = await owner.fetch(
        "SELECT c.relname, a.attname, format_type(a.atttypid, NULL) AS kind FROM pg_class c"
        " JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace"
        " AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped"
        " ORDER BY c.relname, a.attnum"
    )
    found: dict[str, dict[str, str]] = {name: {} for name in _FIRST}
    for row in rows:
        if row["relname"] not in _SKIPPED:
            found.setdefault(row["relname"], {})[row["attname"]] = row["kind"]
    return {name: columns for name, columns in found.items() if "company_id" in columns}


Row = Mapping[str, object]


def _row(table: str, company: UUID, letter: str, ids: Ids) -> Row:
    """The values that matter; the others follow from their types."""
    number = {"A": 1, "B": 1000}[letter]
    chosen: dict[str, object] = {
        "company_id": company,
        "id": _identity(table, ids),
        "delivery_id": ids.delivery,
        "alert_id": ids.alert,
        "incident_id": ids.incident,
        "version": version_of(ids),
        "requests": 5 * number,
        "filled_at": ids.now + timedelta(days=1),  # so that nothing flows in meanwhile
    }
    by_table: dict[str, dict[str, object]] = {
        "company": {"time_zone": "UTC", "requests_per_minute": 1000 * number},
        "key_index": {"hash": ids.other(f"hash of {letter}")},
        "incident_state": {"status": 3},
        "occurrence": {"kind": 1, "outcome": 1, "seq": 1, "place": 1},
        "quarantine": {"state": "waiting", "reason": "unmapped", "subject": ids.name},
        "source_action": {"state": "awaiting_approval", "kind": "confirm", "subject": "topic"},
        "integration": {
            "scheme": "alertwhisperer",
            "shared_id": ids.other("shared_id") if ids.name == "twin" else None,
        },
        "act": {"kind": "resolve"},
        "silence_check": {
            "check_id": ids.other("check_id"),
            "problem": ids.other("problem"),
            "mode": "set",
            "state": "heard",
            "grace_s": 60,
            "learned": "{}",
            "quiet_since": None,
            "episode": None,
        },
        "binding_check": {"checked_at": ids.now + timedelta(hours=1)},  # since its credential was rotated
        "credential": {"name": f"{ids.name} of {letter}"},
        "company_group": {"name": f"{ids.name} of {letter}"},
        "site": {"name": f"{ids.name} of {letter}"},
        "inherited_setting": {"name": ids.name},
        "company_setting": {"name": ids.name, "origin": "company"},
        "route": {"value": ids.name},
        "asset_name": {"name": f"{ids.name} of {letter}", "origin": "own"},
        "asset_edge": {
            "kind": "depends_on",
            "from_asset": ids.other("asset_id"),
            "to_asset": spare("below", ids.now).other("asset_id"),
        },
        "audit_link": {"seq": version_of(ids), "entry_id": ids.other("audit_entry")},
        "audit_pending": {"entry_id": ids.other("audit_entry")},
        "crossing": {"who": ids.name},
        "approval": {
            **{"risk": "low", "state": "asked", "needed": 1, "hash": bytes(32), "settled_by": ""},
            "expires_at": ids.now + timedelta(hours=1),
        },
        "approval_decision": {"answer": "approve"},
        "run": {
            **{"risk": "low", "shell": "sh", "state": "waiting_for_approval", "at_once": 1, "stop_at_failed_pct": 0},
            **{"fence": 0, "reason": "asked", "version": "1", "cancelled_by": "", "by_itself": True},
        },
        "run_target": {"state": "waiting_for_approval", "place": 0, "runbook": "both"},
        "run_act": {"phase": "act", "ending": None},
        "run_parameter": {"parameter": ids.name},
        "run_healing": {"state": "provisional", "until": ids.now + timedelta(hours=1)},
        "report": {
            **{"format": "pdf", "state": "queued", "ends_at": ids.now + timedelta(hours=1)},
            **dict.fromkeys(("body", "sha256", "size", "schedule_id")),
        },
        "report_schedule": {"every": "week", "day": 1, "hour": 6},
        "baseline": {"kind": "typed", "ends_at": ids.now + timedelta(hours=1)},
        "company_runbook": {"slug": f"runbook-{ids.name}", "body": b"of " + letter.encode()},
        "runbook_override": {"slug": f"runbook-{ids.name}", "risk": "high"},
        "freeze_window": {"place": version_of(ids), "ends_at": ids.now + timedelta(hours=1)},
        "alert": {"asset_name": "both"},
        "audit_entry": {"resource_id": "both"},
        "feed": {"state": "ok", "interval_s": 10 * number, "sequence": 4},
        "due_work": {"kind": "resolve_incident", "subject": ids.incident},
        "refusal_count": {"reason": "rate_limited", "at": _counted_at(letter, ids)},
        "ledger_count": {"at": _counted_at(letter, ids)},
        "ledger_minute": {"at": _minute(ids)},
        "alert_quarter": {"start": _minute(ids)},
        "push_notice": {"state": "sent"},
        "promise": {"kept_at": None, "dropped_at": None},
        "handover": {"state": "offered", "companies": []},
        "on_call_version": {
            **{"holds_until": None, "removed": False},
            "plan": f'{{"of": "{letter}", "layers": [{{"people": ["{ids.other("user_id")}"]}}]}}',
        },
        "on_call_change": {
            **{"kind": "override", "state": "agreed", "event": ids.name, "other_id": ids.other("other_id")},
            **dict.fromkeys(("other_starts_at", "other_ends_at")),
            **dict.fromkeys(("ends_at", "last_at"), ids.now + timedelta(hours=1)),
        },
        "handover_incident": {"outcome": "offered"},
        "maintenance_window": {"sites": [], "assets": [ids.other("asset_id")], "ended_at": None, "ended_by": None},
        "maintenance_span": {"ends_at": ids.now + timedelta(hours=1)},
    }
    return {"letter": letter, "number": number, "ids": ids, **chosen, **by_table.get(table, {})}


def _identity(table: str, ids: Ids) -> UUID:
    families = {
        "delivery": ids.delivery,
        "occurrence": ids.occurrence,
        "receipt": ids.occurrence,
        "quarantine": ids.occurrence,
        "suppression": ids.occurrence,
        "alert": ids.alert,
        "incident": ids.incident,
    }
    return families.get(table) or ids.other(table)


def _counted_at(letter: str, ids: Ids) -> datetime:
    """In one minute: one counter of ours and two of theirs, so that only they have something to fold there."""
    earlier = ids.now - timedelta(minutes=30)
    if ids.name == "twin":
        return earlier + timedelta(seconds=10)
    return earlier + (timedelta(seconds=20) if letter == "B" else timedelta(minutes=1))


def _minute(ids: Ids) -> datetime:
    """A whole quarter of an hour, another one for each set of ids."""
    midnight = ids.now.replace(hour=0, minute=0)
    return midnight - timedelta(minutes=15 * ids.later)


_UNSET = frozenset(
    {"removed_at", "revoked_at", "settled_at", "settled_by", "merged_into", "split_from", "resolved_by", "snoozed_by"}
    | {"output_removed_at"}
)


async def _insert(owner: Connection, table: str, columns: Mapping[str, str], row: Row) -> None:
    values = [_value(name, kind, row) for name, kind in columns.items()]
    places = ", ".join(f"${place}" for place in range(1, len(values) + 1))
    names = ", ".join(f'"{name}"' for name in columns)
    await owner.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", *values)  # noqa: S608 - from the catalogue


def _value(name: str, kind: str, row: Row) -> object:
    if name in row:
        return row[name]
    if name in _UNSET:
        return None
    ids, letter, number = row["ids"], row["letter"], row["number"]
    assert isinstance(ids, Ids)
    assert isinstance(number, int)
    by_kind: dict[str, object] = {
        "uuid": ids.other(name),
        "text[]": [f"of {letter}"],
        "text": "{}" if name in ("labels", "links", "facts", "request") else f"of {letter}",
        "smallint": 1 if name in ("status", "parser") else (2 if letter == "A" else 5),
        "integer": number,
        "bigint": number,
        "xid8": number,
        "double precision": float(number),
        "boolean": False,
        "timestamp with time zone": ids.now,
        "bytea": f"of {letter}".encode(),
        "jsonb": f'{{"of": "{letter}"}}',
    }
    return by_kind[kind]


async def _stand_on_each_other(
    owner: Connection, tables: Mapping[str, Mapping[str, str]], twins: Twins, company: UUID, letter: str, own: Ids
) -> None:
    """Edges between assets, a name that both have, one that no asset has, and a site where nothing is."""

    async def put(table: str, ids: Ids, **more: object) -> None:
        await _insert(owner, table, tables[table], {**_row(table, company, letter, ids), **more})

    merged = spare("merged", twins.now)
    await put("site", merged)
    await put("credential", merged)
    await put("asset", spare("below", twins.now), site_id=None)
    await put("asset", merged, site_id=None, merged_into=twins.twin.other("asset_id"))
    await put("asset_name", twins.twin, name="both", origin="alias")
    await put("asset_name", twins.twin, name=f"seen of {letter}", asset_id=None, origin="seen")
    for ids in (twins.twin, own):
        await put("asset_edge", ids)
    if letter == "B":  # what ours was shown ended, by their log
        await put("audit_entry", merged, id=UUID(int=(1 << 128) - 1))
    made = f"of {letter}".encode()
    await put("report", merged, state="made", body=made, size=len(made), sha256=bytes(32))
    # Of the same thing ours is decided and theirs is open.
    await put("approval", merged, state="asked" if letter == "B" else "refused")
    await put("approval_touch", merged, kind="asset", resource_id="both")
    # Of a run that is over, on an asset on which another one waits.
    await put("run", merged, state="failed")
    await put("run_target", merged, state="failed", asset_id=twins.twin.other("asset_id"))
    await put("run_healing", merged)


async def _reach_over(owner: Connection, tables: Mapping[str, Mapping[str, str]], twins: Twins) -> None:
    """Rows that make a difference only where two tables are joined."""

    async def put(company: UUID, letter: str, ids: Ids, incident: UUID, *names: str) -> None:
        for name in names:
            await _insert(owner, name, tables[name], {**_row(name, company, letter, ids), "incident_id": incident})

    joined, past = Ids("joined", twins.now, 9), twins.past
    crowd = twins.now - timedelta(minutes=20)  # a minute in which we have something to fold, and they have counted too
    for company, letter, name in ((THEIRS, "B", "one"), (OURS, "A", "one"), (OURS, "A", "two")):
        for table in ("ledger_count", "refusal_count"):
            row = {**_row(table, company, letter, Ids(name, twins.now, 0)), "at": crowd}
            await _insert(owner, table, tables[table], row)
    # They have newer alerts in what is, by its id, our incident: they must not crowd ours out of a limited list.
    await put(THEIRS, "B", joined, twins.twin.incident, "alert", "alert_state")
    await _reach_into_the_log(owner, tables, twins)
    # Ours are long over; theirs, of the same ids, were opened, acknowledged and resolved within the hour.
    for moment in ("opened_at", "acknowledged_at", "resolved_at"):
        aged, old = Ids(moment, twins.now, 30), twins.now - timedelta(days=40)
        long_over = {"opened_at": old, "acknowledged_at": None, "resolved_at": old}
        for company, letter, moments in ((THEIRS, "B", {**long_over, moment: twins.now}), (OURS, "A", long_over)):
            for name in ("incident", "incident_state"):
                row = {**_row(name, company, letter, aged), "incident_id": aged.incident, **moments}
                await _insert(owner, name, tables[name], row)
    # Our alert's problem has gone on, so it has no state; theirs says that it belongs elsewhere.
    await put(OURS, "A", past, past.incident, "alert", "incident", "incident_state")
    await put(THEIRS, "B", past, twins.theirs.incident, "alert", "alert_state")


async def _reach_into_the_log(owner: Connection, tables: Mapping[str, Mapping[str, str]], twins: Twins) -> None:
    """Audit entries, links, keys and places in the waiting list that meet only across the two companies."""

    async def put(table: str, company: UUID, **more: object) -> None:
        letter = "A" if company is OURS else "B"
        row = {**_row(table, company, letter, Ids(f"{table} {more}", twins.now, 0)), **more}
        await _insert(owner, table, tables[table], row)

    linked, waiting, gone = (twins.nowhere.other(name) for name in ("linked there", "waits there", "gone here"))
    await put("audit_entry", OURS, id=linked)
    await put("audit_link", THEIRS, seq=0, entry_id=linked)
    await put("audit_entry", OURS, id=waiting)
    await put("audit_pending", THEIRS, entry_id=waiting)
    await put("audit_link", THEIRS, seq=40, entry_id=waiting)
    await put("audit_entry", THEIRS, id=gone)
    await put("audit_link", OURS, seq=0, entry_id=gone)
    await put("audit_entry", OURS, subject=twins.theirs.other("subject"))
    await put("audit_entry", THEIRS, id=twins.twin.other("audit_log"))


def tenant_tables(tables: Sequence[str]) -> list[str]:
    """Those whose rows belong to a company, without the doors' own lists."""
    return [name for name in tables if name not in ("tenant", "key_index")]


async def table_names(owner: Connection) -> list[str]:
    """All that have rows of the twins."""
    return tenant_tables(list(await _tables(owner)))
