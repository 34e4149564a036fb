"""
Which device is told of which incident, and in which words.

A device is told of an incident once, when nobody took it for a minute; and at most five times in ten minutes, the last
time for all that are left. On a lock screen there is nothing of what a tool said, unless its person wants it.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.push import Candidate, Subscription, plan
from alertwhisperer.domain.user import User
from alertwhisperer.guard.permissions import Action, allowed
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import due, push, users
from alertwhisperer.store.database import Database
from alertwhisperer.store.push import Notice

UNTAKEN_FOR = timedelta(minutes=1)
"""Whoever looks at the console takes an incident sooner."""
KEPT = timedelta(days=8)
"""How long it is kept that a device was told: longer than an incident is news."""

_NEWS = timedelta(days=7)
_ROOM, _ROOM_SPAN = 5, timedelta(minutes=10)
_AT_ONCE = 1_000
_LONGEST_TITLE = 160


def is_told(user: User | None, company_id: CompanyId) -> bool:
    """Whether this person is still to be told of what happens in a company."""
    return user is not None and allowed(user.role, Action.PUSH_OWN) and user.serves(company_id)


async def plan_notices(database: Database, *, now: datetime) -> int:
    """Have devices told of what nobody took; answers of how many notices. Any process may look at any time."""
    async with database.unit_of_work(Scope(INSTALLATION, "push")) as unit:
        people = await users.among(unit, await push.watching(unit))
    if not people:
        return 0
    every = await database.company_ids()
    served = [(company_id, user.id) for user in people.values() for company_id in every if is_told(user, company_id)]
    companies = sorted({company_id for company_id, _ in served})
    async with database.across(companies) as connection:
        found = await push.candidates(connection, served, since=now - _NEWS, before=now - UNTAKEN_FOR, limit=_AT_ONCE)
        told = await push.told_since(connection, companies, [one.subscription_id for one in found], now - _ROOM_SPAN)
        planned = 0
        for device, candidates in _by_device(found).items():
            for one in plan(candidates, room=_ROOM - told.get(device, 0)):
                unit, notice_id = database.unit(connection, Scope(one.candidate.company_id, "push")), uuid7(now)
                added = await push.add_notice(unit, one.candidate, notice_id, more=one.more, now=now)
                if added and one.more is not None:
                    await due.add(unit, due.PUSH, notice_id, due_at=now)
                    planned += 1
    return planned


def words_of(notice: Notice, device: Subscription) -> Mapping[str, str]:
    """What the service worker shows: title, body, and the page that a tap opens."""
    if notice.more:
        return {
            "title": f"{notice.more + 1} more incidents wait",
            "body": f"{notice.company} and others: nobody took them",
            "url": "/incidents?state=open",
        }
    title = f"{notice.severity.word.capitalize()}: incident {notice.number}, {notice.company}"
    body = notice.title[:_LONGEST_TITLE] if device.with_text else "Nobody took it yet"
    return {"title": title, "body": body, "url": f"/incidents/{notice.number}"}


def _by_device(candidates: tuple[Candidate, ...]) -> Mapping[UUID, list[Candidate]]:
    found: dict[UUID, list[Candidate]] = defaultdict(list)
    for one in candidates:
        found[one.subscription_id].append(one)
    return found
