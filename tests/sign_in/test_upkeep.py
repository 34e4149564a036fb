"""What the settings say of signing in, and what the clock does for it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from alertwhisperer.app.build import House
from alertwhisperer.app.entrance import Doorkeeper, entrance_of
from alertwhisperer.app.settings import Settings, load
from alertwhisperer.domain.audit import AuditAction
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.session import SessionLimits
from alertwhisperer.domain.user import User
from alertwhisperer.guard.sign_in import throttle
from alertwhisperer.guard.sign_in.entrance import ADMINS, EVERYBODY, NOBODY
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store.database import Database
from tests.database import Migrated
from tests.server import house_of, on_database
from tests.sign_in.conftest import AddPerson, Browser, OpenBrowser, entries_about


@pytest.fixture
async def house(migrated: Migrated, clock: ManualClock) -> AsyncIterator[House]:
    """The house on the same data, with the test's clock."""
    async with house_of(on_database(migrated)) as opened:
        yield replace(opened, clock=clock)


@pytest.mark.parametrize(
    ("url", "setting", "needed"),
    [
        ("", "", NOBODY),
        ("http://localhost:8080", "", NOBODY),
        ("http://[::1]:8080", "", NOBODY),
        ("http://127.9.9.9", "", NOBODY),
        ("https://alerts.example.org", "", ADMINS),
        ("http://10.0.0.5:8080", "", ADMINS),
        ("http://localhost.example.org", "", ADMINS),
        ("https://alerts.example.org", "none", NOBODY),
        ("https://alerts.example.org", "all", EVERYBODY),
        ("", "admins", ADMINS),
    ],
)
def test_who_needs_a_second_factor(url: str, setting: str, needed: frozenset[object]) -> None:
    environ = {"ALERTWHISPERER_PUBLIC_URL": url, "ALERTWHISPERER_REQUIRE_SECOND_FACTOR": setting}
    assert entrance_of(load(environ)).second_factor_for == needed


def test_the_settings_reach_the_entrance() -> None:
    environ = {
        "ALERTWHISPERER_SESSION_IDLE_HOURS": "2",
        "ALERTWHISPERER_SESSION_DAYS": "1",
        "ALERTWHISPERER_PASSWORD_MEMORY_MIB": "8",
        "ALERTWHISPERER_PASSWORD_PASSES": "4",
    }
    entrance = entrance_of(load(environ))
    assert entrance.limits == SessionLimits(timedelta(hours=2), timedelta(days=1))
    assert entrance.passwords.is_weak(f"$argon2id$v=19$m=8192,t=3,p=1${'a' * 22}${'b' * 43}")
    assert not entrance.passwords.is_weak(f"$argon2id$v=19$m=8192,t=4,p=1${'a' * 22}${'b' * 43}")
    assert entrance_of(Settings()).limits == SessionLimits()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALERTWHISPERER_REQUIRE_SECOND_FACTOR", "yes"),
        ("ALERTWHISPERER_SESSION_DAYS", "0"),
        ("ALERTWHISPERER_PASSWORD_MEMORY_MIB", "1"),
        ("ALERTWHISPERER_TRUSTED_PROXIES", "proxy.example.org"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(name: str, value: str) -> None:
    with pytest.raises(Invalid) as failure:
        load({name: value})
    assert failure.value.where == name


async def test_the_clock_tells_what_was_counted(
    house: House, browser: Browser, kim: User, database: Database, clock: ManualClock
) -> None:
    for _ in range(3):
        await browser.sign_in(kim.email, "not the right password", 401)
    keeper = Doorkeeper(house)
    clock.advance(timedelta(minutes=2))
    await keeper.tell()
    told = await entries_about(database, AuditAction.SIGN_IN_REFUSED, kim.id)
    assert sorted(one.detail["tries"] for one in told) == [1, 2]  # type: ignore[type-var]  # numbers


async def test_what_is_over_is_forgotten_after_a_while(
    house: House,
    signed_in: Browser,
    open_browser: OpenBrowser,
    kim: User,
    add_person: AddPerson,
    database: Database,
    clock: ManualClock,
) -> None:
    person = await add_person()
    await signed_in.ask("POST", f"/api/users/{person.email}/password-link", 201)
    await (await open_browser()).sign_in(f"{uuid4().hex}@example.org", status=401)

    async def kept() -> tuple[int, int, int]:
        async with database.across([]) as connection:
            row = await connection.fetchrow(
                "SELECT (SELECT count(*) FROM user_session WHERE user_id = $1),"
                " (SELECT count(*) FROM password_link WHERE user_id = $2), (SELECT count(*) FROM sign_in_bucket)",
                kim.id,
                person.id,
            )
        assert row is not None
        return row[0], row[1], row[2]

    keeper = Doorkeeper(house)
    assert await kept() == (1, 1, 4)
    clock.advance(timedelta(days=3))
    await keeper.forget()
    assert await kept() == (1, 1, 4)
    clock.advance(throttle.FORGOTTEN_AFTER)
    await keeper.forget()
    assert await kept() == (1, 1, 0)
    clock.advance(timedelta(days=40))
    await keeper.forget()
    assert await kept() == (0, 0, 0)
