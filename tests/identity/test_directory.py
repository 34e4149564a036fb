"""A provider's directory (SCIM), as Entra ID and Okta speak: it lets in nobody, and shuts out at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest

from alertwhisperer.api.desk import Desk
from alertwhisperer.domain.audit import AuditAction
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.errors import Invalid, NotFound
from alertwhisperer.domain.identity import Provider
from alertwhisperer.domain.user import Role
from alertwhisperer.guard import people
from alertwhisperer.guard.identity import linking, local_passwords, providers
from alertwhisperer.guard.identity.scim_words import Filter, read_filter
from alertwhisperer.guard.tokens import add_token
from alertwhisperer.store import sign_in
from tests.conftest import Tenant
from tests.doors import api_of
from tests.identity.conftest import BY, URL, AddProvider, Entries, Visit, Visitor
from tests.vendors.issuer import Issuer

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@dataclass(frozen=True, slots=True)
class Directory:
    """The directory of a provider, with its token."""

    client: httpx.AsyncClient
    provider: Provider
    token: str = field(repr=False)

    async def ask(self, method: str, path: str, status: int = 200, document: object = None, **query: str) -> Any:
        """One call; the JSON of the answer."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/scim+json"}
        sent: dict[str, Any] = {} if document is None else {"json": document}
        answer = await self.client.request(method, f"/scim/v2{path}", headers=headers, params=query, **sent)
        assert answer.status_code == status, f"{answer.status_code} {answer.text}"
        if answer.content:
            assert answer.headers["content-type"] == "application/scim+json"
        if status >= 400:
            assert answer.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
            assert answer.json()["status"] == str(status)
        return answer.json() if answer.content else None

    async def add(self, sub: str, email: str, **more: Any) -> str:
        """Somebody, as Okta tells of them; their id here."""
        given = {"schemas": [USER], "userName": email, "externalId": sub, "active": True, "name": {"givenName": "K"}}
        made = await self.ask("POST", "/Users", 201, {**given, **more})
        return str(made["id"])

    async def patch(self, path: str, *operations: Mapping[str, Any], status: int = 200) -> Any:
        """A change."""
        return await self.ask("PATCH", path, status, {"schemas": [PATCH], "Operations": list(operations)})


OpenDirectory = Callable[..., Awaitable[Directory]]


@pytest.fixture
async def open_directory(desk: Desk) -> AsyncIterator[OpenDirectory]:
    """A factory: `await open_directory(provider)`."""
    async with AsyncExitStack() as stack:

        async def opened(provider: Provider) -> Directory:
            token = await providers.make_directory_token(
                desk.database, desk.vault, BY, provider.slug, now=desk.clock.now()
            )
            transport = httpx.ASGITransport(api_of(desk), raise_app_exceptions=False)
            client = httpx.AsyncClient(transport=transport, base_url=URL)
            return Directory(await stack.enter_async_context(client), provider, token)

        yield opened


@pytest.fixture
async def directory(open_directory: OpenDirectory, provider: Provider) -> Directory:
    """The directory of `provider`."""
    return await open_directory(provider)


async def signed_in(visit: Visit, provider: Provider, sub: str, **claims: Any) -> Visitor:
    """Somebody who came in by the provider."""
    browser = await visit(provider)
    answer = await browser.sign_in(sub=sub, **claims)
    assert answer.status_code == 303, answer.text
    return browser


async def test_whoever_shows_no_token_of_a_provider_is_refused(
    directory: Directory, desk: Desk, visit: Visit, provider: Provider
) -> None:
    browser = await signed_in(visit, provider, "kim")
    made = await add_token(desk.database, desk.vault, BY, browser.email_of("kim"), now=desk.clock.now())
    for token in ("", "awd_guess", made.token, f"{directory.token}x"):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        for path in ("/Users", "/Groups", "/ServiceProviderConfig", "/Schemas", "/ResourceTypes"):
            assert (await directory.client.get(f"/scim/v2{path}", headers=headers)).status_code == 401
    headers = {"Authorization": f"Bearer {directory.token}"}
    for path in ("/api/users", "/api/session", "/api/companies"):
        assert (await directory.client.get(path, headers=headers)).status_code == 401, "it opens nothing else"


async def test_a_newer_token_ends_the_older_and_a_provider_that_is_off_has_none(
    directory: Directory, open_directory: OpenDirectory, provider: Provider, desk: Desk
) -> None:
    newer = await open_directory(provider)
    await directory.ask("GET", "/Users", 401)
    await newer.ask("GET", "/Users")
    off = providers.ProviderChange(is_on=False)
    await providers.change_provider(desk.database, desk.vault, BY, provider.slug, off, now=desk.clock.now())
    await newer.ask("GET", "/Users", 401)


