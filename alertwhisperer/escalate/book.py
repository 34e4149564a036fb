"""All schedules that somebody may see or ask, as far as they touch a time, with whom they name."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from alertwhisperer.domain.company import INSTALLATION, Company, CompanyId
from alertwhisperer.domain.on_call import Nearness, Span, Version, nearness
from alertwhisperer.domain.user import Person, Role, User
from alertwhisperer.escalate.on_call import OnCall, Rota, on_call
from alertwhisperer.store import companies, users
from alertwhisperer.store import on_call as store
from alertwhisperer.store.database import Unit
from alertwhisperer.store.on_call import Known

AROUND = timedelta(days=60)
"""What must be known around an instant to say since and until when it is so."""

_OF_MSP = frozenset({Role.MSP_ADMIN, Role.TECHNICIAN})
_ORDER = {one: place for place, one in enumerate(Nearness)}


@dataclass(frozen=True, slots=True)
class Serving:
    """
    A schedule's answer for a company.

    Attributes:
        reaches: whether whoever is on call serves the company; True where nobody is.
        open: whether the asker may see the schedule itself.
    """

    nearness: Nearness
    rota: Rota
    says: OnCall
    reaches: bool
    open: bool


@dataclass(frozen=True, slots=True)
class Book:
    """
    Schedules, by name.

    Attributes:
        person: who looks; None: whoever types at the machine.
        people: all whom the schedules name.
        users: those of them who are still here, as they are now.
        answers: what was calculated already: a schedule of the MSP may answer for a thousand companies at once.
    """

    person: Person | None
    rotas: tuple[Rota, ...]
    companies: Mapping[CompanyId, Company]
    people: Mapping[UUID, Known]
    users: Mapping[UUID, User]
    answers: dict[tuple[UUID, datetime], OnCall | None] = field(default_factory=dict, repr=False, compare=False)

    def name_of(self, user_id: UUID | None) -> str | None:
        """The e-mail of somebody; None for nobody."""
        found = None if user_id is None else self.people.get(user_id)
        return None if found is None else found.email

    def sees(self, version: Version) -> bool:
        """Whether the asker may see a schedule itself, and not only what it answers for their companies."""
        return sees(self.person, version, self.companies)

    @property
    def visible(self) -> tuple[Rota, ...]:
        """Those that the asker may see themselves."""
        return tuple(rota for rota in self.rotas if self.sees(rota.latest))

    def serving(self, company_id: CompanyId, at: datetime) -> tuple[Serving, ...]:
        """What the schedules of a company say at an instant, the nearest schedule first."""
        company, found = self.companies[company_id], []
        for rota in self.rotas:
            version = rota.version_at(at)
            near = None if version is None else nearness(version, company_id, company.group_id)
            says = None if near is None else self._says(rota, at)
            if near is not None and says is not None:
                user = None if says.user_id is None else self.users.get(says.user_id)
                found.append(
                    Serving(near, rota, says, user is None or user.serves(company_id), self.sees(says.version))
                )
        return tuple(sorted(found, key=lambda one: (_ORDER[one.nearness], one.says.version.plan.name)))

    def _says(self, rota: Rota, at: datetime) -> OnCall | None:
        key = rota.latest.schedule_id, at
        if key not in self.answers:
            self.answers[key] = on_call(rota, at)
        return self.answers[key]


def sees(person: Person | None, version: Version, served: Mapping[CompanyId, Company]) -> bool:
    """
    Whether somebody may see a schedule itself.

    One of the MSP is for the MSP's own people who serve one of its companies: it names people and other customers.

    Args:
        served: the companies that the person serves.
    """
    if not version.is_of_msp:
        return version.company_id in served
    if person is None or person.user.serves_all:
        return True
    return person.user.role in _OF_MSP and any(
        nearness(version, company.id, company.group_id) is not None for company in served.values()
    )


def first_there(found: Iterable[Serving]) -> Serving | None:
    """The one that answers for the company: the nearest schedule with somebody there whom the company is served by."""
    for one in found:
        if one.says.user_id is not None and one.reaches:
            return one
    return None


async def open_book(
    unit: Unit,
    person: Person | None,
    served: Sequence[CompanyId],
    span: Span,
    *,
    schedules: Sequence[UUID] | None = None,
) -> Book:
    """
    The schedules of the MSP and of some companies.

    Args:
        unit: of the installation, in a transaction that sees these companies as well.
        span: what is asked about.
        schedules: only these.
    """
    owners = [INSTALLATION, *(one for one in served if one != INSTALLATION)]
    around = Span(span.start - AROUND, span.end + AROUND)
    connection = unit.connection
    versions = await store.versions(connection, owners, around, schedules=schedules)
    of: dict[UUID, list[Version]] = {}
    for version in versions:
        of.setdefault(version.schedule_id, []).append(version)
    known = {one.id: one for one in await companies.among(connection, owners) if one.id != INSTALLATION}
    changes = await store.changes(connection, owners, sorted(of), around)
    named = {user_id for version in versions for layer in version.plan.layers for user_id in layer.people}
    named |= {one for change in changes for one in (change.user_id, change.other_id) if one is not None}
    people = await store.people(connection, named)
    here = await users.among(unit, [one.id for one in people.values() if one.removed_at is None])
    gone = {one.id: one.removed_at for one in people.values() if one.removed_at is not None}
    rotas = [
        Rota(tuple(some), tuple(one for one in changes if one.schedule_id == schedule_id), gone)
        for schedule_id, some in of.items()
    ]
    return Book(
        person=person,
        rotas=tuple(sorted(rotas, key=lambda one: (one.latest.plan.name.lower(), one.latest.schedule_id))),
        companies=known,
        people=people,
        users=here,
    )
