"""The embedded PostgreSQL outlives each process that uses it, loses nothing committed, and goes after the last."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import shutil
import signal
import site
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from alertwhisperer.store.embedded import EmbeddedServer, EmbeddedServerError, Endpoint
from alertwhisperer.store.embedded.layout import Layout, is_locked
from tests.places import open_place

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can lend an account or close a folder to it")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

# A process that uses the server as `serve` does: says where it is, then obeys one word a line.
USER = """
import asyncio, json, sys
from pathlib import Path
from alertwhisperer.store.embedded import EmbeddedServer, EmbeddedServerError

async def main() -> None:
    server = EmbeddedServer(Path(sys.argv[1]))
    try:
        endpoint = await server.start()
    except EmbeddedServerError as error:
        print(json.dumps({"error": str(error)}), flush=True)
        return
    print(json.dumps({"dsn": endpoint.dsn()}), flush=True)
    for word in iter(sys.stdin.readline, ""):
        await {"ensure": server.ensure, "release": server.release}[word.strip()]()
        print(json.dumps({"done": word.strip()}), flush=True)

asyncio.run(main())
"""


class User:
    """Another process that uses the server of a data folder."""

    def __init__(
        self, data_dir: Path, *, python: str = sys.executable, account: pwd.struct_passwd | None = None
    ) -> None:
        searched = os.pathsep.join((str(ROOT), *site.getsitepackages()))
        self._process = subprocess.Popen(
            [python, "-c", USER, str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
            env={**os.environ, "PYTHONPATH": searched, "A_SECRET": "of the caller"},
            **({} if account is None else {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": ()}),  # type: ignore[call-overload]
        )

    @property
    def pid(self) -> int:
        return int(self._process.pid)

    def hear(self) -> dict[str, str]:
        """Its next word; waits for it."""
        assert self._process.stdout is not None
        words: dict[str, str] = json.loads(self._process.stdout.readline())
        return words

    def tell(self, word: str) -> dict[str, str]:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        return self.hear()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        self.kill()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with open_place() as place:
        yield place / "data"
        layout = Layout.of(place / "data")
        # Nobody uses it any more, so it must end, in every test; without the time of grace, to spare ours.
        signal_keepers(place / "data", signal.SIGTERM)
        wait_until(lambda: not layout.data_dir.is_dir() or not is_locked(layout.keeper_lock), "the keeper ends")


@pytest.fixture
def new_user(data_dir: Path) -> Iterator[Callable[[], User]]:
    users: list[User] = []

    def start() -> User:
        users.append(User(data_dir))
        return users[-1]

    yield start
    for user in users:
        user.close()


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Look again and again until it holds; a minute is more than any honest machine needs."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, f"not within {PATIENCE_S:.0f} s: {what}"
        time.sleep(0.02)


def processes() -> list[tuple[int, str]]:
    """Id and command line of every process; read from /proc, since a bare system has no `ps`."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue  # it ended while we looked, or is another account's
            found.append((int(folder.name), command))
    return found


