"""What lies outside is read in order and believed only where it follows; nobody must read years of it to begin."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from alertwhisperer.domain.company import CompanyId, Scope
from alertwhisperer.guard.audit import checkpoint, proof
from alertwhisperer.guard.audit.chainer import link_pending
from alertwhisperer.guard.audit.checkpoint import FULL_EVERY, Heads
from alertwhisperer.guard.audit.fault import FaultKind
from alertwhisperer.guard.audit.keeper import Keeper
from alertwhisperer.guard.audit.verify_export import verify_lines
from alertwhisperer.guard.audit.witnessed import Points, Witnessed, read_witnesses
from alertwhisperer.store import audit_chain
from alertwhisperer.store.audit_chain import StoredCheckpoint
from tests.database import any_server
from tests.guard.audited import KEY, START, Kept, open_log

COMPANIES = tuple(CompanyId(UUID(int=one)) for one in range(1, 6))
NEW = CompanyId(UUID(int=77))
LAST = FULL_EVERY + 3


def line_of(numbers: int) -> Iterator[bytes]:
    """Checkpoints in each of which one company's chain has gone on by one."""
    heads: dict[CompanyId, tuple[int, bytes]] = dict.fromkeys(COMPANIES, (1, bytes(32)))
    before: Heads = {}
    document = None
    for number in range(1, numbers + 1):
        company_id = COMPANIES[number % len(COMPANIES)]
        heads[company_id] = (number + 1, number.to_bytes(32, "big"))
        document = checkpoint.make(KEY, number, document, before, heads, at=START + timedelta(minutes=number))
        before = dict(heads)
        yield document


@pytest.fixture(scope="module")
def line() -> dict[int, bytes]:
    return dict(enumerate(line_of(LAST), 1))


async def read(documents: dict[int, bytes]) -> Witnessed:
    return await read_witnesses([Kept(documents=documents)], [KEY.public])


async def test_a_long_line_is_read_without_a_fault(line: dict[int, bytes]) -> None:
    told = await read(line)
    assert (told.faults, told.last, told.read, told.reached) == ([], LAST, LAST, {"memory": LAST})
    [one, *_] = told.points.values()
    assert [seq for seq, _ in one] == sorted({seq for seq, _ in one})
    assert sum(len(points) for points in told.points.values()) == LAST + len(COMPANIES) - 1


async def test_one_in_a_thousand_says_all_heads_and_the_others_what_moved(line: dict[int, bytes]) -> None:
    moved = {number: len(checkpoint.content(document).moved) for number, document in line.items()}
    assert {number for number, heads in moved.items() if heads == len(COMPANIES)} == {1, FULL_EVERY + 1}
    assert set(moved.values()) == {1, len(COMPANIES)}


async def test_a_gap_is_one_fault_however_wide(line: dict[int, bytes]) -> None:
    told = await read({number: document for number, document in line.items() if not 10 <= number <= FULL_EVERY})
    assert [(one.kind, one.what) for one in told.faults] == [
        (FaultKind.CHECKPOINT_MISSING, f"no place keeps the checkpoints 10 to {FULL_EVERY}")
    ]


async def test_two_places_make_one_line_and_fill_each_others_gaps(line: dict[int, bytes]) -> None:
    odd = Kept("odd", {number: document for number, document in line.items() if number % 2})
    even = Kept("even", {number: document for number, document in line.items() if number % 3})
    told = await read_witnesses([odd, even], [KEY.public])
    missing = sum(1 for number in line if number % 2 == 0 and number % 3 == 0)
    assert told.read == LAST - missing
    assert {one.kind for one in told.faults} == {FaultKind.CHECKPOINT_MISSING}
    assert len(told.faults) == missing


async def test_a_signed_checkpoint_that_contradicts_earlier_ones_is_found(line: dict[int, bytes]) -> None:
    """What a process says that went on from an older database, with the right key."""
    older = dict.fromkeys(COMPANIES, (1, bytes(32)))
    other = checkpoint.make(KEY, 8, line[7], {}, older, at=START)
    told = await read({**{number: line[number] for number in range(1, 8)}, 8: other})
    assert {one.kind for one in told.faults} == {FaultKind.CHECKPOINT_ALTERED}
    assert {one.company_id for one in told.faults if one.company_id is not None} <= set(COMPANIES)
    assert any("says of a chain what earlier ones do not" in one.what for one in told.faults)


async def test_documents_in_the_wrong_place_are_not_taken(line: dict[int, bytes]) -> None:
    told = await read({1: line[1], 2: line[3], 3: line[2], 4: line[4]})
    assert [one.kind for one in told.faults] == [FaultKind.CHECKPOINT_MISSING, FaultKind.CHECKPOINT_ALTERED]
    assert "1 of memory are not ours; the first: checkpoint 2 stands after 3" in told.faults[1].what


def test_points_know_which_was_the_last_up_to_a_link() -> None:
    points = Points()
    assert all(points.add(seq, bytes([seq] * 32)) for seq in (3, 7, 9))
    assert points.add(9, bytes([9] * 32)), "the same again"
    assert not points.add(9, bytes(32))
    assert not points.add(4, bytes([4] * 32))
    assert [points.upto(seq) for seq in (0, 2, 3, 6, 7, 8, 9, 100)] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert list(points) == [(3, bytes([3] * 32)), (7, bytes([7] * 32)), (9, bytes([9] * 32))]


async def test_a_process_that_starts_late_goes_on_from_the_newest_full_one(line: dict[int, bytes]) -> None:
    """And so does an export; both come to the same as who has read all."""
    with any_server() as server:
        made = await server.create()
        try:
            async with open_log(made, Kept(documents=dict(line)), START + timedelta(minutes=LAST + 5)) as log:
                async with log.database.across([]) as connection:
                    for number, document in line.items():
                        at = START + timedelta(minutes=number)
                        # What comes before the full one must not be needed: it cannot even be read.
                        kept = document if number > FULL_EVERY else b"unreadable"
                        await audit_chain.add_checkpoint(connection, StoredCheckpoint(number, at, kept))
                for place, one in enumerate(COMPANIES):
                    number = max(one for one in line if one % len(COMPANIES) == place)
                    await log.as_owner(f"INSERT INTO audit_head VALUES ('{one}', {number + 1}, '\\x{number:064x}')")  # noqa: S608 - ours
                await log.write(NEW, 3)
                await link_pending(log.database, log.clock)
                keeper = Keeper(log.database, KEY, [log.witness], log.clock)
                assert await keeper.make_due() == LAST + 1
                exported = [line async for line in proof.lines(log.database, Scope(NEW, "test"), None, None)]
                told = verify_lines([line.decode() for line in exported], KEY.public)
                assert (told["entries"], told["covered"]) == (3, 3)
        finally:
            await server.drop(made)
