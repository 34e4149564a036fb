"""
What a person waits for where 100,000 incidents are open: the API behind the list, then the pages in a browser.

Alerts come through the webhook, so that rows, rollups and due work are as the product leaves them; what people did
(taking, assigning, snoozing) is written at once by the database's owner, whose triggers keep what hangs on it.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from urllib.parse import urlencode

import asyncpg
import httpx
import msgspec

from alertwhisperer.domain.user import Role
from alertwhisperer.store.due import CHOOSE_RUN
from alertwhisperer.store.embedded import EmbeddedServer
from bench import lighthouse, machine, pages
from tests.places import open_place
from tests.server import Place, Sender, Server, bearer, house_of, new_company, new_sender, new_token, serving

COUNT = 100_000
COMPANIES = 24
ROUNDS = 40
SLOW_MS = 50
"""From which on a statement is told of."""

_SEED = 1
_AT_ONCE = 100  # alerts in a request
_SENDERS_AT_ONCE = 8
_CHECKS = (
    *("DiskWillFill", "ServiceDown", "HighCPU", "MemoryPressure", "CertificateExpires", "BackupFailed", "ReplicaLag"),
    *("PacketLoss", "LoginStorm", "QueueGrows"),
)
_SEVERITIES = ("critical", "high", "medium", "low", "info")
_SHARES = (2, 10, 40, 38, 10)  # of a hundred: most of what stays open for long is not urgent
_SITES = ("fra", "ams", "lon", "par")
_TWO_TOOLS = 0.3  # incidents of which a second tool speaks as well
_CHOSEN_FOR_S = 10.0  # how long it is watched how quickly runbooks are looked for
_ME = "watcher@example.org"

# What people did. A policy stands before the owner as well, so all companies are named first.
_SEE_ALL = "SELECT set_config('alertwhisperer.companies', (SELECT array_agg(company_id)::text FROM tenant), false)"
_PEOPLE = (
    """
    UPDATE incident SET acknowledged_at = opened_at + interval '1 minute', acknowledged_by = taken.who,
        assignee = taken.who
    FROM (
        SELECT company_id, id, CASE number % 3 WHEN 0 THEN $1 ELSE 'ann@example.org' END AS who
        FROM incident WHERE number % 10 IN (1, 4, 7)
    ) AS taken
    WHERE incident.company_id = taken.company_id AND incident.id = taken.id
    """,
    """
    UPDATE incident SET snoozed_by = $1, snoozed_at = opened_at, snoozed_until = opened_at + interval '30 days'
    WHERE number % 20 = 2
    """,
)
# Ten thousand that are over, the oldest: lists of what is done have to find them behind all that is open.
_OVER = """
UPDATE incident_state s SET status = 3, firing = 0, is_current = false, resolved_at = now()
FROM (SELECT company_id, id FROM incident ORDER BY number LIMIT $1) AS first
WHERE s.company_id = first.company_id AND s.incident_id = first.id
"""
# Those that the watched seconds left over: so many would keep a processor busy meanwhile.
_CHOSEN = """
WITH left_over AS (DELETE FROM due_work WHERE kind = $1 RETURNING company_id, subject)
INSERT INTO run_choice SELECT company_id, subject, now(), 'none', NULL, '[]' FROM left_over ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True)
class Stage:
    """A server with open incidents, and who looks at them."""

    place: Place
    data_dir: Path
    server: Server
    owner_dsn: str = field(repr=False)
    senders: Sequence[Sequence[Sender]]
    """Of each company its tools."""
    token: str = field(repr=False)
    link: str = field(repr=False)


