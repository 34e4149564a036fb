"""What the routers are handed: the parts that `app/` picked, and nothing global."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from fastapi import Request

from alertwhisperer.api.client import Network
from alertwhisperer.api.pace import Pace
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.rerun import Reran
from alertwhisperer.domain.runbook import Runbook
from alertwhisperer.guard.identity.exchange import nobody
from alertwhisperer.guard.identity.issuers import Issuers
from alertwhisperer.guard.sign_in.entrance import Entrance
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import Clock, SystemClock
from alertwhisperer.notify.carrying import Call, calls_nobody
from alertwhisperer.remediate.certificate import DrillRecord, record_of
from alertwhisperer.remediate.means import Means, NoIncidents, without_runbooks
from alertwhisperer.sources.contract import Source
from alertwhisperer.store.database import Database

CALENDARS_PER_MINUTE = 30
"""Of one secret address, and of one network address; programs ask every few minutes at most."""


@dataclass(frozen=True, slots=True)
class WayIn:
    """
    A button of the sign-in page: an identity provider.

    Attributes:
        title: as people know it.
        path: of ours, to which `?next=` is added; it leads to the provider.
    """

    title: str
    path: str


async def no_ways_in() -> Sequence[WayIn]:
    """There is no identity provider."""
    return ()


def nothing_drilled(runbook: Runbook) -> DrillRecord:
    """There are no certificates here."""
    return record_of(None, runbook, ())


@dataclass(frozen=True, slots=True)
class Desk:
    """
    The parts that the API needs.

    Attributes:
        sources: the product's, by slug.
        public_url: how tools reach this server, without a slash at its end.
        ready: returns when requests can be served; raises `Temporary` when not.
        metrics: the exposition text of Prometheus.
        rerun: parses a quarantined unit again, in the scope's name; raises `NotFound`, `Conflicting` or `Invalid`.
        rerun_all: the same for what waits of an integration, from the unit after a given one; raises `NotFound`.
        entrance: how people sign in.
        trusted_proxies: networks whose word on a client's address counts.
        ways_in: buttons of the sign-in page beside the password.
        home: where a person lands after signing in, when no page was asked for.
        means: what runs are made of.
        issuers: what is known of identity providers, and the way to ask them.
        push_call: the way to push services; it refuses addresses that are not public.
        contact: whom somebody outside may ask about this installation: a mailto: or https: address.
        calendar_pace: how often calendars are read by their secret addresses.
        drill_record_of: whether a runbook was tried on a throwaway machine.
    """

    database: Database
    vault: Vault
    clock: Clock
    sources: Mapping[str, Source]
    public_url: str
    ready: Callable[[], Awaitable[None]]
    metrics: Callable[[], bytes]
    rerun: Callable[[Scope, UUID], Awaitable[object]]
    rerun_all: Callable[[Scope, UUID, UUID | None], Awaitable[Reran]]
    entrance: Entrance = field(default_factory=Entrance)
    trusted_proxies: Sequence[Network] = ()
    ways_in: Callable[[], Awaitable[Sequence[WayIn]]] = no_ways_in
    home: str = "/account"
    means: Means = field(default_factory=lambda: without_runbooks(NoIncidents()))
    issuers: Issuers = field(default_factory=lambda: Issuers(nobody, SystemClock()))
    push_call: Call = calls_nobody
    contact: str = "mailto:admin@alertwhisperer.local"
    calendar_pace: Pace = field(default_factory=lambda: Pace(CALENDARS_PER_MINUTE))
    drill_record_of: Callable[[Runbook], DrillRecord] = nothing_drilled


def desk_of(request: Request) -> Desk:
    """The desk that `make_api` was given."""
    desk = request.app.state.desk
    assert isinstance(desk, Desk)  # noqa: S101  # make_api puts it there
    return desk
