"""How a PostgreSQL cluster of ours is made, set up and launched. Nothing here supervises: that is the keeper's duty."""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from alertwhisperer.store.embedded.account import Account, plain_environment
from alertwhisperer.store.embedded.binaries import Binaries
from alertwhisperer.store.embedded.errors import EmbeddedServerError
from alertwhisperer.store.embedded.layout import PORT, Layout, sync_folder, write_whole

OWNER = "alertwhisperer"
DATABASE = "alertwhisperer"

# fsync, full_page_writes and synchronous_commit are not here: their defaults (on) are our promise.
SETTINGS = {
    "listen_addresses": "",  # no TCP: whoever can reach the socket folder is on this machine and of our account
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "max_connections": "60",  # two server processes with 20 each, and room for commands
    "shared_buffers": "256MB",  # a small machine; who needs more runs a server of his own (DATABASE_URL)
    "max_wal_size": "2GB",  # with the next: fewer checkpoints, so fewer full pages in the log during a storm
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",  # solid-state disks
    "jit": "off",  # our statements are short: compiling them costs more than it saves
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",  # the keeper and the tests read the log
    "log_line_prefix": "%m [%p] ",
    # What a failing statement says can carry an alert's text, and its caller hears it anyway: it goes into no file.
    "log_min_messages": "log",  # above ERROR
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
    "log_parameter_max_length_on_error": "0",
}

PR_SET_PDEATHSIG = 1


def read_password(layout: Layout) -> str:
    """
    The owner's password, which only our account can read.

    Raises:
        FileNotFoundError: the cluster has not been made yet, or the file was lost.
    """
    return layout.password_file.read_text(encoding="ascii").strip()


