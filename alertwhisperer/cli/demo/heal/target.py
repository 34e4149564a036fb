"""The machine that is mended: OpenSSH's own server on loopback, under the account that runs the demo, with one key."""

import os
import pwd
import shlex
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from alertwhisperer.cli.demo.heal import shop
from alertwhisperer.cli.demo.heal.world import Child, child
from alertwhisperer.domain.errors import Invalid, Permanent
from alertwhisperer.kit.clock import Clock

HOST = shop.HOST
_USUAL = ("/usr/sbin/sshd", "/usr/local/sbin/sshd", "/sbin/sshd", "/opt/homebrew/sbin/sshd")
_PRIVILEGES = Path("/run/sshd")  # root's sshd does not start without it; usually its service makes it
_STARTS_WITHIN_S = 15.0
_LOOK_S = 0.05
_SHOP = (sys.executable, "-I", str(Path(shop.__file__).resolve()))
_CONFIG = """\
ListenAddress {host}:{port}
HostKey {place}/host_key
AuthorizedKeysFile {place}/authorized_keys
AllowUsers {user}
PidFile none
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitUserRC no
"""


@dataclass(frozen=True, slots=True)
class Target:
    """
    The running machine.

    Attributes:
        records: folder where it keeps records of acts.
        control: the program that starts the shop, stops it and asks it.
    """

    sshd: Child
    port: int
    user: str
    host_key: str
    records: Path
    control: Path
    shop: Path
    shop_port: int
    private_key: str = field(repr=False)


def find_sshd(wanted: Path | None) -> Path:
    """
    The SSH server of this machine.

    Raises:
        Invalid: there is none.
    """
    usual = (Path(one) for one in (shutil.which("sshd"), *_USUAL) if one is not None)
    found = wanted or next((one for one in usual if one.exists()), None)
    if found is None or not os.access(found, os.X_OK):
        raise Invalid(
            "there is no SSH server to be the target" if found is None else f"there is no program {found}",
            where="--sshd",
            mend="install OpenSSH's (Debian, Ubuntu: apt-get install openssh-server; it need not run), or name one",
        )
    return found.absolute()  # it refuses to start by another name


@contextmanager
def target(place: Path, sshd: Path) -> Iterator[Target]:
    """Run it until the block ends; await `answers` before you go there."""
    port, shop_port = free_ports(2)
    user = pwd.getpwuid(os.geteuid()).pw_name
    host_private, host_public = _key()
    private, public = _key()
    _write(place / "host_key", host_private)
    _write(place / "authorized_keys", f"restrict {public}\n")
    _write(place / "sshd_config", _CONFIG.format(host=HOST, port=port, place=place, user=user))
    for folder in (records := place / "records", house := place / "shop"):
        folder.mkdir(mode=0o700)
    control = _control(place, house, shop_port)
    shop.open_shop(house)
    command = [str(sshd), "-D", "-e", "-f", str(place / "sshd_config")]
    try:
        with _privileges(), child(command, log=place / "sshd.log") as running:
            yield Target(running, port, user, host_public, records, control, house, shop_port, private)
    finally:
        shop.close_shop(house)


async def answers(there: Target, clock: Clock) -> None:
    """
    Return when it takes connections.

    Raises:
        Permanent: it does not; says its last words.
    """
    until = clock.monotonic() + _STARTS_WITHIN_S
    while clock.monotonic() < until and there.sshd.is_running:
        with socket.socket() as trial:
            if trial.connect_ex((HOST, there.port)) == 0:
                return
        await clock.sleep(_LOOK_S)
    raise Permanent(f"the SSH server does not start: {there.sshd.last_words()}")


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on now."""
    trials = [socket.socket() for _ in range(count)]
    try:
        for trial in trials:
            trial.bind((HOST, 0))
        return [trial.getsockname()[1] for trial in trials]
    finally:
        for trial in trials:
            trial.close()


@contextmanager
def open_shop(there: Target) -> Iterator[Child]:
    """The shop as it ran before anything happened, a child of ours: killed, it is gone."""
    command = [*_SHOP, "serve", str(there.shop), str(there.shop_port)]
    with child(command, log=there.shop / "shop.log") as running:
        yield running


@contextmanager
def _privileges() -> Iterator[None]:
    if os.geteuid() != 0 or _PRIVILEGES.exists():
        yield
        return
    _PRIVILEGES.mkdir(mode=0o755)
    try:
        yield
    finally:
        _PRIVILEGES.rmdir()


def _control(place: Path, house: Path, port: int) -> Path:
    control = place / "shop-control"
    control.write_text(f'#!/bin/sh\nexec {shlex.join(_SHOP)} "$1" {shlex.join([str(house), str(port)])}\n')
    control.chmod(0o700)
    return control


def _key() -> tuple[str, str]:
    """A fresh key pair as OpenSSH writes it: private, public."""
    made = Ed25519PrivateKey.generate()
    private = made.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    return private.decode(), made.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _write(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
