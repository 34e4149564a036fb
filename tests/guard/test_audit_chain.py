"""
The audit log proves itself: whatever the database's owner does to what was witnessed is found, and named.

Ten thousand entries of three companies, in five checkpoints; each kind of tampering is done in SQL to a copy.
"""

# ruff: noqa: S608 - whoever tampers writes SQL by hand; every value is ours

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound, Temporary
from alertwhisperer.guard.audit.chain import genesis, link_hash
from alertwhisperer.guard.audit.chainer import link_pending
from alertwhisperer.guard.audit.checkpoint import SigningKey, make
from alertwhisperer.guard.audit.erase import erase_company, erase_person
from alertwhisperer.guard.audit.fault import FaultKind
from alertwhisperer.guard.audit.keeper import Keeper
from alertwhisperer.guard.audit.retain import Retained, retain
from alertwhisperer.guard.audit.verify import verify
from alertwhisperer.guard.audit.witnessed import read_witnesses
from alertwhisperer.store import audit, audit_chain
from alertwhisperer.store.database import Connection
from alertwhisperer.store.migrate import connect_owner
from tests.database import Migrated, Server, any_server, run_apart
from tests.guard.audited import KEY, START, Kept, Log, copy_of, filled, open_log

ENTRIES = 10_000
STEPS = 5
FIRST, SECOND = CompanyId(UUID(int=1)), CompanyId(UUID(int=2))
COMPANIES = (INSTALLATION, FIRST, SECOND)
EACH = ENTRIES // STEPS // 3 * STEPS
"""Entries of one company."""
MANY_COMPANIES = 210
"""More than the chainer takes at once."""
A_STEP = ENTRIES // STEPS // 3
CHIEF = Scope(INSTALLATION, "chief@example.org", "", UUID(int=8), "192.0.2.8")


class Away:
    """A place that does not answer."""

    name = "away"

    def read_all(self) -> AsyncIterator[bytes]:
        """Nobody answers."""
        raise Temporary("nobody answers")


@dataclass
class Filled:
    """The untouched database, what was witnessed of it, and when it ended."""

    server: Server
    made: Migrated
    witness: Kept
    now: datetime


@pytest.fixture(scope="module")
def full() -> Iterator[Filled]:
    with any_server() as server:
        made, witness, now = filled(server, COMPANIES, ENTRIES, STEPS)
        try:
            yield Filled(server, made, witness, now)
        finally:
            run_apart(server.drop(made))


@pytest.fixture
async def log(full: Filled) -> AsyncIterator[Log]:
    """A copy to tamper with."""
    made = await copy_of(full.server, full.made, f"aw_test_{os.getpid()}_tampered")
    try:
        async with open_log(made, Kept(documents=dict(full.witness.documents)), full.now) as opened:
            yield opened
    finally:
        await full.server.drop(made)


async def test_an_untouched_log_is_proved_to_its_end(log: Log) -> None:
    verdict = await log.verdict()
    assert (verdict.faults, verdict.uncovered, verdict.unlinked) == ((), (), 0)
    assert (verdict.entries, verdict.companies, verdict.checkpoints) == (3 * EACH, 3, STEPS)


async def test_what_no_checkpoint_covers_yet_is_said(log: Log) -> None:
    await log.write(FIRST, 3)
    assert (await log.verdict()).unlinked == 3
    await link_pending(log.database, log.clock)
    verdict = await log.verdict()
    assert verdict.faults == ()
    assert [(one.company_id, one.first, one.last) for one in verdict.uncovered] == [(FIRST, EACH + 1, EACH + 3)]


