"""Nobody comes in by a sign-in that is not theirs, that was used, or that the right provider did not vouch for."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import RSAKey

from alertwhisperer.api.desk import Desk
from alertwhisperer.app.identity import exchange_of
from alertwhisperer.app.settings import load
from alertwhisperer.domain.errors import Invalid, Temporary
from alertwhisperer.domain.identity import Kind, Provider
from alertwhisperer.guard.identity import flow
from alertwhisperer.guard.identity.exchange import Call
from alertwhisperer.kit.clock import ManualClock
from tests.identity.conftest import TESTING, AddProvider, Visit
from tests.vendors.issuer import Issuer, signed_by_secret, unsigned


async def test_an_honest_sign_in_is_let_in(visit: Visit, provider: Provider, issuer: Issuer) -> None:
    browser = await visit(provider)
    answer = await browser.sign_in(sub="honest")
    assert answer.status_code == 303, answer.text
    me = await browser.me()
    assert me is not None
    assert me["email"] == browser.email_of("honest")
    form = issuer.forms[-1]
    assert form["redirect_uri"] == [f"https://alerts.example.org/sign-in/with/{provider.slug}/callback"]
    assert len(form["code_verifier"][0]) >= 43


async def test_the_way_there_is_bound_and_proves_possession(visit: Visit, provider: Provider) -> None:
    browser = await visit(provider)
    first, second = await browser.leave(), await browser.leave()
    assert first.query["code_challenge_method"] == "S256"
    for part in ("state", "nonce", "code_challenge"):
        assert first.query[part] != second.query[part]
        assert len(first.query[part]) >= 43
    cookie = next(one for one in browser.client.cookies.jar if one.name == "__Host-alertwhisperer-attempt")
    assert cookie.secure
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "lax"


async def test_the_state_of_another_sign_in_is_refused(visit: Visit, provider: Provider) -> None:
    browser, other = await visit(provider), await visit(provider)
    gone, foreign = await browser.leave(), await other.leave()
    answer = await browser.come_back(foreign, browser.issuer.mint(browser.claims(gone)))
    assert (answer.status_code, await browser.me()) == (403, None)


async def test_nobody_is_signed_in_to_an_account_that_a_stranger_sent_them(visit: Visit, provider: Provider) -> None:
    """Login CSRF: the stranger's code and state arrive in a browser that began nothing."""
    stranger, victim = await visit(provider), await visit(provider)
    gone = await stranger.leave()
    answer = await victim.come_back(gone, victim.issuer.mint(victim.claims(gone)))
    assert answer.status_code == 403
    assert "not begun in this browser" in answer.text
    assert await victim.me() is None


async def test_a_sign_in_works_once(visit: Visit, provider: Provider) -> None:
    browser = await visit(provider)
    gone = await browser.leave()
    kept = {one.name: one.value for one in browser.client.cookies.jar}
    token = browser.issuer.mint(browser.claims(gone, sub="once"))
    assert (await browser.come_back(gone, token)).status_code == 303
    thief = await visit(provider)
    for name, value in kept.items():
        thief.client.cookies.set(name, value or "", domain="alerts.example.org")
    answer = await thief.come_back(gone, token)
    assert (answer.status_code, await thief.me()) == (403, None)
    assert "used already" in answer.text


async def test_a_sign_in_that_took_too_long_is_begun_anew(visit: Visit, provider: Provider, clock: ManualClock) -> None:
    browser = await visit(provider)
    gone = await browser.leave()
    clock.advance(flow.LASTS)
    answer = await browser.come_back(gone, browser.issuer.mint(browser.claims(gone)))
    assert (answer.status_code, await browser.me()) == (403, None)


async def test_a_cookie_that_is_not_ours_is_none(visit: Visit, provider: Provider) -> None:
    browser = await visit(provider)
    gone = await browser.leave()
    for forged in ("", "a", base64.urlsafe_b64encode(json.dumps({"state": gone.state}).encode()).decode()):
        browser.client.cookies.set("__Host-alertwhisperer-attempt", forged, domain="alerts.example.org")
        assert (await browser.come_back(gone, browser.issuer.mint(browser.claims(gone)))).status_code == 403
    assert await browser.me() is None


