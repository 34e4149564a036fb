"""What `store/hot/wire.py` writes, a real PostgreSQL reads: each array type with nulls, extremes and any letter."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alertwhisperer.guard.audit.sealing import AuditSealer
from alertwhisperer.guard.vault import Vault
from alertwhisperer.store.database import Connection, Database
from alertwhisperer.store.hot.wire import encoder, speak
from tests.conftest import MASTER
from tests.database import Migrated

T = TypeVar("T")

# What PostgreSQL's timestamptz can hold is more than Python can; to the microsecond.
TIMES = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
ELEMENTS: dict[str, st.SearchStrategy[Any]] = {
    "uuid[]": st.binary(min_size=16, max_size=16),
    "smallint[]": st.integers(-(2**15), 2**15 - 1),
    "int[]": st.integers(-(2**31), 2**31 - 1),
    "bigint[]": st.integers(-(2**63), 2**63 - 1),
    "timestamptz[]": TIMES,
    "text[]": TEXTS,
    "boolean[]": st.booleans(),
    "bytea[]": st.binary(max_size=40),
}
EXTREMES: dict[str, list[Any]] = {
    "uuid[]": [bytes(16), b"\xff" * 16, None],
    "smallint[]": [-(2**15), -1, 0, 2**15 - 1, None],
    "int[]": [-(2**31), -1, 0, 2**31 - 1, None],
    "bigint[]": [-(2**63), -1, 0, 2**63 - 1, None],
    "timestamptz[]": [
        datetime(1, 1, 2, tzinfo=UTC),
        datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2000, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 30, 23, 59, 59, 999_999, tzinfo=UTC),
        None,
    ],
    "text[]": ["", "NULL", "Łódź 🔥 \u202e\ufeff", '{"a,b"}\\', "x" * 100_000, None],
    "boolean[]": [True, False],
    "bytea[]": [b"", bytes(range(256)), b"\x00" * 100_000],
}
NULLABLE = frozenset(EXTREMES) - {"boolean[]", "bytea[]"}  # no column of the last two has nulls


class Line:
    """A loop and a lane's connection of its own: Hypothesis runs a plain function many times."""

    def __init__(self, dsn: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._connection: Connection = self.run(self._open(dsn))

    async def _open(self, dsn: str) -> Connection:
        connection = await Database(dsn, AuditSealer(Vault(MASTER))).connect_hot()
        await speak(connection)
        return connection

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    def close(self) -> None:
        self.run(self._connection.close())
        self._loop.close()

    def read(self, array: str, column: list[Any]) -> list[Any]:
        """The column as rows that the server unnested."""
        return self.run(self._read(array, column))

    async def _read(self, array: str, column: list[Any]) -> list[Any]:
        rows = await self._connection.fetch(
            f"SELECT u FROM unnest($1::{array}) WITH ORDINALITY AS t (u, o) ORDER BY o",  # noqa: S608 - from the list above
            encoder(array)(column),
        )
        return [row[0] for row in rows]

    def shape(self, array: str, column: list[Any]) -> tuple[Any, ...]:
        """Dimensions, lower bound and nulls as the server counts them."""
        row = self.run(
            self._connection.fetchrow(
                "SELECT array_ndims(a), array_lower(a, 1), cardinality(a), cardinality(array_positions(a, NULL))"  # noqa: S608
                f" FROM (SELECT $1::{array} AS a) AS one",
                encoder(array)(column),
            )
        )
        assert row is not None
        return tuple(row)


@pytest.fixture(scope="module")
def line(migrated: Migrated) -> Iterator[Line]:
    """A lane's connection."""
    made = Line(migrated.app_dsn)
    try:
        yield made
    finally:
        made.close()


@pytest.mark.parametrize("array", sorted(ELEMENTS))
def test_a_column_comes_back_as_it_went(array: str, line: Line) -> None:
    element = ELEMENTS[array]
    columns = st.lists(st.none() | element if array in NULLABLE else element, max_size=30)

    @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(columns)
    def round_trip(column: list[Any]) -> None:
        assert line.read(array, column) == column

    round_trip()


@pytest.mark.parametrize("array", sorted(EXTREMES))
def test_extremes_come_back_as_they_went(array: str, line: Line) -> None:
    assert line.read(array, EXTREMES[array]) == EXTREMES[array]


@pytest.mark.parametrize("array", sorted(EXTREMES))
def test_an_array_has_the_shape_that_the_server_would_give_it(array: str, line: Line) -> None:
    column = EXTREMES[array]
    assert line.shape(array, column) == (1, 1, len(column), column.count(None))
    assert line.shape(array, []) == (None, None, 0, 0)


def test_a_time_of_another_zone_is_the_same_moment(line: Line) -> None:
    moment = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    told = moment.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert line.read("timestamptz[]", [told]) == [moment]
