"""Contacts: people and desks of a company to call."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from alertwhisperer.domain.inventory import Contact
from alertwhisperer.store.database import Unit, queries

_sql = queries("contacts")


async def insert(unit: Unit, contacts: Sequence[Contact]) -> None:
    """Add contacts; their ids must be new."""
    await _sql.insert(unit.connection, company_id=unit.company_id, rows=[_row(one) for one in contacts])


async def update(unit: Unit, contacts: Sequence[Contact]) -> None:
    """Write what contacts are now."""
    await _sql.update(unit.connection, company_id=unit.company_id, rows=[_row(one) for one in contacts])


async def read(unit: Unit, contact_id: UUID) -> Contact | None:
    """One contact; None when the company has none of this id."""
    row = await _sql.read(unit.connection, company_id=unit.company_id, contact_id=contact_id)
    return Contact(**row) if row else None


async def lock(unit: Unit, contact_id: UUID) -> Contact | None:
    """The same as `read`; nobody else changes it until the unit ends."""
    row = await _sql.lock(unit.connection, company_id=unit.company_id, contact_id=contact_id)
    return Contact(**row) if row else None


async def by_names(unit: Unit, names: Sequence[str]) -> dict[str, list[Contact]]:
    """Contacts of these names, whatever their case, by the name in lower case."""
    wanted = sorted({name.lower() for name in names})
    found: dict[str, list[Contact]] = defaultdict(list)
    rows = _sql.by_names(unit.connection, company_id=unit.company_id, names=wanted, limit=2 * len(wanted))
    async for row in rows:
        found[row["name"].lower()].append(Contact(**row))
    return found


async def page(
    unit: Unit, *, q: str | None, site_id: UUID | None, limit: int, before: UUID | None = None
) -> list[Contact]:
    """Contacts, newest first, from the one after `before`; with `q` in name, role or e-mail; of one site."""
    rows = _sql.page(unit.connection, company_id=unit.company_id, q=q, site_id=site_id, limit=limit, before=before)
    return [Contact(**row) async for row in rows]


async def to_call(unit: Unit, site_ids: Sequence[UUID], *, limit: int) -> list[Contact]:
    """Contacts of some sites, then those of no site, by name."""
    rows = _sql.to_call(unit.connection, company_id=unit.company_id, site_ids=list(site_ids), limit=limit)
    return [Contact(**row) async for row in rows]


async def remove(unit: Unit, contact_id: UUID) -> None:
    """Remove a contact."""
    await _sql.remove(unit.connection, company_id=unit.company_id, contact_id=contact_id)


def _row(contact: Contact) -> dict[str, object]:
    return {
        "contact_id": contact.id,
        "name": contact.name,
        "role": contact.role,
        "email": contact.email,
        "phone": contact.phone,
        "hours": contact.hours,
        "preferred_channel": contact.preferred_channel,
        "notes": contact.notes,
        "site_id": contact.site_id,
        "created_at": contact.created_at,
    }