@pytest.mark.parametrize("named", [None, "https://another.example.org"])
async def test_an_answer_must_name_the_issuer_that_was_asked(
    visit: Visit, provider: Provider, named: str | None
) -> None:
    """RFC 9207: whoever mixes up providers is found out before the code goes anywhere."""
    browser = await visit(provider)
    gone = await browser.leave()
    answer = await browser.come_back(gone, browser.issuer.mint(browser.claims(gone)), iss=named)
    assert (answer.status_code, await browser.me()) == (403, None)
    assert browser.issuer.forms == []


async def test_an_answer_for_one_provider_is_no_answer_for_another(
    visit: Visit, add_provider: AddProvider, issuer: Issuer
) -> None:
    first, second = await add_provider(issuer), await add_provider(issuer)
    browser = await visit(first)
    gone = await browser.leave()
    other = (await visit(second)).path
    browser.issuer.tokens["code"] = browser.issuer.mint(browser.claims(gone))
    answer = await browser.client.get(
        f"{other}/callback", params={"code": "code", "state": gone.state, "iss": issuer.url}
    )
    assert (answer.status_code, await browser.me()) == (403, None)
    assert issuer.forms == []


async def test_a_provider_cannot_name_a_subject_of_another_one(
    visit: Visit, add_provider: AddProvider, issuer: Issuer
) -> None:
    honest = await add_provider(issuer)
    victim = await visit(honest)
    await victim.sign_in(sub="victim")
    with Issuer().served() as liar:
        lying = await add_provider(liar)
        attacker = await visit(lying, liar)
        answer = await attacker.sign_in(sub="victim", email=victim.email_of("victim"))
        assert (answer.status_code, await attacker.me()) == (403, None)  # the address is taken
        await attacker.sign_in(sub="victim")
        me = await attacker.me()
        assert me is not None
        assert me["email"] == attacker.email_of("victim"), "the same subject of another provider is another person"
        stranger = await visit(lying, liar)
        assert (await stranger.sign_in(iss=issuer.url)).status_code == 403


_WRONG: dict[str, dict[str, Any]] = {
    "another nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "another issuer": {"iss": "https://another.example.org"},
    "another client": {"aud": "them"},
    "two clients and no party": {"aud": ["us", "them"]},
    "another party": {"azp": "them"},
    "no end": {"exp": None},
    "past": {"exp": 1_000},
    "an end that is no number": {"exp": "never"},
    "an end that is not finite": {"exp": 1e300},
    "made in the future": {"iat": 4_000_000_000, "exp": 4_000_000_100},
    "no moment": {"iat": None},
    "not yet": {"nbf": 4_000_000_000},
    "nobody": {"sub": None},
    "a subject that is no text": {"sub": 7},
    "another access token": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
}


@pytest.mark.parametrize("wrong", _WRONG)
async def test_a_token_that_says_something_wrong_is_refused(visit: Visit, provider: Provider, wrong: str) -> None:
    browser = await visit(provider)
    answer = await browser.sign_in(**_WRONG[wrong])
    assert (answer.status_code, await browser.me()) == (403, None)
    assert "could not be trusted" in answer.text


async def test_clocks_may_be_two_minutes_apart(visit: Visit, provider: Provider, clock: ManualClock) -> None:
    now = int(clock.now().timestamp())
    for apart in ({"iat": now + 100}, {"iat": now - 400, "exp": now - 100}):
        browser = await visit(provider)
        answer = await browser.sign_in(sub="apart", **apart)
        assert answer.status_code == 303, answer.text


async def test_the_algorithm_is_ours_to_choose(visit: Visit, provider: Provider, issuer: Issuer, desk: Desk) -> None:
    browser = await visit(provider)
    gone = await browser.leave()
    claims = browser.claims(gone)

    public = issuer.rsa.as_pem(private=False)
    by_other_kind = issuer.mint(claims, alg="ES256", kid="ec").partition(".")[2]
    forged = {
        "none": unsigned(claims, "none"),
        "None": unsigned(claims, "None"),
        "no signature": unsigned(claims, "RS256"),
        "the public key as a secret": signed_by_secret(claims, public, "rsa"),
        "the client's secret": signed_by_secret(claims, b"a secret", "rsa"),
        "a key of another kind": f"{unsigned(claims, 'RS256').partition('.')[0]}.{by_other_kind}",
        "a stranger's key": issuer.mint(claims, key=RSAKey.generate_key(2048, {"kid": "rsa"})),
        "an algorithm that nobody needs": issuer.mint(claims, alg="RS384"),
        "no token": "not a token",
        "nothing": "",
    }
    kept = {one.name: one.value or "" for one in browser.client.cookies.jar}
    for name, token in forged.items():
        async with desk.database.across([]) as connection:
            await connection.execute("DELETE FROM identity_used")  # as if each were the first with this state
        for cookie, value in kept.items():
            browser.client.cookies.set(cookie, value, domain="alerts.example.org")
        answer = await browser.come_back(gone, token)
        assert (answer.status_code, await browser.me()) == (403, None), name


