"""The storm is believable and always the same; and a newcomer's minute, from `serve` to figures."""

import json
import os
import re
import shlex
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alertwhisperer.cli.demo.company import SETTINGS
from alertwhisperer.cli.demo.storm import LENGTH_S, SITES, Shot, alerts_in, fingerprint, free_site, make_storm
from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.sources.contract import Inbound, Source
from tests.cli.conftest import PROGRAM, Shell
from tests.places import open_place
from tests.server import free_port, in_folder

BEGAN = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def parsed(sources: Mapping[str, Source], shot: Shot) -> list[tuple[Kind, str, str, str]]:
    """What our own parser reads in a request: kind, problem, asset and signature of each member."""
    source = sources[shot.source]
    headers = {name.lower(): value for name, value in shot.post.headers.items()}
    inbound = Inbound(
        "POST", shot.source, {}, headers, shot.post.body, json.loads(shot.post.body), BEGAN, SETTINGS[shot.source]
    )
    read = source.parse(inbound)
    assert not read.refused
    return [(one.kind, one.problem, one.content.asset, one.content.signature) for _, one in read.occurrences]


@pytest.mark.parametrize("seed", range(5))
def test_equal_seeds_make_equal_storms(seed: int) -> None:
    assert fingerprint(make_storm(seed, BEGAN)) == fingerprint(make_storm(seed, BEGAN))
    assert fingerprint(make_storm(seed, BEGAN)) != fingerprint(make_storm(seed + 1, BEGAN))


@pytest.mark.parametrize("seed", range(5))
def test_a_storm_is_large_mixed_and_ends(sources: Mapping[str, Source], seed: int) -> None:
    shots = make_storm(seed, BEGAN, pace=6)
    told = [one for shot in shots for one in parsed(sources, shot)]
    firing = Counter(problem for kind, problem, *_ in told if kind is Kind.FIRING)
    assert alerts_in(shots) == sum(firing.values()) >= 200
    assert {shot.source for shot in shots} == {"prometheus", "zabbix", "datadog", "cloudwatch"}
    assert [shot.at_s for shot in shots if shot.source == "zabbix"] == sorted(
        shot.at_s for shot in shots if shot.source == "zabbix"
    )
    assert shots[-1].at_s <= LENGTH_S
    last = {problem: kind for kind, problem, *_ in told}
    still = [problem for problem, kind in last.items() if kind is Kind.FIRING]
    assert 0 < len(still) < len(last) / 10  # everything recovers but a certificate and a toner
    assert 0.4 < 1 - len(firing) / sum(firing.values()) < 0.95


def test_two_tools_report_the_same_fault(sources: Mapping[str, Source]) -> None:
    tools: dict[tuple[str, str], set[str]] = {}
    for shot in make_storm(1, BEGAN):
        for _, _, asset, signature in parsed(sources, shot):
            tools.setdefault((asset, signature), set()).add(shot.source)
    assert tools["db-01.fra", "Disk space is critically low"] == {"zabbix", "datadog"}


def test_a_second_storm_happens_elsewhere() -> None:
    assert free_site([]) == SITES[0]
    assert free_site(["db-01.fra", "app/shop-ams/50dc6c495c0c9188"]) == "lon"
    assert free_site([f"db-01.{site}" for site in SITES]) == SITES[0]


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_place() as place:
        yield place / "data"


@pytest.mark.slow
def test_a_newcomer_s_minute(folder: Path) -> None:
    """`serve --demo-company` twice and `demo`, on an embedded database: one token, one company, figures that add up."""
    port = str(free_port())
    shell = Shell(in_folder(folder), ALERTWHISPERER_PORT=port)
    nobody = shell.run("demo")
    assert nobody.code == 3
    assert "serve --demo-company" in nobody.err
    assert nobody.err.count("\n") == 1

    first = _served(shell, lambda: _play(shell))
    assert len(re.findall(r"awt_[\w-]{43}", first)) == 2  # as such, and in the request to try
    command = shlex.split(first.split("Next, in another terminal:\n")[1].splitlines()[0])
    assert command[1:] == ["demo", "--data-dir", str(folder), "--url", f"http://127.0.0.1:{port}"]
    again = _served(shell, lambda: None)
    assert "awt_" not in again
    assert len(shell.json("company", "list")["items"]) == 1


def _play(shell: Shell) -> None:
    for _ in range(2):
        told = shell.json("demo", "--seconds", "3")
        split = told["noise_reduction"]
        assert told["alerts_sent"] == told["total_alerts"] >= 200
        assert 40 <= told["noise_reduction_pct"] <= 95
        points = (split["dedup"], split["correlation"], split["suppression"])
        assert sum(points) == pytest.approx(told["noise_reduction_pct"], abs=0.02)
        assert split["dedup"] > 0
        assert split["correlation"] > 0
        assert split["suppression"] == 0
        assert told["reopened"] == 0
        assert len(told["incidents"]) == told["total_incidents"]
        assert all(one["why"] for one in told["incidents"])
        assert ["datadog", "zabbix"] in [one["tools"] for one in told["incidents"]]
    busy = shell.run("serve")
    assert busy.code == 1
    assert "--port" in busy.err
    assert busy.err.count("\n") == 1
    ledger = shell.json("ledger", "--company", told["company_id"], "--verify")
    assert ledger["agrees"]
    assert ledger["quarantined"] == ledger["rejected"] == 0
    assert shell.json("replay", "--company", told["company_id"])["different"] == 0


def _served(shell: Shell, work: object) -> str:
    """What `serve --demo-company` printed while the work was done; it must end well on SIGTERM."""
    process = subprocess.Popen(
        [str(PROGRAM), "serve", "--demo-company"],
        env={**shell.environ, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said: list[str] = []
    try:
        for line in process.stdout:
            said.append(line)
            if line.startswith("Next") or line.startswith("error"):
                break
        assert callable(work)
        work()
        os.kill(process.pid, signal.SIGTERM)
        rest = process.stdout.read()
        process.wait(30)
    finally:
        process.kill()
        process.stdout.close()
    assert process.returncode == 0, rest
    assert "Stopped" in rest
    return "".join(said) + rest
