"""Figures follow from counts as their definitions say, and days are those of the company's zone."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from alertwhisperer.insight.definitions import DEFINITIONS
from alertwhisperer.insight.kpis import Figures, figures_of
from alertwhisperer.insight.periods import days_until
from alertwhisperer.store.kpis import NO_DURATIONS, AlertCounts, IncidentCounts

PERIOD = (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC))
amounts = st.integers(min_value=0, max_value=10**9)


def counted(total: int, distinct: int, incidents: int) -> Figures:
    """The figures of so many alerts and incidents, with nothing resolved."""
    opened = IncidentCounts(incidents, 0, NO_DURATIONS, NO_DURATIONS, 0)
    return figures_of(PERIOD, AlertCounts(total, distinct), opened)


@given(amounts, amounts, amounts)
def test_the_parts_of_noise_reduction_add_up(total: int, distinct: int, incidents: int) -> None:
    figures = counted(total, distinct, incidents)
    if total == 0:
        assert (figures.noise_reduction_pct, figures.noise_reduction) == (None, None)
        return
    split = figures.noise_reduction
    assert split is not None
    assert figures.noise_reduction_pct == round(split.dedup + split.correlation + split.suppression, 2)
    went = figures.where_alerts_went
    assert went.folded + went.correlated + went.suppressed + went.incidents == total


def test_more_incidents_than_alerts_are_shown_as_they_are() -> None:
    assert counted(1, 1, 2).noise_reduction_pct == -100.0


def test_every_figure_is_defined_once() -> None:
    shown = {field.name for field in msgspec.structs.fields(Figures)}
    parts = {
        *("start", "finish", "noise_reduction", "where_alerts_went", "sla", "patch", "self_healed_provisional"),
        *("mttr_minutes_median", "mtta_minutes_median", "mttr_count", "mtta_count"),
    }
    assert shown - parts == set(DEFINITIONS) - {"groups_split_pct"}


@given(
    st.datetimes(min_value=datetime(2001, 1, 1), max_value=datetime(2099, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland", "Asia/Kathmandu", "Pacific/Apia"]),
)
def test_seven_days_join_without_gap_and_hold_the_end(finish: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    days = days_until(finish, zone, 7)
    assert len(days) == 7
    assert all(day[1] == following[0] for day, following in pairwise(days))
    assert days[-1][0] < finish <= days[-1][1]
    assert all(start.astimezone(zone).hour in (0, 1) for start, _ in days)


def test_the_day_the_clock_is_put_forward_has_23_hours() -> None:
    days = days_until(datetime(2026, 3, 30, 12, tzinfo=UTC), ZoneInfo("Europe/Berlin"), 7)
    assert [end - start for start, end in days[-2:]] == [timedelta(hours=23), timedelta(hours=24)]
