"""Dovecot, the real IMAP server, on loopback with one user and an empty mailbox; absent where it is not installed."""

from __future__ import annotations

import grp
import imaplib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.server import free_port

PROGRAM = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin")
USER = "alerts@example.com"
PASSWORD = 'a "quoted" pass\\word'

# Everything under one owner, without PAM, TLS or a log of its own: only what speaks IMAP.
_CONFIG = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{folder}/mail
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 0
first_valid_gid = 0
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/home
}}
"""


@dataclass
class Imap:
    """The running server."""

    port: int
    folder: Path

    @property
    def settings(self) -> dict[str, object]:
        """Of a mailbox feed that reads it."""
        return {"host": "127.0.0.1", "port": self.port, "tls": False, "user": USER, "password": PASSWORD}

    def put(self, *mails: bytes, folder: str = "INBOX") -> None:
        """Deliver mails, in this order."""
        with self.client() as client:
            for mail in mails:
                kind, answer = client.append(folder, "", imaplib.Time2Internaldate(time.time()), mail)
                assert kind == "OK", answer

    def remake(self) -> None:
        """Delete the folder `Alerts` and make it anew, as a server does that lost its index: UIDs begin anew."""
        with self.client() as client:
            client.delete("Alerts")
            assert client.create("Alerts")[0] == "OK"

    def flags(self) -> list[bytes]:
        """Flags of the mails in INBOX."""
        with self.client() as client:
            client.select("INBOX", readonly=True)
            _, answer = client.fetch("1:*", "(FLAGS)")
            return [part for part in answer if isinstance(part, bytes)]

    @contextmanager
    def client(self) -> Iterator[imaplib.IMAP4]:
        """A client of the test's own."""
        with imaplib.IMAP4("127.0.0.1", self.port, timeout=20) as client:
            client.login(f'"{USER}"', PASSWORD)
            yield client


@contextmanager
def dovecot() -> Iterator[Imap]:
    """Run it until the block ends."""
    assert PROGRAM is not None
    folder = Path(tempfile.mkdtemp(prefix="aw-imap-"))
    port = free_port()
    # It refuses to run its parts as root; as root it has the accounts that its package made.
    owner = "dovecot" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    group = grp.getgrgid(pwd.getpwnam(owner).pw_gid).gr_name
    for name in ("run", "state", "mail", "home"):
        (folder / name).mkdir()
    (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
    config = folder / "dovecot.conf"
    login = "dovenull" if os.geteuid() == 0 else owner
    config.write_text(_CONFIG.format(folder=folder, port=port, user=owner, internal=owner, login=login, group=group))
    if os.geteuid() == 0:
        folder.chmod(0o755)
        for name in ("mail", "home"):
            shutil.chown(folder / name, owner, group)
    process = subprocess.Popen(
        [PROGRAM, "-F", "-c", str(config)], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        _await(port, process, folder)
        running = Imap(port, folder)
        with running.client() as client:
            client.create("Alerts")
        yield running
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _await(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        assert process.poll() is None, (process.stderr.read() if process.stderr else b"").decode()
        try:
            with imaplib.IMAP4("127.0.0.1", port, timeout=5) as client:
                client.login(f'"{USER}"', PASSWORD)
                return
        except (OSError, imaplib.IMAP4.error):
            time.sleep(0.1)
    log = folder / "log"
    raise AssertionError(f"dovecot was not ready in time: {log.read_text()[-2000:] if log.exists() else ''}")


@contextmanager
def saying(*lines: bytes) -> Iterator[int]:
    """A server that says these lines to whoever connects and nothing more; its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            try:
                while True:
                    peer, _ = server.accept()
                    peer.sendall(b"".join(lines))
                    held.append(peer)
            except OSError:
                pass  # the server was closed

        held: list[socket.socket] = []
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield int(server.getsockname()[1])
        finally:
            server.shutdown(socket.SHUT_RDWR)
            for peer in held:
                peer.close()
            thread.join(5)
