"""People sign in by a real OpenID provider: what its groups give, what its word that somebody is gone does here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from alertwhisperer.app.build import House
from alertwhisperer.app.identity import Identities, issuers_of
from alertwhisperer.domain.audit import AuditAction
from alertwhisperer.domain.company import INSTALLATION, Company, Scope
from alertwhisperer.domain.identity import ClientAuth, Kind
from alertwhisperer.domain.user import Role
from alertwhisperer.guard.identity import providers
from alertwhisperer.guard.identity.providers import NewProvider
from alertwhisperer.guard.people import add_user
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store import audit
from tests.database import Migrated, run_apart
from tests.peers.openid import CLIENT_ID, CLIENT_SECRET, Account, OpenId, Surfer, provider_running
from tests.peers.process import await_answer
from tests.server import Place, Server, house_of, new_company, on_database, serving

LOOPBACK = {"ALERTWHISPERER_OUTBOUND_NETWORKS": "127.0.0.0/8"}


@pytest.fixture(scope="module")
def here(migrated: Migrated) -> Iterator[Server]:
    """Our server, which may call loopback."""
    base = on_database(migrated)
    with serving(Place({**base.environ, **LOOPBACK})) as started:
        yield started


@dataclass(frozen=True, slots=True)
class World:
    """Our server and a real provider that know each other."""

    server: Server
    openid: OpenId
    slug: str
    company: Company

    def surfer(self) -> Surfer:
        """A browser of somebody who is nobody yet."""
        return Surfer(self.server.url)

    def people(self) -> list[Mapping[str, Any]]:
        """Who is linked by the provider, as the command line shows it."""

        async def ask(house: House) -> list[Mapping[str, Any]]:
            async with house.database.unit_of_work(Scope(INSTALLATION, "test")) as unit:
                rows = await unit.connection.fetch(
                    "SELECT i.subject, u.email, u.role, u.removed_at, i.refresh_token IS NOT NULL AS looked_at"
                    " FROM user_identity i JOIN identity_provider p USING (provider_id) JOIN app_user u USING (user_id)"
                    " WHERE p.slug = $1",
                    self.slug,
                )
                return [dict(row) for row in rows]

        found: list[Mapping[str, Any]] = self.house(ask)
        return found

    def entries(self, action: AuditAction) -> list[Mapping[str, Any]]:
        """Details of the audit entries of an action that name the provider, newest first."""

        async def ask(house: House) -> list[Mapping[str, Any]]:
            async with house.database.unit_of_work(Scope(INSTALLATION, "test")) as unit:
                wanted = audit.EntryFilter(action=action)
                found = [entry.detail for entry in await audit.page(unit, limit=1_000, wanted=wanted)]
                return [detail for detail in found if self.slug in str(detail)]

        found: list[Mapping[str, Any]] = self.house(ask)
        return found

    def look_again(self, after: timedelta) -> None:
        """What the server does by its clock, when so much time has gone by."""

        async def look(house: House) -> None:
            later = replace(house, clock=ManualClock(house.clock.now() + after))
            await Identities(later, issuers_of(later)).check()

        self.house(look)

    def house(self, work: Callable[[House], Any]) -> Any:
        """Do something with the server's own parts."""

        async def run() -> Any:
            async with house_of(self.server.place, connections=2) as house:
                return await work(house)

        return run_apart(run())


MakeWorld = Callable[..., World]


@pytest.fixture
def make_world(here: Server, place: Path) -> Iterator[MakeWorld]:
    """A factory: a provider with accounts, which lets technicians of a new company in by their group."""
    with ExitStack() as stack:

        def make(*accounts: Account, settings: Mapping[str, Any] | None = None, **how: Any) -> World:
            slug = f"op-{uuid4().hex[:8]}"
            redirect = f"{here.url}/sign-in/with/{slug}/callback"
            logout = f"{here.url}/sign-in/with/{slug}/logout"
            folder = place / slug
            folder.mkdir()
            openid = stack.enter_context(
                provider_running(folder, [redirect], accounts=accounts, logout_uri=logout, **how)
            )
            auth = ClientAuth(how.get("client_auth", "client_secret_basic"))

            async def add() -> Company:
                async with house_of(here.place, connections=2) as house:
                    company = await new_company(house)
                    rules = [
                        {"on": "group", "value": "techs", "role": "technician", "companies": [str(company.id)]},
                        {"on": "group", "value": "bosses", "role": "company_admin", "companies": [str(company.id)]},
                    ]
                    given = {"scopes": ["openid", "email", "groups"], "rules": rules, **(settings or {})}
                    secret = "" if auth is ClientAuth.NONE else CLIENT_SECRET
                    new = NewProvider(slug, "The directory", Kind.OTHER, openid.issuer, CLIENT_ID, auth, secret, given)
                    by = Scope(INSTALLATION, "test")
                    await providers.add_provider(house.database, house.vault, by, new, now=house.clock.now())
                    return company

            async def remove() -> None:
                async with house_of(here.place, connections=2) as house:
                    by, now = Scope(INSTALLATION, "test"), house.clock.now()
                    await providers.remove_provider(house.database, by, slug, now=now)

            company = run_apart(add())
            stack.callback(lambda: run_apart(remove()))
            return World(here, openid, slug, company)

        yield make


def kim(*groups: str) -> Account:
    """Somebody with an address of this test alone."""
    sub = uuid4().hex
    return Account(sub, f"kim.{sub}@example.org", groups)


