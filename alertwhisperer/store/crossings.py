"""Who looked across companies in which hour, so that the audit log says so once. Functions take a unit of the MSP."""

from datetime import datetime

from alertwhisperer.store.database import Unit, queries

_sql = queries("crossings")


async def is_first(unit: Unit, who: str, action: str, *, now: datetime) -> bool:
    """Whether this is the first look of this kind by somebody in this hour; of two at once, one is."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    named = {"company_id": unit.company_id, "who": who, "action": action, "hour": hour}
    if not await _sql.insert_crossing(unit.connection, **named):
        return False
    await _sql.forget_crossings(unit.connection, **named)
    return True