def table(count: int, *, lighthouse_in: Path | None = None) -> Iterator[str]:
    """
    The lines of the report, as Markdown: README.md keeps them.

    Args:
        lighthouse_in: where Lighthouse is installed; then only its report is made.
    """
    program = None if lighthouse_in is None else lighthouse.program_in(lighthouse_in)
    with open_place("aw-bench-incidents-") as folder:
        data_dir = folder / "data"
        place = Place({"ALERTWHISPERER_DATA_DIR": str(data_dir), "ALERTWHISPERER_ENVIRONMENT": "production"})
        try:
            with serving(place) as server:
                stage = asyncio.run(_furnish(place, data_dir, server))
                yield from (f"{name}: {value}" for name, value in machine.describe(data_dir).items())
                yield asyncio.run(_fill(stage, count))
                yield ""
                if program is not None:
                    yield from lighthouse.table(program, stage.server.url, stage.link, folder)
                    return
                busy, began = machine.busy_s(), time.monotonic()
                yield from _doors(stage)
                if reason := pages.absent():
                    yield f"In a browser: left out, {reason}."
                else:
                    yield ""
                    yield from _pages(stage)
                yield ""
                yield from _slow(data_dir)
                if busy is not None:
                    spent = (machine.busy_s() or busy) - busy
                    yield f"processors busy meanwhile, with all that ran here: {spent / (time.monotonic() - began):.1f}"
        finally:
            # The database outlives its last user by a moment, in which it would write into a folder being removed.
            asyncio.run(EmbeddedServer(data_dir).release(wait_s=30))


# ------------------------------------------------------------------------------------------------ filling


async def _furnish(place: Place, data_dir: Path, server: Server) -> Stage:
    async with house_of(place) as house:
        made = [await new_company(house, f"Company {number:02d}") for number in range(COMPANIES)]
        senders = [[await new_sender(house, one.id, tool) for tool in ("native", "generic")] for one in made]
        token = await new_token(house)
        dsn = house.owner_dsn
    body = {"email": _ME, "role": Role.MSP_ADMIN.value, "companies": []}
    async with httpx.AsyncClient(headers=bearer(token), trust_env=False) as client:
        answer = await client.post(f"{server.url}/api/users/invitations", json=body)
    link = f"{server.url}/{answer.raise_for_status().json()['link'].split('/', 3)[3]}"
    return Stage(place, data_dir, server, dsn, senders, token, link)


async def _fill(stage: Stage, count: int) -> str:
    """Have so many incidents open; tells how long it took."""
    began = time.monotonic()
    over = count // 10
    told = await _tell(stage, count + over)
    took = time.monotonic() - began
    owner = await asyncpg.connect(stage.owner_dsn)
    try:
        chosen = await _chosen(stage, owner)
        await owner.execute(_SEE_ALL)
        await owner.execute(_CHOSEN, CHOOSE_RUN)
        for statement in _PEOPLE:
            await owner.execute(statement, _ME)
        await owner.execute(_OVER, over)
        for statement in ("VACUUM (ANALYZE)", "CHECKPOINT"):  # as autovacuum does it within minutes
            await owner.execute(statement)
        open_ones = await owner.fetchval("SELECT count(*) FROM incident_state WHERE status = 2")
        await owner.execute(f"ALTER SYSTEM SET log_min_duration_statement = {SLOW_MS}")
        await owner.execute("SELECT pg_reload_conf()")
    finally:
        await owner.close()
    return (
        f"rows: {open_ones:,} open incidents of {COMPANIES} companies and {over:,} that are over, of {told:,} alerts; "
        f"told in {took:.0f} s; {chosen}"
    )


