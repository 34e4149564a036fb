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
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import aiosql
import asyncpg

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.store.database import SET_COMPANIES, Connection, setting_of
from tests.isolation.ids import NOBODY, OURS, THEIRS, Ids, Twins, spare, version_of
from tests.isolation.statements import Statement

Params = dict[str, object]

_BY_THEMSELVES = "'{filled_at,number}'::text[]"  # columns that no statement decides: a clock's, and a sequence's


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
            f" FROM (SELECT (to_jsonb(t) - {_BY_THEMSELVES})::text AS j FROM {name} t WHERE t.company_id = $1) x"
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
        "number": version_of(ids),
        **dict.fromkeys(("before", "finish", "floor", "start", "like", "unowned"), None),
        **dict.fromkeys(("severities", "statuses", "acknowledged", "source", "asset", "signature", "state"), None),
        "asset_names": None,
        **dict.fromkeys(
            ("resolved_start", "resolved_finish", "acknowledged_start", "acknowledged_finish", "waited"), None
        ),
        **dict.fromkeys(("taken", "groups", "tools", "words"), None),
        "attentions": [1, 2, 3, 4, 5],
        "rank": None,
        "me": "a person",
        "low": UUID(int=0),
        "high": UUID(int=(1 << 128) - 1),
        "parts": ["%"],
        "beginning": "of%",
        "text": "of a",
        "canonical": "both",
        "canonical_end": "botz",
    }


