"""
What a maintenance window hides, and what it must not: the path's own pipeline, people's calls, the timers' work.

Time is handed in. Each story's log is decided again at its end, and must come out the same.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from alertwhisperer.app.pipeline import Pipeline, StaleRules
from alertwhisperer.correlate import acts, maintenance, releasing
from alertwhisperer.correlate.maintenance import Draft, Finding, WindowWhole
from alertwhisperer.correlate.receipt import explain
from alertwhisperer.correlate.replay import replay
from alertwhisperer.domain.audit import AuditAction
from alertwhisperer.domain.errors import Conflicting, Forbidden, Invalid, NotFound
from alertwhisperer.domain.outcome import Reason
from alertwhisperer.domain.rule import Rule
from alertwhisperer.domain.window import Phase
from alertwhisperer.insight.kpis import Figures, Whereabouts, measure_each
from alertwhisperer.inventory import assets, sites
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store import alerts, audit, due, incidents, ledger, rules
from alertwhisperer.store.alerts import AlertFilter
from alertwhisperer.store.database import Database
from alertwhisperer.store.due import Due
from alertwhisperer.store.incidents import IncidentFilter, IncidentRow
from tests.conftest import MakeCompany, Tenant
from tests.store.batches import alert, delivery, hot_connection, pipeline_of

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
KINDS = (due.RELEASE_INCIDENT, due.SETTLE_WINDOW)


class Line:
    """One process's pipeline, and the timers of the companies it is asked for."""

    def __init__(self, database: Database, pipeline: Pipeline, clock: ManualClock) -> None:
        self.database, self._pipeline, self.clock = database, pipeline, clock

    @property
    def now(self) -> datetime:
        return self.clock.now()

    async def send(self, tenant: Tenant, told: Sequence[dict[str, object]]) -> None:
        """What a tool says, now."""
        connection = await hot_connection(self.database)
        try:
            for _ in range(3):
                try:
                    await self._pipeline.run(connection, [delivery(tenant, told, now=self.now)])
                    break
                except StaleRules:
                    continue
        finally:
            await connection.close()

    async def run_due(self, tenant: Tenant) -> None:
        """What the scheduler does of this company's, until nothing is due."""
        for _ in range(10_000):
            async with self.database.unit_of_work(tenant.scope) as unit:
                row = await unit.connection.fetchrow(
                    "SELECT kind, subject FROM due_work WHERE company_id = $1 AND due_at <= $2 AND kind = ANY ($3) "
                    "ORDER BY kind, subject LIMIT 1",
                    tenant.id,
                    self.now,
                    list(KINDS),
                )
                if row is None:
                    return
                work = Due(unit, row["kind"], row["subject"], 0)
                do = releasing.release_due if work.kind == due.RELEASE_INCIDENT else releasing.settle_due
                until = await do(unit, work.subject, now=self.now)
                await (work.done() if until is None else work.postpone(until))
        raise AssertionError("something stays due")

    async def to(self, tenant: Tenant, moment: datetime) -> None:
        """Go to a moment, and let the timers of that moment work."""
        self.clock.advance(moment - self.now)
        await self.run_due(tenant)

    async def incidents(self, tenant: Tenant) -> list[IncidentRow]:
        async with self.database.unit_of_work(tenant.scope) as unit:
            return await incidents.page(unit, IncidentFilter(), limit=1_000)

    async def reasons(self, tenant: Tenant) -> list[Reason]:
        """Of every occurrence, in the order of decision."""
        async with self.database.unit_of_work(tenant.scope) as unit:
            rows = await unit.connection.fetch(
                "SELECT reason FROM occurrence WHERE company_id = $1 ORDER BY seq, place", tenant.id
            )
        return [Reason(row["reason"]) for row in rows]


@pytest.fixture
async def line(database: Database, clock: ManualClock, tenant: Tenant) -> AsyncIterator[Line]:
    """The path; at the end what it decided is decided again, and the books are compared with the rows."""
    yield Line(database, pipeline_of(database, clock), clock)
    async with database.unit_of_work(tenant.scope, snapshot=True) as unit:
        again = await replay(unit)
        assert (again.different, again.differences) == (0, [])
        assert (await ledger.verify(unit)).differences == ()


@asynccontextmanager
async def other_line(database: Database, clock: ManualClock) -> AsyncIterator[Line]:
    """Another process, which remembers nothing of the first."""
    yield Line(database, pipeline_of(database, clock), clock)


