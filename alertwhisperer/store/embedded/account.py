"""
As which account of the operating system PostgreSQL runs: it refuses to be root, so root lends it a lesser one.

A data folder that exists keeps its account, because PostgreSQL serves only files that are its own.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from alertwhisperer.store.embedded.errors import EmbeddedServerError
from alertwhisperer.store.embedded.layout import Layout

# In this order: made for us, made for PostgreSQL, there on every machine.
LESSER_ACCOUNTS = ("alertwhisperer", "postgres", "nobody")


class Credentials(TypedDict, total=False):
    """What `subprocess` is told so that a child takes on an account; empty for our own."""

    user: int
    group: int
    extra_groups: Sequence[int]


@dataclass(frozen=True)
class Account:
    """The account that owns PostgreSQL's files and runs its processes."""

    name: str
    uid: int
    gid: int

    def credentials(self) -> Credentials:
        """Keyword arguments for `subprocess.run` and `Popen`."""
        if self.uid == os.geteuid():
            return Credentials()
        return Credentials(user=self.uid, group=self.gid, extra_groups=())

    def own(self, path: Path) -> None:
        """Hand over a file or folder that this process has just made."""
        if self.uid != os.geteuid():
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def can_enter(self, folder: Path) -> bool:
        """Whether the account may pass through a folder and its parents (asked by trying, so ACLs count)."""
        attempt = subprocess.run(
            ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)],
            env=plain_environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            **self.credentials(),
        )
        return attempt.returncode == 0


def choose_account(layout: Layout) -> Account:
    """
    The account for a data folder: that of its files, else our own, else (as root) the first lesser one there is.

    Raises:
        EmbeddedServerError: the files belong to somebody else, or root finds no lesser account.
    """
    us = os.geteuid()
    owner = _owner_of(layout.cluster)
    if us != 0:
        if owner is not None and owner != us:
            raise EmbeddedServerError(
                f"The database in {layout.cluster} belongs to the account {_name_of(owner)}, not to {_name_of(us)}.",
                mend=f"Run Alert Whisperer as {_name_of(owner)} or as root, or give the folder to {_name_of(us)} "
                "(chown -R) while no server runs.",
            )
        return Account(_name_of(us), us, os.getegid())
    if owner:
        return _account_of(owner)
    for name in LESSER_ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise EmbeddedServerError(
        f"PostgreSQL does not run as root, and this machine has none of the accounts {', '.join(LESSER_ACCOUNTS)}.",
        mend="Add one (useradd --system alertwhisperer), or run Alert Whisperer as an ordinary user.",
    )


def check_reachable(layout: Layout, account: Account) -> None:
    """
    Make sure that the account can get to the data folder.

    Raises:
        EmbeddedServerError: a folder on the way is closed to it; the message names the first.
    """
    if account.can_enter(layout.data_dir):
        return
    way = [*reversed(layout.data_dir.parents), layout.data_dir]
    closed = next((folder for folder in way if not account.can_enter(folder)), layout.data_dir)
    raise EmbeddedServerError(
        f"The account {account.name}, which runs PostgreSQL because root must not, "
        f"cannot reach {layout.data_dir}: {closed} is closed to it.",
        mend=f"Choose a data folder outside of it (--data-dir), or let others pass through it: chmod o+x {closed}",
    )


def plain_environment(**more: str) -> dict[str, str]:
    """
    The environment of PostgreSQL's programs and of the keeper.

    Only what they need: they live longer than the process that starts them and show their environment to others of
    their account, so no secret may ride along; PG* variables and locales of the caller must not steer the server.
    """
    kept = ("PATH", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    return {"PATH": os.defpath, **environment, "LC_ALL": "C", "TZ": "UTC", **more}


def _owner_of(path: Path) -> int | None:
    try:
        return path.lstat().st_uid
    except FileNotFoundError:
        return None


def _account_of(uid: int) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        # A folder from another machine or container: a number is enough to run as.
        return Account(str(uid), uid, uid)
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _name_of(uid: int) -> str:
    return _account_of(uid).name
