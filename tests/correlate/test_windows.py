"""The index of maintenance windows answers what a look at every window would, at a cost that they do not add to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from alertwhisperer.correlate.receipt import LONGEST, Receipt, Rival, cut_name, encode
from alertwhisperer.correlate.windows import CompiledWindows, Holding
from alertwhisperer.domain.outcome import Reason
from alertwhisperer.domain.window import LONGEST_NAME, HeldTime, micros

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMES, CHECKS = ("a", "b", "c"), ("x", "y")

windows = st.lists(
    st.builds(
        lambda number, assets, checks, spans: HeldTime(UUID(int=number), f"w{number}", assets, checks, spans),
        st.integers(1, 1_000),
        st.none() | st.lists(st.sampled_from(NAMES), max_size=3, unique=True).map(tuple),
        st.lists(st.sampled_from(CHECKS), max_size=2, unique=True).map(tuple),
        st.lists(st.tuples(st.integers(0, 40), st.integers(1, 20)), max_size=4).map(
            lambda pairs: tuple((micros(NOW) + start, micros(NOW) + start + length) for start, length in pairs)
        ),
    ),
    max_size=8,
    unique_by=lambda one: one.id,
)


@settings(max_examples=150, deadline=None)
@given(windows, st.sampled_from(NAMES), st.sampled_from(CHECKS), st.integers(-1, 62))
def test_it_finds_the_window_that_ends_last(held: list[HeldTime], asset: str, check: str, later: int) -> None:
    at = NOW + timedelta(microseconds=later)
    found = CompiledWindows(held).holding(asset, check, at)
    moment = micros(at)
    fitting = [
        (end, one)
        for one in held
        for start, end in one.spans
        if start <= moment < end
        and (one.assets is None or asset in one.assets)
        and (not one.signatures or check in one.signatures)
    ]
    if not fitting:
        assert found is None
        return
    assert found is not None
    assert micros(found.ends_at) == max(end for end, _ in fitting)
    assert found.id in {one.id.bytes for end, one in fitting if end == micros(found.ends_at)}
    assert micros(found.starts_at) <= moment


class Counted(str):
    """A name that counts how often it is looked up."""

    looked_up = 0

    def __hash__(self) -> int:
        Counted.looked_up += 1
        return super().__hash__()


def test_the_cost_of_an_alert_does_not_grow_with_windows() -> None:
    """Counted in names that are looked up, not in time: an asset by itself and with its check, whatever there is."""
    span = ((micros(NOW), micros(NOW) + 10),)
    many = [HeldTime(UUID(int=number), "w", (f"host-{number}",), (), span) for number in range(1, 2_000)]
    compiled = CompiledWindows(many)
    assert compiled.holding(Counted("host-77"), "x", NOW) is not None
    assert Counted.looked_up == 2


def test_a_receipt_with_the_longest_names_fits() -> None:
    holding = Holding(UUID(int=1).bytes, "\N{PILE OF POO}" * LONGEST_NAME, NOW, NOW)
    receipt = Receipt(
        int(Reason.SUPPRESSED),
        "r" * 64,
        10**9,
        "\N{PILE OF POO}" * 120,
        "f" * 32,
        7 * 86_400,
        30 * 86_400,
        "",
        0,
        (Rival("f" * 32, 11),),
        clamped=True,
        alias=True,
        held_by=holding.id.hex(),
        held_name=cut_name(holding.name),
    )
    assert len(encode(receipt).encode()) <= LONGEST