async def _tell(stage: Stage, incidents: int) -> int:
    """Each incident by an alert of one tool; of some a second tool speaks as well. Answers how many alerts."""
    random = Random(_SEED)
    bodies: asyncio.Queue[tuple[Sender, bytes]] = asyncio.Queue()
    waiting: dict[tuple[int, int], list[dict[str, str]]] = defaultdict(list)
    told = 0

    def add(company: int, tool: int, alert: Mapping[str, str]) -> None:
        nonlocal told
        told += 1
        of = waiting[company, tool]
        names = ("asset", "signature") if tool == 0 else ("asset_name", "signature")
        of.append({names[0]: alert["asset"], **{name: text for name, text in alert.items() if name != "asset"}})
        if len(of) == _AT_ONCE:
            send(company, tool)

    def send(company: int, tool: int) -> None:
        of = waiting.pop((company, tool))
        body = {"occurrences": [{"kind": "firing", **one} for one in of]} if tool == 0 else of
        bodies.put_nowait((stage.senders[company][tool], msgspec.json.encode(body)))

    for number in range(incidents):
        host, check = divmod(number // COMPANIES, len(_CHECKS))
        alert = {
            "asset": f"{('db', 'web', 'app', 'mail')[host % 4]}-{host:04d}.{_SITES[host % len(_SITES)]}.example.org",
            "signature": _CHECKS[check],
            "severity": random.choices(_SEVERITIES, _SHARES)[0],
            "message": f"{_CHECKS[check]}: the value has been over its limit for 5 minutes",
        }
        add(number % COMPANIES, 0, alert)
        if random.random() < _TWO_TOOLS:
            add(number % COMPANIES, 1, alert)
    for company, tool in list(waiting):
        send(company, tool)

    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:

        async def work() -> None:
            while not bodies.empty():
                sender, body = bodies.get_nowait()
                headers = {"X-API-Key": sender.api_key, "Content-Type": "application/json"}
                answer = await client.post(stage.server.url + sender.path, content=body, headers=headers)
                assert answer.status_code == 202, answer.text

        await asyncio.gather(*(work() for _ in range(_SENDERS_AT_ONCE)))
    return told


async def _chosen(stage: Stage, owner: asyncpg.Connection[asyncpg.Record]) -> str:
    """For how many incidents a second the server looks for a runbook, while nothing comes in, and what one costs."""
    counted = "SELECT count(*) FROM due_work WHERE kind = $1"
    parts = {"server": stage.server.pid, "PostgreSQL": machine.postmaster(stage.data_dir)}
    spent = {name: machine.cpu_s([pid]) or 0.0 for name, pid in parts.items()}
    before, began = await owner.fetchval(counted, CHOOSE_RUN), time.monotonic()
    await asyncio.sleep(_CHOSEN_FOR_S)
    chosen, took = before - await owner.fetchval(counted, CHOOSE_RUN), time.monotonic() - began
    each = {name: ((machine.cpu_s([pid]) or 0.0) - spent[name]) / max(chosen, 1) for name, pid in parts.items()}
    costs = ", ".join(f"{name} {seconds * 1e3:.1f} ms" for name, seconds in each.items())
    return f"then runbooks were looked for, {chosen / took:.0f} incidents a second; one costs {costs}"


# ------------------------------------------------------------------------------------------------ the API's doors


def _asked(company: str) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """What the pages ask for, by a name: path and query."""
    first = [("group", "needs_ack"), ("sort", "attention"), ("limit", "100")]
    yield "list, first page", "/api/incidents", first
    yield "list, being worked", "/api/incidents", [("group", "working"), *first[1:]]
    yield "list, waiting", "/api/incidents", [("group", "waiting"), *first[1:]]
    yield "list, resolved", "/api/incidents", [("group", "done"), *first[1:]]
    yield "list, critical", "/api/incidents", [*first, ("severity", "critical")]
    yield "list, low", "/api/incidents", [*first, ("severity", "low")]
    yield "list, mine", "/api/incidents", [("group", "working"), *first[1:], ("owner", "me")]
    yield "list, mine and untaken (none)", "/api/incidents", [*first, ("owner", "me")]
    yield "list, one company", "/api/incidents", [*first, ("company", company)]
    yield "list, one tool", "/api/incidents", [*first, ("tool", "generic")]
    yield "list, a tool that says nothing", "/api/incidents", [*first, ("tool", "zabbix")]
    yield "list, words of many", "/api/incidents", [*first, ("q", "disk fra")]
    yield "list, words of few", "/api/incidents", [*first, ("q", "db-0012")]
    yield "list, words of none", "/api/incidents", [*first, ("q", "nowhere")]
    yield "list, a number", "/api/incidents", [*first, ("q", "54321")]
    yield "list, newest", "/api/incidents", [("limit", "100")]
    yield "list, newest of one company", f"/api/companies/{company}/incidents", [("limit", "100"), ("status", "open")]
    yield "counts", "/api/incidents/counts", []
    yield "counts, critical", "/api/incidents/counts", [("severity", "critical")]
    yield "counts, words of few", "/api/incidents/counts", [("q", "db-0012")]
    yield "counts, one tool", "/api/incidents/counts", [("tool", "generic")]
    yield "board", "/api/board", []
    yield "search, a host", "/api/search", [("q", "db-0012"), ("limit", "12")]
    yield "search, a part of a title", "/api/search", [("q", "replica"), ("limit", "12")]
    yield "search, a number", "/api/search", [("q", "54321"), ("limit", "12")]
    yield "search, what nothing has", "/api/search", [("q", "nowhere"), ("limit", "12")]
    yield "figures of all companies", "/api/kpis", []
    yield "figures of one company", f"/api/companies/{company}/kpis", []


def _doors(stage: Stage) -> Iterator[str]:
    yield f"| the API, {ROUNDS} times each, one after another | p50 | p99 | bytes |"
    yield "|---|---|---|---|"
    company = str(stage.senders[0][0].company_id)
    with httpx.Client(base_url=stage.server.url, headers=bearer(stage.token), trust_env=False, timeout=60) as client:
        for name, path, query in _asked(company):
            took, size = [], 0
            for _ in range(ROUNDS):
                began = time.perf_counter()
                answer = client.get(f"{path}?{urlencode(query)}")
                took.append((time.perf_counter() - began) * 1e3)
                assert answer.status_code == 200, f"{path} {query}: {answer.text}"
                size = len(answer.content)
            yield f"| {name} | {_at(took, 0.5):.0f} ms | {_at(took, 0.99):.0f} ms | {size:,} |"
        yield from _paging(client)


def _paging(client: httpx.Client) -> Iterator[str]:
    """A hundred pages of a hundred, as somebody fetches who scrolls down."""
    took, cursor = [], ""
    for _ in range(100):
        query = [
            ("group", "needs_ack"),
            ("sort", "attention"),
            ("limit", "100"),
            *([("cursor", cursor)] if cursor else []),
        ]
        began = time.perf_counter()
        answer = client.get(f"/api/incidents?{urlencode(query)}")
        took.append((time.perf_counter() - began) * 1e3)
        cursor = answer.raise_for_status().json()["next"] or ""
        if not cursor:
            break
    yield f"| list, page after page ({len(took)}) | {_at(took, 0.5):.0f} ms | {_at(took, 0.99):.0f} ms | |"


def _at(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)] if values else 0.0