def _special(statement: Statement, twins: Twins, case: Case) -> Params:
    """What a name means in one file or statement only."""
    ids, now, company = case.ids, twins.now, case.company
    by_file: Mapping[str, Params] = {
        "company_groups.sql": {"group_id": ids.other("group_id")},
        "company_settings.sql": {"owner_id": ids.other("owner_id"), "name": ids.name, "names": [ids.name]},
        "actions.sql": {"id": ids.other("source_action"), "state": "done"},
        "alerts.sql": {"id": ids.alert, "ids": None},
        "deliveries.sql": {
            **{"id": ids.delivery, "ids": [ids.delivery], "integration_id": None},
            **{"firsts": [UUID(int=ids.delivery.int + (1 << 24))], "beyonds": [UUID(int=ids.delivery.int + (2 << 24))]},
        },
        "arrivals.sql": {
            **{"floor": UUID(int=0), "since": now - timedelta(days=1)},
            "ids": [ids.alert, ids.incident],
        },
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
        "audit.sql": {
            **dict.fromkeys(("before", "first", "past", "actor_ids", "actor_kind", "action", "incident_id"), None),
            **dict.fromkeys(("resource_kind", "resource_id"), None),
            **{"since": None, "until": None, "subjects": [ids.other("subject")]},
            **dict.fromkeys(("subject", "person"), ids.other("subject")),
        },
        "audit_chain.sql": {
            **{"since": None, "until": None, "after": -1, "seq": 99, "hash": b"h"},
            # Before all entries, or after all: what is asked for then comes from the entries, or from the links alone.
            "moment": now + timedelta(days=1) if ids is twins.twin else now - timedelta(days=1),
        },
        "audit_search.sql": {
            **dict.fromkeys(("before", "first", "actor_ids", "actor_kind", "action", "incident_id"), None),
            **dict.fromkeys(("resource_kind", "resource_id"), None),
            **{"since": now - timedelta(days=1), "from_id": UUID(int=0), "past": UUID(int=(1 << 128) - 1)},
        },
        "approvals.sql": {
            "approval_id": ids.other("approval_id"),
            "approval_ids": [ids.other("approval_id")],
            "requester_id": ids.other("requester_id"),
            **{"kind": "asset", "resource_ids": ["both"], "state": "voided", "state_reason": "x"},
            **{"settled_at": now, "settled_by": "a person"},
        },
        "runs.sql": _run(twins, ids),
        "run_policy.sql": {
            **{"given_by": "a person", "given_at": now, "integration_ids": [ids.other("integration_id")]},
            **{"runbooks": ["one"], "parameters": ["one"], "origins": ["asset"]},
        },
        "run_choices.sql": {
            **{"run_id": None, "at": now, "outcome": "none", "candidates": "[]", "reason": "uncertain", "said": "x"},
            **{"escalation_id": twins.nowhere.other("escalation_id"), "incident_id": ids.incident},
        },
        "healings.sql": {
            **{"run_id": ids.other("run_id"), "state": "confirmed", "reason": "x", "settled_at": now},
            **{"healed_at": now - timedelta(hours=1), "asset_names": ["both"], "signature": "of A"},
            **{"asset_ids": [ids.other("asset_id")], "signatures": ["of A", "of B"]},
            **{
                "until": now + timedelta(hours=2),
                "start": now - timedelta(hours=1),
                "finish": now + timedelta(hours=1),
            },
        },
        "reports.sql": {
            **{"report_id": ids.other("report_id"), "schedule_id": ids.other("schedule_id"), "sections": ["figures"]},
            **{"floor": UUID(int=0), "past": UUID(int=(1 << 128) - 1), "period": "custom", "format": "pdf"},
            **dict.fromkeys(("starts_at", "asked_at", "settled_at", "created_at", "next_at", "last_at", "set_at"), now),
            **{"ends_at": now + timedelta(hours=1), "asked_by": "a person", "created_by": "a person"},
            **{"set_by": "a person", "problem": "x", "body": b"new", "digest": bytes(32), "every": "month"},
            **{
                "day": 2,
                "hour": 7,
                "formats": ["csv"],
                "kind": "imported",
                "figures": "{}",
                "alerts": 3,
                "incidents": 3,
            },
            **{"start": now - timedelta(hours=1), "finish": now + timedelta(hours=1)},
        },
        "runbooks.sql": {
            **{"slug": f"runbook-{ids.name}", "body": b"new", "set_by": "a person", "note": "x", "risk": "medium"},
            **{"disabled": True, "parameters": "{}", "allowed": "{}"},
        },
        "across.sql": dict.fromkeys(("asset_name", "status", "assignee", "state", "runbook", "since")),
        "crossings.sql": {"who": "twin", "action": "of B", "hour": now + timedelta(hours=2)},
        "offboarding.sql": {
            **{"email": "of A" if ids == twins.twin else "of B", "owner": "an heir", "assets": [ids.other("asset_id")]},
            **{"user_id": ids.other("actor_id"), "shown": ["of A", "of B"], "ended": ["of B"]},
        },
        "incidents.sql": {
            **{"statuses": [2, 3], "assignee": None, "ids": None, "unowned": False},
            # Each of what is looked for in alerts alone, or the other would hide what one of them finds.
            "tools": ["of B"] if ids is twins.theirs else None,
            "words": ["only theirs"] if ids is twins.past else None,
        },
        "around.sql": {
            **{
                "since": now - timedelta(hours=1),
                "step_s": 60,
                "ids": [ids.incident],
                "floor": UUID(int=0),
                "depth": 500,
            },
            **{"head": "of", "key": "of A", "rule_id": "of A", "asset_names": ["both"]},
        },
        "board.sql": {
            **{"each": 3, "start": now - timedelta(days=2), "finish": now + timedelta(days=1), "depth": 500},
            **{"starts": [now - timedelta(days=2)], "finishes": [now + timedelta(days=1)]},
        },
        "kpis.sql": {
            **{"start": now - timedelta(days=2), "finish": now + timedelta(days=1), "then": now - timedelta(hours=1)},
            **{"starts": [now - timedelta(days=2)], "finishes": [now + timedelta(days=1)]},
            **{name: [now - timedelta(days=2), now + timedelta(days=1)] for name in ("cuts", "wholes", "parts")},
            **{"broken": [now.replace(hour=0, minute=0)], "late_us": 1, "by_asset": True, "asks": "of A"},
            **{"floor": UUID(int=0), "ceiling": UUID(int=(1 << 128) - 1)},
        },
        "brakes.sql": {"soon": now + timedelta(hours=2)},
        "promises.sql": {
            **{"promise_id": ids.other("promise_id"), "text": "said", "made_by": "a person", "made_at": now},
            **{"state": None, "owner": None, "why": "called off"},
        },
        "handovers.sql": {
            **{"handover_id": ids.other("handover_id"), "handovers": [ids.other("handover_id")], "ids": None},
            **{"from_id": ids.other("from_id"), "to_id": ids.other("to_id"), "user_id": ids.other("from_id")},
            **{"given": True, "received": True, "note": "x", "amount": 1, "whose": [company]},
            **{"assignees": ["a person"], "outcomes": ["moved"], "state": None},
        },
        "on_call.sql": {
            **dict.fromkeys(("schedule_id", "change_id", "user_id", "other_id", "feed_id", "hash"), UUID(int=7)),
            **{name: ids.other(name) for name in ("schedule_id", "change_id", "user_id", "other_id")},
            **{"schedules": [ids.other("schedule_id")], "user_ids": [ids.other("user_id")], "events": [ids.name]},
            **{"plan": {}, "removed": False, "made_by": "a person", "kind": "override", "state": "declined"},
            **{"reason": "x", "event": "x", "name": "x", "hint": "x", "version": 99},
            **dict.fromkeys(("other_starts_at", "other_ends_at")),
            **dict.fromkeys(("holds_from", "starts_at", "made_at", "agreed_at", "ended_at"), now),
            **dict.fromkeys(("holds_until", "ends_at", "last_at", "until"), now + timedelta(hours=1)),
            "since": now - timedelta(days=1),
        },
        "push.sql": {
            **{"users": [ids.other("user_id")], "subscription_ids": [ids.other("subscription_id")]},
            **{"notice_id": ids.other("notice_id"), "at": now, "state": "failed", "problem": "gone"},
            **{"since": now - timedelta(days=1), "before": now + timedelta(days=1)},
        },
        "search.sql": {"beyond": 0, "owners": [company], "newest": 100},
        "views.sql": {
            **{"is_of_msp": True, "owner_id": ids.other("owner_id"), "served": [ids.other("about_id")]},
            **{"view_id": ids.other("view_id"), "about_id": ids.other("about_id"), "address": "a=b", "position": 1},
            "shared": True,
        },
        "sites.sql": {
            "q": None,
            "site_ids": [ids.other("site_id")],
            "names": ["twin of a", "twin of b"],
            **_inventory(ids),
        },
        "contacts.sql": {
            "q": None,
            "site_ids": [ids.other("site_id")],
            "names": ["of a", "of b"],
            **_inventory(ids),
            "site_id": None,
        },
        "reach.sql": {
            **{"credential_id": ids.other("credential_id"), "asset_id": ids.other("asset_id"), "name": "twin of B"},
            **{"executor": "of A", "settings": {}, "sealed": b"s", "fields": ["x"], "value": "x", "since": now},
            **dict.fromkeys(("added_by", "bound_by", "checked_by"), "a person"),
            **dict.fromkeys(("added_at", "bound_at", "rotated_at", "proven_at", "made_at", "checked_at"), now),
            "wrong": ["x"],
            "rows": json.dumps([_patched(ids, now)]),
        },
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
        "windows.sql": {
            **{"id": ids.other("window_id"), "ids": [ids.other("window_id")], "incident_id": ids.incident},
            **{
                "assets": [ids.other("asset_id")],
                "sites": [ids.other("site_id")],
                "signatures": [],
                "running": True,
                "companies": [company],
            },
            **{"window_id": ids.other("window_id"), "starts_at": now, "ends_at": now + timedelta(hours=2)},
            **{"next_at": None, "phase": "running", "before": None, "floor": UUID(int=0), "status": 2},
            **{"suppressed": 3, "criticals": 3, "firing": 3, "opened": 3},
        },
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
        "reach.sql insert_credential": {"credential_id": twins.nowhere.other("credential_id"), "name": "new"},
        "reach.sql remove_credential": {"credential_id": spare("merged", now).other("credential_id")},
        "reach.sql page_of_bindings": {"executor": None},
        "reach.sql page_of_bound": {"asset_id": None},
        "reach.sql named_credential": {"name": "twin of A" if ids is twins.twin else "twin of B"},
        "reach.sql drop_patch_states": {"since": now + timedelta(days=1)},
        "due.sql put_off": {"now": now - timedelta(days=1), "due_at": now + timedelta(hours=1)},
        "reports.sql insert": {"report_id": twins.nowhere.other("report_id")},
        "reports.sql insert_schedule": {"schedule_id": twins.nowhere.other("schedule_id")},
        "reports.sql select_body": {"report_id": spare("merged", now).other("report_id")},
        "reports.sql remove_before": {"floor": UUID(int=(1 << 128) - 1)},
        "acts.sql save_incident": {"occurrences": 3},
        "due.sql ahead": {"now": now - timedelta(days=1)},
        "ledger.sql suppressed_occurrences": {"reasons": [2, 5]},
        "windows.sql open_held": {"incident_id": spare("still held", now).incident},
        "windows.sql insert": {
            **{"id": twins.nowhere.other("window_id"), "reason": "x", "recurrence": "", "made_by": "a person"},
            "made_at": now,
        },
        "audit.sql insert_entry": _entry(twins, ids),
        "audit_chain.sql select_unlinked": {"after": UUID(int=0)},
        "audit_chain.sql move_heads": {"seqs": [99], "hashes": [b"h"]},
        "acts.sql insert_split": {"id": twins.nowhere.incident},
        "acts.sql insert_incident_state": {
            "incident_id": spare("split off", now).incident,
            **dict.fromkeys(("window_s", "hold_s", "reopen_s", "life_s", "least_count"), 60),
            **{"began_at": now, "fixed_window": False},
        },
        "acts.sql move_states": {"incident_id": twins.nowhere.incident},
        "acts.sql move_alerts": {"incident_id": twins.nowhere.incident, "alerts": [ids.alert]},
        "acts.sql move_promises": {"incident_id": twins.nowhere.incident},
        "promises.sql insert": {"promise_id": twins.nowhere.other("promise_id")},
        "on_call.sql insert_change": {"change_id": twins.nowhere.other("change_id")},
        "handovers.sql insert": {"handover_id": twins.nowhere.other("handover_id")},
        "handovers.sql insert_incidents": {"handover_id": twins.nowhere.other("handover_id")},
        "handovers.sql settle": {"state": "accepted"},
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
        "companies.sql called": {"text": "of B"},
        "gate.sql targets_of": {"shared_id": ids.other("shared_id")},
        "routes.sql page": {"after": None},
        "routes.sql remove": {"values": [ids.name]},
        "onboarding.sql own_integrations": {"not_source": "alertwhisperer"},
        "approvals.sql page": {
            "state": None,
            **dict.fromkeys(("requester_id", "about", "settled_since", "from_id"), None),
        },
        "around.sql similar": {"depth": 1},  # so that theirs would take the place of ours
        "runs.sql page": dict.fromkeys(("before", "floor", "since", "state", "runbook", "incident_id")),
        "runs.sql remove_outputs": {"before": now + timedelta(hours=1)},
        "runs.sql remove_snapshots": {"before": now + timedelta(hours=1)},
        "run_choices.sql escalations": {"incident_id": None},
        "incidents.sql company_of": {"id": ids.incident},
        "incidents.sql rows": {"ids": [ids.incident]},
        "ledger.sql fold": {"limit": 1},  # a minute that they alone have would be the one
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
            "most": 3,
        },
        "quarantine.sql settle": {"state": "discarded"},
        "assets.sql remove": {"asset_id": spare("merged", now).other("asset_id")},
        "sites.sql remove": {"site_id": spare("merged", now).other("site_id")},
        "asset_names.sql of_same_asset": {"name": "both"},
        "asset_names.sql remove": {"name": "twin of B"},
    }
    return {**by_file.get(statement.file, {}), **by_statement.get(statement.label, {})}