async def test_what_a_directory_asks_first(directory: Directory) -> None:
    config = await directory.ask("GET", "/ServiceProviderConfig")
    assert config["patch"]["supported"]
    assert config["filter"]["supported"]
    kinds = await directory.ask("GET", "/ResourceTypes")
    assert [one["endpoint"] for one in kinds["Resources"]] == ["/Users", "/Groups"]
    schemas = await directory.ask("GET", "/Schemas")
    assert schemas["totalResults"] == 2
    nobody = await directory.ask("GET", "/Users", filter=f'userName eq "{uuid4()}"')
    assert (nobody["totalResults"], nobody["Resources"]) == (0, [])


async def test_people_are_written_found_changed_and_taken_away(directory: Directory) -> None:
    sub, email = uuid4().hex, f"Kim.{uuid4().hex}@Example.org"
    emails = [{"value": "other@example.org", "type": "home"}, {"value": email, "primary": True}]
    user_id = await directory.add(sub, email, emails=emails)
    for wanted in (f'userName eq "{email.lower()}"', f'externalId eq "{sub}"', f'id EQ "{user_id}"'):
        found = await directory.ask("GET", "/Users", filter=wanted)
        assert [one["id"] for one in found["Resources"]] == [user_id], wanted
    again = await directory.ask("POST", "/Users", 409, {"schemas": [USER], "userName": email.upper()})
    assert again["scimType"] == "uniqueness"
    other_id = await directory.add(uuid4().hex, f"other.{email}")
    taken = await directory.patch(
        f"/Users/{other_id}", {"op": "replace", "path": "userName", "value": email}, status=409
    )
    assert taken["scimType"] == "uniqueness"
    shown = await directory.ask("GET", f"/Users/{user_id}")
    assert shown["emails"] == [{"value": email.lower(), "type": "work", "primary": True}]
    changed = await directory.ask("PUT", f"/Users/{user_id}", 200, {"userName": email, "displayName": "Kim"})
    assert (changed["displayName"], changed["active"], "externalId" in changed) == ("Kim", True, False)
    await directory.ask("DELETE", f"/Users/{user_id}", 204)
    await directory.ask("GET", f"/Users/{user_id}", 404)
    await directory.ask("DELETE", f"/Users/{user_id}", 404)


async def test_lists_are_pages(directory: Directory) -> None:
    ids = [await directory.add(uuid4().hex, f"{number}.{uuid4().hex}@example.org") for number in range(5)]
    first = await directory.ask("GET", "/Users", startIndex="1", count="2")
    rest = await directory.ask("GET", "/Users", startIndex="3", count="500")
    assert (first["totalResults"], first["itemsPerPage"], first["startIndex"]) == (5, 2, 1)
    assert sorted(one["id"] for one in [*first["Resources"], *rest["Resources"]]) == sorted(ids)
    none = await directory.ask("GET", "/Users", startIndex="-3", count="-1")
    assert (none["totalResults"], none["Resources"], none["startIndex"]) == (5, [], 1)


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "Replace", "path": "active", "value": "False"},  # Entra, before it mended this
        {"op": "replace", "path": "active", "value": False},
        {"op": "replace", "value": {"active": False}},  # Okta
        {"op": "Add", "path": f"{USER}:active", "value": "false"},
    ],
)
async def test_who_goes_inactive_is_offboarded(
    directory: Directory, visit: Visit, entries: Entries, desk: Desk, operation: Mapping[str, Any]
) -> None:
    sub = uuid4().hex
    browser = await signed_in(visit, directory.provider, sub)
    email = browser.email_of(sub)
    user = await people.get_user(desk.database, email)
    made = await add_token(desk.database, desk.vault, BY, email, now=desk.clock.now())
    user_id = await directory.add(sub, email)
    assert await browser.me() is not None
    changed = await directory.patch(f"/Users/{user_id}", operation)
    assert changed["active"] is False
    assert await browser.me() is None
    by_token = await browser.client.get("/api/session", headers={"Authorization": f"Bearer {made.token}"})
    assert by_token.status_code == 401
    with pytest.raises(NotFound):
        await people.get_user(desk.database, email)
    told = next(one for one in await entries(AuditAction.IDENTITY_GONE) if one.resource.id == str(user.id))
    assert (told.detail["done"], told.reason) == ("offboard", "the directory removed them")
    assert told.actor == f"identity:{directory.provider.slug}"
    await directory.patch(f"/Users/{user_id}", operation)  # directories repeat themselves
    answer = await (await visit(directory.provider)).sign_in(sub=sub)
    assert answer.status_code == 403
    assert "account is gone" in answer.text
    await directory.patch(f"/Users/{user_id}", {"op": "replace", "path": "active", "value": True})
    back = await signed_in(visit, directory.provider, sub)
    me = await back.me()
    assert me is not None
    assert me["id"] != str(user.id), "who comes back is another person"


