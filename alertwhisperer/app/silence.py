"""
Looks at silence checks when they are due, and says what it finds through the company's own integration.

What was found is committed before it is said, and said under a name of its own, so that a crash in between neither
loses nor doubles it. Before anything is called silent, the stored deliveries are asked: what a killed process had heard
and not written (app/pulses.py) is found there.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

from alertwhisperer.app.build import House
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.delivery import Answer, Delivery
from alertwhisperer.domain.integration import OWN_SOURCE
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence
from alertwhisperer.domain.silence import Listening, Mode, Reason, SilenceCheck, SilenceState
from alertwhisperer.ingest.integrations import own_integration, own_integration_id
from alertwhisperer.ingest.routing import digest, native_delivery
from alertwhisperer.kit.metrics import Metrics
from alertwhisperer.silence.decide import DEAF_AFTER, Verdict, decide, expectation, quiet_since, settled
from alertwhisperer.store import due, silence
from alertwhisperer.store.database import Unit

BEAT_S = 5.0
"""How often a process says that it listens; a few must be lost before it counts as deaf."""
LOOK_S = 0.25
"""How often to look at what is due."""
NO_DATA = "No data from an integration"
MISSING = "Heartbeat missing: "

_AT_ONCE = 200
_LEASE = timedelta(seconds=30)  # longer than a lane tries
_BUSY = timedelta(seconds=1)

Submit = Callable[[Delivery], Awaitable[Answer]]


class Silence:
    """
    One process's share of noticing silence.

    Args:
        submit: commits a delivery of our own.
    """

    def __init__(self, house: House, submit: Submit, metrics: Metrics) -> None:
        self._house = house
        self._submit = submit
        self._metrics = metrics

    async def beat(self) -> None:
        """Say that this process listens."""
        async with self._house.database.across([]) as connection:
            await silence.beat(connection, now=self._house.clock.now(), deaf_after=DEAF_AFTER)

    async def run_due(self) -> None:
        """Look at what is due now."""
        for _ in range(_AT_ONCE):
            if not await self._look_at_one():
                return
            self._metrics.timers.labels(kind=due.SILENCE, result="done").inc()

    async def _look_at_one(self) -> bool:
        now = self._house.clock.now()
        async with due.take(self._house.database, due.SILENCE, now=now) as work:
            if work is None:
                return False
            before = await silence.try_lock(work.unit, work.subject)
            if before is None:
                await work.postpone(now + _BUSY)
                return True
            before, verdict = await _verdict(work.unit, before, now=now)
            check = settled(before, verdict, now=now)
            await silence.save(work.unit, check)
            if check.told:
                await (work.done() if verdict.due is None else work.postpone(verdict.due))
                return True
            await own_integration(work.unit, self._house.vault, now=now)
            await work.postpone(now + _LEASE)
        await self._tell(check, work.unit.scope)
        return True

    async def _tell(self, check: SilenceCheck, scope: Scope) -> None:
        """Say how the check stands, then note that it was said and look again: it may have changed meanwhile."""
        said = opening(check) if check.state is SilenceState.SILENT else ending(check)
        name = digest(check.id.bytes, said.kind.name.encode(), check.changed_at.isoformat().encode())
        own = own_integration_id(check.company_id).bytes
        now = self._house.clock.now()
        await self._submit(native_delivery(check.company_id.bytes, own, [said], received_at=now, sender=name))
        async with self._house.database.unit_of_work(scope) as unit:
            await silence.mark_told(unit, check)
            await due.add(unit, due.SILENCE, check.id, due_at=now)
        self._metrics.silences.labels(change="ended" if said.kind is Kind.RESOLVED else "noticed").inc()


async def _verdict(unit: Unit, check: SilenceCheck, *, now: datetime) -> tuple[SilenceCheck, Verdict]:
    """How a check stands, after a look at what is stored if it would be silent; the check with what that look found."""
    listening: Listening | None = await silence.listening(unit.connection)
    verdict = decide(check, listening, now=now)
    if verdict.state is not SilenceState.SILENT or check.state is SilenceState.SILENT:
        return check, verdict
    stored = await silence.last_stored(unit, check, since=quiet_since(check))
    if stored is None or (check.heard_at is not None and stored <= check.heard_at):
        return check, verdict
    check = replace(check, heard_at=stored)
    return check, decide(check, listening, now=now)


def opening(check: SilenceCheck) -> Occurrence:
    """Our alert that a check is silent."""
    interval = expectation(check).interval
    every = "" if interval is None else spoken(interval)
    since = "" if check.quiet_since is None else f"{check.quiet_since:%Y-%m-%d %H:%M:%S} UTC"
    last = "was never heard; it has been expected since" if check.heard_at is None else "was last heard at"
    how = "as it was set" if check.mode is Mode.SET else "as it was learned"
    return Occurrence(
        Kind.FIRING,
        _content(
            check,
            f"{check.name} {last} {since}; it must be heard every {every}, {how}, with {spoken(check.grace)} of grace.",
        ),
        check.severity,
        problem(check),
        started_at=check.changed_at,
    )


def ending(check: SilenceCheck) -> Occurrence:
    """Our alert is over: it was heard again, or is not watched as before."""
    if check.reason is Reason.REMOVED:
        words = "its integration was removed"
    elif check.reason is Reason.TURNED_OFF:
        words = "its silence check was turned off"
    elif check.heard_at is None or (check.episode is not None and check.heard_at < check.episode):
        words = "what is expected of it was changed"
    else:
        words = f"it was heard again at {check.heard_at:%Y-%m-%d %H:%M:%S} UTC"
    return Occurrence(
        Kind.RESOLVED, _content(check, f"{check.name}: {words}."), None, problem(check), ended_at=check.changed_at
    )


def problem(check: SilenceCheck) -> str:
    """Identity of our alert about a check."""
    return f"silence:{check.id}"


def spoken(duration: timedelta) -> str:
    """A duration for people: `1 h 30 min`."""
    left = round(duration.total_seconds())
    parts: list[str] = []
    for seconds, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, seconds)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or "0 s"


def _content(check: SilenceCheck, message: str) -> Content:
    signature = NO_DATA if check.problem is None else f"{MISSING}{check.name}"
    labels = {"integration_id": str(check.integration_id), "silence_check": str(check.id), "mode": check.mode.value}
    return Content(check.integration, signature, message, OWN_SOURCE, labels)