def _entry(twins: Twins, ids: Ids) -> Params:
    """An entry for which the other company alone has one of the two keys: once that of `who`, once that of `what`."""
    who, what = (twins.theirs if ids is one else twins.twin for one in (twins.theirs, twins.past))
    texts = ("action", "resource_kind", "resource_id", "actor_kind", "trace_id")
    sealed = ("who", "what", "who_commitment", "what_commitment")
    return {
        **dict.fromkeys(texts, "x"),
        **dict.fromkeys(sealed, b"x"),
        **{"id": twins.nowhere.other("entry"), "at": twins.now, "actor_id": None, "incident_id": None},
        **{"who_subject": who.other("subject"), "who_mark": who.other("mark")},
        **{"subject": what.other("subject"), "what_mark": what.other("mark")},
    }


def _patched(ids: Ids, now: datetime) -> Params:
    """What a machine's patches are now."""
    counts = dict.fromkeys(("installed", "missing", "failed", "critical"), 3)
    moments = dict.fromkeys(("scanned_at", "asked_at"), now.isoformat())
    return {"asset_id": str(ids.other("asset_id")), "instance": "i-1", **counts, **moments}


def _run(twins: Twins, ids: Ids) -> Params:
    """A run, its target and its script; what is inserted has names that nobody has."""
    now, fresh = twins.now, twins.nowhere
    texts = dict.fromkeys(("version", "title", "signature", "requested_by", "actor", "said", "before", "after"), "x")
    times = dict.fromkeys(
        ("requested_at", "started_at", "ended_at", "begun_at", "settled_at", "heard_at", "at", "since", "until"), now
    )
    return {
        **texts,
        **times,
        **{name: ids.other(name) for name in ("run_id", "approval_id", "asset_id", "act_id")},
        **{"run_ids": [ids.other("run_id")], "asset_ids": [ids.other("asset_id")], "step_id": fresh.other("step_id")},
        **{"runbook": "both", "risk": "low", "shell": "sh", "by_itself": False, "at_once": 1, "stop_at_failed_pct": 0},
        **{"state": "running", "reason": "x", "places": [9], "names": ["x"], "phase": "act", "ending": "failed"},
        **{
            "content": b"x",
            "exit_code": 1,
            "stdout": b"x",
            "stderr": b"x",
            "cut": False,
            "reference": "",
            "link": "",
            "fence": 0,
            "executor": "of A",
        },
        **{"most": 10, "floor": UUID(int=0), "since": now - timedelta(days=1)},
    }


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
        "hot/leave.sql": [company, [ids.occurrence], now, "a person", fresh.other("l")],
        "hot/reread.sql": [
            *(company, ids.delivery, 3, now, 1, 1, fresh.other("l")),
            *(UUID(int=ids.delivery.int + (1 << 24)), UUID(int=ids.delivery.int + (2 << 24))),
        ],
        "hot/settle.sql": [company, ids.occurrence, 3, now, "a person", 1, 1, fresh.other("l")],
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
