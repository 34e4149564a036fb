"""The second factor: proven before it counts, every code taken once, and asked for where it must be."""

import asyncio
from datetime import timedelta
from typing import Any

import pyotp
import pytest

from alertwhisperer.api.desk import Desk
from alertwhisperer.domain.audit import AuditAction
from alertwhisperer.domain.company import INSTALLATION
from alertwhisperer.domain.user import Role, User
from alertwhisperer.guard.sign_in.entrance import ADMINS
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store.database import Database
from tests.sign_in.conftest import PASSWORD, AddPerson, Browser, OpenBrowser, entries_about, with_entrance


async def set_up(browser: Browser, clock: ManualClock) -> tuple[pyotp.TOTP, list[str]]:
    """Set one up as a person does; the app, and the recovery codes."""
    begun = await browser.ask("POST", "/api/session/second-factor", 201)
    app = pyotp.parse_uri(begun["uri"])
    assert isinstance(app, pyotp.TOTP)
    told = await browser.ask("POST", "/api/session/second-factor/confirm", json={"code": app.at(clock.now())})
    clock.advance(timedelta(seconds=30))
    return app, told["recovery_codes"]


async def test_what_an_app_is_given_is_what_every_app_can_do(signed_in: Browser, kim: User) -> None:
    begun = await signed_in.ask("POST", "/api/session/second-factor", 201)
    app = pyotp.parse_uri(begun["uri"])
    assert isinstance(app, pyotp.TOTP)
    assert (app.digits, app.interval, app.digest().name) == (6, 30, "sha1")
    assert (app.name, app.issuer, app.secret) == (kim.email, "Alert Whisperer", begun["secret"])
    assert begun["svg"].startswith("<svg")
    assert "style=" not in begun["svg"]  # the pages' policy would not apply it


async def test_a_second_factor_counts_once_its_first_code_was_given_back(
    signed_in: Browser, open_browser: OpenBrowser, kim: User, clock: ManualClock, database: Database
) -> None:
    begun = await signed_in.ask("POST", "/api/session/second-factor", 201)
    other = await open_browser()
    await other.sign_in(kim.email)  # not proven: not asked for
    await signed_in.ask("POST", "/api/session/second-factor/confirm", 422, json={"code": "000000"})
    app = pyotp.TOTP(begun["secret"])
    told = await signed_in.ask("POST", "/api/session/second-factor/confirm", json={"code": app.at(clock.now())})
    assert len(set(told["recovery_codes"])) == 10
    assert await other.sign_in(kim.email) == {
        "second_factor": "needed",
        "csrf_token": "",
        "owes": "",
        "failed_before": None,
    }
    state = await signed_in.ask("GET", "/api/session/second-factor")
    assert (state["since"] is not None, state["recovery_codes_left"]) == (True, 10)
    assert len(await entries_about(database, AuditAction.SECOND_FACTOR_ADDED, kim.id)) == 1
    await signed_in.ask("POST", "/api/session/second-factor", 409)
    await signed_in.ask("POST", "/api/session/second-factor/confirm", 409, json={"code": app.at(clock.now())})


async def test_only_a_right_password_says_that_a_code_is_needed(
    signed_in: Browser, open_browser: OpenBrowser, kim: User, clock: ManualClock
) -> None:
    app, _ = await set_up(signed_in, clock)
    other = await open_browser()
    wrong = await other.sign_in(kim.email, "not the right password", 401)
    with_code = await other.sign_in(kim.email, "not the right password", 401, code=app.at(clock.now()))
    without = await other.sign_in(kim.email, PASSWORD, 401, code="000000")
    assert wrong == with_code == without


async def test_a_code_is_taken_once(
    signed_in: Browser, open_browser: OpenBrowser, kim: User, clock: ManualClock
) -> None:
    app, _ = await set_up(signed_in, clock)
    code = app.at(clock.now())
    other = await open_browser()
    await other.sign_in(kim.email, code=f" {code[:3]} {code[3:]} ")
    other.client.cookies.clear()
    await other.sign_in(kim.email, status=401, code=code)
    clock.advance(timedelta(seconds=30))
    await other.sign_in(kim.email, status=401, code=code)  # the step before is allowed, and it was taken
    await other.sign_in(kim.email, code=app.at(clock.now()))