@pytest.mark.parametrize(
    "change",
    [
        "action = 'asset_removed'",
        "at = at - interval '1 second'",
        "resource_id = 'another'",
        "resource_kind = 'site'",
        "actor_id = NULL",
        "actor_kind = 'timer'",
        "trace_id = 'x'",
        "incident_id = subject",
        "subject = actor_id",
        "who = what",
        "what = who",
        "who_commitment = what_commitment",
        "what_commitment = who_commitment",
    ],
)
async def test_an_edit_is_found_in_whatever_column(log: Log, change: str) -> None:
    at = await entry_at(log, 1234)
    await log.as_owner(f"UPDATE audit_entry SET {change} WHERE id = '{at}'")
    [fault] = (await log.verdict()).faults
    assert (fault.kind, fault.company_id, fault.seq, fault.entry_id) == (FaultKind.ENTRY_CHANGED, FIRST, 1234, at)
    assert fault.at is not None


async def test_a_deletion_is_found(log: Log) -> None:
    at = await entry_at(log, 77)
    await log.as_owner(f"DELETE FROM audit_entry WHERE id = '{at}'")
    [fault] = (await log.verdict()).faults
    assert (fault.kind, fault.seq, fault.entry_id) == (FaultKind.ENTRY_DELETED, 77, at)


async def test_a_deletion_with_its_link_is_found(log: Log) -> None:
    at = await entry_at(log, 77)
    await log.as_owner(f"DELETE FROM audit_entry WHERE id = '{at}'", f"DELETE FROM audit_link WHERE entry_id = '{at}'")
    [fault] = (await log.verdict()).faults
    assert (fault.kind, fault.company_id, fault.seq, fault.until) == (FaultKind.LINK_MISSING, FIRST, 77, 77)


async def test_an_insertion_is_found(log: Log) -> None:
    at, fresh = await entry_at(log, 500), uuid4()
    await log.as_owner(
        f"INSERT INTO audit_entry SELECT (jsonb_populate_record(e, jsonb_build_object('id', '{fresh}'))).* "
        f"FROM audit_entry e WHERE id = '{at}'"
    )
    [fault] = (await log.verdict()).faults
    assert (fault.kind, fault.company_id, fault.entry_id) == (FaultKind.ENTRY_INSERTED, FIRST, fresh)


async def test_two_entries_that_changed_places_are_found(log: Log) -> None:
    one, other = await entry_at(log, 800), await entry_at(log, 801)
    await log.as_owner(
        "DROP INDEX audit_link_entry",
        f"UPDATE audit_link SET entry_id = '{other}' WHERE company_id = '{FIRST}' AND seq = 800",
        f"UPDATE audit_link SET entry_id = '{one}' WHERE company_id = '{FIRST}' AND seq = 801",
    )
    [fault] = (await log.verdict()).faults
    assert (fault.kind, fault.seq) == (FaultKind.ENTRY_CHANGED, 800)


async def test_a_chain_that_was_cut_short_is_found(log: Log) -> None:
    cut = EACH - 10
    await log.as_owner(
        "DELETE FROM audit_entry WHERE id IN "
        f"(SELECT entry_id FROM audit_link WHERE company_id = '{FIRST}' AND seq > {cut})",
        f"DELETE FROM audit_link WHERE company_id = '{FIRST}' AND seq > {cut}",
        f"UPDATE audit_head SET seq = {cut} WHERE company_id = '{FIRST}'",
    )
    [fault] = (await log.verdict()).faults
    assert (fault.kind, fault.company_id, fault.seq, fault.until) == (FaultKind.CHAIN_CUT, FIRST, cut + 1, EACH)


async def test_a_chain_that_was_computed_anew_after_an_edit_is_found_between_two_checkpoints(log: Log) -> None:
    seq = A_STEP + 5
    await log.as_owner(f"UPDATE audit_entry SET action = 'asset_removed' WHERE id = '{await entry_at(log, seq)}'")
    await compute_anew(log, FIRST)
    [fault] = (await log.verdict()).faults
    assert (fault.kind, fault.company_id) == (FaultKind.HISTORY_REWRITTEN, FIRST)
    assert (fault.seq, fault.until) == (A_STEP + 1, 2 * A_STEP)


