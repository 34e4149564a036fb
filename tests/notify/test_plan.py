"""How much a device is told at once: the worst first, each incident spoken for once, never more than there is room."""

from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.push import Candidate, plan
from alertwhisperer.domain.severity import Severity

DEVICE, COMPANY = uuid4(), CompanyId(uuid4())
CANDIDATES = st.lists(
    st.builds(
        lambda number, severity: Candidate(COMPANY, UUID(int=number), DEVICE, severity),
        st.integers(0, 1_000),
        st.sampled_from([Severity.CRITICAL, Severity.HIGH]),
    ),
    unique_by=lambda one: one.incident_id,
    max_size=40,
)


@given(CANDIDATES, st.integers(-3, 8))
def test_each_is_spoken_for_once_and_by_no_more_notices_than_there_is_room(
    candidates: list[Candidate], room: int
) -> None:
    planned = plan(candidates, room=room)
    said = [one for one in planned if one.more is not None]
    assert len(said) <= max(room, 0)
    if room <= 0:
        assert planned == ()
        return
    assert sorted(one.candidate.incident_id for one in planned) == sorted(one.incident_id for one in candidates)
    assert sum(1 + one.more for one in said if one.more is not None) == len(candidates)
    assert [one.more for one in said[:-1]] == [0] * (len(said) - 1)


@given(CANDIDATES)
def test_the_worst_are_told_by_themselves_first(candidates: list[Candidate]) -> None:
    ranks = [(-one.candidate.severity, one.candidate.incident_id) for one in plan(candidates, room=3)]
    assert ranks == sorted(ranks)
