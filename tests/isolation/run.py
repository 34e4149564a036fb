"""
A good company beside a hostile look-alike, over two server processes on one database, in the same group commits.

The hostile one has the same hosts, signatures and delivery ids; it sends NULs, bodies that are no JSON, rows that the
database refuses, and fifty times its limit. Then: nothing of the good company is lost or late, the sum of what both
servers admitted is the limit, and no route shows either company anything of the other's.

    python -m tests.isolation.run [--url postgresql://…] [--rounds 3] [--seconds 15]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing import get_context
from uuid import UUID, uuid4

import asyncpg
import httpx

from alertwhisperer.app.build import House
from alertwhisperer.correlate import maintenance
from alertwhisperer.correlate.maintenance import Draft
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.user import Role
from alertwhisperer.guard.people import add_user
from alertwhisperer.remediate.credentials import add_credential
from alertwhisperer.shift import promises
from alertwhisperer.store import incidents
from alertwhisperer.store.database import Connection
from alertwhisperer.store.incidents import IncidentFilter
from tests.api.rows import add_device
from tests.database import Migrated, Server
from tests.guard.asking import ask_something
from tests.inventory.furnishing import furnish
from tests.isolation.routes import BOTH, routes_of, side_of, walk
from tests.isolation.sending import REFUSED_BY_DATABASE, Heard, good_body, send, send_apart
from tests.remediate.rows import run_something
from tests.server import Sender, bearer, house_of, new_company, new_sender, new_token, on_database, serving

DEFAULT_URL = "postgresql://postgres@127.0.0.1/postgres"
LIMIT = 600  # requests a minute of the hostile company, which are its burst as well
TIMES_ITS_LIMIT = 50
_GOOD_PER_S = 50.0
_HOSTILE_PER_S = LIMIT / 60 * TIMES_ITS_LIMIT
_BURST_S = 3.0
_ONE_LANE = {"ALERTWHISPERER_LANES": "1"}  # both companies in the same group commits
_NAMES = ("Good Ltd", "Hostile Ltd")


@dataclass(frozen=True, slots=True)
class Round:
    """The good company alone, and then beside the hostile one."""

    alone: Heard
    beside: Heard
    hostile: Heard


@dataclass(slots=True)
class Report:
    """What was seen; `wrong` is empty when everything but the times held."""

    rounds: list[Round] = field(default_factory=list)
    most_admitted: float = 0.0
    shared_commits: int = 0
    refused_commits: float = 0.0
    routes: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def alone_ms(self) -> float:
        """Median over the rounds of the good company's p95."""
        return statistics.median(one.alone.p95_ms() for one in self.rounds)

    @property
    def beside_ms(self) -> float:
        """The same beside the hostile company."""
        return statistics.median(one.beside.p95_ms() for one in self.rounds)

    @property
    def growth(self) -> float:
        """Of the p95; 0.2 is 20%."""
        return self.beside_ms / self.alone_ms - 1

    @property
    def admitted(self) -> int:
        """Requests of the hostile company that were not told "too much"."""
        return sum(one.hostile.admitted for one in self.rounds)

    def text(self) -> str:
        """For a person."""
        each = "; ".join(f"{one.alone.p95_ms():.1f} -> {one.beside.p95_ms():.1f}" for one in self.rounds)
        calm = statistics.median(one.beside.p95_ms(_BURST_S) for one in self.rounds)
        hostile = sum((one.hostile.statuses for one in self.rounds), Counter[int]())
        return "\n".join(
            (
                f"good company's p95 at {_GOOD_PER_S:.0f} requests/s: {self.alone_ms:.1f} ms alone, "
                f"{self.beside_ms:.1f} ms beside the hostile one: {self.growth:+.0%} (rounds, ms: {each})",
                f"  without the first {_BURST_S:.0f} s of each flood, when the hostile burst is spent: {calm:.1f} ms",
                f"hostile company: {_HOSTILE_PER_S:.0f} requests/s over two servers, answers {dict(hostile)}; "
                f"admitted {self.admitted} of at most {self.most_admitted:.0f} that its limit allows",
                f"group commits that both shared: {self.shared_commits}; refused by the database and tried one by one: "
                f"{self.refused_commits:.0f}",
                f"routes walked by both, with their own and the other's ids: {self.routes}",
                *(f"WRONG: {what}" for what in self.wrong),
            )
        )


