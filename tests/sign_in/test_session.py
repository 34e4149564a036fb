"""Sessions: opened by a right password, sent by a guarded cookie, seen, listed, ended, over in time."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from http.cookies import SimpleCookie

import httpx
import pyotp
import pytest

from alertwhisperer.api.desk import Desk
from alertwhisperer.domain.audit import AuditAction
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.user import Role, User
from alertwhisperer.guard.keys import SESSION_PREFIX
from alertwhisperer.guard.sign_in import sessions
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store.database import Database
from tests.sign_in.conftest import PASSWORD, SECURE_URL, AddPerson, Browser, OpenBrowser, entries_about

COOKIE = "alertwhisperer"


def cookies_of(answer: httpx.Response) -> Mapping[str, str]:
    """The attributes of each cookie that an answer sets, as it was written."""
    return {line.partition("=")[0]: line for line in answer.headers.get_list("set-cookie")}


async def test_signing_in_opens_a_session_and_says_who_one_is(browser: Browser, kim: User) -> None:
    told = await browser.sign_in(kim.email.upper())
    assert (told["second_factor"], told["owes"], told["failed_before"]) == (None, "", None)
    me = await browser.ask("GET", "/api/session")
    assert (me["email"], me["role"], me["id"]) == (kim.email, "msp_admin", str(kim.id))
    assert me["csrf_token"] == told["csrf_token"]
    assert "user.add" in me["actions"]
    assert len(await browser.ask("GET", "/api/users"))


async def test_the_database_holds_no_cookie(signed_in: Browser, database: Database) -> None:
    cookie = signed_in.client.cookies[COOKIE]
    assert cookie.startswith(SESSION_PREFIX)
    assert len(cookie) == len(SESSION_PREFIX) + 43
    async with database.across([]) as connection:
        found = await connection.fetch("SELECT s::text FROM user_session s")
    assert found
    assert cookie not in str(found)
    assert cookie.removeprefix(SESSION_PREFIX) not in str(found)


async def test_cookies_are_guarded(browser: Browser, kim: User) -> None:
    answer = await browser.client.post("/api/session", json={"email": kim.email, "password": PASSWORD})
    set_ = cookies_of(answer)
    assert set(set_) == {COOKIE, "alertwhisperer-device", "alertwhisperer-pending"}
    for line in set_.values():
        attributes = {part.strip().lower() for part in line.split(";")[1:]}
        assert {"httponly", "path=/", "samesite=lax"} <= attributes
        assert "secure" not in attributes  # a browser would not keep it: the address is http
        assert not any(one.startswith("domain") for one in attributes)
    assert SimpleCookie(set_[COOKIE])[COOKIE]["max-age"] == str(7 * 24 * 3600)


async def test_behind_https_cookies_are_for_this_host_and_https_alone(
    desk: Desk, open_browser: OpenBrowser, kim: User
) -> None:
    browser = await open_browser(replace(desk, public_url=SECURE_URL))
    answer = await browser.client.post("/api/session", json={"email": kim.email, "password": PASSWORD})
    set_ = cookies_of(answer)
    assert set(set_) == {"__Host-alertwhisperer", "__Host-alertwhisperer-device", "__Host-alertwhisperer-pending"}
    for line in set_.values():
        attributes = {part.strip().lower() for part in line.split(";")[1:]}
        assert {"httponly", "path=/", "samesite=lax", "secure"} <= attributes
        assert not any(one.startswith("domain") for one in attributes)
    assert (await browser.client.get("/api/session")).status_code == 200


async def test_a_session_number_that_a_browser_brings_along_is_not_taken(
    browser: Browser, kim: User, add_person: AddPerson
) -> None:
    """Session fixation: signing in makes a new number, whatever was there."""
    planted = SESSION_PREFIX + "a" * 43
    browser.client.cookies.set(COOKIE, planted, domain="alerts.test")
    await browser.sign_in(kim.email)
    first = browser.client.cookies.get(COOKIE, domain="alerts.test")
    assert first != planted
    browser.client.cookies.delete(COOKIE, domain="alerts.test")
    browser.client.cookies.set(COOKIE, planted, domain="alerts.test")
    await browser.ask("GET", "/api/session", 401)

    await browser.sign_in(kim.email)
    second = browser.client.cookies[COOKIE]
    other = await add_person()
    await browser.sign_in(other.email)
    assert len({first, second, browser.client.cookies[COOKIE]}) == 3


@pytest.mark.parametrize("act", ["password", "second factor"])
async def test_a_change_of_how_one_signs_in_renews_the_number_and_ends_the_others(
    signed_in: Browser, open_browser: OpenBrowser, kim: User, clock: ManualClock, act: str
) -> None:
    elsewhere = await open_browser()
    await elsewhere.sign_in(kim.email)
    before = signed_in.client.cookies[COOKIE]
    if act == "password":
        body = {"password": PASSWORD, "new_password": "five other words in a row"}
        await signed_in.ask("PUT", "/api/session/password", json=body)
    else:
        begun = await signed_in.ask("POST", "/api/session/second-factor", 201)
        code = pyotp.TOTP(begun["secret"]).at(clock.now())
        await signed_in.ask("POST", "/api/session/second-factor/confirm", json={"code": code})
    assert signed_in.client.cookies[COOKIE] != before
    await signed_in.ask("GET", "/api/session")
    await elsewhere.ask("GET", "/api/session", 401)
    elsewhere.client.cookies.clear()
    elsewhere.client.cookies.set(COOKIE, before)
    await elsewhere.ask("GET", "/api/session", 401)


async def test_an_unused_session_ends(signed_in: Browser, clock: ManualClock) -> None:
    clock.advance(timedelta(hours=11, minutes=59))
    await signed_in.ask("GET", "/api/session")
    clock.advance(timedelta(hours=11, minutes=59))
    await signed_in.ask("GET", "/api/session")
    clock.advance(timedelta(hours=12))
    assert (await signed_in.ask("GET", "/api/session", 401))["where"] == "header Authorization"


async def test_a_used_session_ends_as_well(signed_in: Browser, clock: ManualClock) -> None:
    for _ in range(14):
        await signed_in.ask("GET", "/api/session")
        clock.advance(timedelta(hours=11, minutes=59))
    await signed_in.ask("GET", "/api/session")
    clock.advance(timedelta(minutes=14))
    await signed_in.ask("GET", "/api/session", 401)


async def test_that_it_was_seen_is_written_once_a_minute(
    signed_in: Browser, database: Database, clock: ManualClock, kim: User
) -> None:
    async def seen() -> object:
        [one] = await sessions.list_sessions(database, kim.id, now=clock.now())
        return one.seen_at

    begun = clock.now()
    clock.advance(timedelta(seconds=59))
    await signed_in.ask("GET", "/api/session")
    assert await seen() == begun
    clock.advance(timedelta(seconds=1))
    await signed_in.ask("GET", "/api/session")
    assert await seen() == clock.now()


async def test_sessions_are_listed_and_ended_one_by_one(
    signed_in: Browser,
    open_browser: OpenBrowser,
    kim: User,
    database: Database,
    add_person: AddPerson,
    clock: ManualClock,
) -> None:
    clock.advance(timedelta(seconds=1))
    phone = await open_browser(ip="198.51.100.20")
    await phone.sign_in(kim.email)
    listed = (await signed_in.ask("GET", "/api/sessions"))["items"]
    assert [(one["ip"], one["is_this_one"]) for one in listed] == [("198.51.100.20", False), ("203.0.113.7", True)]
    assert all(one["device"] == "Firefox of a test" and one["how"] == "password" for one in listed)

    stranger = await open_browser()
    await stranger.sign_in((await add_person()).email)
    await stranger.ask("DELETE", f"/api/sessions/{listed[0]['id']}", 404)
    await phone.ask("GET", "/api/session")

    await signed_in.ask("DELETE", f"/api/sessions/{listed[0]['id']}", 204)
    await phone.ask("GET", "/api/session", 401)
    await signed_in.ask("DELETE", f"/api/sessions/{listed[0]['id']}", 404)
    assert len(await entries_about(database, AuditAction.SIGNED_OUT, listed[0]["id"])) == 1


async def test_signing_out_everywhere_else(signed_in: Browser, open_browser: OpenBrowser, kim: User) -> None:
    others = [await open_browser() for _ in range(3)]
    for one in others:
        await one.sign_in(kim.email)
    assert await signed_in.ask("DELETE", "/api/sessions") == {"ended": 3}
    for one in others:
        await one.ask("GET", "/api/session", 401)
    await signed_in.ask("GET", "/api/session")


async def test_signing_out(signed_in: Browser, database: Database) -> None:
    cookie = signed_in.client.cookies[COOKIE]
    await signed_in.ask("DELETE", "/api/session", 204)
    assert COOKIE not in signed_in.client.cookies
    signed_in.client.cookies.set(COOKIE, cookie)
    await signed_in.ask("GET", "/api/session", 401)


async def test_an_administrator_sees_and_ends_the_sessions_of_others(
    signed_in: Browser, open_browser: OpenBrowser, add_person: AddPerson, database: Database
) -> None:
    person = await add_person()
    theirs = await open_browser(ip="198.51.100.77")
    await theirs.sign_in(person.email)
    [shown] = (await signed_in.ask("GET", f"/api/users/{person.email}/sessions"))["items"]
    assert (shown["ip"], shown["is_this_one"]) == ("198.51.100.77", False)
    assert await signed_in.ask("DELETE", f"/api/users/{person.email}/sessions") == {"ended": 1}
    await theirs.ask("GET", "/api/session", 401)
    [entry] = await entries_about(database, AuditAction.SESSION_ENDED, person.id)
    assert (entry.detail["sessions"], entry.reason) == ([shown["id"]], "ended by an administrator")


async def test_a_role_with_less_sees_no_session_but_its_own(
    open_browser: OpenBrowser, add_person: AddPerson, kim: User, make_company: object
) -> None:
    company = await make_company()  # type: ignore[operator]  # the fixture's own type is checked where it is made
    person = await add_person(Role.COMPANY_ADMIN, companies=[company.id])
    browser = await open_browser()
    await browser.sign_in(person.email)
    for method, path in (
        ("GET", f"/api/users/{kim.email}/sessions"),
        ("DELETE", f"/api/users/{kim.email}/sessions"),
        ("DELETE", f"/api/users/{kim.email}/second-factor"),
        ("POST", f"/api/users/{kim.email}/password-link"),
    ):
        await browser.ask(method, path, 403)
    body = {"email": "friend@example.org", "role": "msp_admin"}
    await browser.ask("POST", "/api/users/invitations", 403, json=body)


async def test_a_removed_person_is_signed_out(
    signed_in: Browser, database: Database, kim: User, clock: ManualClock
) -> None:
    async with database.across([INSTALLATION]) as connection:
        await connection.execute("UPDATE app_user SET removed_at = $2 WHERE user_id = $1", kim.id, clock.now())
    await signed_in.ask("GET", "/api/session", 401)
    signed_in.client.cookies.clear()
    await signed_in.sign_in(kim.email, status=401)


async def test_ending_all_sessions_inside_a_transaction_of_another_part(
    signed_in: Browser, database: Database, kim: User, clock: ManualClock
) -> None:
    """What offboarding relies on: the session is over with the commit, and not before."""
    async with database.unit_of_work(Scope(INSTALLATION, "test")) as unit:
        ended = await sessions.end_all(unit, kim.id, why="offboarded", now=clock.now())
        await signed_in.ask("GET", "/api/session")
    assert len(ended) == 1
    await signed_in.ask("GET", "/api/session", 401)


async def test_a_token_and_a_cookie_together_are_the_token(
    signed_in: Browser, desk: Desk, open_browser: OpenBrowser, add_person: AddPerson
) -> None:
    headers = {"Authorization": "Bearer awt_wrong"}
    assert (await signed_in.client.get("/api/session", headers=headers)).status_code == 401


@pytest.mark.parametrize("cookie", ["", "x", "aws_", "aws_" + "a" * 43, "awt_" + "a" * 43, "a" * 100_000, '"\\000"'])
async def test_any_other_cookie_is_nobody(browser: Browser, cookie: str) -> None:
    answer = await browser.client.get("/api/session", headers={"Cookie": f"{COOKIE}={cookie}"})
    assert answer.status_code == 401


async def test_two_processes_share_sessions(desk: Desk, open_browser: OpenBrowser, kim: User) -> None:
    first, second = await open_browser(), await open_browser()
    await first.sign_in(kim.email)
    second.client.cookies.update(first.client.cookies)
    assert (await second.ask("GET", "/api/session"))["email"] == kim.email
    second.csrf[:] = first.csrf
    await second.ask("DELETE", "/api/session", 204)
    await first.ask("GET", "/api/session", 401)


async def test_requests_at_once_share_a_session(signed_in: Browser, clock: ManualClock) -> None:
    clock.advance(timedelta(minutes=5))  # all of them would write that it was seen
    answers = await asyncio.gather(*(signed_in.client.get("/api/session") for _ in range(20)))
    assert {one.status_code for one in answers} == {200}


def test_a_token_of_one_session_fits_no_other(vault: Vault) -> None:
    assert sessions.csrf_of(vault, "aws_one") != sessions.csrf_of(vault, "aws_two")
    assert sessions.csrf_of(vault, "aws_one") != sessions.csrf_of(Vault(bytes(32)), "aws_one")
    assert not sessions.csrf_fits(sessions.csrf_of(vault, "aws_one"), "\udcff")
