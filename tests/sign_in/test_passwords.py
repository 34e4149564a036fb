"""Passwords: which are good, how they are kept, and that a better way of keeping them reaches everybody."""

import pytest

from alertwhisperer.api.desk import Desk
from alertwhisperer.domain.audit import AuditAction
from alertwhisperer.domain.company import INSTALLATION
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.user import User
from alertwhisperer.guard.sign_in.passwords import Passwords, check_password, new_password
from alertwhisperer.store.database import Database
from tests.sign_in.conftest import FAST, PASSWORD, AddPerson, Browser, OpenBrowser, entries_about, with_entrance

EMAIL = "kim.larkfield@example.org"


@pytest.mark.parametrize(
    "password",
    [
        "",
        "short",
        "eleven char",
        "aaaaaaaaaaaaaaaa",
        "abababababababab",
        "123456789012",
        "987654321098",
        "abcdefghijkl",
        "qwertyuiopqw",
        "password1234",
        "Password!!!!1",
        "PASSWORT-2026",
        "administrator",
        "welcome12345",
        "Summer2026!!!!",
        "changemechangeme",
        "passwordpassword",
        "alertwhisperer",
        "AlertWhisperer1!",
        "kim.larkfield@example.org",
        "kim.larkfield1",
        "Kim.Larkfield2026",
        "x" * 1_025,
        "ä" * 600,
    ],
)
def test_what_a_stranger_would_try_early_is_refused(password: str) -> None:
    with pytest.raises(Invalid) as failure:
        check_password(password, EMAIL)
    assert failure.value.where == "password"
    assert len(password) < 6 or password not in str(failure.value)


@pytest.mark.parametrize(
    "password",
    [
        "four words nobody knows",
        "correct horse battery staple",
        "kJ8#mQ2$vL9x",
        "пароль из многих слов",
        "一二三四五六七八九十百千",
        "🦉🌲🚪🔑🪟🧹🧺🪑🛏🕯🧱🪞",
        "kim.larkfield likes long walks at night",
        "x" * 500 + "abcdefgh",
    ],
)
def test_a_long_sentence_is_good_in_any_alphabet(password: str) -> None:
    check_password(password, EMAIL)


def test_a_password_for_one_use_is_good_and_never_the_same() -> None:
    made = {new_password() for _ in range(200)}
    assert len(made) == 200
    for one in made:
        check_password(one, EMAIL)


async def test_a_hash_is_argon2id_with_its_own_salt() -> None:
    one, other = await FAST.hash(PASSWORD), await FAST.hash(PASSWORD)
    assert one != other
    assert one.startswith("$argon2id$v=19$m=1024,t=1,p=1$")
    assert await FAST.verify(one, PASSWORD)
    assert not await FAST.verify(one, PASSWORD + " ")
    assert not await FAST.verify(None, PASSWORD)


@pytest.mark.parametrize("given", ["", "x" * 100_000, "\ud800", "\x00", PASSWORD + "\x00"])
async def test_no_other_text_is_the_password(given: str) -> None:
    assert not await FAST.verify(await FAST.hash(PASSWORD), given)


@pytest.mark.parametrize("kept", ["", "x", "$argon2id$", "$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA", "$2b$12$abcdefghijk"])
async def test_a_damaged_hash_lets_nobody_in(kept: str) -> None:
    assert not await FAST.verify(kept, "")
    assert not await FAST.verify(kept, PASSWORD)


async def test_one_password_however_its_accents_are_composed() -> None:
    kept = await FAST.hash("caf\u00e9 und Kuchen am See")
    assert await FAST.verify(kept, "cafe\u0301 und Kuchen am See")


async def test_a_dearer_hash_reaches_whoever_signs_in(
    desk: Desk, open_browser: OpenBrowser, kim: User, database: Database
) -> None:
    async def kept() -> str:
        async with database.across([INSTALLATION]) as connection:
            return str(await connection.fetchval("SELECT hash FROM password WHERE user_id = $1", kim.id))

    assert "m=1024,t=1," in await kept()
    browser = await open_browser(with_entrance(desk, passwords=Passwords(memory_mib=2, passes=2)))
    await browser.sign_in(kim.email, "not the right password", 401)
    assert "m=1024,t=1," in await kept()
    await browser.sign_in(kim.email)
    assert "m=2048,t=2," in await kept()
    await browser.sign_in(kim.email)
    await (await open_browser()).sign_in(kim.email)
    assert "m=2048,t=2," in await kept()  # a process with older settings makes it no cheaper


async def test_changing_it_needs_the_old_one_and_a_good_new_one(
    signed_in: Browser, open_browser: OpenBrowser, kim: User, database: Database
) -> None:
    async def change(old: str, new: str, status: int) -> str:
        body = {"password": old, "new_password": new}
        told = await signed_in.ask("PUT", "/api/session/password", status, json=body)
        return str(told.get("where", ""))

    assert await change("not the right password", "five other words in a row", 422) == "password"
    assert await change(PASSWORD, "short", 422) == "password"
    assert await change(PASSWORD, kim.email, 422) == "password"
    assert await change(PASSWORD, PASSWORD, 422) == "new_password"
    await change(PASSWORD, "five other words in a row", 200)
    other = await open_browser()
    await other.sign_in(kim.email, PASSWORD, 401)
    await other.sign_in(kim.email, "five other words in a row")
    [entry] = await entries_about(database, AuditAction.PASSWORD_CHANGED, kim.id)
    assert (entry.detail, entry.user_id, entry.ip) == ({"by": "oneself"}, kim.id, "203.0.113.7")


async def test_a_given_password_is_good_for_choosing_one_s_own_and_nothing_else(
    browser: Browser, add_person: AddPerson
) -> None:
    person = await add_person(must_change=True)
    assert (await browser.sign_in(person.email))["owes"] == "password"
    assert (await browser.ask("GET", "/api/companies", 403))["where"] == "password"
    assert (await browser.ask("POST", "/api/companies", 403, json={"name": "x"}))["where"] == "password"
    body = {"password": PASSWORD, "new_password": "five other words in a row"}
    await browser.ask("PUT", "/api/session/password", json=body)
    await browser.ask("GET", "/api/companies")


async def test_a_token_cannot_take_over_how_its_person_signs_in(
    desk: Desk, open_browser: OpenBrowser, kim: User, signed_in: Browser
) -> None:
    token = (await signed_in.ask("POST", f"/api/users/{kim.email}/tokens", 201, json={}))["token"]
    script = await open_browser()
    headers = {"Authorization": f"Bearer {token}"}
    for method, path, body in (
        ("PUT", "/api/session/password", {"password": PASSWORD, "new_password": "five other words in a row"}),
        ("POST", "/api/session/second-factor", None),
        ("POST", "/api/session/second-factor/remove", {"password": PASSWORD}),
        ("DELETE", "/api/session", None),
    ):
        answer = await script.client.request(method, path, json=body, headers=headers)
        assert answer.status_code == 403, answer.text
    me = (await script.client.get("/api/session", headers=headers)).json()
    assert (me["email"], me["csrf_token"]) == (kim.email, "")
