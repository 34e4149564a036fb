"""Containers: of drills and the demo alone, by their whole id, and by argument lists."""

from __future__ import annotations

from pathlib import Path

import pytest

from alertwhisperer.domain.execution import Ending, Reach
from alertwhisperer.executors.container import EXECUTOR
from alertwhisperer.executors.contract import Means
from alertwhisperer.kit.clock import SystemClock
from tests.contracts.test_executors import MEANS, call_of, nobody
from tests.vendors.docker import CONTAINER, docker


async def test_a_server_in_production_goes_to_none(tmp_path: Path) -> None:
    runner = EXECUTOR.make(Means(SystemClock()))
    reach = Reach("container", {"container": CONTAINER})
    with docker(tmp_path) as calls:
        assert (await runner.run(reach, call_of("exit 0"), nobody)).ending is Ending.NOT_STARTED
        assert "drills" in (await runner.check(reach))[0]
        assert not calls.exists()


async def test_without_docker_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    runner = EXECUTOR.make(MEANS)
    assert "no docker" in (await runner.check(Reach("container", {"container": CONTAINER})))[0]


async def test_a_script_is_no_argument_of_docker(tmp_path: Path) -> None:
    with docker(tmp_path) as calls:
        reach = Reach("container", {"container": CONTAINER, "folder": str(tmp_path / "records")})
        for script in ("exit 0", "exit 1; $(id) ' \" `id`"):
            await EXECUTOR.make(MEANS).run(reach, call_of(script, x="-v /:/host"), nobody)
        assert calls.read_text() == "6\n6\n"
