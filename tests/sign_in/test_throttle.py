"""Guessing gets ever slower; the one who is attacked still gets in; nothing tells which e-mails are somebody's."""

import asyncio
import statistics
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertwhisperer.api.desk import Desk
from alertwhisperer.domain.audit import AuditAction
from alertwhisperer.domain.user import User
from alertwhisperer.guard.sign_in import failures
from alertwhisperer.guard.sign_in.passwords import Passwords
from alertwhisperer.guard.sign_in.throttle import HALF_LIFE, Kind, counted_on, faded, network_of
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store.database import Database
from alertwhisperer.store.sign_in import Counted
from tests.sign_in.conftest import FAST, PASSWORD, AddPerson, Browser, OpenBrowser, entries_about, with_entrance

WRONG = "not the right password"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def tries(browser: Browser, email: str, number: int, password: str = WRONG, **more: str) -> list[int]:
    """The statuses of so many tries, one after another."""
    body = {"email": email, "password": password, **more}
    return [(await browser.client.post("/api/session", json=body)).status_code for _ in range(number)]


async def test_guesses_get_ever_slower(browser: Browser, kim: User, clock: ManualClock) -> None:
    assert await tries(browser, kim.email, 6) == [401] * 6
    answer = await browser.client.post("/api/session", json={"email": kim.email, "password": PASSWORD})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")  # although it is right
    waits = []
    for _ in range(6):
        answer = await browser.client.post("/api/session", json={"email": kim.email, "password": WRONG})
        wait = int(answer.headers["retry-after"])
        waits.append(wait)
        clock.advance(timedelta(seconds=wait))
        assert await tries(browser, kim.email, 1) == [401]
    assert waits == [2, 4, 8, 16, 32, 64]


async def test_a_hundred_guesses_at_once_are_a_hundred(browser: Browser, kim: User) -> None:
    answers = await asyncio.gather(*(tries(browser, kim.email, 1) for _ in range(100)))
    assert sum(status == [401] for status in answers) <= Kind.PAIR.free + 1


async def test_a_day_of_guessing_from_one_network_is_some_hundred_guesses(
    browser: Browser, kim: User, clock: ManualClock
) -> None:
    made, until = 0, clock.now() + timedelta(days=1)
    while clock.now() < until:
        answer = await browser.client.post("/api/session", json={"email": kim.email, "password": WRONG})
        if answer.status_code == 429:
            clock.advance(timedelta(seconds=int(answer.headers["retry-after"])))
        else:
            made += 1
    assert made < 300


async def test_one_password_on_many_accounts_is_slowed_down_as_well(browser: Browser) -> None:
    statuses = [await tries(browser, f"{uuid4().hex}@example.org", 1) for _ in range(Kind.NETWORK.free + 5)]
    assert statuses.count([401]) == Kind.NETWORK.free + 1
    assert statuses[-1] == [429]


async def test_neighbours_of_one_network_are_one_and_other_networks_are_not(
    open_browser: OpenBrowser, kim: User
) -> None:
    for last in range(6):
        await tries(await open_browser(ip=f"203.0.113.{last}"), kim.email, 1)
    assert await tries(await open_browser(ip="203.0.113.99"), kim.email, 1) == [429]
    await (await open_browser(ip="192.0.2.1")).sign_in(kim.email)


async def attack_from_everywhere(open_browser: OpenBrowser, email: str) -> None:
    """More networks than an account has free tries, so that strangers are held back wherever they are."""
    for number in range(Kind.ACCOUNT.free + 2):
        await tries(await open_browser(ip=f"10.0.{number}.1"), email, 1)


async def test_an_attack_from_everywhere_holds_strangers_back_and_not_a_known_device(
    open_browser: OpenBrowser, kim: User
) -> None:
    own = await open_browser(ip="192.0.2.1")
    await own.sign_in(kim.email)
    await own.ask("DELETE", "/api/session", 204)
    await attack_from_everywhere(open_browser, kim.email)

    stranger = await open_browser(ip="192.0.2.200")
    assert await tries(stranger, kim.email, 1, PASSWORD) == [429]
    told = await own.sign_in(kim.email)
    assert told["failed_before"]["failures"] == Kind.ACCOUNT.free + 1
    assert told["failed_before"]["last_ip"].startswith("10.0.")
    assert (await own.ask("GET", "/api/session"))["email"] == kim.email


