"""A real server with the console as it is built, and a real browser before it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from alertwhisperer.console.site import read_site
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.user import Role
from tests.database import run_apart
from tests.server import (
    Place,
    Sender,
    Server,
    bearer,
    house_of,
    new_company,
    new_sender,
    new_token,
)

PASSWORD = "four quiet words nobody knows"  # of people that live as long as a test
PATIENCE_MS = 30_000
# What else Chromium does by itself, it does over the network.
_ALONE = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")
_QUIET = ("--no-sandbox", "--disable-gpu", *_ALONE)


@dataclass(frozen=True)
class Scene:
    """A server, a company with a tool that sends, and somebody at the machine who lets people in."""

    server: Server
    place: Place
    sender: Sender
    token: str = field(repr=False)

    @property
    def company_id(self) -> CompanyId:
        return self.sender.company_id

    @property
    def company_name(self) -> str:
        name: str = self.ask("GET", f"/api/companies/{self.company_id}")["name"]
        return name

    def send(self, *alerts: dict[str, Any]) -> None:
        """What the tool sends; it was accepted."""
        headers = {"X-API-Key": self.sender.api_key}
        answer = httpx.post(self.server.url + self.sender.path, json=list(alerts), headers=headers, trust_env=False)
        assert answer.status_code == 202, answer.text

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """What the API answers to the MSP's admin."""
        with httpx.Client(headers=bearer(self.token), trust_env=False) as client:
            answer = client.request(method, self.server.url + path, json=body)
        assert answer.status_code < 400, answer.text
        return answer.json()

    def other_company(self, name: str = "Acme") -> Sender:
        """Another company of the same MSP, with a tool."""

        async def made() -> Sender:
            async with house_of(self.place) as house:
                return await new_sender(house, (await new_company(house, name)).id, "generic")

        return run_apart(made())

    def let_owe_a_password(self, email: str) -> None:
        """As for the first administrator, whose password was printed by the server."""

        async def owing() -> None:
            async with house_of(self.place) as house, house.database.unit_of_work(Scope(INSTALLATION, "test")) as unit:
                await unit.connection.execute(
                    "UPDATE password SET must_change = true FROM app_user u"
                    " WHERE u.user_id = password.user_id AND u.email = $1",
                    email,
                )

        run_apart(owing())

    def invite(self, role: Role, *companies: CompanyId) -> str:
        """The address by which a new person chooses a password."""
        body = {
            "email": f"{uuid4().hex[:12]}@example.org",
            "role": role.value,
            "companies": [str(one) for one in companies],
        }
        link: str = self.ask("POST", "/api/users/invitations", body)["link"]
        return self.server.url + "/" + link.split("/", 3)[3]


def alert(asset: str, signature: str, severity: str = "high", **more: str) -> dict[str, str]:
    """One alert as our own form has it."""
    return {
        **{"asset_name": asset, "signature": signature, "severity": severity},
        **{"message": f"{signature}, says the tool", "tool_source": "rmm", **more},
    }


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the browser is."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    built = read_site().page is not None
    missing = (
        "no Chromium here; `make services` installs it" if not found else "" if built else "no console; `make web`"
    )
    if missing and os.environ.get("ALERTWHISPERER_REQUIRE_SERVICES") == "1":
        pytest.fail(missing)
    if missing or found is None:
        pytest.skip(missing)
    return found


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """One browser for all tests; each has windows of its own."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=list(_QUIET))
        yield running
        running.close()


@pytest.fixture
def scene(server: Server, place: Place) -> Scene:
    """A company of this test alone."""

    async def made() -> tuple[Sender, str]:
        async with house_of(place) as house:
            return await new_sender(house, (await new_company(house)).id, "generic"), await new_token(house)

    return Scene(server, place, *run_apart(made()))


@dataclass
class Window:
    """A page with what it complained of and where it asked."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)


Open = Callable[..., Window]


@pytest.fixture
def enter(browser: Browser, scene: Scene) -> Iterator[Open]:
    """Lets a new person in, at a page; afterwards nothing may have been complained of, and no other host asked."""
    opened: list[Window] = []

    def entered(
        role: Role = Role.TECHNICIAN, path: str = "/incidents", *companies: CompanyId, **options: Any
    ) -> Window:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, **options)
        context.set_default_timeout(PATIENCE_MS)
        window = Window(context.new_page())
        opened.append(window)
        window.page.on("pageerror", lambda error: window.complaints.append(str(error)))
        window.page.on("console", lambda said: _complain(window, said.type, said.text))
        window.page.on("request", lambda asked: window.hosts.add(asked.url.split("/")[2]))
        served = companies or (() if role is Role.MSP_ADMIN else (scene.company_id,))
        window.page.goto(scene.invite(role, *served))
        for box in window.page.query_selector_all("input[type=password]"):
            box.fill(PASSWORD)
        window.page.click("form button")
        window.page.wait_for_url("**/board")
        if path != "/board":
            window.page.goto(scene.server.url + path)
        return window

    yield entered
    for window in opened:
        window.page.context.close()
        assert window.complaints == []
        assert window.hosts <= {scene.server.url.split("/")[2]}


def _complain(window: Window, kind: str, text: str) -> None:
    # A browser reports each answer that is no success, and each socket that a stopped server let go: we cause those.
    if kind == "error" and "Failed to load resource" not in text and "WebSocket connection" not in text:
        window.complaints.append(text)