async def window(
    line: Line,
    tenant: Tenant,
    *,
    lasts: timedelta = HOUR,
    begins: timedelta = timedelta(0),
    asset_ids: Sequence[UUID] = (),
    site_ids: Sequence[UUID] = (),
    checks: Sequence[str] = (),
    recurrence: str = "",
    until: datetime | None = None,
) -> WindowWhole:
    """One that an admin makes."""
    starts = (line.now + begins).replace(tzinfo=None)
    draft = Draft(
        "Patch night",
        "Servers restart.",
        starts,
        starts + lasts,
        sites=tuple(site_ids),
        assets=tuple(asset_ids),
        signatures=tuple(checks),
        time_zone="UTC",
        recurrence=recurrence,
        until=until,
    )
    return await maintenance.add_window(line.database, tenant.scope, draft, may_be_wide=True, now=line.now)


async def asset(line: Line, tenant: Tenant, name: str, *, site_id: UUID | None = None) -> UUID:
    given = {"name": name, **({} if site_id is None else {"site_id": site_id})}
    return (await assets.add_asset(line.database, tenant.scope, given, now=line.now)).id


async def shown(line: Line, tenant: Tenant, made: WindowWhole) -> WindowWhole:
    return await maintenance.get_window(line.database, tenant.scope, made.window.id, now=line.now)


def resolved(name: str) -> dict[str, object]:
    return alert(name, status="resolved")


# ------------------------------------------------------------------------------------------------ known failures


async def test_a_window_that_ends_opens_one_incident_a_key_and_writes_one_digest(line: Line, tenant: Tenant) -> None:
    async with line.database.unit_of_work(tenant.scope) as unit:
        await rules.save(unit, (Rule(id="check", name="By check", group_by=("signature",)),), now=line.now)
    made = await window(line, tenant)
    for number in range(60):
        line.clock.advance(MINUTE / 2)
        await line.send(tenant, [alert(f"host-{number}", signature=f"check {number % 2}")])
    assert await line.incidents(tenant) == []

    await line.to(tenant, made.spans[0].ends_at)
    opened = await line.incidents(tenant)
    assert sorted((one.title.partition(" on ")[0], one.alert_count) for one in opened) == [
        ("check 0", 30),
        ("check 1", 30),
    ]
    await line.to(tenant, line.now + MINUTE)
    await line.to(tenant, line.now + HOUR)
    [span] = (await shown(line, tenant, made)).spans
    assert (span.suppressed, span.firing, span.opened) == (60, 60, 2)
    async with line.database.unit_of_work(tenant.scope) as unit:
        written = [one for one in await audit.page(unit, limit=100) if one.action is AuditAction.WINDOW_SETTLED]
    [digest] = written
    assert (digest.detail["suppressed"], digest.detail["opened"]) == (60, 2)
    assert len(await line.incidents(tenant)) == 2


async def test_a_window_on_one_machine_hides_nothing_else_of_its_site(line: Line, tenant: Tenant) -> None:
    site = await sites.add_site(line.database, tenant.scope, {"name": "Berlin"}, now=line.now)
    quiet = await asset(line, tenant, "web-01", site_id=site.id)
    await asset(line, tenant, "web-02", site_id=site.id)
    async with line.database.unit_of_work(tenant.scope) as unit:
        # Even where the two share a key: what is not in the window opens what the window held back.
        await rules.save(unit, (Rule(id="check", name="By check", group_by=("signature",)),), now=line.now)
    await window(line, tenant, asset_ids=[quiet])
    await line.send(tenant, [alert("web-01")])
    assert await line.incidents(tenant) == []
    await line.send(tenant, [alert("web-02")])
    [opened] = await line.incidents(tenant)
    assert opened.alert_count == 2
    assert await line.reasons(tenant) == [Reason.SUPPRESSED, Reason.OPENED_OUT_OF_WINDOW]


