"""Counts for the report of evidence: people, tokens, keys. Never a name."""

from datetime import datetime

import msgspec

from alertwhisperer.store.database import Unit, queries

_sql = queries("evidence")


class RoleFacts(msgspec.Struct, frozen=True):
    """The people of one role."""

    role: str
    people: int
    with_second_factor: int


class TokenFacts(msgspec.Struct, frozen=True):
    """Live personal tokens; `unlimited` ones may do whatever their person may."""

    live: int
    unlimited: int
    oldest: datetime | None
    last_expiry: datetime | None


class IntegrationFacts(msgspec.Struct, frozen=True):
    """A company's integrations; `signed` ones take signed requests alone."""

    integrations: int
    signed: int
    keys: int
    oldest_key: datetime | None


async def people(unit: Unit) -> tuple[RoleFacts, ...]:
    """How many people there are in each role; in the installation's unit."""
    return tuple([RoleFacts(**row) async for row in _sql.people(unit.connection)])


async def tokens(unit: Unit, *, now: datetime) -> TokenFacts:
    """Live personal tokens of all people; in the installation's unit."""
    return TokenFacts(**await _sql.tokens(unit.connection, now=now))


async def integrations(unit: Unit) -> IntegrationFacts:
    """Of the unit's company."""
    return IntegrationFacts(**await _sql.integrations(unit.connection, company_id=unit.company_id))
