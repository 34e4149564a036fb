"""
How long a change takes from the webhook's answer to whoever watches: 200 open lines, 200 alerts a second, one server.

Alerts are due at random moments (a Poisson process) and go over connections that stay open. Each is about one of 2,000
problems: the first of each opens an incident, later ones change it. The clock of an alert starts when its answer has
come, and stops at each line when a row comes that has counted it.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import httpx
import msgspec
import uvloop
from websockets.asyncio.client import ClientConnection, connect

from alertwhisperer.domain.user import Role
from alertwhisperer.store.embedded import EmbeddedServer
from bench import browsing, machine
from tests.places import open_place
from tests.server import HOST, Place, Sender, Server, bearer, house_of, new_company, new_sender, new_token, serving

COMPANIES = 20
LINES = 200
PER_S = 200.0
PROBLEMS = 2_000
PROBLEMS_OF_PAGE = 30
WARM_S = 5.0
"""Before it is measured: connections are made, incidents are opened, plans are ready."""

_CONNECTIONS = 16
_LATE_S = 3.0  # what has not come by then, after the last alert, is missing


class _Row(msgspec.Struct):
    assets: list[str]
    occurrence_count: int


class _Change(msgspec.Struct):
    company_id: str
    rows: list[_Row] | None = None


class _Message(msgspec.Struct):
    type: str
    changes: list[_Change] = []


@dataclass
class Alert:
    """One that was sent: the n-th of its problem."""

    company_id: str
    asset: str
    count: int
    answered_at: float = 0.0


@dataclass
class Watched:
    """
    What came of one run.

    Attributes:
        delays_ms: of each alert at each line that hears of its company.
        webhook_ms: what sending took.
        missing: alerts at lines where no row came that had counted them.
        asked_for: changes that came without rows.
    """

    delays_ms: list[float] = field(default_factory=list)
    webhook_ms: list[float] = field(default_factory=list)
    missing: int = 0
    asked_for: int = 0
    messages: int = 0
    bytes: int = 0
    seconds: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)
    alerts: list[Alert] = field(default_factory=list, repr=False)


@dataclass(frozen=True)
class Stage:
    """A server, its companies' tools, and tokens of those who watch."""

    place: Place
    data_dir: Path
    server: Server
    senders: Sequence[Sender]
    everything: str
    link: str = field(repr=False)
    few: Sequence[str]
    """Tokens of people who serve two companies each."""


def table(seconds: float) -> Iterator[str]:
    """The lines of the report, as Markdown: README.md keeps them."""
    with open_place("aw-bench-live-") as folder:
        data_dir = folder / "data"
        place = Place({"ALERTWHISPERER_DATA_DIR": str(data_dir), "ALERTWHISPERER_ENVIRONMENT": "production"})
        try:
            with serving(place) as server:
                stage = asyncio.run(_furnish(place, data_dir, server))
                yield from (f"{name}: {value}" for name, value in machine.describe(data_dir).items())
                yield ""
                yield "| who watches | changes seen | p50 | p95 | p99 | most | missing | server, PostgreSQL |"
                yield "|---|---|---|---|---|---|---|---|"
                for name, tokens in (
                    (f"{LINES} lines, two companies each", stage.few),
                    (f"{LINES} lines, all {COMPANIES} companies each", [stage.everything]),
                ):
                    yield from _lines_of(name, uvloop.run(watch(stage, tokens, seconds)))
                if reason := browsing.absent():
                    yield f"A page in a browser: left out, {reason}."
                else:
                    yield from _page_of(stage, seconds)
        finally:
            # The database outlives its last user by a moment, in which it would write into a folder being removed.
            asyncio.run(EmbeddedServer(data_dir).release(wait_s=30))


def _page_of(stage: Stage, seconds: float) -> Iterator[str]:
    """The list in a browser beside as many lines: few problems and critical ones, so that each row is on the page."""
    with browsing.page_of(stage.server.url, stage.link) as page:
        run = uvloop.run(watch(stage, stage.few, seconds, problems=PROBLEMS_OF_PAGE, severity="critical"))
        seen, offset = page.told(), time.time() - time.perf_counter()
    yield from _lines_of(f"{LINES} lines beside a page", run)
    delays, missing = [], 0
    for alert in run.alerts:
        at = next((moment for count, moment in seen.get(alert.asset, ()) if count >= alert.count), None)
        if at is None:
            missing += 1
        else:
            delays.append(max(0.0, at - offset - alert.answered_at) * 1e3)
    yield _row("the page itself, its row painted", delays, missing, "")


