"""
What people do with maintenance windows: make one, look at what it would have hidden, let it end later or sooner.

Each change makes the next version of the company's rules, so that alerts are decided by it from then on and a replay
decides them by it again. How long a window may be, and how wide, depends on who makes it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

from alertwhisperer.correlate.windows import CompiledWindows
from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.company_setting import (
    WINDOW_HOURS,
    WINDOW_HOURS_TECHNICIAN,
    check_zone,
)
from alertwhisperer.domain.errors import Conflicting, Forbidden, Invalid, NotFound
from alertwhisperer.domain.recurrence import LONGEST_SERIES, read_rule, spans_of
from alertwhisperer.domain.severity import Severity
from alertwhisperer.domain.window import (
    LONGEST_SPAN,
    MOST_PLACES,
    MOST_SPANS,
    MOST_WINDOWS,
    HeldTime,
    MaintenanceWindow,
    Phase,
    Span,
    check_words,
    micros,
    phase_of,
)
from alertwhisperer.guard.companies import require_company
from alertwhisperer.guard.company_settings import held as settings_held
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import assets, audit, due, rules, sites, windows
from alertwhisperer.store.database import Database, Unit
from alertwhisperer.store.windows import SeenAlert, SuppressedAlert

LOOK_BACK = timedelta(days=30)
"""How far a preview looks back, and how long a window may hide nothing before that is said."""
MOST_LOOKED_AT = 20_000
"""Alerts that a preview reads; it says when there were more."""
_MOST_SHOWN = 50
_OLD = timedelta(days=180)


class Finding(StrEnum):
    """What is doubtful about a window that is not over."""

    UNUSED = "unused"
    """It ran in the last 30 days and held nothing back."""
    EVERYTHING = "everything"
    """It holds back everything of its company."""
    OLD = "old"
    """It was made more than 180 days ago."""


@dataclass(frozen=True, slots=True)
class Draft:
    """
    A window that somebody asks for.

    Attributes:
        starts, ends: of its first time, as the clock on the wall shows them (naive).
        recurrence: empty: it happens once.
        until: no time starts at or after this instant; None where it happens once.
        time_zone: empty: the company's.
    """

    name: str
    reason: str
    starts: datetime
    ends: datetime
    sites: tuple[UUID, ...] = ()
    assets: tuple[UUID, ...] = ()
    signatures: tuple[str, ...] = ()
    time_zone: str = ""
    recurrence: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class WindowWhole:
    """A window with its times, in order, where it is now, and what is doubtful about it."""

    window: MaintenanceWindow
    spans: tuple[Span, ...]
    phase: Phase
    hidden_at: datetime | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class WouldHide:
    """One alert that a window would have held back."""

    alert: SeenAlert
    incident_id: UUID | None


@dataclass(frozen=True, slots=True)
class Preview:
    """
    What a window would have held back in the last 30 days, had it run at the same hours.

    Attributes:
        since: from when on alerts were looked at: later than 30 days ago when there were too many.
        alerts, incidents: how many; incidents are those that would not have opened then.
        by_severity: alerts, worst first; by_asset: those of most alerts first.
        worst: the worst alerts first, of the same severity the newest first.
    """

    since: datetime
    alerts: int
    incidents: int
    by_severity: tuple[tuple[Severity, int], ...]
    by_asset: tuple[tuple[str, int], ...]
    worst: tuple[WouldHide, ...]


async def add_window(
    database: Database, scope: Scope, draft: Draft, *, may_be_wide: bool, now: datetime
) -> WindowWhole:
    """
    Make a window.

    Args:
        may_be_wide: whether whoever asks may hold back a whole company, again and again, or for long.

    Raises:
        Invalid: something of it is of no use.
        Forbidden: it is too wide or too long for whoever asks.
        Conflicting: there are too many, or somebody saved rules at the same moment.
        NotFound: there is no such company.
    """
    async with database.unit_of_work(scope) as unit:
        await require_company(unit)
        window, spans = await _checked(unit, draft, may_be_wide=may_be_wide, now=now)
        if await windows.count_live(unit, now=now) >= MOST_WINDOWS:
            raise Conflicting(f"a company may have {MOST_WINDOWS} windows that are not over", mend="end some")
        await windows.insert(unit, window, spans)
        version = await rules.save_windows(unit, now=now)
        detail = {**_plain(window), "first": spans[0], "last": spans[-1], "times": len(spans), "rules_version": version}
        await audit.write(
            unit, AuditAction.WINDOW_ADDED, Resource("window", str(window.id)), detail, now=now, reason=window.reason
        )
        return await _whole(unit, window, now=now)


async def preview(database: Database, scope: Scope, draft: Draft, *, now: datetime) -> Preview:
    """
    What a window would have held back in the last 30 days; nothing is saved.

    One that happens once is looked at as if it had run at its hours on each of these days.

    Raises:
        Invalid, NotFound: as `add_window`.
    """
    async with database.unit_of_work(scope) as unit:
        await require_company(unit)
        window, _ = await _checked(unit, draft, may_be_wide=True, now=now)
        names = await windows.names_of(unit, window)
        past = _laid_back(window, draft, now=now)
        times = tuple((micros(start), micros(end)) for start, end in past)
        compiled = CompiledWindows([HeldTime(window.id, window.name, names, window.signatures, times)])
        seen = await windows.seen(unit, since=now - LOOK_BACK, limit=MOST_LOOKED_AT)
    since = now - LOOK_BACK if len(seen) < MOST_LOOKED_AT else seen[-1].first_seen_at
    return _counted(compiled, seen, since)


async def list_windows(
    database: Database,
    scope: Scope,
    *,
    phase: Phase | None = None,
    now: datetime,
    limit: int = 100,
    before: UUID | None = None,
) -> list[WindowWhole]:
    """Windows, newest first, from the one after `before`; those in a phase or all."""
    async with database.unit_of_work(scope) as unit:
        found = await windows.page(unit, phase=phase, now=now, limit=limit, before=before)
        return await _wholes(unit, found, now=now)


async def get_window(database: Database, scope: Scope, window_id: UUID, *, now: datetime) -> WindowWhole:
    """One window; raises `NotFound` when the company has no such one."""
    async with database.unit_of_work(scope) as unit:
        return await _whole(unit, _there(await windows.read(unit, window_id), window_id), now=now)


async def suppressed_alerts(
    database: Database,
    scope: Scope,
    *,
    window_id: UUID | None = None,
    start: datetime | None = None,
    finish: datetime | None = None,
    limit: int = 100,
    before: UUID | None = None,
) -> list[SuppressedAlert]:
    """
    Alerts that were held back in [start, finish), newest first, those of one window or of all.

    Raises:
        NotFound: the company has no such window.
    """
    async with database.unit_of_work(scope) as unit:
        if window_id is not None:
            _there(await windows.read(unit, window_id), window_id)
        return await windows.suppressed(
            unit, window_id=window_id, start=start, finish=finish, limit=limit, before=before
        )


async def extend_window(
    database: Database, scope: Scope, window_id: UUID, until: datetime, *, may_be_wide: bool, now: datetime
) -> WindowWhole:
    """
    Let the time that runs, or else the next one, end later.

    Raises:
        NotFound: the company has no such window.
        Invalid: the moment is no later end, or lies in the window's next time.
        Forbidden: it is too long, or the window too wide, for whoever asks.
        Conflicting: the window is over, or somebody saved rules at the same moment.
    """
    async with database.unit_of_work(scope) as unit:
        window = _there(await windows.lock(unit, window_id), window_id)
        spans = (await windows.spans(unit, [window_id]))[window_id]
        left = [span for span in spans if span.ends_at > now]
        if not left:
            raise Conflicting("the window is over", where="window", mend="make a new one")
        span, following = left[0], left[1] if len(left) > 1 else None
        if until <= span.ends_at:
            raise Invalid("that is no later end", where="until", mend=f"give a time after {span.ends_at.isoformat()}")
        if following is not None and until > following.starts_at:
            raise Invalid("its next time begins before", where="until", mend="give an earlier end")
        await _require_bounds(unit, window, until - span.starts_at, may_be_wide=may_be_wide)
        await windows.move_end(unit, window_id, span, until)
        await due.add(unit, due.SETTLE_WINDOW, window_id, due_at=until)
        version = await rules.save_windows(unit, now=now)
        detail = {"starts_at": span.starts_at, "ends_at": [span.ends_at, until], "rules_version": version}
        await audit.write(unit, AuditAction.WINDOW_EXTENDED, Resource("window", str(window_id)), detail, now=now)
        return await _whole(unit, window, now=now)


async def end_window(
    database: Database, scope: Scope, window_id: UUID, *, for_good: bool, now: datetime
) -> WindowWhole:
    """
    End the time that runs now, and, for good or where none runs, all that were to come.

    Raises:
        NotFound: the company has no such window.
        Conflicting: the window is over, or somebody saved rules at the same moment.
    """
    async with database.unit_of_work(scope) as unit:
        _there(await windows.lock(unit, window_id), window_id)
        spans = (await windows.spans(unit, [window_id]))[window_id]
        running = next((span for span in spans if span.starts_at < now < span.ends_at), None)
        coming = [span for span in spans if span.starts_at >= now]
        if running is None and not coming:
            raise Conflicting("the window is over", where="window", mend="there is nothing to end")
        if running is not None:
            await windows.move_end(unit, window_id, running, now)
        if for_good or running is None or not coming:
            await windows.drop_coming(unit, window_id, now=now)
            await windows.mark_ended(unit, window_id, now=now)
            for_good = True
        await due.add(unit, due.SETTLE_WINDOW, window_id, due_at=now)
        version = await rules.save_windows(unit, now=now)
        detail = {
            "ended": None if running is None else [running.starts_at, running.ends_at],
            "for_good": for_good,
            "dropped": len(coming) if for_good else 0,
            "rules_version": version,
        }
        await audit.write(unit, AuditAction.WINDOW_ENDED, Resource("window", str(window_id)), detail, now=now)
        return await _whole(unit, _there(await windows.read(unit, window_id), window_id), now=now)


# ------------------------------------------------------------------------------------------------ checks


async def _checked(
    unit: Unit, draft: Draft, *, may_be_wide: bool, now: datetime
) -> tuple[MaintenanceWindow, list[tuple[datetime, datetime]]]:
    name, reason, signatures = check_words(draft.name, draft.reason, draft.signatures)
    zone = check_zone(draft.time_zone or (await require_company(unit)).time_zone)
    await _require_places(unit, draft)
    window = MaintenanceWindow(
        id=uuid7(now),
        name=name,
        reason=reason,
        sites=tuple(sorted(set(draft.sites))),
        assets=tuple(sorted(set(draft.assets))),
        signatures=signatures,
        time_zone=zone,
        recurrence=draft.recurrence.strip().upper().removeprefix("RRULE:"),
        made_by=unit.scope.actor,
        made_at=now,
    )
    spans = _spans(window, draft, now=now)
    await _require_bounds(unit, window, max(end - start for start, end in spans), may_be_wide=may_be_wide)
    return window, spans


def _spans(window: MaintenanceWindow, draft: Draft, *, now: datetime) -> list[tuple[datetime, datetime]]:
    if draft.ends <= draft.starts:
        raise Invalid("a window must end after it starts", where="ends", mend="give a later end")
    rule = read_rule(window.recurrence) if window.recurrence else None
    if rule is not None and draft.until is None:
        raise Invalid("a window that recurs must have an end", where="until", mend="say until when it recurs")
    zone = ZoneInfo(window.time_zone)
    latest = now + LONGEST_SERIES
    until = latest if draft.until is None or rule is None else draft.until
    if until > latest or draft.starts.replace(tzinfo=zone) > latest:
        raise Invalid(
            f"a window may reach {LONGEST_SERIES.days} days ahead",
            where="until",
            mend="give an earlier end, and renew it",
        )
    if draft.starts.replace(tzinfo=zone) < now - LOOK_BACK:
        raise Invalid("it starts more than 30 days ago", where="starts", mend="give its next time")
    spans = [span for span in spans_of(draft.starts, draft.ends, zone, rule, until=until) if span[1] > now]
    if not spans:
        raise Invalid("none of its times is to come", where="ends", mend="give a time in the future")
    if len(spans) > MOST_SPANS:
        raise Invalid(f"it happens more than {MOST_SPANS} times", where="until", mend="give an earlier end")
    for (_, end), (start, _) in pairwise(spans):
        if start < end:
            raise Invalid("one of its times begins before the last is over", where="ends", mend="make it shorter")
    return spans


async def _require_places(unit: Unit, draft: Draft) -> None:
    if len(draft.sites) + len(draft.assets) > MOST_PLACES:
        raise Invalid(f"a window may name {MOST_PLACES} places", where="assets", mend="name sites, or make two windows")
    known_sites = await sites.among(unit, sorted(set(draft.sites)))
    known_assets = await assets.among(unit, sorted(set(draft.assets)))
    for where, wanted, known in (("sites", draft.sites, known_sites), ("assets", draft.assets, known_assets)):
        missing = sorted(set(wanted) - set(known))
        if missing:
            raise Invalid(f"the company has no {where[:-1]} {missing[0]}", where=where, mend=f"list its {where}")


async def _require_bounds(unit: Unit, window: MaintenanceWindow, length: timedelta, *, may_be_wide: bool) -> None:
    """Refuse what is too wide or too long for whoever asks."""
    settings = {one.name: one.value for one in await settings_held(unit)}
    longest = min(timedelta(hours=int(settings[WINDOW_HOURS])), LONGEST_SPAN)
    if length > longest:
        raise Invalid(
            f"one time of a window may last {_hours(longest)}", where="ends", mend=f"end it earlier; see {WINDOW_HOURS}"
        )
    if may_be_wide:
        return
    short = timedelta(hours=int(settings[WINDOW_HOURS_TECHNICIAN]))
    for refused, what in (
        (length > short, f"longer than {_hours(short)}"),
        (window.is_whole_company, "for a whole company"),
        (bool(window.recurrence), "that recurs"),
    ):
        if refused:
            raise Forbidden(f"your role may not set a window {what}", mend="ask a company admin")


def _hours(length: timedelta) -> str:
    return f"{length // timedelta(hours=1)} h"


def _there(window: MaintenanceWindow | None, window_id: UUID) -> MaintenanceWindow:
    if window is None:
        raise NotFound(f"there is no window {window_id}", where="window_id", mend="list the windows")
    return window


# ------------------------------------------------------------------------------------------------ looking


async def _whole(unit: Unit, window: MaintenanceWindow, *, now: datetime) -> WindowWhole:
    return (await _wholes(unit, [window], now=now))[0]


async def _wholes(unit: Unit, found: Sequence[MaintenanceWindow], *, now: datetime) -> list[WindowWhole]:
    ids = [one.id for one in found]
    spans = await windows.spans(unit, ids)
    hidden = await windows.last_hidden(unit, ids)
    return [_with_findings(one, spans[one.id], hidden[one.id], now=now) for one in found]


def _with_findings(
    window: MaintenanceWindow, spans: Sequence[Span], hidden_at: datetime | None, *, now: datetime
) -> WindowWhole:
    phase = phase_of(spans, now)
    findings: list[Finding] = []
    if phase is not Phase.PAST:
        ran = any(now - LOOK_BACK <= span.ends_at <= now for span in spans)
        if ran and (hidden_at is None or hidden_at < now - LOOK_BACK) and window.made_at < now - LOOK_BACK:
            findings.append(Finding.UNUSED)
        if window.hides_everything:
            findings.append(Finding.EVERYTHING)
        if window.made_at < now - _OLD:
            findings.append(Finding.OLD)
    return WindowWhole(window, tuple(spans), phase, hidden_at, tuple(findings))


def _laid_back(window: MaintenanceWindow, draft: Draft, *, now: datetime) -> list[tuple[datetime, datetime]]:
    """The window's times as they would have been in the last 30 days; what overlaps is cut."""
    zone = ZoneInfo(window.time_zone)
    rule = read_rule(window.recurrence or "FREQ=DAILY")
    since = (now - LOOK_BACK - (draft.ends - draft.starts)).date() - timedelta(days=1)  # zones differ by a day
    found: list[tuple[datetime, datetime]] = []
    for start, end in spans_of(draft.starts, draft.ends, zone, rule, until=now, since=since):
        begun = max(start, found[-1][1]) if found else start
        if begun < end:
            found.append((begun, min(end, now)))
    return [(start, end) for start, end in found if start < end and end > now - LOOK_BACK]


