"""What remediation is handed: runbooks, ways to targets, those who run scripts there, and the doors of incidents."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias
from uuid import UUID

from alertwhisperer.domain.approval import Target
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.execution import Reach
from alertwhisperer.domain.runbook import Platform, Runbook
from alertwhisperer.executors.contract import Runner
from alertwhisperer.store.database import Unit

Shelf: TypeAlias = Callable[[Unit], Awaitable[Mapping[str, Runbook]]]
"""The runbooks of the unit's company, by slug: the library's and its own, with what it changed about them."""

Bind: TypeAlias = Callable[[Runbook, Mapping[str, str]], Mapping[str, str]]
"""The value of each parameter of a runbook, given or by default; raises `Invalid` when one is missing or of no use."""

TargetOf: TypeAlias = Callable[[Unit, UUID], Awaitable[tuple[Target, UUID | None]]]
"""An asset as plans name it, and the credential that reaches it; raises `Invalid` when it is unbound or unconfirmed."""

ReachOf: TypeAlias = Callable[[Unit, UUID], Awaitable[Reach]]
"""How an asset is reached, with the credential opened; raises as `TargetOf`."""


class Match(Protocol):
    """Which runbooks apply, best first, each with its reason."""

    def __call__(
        self, runbooks: Sequence[Runbook], *, signature: str, platform: str, tags: Sequence[str]
    ) -> Sequence[tuple[Runbook, str]]:
        """Pure; `platform` as the inventory writes it, empty where it says nothing."""


class Incidents(Protocol):
    """What remediation does to incidents; the room that decides about them is a stranger to this one."""

    async def resolve(self, unit: Unit, incident_id: UUID, run_id: UUID, *, now: datetime) -> bool:
        """A run proved that the fault is gone: resolve it; False when it is not open."""

    async def assign(self, unit: Unit, incident_id: UUID, assignee: str, *, now: datetime) -> bool:
        """Give it to somebody, unless somebody has it already or it is not open; whether that was done."""


class NoIncidents:
    """For parts that plan runs and carry none out."""

    async def resolve(self, unit: Unit, incident_id: UUID, run_id: UUID, *, now: datetime) -> bool:
        """Nothing is resolved."""
        return False

    async def assign(self, unit: Unit, incident_id: UUID, assignee: str, *, now: datetime) -> bool:
        """Nothing is given to anybody."""
        return False


@dataclass(frozen=True, slots=True)
class Means:
    """
    The parts, as `app/` puts them together.

    Attributes:
        runners: by the slug of their executor.
    """

    shelf: Shelf
    bind: Bind
    match: Match
    target_of: TargetOf
    reach_of: ReachOf
    runners: Mapping[str, Runner]
    incidents: Incidents


PLATFORMS: Sequence[str] = tuple(one.value for one in Platform)


def without_runbooks(incidents: Incidents) -> Means:
    """Of an installation that has no runbook and no way to a target."""

    async def shelf(unit: Unit) -> Mapping[str, Runbook]:
        return {}

    def bind(runbook: Runbook, given: Mapping[str, str]) -> Mapping[str, str]:
        raise Invalid("there are no runbooks", where="runbook")

    def match(
        runbooks: Sequence[Runbook], *, signature: str, platform: str, tags: Sequence[str]
    ) -> Sequence[tuple[Runbook, str]]:
        return ()

    async def target_of(unit: Unit, asset_id: UUID) -> tuple[Target, UUID | None]:
        raise Invalid("nobody said how this asset is reached", where="targets", mend="bind it")

    async def reach_of(unit: Unit, asset_id: UUID) -> Reach:
        raise Invalid("nobody said how this asset is reached", where="targets", mend="bind it")

    return Means(shelf, bind, match, target_of, reach_of, {}, incidents)
