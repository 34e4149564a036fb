"""
Finds what was typed, among the companies that whoever acts may see: a company, or whose a thing is.

Ids, names and refs alone are compared, and what follows sees that one company: so it is no crossing.
"""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from alertwhisperer.app.build import House
from alertwhisperer.cli.acting import at, served
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Group, Scope
from alertwhisperer.domain.errors import Invalid, NotFound
from alertwhisperer.guard.companies import companies_called
from alertwhisperer.guard.groups import list_groups
from alertwhisperer.store.database import Connection

CompanyOf = Callable[[Connection, Sequence[CompanyId], UUID], Awaitable[CompanyId | None]]


async def seek(house: House, company_of: CompanyOf, identifier: UUID) -> Scope | None:
    """The scope of the company that has this thing; None when none has."""
    seen = await served(house)
    async with house.database.across(seen) as connection:
        found = await company_of(connection, seen, identifier)
    return None if found is None else at(found)


async def find(house: House, company_of: CompanyOf, identifier: UUID, noun: str) -> Scope:
    """The same, for one that must be there; raises `NotFound`."""
    scope = await seek(house, company_of, identifier)
    if scope is None:
        raise NotFound(f"there is no {noun} {identifier}", where="id", mend="copy it from a list")
    return scope


async def find_company(house: House, text: str) -> CompanyId:
    """
    The company of this id, ref or name; the MSP itself by the word `msp`.

    An id is taken as it is: whether whoever acts serves that company is asked of all three alike, by `acting.at`.

    Raises:
        Invalid: several companies are called so.
        NotFound: none is.
    """
    if text.casefold() == "msp":
        return INSTALLATION
    try:
        return CompanyId(UUID(text))
    except ValueError:
        pass  # it is a ref or a name
    found = await companies_called(house.database, await served(house), text)
    if len(found) > 1:
        ids = ", ".join(str(one.id) for one in found)
        raise Invalid(f"{len(found)} companies are called {text!r}", where="company", mend=f"give the id: {ids}")
    if not found:
        raise NotFound(
            f"there is no company {text!r}", where="company", mend="`alertwhisperer company list` shows them"
        )
    return found[0].id


async def find_group(house: House, text: str) -> Group:
    """The group of this name or id; raises `NotFound`."""
    for group in await list_groups(house.database):
        if text.casefold() in (group.name.casefold(), str(group.id)):
            return group
    raise NotFound(f"there is no group {text}", where="group", mend="`alertwhisperer group list` shows them")
