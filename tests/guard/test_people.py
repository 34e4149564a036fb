"""People and their tokens: added with an audit entry, known by a token until it is revoked."""

from uuid import uuid4

import pytest

from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound
from alertwhisperer.domain.user import Role
from alertwhisperer.guard.people import (
    add_token,
    add_user,
    check_email,
    get_user,
    list_tokens,
    list_users,
    revoke_token,
    user_of_token,
)
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store import audit
from alertwhisperer.store.database import Database
from tests.conftest import People, Tenant


async def test_a_token_names_its_person_until_it_is_revoked(
    database: Database, vault: Vault, clock: ManualClock, people: People
) -> None:
    person = people.technician
    token = await add_token(database, vault, "cli:root", person.email.upper(), now=clock.now())
    assert await user_of_token(database, vault, token) == person
    assert await user_of_token(database, Vault(bytes(32)), token) is None
    [shown] = await list_tokens(database, person.email)
    assert token.startswith(shown.hint)

    await revoke_token(database, "cli:root", shown.id, now=clock.now())
    assert await user_of_token(database, vault, token) is None
    with pytest.raises(NotFound):
        await revoke_token(database, "cli:root", shown.id, now=clock.now())


@pytest.mark.parametrize("text", ["", "awt_", "awt_" + "a" * 43, "awk_" + "a" * 43, "awt_\x00\udcff", "x" * 100_000])
async def test_any_other_text_names_nobody(database: Database, vault: Vault, text: str) -> None:
    assert await user_of_token(database, vault, text) is None


async def test_the_three_people_see_what_they_serve(people: People, tenant: Tenant) -> None:
    assert people.admin.serves(tenant.id)
    assert people.technician.serves(tenant.id)
    assert not people.stranger.serves(tenant.id)


async def test_adding_a_person_is_in_the_log_of_the_installation_and_of_the_company(
    database: Database, clock: ManualClock, people: People, tenant: Tenant
) -> None:
    async with database.unit_of_work(tenant.scope) as unit:
        entries = await audit.page(unit, limit=100)
    assert [(e.action, e.actor) for e in entries if e.subject == people.technician.email] == [("user.add", "test")]
    assert all(people.stranger.email not in str(e) for e in entries)
    async with database.unit_of_work(Scope(INSTALLATION, "test")) as unit:
        entries = await audit.page(unit, limit=100)
    assert {people.admin.email, people.technician.email, people.stranger.email} <= {e.subject for e in entries}


async def test_an_email_is_one_person_however_it_is_written(
    database: Database, vault: Vault, clock: ManualClock, tenant: Tenant
) -> None:
    email = f"Ann.{tenant.id.hex}@Example.org"
    ann = await add_user(database, vault, "test", f" {email} ", Role.COMPANY_ADMIN, [tenant.id], now=clock.now())
    assert ann.email == email.lower()
    assert await get_user(database, email) == ann
    with pytest.raises(Conflicting):
        await add_user(database, vault, "test", email.upper(), Role.MSP_ADMIN, [], now=clock.now())


async def test_a_role_has_the_companies_that_it_needs(
    database: Database, vault: Vault, clock: ManualClock, tenant: Tenant
) -> None:
    email = f"bob.{tenant.id.hex}@example.org"
    for role in (Role.COMPANY_ADMIN, Role.TECHNICIAN):
        with pytest.raises(Invalid, match="needs a company"):
            await add_user(database, vault, "test", email, role, [], now=clock.now())
        with pytest.raises(NotFound):
            await add_user(database, vault, "test", email, role, [CompanyId(uuid4())], now=clock.now())
    with pytest.raises(Invalid, match="sees all"):
        await add_user(database, vault, "test", email, Role.MSP_ADMIN, [tenant.id], now=clock.now())
    with pytest.raises(NotFound):  # none of them left anything behind
        await get_user(database, email)
    with pytest.raises(NotFound):
        await add_token(database, vault, "test", email, now=clock.now())


async def test_people_are_listed_in_pages_newest_first(database: Database, people: People) -> None:
    first = await list_users(database, limit=2)
    rest = await list_users(database, limit=100, before=first[-1].id)
    listed = [user.id for user in (*first, *rest)]
    assert listed == sorted(set(listed), reverse=True)
    assert {people.admin.id, people.technician.id, people.stranger.id} <= set(listed)


@pytest.mark.parametrize(
    "email", ["", "ann", "@", "a@", "@b", "a b@c", "a@b c", "a@b@c", "a\x00@b", "a@b\n", "<a@b>", "a" * 250 + "@b.org"]
)
def test_what_is_no_email_is_refused(email: str) -> None:
    if email == "a@b\n":
        assert check_email(email) == "a@b"  # space around it is forgiven
        return
    with pytest.raises(Invalid):
        check_email(email)
