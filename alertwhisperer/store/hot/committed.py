"""Looks up which deliveries of a batch are stored, after the answer to its commit was lost."""

from collections.abc import Sequence

from alertwhisperer.store.database import Connection
from alertwhisperer.store.hot.batch import transaction
from alertwhisperer.store.hot.wire import encoder

_uuids = encoder("uuid[]")

# Rides on delivery's primary key.
_COMMITTED = """
SELECT d.id FROM unnest($1::uuid[], $2::uuid[]) u (c, id) JOIN delivery d ON d.company_id = u.c AND d.id = u.id
"""


async def committed(connection: Connection, deliveries: Sequence[tuple[bytes, bytes]]) -> set[bytes]:
    """
    Ids of the deliveries that are there.

    Args:
        deliveries: (company, delivery) pairs, 16 bytes each.

    Raises:
        Lost: the connection is gone again.
    """
    companies = sorted({company for company, _ in deliveries})
    async with transaction(connection, companies):
        rows = await connection.fetch(
            _COMMITTED, _uuids([pair[0] for pair in deliveries]), _uuids([pair[1] for pair in deliveries])
        )
    return {row[0] for row in rows}