async def test_of_many_who_send_one_code_at_once_one_gets_in(
    signed_in: Browser, open_browser: OpenBrowser, kim: User, clock: ManualClock
) -> None:
    app, recovery = await set_up(signed_in, clock)
    for more in ({"code": app.at(clock.now())}, {"recovery_code": recovery[0]}):
        body = {"email": kim.email, "password": PASSWORD, **more}
        browsers = [await open_browser() for _ in range(6)]
        answers = await asyncio.gather(*(one.client.post("/api/session", json=body) for one in browsers))
        assert sum(one.status_code == 200 for one in answers) == 1
        clock.advance(timedelta(minutes=15))  # the others were wrong codes, and are counted


@pytest.mark.parametrize(("seconds", "right"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
async def test_clocks_may_differ_by_one_step(
    signed_in: Browser, open_browser: OpenBrowser, kim: User, clock: ManualClock, seconds: int, right: bool
) -> None:
    app, _ = await set_up(signed_in, clock)
    clock.advance(timedelta(minutes=5))
    code = app.at(clock.now() + timedelta(seconds=seconds))
    await (await open_browser()).sign_in(kim.email, status=200 if right else 401, code=code)


@pytest.mark.parametrize("code", ["", "0", "abcdef", "１２３４５６", "123456789012345678901234567890", "\uffff"])
async def test_what_is_no_code_is_wrong(
    signed_in: Browser, open_browser: OpenBrowser, kim: User, clock: ManualClock, code: str
) -> None:
    await set_up(signed_in, clock)
    other = await open_browser()
    told = await other.sign_in(kim.email, status=401 if code else 200, code=code)
    assert code or told["second_factor"] == "needed"
    await other.ask("GET", "/api/session", 401)


async def test_a_recovery_code_works_once_and_in_place_of_the_app_alone(
    signed_in: Browser, open_browser: OpenBrowser, kim: User, clock: ManualClock, database: Database
) -> None:
    _, codes = await set_up(signed_in, clock)
    other = await open_browser()
    await other.sign_in(kim.email, "not the right password", 401, recovery_code=codes[0])
    await other.sign_in(kim.email, recovery_code=codes[0].upper().replace("-", " "))
    other.client.cookies.clear()
    await other.sign_in(kim.email, status=401, recovery_code=codes[0])
    await other.sign_in(kim.email, recovery_code=codes[1])
    used = await entries_about(database, AuditAction.RECOVERY_CODE_USED, kim.id)
    assert sorted(one.detail["left"] for one in used) == [8, 9]  # type: ignore[type-var]  # numbers
    assert (await signed_in.ask("GET", "/api/session/second-factor"))["recovery_codes_left"] == 8


async def test_new_recovery_codes_void_the_old_and_need_the_password(
    signed_in: Browser, open_browser: OpenBrowser, kim: User, clock: ManualClock
) -> None:
    _, old = await set_up(signed_in, clock)
    path = "/api/session/second-factor/recovery-codes"
    await signed_in.ask("POST", path, 422, json={"password": "not the right password"})
    new = (await signed_in.ask("POST", path, json={"password": PASSWORD}))["recovery_codes"]
    other = await open_browser()
    await other.sign_in(kim.email, status=401, recovery_code=old[0])
    await other.sign_in(kim.email, recovery_code=new[0])


async def test_a_code_of_another_person_is_none(
    signed_in: Browser, open_browser: OpenBrowser, kim: User, add_person: AddPerson, clock: ManualClock
) -> None:
    mine, my_codes = await set_up(signed_in, clock)
    other, browser = await add_person(), await open_browser()
    await browser.sign_in(other.email)
    await set_up(browser, clock)
    stranger = await open_browser()
    await stranger.sign_in(other.email, status=401, code=mine.at(clock.now()))
    await stranger.sign_in(other.email, status=401, recovery_code=my_codes[0])


async def test_removing_it_needs_the_password(
    signed_in: Browser, open_browser: OpenBrowser, kim: User, clock: ManualClock, database: Database
) -> None:
    _, codes = await set_up(signed_in, clock)
    path = "/api/session/second-factor/remove"
    await signed_in.ask("POST", path, 422, json={"password": "not the right password"})
    await signed_in.ask("POST", path, json={"password": PASSWORD})
    await signed_in.ask("POST", path, 404, json={"password": PASSWORD})
    assert len(await entries_about(database, AuditAction.SECOND_FACTOR_REMOVED, kim.id)) == 1
    other = await open_browser()
    assert (await other.sign_in(kim.email))["second_factor"] is None
    await other.sign_in(kim.email, recovery_code=codes[0])  # not looked at, and gone


async def test_guessing_the_password_from_a_stolen_session_is_slowed_down(
    signed_in: Browser, clock: ManualClock
) -> None:
    await set_up(signed_in, clock)
    statuses = []
    for _ in range(8):
        answer = await signed_in.client.post(
            "/api/session/second-factor/remove",
            json={"password": "not the right password"},
            headers={"X-CSRF-Token": signed_in.csrf[0]},
        )
        statuses.append(answer.status_code)
    assert statuses == [422] * 6 + [429] * 2


async def test_an_administrator_takes_it_away_from_who_lost_everything(
    signed_in: Browser, open_browser: OpenBrowser, add_person: AddPerson, clock: ManualClock, database: Database
) -> None:
    person, theirs = await add_person(), await open_browser()
    await theirs.sign_in(person.email)
    await set_up(theirs, clock)
    await signed_in.ask("DELETE", f"/api/users/{person.email}/second-factor", 204)
    await theirs.ask("GET", "/api/session", 401)
    await theirs.sign_in(person.email)
    await signed_in.ask("DELETE", f"/api/users/{person.email}/second-factor", 404)
    [entry] = await entries_about(database, AuditAction.SECOND_FACTOR_REMOVED, person.id)
    assert entry.user_id != person.id


async def test_who_must_have_one_may_do_nothing_else_before(
    desk: Desk, open_browser: OpenBrowser, kim: User, clock: ManualClock
) -> None:
    desk = with_entrance(desk, second_factor_for=ADMINS)
    browser = await open_browser(desk)
    assert (await browser.sign_in(kim.email))["owes"] == "second_factor"
    assert (await browser.ask("GET", "/api/session"))["owes"] == "second_factor"
    for path in ("/api/companies", "/api/users", f"/api/users/{kim.email}/sessions"):
        assert (await browser.ask("GET", path, 403))["where"] == "second_factor"
    await set_up(browser, clock)
    await browser.ask("GET", "/api/companies")
    await browser.ask("POST", "/api/session/second-factor/remove", 409, json={"password": PASSWORD})


async def test_a_role_that_need_not_is_not_asked(
    desk: Desk, open_browser: OpenBrowser, add_person: AddPerson, make_company: Any
) -> None:
    company = await make_company()
    person = await add_person(Role.TECHNICIAN, companies=[company.id])
    browser = await open_browser(with_entrance(desk, second_factor_for=ADMINS))
    assert (await browser.sign_in(person.email))["owes"] == ""
    await browser.ask("GET", "/api/companies")


async def test_neither_secret_nor_code_lies_open_in_the_database(
    signed_in: Browser, database: Database, clock: ManualClock, vault: Vault, kim: User
) -> None:
    app, codes = await set_up(signed_in, clock)
    async with database.across([INSTALLATION]) as connection:
        kept = str(
            await connection.fetch("SELECT f::text FROM second_factor f UNION SELECT r::text FROM recovery_code r")
        )
        [sealed] = [
            row[0] for row in await connection.fetch("SELECT secret FROM second_factor WHERE user_id = $1", kim.id)
        ]
    assert app.secret not in kept
    assert app.secret.encode() not in sealed
    assert not any(code in kept or code.replace("-", "") in kept for code in codes)
    assert vault.open(sealed, f"second-factor/{kim.id}").decode() == app.secret
