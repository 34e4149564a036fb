"""A command line as a person has it, on a database of the test's process, and a server on the same data."""

import json
import os
import subprocess
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.server import Place, Server, serving

PROGRAM = Path(sysconfig.get_path("scripts")) / "alertwhisperer"
_PATIENCE_S = 90


@dataclass(frozen=True, slots=True)
class Answered:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document that it must be."""
        return json.loads(self.out)


class Shell:
    """Runs `alertwhisperer` as a process of its own, with the settings of one place and no others."""

    def __init__(self, place: Place, **more: str) -> None:
        ours = {
            name: value for name, value in os.environ.items() if not name.startswith(("ALERTWHISPERER_", "DATABASE_"))
        }
        self.environ = {**ours, "COLUMNS": "200", "TERM": "dumb", **place.environ, **more}

    def with_settings(self, **more: str) -> "Shell":
        """The same with other settings."""
        changed = Shell(Place({}))
        changed.environ = {**self.environ, **more}
        return changed

    def run(self, *words: str) -> Answered:
        """Run one command to its end."""
        done = subprocess.run(
            [str(PROGRAM), *words],
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
        )
        return Answered(done.returncode, done.stdout, done.stderr)

    def json(self, *words: str) -> Any:
        """Run a command that must succeed with --json, and read its document; nothing but it may be printed."""
        answered = self.run(*words, "--json")
        assert answered.code == 0, answered.err
        assert answered.err == ""
        return answered.document


@pytest.fixture(scope="session")
def server(place: Place) -> Iterator[Server]:
    """A running server on the same data."""
    with serving(place) as running:
        yield running


@pytest.fixture(scope="session")
def shell(place: Place) -> Shell:
    """A command line without a server."""
    return Shell(place)


@pytest.fixture(scope="session")
def served(place: Place, server: Server) -> Shell:
    """A command line beside a running server."""
    return Shell(place, ALERTWHISPERER_PORT=str(server.port))
