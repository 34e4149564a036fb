"""Data keys: where they come from, what replaces them, and that nothing becomes unreadable on the way."""

import json
import os
import secrets as chance
import traceback
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import asyncpg
import pytest

from alertwhisperer.app.build import House
from alertwhisperer.app.keys import reload_keys
from alertwhisperer.app.settings import load
from alertwhisperer.domain.company import CompanyId, Scope
from alertwhisperer.domain.errors import Conflicting, Invalid, Permanent, Temporary
from alertwhisperer.domain.integration import Integration
from alertwhisperer.guard import data_keys, master_rotation, rotation
from alertwhisperer.guard.audit.sealing import AuditSealer
from alertwhisperer.guard.key_file import load_masters, new_master, replace_key_file
from alertwhisperer.guard.master import LocalMaster
from alertwhisperer.guard.rotation import Rotated
from alertwhisperer.guard.sealed import SEALED_COLUMNS, SEALED_SETTINGS
from alertwhisperer.guard.vault import DATABASE_PASSWORD, Vault, first_keys, integration_context, setting_context
from alertwhisperer.ingest.integrations import add_integration
from alertwhisperer.store import data_keys as rows
from alertwhisperer.store.database import Connection, Database
from alertwhisperer.store.migrate import connect_owner
from alertwhisperer.store.scram import verifier
from tests.database import Migrated, any_server, run_apart
from tests.server import Place, house_of, new_company, new_sender, on_database

BY = Scope(CompanyId(UUID(int=0)), "test")
LATER = timedelta(hours=1)
GIVEN = "a tool's own secret"


@pytest.fixture
def made() -> Iterator[Migrated]:
    """A database of its own."""
    with any_server() as server:
        made = run_apart(server.create())
        try:
            yield made
        finally:
            run_apart(server.drop(made))


@pytest.fixture
def place(made: Migrated, tmp_path: Path) -> Place:
    """There, with a key file instead of a key in the environment."""
    environ = {name: value for name, value in on_database(made).environ.items() if "SECRET_KEY" not in name}
    return Place({**environ, "ALERTWHISPERER_KEY_FILE": str(tmp_path / "master.key")})


@pytest.fixture
async def house(place: Place) -> AsyncIterator[House]:
    """The house there."""
    async with house_of(place) as opened:
        yield opened


@pytest.fixture
async def owner(house: House) -> AsyncIterator[Connection]:
    """The database's owner."""
    async with connect_owner(house.owner_dsn) as connection:
        yield connection


async def rotate(house: House) -> Rotated:
    """As a command does it: with a connection of its own, and here without waiting."""

    async def at_once(_: float) -> None:
        await reload_keys(house)  # as a server does it when it is told

    async with connect_owner(house.owner_dsn) as owner:
        done = await rotation.rotate_sealing(
            owner, house.database, house.masters, BY, house.clock, wait=at_once, notice_s=0
        )
    await reload_keys(house)
    return done


async def forget(house: House) -> int:
    now = house.clock.now() + LATER
    async with connect_owner(house.owner_dsn) as owner:
        return await rotation.forget_old(owner, house.database, BY, old_before=now, now=now)


async def add_sentry(house: House) -> Integration:
    """An integration with a secret setting."""
    company = await new_company(house)
    added = await add_integration(
        house.database,
        house.vault,
        house.sources,
        Scope(company.id, "test"),
        source="sentry",
        name="Sentry",
        require_signature=False,
        settings={"client_secret": GIVEN},
        now=house.clock.now(),
    )
    return added.integration


# ------------------------------------------------------------------------------------------------ where they come from


def test_the_first_keys_open_and_recognise_what_was_made_before_there_were_data_keys() -> None:
    """Written down by the program that derived everything from its master."""
    before = Vault(first_keys(bytes(range(32))))
    sealed = bytes.fromhex(
        "0189611c79a9f944aaa63b6a55e92594c50d7e6dcdcea2df58d7d0bd16881695e0beb48d2c71ef903a16bef35bd6adbc032163"
    )
    assert before.open(sealed, "integration/x") == b"a secret of before"
    assert before.hash("awk_1") == UUID("a1217807-f7ce-2b61-8795-96e1b678b1c4")
    assert before.derive(DATABASE_PASSWORD) == "6SvdAlZTWKUxVWA4FrEGL5k6FvUTHvFpvXdvn0ad"


async def test_an_installation_of_before_goes_on_with_its_keys(place: Place, made: Migrated) -> None:
    """Its database has rows and no data keys; its key file has the master that they follow from."""
    file = Path(place.environ["ALERTWHISPERER_KEY_FILE"])
    async with house_of(place) as house:
        sender = await new_sender(house, (await new_company(house)).id, "native")
        [master] = load_masters(file, None)
        before = Vault(first_keys(master))
        context = integration_context(sender.company_id, UUID(sender.integration_id))
        sealed = before.seal(sender.hmac_secret.encode(), context)
        assert house.vault.open(sealed, context) == sender.hmac_secret.encode()
        assert house.vault.hash(sender.api_key) == before.hash(sender.api_key)


