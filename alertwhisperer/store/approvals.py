"""Approvals with their answers. What is asked is written once; the database lets only where it stands be changed."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from alertwhisperer.domain.approval import Answer, Approval, Decision, Edit, Risk, State
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.live import ChangeKind
from alertwhisperer.store import live
from alertwhisperer.store.database import Connection, Unit, queries

MOST_OPEN = 1_000
"""Approvals that one change or one person's leaving is looked up for; a company has a handful."""
_MOST_ANSWERS = 100_000  # of one page; an approval has as many as it has people who may answer

_sql = queries("approvals")


async def insert(unit: Unit, approval: Approval, touches: Iterable[tuple[str, str]]) -> None:
    """Ask; `touches` are the kinds and ids of what the plan names."""
    named = sorted(set(touches))
    await _sql.insert(
        unit.connection,
        company_id=unit.company_id,
        approval_id=approval.id,
        kind=approval.kind,
        plan=approval.encoded,
        hash=approval.hash,
        why=approval.why,
        risk=approval.risk.value,
        risk_reason=approval.risk_reason,
        requested_by=approval.requested_by,
        requester_id=approval.requester_id,
        incident_id=approval.incident_id,
        asked_at=approval.asked_at,
        expires_at=approval.expires_at,
        needed=approval.needed,
        state=approval.state.value,
        state_reason=approval.state_reason,
        settled_at=approval.settled_at,
        settled_by=approval.settled_by,
    )
    await _sql.insert_touches(
        unit.connection,
        company_id=unit.company_id,
        approval_id=approval.id,
        kinds=[kind for kind, _ in named],
        resource_ids=[resource_id for _, resource_id in named],
    )
    await live.tell(unit, ChangeKind.APPROVAL, [approval.id], now=approval.asked_at)


async def read(unit: Unit, approval_id: UUID) -> Approval | None:
    """One approval with its answers; None when the company has none of this id."""
    return await _whole(unit, await _sql.read(unit.connection, company_id=unit.company_id, approval_id=approval_id))


async def lock(unit: Unit, approval_id: UUID) -> Approval | None:
    """The same; nobody else decides, voids or starts it until the unit ends."""
    return await _whole(unit, await _sql.lock(unit.connection, company_id=unit.company_id, approval_id=approval_id))


async def settle(unit: Unit, approval_id: UUID, state: State, reason: str, *, now: datetime) -> None:
    """
    Say where it stands; the run that waits for it, if it is about one, is seen to.

    Raises:
        asyncpg.CheckViolationError: it would go backwards; only a mistake of ours can ask for that.
    """
    await _sql.settle(
        unit.connection,
        company_id=unit.company_id,
        approval_id=approval_id,
        state=state.value,
        state_reason=reason,
        settled_at=now,
        settled_by=unit.scope.actor,
    )
    if state is not State.STARTED:  # whoever started it has it in hand
        await _sql.wake_run(unit.connection, company_id=unit.company_id, approval_id=approval_id, now=now)
    await live.tell(unit, ChangeKind.APPROVAL, [approval_id], now=now)


async def page(
    connection: Connection,
    companies: Sequence[CompanyId],
    *,
    state: State | None = None,
    requester_id: UUID | None = None,
    incident_id: UUID | None = None,
    settled_since: datetime | None = None,
    from_id: UUID | None = None,
    limit: int,
    before: UUID | None = None,
) -> tuple[Approval, ...]:
    """Approvals of companies that the connection sees, newest first, from the one after `before` down to `from_id`."""
    rows = [
        row
        async for row in _sql.page(
            connection,
            companies=list(companies),
            state=None if state is None else state.value,
            requester_id=requester_id,
            about=incident_id,
            settled_since=settled_since,
            from_id=from_id,
            limit=limit,
            before=before,
        )
    ]
    return await _with_answers(connection, rows)


async def company_of(connection: Connection, companies: Sequence[CompanyId], approval_id: UUID) -> CompanyId | None:
    """Which of these companies has an approval of this id."""
    found = await _sql.company_of(connection, companies=list(companies), approval_id=approval_id)
    return None if found is None else CompanyId(found)


