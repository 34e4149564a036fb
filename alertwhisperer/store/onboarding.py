"""What companies have already, for whoever brings in many of them at once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.integration import OWN_SOURCE
from alertwhisperer.store.database import Connection, queries

_sql = queries("onboarding")


async def own_integrations(
    connection: Connection, companies: Sequence[CompanyId]
) -> Mapping[CompanyId, list[tuple[str, str]]]:
    """Source and name of the integrations in use that have keys, oldest first; `connection` must see the companies."""
    found: dict[CompanyId, list[tuple[str, str]]] = defaultdict(list)
    async for row in _sql.own_integrations(connection, companies=list(companies), not_source=OWN_SOURCE):
        found[CompanyId(row["company_id"])].append((row["source"], row["name"]))
    return found
