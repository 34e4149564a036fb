"""Bearer tokens: they name their person while they are live, narrow what it may, and cannot make wider ones."""

from datetime import timedelta
from uuid import uuid4

import pytest

from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.errors import Conflicting, Forbidden, Invalid, NotFound
from alertwhisperer.domain.user import Means, MeansKind, Person, User
from alertwhisperer.guard.tokens import MOST_LIVE, Wish, add_token, list_tokens, person_of_token, revoke_token
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store import audit
from alertwhisperer.store.audit import EntryFilter
from alertwhisperer.store.database import Database
from tests.conftest import MakeCompany, People, Tenant

BY = Scope(INSTALLATION, "cli:root")


class Mint:
    """Makes and reads tokens of one person."""

    def __init__(self, database: Database, vault: Vault, clock: ManualClock, user: User) -> None:
        self.database, self.vault, self.clock, self.user = database, vault, clock, user

    async def make(self, wish: Wish = Wish(), means: Means = Means(MeansKind.MACHINE)) -> str:
        now = self.clock.now()
        return (await add_token(self.database, self.vault, BY, self.user.email, wish, means=means, now=now)).token

    async def read(self, token: str) -> Person | None:
        return await person_of_token(self.database, self.vault, token, now=self.clock.now())

    async def means(self, token: str) -> Means:
        found = await self.read(token)
        assert found is not None
        return found.means


@pytest.fixture
def mint(database: Database, vault: Vault, clock: ManualClock, people: People) -> Mint:
    """The technician's."""
    return Mint(database, vault, clock, people.technician)


async def test_a_token_names_its_person_until_it_is_revoked(mint: Mint, database: Database, clock: ManualClock) -> None:
    token = await mint.make()
    found = await mint.read(token)
    assert found is not None
    assert found.user == mint.user
    assert await person_of_token(database, Vault(bytes(32)), token, now=clock.now()) is None
    [shown] = await list_tokens(database, mint.user.email)
    assert token.startswith(shown.hint)

    with pytest.raises(NotFound):
        await revoke_token(database, BY, shown.id, of=uuid4(), now=clock.now())
    await revoke_token(database, BY, shown.id, now=clock.now())
    assert await mint.read(token) is None
    with pytest.raises(NotFound):
        await revoke_token(database, BY, shown.id, now=clock.now())


async def test_it_ends_by_itself_after_90_days_or_as_asked(mint: Mint, clock: ManualClock) -> None:
    usual, short = await mint.make(), await mint.make(Wish(days=1))
    clock.advance(timedelta(days=1))
    assert await mint.read(short) is None
    clock.advance(timedelta(days=89) - timedelta(seconds=1))
    assert await mint.read(usual) is not None
    clock.advance(timedelta(seconds=1))
    assert await mint.read(usual) is None
    for days in (0, -1, 367):
        with pytest.raises(Invalid):
            await mint.make(Wish(days=days))


async def test_that_it_was_used_is_written_once_a_minute(mint: Mint, database: Database, clock: ManualClock) -> None:
    token = await mint.make()

    async def used() -> object:
        [shown] = await list_tokens(database, mint.user.email)
        return shown.last_used_at

    assert await used() is None
    began = clock.now()
    await mint.read(token)
    assert await used() == began
    clock.advance(timedelta(seconds=59))
    await mint.read(token)
    assert await used() == began
    clock.advance(timedelta(seconds=1))
    await mint.read(token)
    assert await used() == clock.now()


@pytest.mark.parametrize("text", ["", "awt_", "awt_" + "a" * 43, "awk_" + "a" * 43, "awt_\x00\udcff", "x" * 100_000])
async def test_any_other_text_names_nobody(mint: Mint, text: str) -> None:
    assert await mint.read(text) is None


async def test_it_carries_its_scopes_and_companies(mint: Mint, tenant: Tenant) -> None:
    wish = Wish("nightly report", ["*.read", "incident.acknowledge"], [tenant.id])
    means = await mint.means(await mint.make(wish))
    assert means.kind is MeansKind.TOKEN
    assert means.scopes == frozenset({"*.read", "incident.acknowledge"})
    assert means.companies == frozenset({tenant.id})
    [shown] = await list_tokens(mint.database, mint.user.email)
    assert (shown.name, shown.id) == ("nightly report", means.id)


async def test_what_no_token_can_be(mint: Mint, make_company: MakeCompany) -> None:
    other = (await make_company("other")).id
    for wish in (
        Wish(scopes=["nonsense.*"]),
        Wish(scopes=[]),
        Wish(name="x" * 101),
        Wish(name="a\nb"),
        Wish(companies=[]),
    ):
        with pytest.raises(Invalid):
            await mint.make(wish)
    for company_id in (other, CompanyId(uuid4()), INSTALLATION):
        with pytest.raises(NotFound):
            await mint.make(Wish(companies=[company_id]))


async def test_a_token_makes_none_that_is_wider_or_lasts_longer(mint: Mint, tenant: Tenant) -> None:
    narrow = await mint.means(await mint.make(Wish(scopes=["*.read", "token.*"], companies=[tenant.id], days=10)))
    for wish in (Wish(), Wish(scopes=["incident.*"]), Wish(scopes=["*.read"], days=11)):
        with pytest.raises(Forbidden):
            await mint.make(wish, narrow)
    child = await mint.means(await mint.make(Wish(scopes=["*.read"]), narrow))
    assert (child.companies, child.expires_at) == (narrow.companies, narrow.expires_at)


async def test_a_person_has_so_many_and_no_more(mint: Mint, database: Database, clock: ManualClock) -> None:
    for _ in range(MOST_LIVE):
        await mint.make(Wish(days=1))
    with pytest.raises(Conflicting):
        await mint.make()
    clock.advance(timedelta(days=1))
    await mint.make()  # those that ended count for nothing


async def test_making_and_ending_one_is_in_the_log_without_the_token(
    mint: Mint, database: Database, clock: ManualClock
) -> None:
    token = await mint.make(Wish("script"))
    clock.advance(timedelta(milliseconds=1))
    [shown] = await list_tokens(database, mint.user.email)
    await revoke_token(database, BY, shown.id, now=clock.now())
    async with database.unit_of_work(BY) as unit:
        wanted = EntryFilter(resource_kind="token", resource_id=str(shown.id))
        ended, made = await audit.page(unit, limit=10, wanted=wanted)
    assert (made.action, ended.action, made.actor) == ("token_added", "token_revoked", "cli:root")
    assert made.detail["scopes"] == ["*"]
    assert token not in str(made)
