"""
Two companies that are twins: every row of one has a row of the other with the same ids and another content.

All primary keys begin with the company, so the database allows it, and nothing but the company tells the rows apart.
Beside the twin rows each company has rows of its own, and the second has some that reach into an incident of the first
by its id. A statement that forgets the company cannot but show, count or change what is not its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from alertwhisperer.kit.ids import KIND_ALERT, KIND_INCIDENT, KIND_OCCURRENCE, delivery_id_int, member
from alertwhisperer.store.database import Connection

OURS, THEIRS, NOBODY = (UUID(int=0x0195_0000_0000_7000_8000_0000_0000_0000 + number) for number in (2, 1, 3))
"""The company that asks, its twin (written first, so that what takes any row takes its row), and one without rows."""

_SPACE = UUID("5b1f7f4e-0d7c-4c55-9a2b-7f2d1b6f0a11")


@dataclass(frozen=True)
class Ids:
    """A set of ids that belong together; `name` makes them, so that equal names are equal ids."""

    name: str
    now: datetime
    later: int

    def _member(self, kind: int) -> UUID:
        entropy = uuid5(_SPACE, self.name).bytes[:10]
        at_ms = int(self.now.timestamp() * 1000) + self.later
        return UUID(int=member(delivery_id_int(at_ms, lambda _: entropy), kind, 0))

    @property
    def delivery(self) -> UUID:
        return self._member(0)

    @property
    def occurrence(self) -> UUID:
        return self._member(KIND_OCCURRENCE)

    @property
    def alert(self) -> UUID:
        return self._member(KIND_ALERT)

    @property
    def incident(self) -> UUID:
        return self._member(KIND_INCIDENT)

    def other(self, what: str) -> UUID:
        """Any other id: of a problem, a key, an integration, …"""
        return uuid5(_SPACE, f"{self.name} {what}")


@dataclass(frozen=True)
class Twins:
    """
    What is in the database.

    Attributes:
        twin: ids that both have; theirs: that the second alone has; past: an alert whose problem has no state with us
            and one with them; nowhere: that nobody has.
    """

    now: datetime
    twin: Ids
    ours: Ids
    theirs: Ids
    past: Ids
    nowhere: Ids


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
    return twins


_ONCE = frozenset({"tenant", "company", "rate_bucket"})  # one row a company
_LATER = frozenset({"asset_edge"})  # it needs two assets
_SKIPPED = frozenset({"app_user", "api_token", "user_company", "schema_migration", "uptime"})  # no tenant's
_FIRST = ("tenant", "company", "integration", "site", "asset")  # others refer to them


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
    return found


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
        "alert": {"asset_name": "both"},
        "feed": {"state": "ok", "interval_s": 10 * number, "sequence": 4},
        "due_work": {"kind": "resolve_incident", "subject": ids.incident},
        "refusal_count": {"reason": "rate_limited", "at": _counted_at(letter, ids)},
        "ledger_count": {"at": _counted_at(letter, ids)},
    }
    return {"letter": letter, "number": number, "ids": ids, **chosen, **by_table.get(table, {})}


def spare(name: str, now: datetime) -> Ids:
    """Ids of more assets that both have: `below` all others, and `merged` into the twin."""
    return Ids(name, now, 20)


def version_of(ids: Ids) -> int:
    """Of rules and settings; theirs is the newest of all."""
    return {"twin": 1, "theirs": 9}.get(ids.name, 7)


def _identity(table: str, ids: Ids) -> UUID:
    families = {
        "delivery": ids.delivery,
        "occurrence": ids.occurrence,
        "receipt": ids.occurrence,
        "quarantine": ids.occurrence,
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


_UNSET = frozenset({"removed_at", "revoked_at", "settled_at", "settled_by", "merged_into", "split_from", "resolved_by"})


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
    await put("asset", spare("below", twins.now), site_id=None)
    await put("asset", merged, site_id=None, merged_into=twins.twin.other("asset_id"))
    await put("asset_name", twins.twin, name="both", origin="alias")
    await put("asset_name", twins.twin, name=f"seen of {letter}", asset_id=None, origin="seen")
    for ids in (twins.twin, own):
        await put("asset_edge", ids)


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
    # Our alert's problem has gone on, so it has no state; theirs says that it belongs elsewhere.
    await put(OURS, "A", past, past.incident, "alert", "incident", "incident_state")
    await put(THEIRS, "B", past, twins.theirs.incident, "alert", "alert_state")


def tenant_tables(tables: Sequence[str]) -> list[str]:
    """Those whose rows belong to a company, without the doors' own lists."""
    return [name for name in tables if name not in ("tenant", "key_index")]


async def table_names(owner: Connection) -> list[str]:
    """All that have rows of the twins."""
    return tenant_tables(list(await _tables(owner)))