async def run(migrated: Migrated, *, rounds: int, seconds: float) -> Report:
    """Everything, on a migrated database of its own."""
    report = Report()
    place = on_database(migrated)
    owner = await asyncpg.connect(migrated.owner_dsn, timeout=10)
    try:
        await owner.execute(
            f"ALTER TABLE alert ADD CONSTRAINT refuses_for_the_test CHECK (message <> '{REFUSED_BY_DATABASE}')"
        )
        async with house_of(place) as house:
            good = await new_sender(house, (await new_company(house, _NAMES[0])).id, "generic")
            hostile_company = await new_company(house, _NAMES[1], requests_per_minute=LIMIT)
            hostile = await new_sender(house, hostile_company.id, "generic")
            with ExitStack() as stack:
                pair = [stack.enter_context(serving(place, environ=_ONE_LANE)) for _ in range(2)]
                ports = [server.port for server in pair]
                await _load(report, good, hostile, ports, rounds=rounds, seconds=seconds)
                for server in pair:
                    report.refused_commits += await _refused_commits(server.url)
                await _check_rows(report, owner, good, hostile)
                await _check_routes(report, house, owner, [good, hostile], [server.url for server in pair])
    finally:
        await owner.close()
    return report


async def _load(
    report: Report, good: Sender, hostile: Sender, ports: Sequence[int], *, rounds: int, seconds: float
) -> None:
    """Rounds of alone and beside, in turn, so that a busy machine is busy for both."""
    count = int(_GOOD_PER_S * seconds)
    await send(good, ports, good_body, first=90_000_000, per_second=_GOOD_PER_S, seconds=2)  # warm
    loop = asyncio.get_running_loop()
    level, ended = float(LIMIT), 0.0
    # A process of its own: the hostile requests are not to slow down the clock of the good ones.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        for number in range(rounds):
            first = number * 2 * count
            alone = await send(good, ports, good_body, first=first, per_second=_GOOD_PER_S, seconds=seconds)
            flood = loop.run_in_executor(
                pool, _flood, hostile, list(ports), int(number * _HOSTILE_PER_S * seconds), seconds
            )
            beside = await send(good, ports, good_body, first=first + count, per_second=_GOOD_PER_S, seconds=seconds)
            heard = await flood
            report.rounds.append(Round(alone, beside, heard))
            # The bucket as it should be: it fills while nobody asks, and never above the limit.
            level = min(LIMIT, level + (heard.began - ended) * LIMIT / 60 if ended else LIMIT)
            most = level + (heard.ended - heard.began) * LIMIT / 60
            level, ended = max(most - heard.admitted, 0.0), heard.ended
            report.most_admitted += most
            _judge_admitted(report, heard, most)
    for one in report.rounds:
        for name, part in (("alone", one.alone), ("beside", one.beside)):
            bad = {status: count for status, count in part.statuses.items() if not 200 <= status < 300}
            if bad:
                report.wrong.append(f"the good company, {name}, was answered {bad}")
        if 0 in one.hostile.statuses or any(status >= 500 for status in one.hostile.statuses):
            report.wrong.append(f"the hostile company was answered {dict(one.hostile.statuses)}")


def _flood(hostile: Sender, ports: Sequence[int], first: int, seconds: float) -> Heard:
    return send_apart(hostile, ports, first=first, per_second=_HOSTILE_PER_S, seconds=seconds)


def _judge_admitted(report: Report, heard: Heard, most: float) -> None:
    """The sum over both servers is the limit; what each held back when the flood ended is at most a small share."""
    if not most * 0.9 <= heard.admitted <= most + 1:
        report.wrong.append(f"{heard.admitted} requests were admitted, and the limit allows {most:.0f}")


async def _refused_commits(url: str) -> float:
    async with httpx.AsyncClient(trust_env=False) as client:
        text = (await client.get(f"{url}/metrics")).text
    lines = [line for line in text.splitlines() if "batches" in line and 'result="refused"' in line]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if "_created" not in line)


async def _check_rows(report: Report, owner: Connection, good: Sender, hostile: Sender) -> None:
    sent = sum(one.alone.statuses.total() + one.beside.statuses.total() for one in report.rounds) + int(_GOOD_PER_S * 2)
    for relation in ("delivery", "occurrence"):
        there = await owner.fetchval(
            f"SELECT count(*) FROM {relation} WHERE company_id = $1",  # noqa: S608 - one of two names
            good.company_id,
        )
        if there != sent:
            report.wrong.append(f"of {sent} requests of the good company {there} have their {relation}")
    if await owner.fetchval("SELECT count(*) FROM quarantine WHERE company_id = $1", good.company_id):
        report.wrong.append("something of the good company is in quarantine")
    refused = await owner.fetchval(
        "SELECT count(*) FROM quarantine WHERE company_id = $1 AND reason = 'refused_by_database'", hostile.company_id
    )
    if not refused:
        report.wrong.append("the database refused nothing of the hostile company: the test is idle")
    report.shared_commits = await owner.fetchval(
        "SELECT count(*) FROM (SELECT FROM delivery GROUP BY seq HAVING count(DISTINCT company_id) > 1) s"
    )
    if not report.shared_commits or not report.refused_commits:
        report.wrong.append("no group commit was shared or refused: the test is idle")


