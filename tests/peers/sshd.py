"""A real OpenSSH server on loopback, under the account of the tests, with a key pair that it lets in."""

from __future__ import annotations

import getpass
import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

from tests.peers.process import HOST, Program, await_answer, require, running
from tests.server import free_port

SSHD = "/usr/sbin/sshd"
_CONFIG = """\
ListenAddress {host}:{port}
HostKey {place}/host_key
AuthorizedKeysFile {place}/authorized_keys
TrustedUserCAKeys {place}/authority.pub
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
MaxStartups 100
MaxSessions 100
LogLevel DEBUG1
"""


@dataclass(frozen=True, slots=True)
class Sshd:
    """
    The running server.

    Attributes:
        folder: where targets keep records of acts; made for this server.
        secrets: of a credential that it lets in.
        certified: of a credential whose key it only trusts by a certificate.
    """

    program: Program
    port: int
    user: str
    host_key: str
    folder: Path
    secrets: Mapping[str, str] = field(repr=False)
    certified: Mapping[str, str] = field(repr=False)

    @property
    def settings(self) -> dict[str, str]:
        """A binding to it."""
        return {
            "address": HOST,
            "port": str(self.port),
            "user": self.user,
            "host_key": self.host_key,
            "folder": str(self.folder),
        }


def a_key(comment: str = "") -> tuple[str, str]:
    """A fresh key pair: private, public, as OpenSSH writes them."""
    key = asyncssh.generate_private_key("ssh-ed25519", comment=comment)
    return key.export_private_key().decode(), key.export_public_key().decode().strip()


@contextmanager
def sshd(place: Path, *, port: int | None = None, more: str = "") -> Iterator[Sshd]:
    """Run one until the block ends, with its things in the folder `place`; `more` lines join its configuration."""
    require(SSHD)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # root's sshd refuses to start without
    port = port or free_port()
    host_private, host_public = a_key()
    private, public = a_key()
    certified, certified_public = a_key()
    _write_key(place / "host_key", host_private)
    authority = asyncssh.generate_private_key("ssh-ed25519")
    (place / "authority.pub").write_text(authority.export_public_key().decode())
    (place / "authorized_keys").write_text(f"{public}\n")
    (place / "sshd_config").write_text(_CONFIG.format(host=HOST, port=port, place=place) + more)
    user = getpass.getuser()
    certificate = authority.generate_user_certificate(
        asyncssh.import_public_key(certified_public), "test", principals=[user]
    )
    folder = place / "records"
    folder.mkdir(mode=0o700, exist_ok=True)
    with running("sshd", [SSHD, "-D", "-e", "-f", place / "sshd_config"], place=place) as program:
        await_answer(lambda: _is_listening(port) or None, "sshd", told=program.log_tail)
        yield Sshd(
            program,
            port,
            user,
            host_public,
            folder,
            {"private_key": private},
            {"private_key": certified, "certificate": certificate.export_certificate().decode()},
        )


def _is_listening(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex((HOST, port)) == 0


def _write_key(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)


def fingerprint_by_openssh(public: str, place: Path) -> str:
    """What OpenSSH's own tool calls a key."""
    (place / "one.pub").write_text(public)
    told = subprocess.run(["ssh-keygen", "-l", "-f", place / "one.pub"], check=True, capture_output=True, text=True)
    return told.stdout.split()[1]
