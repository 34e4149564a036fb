"""Runs the story to its end, or to Ctrl-C; either way its world is cleared away before the command ends."""

import asyncio
import signal
from pathlib import Path
from typing import Any

from alertwhisperer.cli.demo.heal.play import Tell, play
from alertwhisperer.cli.demo.heal.target import find_sshd
from alertwhisperer.cli.demo.heal.world import world
from alertwhisperer.kit.clock import SystemClock

_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def heal(sshd: Path | None, tell: Tell) -> dict[str, Any]:
    """
    Play it.

    Args:
        sshd: the SSH server to start; found when None.

    Raises:
        Invalid: there is no SSH server.
        Permanent: it did not go as it should.
        KeyboardInterrupt: it was told to end.
    """
    program = find_sshd(sshd)
    with world() as place:
        return asyncio.run(_until_told(place, program, tell))


async def _until_told(place: Path, sshd: Path, tell: Tell) -> dict[str, Any]:
    """asyncio hears the first Ctrl-C only, and a second one would end us in the middle of clearing away."""
    loop, playing = asyncio.get_running_loop(), asyncio.ensure_future(play(place, sshd, SystemClock(), tell))
    for one in _ENDINGS:
        loop.add_signal_handler(one, playing.cancel)
    try:
        return await playing
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
