"""
The real server as a process of its own on a free loopback port, and the house behind it opened in the test's process.

A `Place` says where a server keeps its things: on a migrated database (quick, several servers may share one) or in a
data folder with an embedded PostgreSQL of its own. `serving(place)` starts and stops a server there; `house_of(place)`
opens the same data in this process, to add companies and people or to look at what was stored.
"""

from __future__ import annotations

import hmac
import os
import random
import signal
import socket
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from alertwhisperer.app.build import House, open_house
from alertwhisperer.app.settings import load
from alertwhisperer.domain.company import INSTALLATION, Company, CompanyId, Scope
from alertwhisperer.domain.company_setting import MOST_BYTES_PER_MINUTE, MOST_PER_MINUTE
from alertwhisperer.domain.integration import Scheme
from alertwhisperer.domain.user import Role
from alertwhisperer.guard.companies import add_company, set_company
from alertwhisperer.guard.people import add_user
from alertwhisperer.guard.tokens import add_token
from alertwhisperer.ingest.integrations import NewIntegration, add_integration
from alertwhisperer.store.embedded import EmbeddedServer
from tests.database import Migrated, run_apart
from tests.recording import keep_rows, records

MASTER = b"a master secret of 32 bytes only"
"""Of every server and house here; the `vault` fixture has the same."""

HOST = "127.0.0.1"
_PROGRAM = Path(sysconfig.get_path("scripts")) / "alertwhisperer"
_POLL_S = 0.05
_PORTS = range(20_000, 32_000)
_TRIES = 200
_claims: list[socket.socket] = []  # open until this process ends
_LOG_TAIL = 4_000  # characters of the log that a failed start shows


@dataclass(frozen=True, slots=True)
class Place:
    """Where servers keep their things, as the environment that says so."""

    environ: Mapping[str, str] = field(repr=False)


def on_database(migrated: Migrated) -> Place:
    """
    A place on a database that is there already.

    The application's role is given and not made anew: all databases of a test server share it, with its password.
    """
    return _place({"DATABASE_URL": migrated.owner_dsn, "DATABASE_APP_URL": migrated.app_dsn})


def in_folder(data_dir: Path) -> Place:
    """A place with an embedded PostgreSQL; the folder is best one of `tests.places.open_place`."""
    return _place({"ALERTWHISPERER_DATA_DIR": str(data_dir)})


def _place(own: Mapping[str, str]) -> Place:
    beside = {} if "ALERTWHISPERER_DATA_DIR" in own else _outside(own["DATABASE_URL"])
    return Place({"ALERTWHISPERER_SECRET_KEY": MASTER.hex(), "ALERTWHISPERER_ENVIRONMENT": "test", **beside, **own})


def _outside(dsn: str) -> dict[str, str]:
    """What lies beside a data folder otherwise: the key of the audit log's checkpoints, and the checkpoints."""
    folder = Path(tempfile.gettempdir()) / f"aw-checkpoints-{urlsplit(dsn).path.removeprefix('/')}"
    return {"ALERTWHISPERER_AUDIT_KEY": MASTER.hex(), "ALERTWHISPERER_AUDIT_WITNESSES": f"file:{folder}"}


class Server:
    """
    A server process.

    Args:
        port: to listen on; a free one when None. After a kill the same port serves the same clients again.
        environ: settings over the place's, such as ALERTWHISPERER_LANES.
    """

    def __init__(self, place: Place, *, port: int | None = None, environ: Mapping[str, str] | None = None) -> None:
        self.place = place
        self.port = port or free_port()
        self.url = f"http://{HOST}:{self.port}"
        self._environ = dict(environ or {})
        self._process: subprocess.Popen[bytes] | None = None
        handle, name = tempfile.mkstemp(prefix="aw-server-", suffix=".log")
        os.close(handle)
        self.log = Path(name)

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    def start(self, *, deadline_s: float = 60) -> Server:
        """
        Start it and wait until it is ready.

        Raises:
            AssertionError: it ended, or was not ready in time; shows the end of its log.
        """
        assert not self.is_running
        command = [str(_PROGRAM), "serve", "--host", HOST, "--port", str(self.port)]
        # None of our own environment's settings may leak in: they would point at somebody's real data.
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("ALERTWHISPERER_", "DATABASE_"))
        }
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env={**inherited, **self.place.environ, **self._environ},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C in the terminal ends the tests, which then end the server
            )
        try:
            self._await_ready(time.monotonic() + deadline_s)
        except BaseException:
            self.kill()
            raise
        return self

    def _await_ready(self, deadline: float) -> None:
        while time.monotonic() < deadline:
            assert self.is_running, f"the server ended at once:\n{self.log_tail()}"
            try:
                if httpx.get(f"{self.url}/health/ready", timeout=5, trust_env=False).status_code == 200:
                    return
            except httpx.TransportError:
                pass  # it does not listen yet
            time.sleep(_POLL_S)
        raise AssertionError(f"the server was not ready in time:\n{self.log_tail()}")

    def stop(self, *, deadline_s: float = 30) -> int:
        """Ask it to end (SIGTERM) and wait; answers its exit code. It is killed when it does not."""
        folder = self.place.environ.get("ALERTWHISPERER_DATA_DIR")
        if folder is not None and records() is not None and self.is_running:
            run_apart(_keep_rows_of(Path(folder)))
        return self._end(signal.SIGTERM, deadline_s)

    def kill(self) -> None:
        """End it at once (SIGKILL), as a crash would."""
        self._end(signal.SIGKILL, 30)

    def _end(self, by: signal.Signals, deadline_s: float) -> int:
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(by)
        try:
            return self._process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait(30)

    def log_tail(self) -> str:
        """The end of what it printed."""
        return self.log.read_text(errors="replace")[-_LOG_TAIL:]

    def forget_log(self) -> None:
        """Remove its log file."""
        self.log.unlink(missing_ok=True)


