"""One batch's transaction: what it locks, what it writes, and what a failure means."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from struct import error as StructError
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.state import AlertState, IncidentState
from alertwhisperer.store.database import SET_COMPANIES, Connection, setting_of
from alertwhisperer.store.hot.rows import PARTS, Rows
from alertwhisperer.store.hot.wire import Encode, encoder

_FOLDER = Path(__file__).parent
_LOCK = (_FOLDER / "lock.sql").read_text()
_REPEATS = (_FOLDER / "repeats.sql").read_text()
_KEYS = (_FOLDER / "keys.sql").read_text()
_NAME = re.compile(r"(?<!:):([a-z_]+)::([a-z]+\[\])")


def _numbered(text: str) -> tuple[str, dict[str, Encode]]:
    """Turn `:name::type[]` into `$n::type[]`; gives the statement, and the names in order with their encoders."""
    names = {name: encoder(array) for name, array in _NAME.findall(text)}
    places = {name: place for place, name in enumerate(names, start=1)}
    return _NAME.sub(lambda match: f"${places[match[1]]}::{match[2]}", text), names


def _parts(encoders: dict[str, Encode]) -> list[tuple[str, list[Encode], list[bytes]]]:
    """For each kind of row: its attribute of `Rows`, its columns' encoders, and their encodings when there is none."""
    named = [f"{prefix}_{field}" for prefix, _, row in PARTS for field in row._fields]  # type: ignore[attr-defined]
    if named != list(encoders):
        raise TypeError("store/hot/rows.py and write.sql name different columns")
    parts = []
    for prefix, attribute, row in PARTS:
        mine = [encoders[f"{prefix}_{field}"] for field in row._fields]  # type: ignore[attr-defined]
        parts.append((attribute, mine, [encode(()) for encode in mine]))
    return parts


_WRITE, _ENCODERS = _numbered((_FOLDER / "write.sql").read_text())
_PARTS = _parts(_ENCODERS)
_uuids, _times = encoder("uuid[]"), encoder("timestamptz[]")


class Contended(Exception):
    """Another process made or holds the same rows; the batch is to be read and decided again."""


class Refusal(Exception):
    """The database refuses the batch's rows; deliveries are to be tried one by one."""


class Lost(Exception):
    """The connection is gone; whether the batch committed is unknown until its ids are looked up."""


class SenderId(NamedTuple):
    """A delivery whose sender named it; all but `received_at` are 16 bytes, `sender` and `body` hashes."""

    company: bytes
    integration: bytes
    sender: bytes
    body: bytes
    delivery: bytes
    received_at: datetime


class Wanted(msgspec.Struct, gc=False):
    """What a batch wants to read: (company, identity) pairs, each sorted and without repeats."""

    integrations: Sequence[tuple[bytes, bytes]]
    senders: Sequence[SenderId]
    problems: Sequence[tuple[bytes, bytes]]
    keys: Sequence[tuple[bytes, bytes]]


class Locked(msgspec.Struct, gc=False):
    """
    What was read, locked until the transaction ends.

    Attributes:
        rules: newest rule set version by integration; an integration that is absent was removed.
        noted: deliveries whose sender's id is new.
        alerts, incidents, keys: as `correlate.decide.Work` takes them.
    """

    rules: dict[bytes, int]
    noted: set[bytes]
    alerts: dict[bytes, AlertState]
    incidents: dict[bytes, IncidentState]
    keys: dict[bytes, bytes]


class First(NamedTuple):
    """The delivery that a sender's id named first; `status` None while it is in this very batch."""

    body: bytes
    delivery: bytes
    status: int | None
    received: int | None


@asynccontextmanager
async def transaction(connection: Connection, companies: Sequence[bytes]) -> AsyncIterator[None]:
    """
    A transaction that sees the given companies.

    Raises:
        Contended, Refusal, Lost: see there; the transaction is rolled back (or gone).
    """
    try:
        async with connection.transaction():
            await connection.fetchval(SET_COMPANIES, setting_of(_company_ids(companies)))
            yield
    except (asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError) as failure:
        raise Contended(str(failure)) from failure
    except (
        asyncpg.DataError,
        asyncpg.IntegrityConstraintViolationError,
        asyncpg.InsufficientPrivilegeError,
    ) as failure:
        raise Refusal(str(failure)) from failure
    except (
        asyncpg.PostgresConnectionError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,  # the driver's protocol, broken off in the middle of an answer
        asyncpg.OperatorInterventionError,
        OSError,
    ) as failure:
        raise Lost(str(failure)) from failure
    except TimeoutError as failure:
        connection.terminate()
        raise Lost("the database did not answer in time") from failure