async def test_no_window_outlives_its_reason_by_a_year(line: Line, tenant: Tenant) -> None:
    with pytest.raises(Invalid, match="must have an end"):
        await window(line, tenant, recurrence="FREQ=DAILY")
    with pytest.raises(Invalid, match="400 days"):
        await window(line, tenant, recurrence="FREQ=DAILY", until=line.now + 401 * DAY)
    with pytest.raises(Invalid, match="may last 72 h"):
        await window(line, tenant, lasts=73 * HOUR)
    made = await window(line, tenant, recurrence="FREQ=DAILY", until=line.now + 300 * DAY)
    assert made.findings == (Finding.EVERYTHING,)
    line.clock.advance(31 * DAY)
    assert (await shown(line, tenant, made)).findings == (Finding.UNUSED, Finding.EVERYTHING)
    line.clock.advance(150 * DAY)
    assert Finding.OLD in (await shown(line, tenant, made)).findings
    line.clock.advance(150 * DAY)
    over = await shown(line, tenant, made)
    assert (over.phase, over.findings) == (Phase.PAST, ())


async def test_one_companys_window_hides_nothing_of_another(
    line: Line, tenant: Tenant, make_company: MakeCompany
) -> None:
    neighbour = await make_company("Neighbour")
    made = await window(line, tenant)
    await line.send(neighbour, [alert()])
    await line.send(tenant, [alert()])
    assert len(await line.incidents(neighbour)) == 1
    assert await line.incidents(tenant) == []
    with pytest.raises(NotFound):
        await maintenance.get_window(line.database, neighbour.scope, made.window.id, now=line.now)
    with pytest.raises(NotFound):
        await maintenance.end_window(line.database, neighbour.scope, made.window.id, for_good=True, now=line.now)


async def test_500_alerts_resolved_in_the_window_give_one_digest_and_no_incident(line: Line, tenant: Tenant) -> None:
    made = await window(line, tenant)
    names = [f"host-{number}" for number in range(500)]
    severity = {name: "critical" if number < 20 else "high" for number, name in enumerate(names)}
    await line.send(tenant, [alert(name, severity=severity[name]) for name in names])
    line.clock.advance(30 * MINUTE)
    await line.send(tenant, [resolved(name) for name in names])
    await line.to(tenant, made.spans[0].ends_at + MINUTE)
    assert await line.incidents(tenant) == []
    [span] = (await shown(line, tenant, made)).spans
    assert (span.suppressed, span.criticals, span.firing, span.opened) == (500, 20, 0, 0)
    assert span.settled_at is not None
    assert set(await line.reasons(tenant)) == {Reason.SUPPRESSED, Reason.RESOLVED_SUPPRESSED}
    async with line.database.unit_of_work(tenant.scope) as unit:
        assert len(await alerts.page(unit, AlertFilter(), limit=1_000)) == 500


# ------------------------------------------------------------------------------------------------ hidden and not


async def test_what_is_open_already_takes_its_alerts_and_resolves(line: Line, tenant: Tenant) -> None:
    await line.send(tenant, [alert(), alert("db-01")])
    made = await window(line, tenant)
    line.clock.advance(MINUTE)
    await line.send(tenant, [alert(), alert("db-01"), alert("new")])
    await line.send(tenant, [resolved("web-01")])
    by_title = {one.title: one for one in await line.incidents(tenant)}
    assert {title: one.status.word for title, one in by_title.items()} == {
        "disk full on web-01": "resolved",
        "disk full on db-01": "open",
    }
    # What was resolved inside its reopen window is not reopened: nothing of it is open any more.
    line.clock.advance(MINUTE)
    await line.send(tenant, [alert()])
    assert len(await line.incidents(tenant)) == 2
    assert (await line.reasons(tenant))[-1] is Reason.SUPPRESSED
    await line.to(tenant, made.spans[0].ends_at)
    assert len(await line.incidents(tenant)) == 4


async def test_figures_count_what_stayed_hidden_and_open_its_rows(line: Line, tenant: Tenant) -> None:
    await line.send(tenant, [alert("open")])
    made = await window(line, tenant)
    names = [f"host-{number}" for number in range(4)]
    await line.send(tenant, [alert(name, severity="critical") for name in names])
    await line.send(tenant, [alert("host-0"), *(resolved(name) for name in names[1:])])

    async def figures() -> Figures:
        whole = (made.spans[0].starts_at, made.spans[0].starts_at + 2 * HOUR)
        async with line.database.unit_of_work(tenant.scope) as unit:
            ((found,), _) = await measure_each(unit.connection, [tenant.id], [whole], [])
        return found

    async def rows() -> int:
        found = await maintenance.suppressed_alerts(line.database, tenant.scope)
        return sum(one.incident_id is None for one in found)

    hidden = await figures()
    assert (hidden.total_alerts, hidden.distinct_alerts, hidden.suppressed_alerts, hidden.total_incidents) == (
        6,
        5,
        4,
        1,
    )
    assert hidden.where_alerts_went == Whereabouts(folded=1, correlated=0, suppressed=4, incidents=1)
    assert hidden.noise_reduction is not None
    assert hidden.noise_reduction.guards.criticals_suppressed == 4
    assert await rows() == hidden.suppressed_alerts
    await line.to(tenant, made.spans[0].ends_at)
    after = await figures()
    assert after.where_alerts_went == Whereabouts(folded=1, correlated=0, suppressed=3, incidents=2)
    assert after.noise_reduction is not None
    split = after.noise_reduction
    assert after.noise_reduction_pct == round(split.dedup + split.correlation + split.suppression, 2)
    assert await rows() == after.suppressed_alerts


