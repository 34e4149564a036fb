"""An auditor's server that takes checkpoints by POST, checks who signed them, and keeps each under its number, once."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """
    The running server.

    Attributes:
        kept: documents by number.
        forged: how many came without a good signature.
        instead: a status that it answers whatever comes; None: what is right.
    """

    url: str
    secret: str
    kept: dict[int, bytes] = field(default_factory=dict)
    forged: int = 0
    instead: int | None = None

    def take(self, headers: Any, body: bytes) -> int:
        """The status for one POST."""
        if self.instead is not None:
            return self.instead
        name, at = headers["X-Delivery-Id"], headers["X-Timestamp"]
        signed = hmac.new(self.secret.encode(), f"{at}.{name}.".encode() + body, hashlib.sha256).hexdigest()
        if headers["X-Signature"] != f"sha256={signed}":
            self.forged += 1
            return 401
        return 200 if self.kept.setdefault(int(name.removeprefix("checkpoint-")), body) == body else 409


@contextmanager
def receiver(secret: str) -> Iterator[Receiver]:
    """Run one until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with taking:
                status = running.take(self.headers, body)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *words: Any) -> None:
            pass

    taking = threading.Lock()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    running = Receiver(f"http://127.0.0.1:{server.server_address[1]}", secret)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
