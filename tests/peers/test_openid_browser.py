"""In a real browser: signing in by a real OpenID provider, and by a password with a code of a standard app."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from alertwhisperer.app.build import House
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.user import Role
from alertwhisperer.guard.people import add_user
from alertwhisperer.guard.sign_in.passwords import Passwords
from alertwhisperer.store import sign_in
from tests.peers.process import await_answer, require
from tests.peers.test_openid import MakeWorld, World, here, kim, make_world

__all__ = ["here", "make_world"]

_CHROMIUM = "/usr/bin/chromium"
_PASSWORD = "four words nobody knows"
_STEP_S = 30


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real Chromium, which calls nobody but loopback."""
    require(_CHROMIUM)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=_CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-background-networking",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            ],
        )
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a browser that has no cookies yet."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


def add_with_password(world: World, email: str) -> None:
    """A person who has a password."""

    async def add(house: House) -> None:
        now = house.clock.now()
        user = await add_user(house.database, Scope(INSTALLATION, "test"), email, Role.MSP_ADMIN, [], now=now)
        made = await Passwords(memory_mib=8, passes=1).hash(_PASSWORD)
        async with house.database.unit_of_work(Scope(INSTALLATION, "test")) as unit:
            await sign_in.set_password(unit, user.id, made, must_change=False, now=now)

    world.house(add)


def fill_password(page: Page, world: World, email: str) -> None:
    """Sign in by the form, as far as the password goes; whoever is let in wants their own account."""
    page.goto(f"{world.server.url}/sign-in?next=/account")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(_PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def code_of_app(secret: str) -> str:
    """What an authenticator app shows: oathtool's where it is installed, else another library's."""
    if shutil.which("oathtool"):
        shown = subprocess.run(["oathtool", "--totp", "--base32", secret], capture_output=True, text=True, check=True)
        return shown.stdout.strip()
    return pyotp.TOTP(secret, interval=_STEP_S).now()


def step_now() -> int:
    """The step that a code of now is of: each is taken once."""
    return int(time.time() // _STEP_S)


def test_somebody_presses_the_button_and_lands_signed_in(make_world: MakeWorld, page: Page) -> None:
    account = kim("techs")
    world = make_world(account)
    page.goto(f"{world.server.url}/sign-in?next=/account")
    page.locator(f'a[href^="/sign-in/with/{world.slug}"]').click()
    page.get_by_placeholder("Enter any login").fill(account.sub)
    page.get_by_placeholder("and password").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_url(f"{world.server.url}/account")
    expect(page.get_by_text(account.email).first).to_be_visible()
    cookie = next(one for one in page.context.cookies() if one["name"] == "alertwhisperer")
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    assert all(one["name"] != "alertwhisperer-attempt" for one in page.context.cookies())


def test_a_person_links_an_account_to_their_own_and_comes_in_by_it(make_world: MakeWorld, page: Page) -> None:
    """By hand, since their addresses are alike and prove nothing."""
    account = kim("techs")
    world = make_world(account)
    add_with_password(world, account.email)
    fill_password(page, world, account.email)
    row = page.locator("#identities li").filter(has=page.locator(f'form[action*="/{world.slug}/"]'))
    row.get_by_role("button").click()
    page.get_by_role("link", name="Go to The directory").click()
    page.get_by_placeholder("Enter any login").fill(account.sub)
    page.get_by_placeholder("and password").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_url(f"{world.server.url}/account?done=linked")
    assert [one["email"] for one in world.people()] == [account.email]
    surfer = world.surfer()
    surfer.sign_in(world.slug, account.sub)
    me = surfer.me()
    assert me is not None
    assert (me["email"], me["role"]) == (account.email, "technician"), "the provider's groups say what they may"


def test_a_code_of_a_standard_app_is_asked_for_and_lets_in(make_world: MakeWorld, page: Page) -> None:
    account = kim()
    world = make_world(account)
    add_with_password(world, account.email)
    fill_password(page, world, account.email)
    page.locator('form[action="/account/second-factor"] button').click()
    secret, used = page.locator("code").first.inner_text().replace(" ", ""), step_now()
    page.get_by_label("Code").first.fill(code_of_app(secret))
    page.locator('form[action="/account/second-factor/confirm"] button').click()
    expect(page.get_by_role("heading", name="Recovery codes").first).to_be_visible()
    page.context.clear_cookies()
    fill_password(page, world, account.email)
    expect(page).to_have_url(f"{world.server.url}/sign-in")
    await_answer(lambda: True if step_now() > used else None, "the app's next code", deadline_s=_STEP_S + 5)
    page.get_by_label("Code").first.fill(code_of_app(secret))
    page.locator('form[action="/sign-in/second-factor"] button').first.click()
    expect(page.get_by_text(account.email).first).to_be_visible()
