"""What the routers are handed: the parts that `app/` picked, and nothing global."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from fastapi import Request

from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.rerun import Reran
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import Clock
from alertwhisperer.sources.contract import Source
from alertwhisperer.store.database import Database


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


def desk_of(request: Request) -> Desk:
    """The desk that `make_api` was given."""
    desk = request.app.state.desk
    assert isinstance(desk, Desk)  # noqa: S101  # make_api puts it there
    return desk
