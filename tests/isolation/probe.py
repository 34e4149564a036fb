"""
Runs one statement in the name of one company, and tells what it gave and what it did to the rows of both.

Statements run as they are written, with parameters chosen by their names: ids that both companies have, ids that only
the other one has, ids of an alert that has gone on, and in the name of a company that has nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import aiosql
import asyncpg

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.store.database import SET_COMPANIES, Connection, setting_of
from tests.isolation.statements import Statement
from tests.isolation.twins import NOBODY, OURS, THEIRS, Ids, Twins, spare, version_of

Params = dict[str, object]


@dataclass(frozen=True)
class Case:
    """Who asks, and with which ids."""

    name: str
    company: UUID
    ids: Ids


@dataclass(frozen=True)
class Seen:
    """What a statement gave (or the name of the error), and a digest of either company's rows afterwards."""

    given: str
    ours: str
    theirs: str


def cases(twins: Twins) -> list[Case]:
    """The cases in which a statement is tried."""
    return [
        Case("ids that both have", OURS, twins.twin),
        Case("ids of the other", OURS, twins.theirs),
        Case("an alert that has gone on", OURS, twins.past),
        Case("a company without rows", NOBODY, twins.twin),
    ]


class Probe:
    """
    Runs statements on one connection, each in a transaction that is rolled back.

    Args:
        connection: of the application's role, or of one that bypasses row-level security.
        tables: whose rows are compared before and after.
    """

    def __init__(self, connection: Connection, twins: Twins, tables: Sequence[str]) -> None:
        self._connection = connection
        self._twins = twins
        self._digest = " UNION ALL ".join(
            f"SELECT '{name}' || md5(coalesce(string_agg(j, '|' ORDER BY j), ''))"  # noqa: S608
            f" FROM (SELECT (to_jsonb(t) - 'filled_at')::text AS j FROM {name} t WHERE t.company_id = $1) x"
            for name in tables
        )

    async def see(self, statement: Statement, text: str, case: Case) -> Seen:
        """Run `text` in the statement's place."""
        connection = self._connection
        transaction = connection.transaction()
        await transaction.start()
        try:
            await self._enter(case.company)
            savepoint = connection.transaction()
            await savepoint.start()
            try:
                given = repr(await self._run(statement, text, case))
                await savepoint.commit()
            except asyncpg.PostgresError as failure:
                await savepoint.rollback()
                given = f"{type(failure).__name__}: {failure}"
            await self._enter(OURS, THEIRS, NOBODY)
            return Seen(given, await self._rows(case.company), await self._rows(THEIRS))
        finally:
            await transaction.rollback()

    async def _enter(self, *companies: UUID) -> None:
        await self._connection.execute(SET_COMPANIES, setting_of(CompanyId(one) for one in companies))

    async def _rows(self, company: UUID) -> str:
        return "\n".join(row[0] for row in await self._connection.fetch(self._digest, company))

    async def _run(self, statement: Statement, text: str, case: Case) -> object:
        if statement.file.startswith("hot/"):
            numbered, values = _hot(statement, text, self._twins, case)
            return [tuple(row) for row in await self._connection.fetch(numbered, *values)]
        name = statement.name
        # All rows, where the product takes the first: which of two that is, no statement promises.
        kind = "!" if statement.kind == "!" else ""
        loaded = aiosql.from_str(f"-- name: {name}{kind}\n{text};\n", "asyncpg", mandatory_parameters=False)
        answer: Any = getattr(loaded, name)(self._connection, **_params(statement, self._twins, case))
        if isinstance(answer, AsyncIterator):
            return [tuple(row) async for row in answer]
        return await answer


# ------------------------------------------------------------------------------------------------ parameters


def _params(statement: Statement, twins: Twins, case: Case) -> Params:
    wanted = set(re.findall(r"(?<!:):([a-z_]+)", statement.text))
    known = {**_usual(twins, case), **_special(statement, twins, case)}
    missing = wanted - set(known)
    assert not missing, f"{statement.label}: say in tests/isolation/probe.py what {sorted(missing)} may be"
    return {name: value for name, value in known.items() if name in wanted}


