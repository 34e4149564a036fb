"""Hands facts to the press and waits for the file, not for ever."""

import asyncio
import sys

import msgspec
import structlog

from alertwhisperer.domain.errors import Permanent
from alertwhisperer.domain.report import Format
from alertwhisperer.reports.facts import Facts

LARGEST = 20_000_000
"""Bytes of a file; a report of 50,000 incidents has a fifth of that."""
PATIENCE_S = 90.0
_PRESS = "alertwhisperer.reports.press"
_MOST_SAID = 2_000  # characters of what the press said, in the log

_log = structlog.get_logger("reports")


async def print_file(facts: Facts, form: Format, *, patience_s: float = PATIENCE_S) -> bytes:
    """
    The file of the facts.

    Raises:
        Permanent: it cannot be made, takes longer than the patience, or is too large; a person must ask for less.
    """
    press = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",  # neither the folder that the server was started in nor the environment decides what it loads
        "-m",
        _PRESS,
        form.value,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={},  # whatever secrets the server was given are none of its business
    )
    try:
        async with asyncio.timeout(patience_s):
            made, said = await press.communicate(msgspec.json.encode(facts))
    except TimeoutError:
        raise Permanent("it took too long to make the file: ask for a shorter period, or for fewer sections") from None
    finally:
        if press.returncode is None:
            press.kill()
            await press.wait()
    if press.returncode != 0 or not made:
        _log.error("report.press_failed", code=press.returncode, said=said.decode(errors="replace")[-_MOST_SAID:])
        raise Permanent("the file could not be made; the server's log says why")
    if len(made) > LARGEST:
        raise Permanent(f"the file would be larger than {LARGEST} bytes: ask for a shorter period")
    return made