async def test_a_known_device_is_slowed_down_too_when_it_guesses(open_browser: OpenBrowser, kim: User) -> None:
    own = await open_browser()
    await own.sign_in(kim.email)
    await own.ask("DELETE", "/api/session", 204)
    assert await tries(own, kim.email, Kind.DEVICE.free + 2) == [401] * (Kind.DEVICE.free + 1) + [429]


async def test_a_device_is_known_for_its_account_alone_and_until_the_password_changes(
    open_browser: OpenBrowser, kim: User, add_person: AddPerson, clock: ManualClock
) -> None:
    own, other = await open_browser(ip="192.0.2.1"), await add_person()
    await own.sign_in(kim.email)
    await attack_from_everywhere(open_browser, other.email)
    assert await tries(own, other.email, 1, PASSWORD) == [429]

    other_device = await open_browser(ip="192.0.2.2")
    await other_device.sign_in(kim.email)
    clock.advance(timedelta(seconds=1))
    new = "five other words in a row"
    await own.ask("PUT", "/api/session/password", json={"password": PASSWORD, "new_password": new})
    await attack_from_everywhere(open_browser, kim.email)
    assert await tries(other_device, kim.email, 1, new) == [429]
    await own.sign_in(kim.email, new)


async def test_a_forged_device_is_a_stranger(open_browser: OpenBrowser, kim: User) -> None:
    await attack_from_everywhere(open_browser, kim.email)
    browser = await open_browser(ip="192.0.2.1")
    body = {"email": kim.email, "password": PASSWORD}
    for forged in ("x", "~~~", "{user}.00.00", "{user}..{mark}", "{user}.aa.{mark}", "\xff" * 10):
        text = forged.format(user=kim.id.hex, mark="0" * 32)
        cookie = {"Cookie": f"alertwhisperer-device={text}".encode("latin-1")}
        answer = await browser.client.post("/api/session", json=body, headers=cookie)  # type: ignore[arg-type]
        assert answer.status_code == 429


async def set_up_second_factor(browser: Browser, clock: ManualClock) -> str:
    begun = await browser.ask("POST", "/api/session/second-factor", 201)
    code = pyotp.TOTP(begun["secret"]).at(clock.now())
    await browser.ask("POST", "/api/session/second-factor/confirm", json={"code": code})
    clock.advance(timedelta(seconds=30))
    return str(begun["secret"])


async def test_a_right_code_gets_in_from_anywhere_during_an_attack(
    open_browser: OpenBrowser, signed_in: Browser, kim: User, clock: ManualClock
) -> None:
    secret = await set_up_second_factor(signed_in, clock)
    await attack_from_everywhere(open_browser, kim.email)
    new = await open_browser(ip="192.0.2.1")
    assert await tries(new, kim.email, 1, PASSWORD) == [429]
    assert await tries(new, kim.email, 1, PASSWORD, code="000000") == [429]  # as for a wrong password
    assert await tries(new, kim.email, 1, WRONG, code=pyotp.TOTP(secret).at(clock.now())) == [429]
    await new.sign_in(kim.email, code=pyotp.TOTP(secret).at(clock.now()))
    assert (await new.ask("GET", "/api/session"))["email"] == kim.email


async def test_whoever_has_the_password_guesses_codes_ever_slower_from_wherever(
    open_browser: OpenBrowser, signed_in: Browser, kim: User, clock: ManualClock
) -> None:
    await set_up_second_factor(signed_in, clock)
    statuses = []
    for number in range(Kind.CODES.free + 4):
        thief = await open_browser(ip=f"10.1.{number}.1")
        statuses += await tries(thief, kim.email, 1, PASSWORD, code=f"00000{number}")
    assert statuses == [401] * (Kind.CODES.free + 1) + [429] * 3


