"""Where everything of the embedded server lies inside a data folder, and the locks that its processes share."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

PORT = 5432  # no TCP port: it only names the socket file, and each data folder has a socket folder of its own

# sun_path holds 108 bytes on Linux and 104 on macOS, a closing zero included.
LONGEST_SOCKET_PATH = 100


@dataclass(frozen=True)
class Layout:
    """The paths of one data folder; `data_dir` is absolute, without symlinks, so that all processes mean one folder."""

    data_dir: Path

    @classmethod
    def of(cls, data_dir: Path) -> Layout:
        """The layout of a folder that need not exist yet."""
        return cls(data_dir.expanduser().resolve())

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own folder. It exists only when it is complete."""
        return self.data_dir / "postgres"

    @property
    def unfinished_prefix(self) -> str:
        """How the name of a cluster in the making begins; an older one was left by a keeper that was killed."""
        return "postgres.new-"

    @property
    def password_file(self) -> Path:
        return self.data_dir / "postgres.password"

    @property
    def log(self) -> Path:
        return self.data_dir / "postgres.log"

    @property
    def users_lock(self) -> Path:
        """Shared by each process that uses the server; a keeper takes it alone to be sure that there is none."""
        return self.data_dir / "postgres.users"

    @property
    def start_lock(self) -> Path:
        """Held by the user process that starts a keeper."""
        return self.data_dir / "postgres.start"

    @property
    def keeper_lock(self) -> Path:
        """Held by the keeper as long as it lives: at most one per data folder."""
        return self.data_dir / "postgres.keeper"

    @property
    def failure(self) -> Path:
        """Why the last keeper gave up; absent when it did not."""
        return self.data_dir / "postgres.failure"

    @property
    def socket_pointer(self) -> Path:
        """Names the socket folder when the data folder's path is too long to hold it."""
        return self.data_dir / "postgres.socket"

    @property
    def inner_socket_dir(self) -> Path:
        return self.data_dir / "run"

    def has_short_path(self) -> bool:
        """Whether a socket inside the data folder has a path that the operating system can address."""
        return len(os.fsencode(self.inner_socket_dir / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET_PATH

    def read_socket_dir(self) -> Path:
        """
        The folder of the server's socket.

        Raises:
            OSError: no keeper has chosen one yet.
        """
        if self.has_short_path():
            return self.inner_socket_dir
        return Path(self.socket_pointer.read_text(encoding="utf-8").strip())


class Lock:
    """
    A lock on a file that dies with the process that holds it, however it dies (flock).

    It is not inherited by the programs a process starts, and belongs to one `Lock` object, not to the process.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    @property
    def is_held(self) -> bool:
        return self._descriptor is not None

    def try_take(self, *, shared: bool = False) -> bool:
        """Take it if nobody stands in the way, at once; True when it is held now."""
        descriptor = self._descriptor
        if descriptor is None:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            if self._descriptor is None:
                os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def give_back(self) -> None:
        """Let go of it; harmless when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_locked(path: Path) -> bool:
    """Whether some process holds the lock of this file alone."""
    lock = Lock(path)
    try:
        return not lock.try_take(shared=True)
    finally:
        lock.give_back()


def write_whole(path: Path, text: str) -> None:
    """Put a small file of our own (mode 0600) into the data folder, so that a reader sees all of it or none."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def sync_folder(path: Path) -> None:
    """Make renames inside a folder survive a loss of power."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