async def _keep_rows_of(data_dir: Path) -> None:
    embedded = EmbeddedServer(data_dir)
    try:
        await keep_rows((await embedded.start()).dsn())
    finally:
        await embedded.release()


@contextmanager
def serving(place: Place, *, port: int | None = None, environ: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A running, ready server, stopped when the block ends; see `Server`."""
    server = Server(place, port=port, environ=environ)
    try:
        yield server.start()
    finally:
        server.stop()
        server.forget_log()


def free_port() -> int:
    """
    A loopback port that nothing listens on, and that is ours until this process ends.

    No other process of the tests is given it meanwhile: each keeps the UDP port of the same number, which nobody else
    wants. It lies below those that systems give to outgoing connections, so none of them takes it while our server
    is away, and low enough for Zabbix.
    """
    for _ in range(_TRIES):
        port = random.choice(_PORTS)
        claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            claim.bind((HOST, port))
            with socket.socket() as trial:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as a server: TIME_WAIT hinders none
                trial.bind((HOST, port))
        except OSError:
            claim.close()
        else:
            _claims.append(claim)
            return port
    raise AssertionError(f"no free port from {_PORTS.start} to {_PORTS.stop}")


@asynccontextmanager
async def house_of(place: Place, *, connections: int = 4) -> AsyncIterator[House]:
    """The house that servers of the place share, opened in this process and event loop."""
    async with open_house(load(place.environ), connections=connections) as house:
        yield house


# ------------------------------------------------------------------------------------------------ who sends, who looks


@dataclass(frozen=True, slots=True)
class Sender:
    """A tool of a company: what it needs to send."""

    company_id: CompanyId
    integration_id: str
    source: str
    api_key: str = field(repr=False)
    hmac_secret: str = field(repr=False)

    @property
    def path(self) -> str:
        """Of its webhook."""
        return f"/api/webhooks/{self.source}"

    def headers(self, body: bytes, *, delivery_id: str | None = None, at: float | None = None) -> dict[str, str]:
        """Headers of a signed request (our own scheme)."""
        return {"X-API-Key": self.api_key, **sign(self.hmac_secret, body, delivery_id=delivery_id, at=at)}


def sign(secret: str, body: bytes, *, delivery_id: str | None = None, at: float | None = None) -> dict[str, str]:
    """
    What makes a request a signed one.

    Args:
        at: seconds since 1970; now when None.
    """
    timestamp = f"{int(time.time() if at is None else at):010d}"
    head = f"{timestamp}." if delivery_id is None else f"{timestamp}.{delivery_id}."
    signature = hmac.digest(secret.encode(), head.encode() + body, "sha256").hex()
    named = {} if delivery_id is None else {"X-Delivery-Id": delivery_id}
    return {"X-Timestamp": timestamp, "X-Signature": f"sha256={signature}", **named}


async def new_company(
    house: House,
    name: str = "Acme",
    *,
    requests_per_minute: int = MOST_PER_MINUTE,
    occurrences_per_minute: int = MOST_PER_MINUTE,
    bytes_per_minute: int = MOST_BYTES_PER_MINUTE,
) -> Company:
    """A company; without limits unless they are given, since few tests are about them."""
    now = house.clock.now()
    company = await add_company(house.database, Scope(INSTALLATION, "test"), name, now=now)
    return await set_company(
        house.database,
        Scope(company.id, "test"),
        requests_per_minute=requests_per_minute,
        occurrences_per_minute=occurrences_per_minute,
        bytes_per_minute=bytes_per_minute,
        now=now,
    )


async def new_sender(
    house: House,
    company_id: CompanyId,
    source: str = "prometheus",
    *,
    require_signature: bool = False,
    scheme: Scheme = "alertwhisperer",
    settings: Mapping[str, object] | None = None,
    name: str | None = None,
) -> Sender:
    """An integration of a company, with its key and secret."""
    made: NewIntegration = await add_integration(
        house.database,
        house.vault,
        house.sources,
        Scope(company_id, "test"),
        source=source,
        name=name or f"{source} {uuid4().hex[:8]}",
        require_signature=require_signature,
        scheme=scheme,
        settings=dict(settings or {}),
        now=house.clock.now(),
    )
    return Sender(company_id, str(made.integration.id), source, made.api_key, made.hmac_secret)


async def new_token(
    house: House, role: Role = Role.MSP_ADMIN, companies: Sequence[CompanyId] = (), *, email: str | None = None
) -> str:
    """A person's bearer token for the API; somebody whom no other test knows unless an e-mail is given."""
    now: datetime = house.clock.now()
    email = email or f"{uuid4().hex}@example.org"
    user = await add_user(house.database, Scope(INSTALLATION, "test"), email, role, list(companies), now=now)
    return (await add_token(house.database, house.vault, Scope(INSTALLATION, "test"), user.email, now=now)).token


def bearer(token: str) -> dict[str, str]:
    """The header that shows a token."""
    return {"Authorization": f"Bearer {token}"}
