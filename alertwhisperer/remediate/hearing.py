"""
Writes down what a script prints while it runs, for whoever watches: its end alone, once a second at most, masked.

It decides nothing: what came of a script is what its runner answers in the end, and that replaces what stands here.
Whatever goes wrong here leaves the script alone.
"""

import asyncio
from collections.abc import Iterable

import structlog

from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.run import Act, SoFar
from alertwhisperer.kit.clock import Clock
from alertwhisperer.remediate.masking import Passing
from alertwhisperer.store import runs
from alertwhisperer.store.database import Database

MOST_BYTES = 16 * 1024
"""Of standard output and of standard error, each: some two hundred lines, since whoever watches reads the last ones."""
APART_S = 1.0

_CONTINUES = bytes(range(0x80, 0xC0))  # bytes that are not the first of a character

_log = structlog.get_logger("remediate")


class Hearing:
    """
    What one script printed so far.

    Args:
        executor: slug of who runs it.
        fence: of the worker that has the run in hand; once another has it, nothing is written any more.
        secrets: of the credential in use.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        scope: Scope,
        act: Act,
        executor: str,
        fence: int,
        secrets: Iterable[str],
    ) -> None:
        known = tuple(secrets)
        self._database, self._clock, self._scope = database, clock, scope
        self._act, self._executor, self._fence = act, executor, fence
        self._stdout, self._stderr = _End(Passing(known)), _End(Passing(known))
        self._news = asyncio.Event()

    def hear(self, stdout: bytes, stderr: bytes) -> None:
        """Take what was printed since the last call; a runner's `Heard`."""
        if any([self._stdout.take(stdout), self._stderr.take(stderr)]):
            self._news.set()

    async def write(self) -> None:
        """Write it down as it comes, until it is cancelled or somebody else has the run in hand."""
        while await self._news.wait():
            self._news.clear()
            try:
                async with self._database.unit_of_work(self._scope) as unit:
                    if not await runs.put_so_far(unit, self._act, self._so_far(), self._fence):
                        return
            except Exception as failure:  # noqa: BLE001 - what is only watched must not disturb what runs
                _log.error("run.unheard", run=str(self._act.run_id), act=str(self._act.id), exc_info=failure)
            await self._clock.sleep(APART_S)

    def _so_far(self) -> SoFar:
        out, err = self._stdout, self._stderr
        return SoFar(self._executor, self._clock.now(), bytes(out.kept), bytes(err.kept), out.is_cut or err.is_cut)


class _End:
    """The end of one stream, as far as it may be shown."""

    def __init__(self, passing: Passing) -> None:
        self._passing = passing
        self._dropped = False
        self.kept = b""

    @property
    def is_cut(self) -> bool:
        return self._dropped or self._passing.is_stopped

    def take(self, piece: bytes) -> bool:
        """Take what came; whether anything is to be told anew."""
        was_cut, through = self.is_cut, self._passing.take(piece)
        whole = self.kept + through
        if len(whole) > MOST_BYTES:
            end = whole[-MOST_BYTES:]
            self._dropped, self.kept = True, end[end.find(b"\n") + 1 :].lstrip(_CONTINUES)
        else:
            self.kept = whole
        return bool(through) or was_cut != self.is_cut
