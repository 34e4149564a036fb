"""
Silence from the webhook to the incident, on a clock that is moved by hand: noticed in time, over restarts, and never
because we were not there.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from alertwhisperer.app.build import House, open_house
from alertwhisperer.app.lanes import Lanes
from alertwhisperer.app.outbound import Outbound
from alertwhisperer.app.pipeline import Pipeline
from alertwhisperer.app.pulses import Pulses
from alertwhisperer.app.refusals import Refusals
from alertwhisperer.app.rulebook import Rulebook
from alertwhisperer.app.settings import load
from alertwhisperer.app.silence import Silence
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.integration import OWN_SOURCE
from alertwhisperer.domain.severity import Severity
from alertwhisperer.domain.silence import Mode, Reason, SilenceState
from alertwhisperer.domain.state import AlertStatus, IncidentStatus
from alertwhisperer.guard.company_settings import set_exceptions
from alertwhisperer.ingest.admission import Admission
from alertwhisperer.ingest.gateway import Gateway
from alertwhisperer.ingest.intake import Intake
from alertwhisperer.ingest.integrations import add_integration, remove_integration
from alertwhisperer.ingest.keyring import Keyring
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.kit.metrics import Metrics
from alertwhisperer.silence import checks
from alertwhisperer.silence.checks import Watched
from alertwhisperer.store import alerts, incidents, ledger
from alertwhisperer.store.alerts import AlertFilter, AlertRow
from alertwhisperer.store.incidents import IncidentRow
from alertwhisperer.store.silence import MOST_CHECKS
from tests.database import Migrated
from tests.server import Sender, new_company, new_sender, on_database

MINUTE = 60
HOUR = 3_600
STEP = 5  # seconds of virtual time between two looks; a real process looks four times a second


class Process:
    """One server process in virtual time: the real parts, without the socket."""

    def __init__(self, house: House) -> None:
        metrics = Metrics()
        pipeline = Pipeline(Rulebook(house.database), house.clock, metrics)
        admission = Admission(house.database, house.clock)
        self.lanes = Lanes(house.database, pipeline, house.clock, metrics, count=1)
        self.pulses = Pulses(house.database, house.clock)
        self.silence = Silence(house, self.lanes.submit, metrics)
        gateway = Gateway(
            sources=house.sources,
            keyring=Keyring(house.database, house.vault, house.sources, house.clock),
            admission=admission,
            intake=Intake(admission, house.vault),
            clock=house.clock,
            submit=self.lanes.submit_all,
            fetch=Outbound().get,
            refused=Refusals(house.database, house.clock).count,
            heard=self.pulses.hear,
            metrics=metrics,
        )
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(gateway), base_url="http://testserver")
        self.lanes.start()

    async def tick(self) -> None:
        """What its scheduler does every moment."""
        await self.pulses.flush()
        await self.silence.beat()
        await self.silence.run_due()

    async def stop(self) -> None:
        """End as SIGTERM ends it."""
        await self.kill()
        await self.pulses.finish()

    async def kill(self) -> None:
        """End without writing what was heard."""
        await self.lanes.stop()
        await self.client.aclose()


@dataclass
class World:
    """A company, a process that may come and go, and a clock."""

    house: House
    clock: ManualClock
    company: CompanyId
    process: Process | None = None
    sent: int = field(default=0)

    @property
    def scope(self) -> Scope:
        return Scope(self.company, "test")

    async def start(self) -> None:
        assert self.process is None
        self.process = Process(self.house)
        await self.process.tick()

    async def stop(self) -> None:
        assert self.process is not None
        await self.process.stop()
        self.process = None

    async def kill(self) -> None:
        assert self.process is not None
        await self.process.kill()
        self.process = None

    async def wait(self, seconds: float, *, step: float = STEP) -> None:
        """Let time pass; a running process does its work."""
        while seconds > 0:
            self.clock.advance(timedelta(seconds=min(step, seconds)))
            seconds -= step
            if self.process is not None:
                await self.process.tick()

    async def post(self, sender: Sender, body: object, *, written: bool = True) -> None:
        """A tool sends; `written`: what was heard is flushed as well."""
        assert self.process is not None
        content = json.dumps(body).encode()
        answer = await self.process.client.post(sender.path, content=content, headers={"X-API-Key": sender.api_key})
        assert answer.status_code == 202, answer.text
        if written:
            await self.process.pulses.flush()

    async def alert(self, sender: Sender, asset: str = "web-01", *, written: bool = True) -> None:
        """Something new is wrong, as the generic source says it."""
        self.sent += 1
        body = {"asset_name": asset, "signature": f"check {self.sent}", "severity": "low"}
        await self.post(sender, body, written=written)

    async def call(self, sender: Sender, query: str = "") -> None:
        """A job calls its heartbeat URL."""
        assert self.process is not None
        answer = await self.process.client.get(f"{sender.path}/{sender.api_key}{query}")
        assert (answer.status_code, answer.text) == (200, "ok\n")

    async def set(self, sender: Sender, **how: Any) -> Watched:
        """A person sets the check of an integration."""
        check_id = UUID(sender.integration_id)
        return await checks.set_check(self.house.database, self.scope, check_id, now=self.clock.now(), **how)

    async def check(self, identity: UUID | str) -> Watched:
        return await checks.get_check(self.house.database, self.scope, UUID(str(identity)))

    async def ours(self, company: CompanyId | None = None) -> list[AlertRow]:
        """The alerts that we raised ourselves, newest first."""
        async with self.house.database.unit_of_work(Scope(company or self.company, "test")) as unit:
            return await alerts.page(unit, AlertFilter(source=OWN_SOURCE), limit=100)

    async def incident(self, alert: AlertRow) -> IncidentRow:
        async with self.house.database.unit_of_work(self.scope) as unit:
            assert alert.incident_id is not None
            found = await incidents.read(unit, alert.incident_id)
            assert found is not None
            return found


@pytest.fixture
async def world(migrated: Migrated, clock: ManualClock) -> AsyncIterator[World]:
    """A fresh company and a running process, on an installation that has never listened before."""
    owner = await asyncpg.connect(migrated.owner_dsn, timeout=10)
    await owner.execute("TRUNCATE uptime, due_work")
    await owner.close()
    async with open_house(load(on_database(migrated).environ), clock, connections=3) as house:
        made = World(house, clock, (await new_company(house)).id)
        await made.start()
        try:
            yield made
        finally:
            if made.process is not None:
                await made.stop()


# ------------------------------------------------------------------------------------------------ in time


async def test_a_new_integration_is_watched_as_its_companys_settings_say(world: World) -> None:
    scope, now = Scope(world.company, "test"), world.clock.now()
    given = {"silence_mode": "off", "silence_grace_s": 7, "silence_severity": "low"}
    await set_exceptions(world.house.database, scope, given, now=now)
    quiet = (await world.check((await new_sender(world.house, world.company, "generic")).integration_id)).check
    assert (quiet.mode, quiet.grace, quiet.severity) == (Mode.OFF, timedelta(seconds=7), Severity.LOW)
    assert (quiet.state, quiet.reason) == (SilenceState.OFF, Reason.TURNED_OFF)
    await set_exceptions(world.house.database, scope, {"silence_mode": "learned"}, now=now)
    watched = (await world.check((await new_sender(world.house, world.company, "generic")).integration_id)).check
    assert (watched.mode, watched.state) == (Mode.LEARNED, SilenceState.LEARNING)


async def test_silence_is_noticed_within_one_interval_and_grace_and_its_return_resolves_it(world: World) -> None:
    tool = await new_sender(world.house, world.company, "generic")
    await world.set(tool, interval_s=10 * MINUTE, grace_s=MINUTE, severity=Severity.CRITICAL)
    await world.alert(tool)
    heard_at = world.clock.now()
    await world.wait(11 * MINUTE - 1)
    assert await world.ours() == []
    await world.wait(1)
    [alert] = await world.ours()
    assert (alert.signature, alert.severity, alert.status) == (
        "No data from an integration",
        Severity.CRITICAL,
        AlertStatus.FIRING,
    )
    name = (await world.check(tool.integration_id)).check.integration
    assert alert.asset == name
    assert alert.message == (
        f"{name} was last heard at {heard_at:%Y-%m-%d %H:%M:%S} UTC; it must be heard every 10 min, as it was set, "
        "with 1 min of grace."
    )
    watched = await world.check(tool.integration_id)
    assert (watched.check.state, watched.check.reason, watched.check.quiet_since) == (
        SilenceState.SILENT,
        Reason.OVERDUE,
        heard_at,
    )
    incident = await world.incident(alert)
    assert (incident.status, incident.severity) == (IncidentStatus.OPEN, Severity.CRITICAL)

    await world.wait(HOUR)
    assert (await world.ours())[0].count == 1  # said once, however long it lasts
    await world.alert(tool)
    await world.wait(STEP)
    [alert] = await world.ours()
    assert alert.status is AlertStatus.RESOLVED
    assert (await world.incident(alert)).status is IncidentStatus.RESOLVED
    assert (await world.check(tool.integration_id)).check.state is SilenceState.HEARD


async def test_what_was_never_heard_since_it_was_set_is_missed_too(world: World) -> None:
    tool = await new_sender(world.house, world.company, "zabbix")
    await world.set(tool, interval_s=5 * MINUTE, grace_s=0)
    assert (await world.check(tool.integration_id)).check.mode is Mode.SET
    await world.wait(5 * MINUTE - 1)
    assert await world.ours() == []
    await world.wait(1)
    assert "was never heard" in (await world.ours())[0].message


async def test_silence_goes_and_comes_again_as_another_incident_or_the_same_but_never_unsaid(world: World) -> None:
    tool = await new_sender(world.house, world.company, "generic")
    await world.set(tool, interval_s=5 * MINUTE, grace_s=0)
    for _ in range(3):
        await world.alert(tool)
        await world.wait(6 * MINUTE)
        assert (await world.ours())[0].status is AlertStatus.FIRING
        await world.alert(tool)
        await world.wait(STEP)
        assert (await world.ours())[0].status is AlertStatus.RESOLVED


async def test_an_integration_that_only_reports_trouble_is_never_missed(world: World) -> None:
    tool = await new_sender(world.house, world.company, "generic")
    for _ in range(30):
        await world.alert(tool)
        await world.wait(5 * MINUTE, step=30)
    watched = await world.check(tool.integration_id)
    assert (watched.check.state, watched.check.reason) == (SilenceState.LEARNING, Reason.ONLY_ALERTS)
    await world.wait(12 * HOUR, step=30)
    assert await world.ours() == []


# ------------------------------------------------------------------------------------------------ restarts, downtime


async def test_a_restart_in_the_middle_delays_nothing(world: World) -> None:
    tool = await new_sender(world.house, world.company, "generic")
    await world.set(tool, interval_s=10 * MINUTE, grace_s=MINUTE)
    await world.alert(tool)
    await world.wait(5 * MINUTE)
    await world.stop()
    await world.wait(10)
    await world.start()
    await world.wait(6 * MINUTE - 11)
    assert await world.ours() == []
    await world.wait(1)
    assert len(await world.ours()) == 1


async def test_an_hour_of_our_own_downtime_is_no_silence(world: World) -> None:
    tool = await new_sender(world.house, world.company, "generic")
    await world.set(tool, interval_s=10 * MINUTE, grace_s=MINUTE)
    await world.alert(tool)
    await world.wait(5 * MINUTE)
    await world.kill()
    await world.wait(HOUR)
    await world.start()
    await world.wait(10 * MINUTE)
    assert await world.ours() == []
    await world.alert(tool)
    await world.wait(10 * MINUTE)
    assert await world.ours() == []


async def test_what_stays_silent_after_our_downtime_is_noticed_an_interval_later(world: World) -> None:
    tool = await new_sender(world.house, world.company, "generic")
    await world.set(tool, interval_s=10 * MINUTE, grace_s=MINUTE)
    await world.alert(tool)
    await world.kill()
    await world.wait(HOUR)
    await world.start()
    await world.wait(11 * MINUTE - 1)
    assert await world.ours() == []
    await world.wait(1)
    assert len(await world.ours()) == 1


async def test_a_silence_stays_open_over_a_restart(world: World) -> None:
    tool = await new_sender(world.house, world.company, "generic")
    await world.set(tool, interval_s=5 * MINUTE, grace_s=0)
    await world.wait(5 * MINUTE)
    await world.kill()
    await world.wait(HOUR)
    await world.start()
    await world.wait(MINUTE)
    [alert] = await world.ours()
    assert (alert.status, alert.count) == (AlertStatus.FIRING, 1)


@pytest.mark.parametrize("heartbeat", [False, True])
async def test_a_kill_before_the_flush_is_no_silence(world: World, heartbeat: bool) -> None:
    tool = await new_sender(world.house, world.company, "prometheus" if heartbeat else "generic")
    beat: Any = watchdog() if heartbeat else {"asset_name": "a", "signature": "b"}
    await world.post(tool, beat)
    identity = next(
        one.check.id
        for one in await checks.list_checks(world.house.database, world.scope)
        if (one.check.problem is not None) == heartbeat
    )
    await checks.set_check(
        world.house.database, world.scope, identity, interval_s=10 * MINUTE, grace_s=0, now=world.clock.now()
    )
    await world.wait(9 * MINUTE)
    await world.post(tool, beat, written=False)
    heard_at = world.clock.now()
    await world.kill()
    await world.start()
    await world.wait(9 * MINUTE)
    assert await world.ours() == []
    assert (await world.check(identity)).check.heard_at == heard_at
    await world.wait(MINUTE)
    assert len(await world.ours()) == 1


async def test_a_crash_between_finding_and_saying_neither_loses_nor_doubles_it(world: World) -> None:
    tool = await new_sender(world.house, world.company, "generic")
    await world.set(tool, interval_s=5 * MINUTE, grace_s=0)
    await world.wait(5 * MINUTE - 1)
    assert world.process is not None
    submit = world.process.lanes.submit
    # The first process dies before it says it, the second after it said it and before it could note that.
    for say_first in (False, True):
        world.clock.advance(timedelta(seconds=1 if not say_first else 31))

        async def dies(delivery: Any, say_first: bool = say_first) -> Any:
            if say_first:
                await submit(delivery)
            raise ConnectionError

        dying = Silence(world.house, dies, Metrics())
        await dying.beat()
        with pytest.raises(ConnectionError):
            await dying.run_due()
    await world.wait(31)
    [alert] = await world.ours()
    assert (alert.status, alert.count) == (AlertStatus.FIRING, 1)
    async with world.house.database.unit_of_work(world.scope) as unit:
        assert (await ledger.totals(unit)).deliveries_duplicate == 1  # the last one found it said already


# ------------------------------------------------------------------------------------------------ off, removed


@pytest.mark.parametrize("how", ["off", "longer", "removed"])
async def test_what_is_not_expected_any_more_resolves_what_is_open(world: World, how: str) -> None:
    tool = await new_sender(world.house, world.company, "generic")
    await world.set(tool, interval_s=5 * MINUTE, grace_s=0)
    await world.wait(6 * MINUTE)
    assert (await world.ours())[0].status is AlertStatus.FIRING
    if how == "off":
        await world.set(tool, mode=Mode.OFF)
    elif how == "longer":
        await world.set(tool, interval_s=HOUR)
    else:
        await remove_integration(world.house.database, world.scope, UUID(tool.integration_id), now=world.clock.now())
    await world.wait(STEP)
    [alert] = await world.ours()
    assert alert.status is AlertStatus.RESOLVED
    await world.wait(30 * MINUTE)
    assert (await world.ours())[0].status is AlertStatus.RESOLVED


async def test_one_that_is_turned_on_again_is_expected_from_then_on(world: World) -> None:
    tool = await new_sender(world.house, world.company, "generic")
    await world.alert(tool)
    await world.set(tool, mode=Mode.OFF)
    await world.wait(HOUR)
    await world.set(tool, interval_s=5 * MINUTE, grace_s=0)
    await world.wait(5 * MINUTE - 1)
    assert await world.ours() == []
    await world.wait(1)
    assert len(await world.ours()) == 1


# ------------------------------------------------------------------------------------------------ heartbeats


def watchdog(cluster: str = "prod") -> dict[str, Any]:
    """A notification of Alertmanager's that holds the alert which always fires."""
    labels = {"alertname": "Watchdog", "severity": "none", "cluster": cluster}
    return {
        "version": "4",
        "status": "firing",
        "receiver": "alertwhisperer",
        "groupLabels": {"alertname": "Watchdog"},
        "commonLabels": labels,
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example.com",
        "alerts": [
            {
                "status": "firing",
                "labels": labels,
                "annotations": {},
                "startsAt": "2026-01-01T00:00:00Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "fingerprint": f"watchdog-{cluster}",
            }
        ],
    }