async def test_a_company_that_was_removed_is_found(log: Log) -> None:
    await log.as_owner(
        *(f"DELETE FROM {one} WHERE company_id = '{SECOND}'" for one in ("audit_entry", "audit_link", "audit_head"))
    )
    [fault] = (await log.verdict()).faults
    assert (fault.kind, fault.company_id) == (FaultKind.COMPANY_REMOVED, SECOND)


async def test_a_database_that_was_rolled_back_is_found(full: Filled, log: Log) -> None:
    # The database goes back to this moment; meanwhile a checkpoint was witnessed that it knows nothing of.
    made = await copy_of(full.server, full.made, f"aw_test_{os.getpid()}_ahead")
    try:
        async with open_log(made, log.witness, full.now) as ahead:
            await ahead.write(FIRST, 5)
            await ahead.witnessed()
    finally:
        await full.server.drop(made)
    faults = (await log.verdict()).faults
    assert FaultKind.DATABASE_ROLLED_BACK in {fault.kind for fault in faults}
    assert [fault.seq for fault in faults if fault.kind is FaultKind.CHAIN_CUT] == [EACH + 1]


async def test_a_forged_checkpoint_is_found(log: Log) -> None:
    log.witness.documents[2] = log.witness.documents[2].replace(b"signature", b"signatura")
    kinds = [fault.kind for fault in (await log.verdict()).faults]
    assert kinds == [FaultKind.CHECKPOINT_MISSING, FaultKind.CHECKPOINT_ALTERED]


@pytest.mark.parametrize(("gone", "what"), [((2, 3), "2 to 3"), ((1,), "1 to 1"), ((4, 5), "up to 5, and now up to 3")])
async def test_a_place_that_lost_what_it_had_confirmed_is_found(log: Log, gone: tuple[int, ...], what: str) -> None:
    for number in gone:
        del log.witness.documents[number]
    [fault] = (await log.verdict()).faults
    assert fault.kind is FaultKind.CHECKPOINT_MISSING
    assert what in fault.what


async def test_with_every_place_emptied_nothing_is_proved(log: Log) -> None:
    log.witness.documents.clear()
    verdict = await log.verdict()
    assert [fault.kind for fault in verdict.faults] == [FaultKind.CHECKPOINT_MISSING]
    log.witness.name = "a place that never had any"
    verdict = await log.verdict()
    assert (verdict.faults, verdict.checkpoints, verdict.is_proved) == ((), 0, False)


async def test_a_place_that_cannot_be_read_is_said_and_the_others_count(log: Log) -> None:
    away = Away()
    verdict = await verify(log.database, [KEY.public], [away, log.witness], now=log.clock.now())
    assert (verdict.is_proved, verdict.checkpoints, verdict.unread) == (True, STEPS, {"away": "nobody answers"})


async def test_places_that_disagree_are_found(log: Log) -> None:
    other = Kept("other", {**log.witness.documents})
    other.documents[3] = make(KEY, 3, log.witness.documents[2], {}, {}, at=START)
    verdict = await verify(log.database, [KEY.public], [log.witness, other], now=log.clock.now())
    assert FaultKind.CHECKPOINT_ALTERED in {fault.kind for fault in verdict.faults}
    assert any("two places keep different checkpoints of number 3" in fault.what for fault in verdict.faults)


async def test_after_the_signing_key_was_replaced_both_keys_prove(log: Log) -> None:
    fresh = SigningKey(b"another signing key of 32 bytes.")
    await log.write(FIRST, 5)
    await link_pending(log.database, log.clock)
    log.clock.advance(timedelta(minutes=2))
    with pytest.raises(Invalid, match="another key"):
        await Keeper(log.database, fresh, [log.witness], log.clock).make_due()
    keeper = Keeper(log.database, fresh, [log.witness], log.clock, former_keys=[KEY.public])
    assert await keeper.make_due() == STEPS + 1
    await keeper.witness()
    verdict = await verify(log.database, [fresh.public, KEY.public], [log.witness], now=log.clock.now())
    assert (verdict.faults, verdict.uncovered, verdict.checkpoints) == ((), (), STEPS + 1)
    [strange, *_] = (await log.verdict()).faults
    assert strange.kind is FaultKind.CHECKPOINT_ALTERED, "who knows the old key alone is told that another one signed"