async def lock(connection: Connection, wanted: Wanted) -> Locked:
    """Read and lock the rows of a batch; notes the sender's ids that are new."""
    senders = wanted.senders
    rows = await connection.fetch(
        _LOCK,
        _uuids([pair[0] for pair in wanted.integrations]),
        _uuids([pair[1] for pair in wanted.integrations]),
        _uuids([one.company for one in senders]),
        _uuids([one.integration for one in senders]),
        _uuids([one.sender for one in senders]),
        _uuids([one.body for one in senders]),
        _uuids([one.delivery for one in senders]),
        _times([one.received_at for one in senders]),
        _uuids([pair[0] for pair in wanted.problems]),
        _uuids([pair[1] for pair in wanted.problems]),
        _uuids([pair[0] for pair in wanted.keys]),
        _uuids([pair[1] for pair in wanted.keys]),
    )
    locked = Locked({}, set(), {}, {}, {})
    for row in rows:
        tag = row[0]
        if tag == 2:
            locked.alerts[row[1]] = AlertState(
                row[2], row[3], row[6], row[7], row[16], row[8], row[4], row[19], row[20], row[21], row[5]
            )
        elif tag == 4:
            locked.incidents[row[1]] = IncidentState(
                row[6], row[7], row[16], row[17], row[18], row[8], row[9], row[10], row[11], row[12], row[13], row[14],
                row[15], row[19], row[20], row[21], row[22],
            )  # fmt: skip
        elif tag == 3:
            locked.keys[row[1]] = row[2]
        elif tag == 1:
            locked.noted.add(row[1])
        else:
            locked.rules[row[1]] = row[6]
    await _refuse_moved(connection, wanted, locked)
    return locked


async def _refuse_moved(connection: Connection, wanted: Wanted, locked: Locked) -> None:
    """
    Raise `Contended` when a key was read that another batch has moved since.

    A key is read without a lock, so it may be older than its incident. An incident that some key has left says so
    (`is_current`); now that it is locked no key can leave it, and a second look is final. Merged incidents have several
    keys, so the mark alone proves nothing.
    """
    left = {key for key, incident_id in locked.keys.items() if not _is_current(locked, incident_id)}
    if not left:
        return
    pairs = [pair for pair in wanted.keys if pair[1] in left]
    rows = await connection.fetch(_KEYS, _uuids([pair[0] for pair in pairs]), _uuids([pair[1] for pair in pairs]))
    if {row[0]: row[1] for row in rows} != {key: locked.keys[key] for key in left}:
        raise Contended("a correlation key has moved on")


def _is_current(locked: Locked, incident_id: bytes) -> bool:
    incident = locked.incidents.get(incident_id)
    return incident is not None and incident.is_current


async def first_deliveries(connection: Connection, senders: Sequence[SenderId]) -> Mapping[bytes, First]:
    """By delivery: what came first under the same sender's id. Call it for those that `lock` did not note."""
    rows = await connection.fetch(
        _REPEATS,
        _uuids([one.company for one in senders]),
        _uuids([one.integration for one in senders]),
        _uuids([one.sender for one in senders]),
        _uuids([one.delivery for one in senders]),
    )
    return {row[0]: First(row[1], row[2], row[3], row[4]) for row in rows}


async def write(connection: Connection, rows: Rows) -> None:
    """
    Write a batch.

    Raises:
        Refusal: a value fits no column (a number too large, half a character); nothing was written.
    """
    try:
        columns = _columns(rows)
    except (ValueError, OverflowError, StructError) as failure:
        raise Refusal(f"a value cannot be encoded: {failure}") from failure
    await connection.fetch(_WRITE, *columns)


def _columns(rows: Rows) -> list[bytes]:
    columns: list[bytes] = []
    for attribute, encoders, empty in _PARTS:
        mine = getattr(rows, attribute)
        if mine:
            columns += [encode(column) for encode, column in zip(encoders, zip(*mine, strict=True), strict=True)]
        else:
            columns += empty
    return columns


def _company_ids(companies: Sequence[bytes]) -> list[CompanyId]:
    return [CompanyId(UUID(bytes=company)) for company in companies]
