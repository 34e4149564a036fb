"""A write by cookie is one that a page of ours made in this browser; all else is refused (CSRF, login CSRF)."""

import httpx
import pytest

from alertwhisperer.domain.user import User
from tests.sign_in.conftest import PASSWORD, URL, Browser, OpenBrowser

FOREIGN = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://alerts.test"},  # another port is another site
    {"Origin": "http://alerts.test:8080.evil.example"},
    {"Origin": "http://evil.example/http://alerts.test:8080"},
    {"Origin": ""},
    {"Origin": URL, "Sec-Fetch-Site": "cross-site"},
    {"Origin": URL, "Sec-Fetch-Site": "same-site"},
)
PATHS = (("DELETE", "/api/session"), ("DELETE", "/api/sessions"), ("POST", "/api/companies"))


async def bare(browser: Browser, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
    """A request with the browser's cookies and these headers alone."""
    browser.client.headers.pop("origin", None)
    return await browser.client.request(method, path, headers=headers, json={"name": "x"})


@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize("token", ["", "0" * 32, "\xff"])
async def test_a_write_by_cookie_carries_the_session_s_token(
    signed_in: Browser, method: str, path: str, token: str
) -> None:
    headers = {"Origin": URL, "X-CSRF-Token": token}
    answer = await bare(signed_in, method, path, {name: value.encode("latin-1") for name, value in headers.items()})  # type: ignore[misc]
    assert answer.status_code == 403
    assert answer.json()["where"] == "header X-CSRF-Token"
    await signed_in.ask("GET", "/api/session")


@pytest.mark.parametrize("foreign", FOREIGN)
@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_a_write_by_cookie_comes_from_our_own_pages(
    signed_in: Browser, method: str, path: str, foreign: dict[str, str]
) -> None:
    answer = await bare(signed_in, method, path, {**foreign, "X-CSRF-Token": signed_in.csrf[0]})
    assert answer.status_code == 403
    assert answer.json()["where"] == "header Origin"
    await signed_in.ask("GET", "/api/session")


async def test_a_write_that_says_nothing_of_its_origin_is_refused(signed_in: Browser) -> None:
    answer = await bare(signed_in, "DELETE", "/api/sessions", {"X-CSRF-Token": signed_in.csrf[0]})
    assert answer.status_code == 403


@pytest.mark.parametrize("own", [{"Origin": URL}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://tunnel:9000"}])
async def test_our_own_pages_may_write(signed_in: Browser, own: dict[str, str]) -> None:
    host = {"Host": "tunnel:9000"} if "tunnel" in own.get("Origin", "") else {}
    answer = await bare(signed_in, "DELETE", "/api/sessions", {**own, **host, "X-CSRF-Token": signed_in.csrf[0]})
    assert answer.status_code == 200, answer.text


async def test_the_token_of_another_session_is_none(signed_in: Browser, open_browser: OpenBrowser, kim: User) -> None:
    other = await open_browser()
    await other.sign_in(kim.email)
    answer = await bare(signed_in, "DELETE", "/api/sessions", {"Origin": URL, "X-CSRF-Token": other.csrf[0]})
    assert answer.status_code == 403


@pytest.mark.parametrize("foreign", FOREIGN)
async def test_no_other_site_signs_its_visitor_in(browser: Browser, kim: User, foreign: dict[str, str]) -> None:
    """Login CSRF: a victim who works in an attacker's account tells the attacker what they type."""
    browser.client.headers.pop("origin", None)
    body = {"email": kim.email, "password": PASSWORD}
    answer = await browser.client.post("/api/session", json=body, headers=foreign)
    assert answer.status_code == 403
    assert not answer.headers.get("set-cookie")


@pytest.mark.parametrize("foreign", FOREIGN)
async def test_a_form_comes_from_our_own_page(browser: Browser, kim: User, foreign: dict[str, str]) -> None:
    page = await browser.client.get("/sign-in")
    token = page.text.partition('name="form" value="')[2].partition('"')[0]
    fields = {"form": token, "email": kim.email, "password": PASSWORD}
    browser.client.headers.pop("origin", None)
    answer = await browser.client.post("/sign-in", data=fields, headers=foreign)
    assert answer.status_code == 403
    assert "alertwhisperer=" not in answer.headers.get("set-cookie", "")
    assert (await browser.client.post("/sign-in", data=fields, headers={"Origin": URL})).status_code == 303


async def test_a_form_belongs_to_its_browser(browser: Browser, open_browser: OpenBrowser, kim: User) -> None:
    page = await browser.client.get("/sign-in")
    token = page.text.partition('name="form" value="')[2].partition('"')[0]
    fields = {"form": token, "email": kim.email, "password": PASSWORD}
    other = await open_browser()
    assert (await other.client.post("/sign-in", data=fields)).status_code == 403
    await other.client.get("/sign-in")
    assert (await other.client.post("/sign-in", data=fields)).status_code == 403


@pytest.mark.parametrize(
    "action",
    [
        "/account/password",
        "/account/second-factor",
        "/account/second-factor/confirm",
        "/account/second-factor/remove",
        "/account/recovery-codes",
        "/account/sessions/end-others",
        "/account/sessions/0195d3a2-0000-7b5a-9f00-3c8d52000000/end",
        "/sign-out",
    ],
)
async def test_every_form_of_one_s_account_carries_the_session_s_token(signed_in: Browser, action: str) -> None:
    for fields in ({"x": ""}, {"csrf": ""}, {"csrf": "0" * 32}, {"csrf": "\u00ff"}):
        assert (await signed_in.client.post(action, data=fields)).status_code == 403
    right = {"csrf": signed_in.csrf[0]}
    foreign = {"Origin": "https://evil.example"}
    assert (await signed_in.client.post(action, data=right, headers=foreign)).status_code == 403
    await signed_in.ask("GET", "/api/session")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data; boundary=x", b"--x--"),
        ("application/x-www-form-urlencoded", b"form=\xff"),
        ("application/x-www-form-urlencoded", b"form=%00"),
        ("application/x-www-form-urlencoded", b"&".join(b"a=b" for _ in range(100))),
        ("application/x-www-form-urlencoded", b"a=" + b"b" * 20_000),
    ],
)
async def test_what_is_no_form_is_refused(browser: Browser, kind: str, body: bytes) -> None:
    answer = await browser.client.post("/sign-in", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("text/html")