def _lines_of(name: str, run: Watched) -> Iterator[str]:
    spent = ", ".join(f"{part} {seconds / run.seconds:.0%}" for part, seconds in run.cpu.items())
    yield _row(name, run.delays_ms, run.missing, spent)
    yield (
        f"<!-- webhook p99 {_at(run.webhook_ms, 0.99):.0f} ms; {run.messages / run.seconds:,.0f} messages and "
        f"{run.bytes / run.seconds / 1e6:.1f} MB a second; {run.asked_for} changes without rows -->"
    )


def _row(name: str, delays_ms: list[float], missing: int, spent: str) -> str:
    points = " | ".join(f"{_at(delays_ms, share):.0f} ms" for share in (0.5, 0.95, 0.99, 1.0))
    return f"| {name} | {len(delays_ms):,} | {points} | {missing} | {spent} |"


def _at(values: list[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)] if values else 0.0


async def _furnish(place: Place, data_dir: Path, server: Server) -> Stage:
    async with house_of(place) as house:
        made = [await new_company(house, f"Company {number:02d}") for number in range(COMPANIES)]
        senders = [await new_sender(house, company.id, "native") for company in made]
        few = [
            await new_token(house, Role.TECHNICIAN, [made[at].id, made[(at + 1) % COMPANIES].id])
            for at in range(COMPANIES)
        ]
        everything = await new_token(house)
    return Stage(place, data_dir, server, senders, everything, await _link(server, everything), few)


async def _link(server: Server, token: str) -> str:
    """By which somebody who serves all companies chooses a password."""
    body = {"email": "watcher@example.org", "role": Role.MSP_ADMIN.value, "companies": []}
    async with httpx.AsyncClient(headers=bearer(token), trust_env=False) as client:
        answer = await client.post(f"{server.url}/api/users/invitations", json=body)
    return f"{server.url}/{answer.raise_for_status().json()['link'].split('/', 3)[3]}"


async def watch(
    stage: Stage,
    tokens: Sequence[str],
    seconds: float,
    *,
    lines: int = LINES,
    problems: int = PROBLEMS,
    severity: str = "high",
) -> Watched:
    """One run: lines are opened in turn for the tokens, then alerts are sent; delays are of those after the warm-up."""
    run = Watched()
    watchers = [_Watcher() for _ in range(lines)]
    address = stage.server.url.replace("http", "ws") + "/api/live?rows=1"
    async with asyncio.TaskGroup() as group:
        opened = [
            await connect(
                address,
                additional_headers=bearer(tokens[at % len(tokens)]),
                compression=None,
                proxy=None,
                max_size=None,
            )
            for at in range(lines)
        ]
        listening = [group.create_task(watcher.listen(line)) for watcher, line in zip(watchers, opened, strict=True)]
        mark = f"{time.time_ns():x}"[-8:]  # problems of this run alone
        await _Sending(stage, mark, problems, severity).send(WARM_S)
        run.cpu, began = _spent(stage), time.perf_counter()
        before = [(watcher.messages, watcher.bytes) for watcher in watchers]
        sending = _Sending(stage, mark + "m", problems, severity)
        await sending.send(seconds)
        run.seconds = time.perf_counter() - began
        run.cpu = {name: spent - run.cpu[name] for name, spent in _spent(stage).items()}
        run.messages = sum(watcher.messages - was[0] for watcher, was in zip(watchers, before, strict=True))
        run.bytes = sum(watcher.bytes - was[1] for watcher, was in zip(watchers, before, strict=True))
        await asyncio.sleep(_LATE_S)
        for task in listening:
            task.cancel()
        for line in opened:
            await line.close()
    run.webhook_ms, run.alerts = sending.took_ms, sending.alerts
    reach = _served(stage, tokens)
    for at, watcher in enumerate(watchers):
        run.asked_for += watcher.without_rows
        for alert in sending.alerts:
            if alert.company_id in reach[tokens[at % len(tokens)]]:
                seen_at = watcher.seen(alert)
                if seen_at is None:
                    run.missing += 1
                else:
                    # A row can be there before the answer to the webhook has been read.
                    run.delays_ms.append(max(0.0, seen_at - alert.answered_at) * 1e3)
    return run