@pytest.mark.parametrize(
    "statement",
    [
        *(f"DELETE FROM {table}" for table in ("audit_entry", "audit_link", "audit_checkpoint")),
        *(f"TRUNCATE {table}" for table in ("audit_entry", "audit_link", "audit_checkpoint")),
        "UPDATE audit_entry SET action = 'x'",
        "UPDATE audit_link SET seq = seq + 1",
        "UPDATE audit_checkpoint SET document = ''",
        "ALTER TABLE audit_entry DISABLE TRIGGER append_only",
        "DROP TRIGGER append_only ON audit_entry",
        "SET session_replication_role = replica",
        f"SELECT drop_audited('{FIRST}', 5, '')",
        f"SELECT forget_carried('{FIRST}')",
        "UPDATE audit_head SET dropped = seq, dropped_hash = hash",
    ],
)
async def test_as_the_application_the_database_refuses_it(log: Log, statement: str) -> None:
    async with log.database.across(COMPANIES) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


async def test_many_chainers_at_once_make_one_chain(log: Log) -> None:
    await log.write(FIRST, 600)
    await log.write(SECOND, 600)
    await asyncio.gather(*(link_pending(log.database, log.clock) for _ in range(6)))
    await link_pending(log.database, log.clock)
    verdict = await log.verdict()
    assert verdict.faults == ()
    assert verdict.entries == 3 * EACH + 1200


async def test_more_companies_than_one_transaction_takes_are_linked_in_one_go(log: Log) -> None:
    for number in range(MANY_COMPANIES):
        await log.write(CompanyId(UUID(int=1_000 + number)), 1)
    await asyncio.gather(*(link_pending(log.database, log.clock) for _ in range(3)))
    verdict = await log.verdict()
    assert (verdict.faults, verdict.unlinked, verdict.companies) == ((), 0, 3 + MANY_COMPANIES)
    assert verdict.entries == 3 * EACH + MANY_COMPANIES


async def test_a_chainer_that_is_killed_leaves_what_waits_and_the_next_one_links_it(log: Log) -> None:
    """kill -9 in the middle of its transaction: what it took from the waiting list waits again."""
    await log.write(FIRST, 20)
    async with connect_owner(log.made.owner_dsn) as owner, connect_owner(log.made.owner_dsn) as looking:
        async with owner.transaction():
            await owner.execute("LOCK TABLE audit_link IN SHARE MODE")  # so it stops where it writes the links
            chainer = subprocess.Popen([sys.executable, "-c", CHAINER, log.made.app_dsn])
            try:
                await until(looking, f"SELECT count(*) > 0 FROM {ITS_BACKEND} AND wait_event_type = 'Lock'")
            finally:
                chainer.kill()
                chainer.wait(20)
        await until(looking, f"SELECT count(*) = 0 FROM {ITS_BACKEND}")
    verdict = await log.verdict()
    assert (verdict.faults, verdict.unlinked, verdict.entries) == ((), 20, 3 * EACH)
    await link_pending(log.database, log.clock)
    verdict = await log.verdict()
    assert (verdict.faults, verdict.unlinked, verdict.entries) == ((), 0, 3 * EACH + 20)


ITS_BACKEND = (
    "pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND query LIKE '%INSERT INTO audit_link%'"
)
CHAINER = """
import asyncio, sys
from alertwhisperer.guard.audit.chainer import link_pending
from alertwhisperer.guard.audit.sealing import AuditSealer
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import SystemClock
from alertwhisperer.store.database import Database

async def work():
    database = Database(sys.argv[1], AuditSealer(Vault(b"a master secret of 32 bytes only")))
    await database.open()
    await link_pending(database, SystemClock())

asyncio.run(work())
"""


