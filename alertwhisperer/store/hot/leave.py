"""Takes units that waited for a company out of the MSP's quarantine, inside the transaction that stores them there."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from alertwhisperer.store.database import Connection
from alertwhisperer.store.hot.wire import encoder

_LEAVE = (Path(__file__).parent / "leave.sql").read_text()
_uuids = encoder("uuid[]")


class Leaving(msgspec.Struct, gc=False):
    """
    Units that leave; ids are 16 bytes.

    Attributes:
        company: the MSP's.
        units: the occurrences' ids that stood for them, sorted.
        ledger_id: a fresh id of the row that counts them.
    """

    company: bytes
    units: Sequence[bytes]
    at: datetime
    actor: str
    ledger_id: bytes


async def leave(connection: Connection, leaving: Leaving) -> bool:
    """Whether all of them still waited, and have left now; when not, the transaction must not commit."""
    rows = await connection.fetch(
        _LEAVE,
        leaving.company,
        _uuids(list(leaving.units)),
        leaving.at,
        leaving.actor,
        leaving.ledger_id,
    )
    return len(rows) == len(leaving.units)
