"""An OpenID issuer on loopback that says whatever a test has it say, lies included; what it is asked is counted."""

from __future__ import annotations

import base64
import hmac
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

from joserfc import jwt
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

HOST = "127.0.0.1"
Answer = tuple[int, bytes]


class Issuer:
    """
    The issuer while it runs.

    Attributes:
        answers: what it says at a path, in place of its own answer; given the request's body.
        asked: how often each path was asked.
        tokens: ID token by code; a code works as often as it is asked for, so that we must refuse a second time.
        published: the keys that its set shows, by their ids.
        forms: what the token endpoint was given, the newest last.
    """

    def __init__(self) -> None:
        self.rsa = RSAKey.generate_key(2048, {"kid": "rsa"})
        self.keys: dict[str, Key] = {
            "rsa": self.rsa,
            "ec": ECKey.generate_key("P-256", {"kid": "ec"}),
            "ed": OKPKey.generate_key("Ed25519", {"kid": "ed"}),
        }
        self.published = dict(self.keys)
        self.answers: dict[str, Callable[[bytes], Answer]] = {}
        self.asked: Counter[str] = Counter()
        self.tokens: dict[str, str] = {}
        self.forms: list[Mapping[str, list[str]]] = []
        self.headers: list[Mapping[str, str]] = []
        self.userinfo: Mapping[str, Any] = {}
        self.more: Mapping[str, Any] = {}
        self._server = ThreadingHTTPServer((HOST, 0), self._handler())

    @property
    def url(self) -> str:
        """Its own name."""
        return f"http://{HOST}:{self._server.server_address[1]}"

    def mint(self, claims: Mapping[str, Any], *, alg: str = "RS256", kid: str = "rsa", key: Key | None = None) -> str:
        """A token, signed by one of its keys or by any other."""
        registry = JWSRegistry(algorithms=[alg])
        return jwt.encode({"alg": alg, "kid": kid}, dict(claims), key or self.keys[kid], registry=registry)

    @contextmanager
    def served(self) -> Iterator[Issuer]:
        """It answers until the block ends."""
        thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def document(self) -> dict[str, Any]:
        """What discovery says."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "authorization_response_iss_parameter_supported": True,
            **self.more,
        }

    def answer(self, path: str, body: bytes) -> Answer:
        """What it says at a path."""
        self.asked[path] += 1
        if path in self.answers:
            return self.answers[path](body)
        if path == "/.well-known/openid-configuration":
            return _json(self.document())
        if path == "/jwks":
            return _json({"keys": [key.as_dict(private=False) for key in self.published.values()]})
        if path == "/userinfo":
            return _json(self.userinfo)
        if path == "/token":
            form = parse_qs(body.decode())
            self.forms.append(form)
            code = (form.get("code") or form.get("refresh_token") or [""])[0]
            if code not in self.tokens:
                return 400, b'{"error": "invalid_grant"}'
            return _json({"access_token": "an access token", "token_type": "Bearer", "id_token": self.tokens[code]})
        return 404, b""

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._say()

            def do_POST(self) -> None:
                self._say()

            def _say(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                outer.headers.append(dict(self.headers))
                status, said = outer.answer(self.path.partition("?")[0], body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(said)))
                if 300 <= status < 400:
                    self.send_header("Location", said.decode())
                self.end_headers()
                try:
                    self.wfile.write(said)
                except OSError:
                    pass  # we hung up, as we should on what is too large

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


def signed_by_secret(claims: Mapping[str, Any], secret: bytes, kid: str) -> str:
    """A token by a shared secret, put together by hand: no decent library takes a public key for one."""
    parts = [json.dumps(part).encode() for part in ({"alg": "HS256", "kid": kid}, dict(claims))]
    signed = ".".join(_base64(part) for part in parts)
    return f"{signed}.{_base64(hmac.digest(secret, signed.encode(), 'sha256'))}"


def unsigned(claims: Mapping[str, Any], alg: str) -> str:
    """A token that names an algorithm and has no signature."""
    return ".".join(_base64(json.dumps(part).encode()) for part in ({"alg": alg, "kid": "rsa"}, dict(claims))) + "."


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _json(document: object) -> Answer:
    return 200, json.dumps(document).encode()