async def test_a_link_lets_in_who_has_neither_a_device_nor_a_code(
    open_browser: OpenBrowser, signed_in: Browser, add_person: AddPerson
) -> None:
    victim = await add_person()
    await attack_from_everywhere(open_browser, victim.email)
    link = (await signed_in.ask("POST", f"/api/users/{victim.email}/password-link", 201))["link"]
    new = await open_browser(ip="192.0.2.1")
    path = link.removeprefix(str(new.client.base_url).rstrip("/"))
    words = "five other words in a row"
    await new.submit(path, path, 200, password=words, again=words)
    assert (await new.client.get("/api/session")).json()["email"] == victim.email


async def test_mistyping_is_forgiven(browser: Browser, kim: User) -> None:
    for _ in range(4):
        assert await tries(browser, kim.email, 4) == [401] * 4
        await browser.sign_in(kim.email)
        browser.client.cookies.clear()


async def test_an_office_that_signs_in_is_no_attack(open_browser: OpenBrowser, add_person: AddPerson) -> None:
    for _ in range(Kind.NETWORK.free + 10):
        await (await open_browser(ip="203.0.113.7")).sign_in((await add_person()).email)


# ------------------------------------------------------------------------------------------------ what is told


async def test_an_unknown_e_mail_and_a_wrong_password_are_answered_alike(
    open_browser: OpenBrowser, kim: User, add_person: AddPerson
) -> None:
    without = await add_person(password=None)
    told = []
    for place, email in enumerate((kim.email, without.email, "nobody@example.org", "not an address", "")):
        browser = await open_browser(ip=f"10.2.{place}.1")
        for _ in range(8):
            answer = await browser.client.post("/api/session", json={"email": email, "password": WRONG})
            told.append((answer.status_code, answer.text, sorted(answer.headers.items())))
    assert told[:8] == told[8:16] == told[16:24] == told[24:32] == told[32:]


async def test_pages_answer_alike_as_well(open_browser: OpenBrowser, kim: User) -> None:
    shown = []
    for place, email in enumerate((kim.email, f"{uuid4().hex}@example.org")):
        browser = await open_browser(ip=f"10.3.{place}.1")
        for _ in range(7):
            page = await browser.client.get("/sign-in")
            token = page.text.partition('name="form" value="')[2].partition('"')[0]
            answer = await browser.client.post("/sign-in", data={"form": token, "email": email, "password": WRONG})
            shown.append((answer.status_code, answer.text.replace(token, "").replace(email, "")))
    assert shown[:7] == shown[7:]
    assert "Code of your authenticator app" in shown[6][1]  # offered to whoever must wait


async def test_an_unknown_e_mail_takes_as_long_as_a_wrong_password(
    desk: Desk, open_browser: OpenBrowser, add_person: AddPerson
) -> None:
    """With a hash that takes long enough to be measured; the bound is generous, since machines are busy."""
    slow = Passwords(memory_mib=32, passes=2)
    desk = with_entrance(desk, passwords=slow)
    known: list[float] = []
    unknown: list[float] = []
    person = await add_person(password=None)
    made = await slow.hash(PASSWORD)
    async with desk.database.across([]) as connection:
        await connection.execute("INSERT INTO password VALUES ($1, $2, false, $3)", person.id, made, desk.clock.now())
    browser = await open_browser(desk)
    await tries(browser, person.email, 1)
    for number in range(12):
        browser = await open_browser(desk, ip=f"10.4.{number}.1")
        for email, took in ((person.email, known), (f"{uuid4().hex}@example.org", unknown)):
            began = time.perf_counter()
            assert await tries(browser, email, 1) == [401]
            took.append(time.perf_counter() - began)
    ratio = statistics.median(unknown) / statistics.median(known)
    assert 0.6 < ratio < 1.6, (known, unknown)


