"""
What a time of day means where clocks are put forward and back.

One rule for all zones: **a wall-clock time begins at the first instant at which the zone's clock shows it or a later
one**. So a time that is skipped (02:30 when clocks go from 02:00 to 03:00, or a whole day when a country moves across
the date line) begins when the clock jumps over it, and a time that comes twice begins at the first of the two. Instants
are thereby in the order of what the clock says, always, so shifts cut at wall-clock times neither overlap nor leave a
hole. A shift of a day on which clocks change is an hour shorter or longer.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_SECOND = timedelta(seconds=1)  # zones change at whole seconds


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """
    When a wall-clock time begins.

    Args:
        wall: without a zone.

    Returns:
        Aware UTC.
    """
    by_the_old = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)  # the first of two
    if by_the_old.astimezone(zone).replace(tzinfo=None) == wall:
        return by_the_old
    # It is skipped. By the offset from after the jump it would lie before the jump, and the other way round.
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return _jump(before, by_the_old, wall, zone)


def _jump(before: datetime, after: datetime, wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant between these at which the clock jumps over `wall`."""
    while after - before > _SECOND:
        middle = before + (after - before) // 2 // _SECOND * _SECOND
        if middle.astimezone(zone).replace(tzinfo=None) < wall:
            before = middle
        else:
            after = middle
    return after


def wall_of(moment: datetime, zone: ZoneInfo) -> datetime:
    """What the zone's clock shows, without the zone."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)
