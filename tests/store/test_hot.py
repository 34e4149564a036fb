"""
Two processes that meet on the same rows make each thing once, and what one company sends never undoes another's.

Each `Lanes` here is a process's own: its connections, its remembered rules. They share the database alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, quote, urlencode, urlsplit, urlunsplit
from uuid import UUID

import pytest

from alertwhisperer.app.lanes import Lanes
from alertwhisperer.domain.delivery import Answer, Delivery
from alertwhisperer.domain.rule import Rule
from alertwhisperer.guard.audit.sealing import AuditSealer
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import ManualClock, SystemClock
from alertwhisperer.kit.metrics import Metrics
from alertwhisperer.store import alerts, deliveries, incidents, ledger, quarantine, rules
from alertwhisperer.store.alerts import AlertFilter, AlertRow
from alertwhisperer.store.database import Database
from alertwhisperer.store.hot.committed import committed
from alertwhisperer.store.incidents import IncidentFilter, IncidentRow
from alertwhisperer.store.ledger import Totals
from tests.conftest import MASTER, MakeCompany, Tenant
from tests.places import open_place
from tests.store.batches import alert, delivery, hot_connection, pipeline_of

ROUNDS = 25


@asynccontextmanager
async def process(database: Database, *, lanes: int = 1) -> AsyncIterator[Lanes]:
    """What one server process has of the hot path."""
    clock = SystemClock()
    made = Lanes(database, pipeline_of(database, clock), clock, Metrics(), count=lanes)
    made.start()
    try:
        yield made
    finally:
        await made.stop()


async def books(database: Database, tenant: Tenant) -> Totals:
    """What the ledger says, which must agree with the rows."""
    async with database.unit_of_work(tenant.scope, snapshot=True) as unit:
        verified = await ledger.verify(unit)
        assert verified.differences == ()
        return await ledger.totals(unit)


async def alerts_of(database: Database, tenant: Tenant) -> list[AlertRow]:
    async with database.unit_of_work(tenant.scope) as unit:
        return await alerts.page(unit, AlertFilter(), limit=500)


async def incidents_of(database: Database, tenant: Tenant) -> list[IncidentRow]:
    async with database.unit_of_work(tenant.scope) as unit:
        return await incidents.page(unit, IncidentFilter(), limit=500)


# ------------------------------------------------------------------------------------------------ meeting on new rows


async def test_two_processes_that_meet_a_new_problem_make_one_alert(
    database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    async with process(database) as one, process(database) as other:
        for number in range(ROUNDS):
            told = [delivery(tenant, [alert(f"host-{number}")], now=clock.now()) for _ in range(2)]
            await asyncio.gather(one.submit(told[0]), other.submit(told[1]))
    found, opened = await alerts_of(database, tenant), await incidents_of(database, tenant)
    assert sorted(one.asset for one in found) == sorted(f"host-{number}" for number in range(ROUNDS))
    assert {one.count for one in found} == {2}
    assert [(one.alert_count, one.occurrence_count, one.firing) for one in opened] == [(1, 2, 1)] * ROUNDS
    totals = await books(database, tenant)
    assert (totals.new, totals.repeat, totals.received) == (ROUNDS, ROUNDS, 2 * ROUNDS)


async def test_two_processes_that_meet_a_new_key_open_one_incident(
    database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    async with database.unit_of_work(tenant.scope) as unit:
        await rules.save(unit, (Rule(id="all", name="By signature", group_by=("signature",)),), now=clock.now())
    async with process(database) as one, process(database) as other:
        for number in range(ROUNDS):
            signature = f"fault {number}"
            told = [
                delivery(tenant, [alert(f"{side}-{n}", signature=signature) for n in range(3)], now=clock.now())
                for side in ("left", "right")
            ]
            await asyncio.gather(one.submit(told[0]), other.submit(told[1]))
    opened = await incidents_of(database, tenant)
    assert [(incident.alert_count, incident.occurrence_count) for incident in opened] == [(6, 6)] * ROUNDS
    assert (await books(database, tenant)).new == 6 * ROUNDS


async def test_many_processes_on_the_same_problems_in_any_order_count_each_occurrence_once(
    database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    names = [f"host-{number}" for number in range(12)]
    async with process(database) as one, process(database) as two, process(database) as three:
        told = [
            (lanes, delivery(tenant, [alert(name) for name in order], now=clock.now()))
            for lanes, order in ((one, names), (two, names[::-1]), (three, names[6:] + names[:6]))
            for _ in range(8)
        ]
        await asyncio.gather(*(lanes.submit(each) for lanes, each in told))
    assert [found.count for found in await alerts_of(database, tenant)] == [24] * len(names)
    totals = await books(database, tenant)
    assert (totals.new, totals.repeat) == (len(names), 23 * len(names))


# ------------------------------------------------------------------------------------------------ sender's ids


async def test_a_senders_id_twice_in_one_batch_is_one_delivery(
    database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    told = [delivery(tenant, [alert()], now=clock.now(), sender="same") for _ in range(3)]
    connection = await hot_connection(database)
    try:
        answers = await pipeline_of(database, clock).run(connection, told)
    finally:
        await connection.close()
    assert_one_stored(answers)
    totals = await books(database, tenant)
    assert (totals.deliveries_accepted, totals.deliveries_duplicate, totals.received) == (1, 2, 1)


async def test_a_senders_id_at_two_processes_at_once_is_one_delivery(
    database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    async with process(database) as one, process(database) as other:
        for number in range(ROUNDS):
            told = [delivery(tenant, [alert()], now=clock.now(), sender=f"id-{number}") for _ in range(2)]
            assert_one_stored(await asyncio.gather(one.submit(told[0]), other.submit(told[1])))
    totals = await books(database, tenant)
    assert (totals.deliveries_accepted, totals.deliveries_duplicate) == (ROUNDS, ROUNDS)
    assert [found.count for found in await alerts_of(database, tenant)] == [ROUNDS]


@pytest.mark.parametrize("signed", [True, False], ids=["signed", "unsigned"])
async def test_a_senders_id_with_two_bodies_in_one_batch(
    signed: bool, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    told = [
        delivery(tenant, [alert(name)], now=clock.now(), sender="same", signed=signed) for name in ("left", "right")
    ]
    connection = await hot_connection(database)
    try:
        answers = await pipeline_of(database, clock).run(connection, told)
    finally:
        await connection.close()
    assert sorted(answer.conflict for answer in answers) == [False, signed]
    assert not any(answer.duplicate for answer in answers)
    assert len(await alerts_of(database, tenant)) == (1 if signed else 2)
    await books(database, tenant)


async def test_two_companies_may_use_one_senders_id(
    database: Database, make_company: MakeCompany, clock: ManualClock
) -> None:
    tenants = [await make_company(name, source="generic") for name in ("One", "Two")]
    connection = await hot_connection(database)
    try:
        told = [delivery(tenant, [alert()], now=clock.now(), sender="same") for tenant in tenants]
        answers = await pipeline_of(database, clock).run(connection, told)
    finally:
        await connection.close()
    assert [answer.duplicate for answer in answers] == [False, False]
    assert [len(await alerts_of(database, tenant)) for tenant in tenants] == [1, 1]


def assert_one_stored(answers: Sequence[Answer]) -> None:
    """One of the answers is of a stored delivery, the others name it."""
    first = [answer for answer in answers if not answer.duplicate]
    assert len(first) == 1
    assert {answer.delivery_id for answer in answers} == {first[0].delivery_id}
    assert not any(answer.conflict or answer.gone for answer in answers)


# ------------------------------------------------------------------------------------------------ refused rows


def with_nul(told: Delivery) -> None:
    """A text that PostgreSQL has no letter for."""
    told.request = "\0"


def with_huge_number(told: Delivery) -> None:
    """A number that its column has no room for."""
    told.parser = 2**40


def with_half_a_letter(told: Delivery) -> None:
    """A lone surrogate, which UTF-8 has no form for."""
    told.request = "\ud800"


@pytest.mark.parametrize("spoil", [with_nul, with_huge_number, with_half_a_letter], ids=lambda one: one.__name__)
async def test_a_row_that_the_database_refuses_is_nobody_elses_loss(
    spoil: Callable[[Delivery], None], database: Database, make_company: MakeCompany, clock: ManualClock
) -> None:
    bad, good = [await make_company(name, source="generic") for name in ("Bad", "Good")]
    told = [delivery(tenant, [alert(f"host-{n}")], now=clock.now()) for n in range(4) for tenant in (bad, good)]
    spoiled = next(one for one in told if one.company == bad.id.bytes)
    spoil(spoiled)
    async with process(database) as lanes:
        answers = await asyncio.gather(*(lanes.submit(one) for one in told), return_exceptions=True)
    for one, answer in zip(told, answers, strict=True):
        assert isinstance(answer, Exception if one is spoiled else Answer), answer
    assert len(await alerts_of(database, good)) == 4
    assert len(await alerts_of(database, bad)) == 3
    assert (await books(database, good)).new == 4
    await books(database, bad)


async def test_the_body_of_a_refused_delivery_is_kept_in_quarantine(
    database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    told = delivery(tenant, [alert()], now=clock.now())
    told.members[0].told.encoded = "\0"  # type: ignore[union-attr]
    async with process(database) as lanes:
        answer = await lanes.submit(told)
    assert answer.status.word == "quarantined"
    async with database.unit_of_work(tenant.scope) as unit:
        kept = await deliveries.body(unit, UUID(bytes=told.id))
        waiting = await quarantine.page(unit, state="waiting", limit=10)
    assert kept is not None
    assert kept.body == told.body
    assert [one.reason for one in waiting] == ["refused_by_database"]
    assert (await books(database, tenant)).quarantined == 1


# ------------------------------------------------------------------------------------------------ lost commits


async def test_committed_names_what_is_there_and_nothing_else(
    database: Database, make_company: MakeCompany, clock: ManualClock
) -> None:
    one, other = [await make_company(name, source="generic") for name in ("One", "Two")]
    told = [delivery(tenant, [alert()], now=clock.now()) for tenant in (one, other)]
    absent = delivery(one, [alert()], now=clock.now() + timedelta(days=1))
    connection = await hot_connection(database)
    try:
        await pipeline_of(database, clock).run(connection, told)
        asked = [(each.company, each.id) for each in (*told, absent)]
        assert await committed(connection, asked) == {each.id for each in told}
        assert await committed(connection, [(one.id.bytes, told[1].id)]) == set(), "another company's id"
        assert await committed(connection, []) == set()
    finally:
        await connection.close()


async def test_a_commit_whose_answer_was_lost_is_not_done_twice(
    database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    with open_place("aw-line-") as place:
        async with Line(database.dsn, place) as line:
            far = Database(line.dsn, AuditSealer(Vault(MASTER)))
            await far.open()
            try:
                async with process(far) as lanes:
                    told = [
                        delivery(tenant, [alert("a")], now=clock.now(), sender="one"),
                        delivery(tenant, [alert("b")], now=clock.now()),
                        delivery(tenant, [alert("a")], now=clock.now(), sender="one"),
                    ]
                    line.cut_at_commit = True
                    answers = await asyncio.gather(*(lanes.submit(one) for one in told))
            finally:
                await far.close()
            assert line.cuts == 1
    assert [answer.duplicate for answer in answers].count(True) == 1
    assert answers[0].delivery_id == answers[2].delivery_id
    assert sorted((one.asset, one.count) for one in await alerts_of(database, tenant)) == [("a", 1), ("b", 1)]
    totals = await books(database, tenant)
    assert (totals.deliveries_accepted, totals.received) == (2, 2)


class Line:
    """
    A line to the server that can be cut just after a COMMIT was carried out, before its answer comes through.

    Attributes:
        cut_at_commit: cut at the next one.
        cuts: how often it was.
    """

    def __init__(self, dsn: str, place: Path) -> None:
        self._parts = urlsplit(dsn)
        self._place = place
        self.cut_at_commit = False
        self.cuts = 0
        self._carriers: set[asyncio.Task[None]] = set()

    @property
    def dsn(self) -> str:
        """Of the near end."""
        login = self._parts.netloc.rpartition("@")[0]
        query = urlencode({"host": str(self._place), "port": "5432"}, quote_via=quote)
        return urlunsplit((self._parts.scheme, f"{login}@", self._parts.path, query, ""))

    async def __aenter__(self) -> Line:
        self._server = await asyncio.start_unix_server(self._carry, self._place / ".s.PGSQL.5432")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for carrier in self._carriers:
            carrier.cancel()
        await asyncio.gather(*self._carriers, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await self._far_end()
        back = asyncio.create_task(self._pass_on(far_reader, writer))
        self._carriers.add(back)
        try:
            while data := await reader.read(65536):
                if self.cut_at_commit and b"COMMIT" in data:
                    self.cut_at_commit = False
                    self.cuts += 1
                    back.cancel()
                    await asyncio.gather(back, return_exceptions=True)
                    far_writer.write(data)
                    await far_reader.read(65536)  # it is committed now, and nobody was told
                    break
                far_writer.write(data)
        finally:
            back.cancel()
            writer.close()
            far_writer.close()

    async def _far_end(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        query = parse_qs(self._parts.query)
        if "host" in query:
            return await asyncio.open_unix_connection(f"{query['host'][0]}/.s.PGSQL.{query['port'][0]}")
        return await asyncio.open_connection(self._parts.hostname, self._parts.port or 5432)

    @staticmethod
    async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
        finally:
            writer.close()
