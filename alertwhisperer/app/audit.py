"""The audit log's share of the timed work: carrying over, linking, checkpoints, and bringing them outside."""

from collections.abc import Sequence
from datetime import timedelta

import structlog

from alertwhisperer.app.build import House
from alertwhisperer.guard.audit import carry
from alertwhisperer.guard.audit.chainer import link_pending
from alertwhisperer.guard.audit.keeper import Keeper, Place
from alertwhisperer.kit.metrics import Metrics
from alertwhisperer.store.migrate import connect_owner

LINK_S = 0.3
CHECKPOINT_S = 5.0
WITNESS_S = 5.0

_LONG_UNLINKED = timedelta(seconds=10)
_LONG_UNWITNESSED = timedelta(minutes=5)

_log = structlog.get_logger("audit")


class AuditWork:
    """What one process does for the log; any number of them may."""

    def __init__(self, house: House, places: Sequence[Place], metrics: Metrics) -> None:
        self._house = house
        self._metrics = metrics
        self._keeper = Keeper(
            house.database, house.signing_key, places, house.clock, former_keys=house.settings.audit_former_keys
        )

    async def carry_over(self) -> None:
        """Once, before the rest: entries of the first log."""
        carried = await carry.carry_over(self._house.database)
        async with connect_owner(self._house.owner_dsn) as owner:
            gone = await carry.forget_carried(self._house.database, owner)
        if carried or gone:
            _log.info("audit.carried", entries=carried, taken=gone)

    async def link(self) -> None:
        """Link what waits; what waits long is an alarm."""
        waited = await link_pending(self._house.database, self._house.clock)
        self._metrics.audit_unlinked_seconds.set(waited.total_seconds())
        if waited > _LONG_UNLINKED:
            _log.error("audit.unlinked", seconds=round(waited.total_seconds()))

    async def checkpoint(self) -> None:
        """Make the checkpoint that is due."""
        await self._keeper.make_due()

    async def witness(self) -> None:
        """Bring each witness what it lacks; one that is far behind is an alarm."""
        lag = await self._keeper.witness()
        self._metrics.audit_witness_lag_seconds.set(lag.total_seconds())
        if lag > _LONG_UNWITNESSED:
            _log.error("audit.unwitnessed", seconds=round(lag.total_seconds()))
