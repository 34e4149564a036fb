"""What a browser may do with an answer of ours: next to nothing; and nothing goes over http once https is known."""

from dataclasses import replace

import pytest

from alertwhisperer.api.desk import Desk
from alertwhisperer.api.envelope import GUARDS
from tests.sign_in.conftest import SECURE_URL, Browser, OpenBrowser

EVERYWHERE = (
    ("GET", "/api/session", 401),
    ("GET", "/api/openapi.json", 200),
    ("GET", "/health/ready", 200),
    ("GET", "/nothing", 404),
    ("PUT", "/api/session", 405),
    ("POST", "/api/session", 422),
    ("GET", "/sign-in", 200),
    ("GET", "/account", 303),
    ("GET", "/password/x", 404),
    ("GET", "/sign-in/style.css", 200),
)


@pytest.mark.parametrize(("method", "path", "status"), EVERYWHERE)
async def test_every_answer_is_guarded(browser: Browser, method: str, path: str, status: int) -> None:
    answer = await browser.client.request(method, path)
    assert answer.status_code == status
    assert set(GUARDS) <= {name.title() if name != "x-frame-options" else "X-Frame-Options" for name in answer.headers}
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "base-uri 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["referrer-policy"] in ("no-referrer", "same-origin")
    assert "strict-transport-security" not in answer.headers
    assert "access-control-allow-origin" not in answer.headers


async def test_a_body_that_is_too_large_is_answered_with_guards(browser: Browser) -> None:
    answer = await browser.client.post("/api/session", content=b"x" * 1_000_001)
    assert answer.status_code == 413
    assert answer.headers["x-frame-options"] == "DENY"


async def test_an_answer_that_is_no_page_allows_nothing(browser: Browser) -> None:
    answer = await browser.client.get("/api/session")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "form-action 'none'" in answer.headers["content-security-policy"]
    assert "'self'" not in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "no-referrer"


async def test_a_page_allows_its_style_its_picture_and_its_forms(browser: Browser) -> None:
    policy = (await browser.client.get("/sign-in")).headers["content-security-policy"]
    assert "style-src 'self'" in policy
    assert "form-action 'self'" in policy
    assert "script-src" not in policy


@pytest.mark.parametrize("path", ["/sign-in", "/api/session", "/nothing"])
async def test_behind_https_browsers_are_told_never_to_come_by_http(
    desk: Desk, open_browser: OpenBrowser, path: str
) -> None:
    browser = await open_browser(replace(desk, public_url=SECURE_URL))
    answer = await browser.client.get(path)
    assert int(answer.headers["strict-transport-security"].partition("max-age=")[2]) >= 31_536_000


async def test_a_path_that_takes_no_other_site_s_scripts(browser: Browser) -> None:
    answer = await browser.client.options(
        "/api/session", headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    )
    assert answer.status_code == 405
    assert "access-control-allow-origin" not in answer.headers