def read_status(pid: int, name: str) -> str:
    """A line of a process's status."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.partition(":")[2].strip() for line in lines if line.startswith(f"{name}:"))


def signal_keepers(data_dir: Path, number: signal.Signals) -> None:
    for pid, command in processes():
        if command.endswith(f"alertwhisperer.store.embedded.keeper {data_dir}"):
            os.kill(pid, number)


def read_postmaster(data_dir: Path) -> int:
    return int((data_dir / "postgres/postmaster.pid").read_text().splitlines()[0])


def read_parent(pid: int) -> int:
    return int(read_status(pid, "PPid"))


def read_account(pid: int) -> int:
    return int(read_status(pid, "Uid").split()[1])


def is_running(pid: int) -> bool:
    try:
        return not read_status(pid, "State").startswith("Z")
    except (FileNotFoundError, ProcessLookupError):
        return False


async def write_note(endpoint: Endpoint, text: str) -> None:
    connection = await asyncpg.connect(endpoint.dsn())
    await connection.execute("CREATE TABLE IF NOT EXISTS notes (text text PRIMARY KEY)")
    await connection.execute("INSERT INTO notes VALUES ($1)", text)
    await connection.close()


async def read_notes(endpoint: Endpoint) -> list[str]:
    connection = await asyncpg.connect(endpoint.dsn())
    rows = await connection.fetch('SELECT text FROM notes ORDER BY text COLLATE "C"')
    await connection.close()
    return [row["text"] for row in rows]


async def test_first_start_makes_a_durable_server_without_tcp(data_dir: Path) -> None:
    """Out of nothing comes a server that writes safely, asks for a password and listens on no network."""
    server = EmbeddedServer(data_dir)
    endpoint = await server.start()
    connection = await asyncpg.connect(endpoint.dsn())
    shown = {
        name: await connection.fetchval(f"SHOW {name}")
        for name in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums", "listen_addresses", "jit")
    }
    await connection.close()
    await server.release()

    assert shown == {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "data_checksums": "on",
        "listen_addresses": "",
        "jit": "off",
    }
    assert (data_dir / "postgres").stat().st_mode & 0o777 == 0o700
    assert endpoint.socket_dir.stat().st_mode & 0o777 == 0o700
    assert (data_dir / "postgres.password").stat().st_mode & 0o777 == 0o600
    assert endpoint.owner_password not in repr(endpoint)


async def test_a_wrong_password_is_refused(data_dir: Path) -> None:
    """The socket alone lets nobody in."""
    server = EmbeddedServer(data_dir)
    endpoint = await server.start()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(endpoint.dsn(endpoint.owner, "wrong"))
    await server.release()


async def test_start_twice_is_one_server(data_dir: Path) -> None:
    server = EmbeddedServer(data_dir)
    first = await server.start()
    postmaster = read_postmaster(data_dir)
    assert await server.start() == first
    assert await server.ensure() == first
    assert read_postmaster(data_dir) == postmaster
    await server.release()
    await server.release()


async def test_processes_share_it_until_the_last_lets_go(data_dir: Path, new_user: Callable[[], User]) -> None:
    """One server for all; the first one's release takes it from nobody, the last one's ends it."""
    one, other = new_user(), new_user()
    assert one.hear()["dsn"] == other.hear()["dsn"]
    server = EmbeddedServer(data_dir)
    endpoint = await server.start()
    postmaster = read_postmaster(data_dir)
    keeper = read_parent(postmaster)

    one.tell("release")
    await write_note(endpoint, "after the first release")
    other.tell("release")
    assert await read_notes(endpoint) == ["after the first release"]
    assert read_postmaster(data_dir) == postmaster

    await server.release(wait_s=PATIENCE_S)
    assert not is_running(postmaster)
    wait_until(lambda: not is_running(keeper), "the keeper has ended")

    assert await read_notes(await server.start()) == ["after the first release"]
    await server.release()


def test_many_first_starts_at_once_make_one_server(data_dir: Path, new_user: Callable[[], User]) -> None:
    users = [new_user() for _ in range(6)]
    assert len({user.hear()["dsn"] for user in users}) == 1
    assert len(running_postmasters(data_dir)) == 1


def running_postmasters(data_dir: Path) -> list[str]:
    return [command for _, command in processes() if f"postgres -D {data_dir}/postgres " in f"{command} "]


async def test_killing_a_user_takes_it_from_nobody(data_dir: Path, new_user: Callable[[], User]) -> None:
    """kill -9 of the process that started the server: others go on; of the last one: it stops all the same."""
    starter = new_user()
    starter.hear()
    other = new_user()
    other.hear()
    postmaster = read_postmaster(data_dir)
    keeper = read_parent(postmaster)

    starter.kill()
    assert other.tell("ensure") == {"done": "ensure"}
    assert read_postmaster(data_dir) == postmaster

    other.kill()
    wait_until(lambda: not is_running(postmaster) and not is_running(keeper), "nothing is left running")
    assert not (data_dir / "postgres/postmaster.pid").exists(), "it was shut down in order"


async def test_a_killed_keeper_is_replaced(data_dir: Path) -> None:
    """kill -9 of the keeper: PostgreSQL does not stay behind, and the next `ensure` has all that was committed."""
    server = EmbeddedServer(data_dir)
    endpoint = await server.start()
    await write_note(endpoint, "kept")
    postmaster = read_postmaster(data_dir)
    keeper = read_parent(postmaster)

    os.kill(keeper, signal.SIGKILL)
    wait_until(lambda: not is_locked(Layout.of(data_dir).keeper_lock), "the keeper is gone")
    assert await read_notes(await server.ensure()) == ["kept"]
    assert read_postmaster(data_dir) != postmaster
    assert not is_running(postmaster)
    assert len(running_postmasters(data_dir)) == 1
    await server.release()


async def test_a_killed_keeper_without_users_leaves_nothing(data_dir: Path, new_user: Callable[[], User]) -> None:
    user = new_user()
    user.hear()
    postmaster = read_postmaster(data_dir)
    keeper = read_parent(postmaster)
    os.kill(keeper, signal.SIGKILL)
    user.kill()
    if sys.platform == "linux":  # elsewhere the kernel sends no signal at a parent's death: the next start clears it
        wait_until(lambda: not is_running(postmaster), "PostgreSQL has ended with its keeper")


async def test_a_killed_postmaster_is_started_again(data_dir: Path) -> None:
    """kill -9 of PostgreSQL with busy connections: it comes back by itself with all that was committed."""
    server = EmbeddedServer(data_dir)
    endpoint = await server.start()
    await write_note(endpoint, "kept")
    busy = await asyncpg.connect(endpoint.dsn())
    sleeping = asyncio.ensure_future(busy.execute("SELECT pg_sleep(600)"))
    for round_ in range(3):
        postmaster = read_postmaster(data_dir)
        os.kill(postmaster, signal.SIGKILL)
        wait_until(lambda gone=postmaster: not is_running(gone), "the postmaster is dead")  # type: ignore[misc]
        await write_note(await server.ensure(), f"round {round_}")
        assert read_postmaster(data_dir) != postmaster
    with pytest.raises((asyncpg.PostgresError, ConnectionError)):
        await sleeping
    assert await read_notes(endpoint) == ["kept", "round 0", "round 1", "round 2"]
    await server.release()


def test_a_kill_inside_the_first_start_heals(data_dir: Path, new_user: Callable[[], User]) -> None:
    """Whatever the first start had made when keeper and user were killed, the second makes a whole database of it."""
    layout = Layout.of(data_dir)
    user = new_user()
    wait_until(lambda: any(data_dir.glob(f"{layout.unfinished_prefix}*/PG_VERSION")), "initdb is at work")
    signal_keepers(data_dir, signal.SIGKILL)
    user.kill()
    wait_until(lambda: not is_locked(layout.keeper_lock), "the keeper is gone")
    assert "dsn" in (heard := new_user().hear()), heard


async def test_starting_while_it_stops(data_dir: Path) -> None:
    """However near a start is to the end of the last use, it gets a server that stays."""
    server = EmbeddedServer(data_dir)
    endpoint = await server.start()
    keeper = read_parent(read_postmaster(data_dir))
    os.kill(keeper, signal.SIGTERM)  # no grace any more: it stops as soon as it finds no user
    for _ in range(4):
        await server.release()
        wait_until(
            lambda: "shutting down" in (data_dir / "postgres.log").read_text() or not is_running(keeper), "stops"
        )
        endpoint = await server.start()
        await write_note(endpoint, str(time.monotonic_ns()))
    await server.release()


async def test_a_service_managers_term_does_not_cut_users_off(data_dir: Path) -> None:
    """SIGTERM to all processes of a service: the keeper stays until the last user has written its last words."""
    server = EmbeddedServer(data_dir)
    endpoint = await server.start()
    postmaster = read_postmaster(data_dir)
    os.kill(read_parent(postmaster), signal.SIGTERM)
    await write_note(endpoint, "last words")
    assert read_postmaster(data_dir) == postmaster
    await server.release(wait_s=PATIENCE_S)
    assert not is_running(postmaster)


async def test_a_long_path_gets_a_short_socket(data_dir: Path) -> None:
    """A data folder whose path no socket can have works, and every process finds the same socket."""
    deep = data_dir / ("long" * 20) / ("path" * 20)
    deep.mkdir(parents=True)
    first, second = EmbeddedServer(deep), EmbeddedServer(deep)
    endpoint = await first.start()
    assert await second.start() == endpoint
    assert deep not in endpoint.socket_dir.parents
    assert endpoint.socket_dir.stat().st_mode & 0o777 == 0o700
    await first.release()
    await second.release(wait_s=PATIENCE_S)
    shutil.rmtree(endpoint.socket_dir)  # as a reboot does with the temporary folder
    moved = await first.start()
    assert moved.socket_dir != endpoint.socket_dir or moved.socket_dir.is_dir()
    await first.release(wait_s=PATIENCE_S)
    shutil.rmtree(moved.socket_dir)


@on_linux
def test_no_secret_of_the_caller_stays_in_its_processes(data_dir: Path, new_user: Callable[[], User]) -> None:
    """The server and the keeper outlive their starter: its environment must not."""
    user = new_user()
    user.hear()
    postmaster = read_postmaster(data_dir)
    for pid in (postmaster, read_parent(postmaster)):
        assert b"A_SECRET" not in Path(f"/proc/{pid}/environ").read_bytes()
    assert b"A_SECRET" in Path(f"/proc/{user.pid}/environ").read_bytes()


async def test_what_a_statement_says_stays_out_of_the_log(data_dir: Path) -> None:
    """A failing statement carries alert text; the log is not the place for it."""
    server = EmbeddedServer(data_dir)
    endpoint = await server.start()
    connection = await asyncpg.connect(endpoint.dsn())
    with pytest.raises(asyncpg.PostgresError):
        await connection.execute("SELECT 'hush-hush'::uuid")
    await connection.close()
    await server.release(wait_s=PATIENCE_S)
    assert "hush-hush" not in (data_dir / "postgres.log").read_text()


@as_root
async def test_root_is_told_which_folder_is_closed(data_dir: Path) -> None:
    """As root, a data folder that PostgreSQL's account cannot reach is refused with the folder and the mend."""
    data_dir.parent.chmod(0o700)
    with pytest.raises(EmbeddedServerError, match=f"chmod o\\+x {data_dir.parent}$"):
        await EmbeddedServer(data_dir).start()
    data_dir.parent.chmod(0o755)