async def until(looking: Connection, statement: str) -> None:
    """Return when a question is answered with yes."""
    ends = time.monotonic() + 30
    while not await looking.fetchval(statement):
        assert time.monotonic() < ends, statement
        await asyncio.sleep(0.05)


async def test_an_erased_person_leaves_a_chain_that_verifies(log: Log) -> None:
    async with log.database.unit_of_work(Scope(FIRST, "test")) as unit:
        [before] = await audit.page(unit, limit=1)
    assert (before.actor, before.ip, before.erased) == ("ann@example.org", "192.0.2.7", False)
    await erase_person(log.database, CHIEF, UUID(int=7), reason="asked for", now=log.clock.now())
    async with log.database.unit_of_work(Scope(FIRST, "test")) as unit:
        [after] = await audit.page(unit, limit=1)
    assert (after.actor, after.ip, after.erased) == ("erased", "", True)
    assert after.detail == before.detail
    assert (await log.verdict()).faults == ()
    log.clock.advance(timedelta(seconds=1))
    await log.write(FIRST, 1)  # who writes again gets a key of their own again
    async with log.database.unit_of_work(Scope(FIRST, "test")) as unit:
        [fresh, old] = await audit.page(unit, limit=2)
    assert (fresh.erased, old.erased) == (False, True)


@pytest.mark.parametrize("subject", [UUID(int=7), audit.COMPANY_KEY])
async def test_a_key_that_went_without_an_erasure_is_found(log: Log, subject: UUID) -> None:
    async with log.database.unit_of_work(Scope(FIRST, "test")) as unit:
        assert await audit.destroy_key(unit, subject)
    [fault] = (await log.verdict()).faults
    assert (fault.kind, fault.company_id) == (FaultKind.KEY_DESTROYED, FIRST)
    if subject == audit.COMPANY_KEY:
        return
    await log.as_owner("DELETE FROM audit_key WHERE subject = '00000000-0000-0000-0000-000000000007'")
    by = Scope(SECOND, "ann@example.org", "", UUID(int=7))  # an erasure of somebody else explains nothing
    async with log.database.unit_of_work(by.at(INSTALLATION)) as unit:
        await audit.write(unit, AuditAction.PERSON_ERASED, Resource("user", str(UUID(int=9))), {}, now=log.clock.now())
    assert [one.kind for one in (await log.verdict()).faults] == [FaultKind.KEY_DESTROYED] * 3


async def entry_at(log: Log, seq: int) -> UUID:
    async with log.database.across([]) as connection:
        found: UUID = await connection.fetchval(
            "SELECT entry_id FROM audit_link WHERE company_id = $1 AND seq = $2", FIRST, seq
        )
    return found


async def compute_anew(log: Log, company_id: CompanyId) -> None:
    """What a careful forger does: every hash after the edit."""
    digest = genesis(company_id)
    statements = []
    async for link in audit_chain.links(log.database, company_id):
        assert link.entry is not None
        digest = link_hash(digest, link.seq, link.entry)
        statements.append(
            f"UPDATE audit_link SET hash = '\\x{digest.hex()}' WHERE company_id = '{company_id}' AND seq = {link.seq}"
        )
    await log.as_owner(*statements)


