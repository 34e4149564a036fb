"""How one schedule is found and held by somebody who may see it, and who may be put into it."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from alertwhisperer.domain.company import INSTALLATION, Company, CompanyId, Scope
from alertwhisperer.domain.errors import Invalid, NotFound
from alertwhisperer.domain.on_call import Version, nearness
from alertwhisperer.domain.user import Person, User
from alertwhisperer.escalate.book import sees
from alertwhisperer.guard.crossing import served_by
from alertwhisperer.guard.permissions import Action, allowed, may, require
from alertwhisperer.store import companies, users
from alertwhisperer.store import on_call as store
from alertwhisperer.store.database import Database, Unit


@dataclass(frozen=True, slots=True)
class Held:
    """
    A schedule under lock.

    Attributes:
        unit: in the name of whoever owns the schedule.
        served: the companies that the asker serves, as far as the transaction sees them.
    """

    unit: Unit
    person: Person | None
    version: Version
    served: Mapping[CompanyId, Company]

    @property
    def may_set(self) -> bool:
        """Whether the asker may do with the schedule as they like."""
        return may_set(self.person, self.version.company_id)

    def require_set(self) -> None:
        """Raise `Forbidden` unless the asker may."""
        require_set(self.person, self.version.company_id)


def require_set(person: Person | None, company_id: CompanyId) -> None:
    """Raise unless somebody may make and change schedules of a company, or of the MSP for `INSTALLATION`."""
    if person is None:
        return
    if company_id == INSTALLATION:
        require(person.user, Action.ON_CALL_SET_ALL, None, person.means)
    else:
        require(person.user, Action.ON_CALL_SET, company_id, person.means)


def may_set(person: Person | None, company_id: CompanyId) -> bool:
    """The same as an answer."""
    if person is None:
        return True
    if company_id == INSTALLATION:
        return may(person.user, Action.ON_CALL_SET_ALL, person.means)
    return person.serves(company_id) and may(person.user, Action.ON_CALL_SET, person.means)


@asynccontextmanager
async def seeing(
    database: Database, by: Scope, person: Person | None
) -> AsyncIterator[tuple[Unit, Mapping[CompanyId, Company]]]:
    """A transaction of the installation that sees the companies which somebody serves; and these."""
    served = tuple(one for one in await served_by(database, person) if one != INSTALLATION)
    async with database.across([INSTALLATION, *served]) as connection:
        unit = database.unit(connection, by.at(INSTALLATION))
        yield unit, {one.id: one for one in await companies.among(connection, served)}


@asynccontextmanager
async def holding(database: Database, by: Scope, person: Person | None, schedule_id: UUID) -> AsyncIterator[Held]:
    """
    A schedule, which nobody else changes until the block ends.

    Raises:
        NotFound: there is none that the asker may see.
    """
    async with seeing(database, by, person) as (unit, served):
        yield await hold(unit, person, served, schedule_id)


async def hold(unit: Unit, person: Person | None, served: Mapping[CompanyId, Company], schedule_id: UUID) -> Held:
    """The same inside a transaction of `seeing`."""
    owner = await store.company_of(unit.connection, [INSTALLATION, *served], schedule_id)
    inside = unit if owner is None else unit.at(unit.scope.at(owner))
    version = None if owner is None else await store.lock_last(inside, schedule_id)
    if version is None or version.removed or not sees(person, version, served):
        raise absent(schedule_id)
    return Held(inside, person, version, served)


def absent(schedule_id: UUID) -> NotFound:
    """The one answer for absent, forbidden and another company's."""
    return NotFound(f"there is no schedule {schedule_id}", where="path", mend="list the schedules")


def can_be_called(user: User, version: Version, served: Collection[Company]) -> bool:
    """Whether somebody may be put into a schedule: they answer incidents, and serve one of its companies."""
    if not allowed(user.role, Action.ON_CALL_TAKE):
        return False
    if version.plan.serves.everybody and user.serves_all:
        return True
    return any(user.serves(one.id) and nearness(version, one.id, one.group_id) is not None for one in served)


async def find_people(
    unit: Unit, version: Version, emails: Collection[str], served: Collection[Company], *, where: str
) -> dict[str, User]:
    """
    Those who are to be put into a schedule, by the e-mails as they were given.

    Raises:
        Invalid: one of them cannot be called for it; the same answer whether or not there is such a person.
    """
    found = {}
    for email in sorted(set(emails)):
        user = await users.by_email(unit, email.strip().lower())
        if user is None or not can_be_called(user, version, served):
            raise Invalid(
                f"{email[:100]!r} cannot be called for what this schedule serves",
                where=where,
                mend="name somebody who answers incidents of one of its companies",
            )
        found[email] = user
    return found