def _usual(twins: Twins, case: Case) -> Params:
    ids, now = case.ids, twins.now
    company = case.company
    return {
        "company_id": company,
        "company_ids": [company],
        "companies": [company],
        "incident_id": ids.incident,
        "incidents": [ids.incident],
        "incident_ids": [ids.incident],
        "integration_id": ids.other("integration_id"),
        "integrations": [ids.other("integration_id")],
        "key_id": ids.other("key_id"),
        "others": [ids.incident],
        "problems": [ids.other("problem")],
        "first": ids.delivery,
        "beyond": UUID(int=ids.delivery.int + (1 << 26)),
        "ids": [ids.occurrence],
        "depth": 1,  # a list that the other's rows could crowd
        "limit": 100,
        "version": version_of(ids),
        "now": now,
        "starts": [now - timedelta(hours=1)],
        "finishes": [now + timedelta(hours=1)],
        "until": now + timedelta(hours=1),
        "since": (now - timedelta(days=1)).date(),
        "due_at": now,
        "removed_at": now,
        "revoked_at": now,
        "opened_at": now,
        "activity_at": now,
        "resolved_at": now,
        "actor": "a person",
        "answer": "",
        "assignee": "a person",
        "title": "split",
        "secret": b"s",
        "settings": "{}",
        "name": "renamed",
        "time_zone": "UTC",
        "require_signature": True,
        "kind": "resolve_incident",
        "kinds": ["resolve"],
        "seq": 0,
        "place": 0,
        "after": UUID(int=0),
        "subject": ids.incident,
        **dict.fromkeys(("status", "severity", "firing", "alerts", "occurrences"), 3),
        **dict.fromkeys(("is_current", "by_person"), True),
        **dict.fromkeys(("requests_per_minute", "occurrences_per_minute", "bytes_per_minute"), 77),
        **dict.fromkeys(("requests", "occurrences", "bytes"), 100.0),
        **dict.fromkeys(("want_requests", "want_occurrences", "want_bytes"), 20.0),
        **dict.fromkeys(("before", "finish", "floor", "start"), None),
        **dict.fromkeys(("severities", "statuses", "acknowledged", "source", "asset", "signature", "state"), None),
        "asset_names": None,
    }


def _special(statement: Statement, twins: Twins, case: Case) -> Params:
    """What a name means in one file or statement only."""
    ids, now = case.ids, twins.now
    by_file: Mapping[str, Params] = {
        "company_groups.sql": {"group_id": ids.other("group_id")},
        "company_settings.sql": {"owner_id": ids.other("owner_id"), "name": ids.name, "names": [ids.name]},
        "actions.sql": {"id": ids.other("source_action"), "state": "done"},
        "alerts.sql": {"id": ids.alert, "ids": None},
        "deliveries.sql": {"id": ids.delivery},
        "due.sql": {"subjects": [ids.incident]},
        "feeds.sql": {
            "sequence": 4,
            "state": "failing",
            **dict.fromkeys(("interval_s", "items", "repeats", "failures", "refusals"), 99),
            "paused": True,
            "pending": '{"at": "elsewhere"}',
            "problem": "another",
        },
        "quarantine.sql": {"id": ids.occurrence},
        "sites.sql": {"q": None, "names": ["twin of a", "twin of b"], **_inventory(ids)},
        "contacts.sql": {"q": None, "names": ["of a", "of b"], **_inventory(ids), "site_id": None},
        "assets.sql": {
            **{"q": "of B", "tag": None, "confirmed": None, "into_id": twins.nowhere.other("asset_id")},
            **_inventory(ids),
            **{"site_id": None, "kind": None},
        },
        "asset_names.sql": {
            **{"names": ["twin of A", "twin of B"], "into_id": twins.nowhere.other("asset_id")},
            **_inventory(ids),
        },
        "edges.sql": {**_inventory(ids), "kind": "depends_on", "to_asset": spare("below", now).other("asset_id")},
        "silence.sql": {
            "check_id": ids.other("check_id"),
            "ids": [ids.other("check_id")],
            "problem": ids.other("problem"),
            "floor": UUID(int=0),
            "mode": "set",
            "interval_s": 60,
            "grace_s": 60,
            "state": "silent",
            "reason": "overdue",
            "episode": now,
            "told": False,
            "learned": "{}",
            "deaf_after_s": 30.0,
            **dict.fromkeys(("heard_at", "expected_since", "quiet_since", "changed_at"), now),
        },
    }
    by_statement: Mapping[str, Params] = {
        "acts.sql save_incident": {"occurrences": 3},
        "acts.sql insert_split": {"id": twins.nowhere.incident},
        "acts.sql move_states": {"incident_id": twins.nowhere.incident},
        "acts.sql move_alerts": {"incident_id": twins.nowhere.incident, "alerts": [ids.alert]},
        "acts.sql move_all_alerts": {"incident_id": twins.nowhere.incident},
        "acts.sql move_keys": {"incident_id": twins.nowhere.incident},
        "acts.sql mark_merged": {"incident_id": twins.nowhere.incident},
        "acts.sql alerts_of": {"alerts": [ids.alert]},
        "alerts.sql page": {"incident_id": None, "status": None},
        "companies.sql update_company": {"ref": "C-1", "group_id": ids.other("group_id")},
        "companies.sql mirror": {
            "zones": ["UTC"],
            "requests": [77],
            "occurrences": [77],
            "bytes": [77],
        },
        "companies.sql with_ref": {"ref": "of B"},
        "gate.sql targets_of": {"shared_id": ids.other("shared_id")},
        "routes.sql page": {"after": None},
        "routes.sql remove": {"values": [ids.name]},
        "onboarding.sql own_integrations": {"not_source": "alertwhisperer"},
        "incidents.sql page": {"id": None, "assignee": None},
        "incidents.sql company_of": {"id": ids.incident},
        "integrations.sql select_action": {"id": ids.other("source_action")},
        "integrations.sql release_actions": {"kind": "confirm", "subject": "topic"},
        "quarantine.sql page": {"id": None},
        "quarantine.sql waiting": {"integration_id": None},
        # Room for one more heartbeat of ours, and for none if theirs were counted too.
        "silence.sql insert": {
            "ids": [twins.nowhere.other("check_id")],
            "problems": [twins.nowhere.other("problem")],
            "heartbeats": [True],
            "names": ["Watchdog"],
            "mode": "learned",
            "state": "learning",
            "reason": "few_beats",
            "most": 2,
        },
        "quarantine.sql settle": {"state": "discarded"},
        "assets.sql remove": {"asset_id": spare("merged", now).other("asset_id")},
        "sites.sql remove": {"site_id": spare("merged", now).other("site_id")},
        "asset_names.sql of_same_asset": {"name": "both"},
        "asset_names.sql remove": {"name": "twin of B"},
    }
    return {**by_file.get(statement.file, {}), **by_statement.get(statement.label, {})}