async def test_what_was_witnessed_may_be_dropped_and_the_rest_still_verifies(log: Log) -> None:
    cutoff = START + timedelta(seconds=ENTRIES // 2)
    told = await retained(log, cutoff)
    assert {one.company_id for one in told} == set(COMPANIES)
    assert all(one.upto % A_STEP == 0 and one.entries == one.upto for one in told), "cut at witnessed links alone"
    verdict = await log.verdict()
    assert verdict.faults == ()
    assert verdict.entries == 3 * EACH - sum(one.entries for one in told)
    async with log.database.unit_of_work(Scope(FIRST, "test")) as unit:
        [entry] = await audit.page(unit, limit=1)
    assert (entry.action, entry.detail["upto"]) == (AuditAction.AUDIT_RETAINED, told[1].upto)
    assert await retained(log, cutoff) == (), "once"
    await link_pending(log.database, log.clock)
    assert (await log.verdict()).faults == ()


@pytest.mark.parametrize("seq", [2 * A_STEP, EACH - 3])
async def test_a_beginning_that_somebody_took_away_is_not_taken_for_retention(log: Log, seq: int) -> None:
    await log.as_owner(  # at a witnessed link, and at none
        f"UPDATE audit_head h SET dropped = {seq}, dropped_hash = l.hash FROM audit_link l "
        f"WHERE h.company_id = '{FIRST}' AND l.company_id = h.company_id AND l.seq = {seq}",
        f"DELETE FROM audit_entry WHERE id IN "
        f"(SELECT entry_id FROM audit_link WHERE company_id = '{FIRST}' AND seq <= {seq})",
        f"DELETE FROM audit_link WHERE company_id = '{FIRST}' AND seq <= {seq}",
    )
    [fault] = (await log.verdict()).faults
    assert (fault.kind, fault.company_id, fault.seq) == (FaultKind.CHAIN_CUT, FIRST, seq)


async def test_nothing_is_dropped_of_a_chain_that_is_not_what_was_witnessed(log: Log) -> None:
    await log.as_owner(f"UPDATE audit_entry SET action = 'asset_removed' WHERE id = '{await entry_at(log, 5)}'")
    await compute_anew(log, FIRST)
    with pytest.raises(Conflicting, match="not the one that was witnessed"):
        await retained(log, START + timedelta(seconds=ENTRIES // 2))
    assert {fault.kind for fault in (await log.verdict()).faults} == {FaultKind.HISTORY_REWRITTEN}


async def retained(log: Log, keep_from: datetime) -> tuple[Retained, ...]:
    witnessed = await read_witnesses([log.witness], [KEY.public])
    async with connect_owner(log.made.owner_dsn) as owner:
        return await retain(log.database, owner, KEY, CHIEF, witnessed, keep_from=keep_from, now=log.clock.now())


async def test_a_person_is_erased_everywhere_with_a_reason(log: Log) -> None:
    by = CHIEF
    with pytest.raises(Invalid, match="reason"):
        await erase_person(log.database, by, UUID(int=7), reason=" ", now=log.clock.now())
    taken = await erase_person(log.database, by, UUID(int=7), reason="asked for by letter", now=log.clock.now())
    assert (taken.entries, taken.companies) == (3 * EACH, 3)
    for company_id in COMPANIES:
        async with log.database.unit_of_work(Scope(company_id, "test")) as unit:
            listed = await audit.page(unit, limit=50)
        assert not any("ann@example.org" in str(one) for one in listed)
    async with log.database.unit_of_work(Scope(INSTALLATION, "test")) as unit:
        [entry] = await audit.page(unit, limit=1)
    assert (entry.action, entry.actor, entry.reason) == ("person_erased", "chief@example.org", "asked for by letter")
    await link_pending(log.database, log.clock)
    assert (await log.verdict()).faults == ()
    with pytest.raises(NotFound):
        await erase_person(log.database, by, UUID(int=7), reason="again", now=log.clock.now())


async def test_a_company_is_erased_and_its_chain_verifies(log: Log) -> None:
    by = CHIEF
    taken = await erase_company(log.database, by, FIRST, reason="contract ended", now=log.clock.now())
    assert taken.entries == EACH
    async with log.database.unit_of_work(Scope(FIRST, "test")) as unit:
        assert all(one.erased for one in await audit.page(unit, limit=50))
    assert (await log.verdict()).faults == ()
