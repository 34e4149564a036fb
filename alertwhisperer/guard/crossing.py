"""
Crossing companies: the one door by which a person reads the content of several companies at once.

It sees the companies that the person serves and no others, and the audit log of the installation says who looked, at
what and why: once an hour for each person and kind of look, so that a page that refreshes itself does not flood it.
To find whose a thing is when only its id was given, ids alone are asked for, and what follows happens in one company's
scope: that is no crossing.
"""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.user import Person
from alertwhisperer.guard.permissions import Action, require
from alertwhisperer.store import audit, companies, crossings
from alertwhisperer.store.database import Connection, Database, Unit


@dataclass(frozen=True, slots=True)
class Crossing:
    """
    A look across companies, under way.

    Attributes:
        connection: sees `companies` and nothing else.
        companies: the person's, without the installation itself.
    """

    database: Database
    connection: Connection
    by: Scope
    companies: tuple[CompanyId, ...]

    def at(self, company_id: CompanyId) -> Unit:
        """The same transaction in the name of one of the companies."""
        return self.database.unit(self.connection, self.by.at(company_id))

    async def names(self, wanted: Collection[CompanyId]) -> Mapping[CompanyId, str]:
        """What companies are called, for a list that says whose each thing is."""
        return {one.id: one.name for one in await companies.among(self.connection, sorted(wanted))}


@asynccontextmanager
async def crossing(
    database: Database, by: Scope, person: Person | None, action: Action, *, why: str = "", now: datetime
) -> AsyncIterator[Crossing]:
    """
    A transaction that sees every company that the person serves.

    Args:
        by: who looks.
        person: None for whoever types at the machine, who may see all.
        why: in the person's own words, or empty.

    Raises:
        Forbidden: the person may not do this, or the means does not cover it.
    """
    if person is not None:
        require(person.user, action, None, person.means)
    served = tuple(one for one in await served_by(database, person) if one != INSTALLATION)
    async with database.across([INSTALLATION, *served]) as connection:
        unit = database.unit(connection, by.at(INSTALLATION))
        who = by.actor if by.user_id is None else str(by.user_id)
        if await crossings.is_first(unit, who, action.value, now=now):
            detail = {"companies": len(served)}
            resource = Resource("crossing", action.value)
            await audit.write(unit, AuditAction.COMPANIES_CROSSED, resource, detail, now=now, reason=why)
        await companies.see(connection, served)
        yield Crossing(database, connection, by, served)


async def served_by(database: Database, person: Person | None) -> tuple[CompanyId, ...]:
    """
    The ids of the companies that a person serves by their means, oldest first; ids only, so it crosses nothing.

    For an MSP admin of all companies, and for the machine, the installation is among them.
    """
    everyone: Collection[CompanyId]
    if person is None or person.user.serves_all:
        everyone = await database.company_ids()
    else:
        everyone = person.user.companies
    return tuple(sorted(one for one in everyone if person is None or person.means.reaches(one)))