async def test_a_key_that_comes_along_is_not_believed(visit: Visit, provider: Provider, issuer: Issuer) -> None:
    own = RSAKey.generate_key(2048)
    browser = await visit(provider)
    for brought in ({"jwk": own.as_dict(private=False)}, {"jku": f"{issuer.url}/theirs"}, {"x5u": f"{issuer.url}/x"}):
        gone = await browser.leave()
        token = jwt.encode({"alg": "RS256", **brought}, browser.claims(gone), own)
        answer = await browser.come_back(gone, token)
        assert (answer.status_code, await browser.me()) == (403, None)
    assert set(issuer.asked) <= {"/.well-known/openid-configuration", "/jwks", "/token"}


async def test_keys_that_nobody_has_cost_one_reading_a_minute(
    visit: Visit, provider: Provider, issuer: Issuer, clock: ManualClock
) -> None:
    browser = await visit(provider)
    stranger = RSAKey.generate_key(2048)
    for number in range(10):
        gone = await browser.leave()
        token = issuer.mint(browser.claims(gone), kid=f"unknown-{number}", key=stranger)
        assert (await browser.come_back(gone, token)).status_code == 403
    assert issuer.asked["/jwks"] == 2
    await clock.sleep(61)
    gone = await browser.leave()
    await browser.come_back(gone, issuer.mint(browser.claims(gone), kid="unknown", key=stranger))
    assert issuer.asked["/jwks"] == 3


async def test_weak_and_private_keys_are_left_out(visit: Visit, provider: Provider, issuer: Issuer) -> None:
    with pytest.warns(SecurityWarning):
        weak = RSAKey.generate_key(1024, {"kid": "weak"})
    issuer.keys["weak"] = weak
    listed = [weak.as_dict(private=False), issuer.keys["rsa"].as_dict(private=True), {"kty": "oct", "k": "AAAA"}]
    issuer.answers["/jwks"] = lambda _: (200, json.dumps({"keys": [*listed, {"kty": "RSA"}, 7]}).encode())
    browser = await visit(provider)
    for kid in ("weak", "rsa"):
        gone = await browser.leave()
        assert (await browser.come_back(gone, issuer.mint(browser.claims(gone), kid=kid))).status_code == 403
    assert await browser.me() is None


@pytest.mark.parametrize(
    "next",
    [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/a\r\nSet-Cookie: b=c",
        "javascript:1",
    ],
)
async def test_nobody_is_led_elsewhere_afterwards(visit: Visit, provider: Provider, next: str) -> None:
    browser = await visit(provider)
    gone = await browser.leave(next)
    answer = await browser.come_back(gone, browser.issuer.mint(browser.claims(gone, sub="led")))
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")


async def test_a_page_of_ours_is_where_they_go(visit: Visit, provider: Provider) -> None:
    browser = await visit(provider)
    gone = await browser.leave("/account?done=ended")
    answer = await browser.come_back(gone, browser.issuer.mint(browser.claims(gone, sub="led")))
    assert answer.headers["location"] == "/account?done=ended"


async def test_more_claims_must_be_of_the_same_person(visit: Visit, provider: Provider, issuer: Issuer) -> None:
    issuer.userinfo = {"sub": "somebody else", "groups": ["techs"]}
    browser = await visit(provider)
    assert (await browser.sign_in(groups=None)).status_code == 403
    issuer.userinfo = {"sub": "kim2", "groups": ["techs"]}
    assert (await browser.sign_in(groups=None, sub="kim2")).status_code == 303


async def test_a_document_of_another_issuer_is_none(visit: Visit, provider: Provider, issuer: Issuer) -> None:
    issuer.more = {"issuer": "https://another.example.org"}
    browser = await visit(provider)
    answer = await browser.client.get(browser.path)
    assert answer.status_code == 403
    assert "does not answer" in answer.text


