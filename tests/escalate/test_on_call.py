"""The pure question: who is on call at an instant, since and until when, who follows, and in which words."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertwhisperer.domain.company import INSTALLATION, CompanyId
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.on_call import (
    Change,
    ChangeKind,
    ChangeState,
    Hours,
    Layer,
    LengthUnit,
    Nearness,
    Plan,
    Serves,
    Span,
    Version,
    nearness,
)
from alertwhisperer.escalate.on_call import Rota, gaps, line, of_person, on_call
from alertwhisperer.escalate.reading_calendar import MOST_EVENTS, Skipped, read_events
from alertwhisperer.escalate.words import why

KIM, LEE = UUID(int=1), UUID(int=2)
NAMES = {KIM: "kim@example.org", LEE: "lee@example.org"}
SCHEDULE = UUID(int=99)
MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
DAY = timedelta(days=1)
WEEKLY = Layer("nights", (KIM, LEE), LengthUnit.WEEK, 1, date(2026, 3, 2), time(8))


def version(plan: Plan, number: int = 1, start: datetime = MONDAY - DAY, end: datetime | None = None) -> Version:
    return Version(INSTALLATION, SCHEDULE, number, plan, start, end, False, "kim@example.org")


def rota(*changes: Change, layers: tuple[Layer, ...] = (WEEKLY,)) -> Rota:
    return Rota((version(Plan("Nights", "UTC", layers)),), changes, {})


def override(start: datetime, end: datetime, *, user: UUID = LEE, agreed: datetime = MONDAY) -> Change:
    return Change(
        id=UUID(int=int(agreed.timestamp())),
        company_id=INSTALLATION,
        schedule_id=SCHEDULE,
        kind=ChangeKind.OVERRIDE,
        user_id=user,
        span=Span(start, end),
        state=ChangeState.AGREED,
        reason="dentist",
        made_by="lee@example.org",
        made_at=agreed,
        agreed_at=agreed,
    )


def name_of(user_id: UUID | None) -> str | None:
    return None if user_id is None else NAMES[user_id]


def test_the_answer_says_since_until_and_who_follows() -> None:
    says = on_call(rota(), MONDAY + DAY)
    assert says is not None
    assert (says.user_id, says.since, says.until, says.next_id) == (KIM, MONDAY, MONDAY + 7 * DAY, LEE)
    assert why(says, name_of) == (
        "kim@example.org, weekly rotation 'nights', since Mon 2 Mar 2026 08:00, until Mon 9 Mar 2026 08:00, "
        "then lee@example.org (UTC)."
    )
    assert "nights" not in why(says, name_of, in_full=False)


def test_before_the_first_version_there_is_no_answer() -> None:
    assert on_call(rota(), MONDAY - 2 * DAY) is None


def test_an_override_is_named_and_a_gap_is_nobody() -> None:
    changed = rota(override(MONDAY + DAY, MONDAY + 2 * DAY))
    says = on_call(changed, MONDAY + DAY)
    assert says is not None
    assert (says.user_id, says.until, says.next_id) == (LEE, MONDAY + 2 * DAY, KIM)
    assert why(says, name_of).endswith("because of an override by lee@example.org (dentist) (UTC).")
    early = on_call(changed, MONDAY - timedelta(hours=1))
    assert early is not None
    assert why(early, name_of) == (
        "Nobody, since Sun 1 Mar 2026 08:00, until Mon 2 Mar 2026 08:00, then kim@example.org (UTC)."
    )


def test_one_person_alone_has_no_end() -> None:
    alone = Layer("always", (KIM,), LengthUnit.WEEK, 1, date(2020, 1, 6), time(8))
    held = Rota((version(Plan("x", "UTC", (alone,)), start=MONDAY - 400 * DAY),), (), {})
    says = on_call(held, MONDAY)
    assert says is not None
    assert (says.user_id, says.since, says.until, says.next_id) == (KIM, None, None, None)


def test_what_was_changed_answers_for_the_past_as_it_was() -> None:
    old, new = Plan("x", "UTC", (WEEKLY,)), Plan("x", "UTC", (Layer("b", (LEE,), *tuple_of(WEEKLY)),))
    both = Rota((version(old, end=MONDAY + DAY), version(new, 2, MONDAY + DAY)), (), {})
    assert [one.user_id for one in line(both, Span(MONDAY, MONDAY + 2 * DAY))] == [KIM, LEE]
    before, after = on_call(both, MONDAY + DAY - timedelta(seconds=1)), on_call(both, MONDAY + DAY)
    assert (before is not None and before.user_id, after is not None and after.user_id) == (KIM, LEE)


def tuple_of(layer: Layer) -> tuple[LengthUnit, int, date, time]:
    return layer.unit, layer.every, layer.starts_on, layer.hand_over


@given(
    st.integers(0, 13 * 24),
    st.integers(1, 100),
    st.integers(0, 13 * 24),
)
def test_what_is_said_later_changes_nothing_before(first: int, hours: int, said: int) -> None:
    """Whatever is said of whenever: before the moment at which it is said the line is as it was."""
    start, agreed = MONDAY + timedelta(hours=first), MONDAY + timedelta(hours=said)
    look = Span(MONDAY, MONDAY + 14 * DAY)
    plain, changed = (
        line(one, look) for one in (rota(), rota(override(start, start + timedelta(hours=hours), agreed=agreed)))
    )
    for hour in range(said):
        at = MONDAY + timedelta(hours=hour)
        [was] = [one.user_id for one in plain if one.start <= at < one.end]
        [now] = [one.user_id for one in changed if one.start <= at < one.end]
        assert was == now


def test_gaps_and_ones_own_times_are_as_long_as_can_be() -> None:
    days = Layer(
        "days", (KIM,), LengthUnit.DAY, 1, date(2026, 3, 2), time(0), hours=(Hours((0, 1), time(8), time(20)),)
    )
    look = Span(MONDAY, MONDAY + 7 * DAY)
    found = rota(layers=(days,))
    evening = timedelta(hours=12)
    assert of_person(line(found, look), KIM) == (
        Span(MONDAY, MONDAY + evening),
        Span(MONDAY + DAY, MONDAY + DAY + evening),
    )
    assert gaps(found, look) == (
        Span(MONDAY + evening, MONDAY + DAY),
        Span(MONDAY + DAY + evening, MONDAY + 7 * DAY),
    )


@pytest.mark.parametrize(
    ("serves", "found"),
    [
        (Serves(everybody=True), Nearness.EVERYBODY),
        (Serves(everybody=True, groups=(UUID(int=5),)), Nearness.GROUP),
        (Serves(groups=(UUID(int=5),), companies=(CompanyId(UUID(int=7)),)), Nearness.NAMED),
        (Serves(companies=(CompanyId(UUID(int=8)),)), None),
    ],
)
def test_the_nearest_reason_why_a_schedule_is_for_a_company(serves: Serves, found: Nearness | None) -> None:
    held = version(Plan("x", "UTC", (WEEKLY,), serves))
    assert nearness(held, CompanyId(UUID(int=7)), UUID(int=5)) is found


# ------------------------------------------------------------------------------------------------ calendars of others

BERLIN = ZoneInfo("Europe/Berlin")


def ics(*events: str) -> str:
    body = "\r\n".join(f"BEGIN:VEVENT\r\n{one}\r\nEND:VEVENT" for one in events)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\n{body}\r\nEND:VCALENDAR\r\n"


@pytest.mark.parametrize(
    ("event", "start", "end"),
    [
        ("DTSTART:20260302T080000Z\r\nDTEND:20260302T100000Z", MONDAY, MONDAY + timedelta(hours=2)),
        ("DTSTART:20260302T090000\r\nDURATION:PT1H", MONDAY, MONDAY + timedelta(hours=1)),  # the schedule's zone
        ("DTSTART;TZID=W. Europe Standard Time:20260302T090000\r\nDURATION:PT1H", MONDAY, MONDAY + timedelta(hours=1)),
        ("DTSTART;TZID=America/New_York:20260302T030000\r\nDURATION:P1D", MONDAY, MONDAY + DAY),
        # A whole day when clocks go forward has 23 hours.
        (
            "DTSTART;VALUE=DATE:20260329",
            datetime(2026, 3, 28, 23, tzinfo=UTC),
            datetime(2026, 3, 29, 22, tzinfo=UTC),
        ),
        # A skipped time begins when clocks jump over it.
        (
            "DTSTART:20260329T023000\r\nDTEND:20260329T040000",
            datetime(2026, 3, 29, 1, tzinfo=UTC),
            datetime(2026, 3, 29, 2, tzinfo=UTC),
        ),
    ],
)
def test_times_of_events_are_read_as_they_are_meant(event: str, start: datetime, end: datetime) -> None:
    [read] = read_events(ics(f"UID:1\r\n{event}"), BERLIN)
    assert (read.span, read.skipped) == (Span(start, end), None)


@pytest.mark.parametrize(
    ("event", "skipped"),
    [
        ("DTSTART:20260302T080000Z", Skipped.NO_TIME),
        ("DTSTART:20260302T080000Z\r\nDTEND:20260302T070000Z", Skipped.NO_TIME),
        ("DTSTART:20260302T080000Z\r\nDTEND;VALUE=DATE:20260303\r\nRDATE:20260305T080000Z", Skipped.REPEATS),
        ("DTSTART:20260302T080000Z\r\nDURATION:P99999999999D", Skipped.UNREADABLE),
        ("DTSTART:99990302T080000Z\r\nDURATION:P9999W", Skipped.UNREADABLE),
        ("DTSTART:20260302T080000Z\r\nDTSTART:20260303T080000Z\r\nDURATION:PT1H", Skipped.UNREADABLE),
    ],
)
def test_what_is_not_plain_is_left_out_and_said_so(event: str, skipped: Skipped) -> None:
    [read] = read_events(ics(f"UID:1\r\n{event}"), BERLIN)
    assert (read.span, read.skipped) == (None, skipped)


def test_a_calendars_own_zones_are_not_read() -> None:
    zone = "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:STANDARD\r\nDTSTART:16010101T000000\r\nTZOFFSETFROM:+0900"
    zone += "\r\nTZOFFSETTO:+0900\r\nRRULE:FREQ=SECONDLY\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    text = ics("UID:1\r\nDTSTART;TZID=Europe/Berlin:20260302T090000\r\nDURATION:PT1H")
    [read] = read_events(text.replace("BEGIN:VEVENT", zone + "BEGIN:VEVENT", 1), ZoneInfo("UTC"))
    assert read.span == Span(MONDAY, MONDAY + timedelta(hours=1))


def test_an_event_is_known_again_and_another_time_is_another_event() -> None:
    one, same, moved = (
        read_events(ics(f"UID:1\r\nDTSTART:{start}\r\nDURATION:PT1H"), BERLIN)[0].key
        for start in ("20260302T080000Z", "20260302T090000", "20260303T080000Z")
    )
    assert one == same
    assert one != moved


def test_too_many_events_are_refused() -> None:
    with pytest.raises(Invalid, match="more than 500 events"):
        read_events(ics(*["UID:1"] * (MOST_EVENTS + 1)), BERLIN)


@given(st.text(max_size=300), st.text(max_size=60))
def test_whatever_comes_is_read_or_refused(text: str, value: str) -> None:
    for given_text in (text, ics(f"UID:1\r\nDTSTART:{value}"), ics(f"UID:{value}\r\nDTSTART;TZID={value}:20260302T08")):
        try:
            read_events(given_text, BERLIN)
        except Invalid:
            continue
