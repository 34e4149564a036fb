"""The door to the embedded PostgreSQL for a process that needs a database."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

import asyncpg

from alertwhisperer.store.embedded.account import check_reachable, choose_account, plain_environment
from alertwhisperer.store.embedded.binaries import choose_binaries
from alertwhisperer.store.embedded.cluster import DATABASE, OWNER, read_password
from alertwhisperer.store.embedded.errors import EmbeddedServerError
from alertwhisperer.store.embedded.layout import PORT, Layout, Lock, is_locked

LOOK_S = 0.03  # between two tries to take a lock or to connect

# The server is on its way up or down, or was not there at this moment; anything else is a mistake of ours.
NOT_YET = (OSError, TimeoutError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError)


@dataclass(frozen=True)
class Endpoint:
    """Where the embedded server listens, and the account that owns everything in it."""

    socket_dir: Path
    port: int
    database: str
    owner: str
    owner_password: str = field(repr=False)

    def dsn(self, user: str | None = None, password: str | None = None) -> str:
        """
        A DSN for asyncpg (and libpq); it carries the password, so it belongs into no log.

        Args:
            user: a role of the database; the owner when None.
            password: that role's; the owner's when no user is named, none when a user is named without one.
        """
        if user is None:
            user, password = self.owner, password or self.owner_password
        login = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
        place = urlencode({"host": str(self.socket_dir), "port": self.port}, quote_via=quote)
        return f"postgresql://{login}@/{quote(self.database, safe='')}?{place}"


class EmbeddedServer:
    """
    One process's use of the embedded server of a data folder.

    Any number of processes may use one folder. The server runs from the first `start` to about two seconds after the
    last process has released it or died.
    """

    def __init__(self, data_dir: Path) -> None:
        self._layout = Layout.of(data_dir)
        self._use = Lock(self._layout.users_lock)
        self._is_checked = False

    async def start(self, *, timeout_s: float = 60) -> Endpoint:
        """
        See that the server answers, starting it when nobody has, and keep it for this process until `release`.

        May be called again at any time, from any number of tasks and processes.

        Raises:
            EmbeddedServerError: it cannot run here, with the mend; or it did not answer within `timeout_s`.
        """
        deadline = time.monotonic() + timeout_s
        if not self._is_checked:
            await asyncio.to_thread(self._check)
            self._is_checked = True
        while not self._use.try_take(shared=True):
            await self._rest(deadline, "an earlier one is still shutting down")
        try:
            return await self._reach(deadline)
        except BaseException:
            self._use.give_back()
            raise

    async def ensure(self, *, timeout_s: float = 60) -> Endpoint:
        """
        The same as `start`, named for a connection pool whose connect has failed: a dead server is being restarted,
        and a killed keeper is replaced.

        The use of this process goes on even when it raises.
        """
        if not self._use.is_held:
            return await self.start(timeout_s=timeout_s)
        return await self._reach(time.monotonic() + timeout_s)

    async def release(self, *, wait_s: float = 0) -> None:
        """
        This process no longer needs the server; harmless when it never did.

        Args:
            wait_s: how long to wait for the server to stop, when no one else uses it. 0 leaves that to the keeper.
                A process that is the first of a container (pid 1) must wait, since all others end with it.
        """
        self._use.give_back()
        deadline = time.monotonic() + wait_s
        # Another process sets no asyncio.Event of ours.
        while time.monotonic() < deadline and self._has_keeper():  # noqa: ASYNC110
            await asyncio.sleep(LOOK_S)

    def _has_keeper(self) -> bool:
        return self._layout.data_dir.is_dir() and is_locked(self._layout.keeper_lock)

    def _check(self) -> None:
        """Find out here, where a person reads the answer, what would stop the keeper; and make the data folder."""
        layout = self._layout
        if not layout.data_dir.is_dir():
            try:
                _make_data_dir(layout.data_dir)
            except OSError as error:
                raise EmbeddedServerError(
                    f"The data folder {layout.data_dir} cannot be made: {error.strerror}.",
                    mend="Name another with --data-dir or ALERTWHISPERER_DATA_DIR.",
                ) from error
        if not os.access(layout.data_dir, os.W_OK | os.X_OK):
            raise EmbeddedServerError(
                f"The data folder {layout.data_dir} is not writable for this account.",
                mend="Run as the account that owns it, or name another with --data-dir or ALERTWHISPERER_DATA_DIR.",
            )
        account = choose_account(layout)
        check_reachable(layout, account)
        choose_binaries(layout.cluster, account)

    async def _reach(self, deadline: float) -> Endpoint:
        """Connect, putting a keeper in place whenever there is none."""
        launched = False
        while True:
            if not is_locked(self._layout.keeper_lock):
                if launched and self._layout.failure.is_file():
                    raise EmbeddedServerError(self._layout.failure.read_text(encoding="utf-8"))
                launched = await self._launch_keeper() or launched
            trouble = "its keeper is starting"
            try:
                endpoint = await self._try_connect()
            except NOT_YET as error:
                trouble = f"{type(error).__name__}: {error}"
            except asyncpg.InvalidPasswordError as error:
                raise EmbeddedServerError(
                    f"The database does not accept the password in {self._layout.password_file}.",
                    mend="Put the data folder and this file back from one and the same backup.",
                ) from error
            else:
                return endpoint
            await self._rest(deadline, trouble)

    async def _launch_keeper(self) -> bool:
        """Start a keeper unless another process is about to; True when one was started."""
        turn = Lock(self._layout.start_lock)
        if not turn.try_take():
            return False
        try:
            if is_locked(self._layout.keeper_lock):
                return False
            self._layout.failure.unlink(missing_ok=True)
            command = [sys.executable, "-P", "-m", "alertwhisperer.store.embedded.keeper", str(self._layout.data_dir)]
            # Not asyncio's subprocess: it needs a child watcher, which a caller's event loop may not offer.
            launched = await asyncio.to_thread(
                subprocess.run,
                command,
                env=plain_environment(),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
        finally:
            turn.give_back()
        if launched.returncode > 0:  # below 0: killed, which the next round mends
            last = (launched.stderr.strip() or f"exit {launched.returncode}").splitlines()[-1]
            raise EmbeddedServerError(f"The keeper of the embedded PostgreSQL does not start: {last}")
        return launched.returncode == 0

    async def _try_connect(self) -> Endpoint:
        endpoint = Endpoint(
            socket_dir=self._layout.read_socket_dir(),
            port=PORT,
            database=DATABASE,
            owner=OWNER,
            owner_password=read_password(self._layout),
        )
        connection = await asyncpg.connect(endpoint.dsn(), timeout=5)
        await connection.close(timeout=5)
        return endpoint

    async def _rest(self, deadline: float, trouble: str) -> None:
        if time.monotonic() > deadline:
            raise EmbeddedServerError(
                f"The embedded PostgreSQL does not answer ({trouble}).", mend=f"Its log: {self._layout.log}"
            )
        await asyncio.sleep(LOOK_S)


def _make_data_dir(folder: Path) -> None:
    """Make it with its rights in one step, since another process may be making it too."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    # As root, PostgreSQL's account must pass through it; what is secret in it is closed by itself.
    fresh.chmod(0o711 if os.geteuid() == 0 else 0o700)
    try:
        fresh.rename(folder)  # takes the place of an empty folder only
    except OSError:
        fresh.rmdir()
        if not folder.is_dir():
            raise