async def test_a_provider_cannot_send_us_anywhere(desk: Desk, visit: Visit, provider: Provider, issuer: Issuer) -> None:
    """No address that the operator did not allow, and no redirects."""
    with pytest.raises(Invalid, match="not public"):
        await exchange_of(load({}))(Call(f"{issuer.url}/jwks"))
    with pytest.raises(Invalid, match="not public"):
        await desk.issuers.exchange(Call("http://169.254.169.254/latest/meta-data/"))
    issuer.more = {"jwks_uri": "http://169.254.169.254/latest/meta-data/"}
    assert (await (await visit(provider)).client.get(f"/sign-in/with/{provider.slug}")).status_code == 403
    issuer.more = {}
    issuer.answers["/jwks"] = lambda _: (302, f"{issuer.url}/elsewhere".encode())
    with pytest.raises(Invalid):
        await desk.issuers.read_now(issuer.url)
    assert issuer.asked["/elsewhere"] == 0


async def test_a_huge_answer_is_not_read_to_its_end(desk: Desk, provider: Provider, issuer: Issuer) -> None:
    issuer.answers["/jwks"] = lambda _: (200, b'{"keys": [' + b" " * 2_000_000 + b"]}")
    with pytest.raises(Invalid):
        await desk.issuers.read_now(issuer.url)
    issuer.answers["/jwks"] = lambda _: (200, json.dumps({"keys": [{"kty": "RSA"}] * 1_000}).encode())
    with pytest.raises(Invalid, match="key set"):
        await desk.issuers.read_now(issuer.url)


async def test_a_provider_that_hangs_holds_up_one_person_at_a_time(
    visit: Visit, provider: Provider, issuer: Issuer, desk: Desk
) -> None:
    held = [0]

    def slow(_: bytes) -> tuple[int, bytes]:
        held[0] += 1
        time.sleep(1.0)
        return 200, b"{}"

    issuer.answers["/.well-known/openid-configuration"] = slow
    exchange = exchange_of(load(TESTING), call_s=0.5)
    with pytest.raises(Temporary, match="did not answer"):
        await exchange(Call(f"{issuer.url}/.well-known/openid-configuration"))
    desk.issuers.exchange = exchange
    browser = await visit(provider)
    for _ in range(3):
        assert (await browser.client.get(browser.path)).status_code == 403
    assert held[0] == 2


async def test_what_was_required_must_be_there(visit: Visit, add_provider: AddProvider, issuer: Issuer) -> None:
    """Google's `hd`: an account of another organisation has another one, or none."""
    google = await add_provider(issuer, Kind.GOOGLE, required_claims={"hd": ["example.org"]})
    browser = await visit(google)
    assert (await browser.sign_in(sub="g1")).status_code == 403
    assert (await browser.sign_in(sub="g1", hd="evil.example")).status_code == 403
    assert (await browser.sign_in(sub="g1", hd="example.org")).status_code == 303


async def test_entra_is_told_apart_by_tenant_and_object(
    visit: Visit, add_provider: AddProvider, issuer: Issuer
) -> None:
    """Its addresses prove nothing unless it says that the domain's owner wrote them."""
    entra = await add_provider(issuer, Kind.ENTRA)
    browser = await visit(entra)
    ids = {"tid": "the-tenant", "oid": "object-1"}
    refused = await browser.sign_in(**ids)
    assert refused.status_code == 403
    assert "no verified e-mail" in refused.text
    assert (await browser.sign_in(oid="object-1", xms_edov=True)).status_code == 403
    assert (await browser.sign_in(**ids, xms_edov="1")).status_code == 303
    later = await visit(entra)
    assert (await later.sign_in(**ids, sub="pairwise", email="renamed@example.org", xms_edov=True)).status_code == 303
    me = await later.me()
    assert me is not None
    assert me["email"] == browser.email_of("kim"), "the same object is the same person, whatever else changed"


async def test_no_error_shows_a_secret(
    visit: Visit, provider: Provider, issuer: Issuer, capfd: pytest.CaptureFixture[str]
) -> None:
    issuer.answers["/token"] = lambda body: (
        400,
        json.dumps({"error": "bad", "error_description": body.decode()}).encode(),
    )
    browser = await visit(provider)
    gone = await browser.leave()
    answer = await browser.come_back(gone, None, code="a-code-that-is-secret")
    told = capfd.readouterr()
    for secret in ("a-code-that-is-secret", "a secret", "a+secret", gone.nonce):
        assert secret not in answer.text + told.out + told.err
