"""
Writes down, in whatever process of a test run it is loaded, the secrets that are made or sealed there and what is said.

A run puts this file as `sitecustomize.py` into a folder of its own and that folder on PYTHONPATH, so that servers and
commands which tests start are heard as well as the tests' own process. It stands alone: it imports nothing of tests or
product, and touches a module of theirs only when that module is imported anyway. Nothing that is called behaves in
another way than without it.

What it writes, beside itself, in files that end in the process's id: `secrets` (`[kind, hexadecimal bytes]`),
`answers` (one answer of a door a line), `printed` (by a command, or by a server for its operator), `log` (of a server).
"""

import functools
import importlib.abc
import importlib.machinery
import json
import os
import re
import secrets
import sys
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

FOLDER = Path(__file__).resolve().parent

SHOWN = "shown once"
KEPT = "never shown"

_KEY_SIZES = (32, 64)
_LEAST_BYTES = 10  # shorter ones are found everywhere by chance
_FEWEST_DIFFERENT = 6
_LARGEST_SEALED = 1_000  # what is larger is no secret of its own
_CONTEXT = re.compile(r"/[0-9a-f]{8}-[0-9a-f-]{27}")  # of the product's own; tests seal other things as well
_SHOWN_CONTEXT = re.compile(r"integration/[^/]+/[^/]+/secret$|second[-_]factor/|user/[^/]+/second")
_ID = re.compile(r"[0-9a-f-]{32,36}")
_LONGEST_WORD = 30  # of a path


class Notes:
    """Files of this process; a fork writes into files of its own."""

    def __init__(self) -> None:
        self._files: dict[tuple[str, int], int] = {}
        self._told: set[tuple[str, bytes]] = set()

    def secret(self, kind: str, secret: str | bytes) -> None:
        """Note a secret, once."""
        value = secret.encode("utf-8", "surrogatepass") if isinstance(secret, str) else bytes(secret)
        if len(value) < _LEAST_BYTES or len(set(value)) < _FEWEST_DIFFERENT or (kind, value) in self._told:
            return
        self._told.add((kind, value))
        self.write("secrets", "jsonl", json.dumps([kind, value.hex()]) + "\n")

    def write(self, name: str, ending: str, text: str) -> None:
        """Append to a file, at once: this process may be killed."""
        place = (name, os.getpid())
        if place not in self._files:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            try:
                self._files[place] = os.open(FOLDER / f"{name}-{os.getpid()}.{ending}", flags, 0o600)
            except FileNotFoundError:
                return  # the run is over, and has swept up; this process was left behind
        os.write(self._files[place], text.encode("utf-8", "replace"))


NOTES = Notes()


def _noting(kind: str, make: Callable[..., Any]) -> Callable[..., Any]:
    """`make`, with what it makes noted."""

    @functools.wraps(make)
    def made(*given: Any, **named: Any) -> Any:
        value = make(*given, **named)
        NOTES.secret(kind, value)
        return value

    return made


def _note_random(kind: str, make: Callable[..., bytes]) -> Callable[..., bytes]:
    """`make`, with what it makes noted where it is a key; other sizes are nonces, salts and ids."""

    @functools.wraps(make)
    def made(*size: int | None) -> bytes:
        value = make(*size)
        if len(value) in _KEY_SIZES:
            NOTES.secret(kind, value)
        return value

    return made


def _in_passwords(module: ModuleType) -> None:
    hasher = module.PasswordHasher
    hash_, verify = hasher.hash, hasher.verify

    def noted_hash(self: Any, password: str | bytes, *rest: Any, **named: Any) -> Any:
        NOTES.secret(SHOWN, password)  # one that we made was shown once; of others no answer has a word either
        return hash_(self, password, *rest, **named)

    def noted_verify(self: Any, kept: str, password: str | bytes) -> Any:
        right = verify(self, kept, password)
        NOTES.secret(SHOWN, password)  # only when it is right: what is tried by mistake opens nothing
        return right

    hasher.hash, hasher.verify = noted_hash, noted_verify