@pytest.mark.parametrize("way", ["PUT", "DELETE"])
async def test_the_other_ways_to_be_gone(directory: Directory, visit: Visit, way: str) -> None:
    sub = uuid4().hex
    browser = await signed_in(visit, directory.provider, sub)
    email = browser.email_of(sub)
    user_id = await directory.add("", email)  # Entra without the object's id: the verified address is the bridge
    if way == "PUT":
        await directory.ask("PUT", f"/Users/{user_id}", 200, {"userName": email, "active": False})
    else:
        await directory.ask("DELETE", f"/Users/{user_id}", 204)
    assert await browser.me() is None


async def test_ending_sessions_may_be_enough(
    add_provider: AddProvider, open_directory: OpenDirectory, issuer: Issuer, visit: Visit, desk: Desk
) -> None:
    provider = await add_provider(issuer, on_removal="sessions")
    directory, sub = await open_directory(provider), uuid4().hex
    browser = await signed_in(visit, provider, sub)
    user_id = await directory.add(sub, browser.email_of(sub))
    await directory.patch(f"/Users/{user_id}", {"op": "replace", "path": "active", "value": False})
    assert await browser.me() is None
    await people.get_user(desk.database, browser.email_of(sub))
    assert (await (await visit(provider)).sign_in(sub=sub)).status_code == 403
    await directory.patch(f"/Users/{user_id}", {"op": "replace", "path": "active", "value": True})
    await signed_in(visit, provider, sub)


async def test_a_directory_reaches_its_own_provider_s_people_alone(
    directory: Directory, add_provider: AddProvider, open_directory: OpenDirectory, issuer: Issuer, visit: Visit
) -> None:
    sub = uuid4().hex
    browser = await signed_in(visit, directory.provider, sub)
    with Issuer().served() as another:
        other = await open_directory(await add_provider(another))
        mine = await directory.add(sub, browser.email_of(sub))
        await other.ask("GET", f"/Users/{mine}", 404)
        await other.ask("DELETE", f"/Users/{mine}", 404)
        theirs = await other.add(sub, browser.email_of(sub), active=False)
        await other.ask("DELETE", f"/Users/{theirs}", 204)
        group = (await other.ask("POST", "/Groups", 201, {"displayName": "techs", "members": [{"value": mine}]}))["id"]
        assert (await other.ask("GET", f"/Groups/{group}"))["members"] == []
    assert await browser.me() is not None


async def test_written_groups_count_as_the_persons(directory: Directory, visit: Visit, tenant: Tenant) -> None:
    sub = uuid4().hex
    nobody = await visit(directory.provider)
    assert (await nobody.sign_in(sub=sub, groups=[])).status_code == 403
    user_id = await directory.add(sub, nobody.email_of(sub))
    made = await directory.ask(
        "POST", "/Groups", 201, {"displayName": "techs", "externalId": "g1", "members": [{"value": user_id}]}
    )
    assert made["members"] == [{"value": user_id}]
    browser = await signed_in(visit, directory.provider, sub, groups=[])
    group = f"/Groups/{made['id']}"
    slim = await directory.ask("GET", group, excludedAttributes="members")
    assert "members" not in slim
    found = await directory.ask("GET", "/Groups", filter='displayName eq "TECHS"')
    assert found["totalResults"] == 1
    await directory.patch(group, {"op": "add", "path": "members", "value": [{"value": str(uuid4())}]}, status=204)
    assert await browser.me() is not None
    # Entra names the member in the path, Okta in the value.
    await directory.patch(group, {"op": "Remove", "path": f'members[value eq "{user_id}"]'}, status=204)
    assert await browser.me() is None, "without the group they are let in no more, and that is so at once"
    await directory.patch(group, {"op": "add", "path": "members", "value": [{"value": user_id}]}, status=204)
    again = await signed_in(visit, directory.provider, sub, groups=[])
    await directory.patch(group, {"op": "replace", "value": {"displayName": "others"}}, status=204)
    assert await again.me() is None, "a renamed group is another one to the rules"


async def test_a_change_of_groups_changes_the_role_without_a_sign_in(
    add_provider: AddProvider, open_directory: OpenDirectory, issuer: Issuer, visit: Visit, tenant: Tenant
) -> None:
    rules = [
        {"on": "group", "value": name, "role": role, "companies": [str(tenant.id)]}
        for name, role in (("techs", "technician"), ("bosses", "company_admin"))
    ]
    provider = await add_provider(issuer, rules=rules)
    directory, sub = await open_directory(provider), uuid4().hex
    browser = await signed_in(visit, provider, sub)
    user_id = await directory.add(sub, browser.email_of(sub))
    made = await directory.ask("POST", "/Groups", 201, {"displayName": "bosses", "members": [{"value": user_id}]})
    me = await browser.me()
    assert me is not None
    assert me["role"] == "company_admin"
    await directory.ask("PUT", f"/Groups/{made['id']}", 200, {"displayName": "bosses", "members": []})
    me = await browser.me()
    assert me is not None
    assert me["role"] == "technician"
    await directory.ask("DELETE", f"/Groups/{made['id']}", 204)
    await directory.ask("DELETE", f"/Groups/{made['id']}", 404)