async def test_a_watchdog_becomes_a_check_of_its_own_after_few_beats(world: World) -> None:
    tool = await new_sender(world.house, world.company, "prometheus")
    for _ in range(6):
        for cluster in ("prod", "test"):
            await world.post(tool, watchdog(cluster))
        await world.wait(5 * MINUTE)
    found = await checks.list_checks(world.house.database, world.scope)
    names = {one.check.name: (one.check.state, one.interval_s) for one in found if one.check.problem is not None}
    assert names == {
        "Watchdog of prod": (SilenceState.HEARD, 10 * MINUTE),
        "Watchdog of test": (SilenceState.HEARD, 10 * MINUTE),
    }
    # The integration itself is not expected to say more than that.
    assert (await world.check(tool.integration_id)).check.state is SilenceState.LEARNING
    assert await world.ours() == []

    # One of them stops, although the integration goes on.
    for _ in range(3):
        await world.post(tool, watchdog("test"))
        await world.wait(5 * MINUTE)
    [alert] = await world.ours()
    assert alert.signature == "Heartbeat missing: Watchdog of prod"
    assert alert.asset == (await world.check(tool.integration_id)).check.integration
    assert "every 10 min, as it was learned" in alert.message
    await world.post(tool, watchdog("prod"))
    await world.wait(STEP)
    assert (await world.ours())[0].status is AlertStatus.RESOLVED


