"""
Everybody walks every route: who is let in, who is refused and for whom there is nothing is exactly what the table says.

The routes are read from the OpenAPI document and the expectations from the permission table, so a new route is walked
without being told, and one without a rule fails here (and keeps the application from starting).
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from alertwhisperer.api.access import Allow, AllowInCompany, Open, doors
from alertwhisperer.api.cookies import CSRF_HEADER, Kind, jar_of
from alertwhisperer.api.desk import Desk
from alertwhisperer.cli.acting import declared
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.guard.permissions import Action
from alertwhisperer.guard.sign_in.sessions import csrf_of
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store.database import Database
from tests.api.conftest import PUBLIC_URL, app, client, desk
from tests.cli.test_help import every_command
from tests.walk.visitors import Met, Town, Visitor, build

__all__ = ["app", "client", "desk"]

ENDS_THE_VISITOR = {("DELETE", "/api/session"), ("DELETE", "/api/sessions")}
"""Walked by whoever is refused; who is let in would be signed out for the rest of the walk."""
LOOKS_WITH_A_RIGHT_TO_ACT = {("GET", "/api/users/{email}/offboarding"), ("GET", "/api/approvals")}
"""What it would mean to do it, and what waits to be done by whoever looks."""
_REFUSED = re.compile(r"may not do|has no scope for|whole installation")


@pytest.fixture
async def town(database: Database, vault: Vault, clock: ManualClock) -> Town:
    """Everybody, new for each walk: what some may do changes what there is."""
    return await build(database, vault, clock.now())


class Walk:
    """Goes to doors in somebody's name."""

    def __init__(self, client: httpx.AsyncClient, desk: Desk, vault: Vault) -> None:
        self.client, self.desk, self.vault = client, desk, vault

    async def meet(self, visitor: Visitor, method: str, path: str) -> Met:
        """What the visitor meets at a door."""
        body: dict[str, Any] = {} if method in ("GET", "DELETE") else {"json": {}}
        answer = await self.client.request(method, path, headers=self._shown(visitor), **body)
        assert answer.status_code < 500, f"{method} {path} as {visitor.name}: {answer.text}"
        said = answer.json() if answer.headers.get("content-type") == "application/problem+json" else {}
        if answer.status_code == 401:
            return Met.UNKNOWN
        if answer.status_code == 403 and _REFUSED.search(said["detail"]):
            return Met.FORBIDDEN
        if answer.status_code == 404 and said["detail"].startswith("there is no company"):
            return Met.NOT_THERE
        return Met.LET_IN

    def _shown(self, visitor: Visitor) -> dict[str, str]:
        if visitor.token:
            return {"Authorization": f"Bearer {visitor.token}"}
        if not visitor.cookie:
            return {}
        csrf = csrf_of(self.vault, visitor.cookie)
        name = jar_of(self.desk).name(Kind.SESSION)
        return {"Cookie": f"{name}={visitor.cookie}", CSRF_HEADER: csrf, "Origin": PUBLIC_URL}


@pytest.fixture
def walk(client: httpx.AsyncClient, desk: Desk, vault: Vault) -> Walk:
    """Over the application of this test."""
    return Walk(client, desk, vault)


