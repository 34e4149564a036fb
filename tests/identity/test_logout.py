"""The provider's word that somebody signed out ends their sessions, when it is the provider's, in time, and new."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import httpx
import pytest
from joserfc.jwk import RSAKey

from alertwhisperer.domain.identity import Provider
from alertwhisperer.guard.identity.tokens import LOGOUT_EVENT
from tests.identity.conftest import Visit, Visitor
from tests.vendors.issuer import Issuer, signed_by_secret


def said(browser: Visitor, **other: Any) -> dict[str, Any]:
    """What an honest logout token says; None takes a claim away."""
    found = {
        "iss": browser.issuer.url,
        "aud": "us",
        "iat": int(browser.clock.now().timestamp()),
        "jti": uuid4().hex,
        "events": {LOGOUT_EVENT: {}},
        **other,
    }
    return {name: value for name, value in found.items() if value is not None}


async def tell(browser: Visitor, token: str) -> httpx.Response:
    """The provider calls us; it has no cookie and no origin."""
    stranger = {"Origin": "", "Content-Type": "application/x-www-form-urlencoded"}
    return await browser.client.post(f"{browser.path}/logout", content=f"logout_token={token}", headers=stranger)


async def test_one_session_or_all_of_a_person_end(visit: Visit, provider: Provider, issuer: Issuer) -> None:
    first, second, other = await visit(provider), await visit(provider), await visit(provider)
    await first.sign_in(sub="out", sid="s-1")
    await second.sign_in(sub="out", sid="s-2")
    await other.sign_in(sub="stays", sid="s-3")
    answer = await tell(first, issuer.mint(said(first, sid="s-1")))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert [await one.me() is None for one in (first, second, other)] == [True, False, False]
    assert (await tell(second, issuer.mint(said(second, sub="out")))).status_code == 200
    assert [await one.me() is None for one in (first, second, other)] == [True, True, False]


_WRONG: dict[str, Mapping[str, Any]] = {
    "another issuer": {"iss": "https://another.example.org"},
    "another client": {"aud": "them"},
    "no event": {"events": {}},
    "an event that is none": {"events": {LOGOUT_EVENT: True}},
    "an ID token": {"nonce": "n"},
    "too long ago": {"iat": 1_700_000_000},
    "past": {"exp": 1_000},
    "nobody": {"sub": None},
    "without a number": {"jti": None},
}


@pytest.mark.parametrize("wrong", _WRONG)
async def test_a_token_that_says_something_wrong_ends_nothing(
    visit: Visit, provider: Provider, issuer: Issuer, wrong: str
) -> None:
    browser = await visit(provider)
    await browser.sign_in(sub="stays-in")
    answer = await tell(browser, issuer.mint(said(browser, **{"sub": "stays-in", **_WRONG[wrong]})))
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})
    assert await browser.me() is not None


async def test_nobody_else_can_say_it(visit: Visit, provider: Provider, issuer: Issuer) -> None:
    browser = await visit(provider)
    await browser.sign_in(sub="stays-in")
    claims = said(browser, sub="stays-in")
    for token in (
        "",
        "no token",
        issuer.mint(claims, key=RSAKey.generate_key(2048)),
        signed_by_secret(claims, b"a secret", "rsa"),
    ):
        assert (await tell(browser, token)).status_code == 400
    assert await browser.me() is not None


async def test_it_works_once(visit: Visit, provider: Provider, issuer: Issuer) -> None:
    browser = await visit(provider)
    await browser.sign_in(sub="again")
    token = issuer.mint(said(browser, sub="again"))
    assert (await tell(browser, token)).status_code == 200
    later = await visit(provider)
    await later.sign_in(sub="again")
    assert (await tell(browser, token)).status_code == 400
    assert await later.me() is not None