def _in_vault(module: ModuleType) -> None:
    seal = module.Vault.seal

    def noted(self: Any, plain: bytes, context: str) -> Any:
        if _CONTEXT.search(context) and len(plain) <= _LARGEST_SEALED:
            NOTES.secret(SHOWN if _SHOWN_CONTEXT.search(context) else KEPT, plain)
        return seal(self, plain, context)

    module.Vault.seal = noted


def _in_second_factor(module: Any) -> None:
    module._recovery_code = _noting(SHOWN, module._recovery_code)


def _in_otp(module: Any) -> None:
    module.random_base32 = _noting(SHOWN, module.random_base32)


def _in_api(module: ModuleType) -> None:
    module.FastAPI.__call__ = _heard(module.FastAPI.__call__)


def _in_gateway(module: ModuleType) -> None:
    module.Gateway.__call__ = _heard(module.Gateway.__call__)


def _heard(serve: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """An ASGI application whose answers are noted: status, headers and body in one line."""

    async def heard(self: Any, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] not in ("http", "websocket"):
            await serve(self, scope, receive, send)
            return
        said: list[str] = []

        async def noted(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                said.append(str(message["status"]))
                said.extend(
                    f"{name.decode('latin-1')}: {value.decode('latin-1')}" for name, value in message["headers"]
                )
            elif message["type"] == "http.response.body":
                said.append(message.get("body", b"").decode("utf-8", "replace"))
            elif message["type"] == "websocket.send":
                said.append(message.get("text") or (message.get("bytes") or b"").decode("utf-8", "replace"))
            await send(message)

        try:
            await serve(self, scope, receive, noted)
        finally:
            path, answer = _without_links(scope["path"], "\n".join(said))
            line = json.dumps([f"{scope.get('method', 'WS')} {path}", answer], ensure_ascii=False)
            NOTES.write("answers", "jsonl", line + "\n")

    return heard


def _without_links(path: str, answer: str) -> tuple[str, str]:
    """Path and answer without the secret that a link carries: whoever asks with it has it already."""
    for part in path.split("/"):
        if len(part) > _LONGEST_WORD and not _ID.fullmatch(part):
            path, answer = path.replace(part, "…"), answer.replace(part, "…")
    return path, answer


_ON_IMPORT: Mapping[str, Callable[[ModuleType], None]] = {
    "alertwhisperer.guard.vault": _in_vault,
    "alertwhisperer.guard.sign_in.second_factor": _in_second_factor,
    "alertwhisperer.ingest.gateway": _in_gateway,
    "argon2": _in_passwords,
    "fastapi": _in_api,
    "pyotp": _in_otp,
}


class _Loader(importlib.abc.Loader):
    """Loads as the real one does, then lets the module be listened to."""

    def __init__(self, loader: Any, then: Callable[[ModuleType], None]) -> None:
        self._loader, self._then = loader, then

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        made: ModuleType | None = self._loader.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        self._then(module)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the few modules of `_ON_IMPORT`, as the usual finder does."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        then = _ON_IMPORT.get(name)
        if then is None:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None and spec.loader is not None:
                spec.loader = _Loader(spec.loader, then)
                return spec
        return None


def _tee(stream: TextIO, name: str) -> None:
    """What a program prints is noted too."""
    write = stream.write

    def noted(text: str) -> int:
        NOTES.write(name, "txt", text)
        return write(text)

    setattr(stream, "write", noted)  # noqa: B010 - a method that is replaced on purpose


def install() -> None:
    """Begin."""
    os.urandom = _note_random(KEPT, os.urandom)
    secrets.token_urlsafe = _noting(SHOWN, secrets.token_urlsafe)
    secrets.token_bytes = _note_random(SHOWN, secrets.token_bytes)
    sys.meta_path.insert(0, _Finder())
    words = [word.rpartition("/")[2] for word in sys.orig_argv]
    if "alertwhisperer" in words[:3]:  # a command or a server; the tests' own output is noted by the tests
        _tee(sys.stdout, "printed")
        _tee(sys.stderr, "log" if "serve" in words else "printed")


if __name__ == "sitecustomize":
    install()