def _served(stage: Stage, tokens: Sequence[str]) -> dict[str, set[str]]:
    """The companies that each token's person serves."""
    ids = [str(sender.company_id) for sender in stage.senders]
    if list(tokens) == [stage.everything]:
        return {stage.everything: set(ids)}
    return {token: {ids[at], ids[(at + 1) % COMPANIES]} for at, token in enumerate(stage.few)}


def _spent(stage: Stage) -> dict[str, float]:
    parts = {"server": stage.server.pid, "PostgreSQL": machine.postmaster(stage.data_dir)}
    return {name: machine.cpu_s([pid]) or 0.0 for name, pid in parts.items()}


class _Watcher:
    """One line: when it first had a row with each count of each problem."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], list[tuple[int, float]]] = defaultdict(list)
        self._decode = msgspec.json.Decoder(_Message).decode
        self.messages = self.bytes = self.without_rows = 0

    async def listen(self, line: ClientConnection) -> None:
        while True:
            text = await line.recv(decode=False)
            now = time.perf_counter()
            self.messages += 1
            self.bytes += len(text)
            for change in self._decode(text).changes:
                if change.rows is None:
                    self.without_rows += 1
                for row in change.rows or ():
                    self._seen[change.company_id, row.assets[0]].append((row.occurrence_count, now))

    def seen(self, alert: Alert) -> float | None:
        """When it was first told of a count that has this alert in it."""
        for count, at in self._seen.get((alert.company_id, alert.asset), ()):
            if count >= alert.count:
                return at
        return None


class _Sending:
    """Sends alerts at random moments and keeps when each was answered."""

    def __init__(self, stage: Stage, mark: str, problems: int, severity: str) -> None:
        self._stage = stage
        self._mark = mark
        self._problems = problems
        self._severity = severity
        self._random = Random(1)
        self._counts: dict[tuple[int, str], int] = defaultdict(int)
        self._due: asyncio.Queue[tuple[float, Sender, Alert] | None] = asyncio.Queue()
        self._busy: set[str] = set()
        self.alerts: list[Alert] = []
        self.took_ms: list[float] = []

    async def send(self, seconds: float) -> None:
        workers = [asyncio.create_task(self._work()) for _ in range(_CONNECTIONS)]
        began, due = time.perf_counter(), 0.0
        while (due := due + self._random.expovariate(PER_S)) < seconds:
            await asyncio.sleep(max(0.0, began + due - time.perf_counter()))
            self._due.put_nowait(self._next(began + due))
        for _ in workers:
            self._due.put_nowait(None)
        await asyncio.gather(*workers)

    def _next(self, due: float) -> tuple[float, Sender, Alert]:
        # Two of one problem under way at once could be counted in the other order; the second goes to another problem.
        while True:
            at = self._random.randrange(self._problems)
            asset = f"{self._mark}-{at}"
            if asset not in self._busy:
                break
        sender = self._stage.senders[at % COMPANIES]
        self._busy.add(asset)
        self._counts[at, asset] += 1
        return due, sender, Alert(str(sender.company_id), asset, self._counts[at, asset])

    async def _work(self) -> None:
        reader, writer = await asyncio.open_connection(HOST, self._stage.server.port)
        while (asked := await self._due.get()) is not None:
            due, sender, alert = asked
            told = {"asset": alert.asset, "signature": "Disk", "severity": self._severity, "kind": "firing"}
            body = json.dumps({"occurrences": [{**told, "message": f"said {alert.count} times"}]}).encode()
            head = f"POST {sender.path} HTTP/1.1\r\nHost: {HOST}\r\nX-API-Key: {sender.api_key}\r\n"
            writer.write(f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.partition(b":")[2]))
            assert answer.startswith(b"HTTP/1.1 202"), answer[:200]
            alert.answered_at = time.perf_counter()
            self.took_ms.append((alert.answered_at - due) * 1e3)
            self.alerts.append(alert)
            self._busy.discard(alert.asset)
        writer.close()
