"""People: added and changed with audit entries, as what they are and for whom, and narrowed by groups at once."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from alertwhisperer.domain.audit import AuditAction, AuditEntry
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound
from alertwhisperer.domain.user import Role, User
from alertwhisperer.guard.companies import set_company
from alertwhisperer.guard.groups import add_group, remove_group
from alertwhisperer.guard.people import Change, add_user, check_email, get_user, list_users, set_user
from alertwhisperer.guard.tokens import add_token
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store import audit
from alertwhisperer.store.audit import EntryFilter
from alertwhisperer.store.database import Database
from tests.conftest import MakeCompany, People, Tenant

BY = Scope(INSTALLATION, "test")


def tick(clock: ManualClock) -> datetime:
    """A millisecond later: what is done one after another has an order in the log."""
    clock.advance(timedelta(milliseconds=1))
    return clock.now()


def an_email() -> str:
    return f"{uuid4().hex}@example.org"


async def entries(database: Database, company_id: CompanyId, user: User) -> list[AuditEntry]:
    """What a log says of a person, oldest first."""
    wanted = EntryFilter(resource_kind="user", resource_id=str(user.id))
    async with database.unit_of_work(Scope(company_id, "test")) as unit:
        return list(reversed(await audit.page(unit, limit=100, wanted=wanted)))


async def a_group(database: Database, clock: ManualClock, *companies: CompanyId) -> UUID:
    """A group with these companies in it."""
    group = await add_group(database, BY, f"Group {uuid4().hex}", now=clock.now())
    for company_id in companies:
        await set_company(database, Scope(company_id, "test"), group_id=group.id, now=clock.now())
    return group.id


async def test_the_three_people_see_what_they_serve(people: People, tenant: Tenant) -> None:
    assert people.admin.serves(tenant.id)
    assert people.technician.serves(tenant.id)
    assert not people.stranger.serves(tenant.id)


async def test_adding_a_person_is_in_the_log_of_the_installation_and_of_the_company(
    database: Database, people: People, tenant: Tenant
) -> None:
    [there] = await entries(database, tenant.id, people.technician)
    assert (there.action, there.actor, there.detail) == ("user_added", "test", {"role": "technician"})
    [here] = await entries(database, INSTALLATION, people.technician)
    assert here.detail["companies"] == [str(tenant.id)]


async def test_an_entry_knows_who_did_it_and_from_where(
    database: Database, clock: ManualClock, people: People, tenant: Tenant
) -> None:
    by = Scope(INSTALLATION, people.admin.email, user_id=people.admin.id, ip="192.0.2.7")
    made = await add_user(database, by, an_email(), Role.READER, [tenant.id], now=clock.now())
    [there] = await entries(database, tenant.id, made)
    assert (there.user_id, there.ip, there.actor) == (people.admin.id, "192.0.2.7", people.admin.email)


async def test_an_email_is_kept_in_lower_case_and_taken_once(
    database: Database, clock: ManualClock, tenant: Tenant
) -> None:
    email = f"Ann.{uuid4().hex}@Example.org"
    ann = await add_user(database, BY, f" {email} ", Role.COMPANY_ADMIN, [tenant.id], now=clock.now())
    assert ann.email == email.lower()
    assert await get_user(database, email) == ann
    with pytest.raises(Conflicting):
        await add_user(database, BY, email.upper(), Role.MSP_ADMIN, [], now=clock.now())


async def test_a_role_has_the_companies_that_it_needs(
    database: Database, vault: Vault, clock: ManualClock, tenant: Tenant
) -> None:
    email = an_email()
    for role in (Role.COMPANY_ADMIN, Role.TECHNICIAN, Role.READER):
        with pytest.raises(Invalid, match="needs a company"):
            await add_user(database, BY, email, role, [], now=clock.now())
        for stranger in (CompanyId(uuid4()), INSTALLATION):
            with pytest.raises(NotFound):
                await add_user(database, BY, email, role, [stranger], now=clock.now())
        with pytest.raises(NotFound):
            await add_user(database, BY, email, role, [], groups=[uuid4()], now=clock.now())
    with pytest.raises(Invalid, match="by name"):
        await add_user(database, BY, email, Role.MSP_ADMIN, [tenant.id], now=clock.now())
    with pytest.raises(NotFound):  # none of them left anything behind
        await get_user(database, email)
    with pytest.raises(NotFound):
        await add_token(database, vault, BY, email, now=clock.now())


async def test_a_company_that_comes_into_a_group_is_served_at_once(
    database: Database, clock: ManualClock, make_company: MakeCompany
) -> None:
    inside, later = (await make_company("a")).id, (await make_company("b")).id
    group = await a_group(database, clock, inside)
    kim = await add_user(database, BY, an_email(), Role.TECHNICIAN, [], groups=[group], now=clock.now())
    assert kim.companies == {inside}
    await set_company(database, Scope(later, "test"), group_id=group, now=clock.now())
    assert (await get_user(database, kim.email)).companies == {inside, later}
    await set_company(database, Scope(inside, "test"), no_group=True, now=clock.now())
    assert (await get_user(database, kim.email)).companies == {later}


async def test_an_admin_of_a_group_serves_only_that_even_when_it_is_empty(
    database: Database, clock: ManualClock, make_company: MakeCompany, tenant: Tenant
) -> None:
    inside = (await make_company("a")).id
    group = await a_group(database, clock, inside)
    lee = await add_user(database, BY, an_email(), Role.MSP_ADMIN, [], groups=[group], now=clock.now())
    assert (lee.serves_all, lee.serves(inside), lee.serves(tenant.id)) == (False, True, False)
    await set_company(database, Scope(inside, "test"), no_group=True, now=clock.now())
    lee = await get_user(database, lee.email)
    assert (lee.serves_all, lee.serves(inside), lee.serves(INSTALLATION)) == (False, False, False)
    with pytest.raises(Conflicting, match="people serve"):  # or the admin would serve all of a sudden all
        await remove_group(database, BY, group, now=clock.now())
    lee = await set_user(database, BY, lee.id, Change(groups=[]), now=clock.now())
    assert lee.serves_all
    await remove_group(database, BY, group, now=clock.now())


async def test_a_change_holds_and_is_in_every_log_that_it_concerns(
    database: Database, clock: ManualClock, make_company: MakeCompany
) -> None:
    old, kept, new = [(await make_company(name)).id for name in ("old", "kept", "new")]
    kim = await add_user(database, BY, an_email(), Role.TECHNICIAN, [old, kept], now=tick(clock))
    after = await set_user(database, BY, kim.id, Change(companies=[kept, new]), now=tick(clock))
    assert after.companies == {kept, new}
    assert await get_user(database, kim.email) == after
    told = {one: await entries(database, one, kim) for one in (old, kept, new)}
    assert [one.detail for one in told[old][1:]] == [{"serves": [True, False]}]
    assert [one.detail for one in told[new]] == [{"serves": [False, True]}]
    assert len(told[kept]) == 1, "nothing changed there"

    await set_user(database, BY, kim.id, Change(role=Role.COMPANY_ADMIN), now=tick(clock))
    last = (await entries(database, kept, kim))[-1]
    assert (last.action, last.detail["role"]) == (AuditAction.USER_CHANGED, ["technician", "company_admin"])
    whole = (await entries(database, INSTALLATION, kim))[1:]
    assert [sorted(one.detail) for one in whole] == [["companies"], ["role"]]
    await set_user(database, BY, kim.id, Change(role=Role.COMPANY_ADMIN, companies=[kept, new]), now=tick(clock))
    assert len(await entries(database, INSTALLATION, kim)) == 3, "what is so already is no change"


async def test_one_becomes_an_msp_admin_of_all_or_of_the_groups_one_had(
    database: Database, clock: ManualClock, make_company: MakeCompany
) -> None:
    inside = (await make_company("a")).id
    kim = await add_user(database, BY, an_email(), Role.TECHNICIAN, [inside], now=clock.now())
    assert (await set_user(database, BY, kim.id, Change(role=Role.MSP_ADMIN), now=clock.now())).serves_all
    with pytest.raises(Invalid, match="needs a company"):
        await set_user(database, BY, kim.id, Change(role=Role.TECHNICIAN), now=clock.now())
    group = await a_group(database, clock, inside)
    lee = await add_user(database, BY, an_email(), Role.TECHNICIAN, [], groups=[group], now=clock.now())
    lee = await set_user(database, BY, lee.id, Change(role=Role.MSP_ADMIN), now=clock.now())
    assert not lee.serves_all
    assert lee.companies == {inside}


async def test_nobody_changes_their_own_rights_or_a_strangers(
    database: Database, clock: ManualClock, people: People
) -> None:
    by = Scope(INSTALLATION, people.admin.email, user_id=people.admin.id)
    with pytest.raises(Conflicting):
        await set_user(database, by, people.admin.id, Change(role=Role.READER), now=clock.now())
    with pytest.raises(NotFound):
        await set_user(database, by, uuid4(), Change(role=Role.READER), now=clock.now())


async def test_people_are_listed_in_pages_newest_first(database: Database, people: People) -> None:
    listed: list[UUID] = []
    while page := await list_users(database, limit=2, before=listed[-1] if listed else None):
        listed += [user.id for user in page]
    assert listed == sorted(set(listed), reverse=True)
    assert {people.admin.id, people.technician.id, people.stranger.id} <= set(listed)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "ann@",
        "@example.org",
        "ann @example.org",
        "a\x00b@example.org",
        "a" * 65 + "@x.org",
        "x@" + "y" * 254,
    ],
)
def test_what_is_no_email_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        check_email(text)
