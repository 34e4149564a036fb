"""Takes a delivery out of quarantine inside the transaction that decides its members."""

from datetime import datetime
from pathlib import Path

import msgspec

from alertwhisperer.store.database import Connection

_SETTLE = (Path(__file__).parent / "settle.sql").read_text()


class Settling(msgspec.Struct, gc=False):
    """
    A unit that leaves quarantine; ids are 16 bytes.

    Attributes:
        unit: the occurrence's id that stood for the delivery.
        members: how many the body holds now that it can be read.
        ledger_id: a fresh id of the row that counts it.
    """

    company: bytes
    unit: bytes
    members: int
    at: datetime
    actor: str
    parser: int
    settings_version: int
    ledger_id: bytes


async def settle(connection: Connection, settling: Settling) -> bool:
    """Whether the unit still waited, and has left now."""
    done = await connection.fetchval(
        _SETTLE,
        settling.company,
        settling.unit,
        settling.members,
        settling.at,
        settling.actor,
        settling.parser,
        settling.settings_version,
        settling.ledger_id,
    )
    return done is not None