def _counted(compiled: CompiledWindows, seen: Sequence[SeenAlert], since: datetime) -> Preview:
    hidden: list[WouldHide] = []
    for one in seen:
        if compiled.holding(one.own_name, one.signature, one.first_seen_at) is None:
            continue
        opened = one.opened_at
        if opened is not None and compiled.holding(one.own_name, one.signature, opened) is None:
            continue  # it joined an incident that was open already
        hidden.append(WouldHide(one, one.incident_id if opened is not None else None))
    severities = Counter(Severity(one.alert.severity) for one in hidden)
    on_asset = Counter(one.alert.asset for one in hidden)
    worst = sorted(hidden, key=lambda one: -one.alert.severity)  # stable: the newest first
    return Preview(
        since,
        len(hidden),
        len({one.incident_id for one in hidden if one.incident_id is not None}),
        tuple(sorted(severities.items(), reverse=True)),
        tuple(on_asset.most_common(_MOST_SHOWN)),
        tuple(worst[:_MOST_SHOWN]),
    )


def _plain(window: MaintenanceWindow) -> Mapping[str, object]:
    return {
        "name": window.name,
        "sites": [str(one) for one in window.sites],
        "assets": [str(one) for one in window.assets],
        "signatures": list(window.signatures),
        "time_zone": window.time_zone,
        "recurrence": window.recurrence,
    }