@as_root
async def test_root_lends_a_lesser_account(data_dir: Path) -> None:
    server = EmbeddedServer(data_dir)
    await server.start()
    assert (data_dir / "postgres").stat().st_uid != 0
    assert read_account(read_postmaster(data_dir)) == (data_dir / "postgres").stat().st_uid
    await server.release()


async def test_a_cluster_of_another_version_is_refused(data_dir: Path) -> None:
    """Data of a PostgreSQL that is not here is left alone, with a word on what to do."""
    server = EmbeddedServer(data_dir)
    await server.start()
    await server.release(wait_s=PATIENCE_S)
    (data_dir / "postgres/PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedServerError, match="made by PostgreSQL 9"):
        await EmbeddedServer(data_dir).start()


async def test_a_lost_password_is_named_at_once(data_dir: Path) -> None:
    """The keeper's refusal reaches the one who starts, long before any timeout."""
    server = EmbeddedServer(data_dir)
    await server.start()
    await server.release(wait_s=PATIENCE_S)
    (data_dir / "postgres.password").unlink()
    with pytest.raises(EmbeddedServerError, match=r"postgres\.password is not"):
        await server.start()


def find_ordinary() -> tuple[str, pwd.struct_passwd] | None:
    """An ordinary account, and a Python of our version that it can run."""
    account = pwd.getpwnam("nobody")
    for python in (sys.executable, "/usr/bin/python3"):
        try:
            answer = subprocess.run(
                [python, "-c", "import sys; print(*sys.version_info[:2])"],
                **{"user": account.pw_uid, "group": account.pw_gid, "extra_groups": ()},  # type: ignore[call-overload]
                capture_output=True,
                text=True,
                check=True,
                cwd="/",
            )
        except (OSError, subprocess.SubprocessError):
            continue
        if answer.stdout.split() == [str(part) for part in sys.version_info[:2]]:
            return python, account
    return None


@as_root
def test_an_ordinary_account_runs_its_own(data_dir: Path) -> None:
    """Without root everything runs as the caller; another ordinary account's data folder is refused."""
    found = find_ordinary()
    if found is None:
        pytest.skip("no Python of this version here can be run by the account nobody")
    python, account = found
    data_dir.mkdir()
    os.chown(data_dir, account.pw_uid, account.pw_gid)
    user = User(data_dir, python=python, account=account)
    assert "dsn" in user.hear()
    assert (data_dir / "postgres").stat().st_uid == account.pw_uid
    user.close()
    wait_until(lambda: not is_locked(Layout.of(data_dir).keeper_lock), "the keeper ends")

    # The same folder later under root: its files keep their account.
    later = User(data_dir)
    assert "dsn" in later.hear()
    assert (data_dir / "postgres").stat().st_uid == account.pw_uid
    later.close()
    wait_until(lambda: not is_locked(Layout.of(data_dir).keeper_lock), "the keeper ends")

    os.chown(data_dir / "postgres", 12345, 12345)
    stranger = User(data_dir, python=python, account=account)
    assert "belongs to the account 12345" in stranger.hear()["error"]
    stranger.close()
