"""A company's inventory, so that a test can begin with one."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from alertwhisperer.domain.company import Scope
from alertwhisperer.inventory.assets import add_asset
from alertwhisperer.inventory.contacts import add_contact
from alertwhisperer.inventory.edges import connect
from alertwhisperer.inventory.sites import add_site
from alertwhisperer.store.database import Database


async def furnish(database: Database, scope: Scope, *, now: datetime) -> dict[str, UUID]:
    """A site, two assets on each other, and a contact; the ids by the names of the API's path parameters."""
    site = await add_site(database, scope, {"name": "Berlin", "time_zone": "Europe/Berlin"}, now=now)
    host = await add_asset(database, scope, {"name": "esx-03", "kind": "server", "site_id": site.id}, now=now)
    given = {"name": "db-01", "kind": "vm", "tags": ["erp"], "site_id": site.id}
    asset = await add_asset(database, scope, given, aliases=["DB-01.example.org", "10.0.0.5"], now=now)
    edge = await connect(database, scope, asset.id, host.id, "runs_on", now=now)
    contact = await add_contact(database, scope, {"name": "Kim", "phone": "+49 30 1234567"}, now=now)
    return {"site_id": site.id, "asset_id": asset.id, "edge_id": edge.id, "contact_id": contact.id}