def _inventory(ids: Ids) -> Params:
    """Ids of the inventory, and one row that changes what has them."""
    named = {name: ids.other(name) for name in ("site_id", "asset_id", "contact_id", "edge_id")}
    texts = dict.fromkeys(("name", "address", "notes", "role", "email", "phone", "hours", "preferred_channel"), "new")
    more = {"kind": "x", "weight": 4, "owner": "x", "platform": "x", "tags": [], "links": {}, "confirmed": True}
    at = {"time_zone": "UTC", "calendar": {}, "created_at": "2026-03-01T08:00:00Z"}
    row = {name: str(one) for name, one in named.items()} | texts | more | at
    asset_id = named["asset_id"]
    return {**named, "asset_ids": [asset_id], "from_asset": asset_id, "rows": json.dumps([row])}


def _hot(statement: Statement, text: str, twins: Twins, case: Case) -> tuple[str, list[object]]:
    if statement.file == "hot/write.sql":
        return _write(text, twins, case)
    ids, company, now = case.ids, case.company, twins.now
    integration, problem, key = ids.other("integration_id"), ids.other("problem"), ids.other("key")
    fresh, sender = twins.nowhere, ids.other("sender")
    values: Mapping[str, list[object]] = {
        "hot/committed.py": [[company], [ids.delivery]],
        "hot/keys.sql": [[company], [key]],
        "hot/repeats.sql": [[company], [integration], [sender], [fresh.delivery]],
        "hot/lock.sql": [
            *([company], [integration]),
            *([company], [integration], [fresh.other("sender")], [fresh.other("body")], [fresh.delivery], [now]),
            *([company], [problem], [company], [key]),
        ],
        "hot/leave.sql": [company, [ids.occurrence], now, "a person", fresh.other("l"), fresh.other("a"), integration],
        "hot/settle.sql": [company, ids.occurrence, 3, now, "a person", 1, 1, fresh.other("l"), fresh.other("a")],
    }
    return text, values[statement.file]


_COLUMN = re.compile(r"(?<!:):([a-z]+)_([a-z_]+)::([a-z]+)\[\]")


def _write(text: str, twins: Twins, case: Case) -> tuple[str, list[object]]:
    """The batch's writing statement, with one row for each of its updates and, of what it inserts, a name."""
    ids = case.ids
    named: Params = {
        "company": case.company,
        "problem": ids.other("problem"),
        "alert": ids.alert,
        "incident": ids.incident,
        "key": ids.other("key"),
        "id": ids.alert,
    }
    special: Params = {"ku_incident": ids.other("written"), "nm_name": "seen of B"}  # a name that only they know
    by_kind: Params = {
        "uuid": ids.other("written"),
        "smallint": 2,
        "int": 9,
        "bigint": 9,
        "boolean": True,
        "timestamptz": twins.now,
        "text": "written",
    }
    places: dict[str, int] = {}
    values: list[object] = []

    def number(match: re.Match[str]) -> str:
        prefix, column, kind = match.groups()
        name = f"{prefix}_{column}"
        if name not in places:
            places[name] = len(places) + 1
            value = special.get(name, named.get(column, by_kind.get(kind)))
            values.append([value] if prefix in ("su", "nu", "ku", "au", "nm") else [])
        return f"${places[name]}::{kind}[]"

    return _COLUMN.sub(number, text), values
