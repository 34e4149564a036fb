"""Plays a storm to the webhook in real time, while the figures are read from the API and handed to a screen."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from alertwhisperer.cli.demo.company import Pass
from alertwhisperer.cli.demo.server import Server
from alertwhisperer.cli.demo.storm import Shot
from alertwhisperer.kit.clock import Clock

_LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the play is; `kpis` and `incidents` as the API last answered them."""

    requests: int
    of_requests: int
    alerts: int
    kpis: dict[str, Any] = field(default_factory=dict)
    incidents: list[dict[str, Any]] = field(default_factory=list)


class Play:
    """
    One run.

    Args:
        shots: in the order they are sent; pace: seconds of the storm in a real one.
        began: aware UTC; the figures count from it.
    """

    def __init__(
        self,
        server: Server,
        clock: Clock,
        company: str,
        pass_: Pass,
        shots: Sequence[Shot],
        *,
        pace: float,
        began: datetime,
    ) -> None:
        self._server = server
        self._clock = clock
        self._company = company
        self._pass = pass_
        self._shots = shots
        self._pace = pace
        self._began = began
        self.progress = Progress(0, len(shots), 0)

    async def run(self, show: Callable[[Progress], None]) -> Progress:
        """Send everything, showing what became of it; returns when the last answer is there."""
        started = self._clock.monotonic()
        sources = sorted({shot.source for shot in self._shots})
        async with asyncio.TaskGroup() as group:
            senders = [group.create_task(self._send(source, started)) for source in sources]
            while not all(sender.done() for sender in senders):
                await self._look()
                show(self.progress)
                await asyncio.wait(senders, timeout=_LOOK_S)
        await self._look()
        show(self.progress)
        return self.progress

    async def _send(self, source: str, started: float) -> None:
        """One tool's requests, one after another: a tool does not overtake itself."""
        for shot in self._shots:
            if shot.source != source:
                continue
            wait_s = started + shot.at_s / self._pace - self._clock.monotonic()
            if wait_s > 0:
                await self._clock.sleep(wait_s)
            await self._server.post(source, shot.post.body, shot.post.headers, self._pass.api_keys[source])
            self.progress = replace(
                self.progress, requests=self.progress.requests + 1, alerts=self.progress.alerts + shot.post.firing
            )

    async def _look(self) -> None:
        kpis = await self._server.kpis(self._company, self._pass.token, self._began)
        incidents = await self._server.incidents(self._company, self._pass.token)
        touched = [one for one in incidents if datetime.fromisoformat(one["last_activity_at"]) >= self._began]
        self.progress = replace(self.progress, kpis=kpis, incidents=touched)
