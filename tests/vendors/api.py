"""An API that a feed polls, as a server of ours on loopback: it pages, breaks and misbehaves as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True)
class Call:
    """A request that reached the server."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What it answers; `hang` keeps the caller waiting until the server ends."""

    body: bytes = b"[]"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False


Behaviour = Callable[[Call], Answer]


def listing(*items: object) -> Answer:
    """A list as JSON."""
    return Answer(json.dumps(list(items)).encode())


def document(value: object, **headers: str) -> Answer:
    """Any JSON, with headers (`_` for `-`)."""
    return Answer(json.dumps(value).encode(), headers={name.replace("_", "-"): text for name, text in headers.items()})


@dataclass
class Api:
    """
    The running server.

    Attributes:
        behave: answers each request; set by the test.
        calls: what was asked, in order.
    """

    url: str
    behave: Behaviour = lambda call: Answer()
    calls: list[Call] = field(default_factory=list)


@contextmanager
def api() -> Iterator[Api]:
    """Run one until the block ends."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: texts[0] for name, texts in parse_qs(parts.query).items()}
            call = Call(self.command, parts.path, query, {name.lower(): text for name, text in self.headers.items()})
            running.calls.append(call)
            answer = running.behave(call)
            if answer.hang:
                over.wait(30)
                return
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(answer.body)))
            for name, text in answer.headers.items():
                self.send_header(name, text)
            self.end_headers()
            try:
                self.wfile.write(answer.body)
            except ConnectionError:
                pass  # the caller had enough

        do_POST = do_GET

        def log_message(self, *words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    running = Api(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield running
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
