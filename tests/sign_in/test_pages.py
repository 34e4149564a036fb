"""The pages: they work without scripts, show nothing but inert text, and lead only to ourselves."""

import re
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest

from alertwhisperer.api.desk import Desk, WayIn
from alertwhisperer.api.html.device import device_name
from alertwhisperer.api.html.page import fill, local_path
from alertwhisperer.domain.user import User
from alertwhisperer.guard.sign_in.entrance import ADMINS
from alertwhisperer.kit.clock import ManualClock
from tests.sign_in.conftest import PASSWORD, AddPerson, Browser, OpenBrowser, with_entrance

NEW = "five other words in a row"


async def test_a_person_signs_in_and_lands_where_they_wanted(browser: Browser, kim: User) -> None:
    shown = await browser.client.get("/account")
    assert shown.headers["location"] == "/sign-in?next=/account"
    answer = await browser.submit("/sign-in?next=/incidents?state=open", "/sign-in", email=kim.email, password=PASSWORD)
    assert answer.headers["location"] == "/incidents?state=open"
    assert kim.email in (await browser.client.get("/account")).text
    again = await browser.client.get("/sign-in?next=/account")
    assert (again.status_code, again.headers["location"]) == (303, "/account")


async def test_a_wrong_password_shows_the_form_again(browser: Browser, kim: User) -> None:
    answer = await browser.submit("/sign-in?next=/x", "/sign-in", 401, email=kim.email, password="wrong wrong wrong")
    assert "E-mail, password or code is wrong." in answer.text
    assert f'value="{kim.email}"' in answer.text
    assert "wrong wrong wrong" not in answer.text
    landed = await browser.send(answer, "/sign-in", 200, email=kim.email, password=PASSWORD)
    assert "<strong>1 try</strong> failed" in landed.text
    assert 'href="/x"' in landed.text


async def test_a_person_sets_up_a_second_factor_and_signs_in_with_it(
    browser: Browser, kim: User, clock: ManualClock
) -> None:
    await browser.submit("/sign-in", "/sign-in", email=kim.email, password=PASSWORD)
    assert "Set it up" in (await browser.client.get("/account")).text
    await browser.submit("/account", "/account/second-factor")
    shown = await browser.client.get("/account")
    secret = re.search(r"<code>([A-Z2-7 ]+)</code>", shown.text)
    assert secret is not None
    assert "<svg" in shown.text.partition('class="picture"')[2]
    app = pyotp.TOTP(secret[1].replace(" ", ""))
    wrong = await browser.send(shown, "/account/second-factor/confirm", 422, code="000000")
    assert "This code is wrong." in wrong.text
    codes = await browser.send(wrong, "/account/second-factor/confirm", 200, code=app.at(clock.now()))
    recovery = re.findall(r"<li>([a-z0-9]{5}-[a-z0-9]{5})</li>", codes.text)
    assert len(set(recovery)) == 10
    assert "Recovery codes left: <strong>10</strong>" in (await browser.client.get("/account")).text

    await browser.submit("/account", "/sign-out")
    assert (await browser.client.get("/account")).status_code == 303
    clock.advance(timedelta(seconds=30))
    second = await browser.submit("/sign-in?next=/board", "/sign-in", 200, email=kim.email, password=PASSWORD)
    assert (await browser.client.get("/api/session")).status_code == 401
    assert "one-time-code" in second.text
    wrong = await browser.send(second, "/sign-in/second-factor", 401, code="000000")
    landed = await browser.send(wrong, "/sign-in/second-factor", 200, code=app.at(clock.now()))
    assert 'href="/board"' in landed.text  # after telling of the wrong code
    assert (await browser.client.get("/api/session")).json()["email"] == kim.email

    await browser.submit("/account", "/sign-out")
    second = await browser.submit("/sign-in", "/sign-in", 200, email=kim.email, password=PASSWORD)
    await browser.send(second, "/sign-in/second-factor", recovery_code=recovery[0], code="")
    assert "Recovery codes left: <strong>9</strong>" in (await browser.client.get("/account")).text
    fresh = await browser.submit("/account", "/account/recovery-codes", 200, password=PASSWORD)
    assert recovery[1] not in fresh.text
    await browser.submit("/account", "/account/second-factor/remove", 422, password="wrong wrong wrong")
    await browser.submit("/account", "/account/second-factor/remove", password=PASSWORD)
    assert "Set it up" in (await browser.client.get("/account")).text