@pytest.mark.parametrize(
    ("algorithm", "client_auth", "in_userinfo"),
    [
        ("RS256", "client_secret_basic", False),
        ("PS256", "client_secret_post", True),
        ("ES256", "none", False),
        ("EdDSA", "client_secret_basic", True),
    ],
)
def test_a_person_comes_in_by_their_group(
    make_world: MakeWorld, algorithm: str, client_auth: str, in_userinfo: bool
) -> None:
    account = kim("techs", "others")
    world = make_world(account, algorithm=algorithm, client_auth=client_auth, claims_in_userinfo_alone=in_userinfo)
    surfer = world.surfer()
    assert 'href="/sign-in/with/' in surfer.get("/sign-in").text
    answer = surfer.sign_in(world.slug, account.sub, next="/account?done=ended")
    assert answer.status_code == 303, f"{answer.text}\n{world.server.log_tail()}"
    assert answer.headers["location"] == "/account?done=ended"
    me = surfer.me()
    assert me is not None
    assert (me["email"], me["role"]) == (account.email, "technician")
    assert [one["id"] for one in me["companies"]] == [str(world.company.id)]
    assert world.entries(AuditAction.SIGNED_IN)[0]["how"] == f"identity:{world.slug}"


def test_whom_no_group_lets_in_is_told_so_and_is_nobody(make_world: MakeWorld) -> None:
    account = kim("others")
    world = make_world(account)
    surfer = world.surfer()
    answer = surfer.sign_in(world.slug, account.sub)
    assert answer.status_code == 403
    assert "No group of yours" in answer.text
    assert surfer.me() is None
    assert world.people() == []
    assert world.entries(AuditAction.IDENTITY_REFUSED)[0]["provider"] == world.slug


def test_groups_are_looked_at_again_at_each_sign_in(make_world: MakeWorld) -> None:
    account = kim("techs")
    world = make_world(account)
    first, second, third = world.surfer(), world.surfer(), world.surfer()
    first.sign_in(world.slug, account.sub)
    world.openid.put(replace(account, groups=("bosses",)))
    second.sign_in(world.slug, account.sub)
    for one in (first, second):  # rights are the person's, so the older session has the new ones as well
        me = one.me()
        assert me is not None
        assert me["role"] == "company_admin"
    world.openid.put(replace(account, groups=()))
    assert third.sign_in(world.slug, account.sub).status_code == 403
    assert [one.me() for one in (first, second, third)] == [None] * 3, "sessions of who is let in no more are over"


def test_the_address_is_no_identity(make_world: MakeWorld) -> None:
    """Whoever gets somebody's address at the provider does not get their account here."""
    account = kim("techs")
    world = make_world(account)

    async def add(house: House) -> None:
        by = Scope(INSTALLATION, "test")
        await add_user(house.database, by, account.email, Role.MSP_ADMIN, [], now=house.clock.now())

    world.house(add)
    surfer = world.surfer()
    answer = surfer.sign_in(world.slug, account.sub)
    assert answer.status_code == 403
    assert "Sign in to it and link it" in answer.text
    assert surfer.me() is None


def test_an_address_that_the_provider_has_not_verified_makes_no_account(make_world: MakeWorld) -> None:
    account = replace(kim("techs"), email_verified=False)
    world = make_world(account)
    answer = world.surfer().sign_in(world.slug, account.sub)
    assert answer.status_code == 403
    assert "no verified e-mail" in answer.text


def test_signing_out_there_ends_the_session_here(make_world: MakeWorld) -> None:
    account = kim("techs")
    world = make_world(account)
    surfer, elsewhere = world.surfer(), world.surfer()
    surfer.sign_in(world.slug, account.sub)
    elsewhere.sign_in(world.slug, account.sub)
    page = surfer.client.get(f"{world.openid.issuer}/session/end")
    token = page.text.split('name="xsrf" value="')[1].split('"')[0]
    surfer.client.post(f"{world.openid.issuer}/session/end/confirm", data={"xsrf": token, "logout": "yes"})
    await_answer(
        lambda: True if surfer.me() is None else None, "the session to end", told=world.openid.program.log_tail
    )
    assert elsewhere.me() is not None, "another session there is another session here"


def test_the_provider_signs_with_other_keys(make_world: MakeWorld) -> None:
    account = kim("techs")
    world = make_world(account)
    world.surfer().sign_in(world.slug, account.sub)
    world.openid.rotate_keys()
    surfer = world.surfer()
    surfer.sign_in(world.slug, account.sub)
    assert surfer.me() is not None


def test_who_is_gone_at_the_provider_loses_their_sessions(make_world: MakeWorld) -> None:
    account = kim("techs")
    world = make_world(account, settings={"scopes": ["openid", "email", "groups", "offline_access"]})
    surfer = world.surfer()
    surfer.sign_in(world.slug, account.sub)
    assert world.people()[0]["looked_at"]
    world.look_again(timedelta(minutes=4))
    world.look_again(timedelta(minutes=16))
    assert surfer.me() is not None
    assert world.people()[0]["looked_at"], "the next refresh token was kept"
    world.openid.delete(account.sub)
    world.look_again(timedelta(minutes=33))
    assert surfer.me() is None
    assert not world.people()[0]["looked_at"]
    assert world.entries(AuditAction.IDENTITY_GONE)[0]["done"] == "sessions"


def test_who_loses_the_group_between_sign_ins_is_offboarded_where_that_is_set(make_world: MakeWorld) -> None:
    account = kim("techs")
    settings = {"scopes": ["openid", "email", "groups", "offline_access"], "on_lost": "offboard"}
    world = make_world(account, settings=settings)
    surfer = world.surfer()
    surfer.sign_in(world.slug, account.sub)
    world.openid.put(replace(account, groups=("others",)))
    world.look_again(timedelta(minutes=16))
    assert surfer.me() is None
    assert world.people() == []
    assert world.entries(AuditAction.IDENTITY_GONE)[0]["done"] == "offboard"
