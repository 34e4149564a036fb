"""
Every parameter of every prebuilt runbook refuses what is hostile through the API: clearly, and nothing is asked.

What free text may hold goes on as data; tests/remediate/test_injection.py runs the scripts with it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from alertwhisperer.api.desk import Desk
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.inventory import Asset
from alertwhisperer.domain.runbook import Parameter, ParameterKind, Platform, Runbook
from alertwhisperer.guard.vault import Vault
from alertwhisperer.runbooks.parameters import bind
from alertwhisperer.runbooks.reading import library
from tests.api.conftest import Doors, app, client, doors, path_of
from tests.conftest import Tenant
from tests.remediate.test_doors import desk_of
from tests.remediate.world import World

__all__ = ["app", "client", "doors"]  # fixtures

MEGABYTE = "A" * 1_000_000
REFUSED_BY_ALL = {
    "lines": "x\ntouch pwned",
    "carriage return": "x\rtouch pwned",
    "nul": "x\0touch pwned",
    "escape": "\x1b]0;owned\x07",
    "line separator": "x\u2028touch pwned",
    "option": "-oProxyCommand=touch",
    "long option": "--rcfile=/etc/passwd",
    "parameter store": "{{ssm:aw-secret}}",
    "secure parameter": "{{ ssm-secure:aw-secret }}",
    "long": "A" * 9_999,
}
REFUSED_UNLESS_TEXT = {
    "shell": "; touch pwned",
    "substitution": "$(touch pwned)",
    "backticks": "`touch pwned`",
    "pipe": "| touch pwned",
    "quotes": "'; touch pwned; '",
    "powershell": "; Remove-Item C:\\",
    "variable": "${IFS}touch${IFS}pwned",
}
UNICODE = "größe日本\u202etxt"
"""What kinds with an alphabet of their own refuse; a path and a service may be called so, but for the mark in it."""

GOOD: Mapping[ParameterKind, str] = {
    ParameterKind.UNIT: "nginx",
    ParameterKind.PATH: "/var/log",
    ParameterKind.ADDRESS: "192.0.2.7",
    ParameterKind.HOST: "db-01.example.org",
    ParameterKind.URL: "https://example.org/",
    ParameterKind.WORD: "word",
    ParameterKind.TEXT: "text",
}


def _good(one: Parameter, platform: Platform) -> str:
    if one.kind is ParameterKind.INTEGER:
        return str(one.least)
    if one.kind is ParameterKind.CHOICE:
        return one.choices[0]
    if one.kind is ParameterKind.PATH and platform is Platform.WINDOWS:
        return "C:\\Temp"
    return GOOD[one.kind]


def given(runbook: Runbook) -> dict[str, str]:
    """Values that it takes."""
    return {one.name: _good(one, runbook.platform) for one in runbook.parameters}


def parameters() -> Iterator[tuple[str, str]]:
    """Each of each."""
    for slug, runbook in library().items():
        for one in runbook.parameters:
            yield slug, one.name


def hostile(kind: ParameterKind) -> Mapping[str, str]:
    """What a parameter of a kind must refuse."""
    if kind is ParameterKind.TEXT:
        return REFUSED_BY_ALL
    return {**REFUSED_BY_ALL, **REFUSED_UNLESS_TEXT, "unicode": UNICODE}


@pytest.fixture
def desk(world: World, vault: Vault) -> Desk:
    """The API on the prebuilt runbooks, whose parameters are checked as in the product."""
    world.over = {"bind": bind}
    world.shelf = dict(library())
    return desk_of(world, vault)


@pytest.fixture
async def asset(world: World) -> Asset:
    """A target; whichever platform it has, none of this comes there."""
    return await world.target()


@pytest.mark.parametrize(("slug", "name"), list(parameters()))
async def test_a_hostile_value_is_refused_and_named(
    world: World, tenant: Tenant, doors: Doors, asset: Asset, slug: str, name: str
) -> None:
    runbook = library()[slug]
    one = next(each for each in runbook.parameters if each.name == name)
    path = path_of(tenant.id, "runs/plan")
    body: dict[str, Any] = {"runbook": slug, "targets": [str(asset.id)], "parameters": given(runbook)}
    shown = await doors.technician.post(path, body)
    assert {each["name"]: each["value"] for each in shown["plan"]["parameters"]}[name]
    for called, value in hostile(one.kind).items():
        wrong = {**body, "parameters": {**body["parameters"], name: value}}
        refused = await doors.technician.post(path, wrong, 422)
        assert name in refused["where"], (called, refused)
        assert refused["detail"], called
        assert len(str(refused)) < 1_000, f"{called}: it is not said again"
    large = {**body, "parameters": {**body["parameters"], name: MEGABYTE}}
    assert "larger" in (await doors.technician.post(path, large, 413))["detail"]
    with pytest.raises(Invalid) as refusal:  # who does not come by HTTP
        bind(runbook, large["parameters"])
    assert refusal.value.where == f"parameters.{name}"
    assert len(str(refusal.value)) < 1_000
    assert (await doors.technician.get(path_of(tenant.id, "runs")))["items"] == []
    assert world.steps_on(asset) == []


def test_what_is_taken_is_taken() -> None:
    """The refusals above are of what is hostile, and not of everything."""
    for runbook in library().values():
        assert set(bind(runbook, given(runbook))) == {one.name for one in runbook.parameters}
