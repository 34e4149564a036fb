"""What people do with silence checks: look at them, choose what is expected of each and how bad its silence is."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import Invalid, NotFound
from alertwhisperer.domain.severity import Severity
from alertwhisperer.domain.silence import Listening, Mode, SilenceCheck
from alertwhisperer.silence.decide import begun_anew, expectation, expected_by
from alertwhisperer.store import audit, due, silence
from alertwhisperer.store.database import Database, Unit

SHORTEST_INTERVAL_S = 30
LONGEST_INTERVAL_S = 31 * 86_400
LONGEST_GRACE_S = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Watched:
    """
    A check as people see it.

    Attributes:
        interval_s: how often it must be heard, set or learned; None while nothing is expected.
        expected_by: when it is silent if nothing is heard; None when nothing is expected, or it is silent.
    """

    check: SilenceCheck
    interval_s: int | None
    expected_by: datetime | None


async def list_checks(
    database: Database, scope: Scope, *, limit: int = 100, before: UUID | None = None
) -> tuple[Watched, ...]:
    """The company's checks by descending id, from the one after `before`."""
    async with database.unit_of_work(scope) as unit:
        listening = await silence.listening(unit.connection)
        return tuple(_watched(one, listening) for one in await silence.page(unit, limit=limit, before=before))


async def get_check(database: Database, scope: Scope, check_id: UUID) -> Watched:
    """
    One check.

    Raises:
        NotFound: the company has no such check, or its integration was removed.
    """
    async with database.unit_of_work(scope) as unit:
        check = _in_use(await silence.read(unit, check_id), check_id)
        return _watched(check, await silence.listening(unit.connection))


async def set_check(
    database: Database,
    scope: Scope,
    check_id: UUID,
    *,
    mode: Mode | None = None,
    interval_s: int | None = None,
    grace_s: int | None = None,
    severity: Severity | None = None,
    now: datetime,
) -> Watched:
    """
    Change what is given of a check, and leave the rest.

    When what is expected changes, the next interval begins now, and a silence that was noticed is over. An interval
    alone sets the mode as well. A severity counts from the next silence on.

    Raises:
        NotFound: the company has no such check, or its integration was removed.
        Invalid: an interval or a grace out of bounds, or a set mode without an interval.
    """
    async with database.unit_of_work(scope) as unit:
        old = _in_use((await silence.lock(unit, [check_id])).get(check_id), check_id)
        new = _changed(old, mode, interval_s, grace_s, severity)
        if new != old:
            if (new.mode, new.interval_s, new.grace_s) != (old.mode, old.interval_s, old.grace_s):
                new = begun_anew(new, now=now)
            await silence.save(unit, new)
            await due.add(unit, due.SILENCE, check_id, due_at=now)
            await _audit(unit, old, new, now=now)
        return _watched(new, await silence.listening(unit.connection))


def _changed(
    old: SilenceCheck, mode: Mode | None, interval_s: int | None, grace_s: int | None, severity: Severity | None
) -> SilenceCheck:
    if mode is None:
        mode = old.mode if interval_s is None else Mode.SET
    if mode is Mode.SET:
        interval_s = old.interval_s if interval_s is None else interval_s
        if interval_s is None:
            raise Invalid("nothing says how often it must be heard", where="interval_s", mend="give the interval")
        _check_range(interval_s, "interval_s", SHORTEST_INTERVAL_S, LONGEST_INTERVAL_S)
    elif interval_s is not None:
        raise Invalid(f"an interval means nothing with the mode {mode}", where="interval_s", mend="use the mode set")
    grace_s = old.grace_s if grace_s is None else grace_s
    _check_range(grace_s, "grace_s", 0, LONGEST_GRACE_S)
    return replace(
        old,
        mode=mode,
        interval_s=interval_s,
        grace_s=grace_s,
        severity=old.severity if severity is None else severity,
    )


def _check_range(seconds: int, name: str, least: int, most: int) -> None:
    if not least <= seconds <= most:
        raise Invalid(f"{name} must lie between {least} and {most}", where=name, mend="choose another")


async def _audit(unit: Unit, old: SilenceCheck, new: SilenceCheck, *, now: datetime) -> None:
    detail: dict[str, object] = {"name": new.name}
    for name in ("mode", "interval_s", "grace_s"):
        if getattr(old, name) != getattr(new, name):
            detail[name] = [getattr(old, name), getattr(new, name)]
    if old.severity is not new.severity:
        detail["severity"] = [old.severity.word, new.severity.word]
    await audit.write(unit, AuditAction.SILENCE_CHECK_CHANGED, Resource("silence", str(new.id)), detail, now=now)


def _watched(check: SilenceCheck, listening: Listening | None) -> Watched:
    interval = expectation(check).interval
    is_watched = check.in_use and check.mode is not Mode.OFF
    seconds = None if interval is None or not is_watched else round(interval.total_seconds())
    return Watched(check, seconds, expected_by(check, listening))


def _in_use(check: SilenceCheck | None, check_id: UUID) -> SilenceCheck:
    if check is None or not check.in_use:
        raise NotFound(f"there is no silence check {check_id}", where="check_id", mend="list them")
    return check