async def test_a_url_that_must_be_called(world: World) -> None:
    job = await new_sender(world.house, world.company, "heartbeat", settings={"asset": "backup-01"})
    await world.set(job, interval_s=24 * HOUR, grace_s=30 * MINUTE, severity=Severity.CRITICAL)
    await world.call(job)
    await world.wait(24 * HOUR, step=30)
    await world.call(job, "?exit=0")
    await world.wait(24 * HOUR + 30 * MINUTE - STEP, step=30)
    assert await world.ours() == []
    await world.wait(STEP)
    [alert] = await world.ours()
    assert (alert.severity, alert.status) == (Severity.CRITICAL, AlertStatus.FIRING)
    await world.call(job)
    await world.wait(STEP)
    assert (await world.ours())[0].status is AlertStatus.RESOLVED


async def test_machines_that_share_a_heartbeat_url_are_missed_apart(world: World) -> None:
    job = await new_sender(world.house, world.company, "heartbeat")
    for _ in range(6):
        await world.call(job, "?asset=db-01&exit=0")
        await world.call(job, "?asset=db-02")
        await world.wait(5 * MINUTE)
    for _ in range(3):
        await world.call(job, "?asset=db-02")
        await world.wait(5 * MINUTE)
    [alert] = await world.ours()
    assert alert.signature == "Heartbeat missing: db-01"