async def open_naming(unit: Unit, kind: str, resource_ids: Iterable[str]) -> Mapping[UUID, list[str]]:
    """Open approvals of the unit's company whose plans name some of these things: which, by the approval's id."""
    found = _sql.open_naming(
        unit.connection, company_id=unit.company_id, kind=kind, resource_ids=list(resource_ids), limit=MOST_OPEN
    )
    named: dict[UUID, list[str]] = defaultdict(list)
    async for row in found:
        named[row["approval_id"]].append(row["resource_id"])
    return named


async def open_of(
    connection: Connection, companies: Sequence[CompanyId], requester_id: UUID
) -> list[tuple[CompanyId, UUID]]:
    """What a person asked for and what is still open, in companies that the connection sees; at most 1,000."""
    found = _sql.open_of(connection, companies=list(companies), requester_id=requester_id, limit=MOST_OPEN)
    return [(CompanyId(row["company_id"]), row["approval_id"]) async for row in found]


async def insert_decision(unit: Unit, approval_id: UUID, decision: Decision) -> None:
    """Write a person's answer; the caller has locked the approval and knows that there is none of this person."""
    await _sql.insert_decision(
        unit.connection,
        company_id=unit.company_id,
        approval_id=approval_id,
        user_id=decision.user_id,
        actor=decision.actor,
        answer=decision.answer.value,
        hash=decision.hash,
        reason=decision.reason,
        at=decision.at,
    )
    await live.tell(unit, ChangeKind.APPROVAL, [approval_id], now=decision.at)


async def insert_edit(unit: Unit, approval_id: UUID, edit: Edit) -> None:
    """Write that somebody changed what a plan names."""
    await _sql.insert_edit(
        unit.connection,
        company_id=unit.company_id,
        approval_id=approval_id,
        user_id=edit.user_id,
        actor=edit.actor,
        kind=edit.kind,
        resource_id=edit.resource_id,
        at=edit.at,
    )


async def _whole(unit: Unit, row: asyncpg.Record | None) -> Approval | None:
    return None if row is None else (await _with_answers(unit.connection, [row]))[0]


async def _with_answers(connection: Connection, rows: Sequence[asyncpg.Record]) -> tuple[Approval, ...]:
    named = {
        "companies": sorted({row["company_id"] for row in rows}),
        "approval_ids": [row["approval_id"] for row in rows],
    }
    decisions = await _by_approval(_sql.decisions_of(connection, **named, limit=_MOST_ANSWERS))
    edits = await _by_approval(_sql.edits_of(connection, **named, limit=_MOST_ANSWERS))
    return tuple(
        _approval(
            row,
            tuple(_decision(one) for one in decisions[row["approval_id"]]),
            tuple(_edit(one) for one in edits[row["approval_id"]]),
        )
        for row in rows
    )


async def _by_approval(rows: AsyncIterator[asyncpg.Record]) -> Mapping[UUID, list[asyncpg.Record]]:
    found: dict[UUID, list[asyncpg.Record]] = defaultdict(list)
    async for row in rows:
        found[row["approval_id"]].append(row)
    return found


def _approval(row: asyncpg.Record, decisions: tuple[Decision, ...], edits: tuple[Edit, ...]) -> Approval:
    return Approval(
        id=row["approval_id"],
        company_id=CompanyId(row["company_id"]),
        kind=row["kind"],
        encoded=row["plan"],
        hash=row["hash"],
        why=row["why"],
        risk=Risk(row["risk"]),
        risk_reason=row["risk_reason"],
        requested_by=row["requested_by"],
        requester_id=row["requester_id"],
        asked_at=row["asked_at"],
        expires_at=row["expires_at"],
        needed=row["needed"],
        state=State(row["state"]),
        state_reason=row["state_reason"],
        settled_at=row["settled_at"],
        settled_by=row["settled_by"],
        incident_id=row["incident_id"],
        decisions=decisions,
        edits=edits,
    )


def _decision(row: asyncpg.Record) -> Decision:
    return Decision(row["user_id"], row["actor"], Answer(row["answer"]), row["hash"], row["reason"], row["at"])


def _edit(row: asyncpg.Record) -> Edit:
    return Edit(row["user_id"], row["actor"], row["kind"], row["resource_id"], row["at"])
