"""A server of the demo's own: in a folder that is thrown away, with the settings that permit a target on loopback."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from alertwhisperer.cli.demo.heal.target import HOST, free_ports
from alertwhisperer.cli.demo.heal.world import Child, child, data_dir_of
from alertwhisperer.domain.errors import Permanent

PERMITTED = {"ALERTWHISPERER_ENVIRONMENT": "test", "ALERTWHISPERER_LOCAL_TARGETS": "127.0.0.0/8"}
"""Without the first production refuses the second, and without the second nobody goes to a target on this machine."""

_PROGRAM = ("-P", "-c", "from alertwhisperer.cli.main import app; app()")
_OURS = ("ALERTWHISPERER_", "DATABASE_")


@dataclass(frozen=True, slots=True)
class OwnServer:
    """It runs; `read_greeting` waits until it serves."""

    process: Child
    url: str


@dataclass(frozen=True, slots=True)
class Greeting:
    """What it says when it serves: the company to play with, and its administrator's token."""

    company_id: str
    token: str = field(repr=False)


@contextmanager
def own_server(place: Path) -> Iterator[OwnServer]:
    """Run it until the block ends, with nothing of our own settings: they would point at somebody's real data."""
    (port,) = free_ports(1)
    plain = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    environ = {**plain, **PERMITTED, "ALERTWHISPERER_DATA_DIR": str(data_dir_of(place))}
    command = [sys.executable, *_PROGRAM, "serve", "--demo-company", "--json", "--host", HOST, "--port", str(port)]
    with child(command, log=place / "server.log", environ=environ, told=True) as process:
        yield OwnServer(process, f"http://{HOST}:{port}")


def read_greeting(server: OwnServer) -> Greeting:
    """
    Wait until it serves.

    Raises:
        Permanent: it ended before; says its last words.
    """
    said = server.process.process.stdout
    assert said is not None  # noqa: S101 - it was started so
    lines: list[str] = []
    for line in said:
        lines.append(line)
        if line == "}\n":  # the end of the document, which is indented
            company = json.loads("".join(lines))["demo_company"]
            return Greeting(company["id"], company["token"])
    raise Permanent(f"the demo's server does not start: {server.process.last_words()}")
