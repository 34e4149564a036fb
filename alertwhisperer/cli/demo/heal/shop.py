"""
The service that falls over: a web server of a few lines, with what starts it, stops it, and asks it from outside.

It is run as a program of its own by the demo and, over SSH, by the demo's runbook; it imports nothing of ours.

    python -I shop.py start|stop|status|ask FOLDER PORT
"""

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

HOST = "127.0.0.1"
_OPEN = "open"  # while this file is there the shop may run: it ends by itself when its world is cleared away
_PROCESS = "process"
_STARTS_WITHIN_S = 10.0
_LOOK_S = 0.1


def start(folder: Path, port: int) -> int:
    """Start it apart from whoever asks, and wait until it answers."""
    command = [sys.executable, "-I", str(Path(__file__).resolve()), "serve", str(folder), str(port)]
    devnull = subprocess.DEVNULL
    process = subprocess.Popen(command, stdin=devnull, stdout=devnull, stderr=devnull, start_new_session=True)
    until = time.monotonic() + _STARTS_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        if answer_of(port) is not None:
            print(f"started as process {process.pid}")
            return 0
        time.sleep(_LOOK_S)
    print(f"it did not answer on port {port}")
    return 1


def stop(folder: Path, port: int) -> int:
    """End the process that says it is the shop."""
    process = process_of(folder)
    if process is None:
        print("it was not running")
        return 0
    os.kill(process, signal.SIGTERM)
    print(f"asked process {process} to end")
    return 0


def status(folder: Path, port: int) -> int:
    """Say whether its process is there."""
    print("stopped" if process_of(folder) is None else "running")
    return 0


def ask(folder: Path, port: int) -> int:
    """Ask it as a customer does, over HTTP."""
    answer = answer_of(port)
    print(f"http://{HOST}:{port}/ does not answer" if answer is None else answer)
    return 1 if answer is None else 0


def serve(folder: Path, port: int) -> int:
    """Be the shop, until it is told to end or its world is cleared away."""
    server = HTTPServer((HOST, port), _Page)
    (folder / _PROCESS).write_text(f"{os.getpid()}\n")
    threading.Thread(target=_end_with, args=(folder / _OPEN,), daemon=True).start()
    server.serve_forever()
    return 0


def answer_of(port: int) -> str | None:
    """What it answers; None when it does not."""
    asking = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        asking.request("GET", "/")
        answer = asking.getresponse()
        return answer.read().decode().strip() if answer.status == http.HTTPStatus.OK else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        asking.close()


def process_of(folder: Path) -> int | None:
    """The process that is the shop; None when there is none."""
    try:
        process = int((folder / _PROCESS).read_text())
        os.kill(process, 0)
    except (OSError, ValueError):
        return None
    return process


def open_shop(folder: Path) -> None:
    """Allow it to run."""
    (folder / _OPEN).touch()


def close_shop(folder: Path) -> None:
    """Let it end by itself, whoever started it."""
    (folder / _OPEN).unlink(missing_ok=True)


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = f"the shop is open, process {os.getpid()}\n".encode()
        self.send_response(http.HTTPStatus.OK)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


def _end_with(marker: Path) -> None:
    while marker.exists():
        time.sleep(_LOOK_S)
    os._exit(0)


_VERBS: Mapping[str, Callable[[Path, int], int]] = {
    "start": start,
    "stop": stop,
    "status": status,
    "ask": ask,
    "serve": serve,
}

if __name__ == "__main__":
    sys.exit(_VERBS[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3])))