async def test_no_sender_can_fill_the_list_of_heartbeats(world: World) -> None:
    job = await new_sender(world.house, world.company, "heartbeat")
    for start in (0, 150, 300):
        for number in range(start, start + 150):
            await world.call(job, f"?asset=host-{number}")
        await world.wait(STEP)
    assert len(await checks.list_checks(world.house.database, world.scope, limit=1_000)) == MOST_CHECKS


async def test_an_integration_for_many_companies_is_watched_by_the_msp(world: World) -> None:
    made = await add_integration(
        world.house.database,
        world.house.vault,
        world.house.sources,
        Scope(INSTALLATION, "test"),
        source="generic",
        name=f"RMM of {world.company}",
        route_by="site",
        now=world.clock.now(),
    )
    await checks.set_check(
        world.house.database,
        Scope(INSTALLATION, "test"),
        made.integration.id,
        interval_s=5 * MINUTE,
        grace_s=0,
        now=world.clock.now(),
    )
    sender = Sender(INSTALLATION, str(made.integration.id), "generic", made.api_key, made.hmac_secret)
    await world.alert(sender)
    await world.wait(5 * MINUTE)
    [alert] = [one for one in await world.ours(INSTALLATION) if one.asset == f"RMM of {world.company}"]
    assert alert.signature == "No data from an integration"
    assert await world.ours() == []


@asynccontextmanager
async def two_processes(world: World) -> AsyncIterator[Process]:
    """A second process on the same data."""
    other = Process(world.house)
    try:
        yield other
    finally:
        await other.stop()


async def test_two_processes_notice_it_once(world: World) -> None:
    tool = await new_sender(world.house, world.company, "generic")
    await world.set(tool, interval_s=5 * MINUTE, grace_s=0)
    async with two_processes(world) as other:
        for _ in range(70):
            await world.wait(STEP)
            await other.tick()
    [alert] = await world.ours()
    assert alert.count == 1
