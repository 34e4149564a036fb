"""A real OpenID provider, and somebody who signs in there as a browser without a window would."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from tests.peers.process import HOST, Program, await_answer, require, running
from tests.server import free_port

CLIENT_ID, CLIENT_SECRET = "alertwhisperer", "a client's secret of the test"
_SCRIPT = Path(__file__).with_name("openid_provider.mjs")


def installed() -> Path:
    """Where npm put the provider; skips the test when it did not."""
    require("node", "npm")
    root = subprocess.run(["npm", "root", "--global"], capture_output=True, text=True, check=True).stdout.strip()
    entry = Path(root) / "oidc-provider" / "lib" / "index.js"
    require(str(entry))
    return entry


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody at the provider."""

    sub: str
    email: str
    groups: tuple[str, ...] = ()
    email_verified: bool = True

    @property
    def claims(self) -> dict[str, Any]:
        """As the provider tells them."""
        return {
            "sub": self.sub,
            "email": self.email,
            "email_verified": self.email_verified,
            "groups": list(self.groups),
        }


@dataclass(frozen=True, slots=True)
class OpenId:
    """The provider while it runs."""

    issuer: str
    control: str
    program: Program = field(repr=False)

    def put(self, account: Account) -> None:
        """An account, new or changed."""
        self._ask("POST", "/account", account.claims)

    def delete(self, sub: str) -> None:
        """An account is gone."""
        self._ask("DELETE", f"/account/{sub}", {})

    def rotate_keys(self) -> None:
        """It signs with other keys from now on, and knows nobody's session any more."""
        self._ask("POST", "/keys", {})

    def _ask(self, method: str, path: str, document: Mapping[str, Any]) -> None:
        httpx.request(method, self.control + path, json=document, trust_env=False).raise_for_status()


@contextmanager
def provider_running(
    place: Path,
    redirect_uris: Sequence[str],
    *,
    accounts: Sequence[Account] = (),
    logout_uri: str | None = None,
    algorithm: str = "RS256",
    client_auth: str = "client_secret_basic",
    claims_in_userinfo_alone: bool = False,
) -> Iterator[OpenId]:
    """The provider, with one client: us."""
    port, control_port = free_port(), free_port()
    client: dict[str, Any] = {
        "client_id": CLIENT_ID,
        "redirect_uris": list(redirect_uris),
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": client_auth,
        "id_token_signed_response_alg": algorithm,
    }
    if client_auth != "none":
        client["client_secret"] = CLIENT_SECRET
    if logout_uri is not None:
        client |= {"backchannel_logout_uri": logout_uri, "backchannel_logout_session_required": True}
    settings = {
        "package": str(installed()),
        "issuer": f"http://{HOST}:{port}",
        "port": port,
        "control_port": control_port,
        "clients": [client],
        "accounts": [one.claims for one in accounts],
        "claims_in_userinfo_alone": claims_in_userinfo_alone,
    }
    with running("openid", ["node", _SCRIPT], place=place, environ={"SETTINGS": json.dumps(settings)}) as program:

        def answers() -> bool | None:
            program.check()
            return True if "ready" in program.log_tail() else None

        await_answer(answers, "the OpenID provider to listen", told=program.log_tail)
        yield OpenId(str(settings["issuer"]), f"http://{HOST}:{control_port}", program)


class Surfer:
    """A browser without a window: it follows links and fills the provider's own forms."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client = httpx.Client(base_url=url, trust_env=False, timeout=30, headers={"User-Agent": "Surfer"})

    def sign_in(self, slug: str, login: str, *, next: str = "") -> httpx.Response:
        """Press the provider's button, sign in there, come back; the answer that the way ends with."""
        answer = self.get(f"/sign-in/with/{slug}", params={"next": next} if next else None)
        return self.arrive(self.at_provider(answer, login))

    def at_provider(self, answer: httpx.Response, login: str) -> str:
        """Go through the provider's pages; the address of ours that it sends the browser back to."""
        for _ in range(20):
            if answer.is_redirect:
                target = urljoin(str(answer.url), answer.headers["location"])
                if self._is_ours(target):
                    return target
                answer = self.client.get(target)
                continue
            assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
            action = re.search(r'action="([^"]+)"', answer.text)
            prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
            assert action is not None, answer.text
            assert prompt is not None, answer.text
            given = {"prompt": prompt[1]} | ({"login": login, "password": "any"} if prompt[1] == "login" else {})
            answer = self.client.post(urljoin(str(answer.url), action[1]), data=given)
        raise AssertionError(f"the provider goes round in circles:\n{answer.text}")

    def arrive(self, target: str) -> httpx.Response:
        """Open an address of ours."""
        return self.client.get(target)

    def get(self, path: str, **parts: Any) -> httpx.Response:
        """A page or an answer of ours."""
        return self.client.get(path, **parts)

    def me(self) -> Mapping[str, Any] | None:
        """Who is signed in here; None when nobody is."""
        answer = self.client.get("/api/session")
        return None if answer.status_code == 401 else dict(answer.json())

    def _is_ours(self, target: str) -> bool:
        return urlsplit(target).netloc == urlsplit(self.url).netloc