# ------------------------------------------------------------------------------------------------ pages


def _pages(stage: Stage) -> Iterator[str]:
    found = pages.look(stage.server.url, stage.link)
    yield "| in Chromium | median | most | |"
    yield "|---|---|---|---|"
    for name, waited in found.waits.items():
        yield f"| {name} | {_at(waited, 0.5):.0f} ms | {max(waited):.0f} ms | {found.notes.get(name, '')} |"
    yield ""
    for run in found.scrolled:
        yield (
            f"Scrolled {run.name}: {run.rows:,} rows in {run.seconds:.1f} s, {run.frames / run.seconds:.0f} frames a "
            f"second; of the frames p50 {_at(run.frame_ms, 0.5):.0f} ms, p99 {_at(run.frame_ms, 0.99):.0f} ms, longest "
            f"{max(run.frame_ms):.0f} ms; {len(run.long_ms)} tasks over 50 ms, longest "
            f"{max(run.long_ms, default=0):.0f} ms; nothing to see in {run.empty} frames; "
            f"processor {run.cpu_ms / run.frames:.1f} ms a frame, {run.cpu_ms / max(run.rows, 1):.1f} ms a row"
        )


# ------------------------------------------------------------------------------------------------ slow statements


_DURATION = re.compile(r"duration: ([0-9.]+) ms +(?:execute [^:]*|statement|parse [^:]*|bind [^:]*): ")


def _slow(data_dir: Path) -> Iterator[str]:
    """The slowest statements that PostgreSQL noted, each by its first words."""
    spent: dict[str, list[float]] = defaultdict(list)
    lines = iter((data_dir / "postgres.log").read_text(errors="replace").splitlines())
    for line in lines:
        if found := _DURATION.search(line):
            words = line[found.end() :]
            while (more := next(lines, "")).startswith("\t"):
                words += more
            spent[re.sub(r"\s+", " ", words).strip()].append(float(found[1]))
    worst = sorted(spent.items(), key=lambda one: -sum(one[1]))[:12]
    yield f"Statements over {SLOW_MS} ms: {sum(len(took) for took in spent.values())}"
    for words, took in worst:
        yield f"- {len(took)} times, {_at(took, 0.5):.0f} ms at the median, {max(took):.0f} ms at most: `{words[:160]}`"