# ------------------------------------------------------------------------------------------------ what is logged


async def test_refusals_are_counted_in_the_log_once_a_minute(
    open_browser: OpenBrowser, browser: Browser, kim: User, database: Database, clock: ManualClock
) -> None:
    for number in range(20):
        await tries(await open_browser(ip=f"10.5.{number}.1"), kim.email, 1)
    [entry] = await entries_about(database, AuditAction.SIGN_IN_REFUSED, kim.id)
    assert (entry.detail, entry.ip, entry.user_id) == ({"tries": 1}, "10.5.0.1", None)
    await failures.tell_untold(database, now=clock.now())
    assert len(await entries_about(database, AuditAction.SIGN_IN_REFUSED, kim.id)) == 1

    clock.advance(timedelta(seconds=61))
    await failures.tell_untold(database, now=clock.now())
    await failures.tell_untold(database, now=clock.now())
    latest, _ = await entries_about(database, AuditAction.SIGN_IN_REFUSED, kim.id)
    assert (latest.detail, latest.ip) == ({"tries": 19}, "10.5.19.1")
    assert WRONG not in str(latest)


async def test_e_mails_that_nobody_has_share_one_count(
    browser: Browser, database: Database, clock: ManualClock
) -> None:
    clock.advance(timedelta(minutes=2))
    before = await entries_about(database, AuditAction.SIGN_IN_REFUSED, "unknown")
    for _ in range(5):
        await tries(browser, f"{uuid4().hex}@example.org", 1)
    after = await entries_about(database, AuditAction.SIGN_IN_REFUSED, "unknown")
    assert len(after) <= len(before) + 1
    assert "@" not in str([(one.resource, one.detail, one.actor) for one in after])


async def test_the_count_of_failures_is_told_once(open_browser: OpenBrowser, kim: User) -> None:
    await tries(await open_browser(), kim.email, 3)
    other = await open_browser(ip="192.0.2.1")
    assert (await other.sign_in(kim.email))["failed_before"]["failures"] == 3
    assert (await other.sign_in(kim.email))["failed_before"] is None


# ------------------------------------------------------------------------------------------------ the decisions


@given(st.sampled_from(Kind), st.lists(st.floats(0, 100_000), max_size=60))
def test_the_wait_grows_up_to_its_bound_and_what_was_counted_fades(kind: Kind, gaps: list[float]) -> None:
    counted, now = Counted(0.0, NOW, NOW), NOW
    for gap_s in gaps:
        now += timedelta(seconds=gap_s)
        before = faded(counted, now=now)
        assert before <= counted.failures
        counted = counted_on(counted, kind, now=now)
        wait_s = (counted.blocked_until - now).total_seconds()
        assert 0 <= wait_s <= kind.most_s
        assert (wait_s > 0) == (counted.failures > kind.free)
    assert faded(counted, now=now + HALF_LIFE) == pytest.approx(counted.failures / 2)
    assert faded(counted, now=now - HALF_LIFE) == counted.failures  # a clock that went back


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/56"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_what_one_network_is(ip: str, network: str) -> None:
    assert network_of(ip) == network


async def test_a_flood_of_sign_ins_waits_for_few_hashes_and_is_then_refused(
    desk: Desk, open_browser: OpenBrowser
) -> None:
    desk = with_entrance(desk, passwords=Passwords(memory_mib=16, passes=2))
    browsers = [await open_browser(desk, ip=f"10.6.{number}.1") for number in range(80)]
    answers = await asyncio.gather(*(tries(one, f"{uuid4().hex}@example.org", 1) for one in browsers))
    assert {status for [status] in answers} == {401, 503}


async def test_the_fast_hash_of_the_tests_is_weak_and_the_product_s_is_not() -> None:
    product = f"$argon2id$v=19$m=65536,t=3,p=1${'a' * 22}${'b' * 43}"
    assert Passwords().is_weak(await FAST.hash(PASSWORD))
    assert not Passwords().is_weak(product)
    assert not FAST.is_weak(product)
