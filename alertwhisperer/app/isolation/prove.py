"""The proof itself: scratch database, server, two companies, every wall; gives what was tried and found."""

import asyncio
import os
import secrets
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx

from alertwhisperer.app.build import House, open_house
from alertwhisperer.app.isolation import database as wall
from alertwhisperer.app.isolation import doors, sides
from alertwhisperer.app.isolation.report import Finding, Proof
from alertwhisperer.app.isolation.sides import Side
from alertwhisperer.app.settings import Settings
from alertwhisperer.domain.errors import Permanent
from alertwhisperer.store.migrate import connect_app, connect_owner, scratch_database

FORMAT = "alertwhisperer-isolation-proof/1"

_READY_S = 60.0
_LOOK_S = 0.1

Told = Callable[[str], None]


async def prove(house: House, told: Told = lambda _: None) -> Proof:
    """
    Prove that two companies on this server, with this code, have nothing of each other.

    Args:
        told: hears how far it is.

    Raises:
        Permanent: the owner may not make a database, or the scratch server does not start.
    """
    name = f"alertwhisperer_proof_{secrets.token_hex(4)}"
    async with scratch_database(house.owner_dsn, name):
        owner_dsn, app_dsn = _named(house.owner_dsn, name), _named(house.database.dsn, name)
        with tempfile.TemporaryDirectory(prefix="aw-proof-") as folder:
            settings = _scratch_settings(house.settings, owner_dsn, app_dsn, Path(folder))
            told("A scratch database is made; two companies move in.")
            async with open_house(settings) as scratch:
                return await _prove_in(house, scratch, Path(folder) / "server.log", told)


async def _prove_in(house: House, scratch: House, log: Path, told: Told) -> Proof:
    async with (
        _serving(scratch.settings, log) as url,
        httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as client,
        connect_owner(scratch.owner_dsn) as owner,
        connect_app(scratch.database.dsn) as app,
        connect_owner(house.owner_dsn) as real,
    ):
        begun = [await sides.begin(scratch) for _ in range(2)]
        for one in begun:
            await sides.fill(client, one)
        own, other = [await sides.finish(owner, one) for one in begun]
        told("Every door is walked, as each of the one's people.")
        walked = await doors.walk(client, own, other)
        findings = list(walked.findings)
        findings += await _exports(client, own, other)
        told("Every table is asked, past the code.")
        tables, seen = await wall.rows_seen(app, own, other)
        policies, differing = await wall.policies_differ(real, owner)
    lines, logged = _search_log(log, (own, other))
    return Proof(
        format=FORMAT,
        version=metadata.version("alertwhisperer"),
        at=house.clock.now(),
        doors=walked.doors,
        opened=walked.opened,
        requests=walked.requests,
        people=tuple(role.value for role in own.tokens),
        tables=tables,
        policies=policies,
        log_lines=lines,
        findings=(*findings, *seen, *differing, *logged),
    )


async def _exports(client: httpx.AsyncClient, own: Side, other: Side) -> list[Finding]:
    """What a company can take away as files."""
    findings = []
    for form in ("jsonl", "csv"):
        path = f"/api/companies/{own.company_id}/audit/export"
        for token in own.tokens.values():
            answer = await client.get(path, params={"format": form}, headers={"Authorization": f"Bearer {token}"})
            if other.canary in answer.text or any(one in answer.text for one in other.all_ids):
                findings.append(Finding("export", f"audit as {form}", "shows something of the other company"))
    return findings


def _search_log(log: Path, both: tuple[Side, Side]) -> tuple[int, list[Finding]]:
    """A log is read by people of no company: nobody's words may stand in it."""
    lines = log.read_text(errors="replace").splitlines()
    findings = [
        Finding("log", f"line {number}", "holds a company's own words")
        for number, line in enumerate(lines, start=1)
        if any(side.canary in line for side in both)
    ]
    return len(lines), findings


@asynccontextmanager
async def _serving(settings: Settings, log: Path) -> AsyncIterator[str]:
    """A server on the scratch database, as a process of its own; ends with the block."""
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith(("ALERTWHISPERER_", "DATABASE_"))
    }
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "from alertwhisperer.cli.main import app; app()",
            "serve",
            env={**environ, **_environ(settings)},
            stdout=output,
            stderr=output,
        )
        try:
            await _ready(process, settings.url, log)
            yield settings.url
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()


async def _ready(process: asyncio.subprocess.Process, url: str, log: Path) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        for _ in range(int(_READY_S / _LOOK_S)):
            if process.returncode is not None:
                break
            try:
                if (await client.get(f"{url}/health/ready")).status_code == 200:
                    return
            except httpx.TransportError:
                pass  # it does not listen yet
            await asyncio.sleep(_LOOK_S)
    raise Permanent(f"the scratch server did not start: {_end_of(log)}")


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-500:]


def _scratch_settings(settings: Settings, owner_dsn: str, app_dsn: str, folder: Path) -> Settings:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
    return replace(
        settings,
        database_url=owner_dsn,
        database_app_url=app_dsn,
        data_dir=folder / "data",
        host="127.0.0.1",
        port=port,
        public_url="",
        secret_key=secrets.token_hex(32),
        former_secret_keys="",
        audit_key=secrets.token_hex(32),
        audit_witnesses=(f"file:{folder / 'checkpoints'}",),
        log_level="info",
    )


def _environ(settings: Settings) -> dict[str, str]:
    return {
        "DATABASE_URL": settings.database_url,
        "DATABASE_APP_URL": settings.database_app_url,
        "ALERTWHISPERER_DATA_DIR": str(settings.data_dir),
        "ALERTWHISPERER_HOST": settings.host,
        "ALERTWHISPERER_PORT": str(settings.port),
        "ALERTWHISPERER_SECRET_KEY": settings.secret_key,
        "ALERTWHISPERER_AUDIT_KEY": settings.audit_key,
        "ALERTWHISPERER_AUDIT_WITNESSES": ",".join(settings.audit_witnesses),
        "ALERTWHISPERER_ENVIRONMENT": settings.environment,
    }


def _named(dsn: str, name: str) -> str:
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))
