"""Links that set a password: once, for a while, for one person; and nothing happens by opening one."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest

from alertwhisperer.api.desk import Desk
from alertwhisperer.domain.audit import AuditAction
from alertwhisperer.domain.company import INSTALLATION
from alertwhisperer.domain.user import User
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store.database import Database
from tests.sign_in.conftest import PASSWORD, URL, AddPerson, Browser, OpenBrowser, entries_about, with_entrance

NEW = "five other words in a row"


async def invite(browser: Browser, email: str) -> str:
    """The path of an invitation."""
    body = {"email": email, "role": "msp_admin"}
    made = await browser.ask("POST", "/api/users/invitations", 201, json=body)
    assert made["link"].startswith(f"{URL}/invitation/awl_")
    return str(made["link"]).removeprefix(URL)


async def reset(browser: Browser, email: str) -> str:
    """The path of a reset."""
    made = await browser.ask("POST", f"/api/users/{email}/password-link", 201)
    return str(made["link"]).removeprefix(URL)


async def test_an_invited_person_chooses_a_password_and_is_in(
    signed_in: Browser, browser: Browser, open_browser: OpenBrowser, kim: User, database: Database
) -> None:
    email = f"new.{kim.id.hex}@example.org"
    path = await invite(signed_in, email)
    new = await open_browser()
    shown = await new.client.get(path)
    assert email in shown.text
    answer = await new.send(shown, path, password=NEW, again=NEW)
    assert answer.headers["location"] == "/account"
    me = (await new.client.get("/api/session")).json()
    assert (me["email"], me["role"]) == (email, "msp_admin")
    assert (await new.client.get(path)).status_code == 404
    await (await open_browser()).sign_in(email, NEW)
    [made] = await entries_about(database, AuditAction.PASSWORD_LINK_MADE, me["id"])
    assert (made.user_id, made.detail["kind"]) == (kim.id, "invitation")
    [set_] = await entries_about(database, AuditAction.PASSWORD_CHANGED, me["id"])
    assert (set_.detail, str(set_.user_id)) == ({"by": "link"}, me["id"])
    assert "awl_" not in str(made)


async def test_opening_a_link_changes_nothing(signed_in: Browser, open_browser: OpenBrowser, kim: User) -> None:
    """Mail scanners open every link, some more than once."""
    path = await invite(signed_in, f"scanned.{kim.id.hex}@example.org")
    for _ in range(5):
        scanner = await open_browser()
        assert (await scanner.client.get(path)).status_code == 200
        assert (await scanner.client.head(path)).status_code in (200, 405)
    person = await open_browser()
    await person.submit(path, path, password=NEW, again=NEW)


async def test_a_reset_ends_every_session_and_the_old_password(
    signed_in: Browser, open_browser: OpenBrowser, add_person: AddPerson
) -> None:
    person, old = await add_person(), await open_browser()
    await old.sign_in(person.email)
    path = await reset(signed_in, person.email)
    assert path.startswith("/password/awl_")
    await old.ask("GET", "/api/session")  # until it is used
    new = await open_browser()
    await new.submit(path, path, password=NEW, again=NEW)
    await old.ask("GET", "/api/session", 401)
    await old.sign_in(person.email, PASSWORD, 401)
    assert (await new.client.get("/api/session")).json()["email"] == person.email


async def test_links_end_by_time_by_a_newer_one_and_by_a_change(
    signed_in: Browser, open_browser: OpenBrowser, add_person: AddPerson, kim: User, clock: ManualClock
) -> None:
    person, reader = await add_person(), await open_browser()
    first, second = await reset(signed_in, person.email), await reset(signed_in, person.email)
    assert (await reader.client.get(first)).status_code == 404
    clock.advance(timedelta(minutes=59))
    assert (await reader.client.get(second)).status_code == 200
    clock.advance(timedelta(minutes=1))
    assert (await reader.client.get(second)).status_code == 404

    invitation = await invite(signed_in, f"late.{kim.id.hex}@example.org")
    clock.advance(timedelta(hours=71))
    await signed_in.sign_in(kim.email)
    assert (await reader.client.get(invitation)).status_code == 200
    clock.advance(timedelta(hours=1))
    assert (await reader.client.get(invitation)).status_code == 404

    third = await reset(signed_in, person.email)
    await reader.sign_in(person.email)
    await reader.ask("PUT", "/api/session/password", json={"password": PASSWORD, "new_password": NEW})
    assert (await reader.client.get(third)).status_code == 404


async def test_of_two_who_use_a_link_at_once_one_does(
    signed_in: Browser, open_browser: OpenBrowser, add_person: AddPerson
) -> None:
    person = await add_person()
    path = await reset(signed_in, person.email)
    browsers = [await open_browser() for _ in range(4)]
    pages = [await one.client.get(path) for one in browsers]
    fields = [
        {"form": page.text.partition('name="form" value="')[2].partition('"')[0], "password": word, "again": word}
        for page, word in zip(pages, [f"{NEW} {number}" for number in range(4)], strict=True)
    ]
    answers = await asyncio.gather(
        *(one.client.post(path, data=filled) for one, filled in zip(browsers, fields, strict=True))
    )
    assert sorted(one.status_code for one in answers) == [303, 404, 404, 404]


@pytest.mark.parametrize(
    ("password", "again", "says"),
    [
        ("short", "short", "12 characters"),
        (NEW, "another one", "not the same"),
        ("password1234", "password1234", "first"),
    ],
)
async def test_a_bad_password_leaves_the_link_good(
    signed_in: Browser, open_browser: OpenBrowser, kim: User, password: str, again: str, says: str
) -> None:
    path = await invite(signed_in, f"{says.split()[0]}.{kim.id.hex}@example.org")
    person = await open_browser()
    answer = await person.submit(path, path, 422, password=password, again=again)
    assert says in answer.text
    assert password not in answer.text
    await person.send(answer, path, password=NEW, again=NEW)


async def test_a_link_does_not_pass_by_the_second_factor(
    signed_in: Browser, open_browser: OpenBrowser, add_person: AddPerson, clock: ManualClock
) -> None:
    person, theirs = await add_person(), await open_browser()
    await theirs.sign_in(person.email)
    secret = (await theirs.ask("POST", "/api/session/second-factor", 201))["secret"]
    code = pyotp.TOTP(secret).at(clock.now())
    await theirs.ask("POST", "/api/session/second-factor/confirm", json={"code": code})
    path = await reset(signed_in, person.email)
    thief = await open_browser()
    answer = await thief.submit(path, path, password=NEW, again=NEW)
    assert answer.headers["location"] == "/sign-in"
    assert (await thief.client.get("/api/session")).status_code == 401
    assert (await thief.sign_in(person.email, NEW))["second_factor"] == "needed"


@pytest.mark.parametrize("secret", ["x", "awl_" + "a" * 43, "awt_" + "a" * 43, "%00", "%ff", "awl_" + "a" * 500])
@pytest.mark.parametrize("where", ["invitation", "password"])
async def test_any_other_text_is_no_link(browser: Browser, where: str, secret: str) -> None:
    answer = await browser.client.get(f"/{where}/{secret}")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


async def test_the_database_holds_no_link(signed_in: Browser, database: Database, kim: User) -> None:
    path = await invite(signed_in, f"kept.{kim.id.hex}@example.org")
    async with database.across([INSTALLATION]) as connection:
        kept = str(await connection.fetch("SELECT l::text FROM password_link l"))
    assert path.rpartition("awl_")[2] not in kept


async def test_a_channel_sends_the_link_and_nobody_else_sees_it(
    desk: Desk, open_browser: OpenBrowser, kim: User
) -> None:
    sent: list[tuple[str, str]] = []

    async def deliver(user: User, link: str) -> None:
        sent.append((user.email, link))

    browser = await open_browser(with_entrance(desk, deliver_link=deliver))
    await browser.sign_in(kim.email)
    email = f"mailed.{kim.id.hex}@example.org"
    made = await browser.ask("POST", "/api/users/invitations", 201, json={"email": email, "role": "msp_admin"})
    assert made["link"] is None
    [(to, link)] = sent
    assert to == email
    assert (await browser.client.get(link.removeprefix(URL))).status_code == 200


async def test_forgotten_tells_strangers_nothing(
    desk: Desk, open_browser: OpenBrowser, kim: User, browser: Browser
) -> None:
    """Without a channel it names who can help; with one it says the same for every address."""
    page = await browser.client.get("/password")
    assert "administrator" in page.text
    assert "<form" not in page.text

    sent: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    async def deliver(user: User, link: str) -> None:
        await sent.put((user.email, link))

    mailed = await open_browser(with_entrance(desk, deliver_link=deliver))
    told = [
        (await mailed.submit("/password", "/password", 200, email=email)).text
        for email in (f"nobody.{kim.id.hex}@example.org", kim.email.upper())
    ]
    assert told[0] == told[1]
    to, link = await asyncio.wait_for(sent.get(), 10)
    assert to == kim.email
    assert (await mailed.client.get(link.removeprefix(URL))).status_code == 200
    assert sent.empty()


async def test_asking_for_links_is_slowed_down(desk: Desk, open_browser: OpenBrowser, kim: User) -> None:
    async def deliver(user: User, link: str) -> None:
        """Takes it."""

    browser = await open_browser(with_entrance(desk, deliver_link=deliver))
    shown = await browser.client.get("/password")
    for _ in range(6):
        await browser.send(shown, "/password", 200, email=kim.email)
    answer = await browser.send(shown, "/password", 429, email=kim.email)
    assert int(answer.headers["retry-after"]) > 0


async def test_a_link_is_for_the_address_that_people_know(desk: Desk, open_browser: OpenBrowser, kim: User) -> None:
    """Never for the host that a request names: it would be sent to whoever asked."""
    secure = replace(desk, public_url="https://alerts.test")
    browser = await open_browser(secure)
    await browser.sign_in(kim.email)
    answer = await browser.client.post(
        f"/api/users/{kim.email}/password-link",
        headers={"X-CSRF-Token": browser.csrf[0], "Host": "evil.example", "X-Forwarded-Host": "evil.example"},
    )
    assert answer.status_code in (201, 401)
    assert "evil.example" not in answer.text
