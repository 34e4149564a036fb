"""
Columns of a batch in PostgreSQL's binary array format, made a whole column at a time.

The driver looks at each element of a list through abstract base classes and calls a codec for each: for the hundred
and fifty columns of a batch that cost more than parsing the alerts. It has no public door for a codec of a whole array,
so `speak` uses the one behind its own `set_type_codec`; the driver is pinned, and the first statement of the storage
suite fails if that door moves.

Format: https://www.postgresql.org/docs/current/sql-createtype.html (receive functions), array_recv: dimensions, whether
nulls are there, element type, then length and lower bound, then each element behind its length; -1 is null.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import Any
from uuid import UUID

from alertwhisperer.store.database import Connection

_HEAD = Struct(">iiiii")
_EMPTY = Struct(">iii")
_LENGTH = Struct(">i").pack
_NULL = b"\xff\xff\xff\xff"
_SIXTEEN = _LENGTH(16)
_EIGHT = _LENGTH(8)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_SMALLINT, _INT, _BIGINT = Struct(">ih").pack, Struct(">ii").pack, Struct(">iq").pack
_BOOLEANS = {True: _LENGTH(1) + b"\x01", False: _LENGTH(1) + b"\x00"}

Encode = Callable[[Sequence[Any]], bytes]


def _uuids(column: Sequence[bytes | None]) -> list[bytes]:
    return [_NULL if value is None else _SIXTEEN + value for value in column]


def _smallints(column: Sequence[int | None]) -> list[bytes]:
    return [_NULL if value is None else _SMALLINT(2, value) for value in column]


def _ints(column: Sequence[int | None]) -> list[bytes]:
    return [_NULL if value is None else _INT(4, value) for value in column]


def _bigints(column: Sequence[int | None]) -> list[bytes]:
    return [_NULL if value is None else _BIGINT(8, value) for value in column]


def _booleans(column: Sequence[bool]) -> list[bytes]:
    return [_BOOLEANS[value] for value in column]


def _times(column: Sequence[datetime | None]) -> list[bytes]:
    # A batch names few moments many times: each is turned into microseconds once.
    known: dict[datetime | None, bytes] = {None: _NULL}
    for value in column:
        if value not in known:
            assert value is not None  # noqa: S101 - None is known from the start
            known[value] = _BIGINT(8, (value - _EPOCH) // _MICROSECOND)
    return [known[value] for value in column]


def _texts(column: Sequence[str | None]) -> list[bytes]:
    parts = []
    for value in column:
        if value is None:
            parts.append(_NULL)
        else:
            raw = value.encode()
            parts.append(_LENGTH(len(raw)) + raw)
    return parts


def _byteas(column: Sequence[bytes]) -> list[bytes]:
    return [_LENGTH(len(value)) + value for value in column]


# Array type → its object id and its element's (built-in ones never change), and how its elements are written.
_KINDS: dict[str, tuple[int, int, Callable[[Sequence[Any]], list[bytes]]]] = {
    "uuid[]": (2951, 2950, _uuids),
    "smallint[]": (1005, 21, _smallints),
    "int[]": (1007, 23, _ints),
    "bigint[]": (1016, 20, _bigints),
    "boolean[]": (1000, 16, _booleans),
    "timestamptz[]": (1185, 1184, _times),
    "text[]": (1009, 25, _texts),
    "bytea[]": (1001, 17, _byteas),
}


def encoder(array: str) -> Encode:
    """The function that turns a column into an array type's binary form."""
    _, element, write = _KINDS[array]

    def encode(column: Sequence[Any]) -> bytes:
        if not column:
            return _EMPTY.pack(0, 0, element)
        return _HEAD.pack(1, 1, element, len(column), 1) + b"".join(write(column))

    return encode


def _sixteen(value: UUID | bytes) -> bytes:
    """An id's bytes; the audit log, which hot transactions write too, hands in whole ids."""
    return value.bytes if isinstance(value, UUID) else value


async def speak(connection: Connection) -> None:
    """Let a connection take columns that are encoded already, and give and take 16 raw bytes for each uuid."""
    await connection.set_type_codec("uuid", encoder=_sixteen, decoder=bytes, schema="pg_catalog", format="binary")
    settings = connection._protocol.get_settings()  # type: ignore[attr-defined]
    for name, (array, _, _) in _KINDS.items():
        settings.add_python_codec(array, name, "pg_catalog", (), "scalar", bytes, bytes, "binary")