async def test_the_keys_of_a_new_installation_follow_from_nothing(tmp_path: Path, migrated: Migrated) -> None:
    """So a master key that leaks when it is replaced already opens nothing."""
    name = f"aw_test_{os.getpid()}_{chance.token_hex(4)}"
    server = await asyncpg.connect(migrated.owner_dsn)
    await server.execute(f"CREATE DATABASE {name}")
    try:
        dsns = [urlunsplit(urlsplit(dsn)._replace(path=f"/{name}")) for dsn in (migrated.owner_dsn, migrated.app_dsn)]
        place = on_database(Migrated(*dsns))
        async with house_of(place) as house:
            [first] = load_masters(tmp_path / "absent", place.environ["ALERTWHISPERER_SECRET_KEY"])
            derived = Vault(first_keys(first))
            assert house.vault.mark != derived.mark
            assert house.vault.hash("awk_1") != derived.hash("awk_1")
            assert house.vault.derive(DATABASE_PASSWORD) != derived.derive(DATABASE_PASSWORD)
            of_house = house.vault.hash("awk_1")
        async with house_of(place) as house:  # and are the same ones at the next start
            assert house.vault.hash("awk_1") == of_house
    finally:
        await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await server.close()


async def test_a_key_file_that_is_lost_is_missed_and_not_made_anew(place: Place) -> None:
    file = Path(place.environ["ALERTWHISPERER_KEY_FILE"])
    async with house_of(place):
        pass
    kept = file.rename(file.with_name("lost"))
    with pytest.raises(Permanent, match="put it back"):
        async with house_of(place):
            pass
    assert not file.exists()
    kept.rename(file)
    async with house_of(place):
        pass


# ------------------------------------------------------------------------------------------------ the sealing key


async def test_everything_is_sealed_again_and_opens_as_before(house: House, owner: Connection) -> None:
    integration, old = await add_sentry(house), house.vault.mark
    settings = '{"exact": 1.10, "huge": 1e400, "text": "as it was"}'
    await owner.execute("UPDATE integration SET settings = settings || $1::text::jsonb", settings)
    done = await rotate(house)
    assert (done.was_cut_off, done.unreadable) == (False, ())
    assert done.sealed_again >= 4  # the secret, the setting and its version, the audit log's keys
    assert house.vault.mark.hex() == done.key != old.hex()
    for table in ("integration", "integration_version"):
        row = await owner.fetchrow(
            f"SELECT settings -> 'client_secret' ->> '$sealed' AS sealed, settings FROM {table}"  # noqa: S608 - ours
            " WHERE integration_id = $1",
            integration.id,
        )
        assert row is not None
        context = setting_context(integration.company_id, integration.id, "client_secret")
        assert house.vault.open(b64decode(row["sealed"]), context).decode() == GIVEN
    kept = await owner.fetchval("SELECT settings::text FROM integration WHERE integration_id = $1", integration.id)
    assert '"exact": 1.10' in kept
    assert json.loads(kept)["text"] == "as it was"
    states = {key.key: (key.state, key.sealed) for key in await rotation.status(owner) if key.purpose == "seal"}
    assert states[old.hex()] == ("old", 0)


async def test_a_rotation_that_was_cut_off_is_ended_by_the_next_run(house: House, owner: Connection) -> None:
    await add_sentry(house)
    coming = data_keys.fresh_sealing_key(house.masters[0], now=house.clock.now())
    await rows.add(owner, coming)  # killed while processes were given time
    first = await rotate(house)
    assert first.key == coming.mark
    old = await owner.fetchval("SELECT encode(substring(secret FROM 2 FOR 4), 'hex') FROM integration LIMIT 1")
    assert old == coming.mark
    await rows.add(owner, data_keys.fresh_sealing_key(house.masters[0], now=house.clock.now()))
    key = next(key for key in await rows.read_all(owner) if key.state == "coming")
    async with owner.transaction():
        await rows.make_current(owner, key, now=house.clock.now())  # killed when nothing was sealed again
    await reload_keys(house)
    second = await rotate(house)
    assert (second.key, second.was_cut_off) == (key.mark, True)
    assert second.sealed_again == first.sealed_again


