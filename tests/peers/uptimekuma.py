"""A real Uptime Kuma, spoken with as its own pages do, and a website that it watches."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx

from tests.peers.process import HOST, Program, await_answer, require, running
from tests.server import free_port

_USER, _PASSWORD = "trial", "a-trial-of-2-machines"
_PARTS = ("config", "dist", "server", "src", "package.json")


def installed() -> Path:
    """Where npm put Uptime Kuma; skips the test when it did not."""
    require("node", "npm")
    root = subprocess.run(["npm", "root", "--global"], capture_output=True, text=True, check=True).stdout.strip()
    package = Path(root) / "uptime-kuma"
    require(str(package / "server" / "server.js"))
    return package.resolve()


class Website:
    """A website whose health the test turns."""

    def __init__(self) -> None:
        self.is_well = True
        outer = self

        class Page(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200 if outer.is_well else 503)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer((HOST, 0), Page)

    @property
    def url(self) -> str:
        """Its address, with a path."""
        return f"http://{HOST}:{self._server.server_address[1]}/health"

    @contextmanager
    def served(self) -> Iterator[None]:
        """It answers until the block ends."""
        thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()


class Kuma:
    """Uptime Kuma while it runs, signed in to; every method returns when it was carried out."""

    def __init__(self, program: Program, client: httpx.Client) -> None:
        self._program = program
        self._client = client
        self._asked = 0
        opened = client.get("", params={"EIO": "4", "transport": "polling"})
        session = json.loads(opened.text.removeprefix("0"))["sid"]
        self._query = {"EIO": "4", "transport": "polling", "sid": session}
        self._send("40")
        self._ask("setup", _USER, _PASSWORD)
        self._ask("login", {"username": _USER, "password": _PASSWORD, "token": ""})

    def told(self) -> str:
        """The end of its log."""
        return self._program.log_tail()

    def add_webhook(self, url: str, setup: str, content_type: str) -> None:
        """Add the notification of our setup text, and press its Test button."""
        found = re.search(r"```json\n(.*?)```", setup, re.DOTALL)
        assert found is not None, "the setup text shows no additional headers"
        notification = {
            "name": "Alert Whisperer",
            "type": "webhook",
            "webhookURL": url,
            "webhookContentType": content_type,
            "webhookAdditionalHeaders": found[1],
            "isDefault": True,
            "applyExisting": True,
        }
        self._ask("addNotification", notification, None)
        self._ask("testNotification", notification)

    def add_monitor(self, name: str, url: str) -> int:
        """Watch a website from now on; it looks at once. Returns the monitor's number."""
        monitor = {
            "type": "http",
            "name": name,
            "url": url,
            "method": "GET",
            "interval": 20,  # the least that it allows; `look_again` is faster
            "retryInterval": 20,
            "resendInterval": 0,
            "maxretries": 0,
            "timeout": 5,
            "maxredirects": 0,
            "accepted_statuscodes": ["200-299"],
            "notificationIDList": {"1": True},
        }
        number: int = self._ask("add", monitor)["monitorID"]
        return number

    def look_again(self, monitor: int) -> None:
        """Look at the website now."""
        self._ask("pauseMonitor", monitor)
        self._ask("resumeMonitor", monitor)

    def _ask(self, what: str, *about: object) -> Mapping[str, Any]:
        """One call over Socket.IO, by long polling: sent as `42<number>[…]`, answered by `43<number>[…]`."""
        self._asked += 1
        self._send(f"42{self._asked}{json.dumps([what, *about])}")
        mark = f"43{self._asked}["

        def answered() -> Mapping[str, Any] | None:
            for packet in self._client.get("", params=self._query).text.split("\x1e"):
                if packet == "2":  # a ping
                    self._send("3")
                elif packet.startswith(mark):
                    found: Mapping[str, Any] = json.loads(packet[len(mark) - 1 :])[0]
                    return found
            return None

        answer = await_answer(answered, f"Uptime Kuma to answer {what}", told=self.told)
        assert answer["ok"], f"{what}: {answer.get('msg')}\n{self.told()}"
        return answer

    def _send(self, packet: str) -> None:
        self._client.post("", params=self._query, content=packet.encode()).raise_for_status()


@contextmanager
def kuma_running(package: Path, place: Path) -> Iterator[Kuma]:
    """Uptime Kuma with a database of its own until the block ends."""
    _prepare(package, place)
    port = free_port()
    environ = {"UPTIME_KUMA_HOST": HOST, "UPTIME_KUMA_PORT": str(port), "DATA_DIR": f"{place}/data/"}
    with running("uptime-kuma", ["node", "server/server.js"], place=place, environ=environ) as program:
        base = f"http://{HOST}:{port}"

        def ask() -> bool | None:
            program.check()
            try:
                return httpx.get(f"{base}/api/entry-page", timeout=5, trust_env=False).status_code == 200 or None
            except httpx.TransportError:
                return None

        await_answer(ask, "Uptime Kuma to be ready", deadline_s=60, told=program.log_tail)
        with httpx.Client(base_url=f"{base}/socket.io/", timeout=30, trust_env=False) as client:
            yield Kuma(program, client)


def _prepare(package: Path, place: Path) -> None:
    """A working folder: it finds its parts below the current one, and wants to write beside some of them."""
    for part in _PARTS:
        (place / part).symlink_to(package / part)
    shutil.copytree(package / "db", place / "db")
    for patch in (place / "db").glob("*.sql"):  # the package has the newest ones a folder too high
        shutil.copy(patch, place / "db" / "old_migrations")
    with sqlite3.connect(place / "db" / "kuma.db") as template:  # a test's traffic stays on this machine
        template.execute("INSERT INTO setting (key, value, type) VALUES ('checkUpdate', 'false', 'general')")
    template.close()
    (place / "data").mkdir()
    (place / "data" / "db-config.json").write_text('{"type": "sqlite"}')
