"""What a watcher is told, however slowly it listens: each change, newest rows, and to begin anew past a size."""

import json
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from alertwhisperer.api.hub import Told, Watcher, message
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.live import ChangeKind

MINE, THEIRS = CompanyId(uuid4()), CompanyId(uuid4())
THINGS = [uuid4() for _ in range(6)]
LOOKS = st.lists(st.dictionaries(st.sampled_from(THINGS), st.sampled_from(['{"n":1}', '{"n":2}', "", None])))


def watcher(*, with_rows: bool = True) -> Watcher:
    return Watcher([MINE], [ChangeKind.INCIDENT], with_rows=with_rows)


def told(rows: dict[UUID, str | None], company: CompanyId = MINE, kind: ChangeKind = ChangeKind.INCIDENT) -> Told:
    return Told(company, kind, rows)


def said(listener: Watcher) -> list[dict[str, object]]:
    changes, anew = listener.take()
    assert not anew
    text = message(changes, place="e.1:1:", at="2026-03-01T08:00:00+00:00", with_rows=listener.with_rows)
    found: list[dict[str, object]] = json.loads(text)["changes"]
    return found


@given(LOOKS)
def test_whoever_takes_seldom_is_told_of_each_thing_as_it_was_last_read(looks: list[dict[UUID, str | None]]) -> None:
    listener, last = watcher(), {}
    for look in looks:
        listener.tell(told(look))
        last.update(look)
    changes = said(listener)
    if not looks:
        assert changes == []
        return
    [change] = changes
    assert change["ids"] == sorted(map(str, last))
    expected = [json.loads(row) for row in last.values() if row]
    assert change["rows"] == (None if not last or None in last.values() else expected)


def test_what_is_none_of_ones_own_is_not_told() -> None:
    listener = watcher()
    listener.tell(told({THINGS[0]: "{}"}, THEIRS))
    listener.tell(told({THINGS[0]: "{}"}, kind=ChangeKind.APPROVAL))
    assert said(listener) == []


def test_what_waits_is_not_told_any_more_once_the_right_is_gone() -> None:
    listener = watcher()
    listener.tell(told({THINGS[0]: "{}"}))
    listener.companies = frozenset()
    assert said(listener) == []


def test_the_text_is_made_once_for_all_who_are_told_the_same() -> None:
    one = told({THINGS[0]: "{}"})
    listeners = [watcher(), watcher()]
    for listener in listeners:
        listener.tell(one)
    [first], [second] = (listener.take()[0] for listener in listeners)
    assert first.whole is second.whole


def test_past_a_size_it_begins_anew_and_then_goes_on() -> None:
    listener = watcher()
    for _ in range(3):
        listener.tell(told({uuid4(): None for _ in range(900)}))
    assert listener.take() == ([], True)
    listener.tell(told({THINGS[0]: "{}"}))
    assert [one["ids"] for one in said(listener)] == [[str(THINGS[0])]]