async def _check_routes(
    report: Report, house: House, owner: Connection, senders: Sequence[Sender], urls: Sequence[str]
) -> None:
    good = senders[0]
    # One unreadable body and one asked effect, so that each company has something behind every route.
    broken = await send(
        good, [int(urls[0].rsplit(":", 1)[1])], lambda _: b"{", first=99_000_000, per_second=1, seconds=1
    )
    assert broken.admitted == 1
    # Somebody who serves both, so that an offer of the other's incidents is not refused for want of a receiver.
    await add_user(house.database, Scope(INSTALLATION, "test"), BOTH, Role.MSP_ADMIN, [], now=house.clock.now())
    sides = []
    for sender, name in zip(senders, _NAMES, strict=True):
        await owner.execute(
            "INSERT INTO source_action (company_id, id, integration_id, kind, subject, secret, state, at)"
            " VALUES ($1, $2, $3, 'sns_confirm', 'topic', '', 'awaiting_approval', $4)",
            sender.company_id,
            uuid4(),
            sender.integration_id,
            house.clock.now(),
        )
        await owner.execute(
            "INSERT INTO feed (company_id, integration_id, interval_s) VALUES ($1, $2, 60)",
            sender.company_id,
            UUID(sender.integration_id),
        )
        scope = Scope(sender.company_id, "test")
        inventory = await furnish(house.database, scope, now=house.clock.now())
        now = house.clock.now()
        asset_id = inventory["asset_id"]
        approval_id = await ask_something(house.database, scope, asset_id, now=now)
        await run_something(house.database, scope, approval_id, asset_id, now=now)
        async with house.database.unit_of_work(scope) as unit:
            [incident] = await incidents.page(unit, IncidentFilter(), limit=1)
            await promises.make(unit, incident.id, "x", now + timedelta(hours=1), now=now)
        begins = now.replace(tzinfo=None, microsecond=0) + timedelta(days=1)
        quiet = Draft("Patch night", "x", begins, begins + timedelta(hours=1), assets=(asset_id,), time_zone="UTC")
        await maintenance.add_window(house.database, scope, quiet, may_be_wide=False, now=now)
        values = {"private_key": f"a key of {name}"}
        await add_credential(house.database, house.vault, scope, f"{name} servers", "ssh", values, now=now)
        token = await new_token(house, Role.COMPANY_ADMIN, [sender.company_id])
        [(person, email)] = await owner.fetch(
            "SELECT user_id, email FROM app_user JOIN user_company USING (user_id) WHERE company_id = $1",
            sender.company_id,
        )
        await _share_view(urls[0], token, str(sender.company_id))
        await _put_on_call(urls[0], token, str(sender.company_id), email, now + timedelta(days=1))
        await add_device(house.database, house.vault, person, at=house.clock.now())
        sides.append(await side_of(owner, sender.company_id, name, token))
    routes = routes_of(house)
    report.routes = len(routes)
    for own, other, url in ((sides[0], sides[1], urls[0]), (sides[1], sides[0], urls[1])):
        report.wrong += await walk(routes, url, own, other)


async def _share_view(url: str, token: str, company_id: str) -> None:
    asked = {"name": "x", "address": "state=open", "shared": True, "company_id": company_id}
    async with httpx.AsyncClient(base_url=url, headers=bearer(token), trust_env=False) as client:
        (await client.post("/api/views", json=asked)).raise_for_status()


async def _put_on_call(url: str, token: str, company_id: str, email: str, until: datetime) -> None:
    """A schedule of the company, and a stretch that its person takes."""
    layer = {"name": "x", "people": [email], "starts_on": "2026-01-05"}
    plan = {"name": "x", "time_zone": "UTC", "layers": [layer], "company_id": company_id}
    path = "/api/on-call/schedules"
    async with httpx.AsyncClient(base_url=url, headers=bearer(token), trust_env=False) as client:
        made = (await client.post(path, json=plan)).raise_for_status().json()
        (await client.post(f"{path}/{made['id']}/overrides", json={"to": until.isoformat()})).raise_for_status()


async def on_scratch(server: Server, *, rounds: int, seconds: float) -> Report:
    """Everything, in a database of its own on a server."""
    migrated = await server.create()
    try:
        return await run(migrated, rounds=rounds, seconds=seconds)
    finally:
        await server.drop(migrated)


def main() -> int:
    """Print what was seen; 0 when all held and the good company's p95 grew by less than a fifth."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default=os.environ.get("ALERTWHISPERER_TEST_DATABASE_URL") or DEFAULT_URL)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=15, help="of each half of a round")
    choice = parser.parse_args()
    report = asyncio.run(on_scratch(Server(choice.url), rounds=choice.rounds, seconds=choice.seconds))
    print(report.text())
    return 1 if report.wrong or report.growth >= 0.2 else 0


if __name__ == "__main__":
    sys.exit(main())