def documented(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Method and path of every operation of the OpenAPI document."""
    for path, operations in app.openapi()["paths"].items():
        for method in operations:
            yield method.upper(), path


def guarded(app: FastAPI) -> dict[tuple[str, str], Allow]:
    """What each route that is not open to all declares."""
    return {(door.method, door.path): door.declares for door in doors(app) if isinstance(door.declares, Allow)}


def path_in(path: str, company_id: CompanyId) -> str:
    """The path with this company, and ids of nothing."""
    filled = path.replace("{company_id}", str(company_id))
    return re.sub(r"{(\w+)}", lambda _: str(uuid4()), filled)


def test_every_documented_operation_is_guarded_or_says_why_it_is_open(app: FastAPI) -> None:
    rules = guarded(app)
    opened = {(door.method, door.path) for door in doors(app) if isinstance(door.declares, Open)}
    documents = set(documented(app))
    assert len(documents & rules.keys()) > 130
    assert documents - rules.keys() - opened == set()


def test_what_only_reads_takes_a_right_to_read_and_what_writes_one_to_write(app: FastAPI) -> None:
    """A write that took the right of its neighbour that reads would pass the walk, so the words are compared."""
    looks = {"read", "read_all", "cross", "export", "own"}
    for (method, path), declares in guarded(app).items():
        verb = declares.action.partition(".")[2]
        if method == "GET":
            assert verb in looks or (method, path) in LOOKS_WITH_A_RIGHT_TO_ACT, f"{method} {path}: {declares.action}"
        else:
            assert verb not in looks - {"own"}, f"{method} {path}: {declares.action}"


async def test_everybody_meets_at_every_route_what_the_table_says(app: FastAPI, town: Town, walk: Walk) -> None:
    wrong: list[str] = []
    for (method, path), declares in sorted(guarded(app).items(), key=lambda one: one[0]):
        inside = isinstance(declares, AllowInCompany)
        for visitor in town.visitors:
            for company_id in (town.home, town.away) if inside else (town.home,):
                expected = visitor.meets(declares.action, company_id if inside else None)
                if expected is Met.LET_IN and (method, path) in ENDS_THE_VISITOR:
                    continue
                met = await walk.meet(visitor, method, path_in(path, company_id))
                if met is not expected and not (expected is Met.LET_IN and not inside and met is Met.NOT_THERE):
                    where = "" if not inside else " at home" if company_id == town.home else " away"
                    wrong.append(f"{visitor.name}{where}: {method} {path}: {met.value}, not {expected.value}")
    assert wrong == []


async def test_a_foreign_company_answers_as_an_absent_one(app: FastAPI, town: Town, walk: Walk) -> None:
    visitor, nowhere = town.named("a company admin"), CompanyId(uuid4())
    headers = {"Authorization": f"Bearer {visitor.token}"}
    for (method, path), declares in guarded(app).items():
        if not isinstance(declares, AllowInCompany):
            continue
        body: dict[str, Any] = {} if method in ("GET", "DELETE") else {"json": {}}
        answers = []
        for company_id in (town.away, nowhere):
            answer = await walk.client.request(method, path_in(path, company_id), headers=headers, **body)
            kept = {name: value for name, value in answer.headers.items() if name not in ("content-length", "date")}
            answers.append((answer.status_code, kept, answer.text.replace(str(company_id), "ID")))
        assert answers[0] == answers[1], f"{method} {path}"
        assert answers[0][0] == 404


async def test_rights_end_between_two_requests(town: Town, walk: Walk, clock: ManualClock) -> None:
    """A token and a session are looked up for each request: time alone ends them."""
    for name in ("an MSP admin", "a session"):
        visitor = town.named(name)
        assert await walk.meet(visitor, "GET", "/api/companies") is Met.LET_IN
    clock.advance(timedelta(days=91))
    for name in ("an MSP admin", "a session"):
        assert await walk.meet(town.named(name), "GET", "/api/companies") is Met.UNKNOWN


def test_every_row_of_the_table_is_asked_somewhere(app: FastAPI) -> None:
    asked = {declares.action for declares in guarded(app).values()}
    asked |= {what for _, command in every_command() if isinstance(what := declared(command.callback), Action)}
    # Asked by the part that decides approvals, where the risk is known (guard/approvals/decide.py).
    by_risk = {Action.APPROVAL_DECIDE_LOW, Action.APPROVAL_DECIDE_MEDIUM, Action.APPROVAL_DECIDE_HIGH}
    # Asked by the part that keeps views, where it is known with whom one is shared (shift/views.py).
    by_audience = {Action.VIEW_SHARE, Action.ON_CALL_SET_ALL, Action.VIEW_SHARE_ALL}
    # Asked where a window is saved, when it is known how wide it is (api/windows.py, cli/commands/window.py).
    by_width = {Action.WINDOW_SET_WIDE}
    assert set(Action) - asked == by_risk | by_audience | by_width