def ensure_cluster(layout: Layout, binaries: Binaries, account: Account) -> None:
    """
    Make the cluster unless there is one. It appears complete or not at all: a kill at any moment heals at the next
    start.

    Call it with the keeper's lock held.

    Raises:
        EmbeddedServerError: PostgreSQL's own words of why it could not.
    """
    for abandoned in layout.data_dir.glob(f"{layout.unfinished_prefix}*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    if layout.cluster.is_dir():
        if not layout.password_file.is_file():
            raise EmbeddedServerError(
                f"The database in {layout.cluster} is there, but its password in {layout.password_file} is not.",
                mend="Put both back from one backup.",
            )
        return
    write_whole(layout.password_file, secrets.token_urlsafe(32) + "\n")
    # A name of its own for each attempt: the initdb of a keeper that was just killed may not have noticed yet.
    fresh = Path(tempfile.mkdtemp(prefix=layout.unfinished_prefix, dir=layout.data_dir))
    account.own(fresh)
    password_copy = layout.data_dir / "postgres.password.initdb"  # a copy: it must belong to initdb's account
    write_whole(password_copy, read_password(layout) + "\n")
    account.own(password_copy)
    try:
        _run_tool([str(binaries.initdb), *_initdb_arguments(fresh, password_copy, binaries)], account)
    finally:
        password_copy.unlink(missing_ok=True)
    single_user = [str(binaries.postgres), "--single", "-D", str(fresh), *as_options(SETTINGS), "postgres"]
    _run_tool(single_user, account, stdin=f"CREATE DATABASE {DATABASE} OWNER {OWNER};\n")
    fresh.rename(layout.cluster)
    sync_folder(layout.data_dir)


def ensure_socket_dir(layout: Layout, account: Account) -> Path:
    """
    The folder of the socket, 0700 and the account's own: in the data folder, or under the temporary folder when the
    data folder's path is too long for a socket (then its name is kept in the data folder for the users to find).
    """
    if layout.has_short_path():
        folder = layout.inner_socket_dir
        folder.mkdir(mode=0o700, exist_ok=True)
        account.own(folder)
        return folder
    try:
        folder = layout.read_socket_dir()
        facts = folder.lstat()
        # After a reboot somebody else may have made a folder of that name.
        if stat.S_ISDIR(facts.st_mode) and facts.st_uid == account.uid and not facts.st_mode & 0o077:
            return folder
    except OSError:
        pass  # never chosen, or swept away with the temporary folder
    folder = Path(tempfile.mkdtemp(prefix="alertwhisperer-"))
    account.own(folder)
    write_whole(layout.socket_pointer, f"{folder}\n")
    return folder


def launch(layout: Layout, binaries: Binaries, account: Account, socket_dir: Path) -> subprocess.Popen[bytes]:
    """
    Start PostgreSQL as a child of this process, its messages on our standard error.

    On Linux the child is told to shut down (fast) when this process dies, however it dies.
    """
    settings = {
        **SETTINGS,
        "unix_socket_directories": f'"{socket_dir}"',
        "dynamic_shared_memory_type": "posix" if _has_shared_memory_folder() else "mmap",
        # wal_compression: pglz is in every build; lz4 is faster and in few of the ones we meet.
        "wal_compression": "pglz",
    }
    return subprocess.Popen(
        [str(binaries.postgres), "-D", str(layout.cluster), "-p", str(PORT), *as_options(settings)],
        env=plain_environment(),
        cwd="/",
        stdin=subprocess.DEVNULL,
        preexec_fn=_die_with_parent(),  # safe: the keeper has one thread
        **account.credentials(),
    )


def find_leftovers(layout: Layout) -> Iterator[int]:
    """
    Process ids of PostgreSQL's processes that work in this cluster, whoever started them.

    Linux: read from /proc, since all of them have the cluster as their working folder. Elsewhere: the postmaster alone,
    from its pid file, if `ps` says that the process is PostgreSQL.
    """
    if sys.platform == "linux":
        yield from _find_by_working_folder(layout.cluster)
    else:
        yield from _find_by_pid_file(layout.cluster)


def as_options(settings: dict[str, str]) -> list[str]:
    """Settings as arguments, which stand above postgresql.conf: root writes nothing into another account's folder."""
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def _initdb_arguments(folder: Path, password_file: Path, binaries: Binaries) -> list[str]:
    arguments = [
        f"--pgdata={folder}",
        f"--username={OWNER}",
        f"--pwfile={password_file}",
        "--auth-local=scram-sha-256",
        "--auth-host=reject",
        "--encoding=UTF8",
        "--locale=C",  # needs no locale files and sorts by bytes: equal on every machine, and fast
        "--data-checksums",
        "--no-instructions",
    ]
    if binaries.major >= 17:
        # Upper and lower case of all letters, still without the machine's locale files.
        arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return arguments


def _run_tool(command: list[str], account: Account, *, stdin: str = "") -> None:
    done = subprocess.run(
        command,
        env=plain_environment(),
        cwd="/",
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        preexec_fn=_die_with_parent(),
        check=False,
        **account.credentials(),
    )
    # A statement that fails in single-user mode is only printed.
    if done.returncode != 0 or "ERROR:" in done.stdout or "FATAL:" in done.stdout:
        last = " ".join(done.stdout.strip().splitlines()[-6:])
        raise EmbeddedServerError(f"The database could not be made: {Path(command[0]).name} says: {last}")


def _find_by_working_folder(cluster: Path) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            program = os.path.basename(os.readlink(entry / "exe")).removesuffix(" (deleted)")
            if program == "postgres" and os.readlink(entry / "cwd") == str(cluster):
                yield int(entry.name)
        except OSError:
            continue  # it has ended meanwhile, or is none of ours


def _find_by_pid_file(cluster: Path) -> Iterator[int]:
    try:
        pid = int((cluster / "postmaster.pid").read_text(encoding="ascii").splitlines()[0])
    except (OSError, ValueError, IndexError):
        return
    listing = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    if str(cluster) in listing.stdout:
        yield pid


def _has_shared_memory_folder() -> bool:
    """
    Whether the default way of sharing memory works: a bare chroot or container may have no /dev/shm, or a plain folder
    that is closed to PostgreSQL's account.
    """
    if sys.platform != "linux":
        return True  # there it needs no folder
    folder = Path("/dev/shm")  # noqa: S108 - looked at, never written to
    return folder.is_dir() and bool(folder.stat().st_mode & stat.S_IWOTH)


def _die_with_parent() -> Callable[[], None] | None:
    """
    What a child does before it becomes PostgreSQL: ask the kernel for SIGINT (fast shutdown) at our death.

    It runs after the change of account, which would undo the request.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)  # we died before the request was made

    return ask