async def test_a_value_that_nobody_can_open_is_named_and_holds_up_nothing(house: House, owner: Connection) -> None:
    integration, other = await add_sentry(house), await add_sentry(house)
    await owner.execute(
        "UPDATE integration SET secret = set_byte(secret, 20, get_byte(secret, 20) # 1) WHERE integration_id = $1",
        integration.id,
    )
    done = await rotate(house)
    assert done.unreadable == (f"integration company_id={integration.company_id} integration_id={integration.id}",)
    await reload_keys(house)
    sealed = await owner.fetchval("SELECT secret FROM integration WHERE integration_id = $1", other.id)
    assert house.vault.open(sealed, integration_context(other.company_id, other.id))
    assert await forget(house) == 0  # something hangs on the old key still
    assert (await rotate(house)).was_cut_off is False


async def test_an_old_key_is_destroyed_when_nothing_hangs_on_it_and_then_refused(
    house: House, owner: Connection
) -> None:
    """A process that missed the rotation cannot store what nobody could open."""
    await add_sentry(house)
    stale = replace(house, vault=Vault(data_keys.opened(await data_keys.read(owner), house.masters)))
    await rotate(house)
    assert await forget(house) == 1
    forgotten = [key for key in await rotation.status(owner) if key.state == "forgotten"]
    assert len(forgotten) == 1
    assert await owner.fetchval("SELECT count(*) FROM data_key WHERE wrapped IS NULL") == 1
    with pytest.raises(Temporary, match="replaced meanwhile"):
        await add_sentry(stale)
    await reload_keys(stale)
    await add_sentry(stale)
    actions = await owner.fetch("SELECT action FROM audit_entry WHERE resource_kind = 'data_key' ORDER BY id")
    assert [row["action"] for row in actions] == ["keys_rotated", "data_key_forgotten"]


async def test_a_key_waits_for_whoever_is_just_sealing_with_it(house: House, owner: Connection) -> None:
    integration = await add_sentry(house)
    stale = Vault(data_keys.opened(await data_keys.read(owner), house.masters))
    await rotate(house)
    context = integration_context(integration.company_id, integration.id)
    async with owner.transaction():
        await owner.execute(
            "UPDATE integration SET secret = $1 WHERE integration_id = $2", stale.seal(b"late", context), integration.id
        )
        async with connect_owner(house.owner_dsn) as other:
            await other.execute("SET lock_timeout = '200ms'")
            now = house.clock.now() + LATER
            with pytest.raises(asyncpg.LockNotAvailableError):
                await rotation.forget_old(other, house.database, BY, old_before=now, now=now)
    assert await forget(house) == 0
    assert (await rotate(house)).was_cut_off is True


async def test_two_rotations_at_once_are_one(house: House, owner: Connection) -> None:
    await rotation.hold(owner)
    with pytest.raises(Conflicting, match="another rotation"):
        await rotate(house)


async def test_the_database_knows_every_sealed_column(owner: Connection) -> None:
    """What the rotation seals again is what the database guards against forgotten keys."""
    triggers = await owner.fetch(
        "SELECT c.relname, encode(t.tgargs, 'escape') AS column FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " WHERE t.tgfoid = 'refuse_forgotten_key'::regproc AND NOT t.tgisinternal"
    )
    guarded = {(row["relname"], row["column"].removesuffix("\\000")) for row in triggers}
    known = {(one.table, one.column) for one in SEALED_COLUMNS} | {(table, "settings") for table, _ in SEALED_SETTINGS}
    assert guarded == known


# ------------------------------------------------------------------------------------------------ the master key


async def test_a_master_is_prepared_for_other_machines_first(place: Place, house: House, tmp_path: Path) -> None:
    """A machine with the prepared file reads the keys before and after; one without goes on with what it has."""
    file = Path(place.environ["ALERTWHISPERER_KEY_FILE"])
    alone = tmp_path / "alone.key"
    alone.write_bytes(file.read_bytes())
    alone.chmod(0o600)
    before = house.vault.hash("awk_1")
    async with connect_owner(house.owner_dsn) as owner:
        prepared = await master_rotation.rotate_in_file(
            owner, house.database, file, BY, prepare_only=True, now=house.clock.now()
        )
    assert LocalMaster(load_masters(file, None)[0]).name == prepared.master
    elsewhere = tmp_path / "elsewhere.key"
    elsewhere.write_bytes(file.read_bytes())
    elsewhere.chmod(0o600)
    async with connect_owner(house.owner_dsn) as owner:
        done = await master_rotation.rotate_in_file(owner, house.database, file, BY, now=house.clock.now())
    assert done == (type(done))(prepared.master, 3)
    assert len(load_masters(file, None)) == 1
    for readable in (file, elsewhere):
        there = Place({**place.environ, "ALERTWHISPERER_KEY_FILE": str(readable)})
        async with house_of(there) as opened:
            assert opened.vault.hash("awk_1") == before
    left_behind = replace(house, settings=load({**place.environ, "ALERTWHISPERER_KEY_FILE": str(alone)}))
    await reload_keys(left_behind)
    assert left_behind.vault.hash("awk_1") == before


