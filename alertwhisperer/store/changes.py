"""
Tells every process that settings changed, so that it drops what it remembers of them.

The notice is sent when the transaction commits, carries no tenant data, and several in one transaction are one. A
process that misses it (a lost connection) must read everything again when it listens anew.
"""

from alertwhisperer.store.database import Unit, queries

CHANNEL = "alertwhisperer_settings"

_sql = queries("changes")


async def announce(unit: Unit) -> None:
    """To be called by whoever changes a company's limits, an integration, a key or rules, in that transaction."""
    await _sql.announce(unit.connection, channel=CHANNEL)
