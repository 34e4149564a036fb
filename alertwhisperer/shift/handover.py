"""The hand-over page, which builds itself: what one shift leaves to the next, of all companies that one serves."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from alertwhisperer.domain.attention import Group
from alertwhisperer.domain.brake import MOST_WINDOWS, Reach, Window
from alertwhisperer.domain.company import INSTALLATION, CompanyId
from alertwhisperer.domain.handover import HandoverState
from alertwhisperer.domain.user import User
from alertwhisperer.guard.approvals import reading
from alertwhisperer.guard.approvals.reading import Standing
from alertwhisperer.guard.crossing import Crossing
from alertwhisperer.shift.handing import Seen, seen_by
from alertwhisperer.store import brakes, companies, incidents, promises
from alertwhisperer.store.incidents import IncidentFilter, IncidentRow
from alertwhisperer.store.promises import Waiting

MOST_SHOWN = 100
"""Of each kind; how many there are is said beside."""
SOON = timedelta(hours=24)
"""Windows that end within it are the next shift's business."""

GROUPS = (Group.NEEDS_ACK, Group.WORKING, Group.WAITING)


@dataclass(frozen=True, slots=True)
class Incidents:
    """The worst of one group, of equal ones the oldest; `amount` counts those beyond them too."""

    rows: tuple[IncidentRow, ...]
    amount: int


@dataclass(frozen=True, slots=True)
class Closing:
    """A window in which nothing starts; `company_id` is None for one of all companies."""

    company_id: CompanyId | None
    window: Window

    @property
    def reach(self) -> Reach:
        """For whom it holds."""
        return Reach.ALL if self.company_id is None else Reach.COMPANY


@dataclass(frozen=True, slots=True)
class Shift:
    """
    What there is to hand over.

    Attributes:
        groups: open incidents, each of `GROUPS`.
        approvals: the first to lapse first, with how many there are.
        windows: that hold now, or end soon; the first to end first.
        offers: that wait, by and to whoever looks; none where that is no person.
        names: of the companies that the rest speaks of.
    """

    groups: Mapping[Group, Incidents]
    approvals: tuple[Standing, ...]
    approvals_amount: int
    windows: tuple[Closing, ...]
    promises: Waiting
    offers: tuple[Seen, ...]
    names: Mapping[CompanyId, str]


async def look_over(look: Crossing, user: User | None, wanted: Collection[UUID], *, mine: bool, now: datetime) -> Shift:
    """
    The page, for whoever crosses.

    Args:
        user: whoever looks; None at the machine, where nothing is anybody's own.
        wanted: companies to show; none: all.
        mine: of incidents and promises only the person's.
    """
    shown = [one for one in look.companies if not wanted or one in wanted]
    owner = user.email if mine and user is not None else None
    groups = await _groups(look, shown, owner, now=now)
    asked = await reading.waiting(look.connection, user, shown, now=now)
    windows = await _windows(look, shown, now=now)
    told = await promises.waiting(look.connection, shown, owner=owner, limit=MOST_SHOWN)
    spoken = {row.company_id for one in groups.values() for row in one.rows}
    spoken |= {one.approval.company_id for one in asked[:MOST_SHOWN]} | {one.company_id for one in told.promises}
    spoken |= {one.company_id for one in windows if one.company_id is not None}
    names = await look.names(spoken)
    offers = () if user is None else await _offers(look, user)
    return Shift(groups, asked[:MOST_SHOWN], len(asked), windows, told, offers, names)


async def _groups(
    look: Crossing, shown: list[CompanyId], owner: str | None, *, now: datetime
) -> Mapping[Group, Incidents]:
    counts = await incidents.count(
        look.connection, shown, IncidentFilter(assignee=owner), me=owner or "", done_since=now
    )
    found = {}
    for group in GROUPS:
        wanted = IncidentFilter(groups=(group,), assignee=owner)
        rows = await incidents.page_of(look.connection, shown, wanted, limit=MOST_SHOWN, sort="attention")
        found[group] = Incidents(tuple(rows), max(counts.groups[group], len(rows)))
    return found


async def _windows(look: Crossing, shown: list[CompanyId], *, now: datetime) -> tuple[Closing, ...]:
    soon = now + SOON
    own = await brakes.windows_among(look.connection, shown, now=now, soon=soon, limit=MOST_WINDOWS)
    of_all = await brakes.read_windows_for_all(look.at(INSTALLATION), now=now)
    closing = [Closing(company_id, window) for company_id, window in own]
    closing += [Closing(None, one) for one in of_all if one.holds(now) or one.ends_at <= soon]
    return tuple(sorted(closing, key=lambda one: (one.window.ends_at, one.window.starts_at)))


async def _offers(look: Crossing, user: User) -> tuple[Seen, ...]:
    """The last thing that is read: from here on the transaction sees the installation as well."""
    await companies.see(look.connection, [INSTALLATION, *look.companies])
    unit = look.at(INSTALLATION)
    return tuple(await seen_by(unit, user, look.companies, state=HandoverState.OFFERED, limit=MOST_SHOWN))