async def test_the_second_step_is_good_for_minutes_and_for_its_person(
    browser: Browser, open_browser: OpenBrowser, kim: User, clock: ManualClock
) -> None:
    await browser.sign_in(kim.email)
    secret = (await browser.ask("POST", "/api/session/second-factor", 201))["secret"]
    app = pyotp.TOTP(secret)
    await browser.ask("POST", "/api/session/second-factor/confirm", json={"code": app.at(clock.now())})
    clock.advance(timedelta(minutes=1))

    late = await open_browser()
    second = await late.submit("/sign-in", "/sign-in", 200, email=kim.email, password=PASSWORD)
    clock.advance(timedelta(minutes=5))
    await late.send(second, "/sign-in/second-factor", 401, code=app.at(clock.now()))

    for forged in ("", "x", "a.b.c", f"{kim.id.hex}.99999999999.{'0' * 32}", f"{kim.id.hex}.١٢٣.{'0' * 32}"):
        thief = await open_browser()
        shown = await thief.client.get("/sign-in")
        token = shown.text.partition('name="form" value="')[2].partition('"')[0]
        kept = thief.client.cookies["alertwhisperer-form"]
        cookie = {b"Cookie": f"alertwhisperer-form={kept}; alertwhisperer-pending={forged}".encode()}
        answer = await thief.client.post(
            "/sign-in/second-factor",
            data={"form": token, "code": app.at(clock.now())},
            headers=cookie,
        )
        assert answer.status_code in (303, 401)
        assert "alertwhisperer=" not in answer.headers.get("set-cookie", "")


async def test_a_change_of_the_password_voids_a_second_step_under_way(
    browser: Browser, open_browser: OpenBrowser, kim: User, clock: ManualClock
) -> None:
    await browser.sign_in(kim.email)
    app = pyotp.TOTP((await browser.ask("POST", "/api/session/second-factor", 201))["secret"])
    await browser.ask("POST", "/api/session/second-factor/confirm", json={"code": app.at(clock.now())})
    clock.advance(timedelta(minutes=1))
    thief = await open_browser()
    second = await thief.submit("/sign-in", "/sign-in", 200, email=kim.email, password=PASSWORD)
    body = {"password": PASSWORD, "new_password": NEW}
    await browser.ask("PUT", "/api/session/password", json=body)
    await thief.send(second, "/sign-in/second-factor", 401, code=app.at(clock.now()))


async def test_a_given_password_leads_to_choosing_one(browser: Browser, add_person: AddPerson) -> None:
    person = await add_person(must_change=True)
    await browser.submit("/sign-in", "/sign-in", email=person.email, password=PASSWORD)
    shown = await browser.client.get("/account")
    assert "Choose one of your own" in shown.text
    assert "Second factor" not in shown.text
    again = await browser.send(shown, "/account/password", 422, password=PASSWORD, new_password=NEW, again="x")
    assert "The two are not the same." in again.text
    await browser.send(again, "/account/password", password=PASSWORD, new_password=NEW, again=NEW)
    assert "The password is changed." in (await browser.client.get("/account?done=password")).text


async def test_whoever_has_chosen_one_goes_on_to_the_console(
    desk: Desk, open_browser: OpenBrowser, add_person: AddPerson
) -> None:
    browser = await open_browser(replace(desk, home="/"))
    person = await add_person(must_change=True)
    await browser.submit("/sign-in", "/sign-in", email=person.email, password=PASSWORD)
    shown = await browser.client.get("/account")
    answer = await browser.send(shown, "/account/password", password=PASSWORD, new_password=NEW, again=NEW)
    assert answer.headers["location"] == "/"
    shown = await browser.client.get("/account")
    answer = await browser.send(shown, "/account/password", password=NEW, new_password=PASSWORD, again=PASSWORD)
    assert answer.headers["location"] == "/account?done=password"


async def test_who_must_have_a_second_factor_is_led_to_it(desk: Desk, open_browser: OpenBrowser, kim: User) -> None:
    browser = await open_browser(with_entrance(desk, second_factor_for=ADMINS))
    await browser.submit("/sign-in", "/sign-in", email=kim.email, password=PASSWORD)
    shown = await browser.client.get("/account")
    assert "A second factor is asked of your role." in shown.text
    assert 'action="/account/second-factor"' in shown.text
    assert 'action="/account/password"' not in shown.text


async def test_sessions_are_seen_and_ended(browser: Browser, open_browser: OpenBrowser, kim: User) -> None:
    await browser.submit("/sign-in", "/sign-in", email=kim.email, password=PASSWORD)
    phone = await open_browser(ip="198.51.100.20")
    await phone.sign_in(kim.email)
    shown = await browser.client.get("/account")
    [action] = re.findall(r'action="(/account/sessions/[0-9a-f-]{36}/end)"', shown.text.partition("198.51.100.20")[2])[
        :1
    ]
    await browser.send(shown, action)
    await phone.ask("GET", "/api/session", 401)
    await browser.send(shown, action, 404)
    await phone.sign_in(kim.email)
    await browser.submit("/account", "/account/sessions/end-others")
    await phone.ask("GET", "/api/session", 401)
    assert (await browser.client.get("/account")).status_code == 200