async def test_a_receipt_says_which_window_held_it_back(line: Line, tenant: Tenant) -> None:
    made = await window(line, tenant)
    await line.send(tenant, [alert()])
    async with line.database.unit_of_work(tenant.scope) as unit:
        [facts] = await unit.connection.fetch("SELECT facts FROM receipt WHERE company_id = $1", tenant.id)
    told = " ".join(explain(facts["facts"], Reason.SUPPRESSED))
    assert "'Patch night'" in told
    assert str(made.window.id) in told


async def test_a_window_holds_what_it_names(line: Line, tenant: Tenant) -> None:
    site = await sites.add_site(line.database, tenant.scope, {"name": "Berlin"}, now=line.now)
    await asset(line, tenant, "at-site", site_id=site.id)
    named = await asset(line, tenant, "named")
    await window(line, tenant, site_ids=[site.id], checks=["reboot"])
    await window(line, tenant, asset_ids=[named])
    await window(line, tenant, checks=["backup"])
    hidden = [("AT-SITE", "reboot"), ("https://named:443/x", "anything"), ("elsewhere", "backup"), ("named", "backup")]
    heard = [("at-site", "disk full"), ("elsewhere", "reboot"), ("named-2", "anything")]
    await line.send(tenant, [alert(name, signature=check) for name, check in [*hidden, *heard]])
    assert sorted(one.title for one in await line.incidents(tenant)) == sorted(
        f"{check} on {name}" for name, check in heard
    )


async def test_what_moves_to_a_site_is_held_with_it_and_what_leaves_is_not(line: Line, tenant: Tenant) -> None:
    site = await sites.add_site(line.database, tenant.scope, {"name": "Berlin"}, now=line.now)
    stays = await asset(line, tenant, "stays", site_id=site.id)
    comes = await asset(line, tenant, "comes")
    await assets.add_alias(line.database, tenant.scope, comes, "nickname", now=line.now)
    await window(line, tenant, site_ids=[site.id])
    await assets.set_asset(line.database, tenant.scope, comes, {"site_id": site.id}, now=line.now)
    await assets.set_asset(line.database, tenant.scope, stays, {"site_id": None}, now=line.now)
    await line.send(tenant, [alert("stays"), alert("nickname")])
    assert [one.title for one in await line.incidents(tenant)] == ["disk full on stays"]
    await sites.remove_site(line.database, tenant.scope, site.id, now=line.now)
    await line.send(tenant, [alert("comes", signature="another")])
    assert len(await line.incidents(tenant)) == 2  # a window for a place that is gone holds nothing, not everything


async def test_below_the_least_count_a_window_holds_what_completes_it(line: Line, tenant: Tenant) -> None:
    async with line.database.unit_of_work(tenant.scope) as unit:
        await rules.save(unit, (Rule(id="three", name="Three", least_count=3),), now=line.now)
    made = await window(line, tenant)
    for _ in range(4):
        await line.send(tenant, [alert()])
    assert await line.reasons(tenant) == [
        Reason.FORMING,
        Reason.REPEAT_FIRING,
        Reason.REPEAT_SUPPRESSED,
        Reason.REPEAT_FIRING,
    ]
    await line.to(tenant, made.spans[0].ends_at)
    [opened] = await line.incidents(tenant)
    assert (opened.occurrence_count, opened.opened_at) == (4, line.now)


