"""Runs a script of a setup text as its tool would, against a small server on loopback that keeps what it was sent."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

_KEY = "awk_of_a_test"


class Receiver:
    """
    A server that keeps the bodies which came with the right key.

    Args:
        answers: status codes of the first requests; 202 afterwards.
    """

    def __init__(self, *answers: int) -> None:
        self.bodies: list[Any] = []
        waiting = list(answers)
        bodies = self.bodies

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = waiting.pop(0) if waiting else 202
                if self.headers["X-API-Key"] != _KEY or self.headers["Content-Type"] != "application/json":
                    status = 401
                elif status < 300:
                    bodies.append(json.loads(body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)

    @contextmanager
    def served(self) -> Iterator[None]:
        """It answers until the block ends."""
        thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def run(
        self,
        script: str,
        place: Path,
        *arguments: str | bytes,
        environ: Mapping[str, str] | None = None,
        stdin: bytes = b"",
    ) -> subprocess.CompletedProcess[bytes]:
        """Run the script, with this server as its address; returns when it ended."""
        url = f"http://127.0.0.1:{self._server.server_address[1]}/api/webhooks/trial"
        file = place / "script.py"
        file.write_text(script.replace("{webhook_url}", url).replace("{api_key}", _KEY))
        command: Sequence[str | bytes] = [sys.executable, str(file), *arguments]
        return subprocess.run(
            command,
            env={"PATH": "/usr/bin:/bin", "no_proxy": "127.0.0.1", "PYTHONUTF8": "1", **(environ or {})},
            input=stdin,
            capture_output=True,
            check=False,
            timeout=30,
        )