async def test_a_key_in_the_environment_is_replaced_by_two_variables(made: Migrated) -> None:
    place = on_database(made)
    old, new = place.environ["ALERTWHISPERER_SECRET_KEY"], new_master().hex()
    async with house_of(place) as house:
        before = house.vault.hash("awk_1")
        async with connect_owner(house.owner_dsn) as owner:
            with pytest.raises(Invalid, match="already"):
                await master_rotation.rotate_given(owner, house.database, house.masters, BY, now=house.clock.now())
    both = {"ALERTWHISPERER_SECRET_KEY": new, "ALERTWHISPERER_FORMER_SECRET_KEYS": old}
    async with (
        house_of(Place({**place.environ, **both})) as house,
        connect_owner(house.owner_dsn) as owner,
    ):
        await master_rotation.rotate_given(owner, house.database, house.masters, BY, now=house.clock.now())
    async with house_of(Place({**place.environ, "ALERTWHISPERER_SECRET_KEY": new})) as house:
        assert house.vault.hash("awk_1") == before
    with pytest.raises(Permanent, match="another master key"):
        async with house_of(place):
            pass


async def test_a_stranger_s_key_file_stays_as_it_is(place: Place, house: House, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger.key"
    load_masters(stranger, None)
    was = stranger.read_bytes()
    async with connect_owner(house.owner_dsn) as owner:
        with pytest.raises(Permanent, match="another master key"):
            await master_rotation.rotate_in_file(owner, house.database, stranger, BY, now=datetime.now(UTC))
    assert stranger.read_bytes() == was


def test_a_key_file_is_replaced_whole_and_keeps_its_place_owner_and_mode(tmp_path: Path) -> None:
    real, link = tmp_path / "real" / "master.key", tmp_path / "master.key"
    [master] = load_masters(real, None)
    real.chmod(0o640)
    link.symlink_to(real)
    left = real.with_name(f".key-{real.name}-killed")
    left.write_text("what a rotation that was killed left behind")
    was, fresh = real.stat(), new_master()
    replace_key_file(link, [fresh, master])
    now = real.stat()
    assert link.is_symlink()
    assert (now.st_uid, now.st_gid, now.st_mode) == (was.st_uid, was.st_gid, was.st_mode)
    assert load_masters(link, None) == (fresh, master)
    assert [one.name for one in real.parent.iterdir()] == [real.name]


# ------------------------------------------------------------------------------------------------ the role's password


async def test_the_server_keeps_what_we_send_in_place_of_the_password(migrated: Migrated) -> None:
    """The statement's text, which may be logged, never holds the password."""
    name, password = f"aw_test_{uuid4().hex[:12]}", chance.token_hex(20)
    server = await asyncpg.connect(migrated.owner_dsn)
    try:
        await server.execute("SET password_encryption = 'scram-sha-256'")
        await server.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
        kept = await server.fetchval("SELECT rolpassword FROM pg_authid WHERE rolname = $1", name)
        salt = b64decode(kept.split("$")[1].split(":")[1])
        assert verifier(password, salt) == kept
    finally:
        await server.execute(f"DROP ROLE IF EXISTS {name}")
        await server.close()


def test_a_password_that_would_need_preparing_is_refused() -> None:
    for password in ("", "naïve", "it's"):
        with pytest.raises(ValueError, match="letters and digits"):
            verifier(password, bytes(16))


def test_no_secret_is_in_a_repr(house: House) -> None:
    told = repr(house) + repr(house.settings) + repr(house.vault) + repr(house.masters)
    for secret in (house.owner_dsn, house.settings.database_url, house.vault.derive(DATABASE_PASSWORD)):
        assert secret
        assert secret not in told


@pytest.mark.parametrize("rest", ["/x@127.0.0.1:5432/db", "#x@127.0.0.1:5432/db", "x@127.0.0.1:99999/db", "?x@h/db"])
async def test_an_address_that_cannot_be_read_is_not_repeated(rest: str, migrated: Migrated) -> None:
    """The driver's own words quote what it took for a port: the password."""
    broken = f"postgresql://u:hunter2{rest}"
    with pytest.raises(Permanent, match="DATABASE_URL is no address") as told:
        async with connect_owner(broken):
            pass
    database = Database(broken, AuditSealer(Vault(bytes(32))))
    with pytest.raises(Permanent, match="DATABASE_APP_URL is no address") as told_app:
        await database.open()
    await database.close()
    for failure in (told, told_app):
        assert "hunter2" not in "".join(traceback.format_exception(failure.value)).replace(broken, "")
