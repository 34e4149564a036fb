"""Limits: the sum over all processes is the limit, a repeat costs nothing, and nobody is limited by another's doing."""

from datetime import timedelta

import pytest

from alertwhisperer.domain.errors import Temporary
from alertwhisperer.ingest.admission import Admission, Guesses
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store.database import Database
from alertwhisperer.store.gate import Limits
from tests.conftest import MakeCompany, Tenant

LIMITS = Limits(requests=60, occurrences=1_000_000, bytes=1_000_000_000)


async def admitted(admission: Admission, tenant: Tenant, tries: int, limits: Limits = LIMITS) -> int:
    """How many of so many requests at one moment are let in."""
    waits = [await admission.admit(tenant.id, limits) for _ in range(tries)]
    assert all(wait >= 0 for wait in waits)
    return waits.count(0)


async def test_a_burst_is_the_limit_of_a_minute(database: Database, clock: ManualClock, tenant: Tenant) -> None:
    # The buckets fill by the database's clock: a token or two come back while this runs.
    assert 60 <= await admitted(Admission(database, clock), tenant, 200) <= 62


async def test_two_processes_share_one_limit(database: Database, clock: ManualClock, tenant: Tenant) -> None:
    one, other = Admission(database, clock), Admission(database, clock)
    sums = [await admitted(admission, tenant, 10) for _ in range(10) for admission in (one, other)]
    assert 60 <= sum(sums) <= 62


async def test_a_company_is_not_limited_by_anothers_storm(
    database: Database, clock: ManualClock, tenant: Tenant, make_company: MakeCompany
) -> None:
    admission, other = Admission(database, clock), await make_company("Other")
    await admitted(admission, tenant, 200)
    assert await admitted(admission, other, 60) == 60


async def test_whoever_is_over_the_limit_is_told_when_to_come_back(
    database: Database, clock: ManualClock, tenant: Tenant
) -> None:
    admission = Admission(database, clock)
    await admitted(admission, tenant, 100)
    assert 0 < await admission.admit(tenant.id, LIMITS) <= 1.5


async def test_a_repeat_costs_nothing(database: Database, clock: ManualClock, tenant: Tenant) -> None:
    admission = Admission(database, clock)
    for _ in range(200):
        assert await admission.admit(tenant.id, LIMITS) == 0
        admission.charge(tenant.id, 10, 1_000)
        admission.refund(tenant.id, 10, 1_000)


async def test_occurrences_beyond_the_limit_are_paid_off_before_the_next_request(
    database: Database, clock: ManualClock, tenant: Tenant
) -> None:
    """A body of any count is taken whole; whoever sent it then waits."""
    admission, limits = Admission(database, clock), Limits(60, 100, 1_000_000_000)
    assert await admission.admit(tenant.id, limits) == 0
    admission.charge(tenant.id, 1_000, 1)
    assert await admission.admit(tenant.id, limits) > 60


async def test_a_debt_is_not_forgiven_when_the_limit_changes(
    database: Database, clock: ManualClock, tenant: Tenant
) -> None:
    admission, limits = Admission(database, clock), Limits(60, 100, 1_000_000_000)
    await admission.admit(tenant.id, limits)
    admission.charge(tenant.id, 1_000, 1)
    assert await admission.admit(tenant.id, Limits(61, 100, 1_000_000_000)) > 60


async def test_a_changed_limit_counts_at_once(database: Database, clock: ManualClock, tenant: Tenant) -> None:
    admission = Admission(database, clock)
    generous = Limits(6_000, 1_000_000, 1_000_000_000)
    assert await admission.admit(tenant.id, generous) == 0
    assert await admitted(admission, tenant, 100, Limits(6, 1_000_000, 1_000_000_000)) <= 7
    assert await admitted(Admission(database, clock), tenant, 1, generous) in (0, 1)


async def test_a_quiet_sender_keeps_its_burst(database: Database, clock: ManualClock, tenant: Tenant) -> None:
    """One request now and then takes one token, not a share that then expires unused."""
    admission = Admission(database, clock)
    for _ in range(10):
        assert await admission.admit(tenant.id, LIMITS) == 0
        clock.advance(timedelta(seconds=3))
    assert await admitted(admission, tenant, 100) >= 50


def test_an_address_that_guesses_keys_is_slowed_down(clock: ManualClock) -> None:
    guesses = Guesses(clock)
    for _ in range(120):
        guesses.check("192.0.2.1")
        guesses.count("192.0.2.1")
    with pytest.raises(Temporary):
        guesses.check("192.0.2.1")
    guesses.check("192.0.2.2")
    clock.advance(timedelta(seconds=1))
    guesses.check("192.0.2.1")


def test_addresses_are_forgotten_before_memory_runs_out(clock: ManualClock) -> None:
    guesses = Guesses(clock)
    for number in range(20_000):
        guesses.count(f"address {number}")
    guesses.check("address 1")
