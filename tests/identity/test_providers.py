"""Providers, links and the one password that always works, as MSP admins set them by the API."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import uuid4

import httpx
import pytest

from alertwhisperer.api.desk import Desk
from alertwhisperer.domain.audit import AuditAction
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.identity import Provider
from alertwhisperer.domain.user import Role, User
from alertwhisperer.guard import people
from alertwhisperer.guard.tokens import add_token
from alertwhisperer.store import sign_in
from tests.conftest import Tenant
from tests.doors import api_of
from tests.identity.conftest import BY, FAST, URL, AddProvider, Entries, Gone, Visit
from tests.vendors.issuer import Issuer

PASSWORD = "four words nobody knows"


class Admin:
    """An MSP admin at the API, by a token."""

    def __init__(self, client: httpx.AsyncClient, token: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"}

    async def ask(self, method: str, path: str, status: int = 200, document: object = None) -> Any:
        """One call; the JSON of the answer."""
        sent: dict[str, Any] = {} if document is None else {"json": document}
        answer = await self._client.request(method, path, headers=self._headers, **sent)
        assert answer.status_code == status, f"{answer.status_code} {answer.text}"
        return answer.json() if answer.content else None


AddPerson = Callable[..., Awaitable[User]]


@pytest.fixture
def add_person(desk: Desk) -> AddPerson:
    """Adds people who have `PASSWORD`: `await add_person(role, companies…)`."""

    async def add(role: Role = Role.MSP_ADMIN, *companies: Any) -> User:
        now = desk.clock.now()
        user = await people.add_user(desk.database, BY, f"{uuid4().hex}@example.org", role, companies, now=now)
        made = await FAST.hash(PASSWORD)
        async with desk.database.unit_of_work(Scope(INSTALLATION, "test")) as unit:
            await sign_in.set_password(unit, user.id, made, must_change=False, now=now)
        return user

    return add


@pytest.fixture
async def admin(desk: Desk, add_person: AddPerson) -> Any:
    """An MSP admin."""
    user = await add_person()
    made = await add_token(desk.database, desk.vault, BY, user.email, now=desk.clock.now())
    transport = httpx.ASGITransport(api_of(desk), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
        yield Admin(client, made.token)


def asked(address: str, **other: Any) -> dict[str, Any]:
    """A provider to add."""
    return {
        "slug": f"s-{uuid4().hex[:8]}",
        "title": "Okta",
        "kind": "okta",
        "issuer": address,
        "client_id": "us",
        "client_secret": "the secret of the client",
        **other,
    }


async def test_a_provider_is_added_changed_tried_and_removed(
    admin: Admin, issuer: Issuer, entries: Entries, tenant: Tenant
) -> None:
    rule = {"on": "group", "value": "techs", "role": "technician", "companies": [str(tenant.id)], "company_groups": []}
    given = asked(issuer.url, settings={"rules": [rule]})
    made = await admin.ask("POST", "/api/identity-providers", 201, given)
    slug = given["slug"]
    path = f"/api/identity-providers/{slug}"
    assert made["settings"]["scopes"] == ["openid", "email", "profile", "groups"], "as Okta has them"
    assert made["redirect_uri"] == f"{URL}/sign-in/with/{slug}/callback"
    assert made["settings"]["rules"] == [rule]
    await admin.ask("POST", "/api/identity-providers", 409, given)
    changed = await admin.ask(
        "PATCH", path, 200, {"title": "Ours", "client_secret": "another", "settings": {"create_people": False}}
    )
    assert (changed["title"], changed["version"], changed["settings"]["create_people"]) == ("Ours", 2, False)
    assert changed["settings"]["rules"] == [rule], "what is absent stays"
    tried = await admin.ask("POST", f"{path}/try")
    assert (tried["issuer"], tried["keys"]) == (issuer.url, 3)
    token = await admin.ask("POST", f"{path}/directory-token", 201)
    assert token["token"].startswith("awd_")
    assert (await admin.ask("GET", path))["has_directory_token"]
    await admin.ask("DELETE", f"{path}/directory-token", 204)
    assert await admin.ask("DELETE", path) == {"unlinked": 0}
    await admin.ask("GET", path, 404)
    listed = await admin.ask("GET", "/api/identity-providers")
    assert slug not in str(listed)
    detail = next(
        one.detail for one in await entries(AuditAction.IDENTITY_PROVIDER_CHANGED) if one.resource.id == made["id"]
    )
    assert detail == {"title": ["Okta", "Ours"], "settings.create_people": [True, False], "secret": "replaced"}
    for action in (
        AuditAction.IDENTITY_PROVIDER_ADDED,
        AuditAction.DIRECTORY_TOKEN_MADE,
        AuditAction.DIRECTORY_TOKEN_ENDED,
        AuditAction.IDENTITY_PROVIDER_REMOVED,
    ):
        told = [one for one in await entries(action) if one.resource.id == made["id"]]
        assert len(told) == 1
        assert "the secret of the client" not in str(told)
        assert token["token"] not in str(told)
    assert "the secret of the client" not in str((made, changed, listed))


@pytest.mark.parametrize(
    "wrong",
    [
        {"slug": "Not A Slug"},
        {"slug": "../x"},
        {"issuer": "ftp://login.example.org"},
        {"issuer": "https://user@login.example.org"},
        {"issuer": "https://login.example.org/?a=b"},
        {"issuer": "https://login.microsoftonline.com/common/v2.0"},
        {"issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"},
        {"client_secret": ""},
        {"client_auth": "none"},
        {"settings": {"scopes": ["email"]}},
        {"settings": {"scopes": ["openid", "two words"]}},
        {"settings": {"check_minutes": 1}},
        {"settings": {"rules": [{"on": "group", "value": "a", "role": "king"}]}},
        {"settings": {"rules": [{"on": "person", "value": "kim", "role": "reader"}]}},
        {"settings": {"rules": [{"on": "group", "value": "a", "role": "technician", "companies": [str(uuid4())]}]}},
        {"settings": {"rules": [{"on": "group", "value": "a", "role": "reader", "company_groups": [str(uuid4())]}]}},
        {"settings": {"unknown": 1}},
    ],
)
async def test_what_cannot_work_is_refused_when_it_is_written(admin: Admin, wrong: Mapping[str, Any]) -> None:
    await admin.ask("POST", "/api/identity-providers", 422, asked("https://login.example.org", **wrong))


async def test_an_msp_admin_by_company_is_refused(admin: Admin, tenant: Tenant) -> None:
    rule = {"on": "group", "value": "a", "role": "msp_admin", "companies": [str(tenant.id)]}
    await admin.ask(
        "POST", "/api/identity-providers", 422, asked("https://login.example.org", settings={"rules": [rule]})
    )


async def test_a_provider_that_is_off_or_gone_is_no_way_in(admin: Admin, visit: Visit, provider: Provider) -> None:
    browser, path = await visit(provider), f"/api/identity-providers/{provider.slug}"
    await browser.sign_in(sub="gone")
    late = await visit(provider)
    gone = await late.leave()
    await admin.ask("PATCH", path, 200, {"is_on": False})
    assert (await late.come_back(gone, late.issuer.mint(late.claims(gone)))).status_code == 404
    assert (await late.client.get(late.path)).status_code == 404
    assert await browser.me() is not None, "who is in stays in"
    assert await admin.ask("DELETE", path) == {"unlinked": 1}
    assert await browser.me() is None


async def test_somebody_new_must_be_linked_first_where_that_is_set(
    admin: Admin,
    visit: Visit,
    add_provider: AddProvider,
    issuer: Issuer,
    add_person: AddPerson,
    tenant: Tenant,
    entries: Entries,
) -> None:
    provider = await add_provider(issuer, create_people=False)
    browser = await visit(provider)
    refused = await browser.sign_in(sub="sub-7")
    assert refused.status_code == 403
    assert "not let you in yet" in refused.text
    user = await add_person(Role.READER, tenant.id)
    path = f"/api/users/{user.email}/identities"
    linked = await admin.ask("POST", path, 201, {"provider": provider.slug, "subject": "sub-7"})
    assert (linked["subject"], linked["seen_at"]) == ("sub-7", None)
    other = await add_person()
    await admin.ask(
        "POST", f"/api/users/{other.email}/identities", 409, {"provider": provider.slug, "subject": "sub-7"}
    )
    await admin.ask("POST", path, 409, {"provider": provider.slug, "subject": "sub-8"})
    await admin.ask("POST", path, 404, {"provider": "nothing", "subject": "sub-7"})
    assert (await browser.sign_in(sub="sub-7")).status_code == 303
    me = await browser.me()
    assert me is not None
    assert (me["email"], me["role"]) == (user.email, "technician"), "the rules say what they may from now on"
    own = (await browser.client.get("/api/identities")).json()["items"]
    assert [(one["provider"], one["groups"]) for one in own] == [(provider.slug, ["techs"])]
    assert (await admin.ask("GET", path))["items"][0]["seen_at"] is not None
    await admin.ask("DELETE", f"{path}/{provider.slug}", 204)
    await admin.ask("DELETE", f"{path}/{provider.slug}", 404)
    assert await browser.me() is None
    for action in (AuditAction.IDENTITY_LINKED, AuditAction.IDENTITY_UNLINKED):
        assert len([one for one in await entries(action) if one.resource.id == str(user.id)]) == 1


async def test_of_many_first_sign_ins_at_once_one_makes_the_person(
    visit: Visit, provider: Provider, desk: Desk
) -> None:
    browsers = [await visit(provider) for _ in range(12)]
    answers = await asyncio.gather(*(one.sign_in(sub="twelve") for one in browsers))
    assert [one.status_code for one in answers] == [303] * 12
    ids = set()
    for one in browsers:
        me = await one.me()
        assert me is not None
        ids.add(me["id"])
    assert len(ids) == 1


async def test_refusals_are_counted_and_told_once_a_minute(
    visit: Visit, provider: Provider, entries: Entries, desk: Desk
) -> None:
    for number in range(4):
        await (await visit(provider)).sign_in(sub=f"stranger-{number}", groups=[])
    own = [one for one in await entries(AuditAction.IDENTITY_REFUSED) if one.detail["provider"] == provider.slug]
    assert [one.detail["people"] for one in own] == [1]
    assert own[0].reason == "no_rule"
    await desk.clock.sleep(61)
    await (await visit(provider)).sign_in(sub="stranger", groups=[])
    own = [one for one in await entries(AuditAction.IDENTITY_REFUSED) if one.detail["provider"] == provider.slug]
    assert [one.detail["people"] for one in own] == [4, 1]


async def test_failed_ways_back_are_throttled_by_network(visit: Visit, provider: Provider, issuer: Issuer) -> None:
    browser = await visit(provider)
    statuses = []
    for _ in range(60):
        gone = await browser.leave()
        statuses.append((await browser.come_back(gone, None)).status_code)
        if statuses[-1] == 503:
            break
    assert 503 in statuses or 429 in statuses
    assert len(issuer.forms) <= 55


async def test_passwords_are_forbidden_only_while_somebody_can_break_the_glass(
    admin: Admin, visit: Visit, provider: Provider, add_person: AddPerson, entries: Entries, tenant: Tenant
) -> None:
    path = f"/api/identity-providers/{provider.slug}"
    forbid = {"settings": {"local_passwords": False}}
    refused = await admin.ask("PATCH", path, 409, forbid)
    assert "break-glass" in refused["mend"]
    glass, technician = await add_person(), await add_person(Role.TECHNICIAN, tenant.id)
    await admin.ask("PUT", "/api/break-glass", 422, {"email": technician.email})
    await admin.ask("PUT", "/api/break-glass", 404, {"email": "nobody@example.org"})
    assert await admin.ask("PUT", "/api/break-glass", 200, {"email": glass.email}) == {"email": glass.email}
    try:
        await admin.ask("PATCH", path, 200, forbid)
        held = await admin.ask("PUT", "/api/break-glass", 409, {"email": None})
        assert provider.slug in held["detail"]
        for user, sub in ((glass, "glass-1"), (technician, "technician-1")):
            given = {"provider": provider.slug, "subject": sub}
            await admin.ask("POST", f"/api/users/{user.email}/identities", 201, given)
        browser = await visit(provider)
        by_password = {"email": technician.email, "password": PASSWORD}
        assert (await browser.client.post("/api/session", json=by_password)).status_code == 401
        wrong = await browser.client.post("/api/session", json={**by_password, "password": "some other words"})
        assert wrong.status_code == 401
        other = await add_person()
        for user in (other, glass):
            answer = await browser.client.post("/api/session", json={"email": user.email, "password": PASSWORD})
            assert answer.status_code == 200, "who is no one's at the provider, and who breaks the glass"
        used = await entries(AuditAction.BREAK_GLASS_USED)
        assert [one.resource.id for one in used] == [str(glass.id)]
        assert used[0].ip == "" or used[0].actor == glass.email
    finally:
        await admin.ask("PATCH", path, 200, {"settings": {"local_passwords": True}})
        await admin.ask("PUT", "/api/break-glass", 200, {"email": None})
    assert (await browser.client.post("/api/session", json=by_password)).status_code == 200


async def test_a_person_unlinks_themselves_but_never_locks_themselves_out(visit: Visit, provider: Provider) -> None:
    browser = await visit(provider)
    await browser.sign_in(sub="alone")
    page = (await browser.client.get("/account")).text
    csrf = page.split('name="csrf" value="')[1].split('"')[0]
    answer = await browser.client.post(f"/account/identities/{provider.slug}/unlink", data={"csrf": csrf})
    assert answer.status_code == 409
    assert "could not sign in any more" in answer.text
    forged = await browser.client.post(f"/account/identities/{provider.slug}/unlink", data={"csrf": "forged"})
    assert forged.status_code == 403
    assert await browser.me() is not None


async def test_another_site_cannot_have_an_account_linked(
    visit: Visit, provider: Provider, add_person: AddPerson
) -> None:
    """The stranger's account at the provider would open the person's own."""
    user = await add_person()
    browser = await visit(provider)
    await browser.client.post("/api/session", json={"email": user.email, "password": PASSWORD})
    link = f"/account/identities/{provider.slug}/link"
    assert (await browser.client.get(link)).status_code == 405
    assert (await browser.client.post(link, data={"csrf": ""})).status_code == 403
    page = (await browser.client.get("/account")).text
    csrf = page.split('name="csrf" value="')[1].split('"')[0]
    elsewhere = await browser.client.post(link, data={"csrf": csrf}, headers={"Origin": "https://evil.example"})
    assert elsewhere.status_code == 403
    begun = await browser.client.post(link, data={"csrf": csrf})
    assert begun.status_code == 200
    gone = Gone({name: begun.text.split(f"{name}=")[1].split("&")[0] for name in ("state", "nonce")})
    kept = {one.name: one.value or "" for one in browser.client.cookies.jar}["__Host-alertwhisperer-attempt"]
    stranger = await visit(provider)  # has the attempt's cookie, and is not the session that began it
    stranger.client.cookies.set("__Host-alertwhisperer-attempt", kept, domain="alerts.example.org")
    answer = await stranger.come_back(gone, stranger.issuer.mint(stranger.claims(gone, sub="strange")))
    assert (answer.status_code, await stranger.me()) == (403, None)
    assert (await browser.client.get("/api/identities")).json()["items"] == []
