"""The short form of `make crash`: a few kills of each, every promise checked."""

from tests.crash.run import crash


async def test_nothing_acknowledged_is_lost_or_doubled_by_kill_9() -> None:
    """Server and database die at random instants under load; every acknowledged delivery is there, once."""
    wrong = await crash(8, 2, seed=20_261_124)
    assert wrong == []
