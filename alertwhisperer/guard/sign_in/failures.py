"""
Failed tries in the audit log: counted, one entry a minute for each account at most, so that no attack can fill the log.
"""

from datetime import datetime, timedelta
from uuid import UUID

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.store import audit
from alertwhisperer.store import sign_in as rows
from alertwhisperer.store.database import Database, Unit

ACTOR = "sign_in"
"""Who tries is not known; the log says where from."""

STRANGER = UUID(int=0)
"""Stands for all e-mails that nobody has."""

_TOLD_EVERY = timedelta(minutes=1)


async def count(database: Database, user_id: UUID | None, *, ip: str, now: datetime) -> None:
    """One more failed try of a person, or of an e-mail that nobody has."""
    whose = user_id or STRANGER
    async with database.unit_of_work(Scope(INSTALLATION, ACTOR, ip=ip)) as unit:
        untold, told_at = await rows.count_failure(unit, whose, ip=ip, now=now)
        if told_at is None or now - told_at >= _TOLD_EVERY:
            await _tell(unit, whose, untold, now=now)
            await rows.told_failures(unit, whose, now=now)


async def tell_untold(database: Database, *, now: datetime) -> None:
    """Enter what was counted after an account's last entry, when its minute is over; asked for by the clock."""
    async with database.unit_of_work(Scope(INSTALLATION, ACTOR)) as unit:
        for whose, untold, ip in await rows.take_untold(unit, before=now - _TOLD_EVERY, now=now):
            await _tell(unit.at(Scope(INSTALLATION, ACTOR, ip=ip)), whose, untold, now=now)


async def _tell(unit: Unit, whose: UUID, tries: int, *, now: datetime) -> None:
    resource = Resource("user", "unknown" if whose == STRANGER else str(whose))
    await audit.write(unit, AuditAction.SIGN_IN_REFUSED, resource, {"tries": tries}, now=now)