async def test_whom_an_administrator_linked_is_not_judged_before_they_come(
    directory: Directory, desk: Desk, entries: Entries
) -> None:
    email = f"linked.{uuid4().hex}@example.org"
    user = await people.add_user(desk.database, BY, email, Role.MSP_ADMIN, [], now=desk.clock.now())
    await linking.link_user(desk.database, BY, email, directory.provider.slug, "sub-1", now=desk.clock.now())
    await directory.add("sub-1", email)
    assert (await people.get_user(desk.database, email)).role is Role.MSP_ADMIN
    assert all(entry.resource.id != str(user.id) for entry in await entries(AuditAction.IDENTITY_GONE))


@pytest.mark.parametrize(
    ("method", "path", "document", "status"),
    [
        ("POST", "/Users", [], 400),
        ("POST", "/Users", {"displayName": "nobody"}, 400),
        ("POST", "/Users", {"userName": 7}, 400),
        ("POST", "/Users", {"userName": "a\u0000b"}, 400),
        ("POST", "/Users", {"userName": "x" * 501}, 400),
        ("POST", "/Users", {"userName": "a", "active": "perhaps"}, 400),
        ("POST", "/Groups", {"members": []}, 400),
        ("GET", "/Users/not-an-id", None, 404),
        ("PATCH", f"/Users/{uuid4()}", {"Operations": [{"op": "replace", "value": {"active": False}}]}, 404),
        ("GET", "/Nothing", None, 404),
    ],
)
async def test_what_cannot_be_is_said_as_scim_says_it(
    directory: Directory, method: str, path: str, document: object, status: int
) -> None:
    if path == "/Nothing":
        answer = await directory.client.get(f"/scim/v2{path}", headers={"Authorization": f"Bearer {directory.token}"})
        assert answer.status_code == 404
    else:
        await directory.ask(method, path, status, document)


@pytest.mark.parametrize(
    "operations", [None, [], [7], [{"op": "move"}], [{"op": "replace", "path": 7}], [{"op": "add", "value": 7}]]
)
async def test_a_change_that_is_none(directory: Directory, operations: object) -> None:
    user_id = await directory.add(uuid4().hex, f"{uuid4().hex}@example.org")
    await directory.ask("PATCH", f"/Users/{user_id}", 400, {"Operations": operations})


@pytest.mark.parametrize(
    "text", ['userName sw "a"', "userName eq a", 'userName eq "a" or id eq "b"', 'eq "a"', "x" * 900]
)
async def test_other_filters_are_refused(directory: Directory, text: str) -> None:
    with pytest.raises(Invalid):
        read_filter(text)
    told = await directory.ask("GET", "/Users", 400, filter=text)
    assert told["scimType"] == "invalidFilter"


def test_a_filter_is_read_with_its_escapes() -> None:
    assert read_filter(' userName  EQ "a\\"b\\u00e4" ') == Filter("username", 'a"bä')


async def test_a_directory_of_the_one_whose_password_always_works(
    directory: Directory, visit: Visit, desk: Desk
) -> None:
    """A slip in a directory must not lock everybody out."""
    email, now = f"glass.{uuid4().hex}@example.org", desk.clock.now()
    user = await people.add_user(desk.database, BY, email, Role.MSP_ADMIN, [], now=now)
    async with desk.database.unit_of_work(Scope(INSTALLATION, "test")) as unit:
        await sign_in.set_password(unit, user.id, "a hash", must_change=False, now=now)
    await linking.link_user(desk.database, BY, email, directory.provider.slug, "glass", now=now)
    await local_passwords.set_break_glass(desk.database, BY, email, now=now)
    try:
        browser = await visit(directory.provider)
        assert (await browser.sign_in(sub="glass", email=email)).status_code == 303
        me = await browser.me()
        assert me is not None
        assert me["role"] == "msp_admin", "no group takes their role away"
        user_id = await directory.add("glass", email)
        await directory.patch(f"/Users/{user_id}", {"op": "replace", "path": "active", "value": False})
        assert await browser.me() is None
        assert (await people.get_user(desk.database, email)).role is Role.MSP_ADMIN
    finally:
        await local_passwords.set_break_glass(desk.database, BY, None, now=now)
