"""
A second PostgreSQL for the storage suites, older than the embedded one: what is stored must not hang on one version.

Named by ALERTWHISPERER_TEST_SERVER_URL (a DSN of an owner who may create databases and roles), or answering on
loopback to everybody, or installed on the machine and started here for as long as it is used.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from alertwhisperer.store.embedded.account import Account, choose_account, plain_environment
from alertwhisperer.store.embedded.binaries import Binaries, find_binaries
from alertwhisperer.store.embedded.layout import Layout
from tests.places import in_memory, open_place
from tests.server import HOST, free_port

ON_LOOPBACK = f"postgresql://postgres@{HOST}/postgres"
ABSENT = "no PostgreSQL beside the embedded one; `make services` installs it, ALERTWHISPERER_TEST_SERVER_URL names one"
_PATIENCE_S = 60


@contextmanager
def second_server() -> Iterator[str | None]:
    """The DSN of its owner; None when there is none."""
    named = os.environ.get("ALERTWHISPERER_TEST_SERVER_URL", "")
    installed = None if named or version_of(ON_LOOPBACK) else _oldest_installed()
    if installed is None:
        url = named or ON_LOOPBACK
        yield url if version_of(url) else None
        return
    with open_place("aw-pg-", within=in_memory()) as place, _started(installed, place) as url:
        yield url


def version_of(url: str) -> str:
    """The version that answers there; empty when none does, or not to an owner."""
    return asyncio.run(_version_of(url))


async def _version_of(url: str) -> str:
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return ""
    try:
        is_owner = await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        return str(await connection.fetchval("SHOW server_version")) if is_owner else ""
    finally:
        await connection.close()


def _oldest_installed() -> Binaries | None:
    return next((one for one in reversed(list(find_binaries())) if not one.is_wheel), None)


@contextmanager
def _started(binaries: Binaries, place: Path) -> Iterator[str]:
    """A cluster of its own in a folder, stopped at the end; as root it runs as the account of the embedded one."""
    account = choose_account(Layout.of(place / "data"))
    cluster, port = place / "cluster", free_port()
    cluster.mkdir(mode=0o700)
    account.own(cluster)
    _run(
        account,
        [str(binaries.initdb), "-D", str(cluster), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale"],
    )
    settings = {"listen_addresses": HOST, "port": str(port), "unix_socket_directories": str(cluster)}
    words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    process = subprocess.Popen(
        [str(binaries.postgres), "-D", str(cluster), *words],
        env=plain_environment(),
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **account.credentials(),
    )
    url = f"postgresql://postgres@{HOST}:{port}/postgres"
    try:
        deadline = time.monotonic() + _PATIENCE_S
        while not version_of(url):
            assert process.poll() is None, "the second PostgreSQL ended at once"
            assert time.monotonic() < deadline, "the second PostgreSQL does not answer"
            time.sleep(0.1)
        yield url
    finally:
        process.send_signal(signal.SIGINT)  # fast shutdown
        process.wait(_PATIENCE_S)


def _run(account: Account, command: list[str]) -> None:
    subprocess.run(
        command, env=plain_environment(), cwd="/", stdout=subprocess.DEVNULL, check=True, **account.credentials()
    )