async def test_identity_providers_have_a_button(desk: Desk, open_browser: OpenBrowser) -> None:
    async def ways() -> tuple[WayIn, ...]:
        return (WayIn('Entra "ID" <b>', "/sign-in/entra"),)

    browser = await open_browser(replace(desk, ways_in=ways))
    shown = await browser.client.get("/sign-in?next=/board")
    assert 'href="/sign-in/entra?next=%2Fboard"' in shown.text
    assert "Sign in with Entra &quot;ID&quot; &lt;b&gt;" in shown.text


async def test_nothing_that_somebody_typed_becomes_a_part_of_a_page(
    browser: Browser, open_browser: OpenBrowser, kim: User
) -> None:
    hostile = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    answer = await browser.submit("/sign-in", "/sign-in", 401, email=hostile, password="wrong wrong wrong")
    assert "<script" not in answer.text
    assert "onerror=alert(1)&gt;" in answer.text
    strange = await open_browser()
    strange.client.headers["User-Agent"] = hostile
    await strange.submit("/sign-in", "/sign-in", email=kim.email, password=PASSWORD)
    shown = await strange.client.get("/account")
    assert "<script" not in shown.text
    assert "&lt;script&gt;" in shown.text


@pytest.mark.parametrize(
    "next_",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        " /x",
        "javascript:alert(1)",
        "evil.example",
        "/%0d%0aSet-Cookie:x=y\r\nX: y",
        "/ä",
        "/" + "x" * 2_000,
        "",
    ],
)
def test_no_page_leads_to_another_site(next_: str) -> None:
    assert local_path(next_, "/account") == "/account"


async def test_signing_in_leads_to_no_other_site(browser: Browser, kim: User) -> None:
    answer = await browser.submit(
        "/sign-in?next=//evil.example/x", "/sign-in", email=kim.email, password=PASSWORD, next="//evil.example"
    )
    assert answer.headers["location"] == "/account"


def test_what_fills_a_template_is_escaped_for_text_and_attributes() -> None:
    assert fill('<a href="{url}">{text}</a>', url='"x', text="<&'") == '<a href="&quot;x">&lt;&amp;&#x27;</a>'
    assert fill("<p>{inner}</p>", inner=fill("<b>{x}</b>", x="<")) == "<p><b>&lt;</b></p>"
    assert fill("{x}", x="{y}") == "{y}"


@pytest.mark.parametrize("path", ["/sign-in", "/password", "/invitation/awl_x", "/sign-in/style.css"])
async def test_pages_have_no_script_and_ask_for_none(browser: Browser, path: str) -> None:
    shown = await browser.client.get(path)
    policy = shown.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "<script" not in shown.text
    assert " style=" not in shown.text
    assert not re.search(r"\son[a-z]+=", shown.text)


@pytest.mark.parametrize("path", ["/sign-in", "/password"])
async def test_fields_say_what_they_are(browser: Browser, path: str) -> None:
    """Labels for people who hear the page, names that password keepers know, and nothing against pasting."""
    shown = (await browser.client.get(path)).text
    for field in re.findall(r"<input [^>]*>", shown):
        if 'type="hidden"' not in field:
            identity = re.search(r'id="([^"]+)"', field)
            assert identity is not None
            assert f'<label for="{identity[1]}">' in shown
            assert "autocomplete=" in field
    assert "onpaste" not in shown


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/150.0 Safari/537.36", "Chrome on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/150.0 Safari/537.36 Edg/150.0",
            "Edge on Windows",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14.5; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on macOS"),
        ("curl/8.9", "curl"),
        ("our own script", "our own script"),
        ("", "An unknown program"),
    ],
)
def test_a_device_is_named_as_people_call_it(said: str, name: str) -> None:
    assert device_name(said) == name


async def test_the_picture_grows_and_shrinks_as_a_whole(signed_in: Browser) -> None:
    """Without a view box, a page that gives it a width cuts its edge off, and no camera reads it."""
    svg = (await signed_in.ask("POST", "/api/session/second-factor", 201))["svg"]
    box = re.search(r'viewBox="0 0 (\d+) \1"', svg)
    assert box is not None
    assert 'width="' not in svg.partition(">")[0]
