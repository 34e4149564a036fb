"""Ids: what one process makes in one millisecond is in its order, and no two are equal."""

from datetime import UTC, datetime, timedelta

from alertwhisperer.kit.ids import delivery_id_int, made_at, uuid7

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


def test_ids_of_one_instant_are_in_the_order_of_making() -> None:
    made = [uuid7(NOW) for _ in range(10_000)]
    assert made == sorted(set(made))
    assert {one.version for one in made} == {7}
    assert {one.variant for one in made} == {"specified in RFC 4122"}
    assert {made_at(one) for one in made} == {NOW}


def test_most_entropy_of_every_step_keeps_the_instant() -> None:
    made = [uuid7(NOW, lambda size: b"\xff" * size) for _ in range(10_000)]
    assert made == sorted(set(made))
    assert {made_at(one) for one in made} == {NOW}


def test_a_clock_that_goes_back_makes_ids_of_its_own_moment() -> None:
    later = uuid7(NOW + timedelta(milliseconds=1))
    assert made_at(uuid7(NOW)) == NOW < made_at(later)


def test_heads_of_deliveries_are_far_apart_within_one_instant() -> None:
    heads = {delivery_id_int(1_795_780_800_000) for _ in range(1_000)}
    assert len(heads) == 1_000