async def test_a_person_resolved_it_and_it_still_fires_in_a_window(line: Line, tenant: Tenant) -> None:
    await line.send(tenant, [alert()])
    [first] = await line.incidents(tenant)
    async with line.database.unit_of_work(tenant.scope) as unit:
        await acts.resolve(unit, first.id, note="", now=line.now)
    made = await window(line, tenant)
    line.clock.advance(30 * MINUTE)  # beyond the reopen window: it would open another
    await line.send(tenant, [alert()])
    assert [one.id for one in await line.incidents(tenant)] == [first.id]
    await line.to(tenant, made.spans[0].ends_at)
    assert len(await line.incidents(tenant)) == 2


# ------------------------------------------------------------------------------------------------ the end


async def test_a_repeat_after_the_end_and_the_timer_open_it_once(line: Line, tenant: Tenant) -> None:
    made = await window(line, tenant)
    await line.send(tenant, [alert()])
    line.clock.advance(made.spans[0].ends_at - line.now)
    await line.send(tenant, [alert()])
    assert (await line.reasons(tenant))[-1] is Reason.REPEAT_OUTLASTED_WINDOW
    await line.run_due(tenant)
    assert len(await line.incidents(tenant)) == 1


async def test_the_end_twice_has_its_effect_once(line: Line, tenant: Tenant) -> None:
    """A worker that died after its commit, before it knew: its due rows are there again."""
    made = await window(line, tenant)
    await line.send(tenant, [alert(), alert("gone")])
    await line.send(tenant, [resolved("gone")])
    async with line.database.unit_of_work(tenant.scope) as unit:
        held = await unit.connection.fetch(
            "SELECT kind, subject FROM due_work WHERE company_id = $1 AND kind = ANY ($2)", tenant.id, list(KINDS)
        )
    assert len(held) == 3
    await line.to(tenant, made.spans[0].ends_at + MINUTE)
    before = (await shown(line, tenant, made)).spans
    async with line.database.unit_of_work(tenant.scope) as unit:
        for row in held:
            await due.add(unit, row["kind"], row["subject"], due_at=line.now)
    line.clock.advance(MINUTE)
    await line.run_due(tenant)
    assert (await shown(line, tenant, made)).spans == before
    assert len(await line.incidents(tenant)) == 1
    async with line.database.unit_of_work(tenant.scope) as unit:
        acted = await unit.connection.fetchval(
            "SELECT count(*) FROM act WHERE company_id = $1 AND kind = 'timer_release'", tenant.id
        )
    assert acted == 1


async def test_what_another_window_holds_waits_for_that_ones_end(line: Line, tenant: Tenant) -> None:
    first = await window(line, tenant)
    await line.send(tenant, [alert()])
    second = await window(line, tenant, lasts=2 * HOUR)
    await line.to(tenant, first.spans[0].ends_at + MINUTE)
    assert await line.incidents(tenant) == []
    await line.to(tenant, second.spans[0].ends_at)
    assert len(await line.incidents(tenant)) == 1


async def test_a_window_is_extended_and_ended_early(line: Line, tenant: Tenant) -> None:
    made = await window(line, tenant)
    end = made.spans[0].ends_at
    await line.send(tenant, [alert()])
    line.clock.advance(MINUTE)
    longer = await maintenance.extend_window(
        line.database, tenant.scope, made.window.id, end + HOUR, may_be_wide=True, now=line.now
    )
    assert longer.spans[0].ends_at == end + HOUR
    await line.to(tenant, end + MINUTE)
    assert await line.incidents(tenant) == []
    await line.send(tenant, [alert("late")])
    assert await line.incidents(tenant) == []
    over = await maintenance.end_window(line.database, tenant.scope, made.window.id, for_good=False, now=line.now)
    assert (over.phase, over.window.ended_by) == (Phase.PAST, "test")
    await line.run_due(tenant)
    assert len(await line.incidents(tenant)) == 2
    await line.send(tenant, [alert("after")])
    assert len(await line.incidents(tenant)) == 3
    line.clock.advance(MINUTE)
    with pytest.raises(Conflicting):
        await maintenance.end_window(line.database, tenant.scope, made.window.id, for_good=True, now=line.now)
    with pytest.raises(Conflicting):
        await maintenance.extend_window(
            line.database, tenant.scope, made.window.id, line.now + HOUR, may_be_wide=True, now=line.now
        )


