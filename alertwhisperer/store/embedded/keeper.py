"""
The keeper: one detached process per data folder that owns PostgreSQL as its child.

`serve` and commands come, go and are killed; the database must survive each of them, and must not survive the last.
So none of them owns it. Each holds a shared lock (`Layout.users_lock`) as long as it lives; the keeper restarts
PostgreSQL when it dies, and stops it, then itself, when nobody has held that lock for `GRACE_S`.

    python -m alertwhisperer.store.embedded.keeper DATA_DIR
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from alertwhisperer.store.embedded.account import Account, check_reachable, choose_account
from alertwhisperer.store.embedded.binaries import Binaries, choose_binaries
from alertwhisperer.store.embedded.cluster import ensure_cluster, ensure_socket_dir, find_leftovers, launch
from alertwhisperer.store.embedded.errors import EmbeddedServerError
from alertwhisperer.store.embedded.layout import Layout, Lock, write_whole

GRACE_S = 2.0  # long enough for a script of commands in a row to find the server still up
LOOK_S = 0.2  # how often the users' lock is tried; a dead child wakes the keeper at once
LONGEST_WAIT_S = 5.0  # between two starts of a PostgreSQL that keeps dying
PATIENCE_S = 5.0  # with leftovers of a dead PostgreSQL, before they are killed
FAST_SHUTDOWN_S = 60.0  # its last checkpoint may have a lot to write
KEEPER_LOCK_S = 1.0  # whoever looks whether there is a keeper holds its lock for an instant
LARGEST_LOG_BYTES = 10_000_000


def main() -> int:
    """Become a daemon and keep; returns (in the daemon: exits) with 0 after a regular end."""
    layout = Layout.of(Path(sys.argv[1]))
    reader, writer = os.pipe()
    if os.fork() != 0:
        # The caller waits for us: until the child, which is nobody's, holds the lock or has given up.
        os.close(writer)
        os.read(reader, 1)
        return 0
    os.close(reader)
    os.setsid()
    _take_over_log(layout)
    lock = Lock(layout.keeper_lock)
    if not _take(lock, deadline=time.monotonic() + KEEPER_LOCK_S):
        _say("another keeper is at work; leaving it to that one")
        return 0
    os.close(writer)
    try:
        layout.failure.unlink(missing_ok=True)
        account = choose_account(layout)
        check_reachable(layout, account)
        binaries = choose_binaries(layout.cluster, account)
        _say(f"keeping {layout.cluster}")
        ensure_cluster(layout, binaries, account)
        Keeper(layout, binaries, account).keep()
    except (EmbeddedServerError, OSError) as error:
        _say(f"giving up: {error}")
        write_whole(layout.failure, str(error))  # for the one who waits; it is read by `EmbeddedServer`
        return 1
    return 0


class Keeper:
    """Keeps PostgreSQL running while somebody uses it. Made with the keeper's lock held and the cluster in place."""

    def __init__(self, layout: Layout, binaries: Binaries, account: Account) -> None:
        self._layout = layout
        self._binaries = binaries
        self._account = account
        self._users = Lock(layout.users_lock)
        self._grace_s = GRACE_S
        self._wake_up, wake_end = os.pipe()
        os.set_blocking(self._wake_up, False)
        os.set_blocking(wake_end, False)
        signal.set_wakeup_fd(wake_end, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._hurry)

    def keep(self) -> None:
        """Run until nobody has used the server for the time of grace; the users' lock is ours when it returns."""
        socket_dir = ensure_socket_dir(self._layout, self._account)
        failures = 0
        while True:
            self._clear_leftovers()
            started = time.monotonic()
            child = launch(self._layout, self._binaries, self._account, socket_dir)
            _say(f"PostgreSQL {self._binaries.version} started as process {child.pid} ({self._account.name})")
            if self._watch(child):
                self._stop(child)
                return
            failures = 1 if time.monotonic() - started > LONGEST_WAIT_S else failures + 1
            wait_s = min(LONGEST_WAIT_S, 0.05 * 2**failures)
            _say(f"PostgreSQL ended by itself ({child.returncode}); starting it again in {wait_s:.1f} s")
            if self._wait_unused(wait_s):
                return

    def _watch(self, child: subprocess.Popen[bytes]) -> bool:
        """Wait; True when nobody needs the server any more, False when it has ended by itself."""
        last_used = time.monotonic()
        while child.poll() is None:
            if not self._users.try_take():
                last_used = time.monotonic()
            elif time.monotonic() - last_used >= self._grace_s:
                return True  # the lock stays ours: who comes now waits until we are gone, then starts the next keeper
            else:
                self._users.give_back()
            self._rest(LOOK_S)
        return False

    def _wait_unused(self, wait_s: float) -> bool:
        """Wait between two starts; True when nobody is left who would want one."""
        end = time.monotonic() + wait_s
        unused = self._users.try_take()
        while not unused and time.monotonic() < end:
            self._rest(min(LOOK_S, max(0.0, end - time.monotonic())))
            unused = self._users.try_take()
        return unused

    def _stop(self, child: subprocess.Popen[bytes]) -> None:
        _say("nobody uses PostgreSQL any more: stopping it")
        for number, patience_s in ((signal.SIGINT, FAST_SHUTDOWN_S), (signal.SIGQUIT, PATIENCE_S)):
            child.send_signal(number)
            try:
                child.wait(patience_s)
                return
            except subprocess.TimeoutExpired:
                _say(f"PostgreSQL is still there {patience_s:.0f} s after signal {number}")
        child.kill()
        child.wait()

    def _clear_leftovers(self) -> None:
        """
        See that no process of an earlier PostgreSQL is in the cluster: a new one would refuse to start beside it.

        A postmaster whose keeper died is already shutting down; backends whose postmaster was killed end by themselves
        within moments. Who has not gone after `PATIENCE_S` is asked to, then made to: only SIGKILL loses nothing here
        that was committed, and the lock says that no other keeper can own them.
        """
        begun = time.monotonic()
        while leftovers := list(find_leftovers(self._layout)):
            waited = time.monotonic() - begun
            number = signal.SIGINT if waited < PATIENCE_S else signal.SIGQUIT
            if waited > 2 * PATIENCE_S:
                number = signal.SIGKILL
            if waited > 1:
                _say(f"signal {number} to what an earlier PostgreSQL left behind: {leftovers}")
                for pid in leftovers:
                    _signal(pid, number)
            self._rest(0.05 if waited < 1 else 0.5)

    def _rest(self, longest_s: float) -> None:
        """Sleep, or until a signal arrives (a child that ends sends one)."""
        if select.select([self._wake_up], [], [], longest_s)[0]:
            os.read(self._wake_up, 4096)

    def _hurry(self, *_: object) -> None:
        # The machine or a service manager wants to end everything. Users may still be writing their last words, and
        # are being ended as well: so we do not leave before them, only without grace after the last.
        self._grace_s = 0.0


def _take(lock: Lock, *, deadline: float) -> bool:
    while not lock.try_take():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _take_over_log(layout: Layout) -> None:
    """Put standard output and error into the log, which starts anew when it has grown large; keep one older."""
    try:
        if layout.log.stat().st_size > LARGEST_LOG_BYTES:
            layout.log.replace(layout.log.with_name(f"{layout.log.name}.1"))
    except FileNotFoundError:
        pass
    log = os.open(layout.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(nothing)
    os.close(log)


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass  # it has gone by itself


def _say(text: str) -> None:
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f} UTC [keeper {os.getpid()}] {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
