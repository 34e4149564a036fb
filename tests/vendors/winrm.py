"""
Windows Remote Management, played by us over TLS: as much of WS-Management as the executor speaks.

There is no Windows here. What the server runs in the place of PowerShell with `_carry.ps1` is a shell with `_carry.sh`,
which reads the same envelope and answers in the same frames. So the protocol, the pinned certificate, lost connections
and endings are tried, and `_carry.ps1` is not.
"""

from __future__ import annotations

import base64
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4
from xml.etree import ElementTree

from alertwhisperer.executors import _carry
from alertwhisperer.executors._soap import SHELL, SOAP, WSMAN
from alertwhisperer.executors.winrm import ARGUMENTS, PROGRAM
from tests.peers.encrypted import encrypted

USER = "alertwhisperer"
PASSWORD = "a password of Windows"
_QUIET_S = 1.0


@dataclass
class Running:
    """A command in a shell."""

    process: subprocess.Popen[bytes]
    given: bytearray = field(default_factory=bytearray)
    out: bytearray = field(default_factory=bytearray)
    ended: threading.Event = field(default_factory=threading.Event)


@dataclass
class Windows:
    """
    The host.

    Attributes:
        lost: how many of the next messages of an action get no answer.
        commands: what was asked to be run.
    """

    port: int = 0
    certificate: str = ""
    shells: dict[str, dict[str, Running]] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)
    refused: deque[str] = field(default_factory=deque)
    commands: list[str] = field(default_factory=list)
    deleted: int = 0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    windows: Windows

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        right = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {right}":
            self._answer(401, b"")
            return
        tree = ElementTree.fromstring(body)  # noqa: S314  # from the executor alone
        action = (tree.findtext(".//{http://schemas.xmlsoap.org/ws/2004/08/addressing}Action") or "").rpartition("/")[2]
        if self.windows.lost.get(action, 0) > 0:
            self.windows.lost[action] -= 1
            self.close_connection = True
            return
        if self.windows.refused and action == "Create":
            self._fault(self.windows.refused.popleft())
            return
        shell = tree.findtext(f".//{{{WSMAN}}}Selector[@Name='ShellId']") or ""
        if action != "Create" and shell not in self.windows.shells:
            self._fault("The shell was not found on the server.")
            return
        getattr(self, f"_{action.lower()}")(tree, shell)

    def _create(self, _tree: ElementTree.Element, _shell: str) -> None:
        shell = str(uuid4()).upper()
        self.windows.shells[shell] = {}
        self._say(f'<w:SelectorSet xmlns:w="{WSMAN}"><w:Selector Name="ShellId">{shell}</w:Selector></w:SelectorSet>')

    def _command(self, tree: ElementTree.Element, shell: str) -> None:
        program, arguments = (tree.findtext(f".//{{{SHELL}}}{name}") for name in ("Command", "Arguments"))
        self.windows.commands.append(f"{program} {arguments}")
        if (program, arguments) != (PROGRAM, ARGUMENTS):
            self._fault("not the one command")
            return
        made = Running(
            subprocess.Popen(
                ["/bin/sh", "-c", _carry.COMMAND],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        )
        command = str(uuid4()).upper()
        self.windows.shells[shell][command] = made
        threading.Thread(target=_read, args=(made,), daemon=True).start()
        self._say(
            f'<rsp:CommandResponse xmlns:rsp="{SHELL}"><rsp:CommandId>{command}</rsp:CommandId></rsp:CommandResponse>'
        )

    def _send(self, tree: ElementTree.Element, shell: str) -> None:
        stream = tree.find(f".//{{{SHELL}}}Stream")
        assert stream is not None
        made = self.windows.shells[shell][stream.get("CommandId", "")]
        made.given += base64.b64decode(stream.text or "")
        if stream.get("End") == "true":
            text, _, rest = bytes(made.given).partition(b"\n")
            assert base64.b64decode(text) == _carry.POWERSHELL_TEXT, "the text is a constant"
            assert made.process.stdin is not None
            made.process.stdin.write(rest)
            made.process.stdin.close()
        self._say(f'<rsp:SendResponse xmlns:rsp="{SHELL}"/>')

    def _receive(self, tree: ElementTree.Element, shell: str) -> None:
        stream = tree.find(f".//{{{SHELL}}}DesiredStream")
        assert stream is not None
        command = stream.get("CommandId", "")
        made = self.windows.shells[shell][command]
        until = time.monotonic() + _QUIET_S
        while not made.out and not made.ended.is_set() and time.monotonic() < until:
            time.sleep(0.01)
        over = made.ended.is_set()
        said, made.out = bytes(made.out), bytearray()
        if not said and not over:
            self._fault("The WS-Management service cannot complete the operation in time.", code="2150858793")
            return
        state = "Done" if over else "Running"
        code = f"<rsp:ExitCode>{made.process.returncode}</rsp:ExitCode>" if over else ""
        told = base64.b64encode(said).decode()
        self._say(
            f'<rsp:ReceiveResponse xmlns:rsp="{SHELL}">'
            f'<rsp:Stream Name="stdout" CommandId="{command}">{told}</rsp:Stream>'
            f'<rsp:CommandState CommandId="{command}" State="{SHELL}/CommandState/{state}">{code}</rsp:CommandState>'
            "</rsp:ReceiveResponse>"
        )

    def _delete(self, _tree: ElementTree.Element, shell: str) -> None:
        for made in self.windows.shells.pop(shell).values():
            if made.process.poll() is None:
                made.process.kill()
        self.windows.deleted += 1
        self._say("")

    def _say(self, body: str) -> None:
        self._answer(200, f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{body}</s:Body></s:Envelope>'.encode())

    def _fault(self, text: str, code: str = "2150858843") -> None:
        body = (
            f'<s:Envelope xmlns:s="{SOAP}"><s:Body><s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code>'
            f"<s:Reason><s:Text>{text}</s:Text></s:Reason><s:Detail>"
            f'<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="{code}"/>'
            "</s:Detail></s:Fault></s:Body></s:Envelope>"
        )
        self._answer(500, body.encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/soap+xml;charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _read(made: Running) -> None:
    assert made.process.stdout is not None
    while chunk := made.process.stdout.read1(65_536):  # type: ignore[attr-defined]  # a pipe of Popen is buffered
        made.out += chunk
    made.process.wait()
    made.ended.set()


@contextmanager
def windows(place: Path) -> Iterator[Windows]:
    """Run it until the block ends, with the key of its certificate in the folder `place`."""
    made = Windows()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"windows": made}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with encrypted(f"http://127.0.0.1:{server.server_address[1]}", place) as relay:
            pem = (place / "relay.pem").read_text()
            made.certificate = pem[pem.index("-----BEGIN CERTIFICATE") :]
            made.port = urlsplit(relay.url).port or 0
            yield made
    finally:
        for shell in made.shells.values():
            for one in shell.values():
                one.process.kill()
        server.shutdown()
        thread.join()
        server.server_close()