async def test_one_time_of_a_series_ends_and_the_next_comes(line: Line, tenant: Tenant) -> None:
    made = await window(line, tenant, recurrence="FREQ=DAILY", until=line.now + 3 * DAY)
    assert len(made.spans) == 3
    line.clock.advance(MINUTE)
    await line.send(tenant, [alert()])
    left = await maintenance.end_window(line.database, tenant.scope, made.window.id, for_good=False, now=line.now)
    assert left.phase is Phase.COMING
    await line.run_due(tenant)
    await line.send(tenant, [resolved("web-01")])
    await line.to(tenant, made.spans[1].starts_at)
    await line.send(tenant, [alert()])
    assert [one.status.word for one in await line.incidents(tenant)] == ["resolved"]
    await line.to(tenant, made.spans[1].ends_at + MINUTE)
    assert sorted(one.status.word for one in await line.incidents(tenant)) == ["open", "resolved"]
    gone = await maintenance.end_window(line.database, tenant.scope, made.window.id, for_good=False, now=line.now)
    assert [one.starts_at for one in gone.spans] == [one.starts_at for one in made.spans[:2]]
    assert [one.suppressed for one in gone.spans] == [1, 1]


async def test_an_old_held_incident_does_not_come_back_with_the_next_time(line: Line, tenant: Tenant) -> None:
    made = await window(line, tenant, recurrence="FREQ=DAILY", until=line.now + 3 * DAY)
    await line.send(tenant, [alert(severity="critical")])
    await line.send(tenant, [resolved("web-01")])
    await line.to(tenant, made.spans[1].starts_at)
    await line.send(tenant, [alert(severity="low")])
    await line.to(tenant, made.spans[1].ends_at)
    [opened] = await line.incidents(tenant)
    assert (opened.severity.word, opened.alert_count) == ("low", 1)


async def test_a_process_that_remembers_old_windows_comes_back(
    line: Line, tenant: Tenant, database: Database, clock: ManualClock
) -> None:
    async with other_line(database, clock) as other:
        await other.send(tenant, [alert("before")])
        await window(line, tenant)
        await other.send(tenant, [alert("inside")])
    assert [one.title for one in await line.incidents(tenant)] == ["disk full on before"]


# ------------------------------------------------------------------------------------------------ before it is made


async def test_a_technician_keeps_quiet_what_is_named_once_and_shortly(line: Line, tenant: Tenant) -> None:
    named = await asset(line, tenant, "web-01")
    starts = line.now.replace(tzinfo=None)

    async def ask(lasts: timedelta, **more: object) -> WindowWhole:
        draft = Draft("Disk", "New disk.", starts, starts + lasts, time_zone="UTC", **more)  # type: ignore[arg-type]
        return await maintenance.add_window(line.database, tenant.scope, draft, may_be_wide=False, now=line.now)

    made = await ask(8 * HOUR, assets=(named,))
    with pytest.raises(Forbidden, match="longer than 8 h"):
        await ask(9 * HOUR, assets=(named,))
    with pytest.raises(Forbidden, match="whole company"):
        await ask(HOUR)
    with pytest.raises(Forbidden, match="recurs"):
        await ask(HOUR, assets=(named,), recurrence="FREQ=DAILY", until=line.now + 2 * DAY)
    with pytest.raises(Forbidden, match="longer than 8 h"):
        await maintenance.extend_window(
            line.database, tenant.scope, made.window.id, line.now + 9 * HOUR, may_be_wide=False, now=line.now
        )


async def test_a_preview_shows_what_would_have_been_hidden_worst_first(line: Line, tenant: Tenant) -> None:
    named = await asset(line, tenant, "web-01")
    await line.send(tenant, [alert(severity="high"), alert(severity="critical", signature="down"), alert("db-01")])
    line.clock.advance(2 * HOUR)
    await line.send(tenant, [alert(signature="later")])
    line.clock.advance(22 * HOUR)  # tomorrow, at the hour of the first alerts
    starts = line.now.replace(tzinfo=None)
    draft = Draft("Disk", "New disk.", starts, starts + HOUR, assets=(named,), time_zone="UTC")
    found = await maintenance.preview(line.database, tenant.scope, draft, now=line.now)
    assert (found.alerts, found.incidents) == (2, 2)
    assert [(severity.word, count) for severity, count in found.by_severity] == [("critical", 1), ("high", 1)]
    assert found.by_asset == (("web-01", 2),)
    assert [one.alert.signature for one in found.worst] == ["down", "disk full"]
    assert await maintenance.list_windows(line.database, tenant.scope, now=line.now) == []
