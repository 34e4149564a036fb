"""Integrations: a key and a secret shown once, two live keys at most, settings by the source's own checks, versions."""

import base64
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound, Permanent
from alertwhisperer.domain.integration import APPROVED_TOPICS
from alertwhisperer.guard.vault import Vault
from alertwhisperer.ingest.integrations import (
    add_integration,
    add_key,
    approve_action,
    get_integration,
    list_actions,
    list_integrations,
    open_secret,
    remove_integration,
    revoke_key,
    rotate_secret,
    set_integration,
    with_defaults,
)
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.sources.contract import Inbound, Json, Parsed, Setting, Source
from alertwhisperer.store import audit
from alertwhisperer.store.database import Database
from alertwhisperer.store.integrations import holder_of_key, sealed_secret, settings_of
from tests.conftest import MakeCompany, Tenant

TOPIC = "arn:aws:sns:eu-central-1:123456789012:alarms"


def parse_nothing(inbound: Inbound) -> Parsed:
    return Parsed(occurrences=())


def check_topics(value: Json) -> str | None:
    is_right = isinstance(value, list | tuple) and all(isinstance(topic, str) for topic in value)
    return None if is_right else "the topics must be a list of texts"


def anything(value: Json) -> str | None:
    return None


TOY = Source(
    slug="toy",
    title="Toy",
    docs="https://example.org/toy",
    version=1,
    parse=parse_nothing,
    setup="",
    can_send=("header",),
    settings=(
        Setting(APPROVED_TOPICS, "topics that a person approved", (), check_topics),
        Setting("note", "anything", "default", anything),
    ),
)
TOYS: Mapping[str, Source] = {"toy": TOY}


@pytest.fixture
async def toy(database: Database, vault: Vault, clock: ManualClock, tenant: Tenant) -> Tenant:
    """A company whose integration has settings."""
    made = await add_integration(
        database, vault, TOYS, tenant.scope, source="toy", name="Toy", settings={"note": "a"}, now=clock.now()
    )
    return replace(tenant, integration=made.integration, api_key=made.api_key, hmac_secret=made.hmac_secret)


async def holder(database: Database, vault: Vault, api_key: str) -> UUID | None:
    """The integration that a request with this key would be for."""
    async with database.unit_of_work(Scope(INSTALLATION, "gateway")) as unit:
        found = await holder_of_key(unit.connection, vault.hash(api_key))
    return found.integration_id if found else None


async def actions_of(database: Database, scope: Scope) -> list[str]:
    async with database.unit_of_work(scope) as unit:
        return [entry.action for entry in await audit.page(unit, limit=100)]


async def ask(database: Database, toy: Tenant, subject: str, clock: ManualClock) -> UUID:
    """What the gateway writes when a source asks for an effect that a person must approve."""
    action_id = uuid7(clock.now())
    async with database.unit_of_work(toy.scope) as unit:
        await unit.connection.execute(
            "INSERT INTO source_action (company_id, id, integration_id, kind, subject, secret, state, at)"
            " VALUES ($1, $2, $3, 'confirm', $4, '', 'awaiting_approval', $5)",
            toy.id,
            action_id,
            toy.integration.id,
            subject,
            clock.now(),
        )
    return action_id


async def test_a_new_integration_has_a_key_that_leads_to_it(database: Database, vault: Vault, tenant: Tenant) -> None:
    assert await holder(database, vault, tenant.api_key) == tenant.integration.id
    assert await holder(database, vault, tenant.api_key[:-1]) is None
    assert await get_integration(database, tenant.scope, tenant.integration.id) == tenant.integration
    assert "integration_added" in await actions_of(database, tenant.scope)


async def test_secrets_are_in_no_repr_and_in_no_audit_entry(
    database: Database, vault: Vault, clock: ManualClock, tenant: Tenant
) -> None:
    made = await add_integration(database, vault, TOYS, tenant.scope, source="toy", name="Toy", now=clock.now())
    key = await add_key(database, vault, tenant.scope, made.integration.id, now=clock.now())
    async with database.unit_of_work(tenant.scope) as unit:
        shown = repr(made) + repr(key) + repr(await audit.page(unit, limit=100))
    for secret in (made.api_key, made.hmac_secret, key.api_key):
        assert secret not in shown


async def test_the_secret_is_sealed_for_its_integration(database: Database, vault: Vault, tenant: Tenant) -> None:
    async with database.unit_of_work(tenant.scope) as unit:
        sealed = await sealed_secret(unit, tenant.integration.id)
    assert sealed is not None
    assert tenant.hmac_secret.encode() not in sealed
    opened = open_secret(vault, tenant.id, tenant.integration.id, "alertwhisperer", sealed)
    assert opened == tenant.hmac_secret.encode()
    with pytest.raises(Permanent):
        open_secret(vault, CompanyId(uuid4()), tenant.integration.id, "alertwhisperer", sealed)


async def test_a_standard_secret_is_shown_as_its_libraries_want_it(
    database: Database, vault: Vault, clock: ManualClock, tenant: Tenant
) -> None:
    made = await add_integration(
        database, vault, TOYS, tenant.scope, source="toy", name="Toy", scheme="standard", now=clock.now()
    )
    async with database.unit_of_work(tenant.scope) as unit:
        sealed = await sealed_secret(unit, made.integration.id)
    assert sealed is not None
    assert made.hmac_secret.startswith("whsec_")
    assert open_secret(vault, tenant.id, made.integration.id, "standard", sealed) == base64.b64decode(
        made.hmac_secret.removeprefix("whsec_")
    )


async def test_a_rotated_secret_replaces_the_old_one(
    database: Database, vault: Vault, clock: ManualClock, tenant: Tenant
) -> None:
    fresh = await rotate_secret(database, vault, tenant.scope, tenant.integration.id, now=clock.now())
    async with database.unit_of_work(tenant.scope) as unit:
        sealed = await sealed_secret(unit, tenant.integration.id)
    assert sealed is not None
    assert fresh != tenant.hmac_secret
    assert open_secret(vault, tenant.id, tenant.integration.id, "alertwhisperer", sealed) == fresh.encode()


async def test_two_keys_live_at_once_and_no_third(
    database: Database, vault: Vault, clock: ManualClock, tenant: Tenant
) -> None:
    second = await add_key(database, vault, tenant.scope, tenant.integration.id, now=clock.now())
    assert await holder(database, vault, second.api_key) == tenant.integration.id
    with pytest.raises(Conflicting, match="2 live keys"):
        await add_key(database, vault, tenant.scope, tenant.integration.id, now=clock.now())

    await revoke_key(database, tenant.scope, tenant.integration.keys[0].id, now=clock.now())
    assert await holder(database, vault, tenant.api_key) is None
    with pytest.raises(NotFound):
        await revoke_key(database, tenant.scope, tenant.integration.keys[0].id, now=clock.now())
    await add_key(database, vault, tenant.scope, tenant.integration.id, now=clock.now())
    shown = await get_integration(database, tenant.scope, tenant.integration.id)
    assert (len(shown.keys), len(shown.live_keys())) == (3, 2)


async def test_other_settings_make_a_version_and_the_old_one_stays(
    database: Database, vault: Vault, clock: ManualClock, toy: Tenant
) -> None:
    clock.advance(timedelta(seconds=1))
    changed = await set_integration(
        database, vault, TOYS, toy.scope, toy.integration.id, settings={"note": {"b": [1, 2.5, None]}}, now=clock.now()
    )
    assert (changed.version, changed.settings) == (2, {"note": {"b": [1, 2.5, None]}})
    assert await get_integration(database, toy.scope, toy.integration.id) == changed
    async with database.unit_of_work(toy.scope) as unit:
        assert await settings_of(unit, toy.integration.id, 1) == {"note": "a"}
        assert await settings_of(unit, toy.integration.id, 2) == changed.settings
        assert await settings_of(unit, toy.integration.id, 3) is None
    assert with_defaults(TOY, {}) == {APPROVED_TOPICS: (), "note": "default"}


async def test_what_stays_the_same_makes_no_version_and_no_entry(
    database: Database, vault: Vault, clock: ManualClock, toy: Tenant
) -> None:
    before = await actions_of(database, toy.scope)
    same = await set_integration(
        database, vault, TOYS, toy.scope, toy.integration.id, name="Toy", settings={"note": "a"}, now=clock.now()
    )
    assert same == toy.integration
    renamed = await set_integration(
        database, vault, TOYS, toy.scope, toy.integration.id, name="Toys", require_signature=True, now=clock.now()
    )
    assert (renamed.name, renamed.require_signature, renamed.version) == ("Toys", True, 1)
    assert sorted(await actions_of(database, toy.scope)) == sorted(["integration_changed", *before])


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ({"unknown": 1}, "settings.unknown"),
        ({APPROVED_TOPICS: "a topic"}, f"settings.{APPROVED_TOPICS}"),
        ({"note": "a\x00b"}, "settings"),
        ({"note": "\ud800"}, "settings"),
        ({"note": object()}, "settings"),
        ({"note": "x" * 70_000}, "settings"),
    ],
)
async def test_settings_of_no_use_are_refused(
    database: Database, vault: Vault, clock: ManualClock, toy: Tenant, settings: dict[str, object], where: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await set_integration(database, vault, TOYS, toy.scope, toy.integration.id, settings=settings, now=clock.now())
    assert refused.value.where == where
    assert refused.value.mend
    assert await get_integration(database, toy.scope, toy.integration.id) == toy.integration


async def test_an_unknown_source_or_company_gets_no_integration(
    database: Database, vault: Vault, clock: ManualClock, tenant: Tenant
) -> None:
    with pytest.raises(Invalid, match="no such source"):
        await add_integration(database, vault, TOYS, tenant.scope, source="nagios", name="x", now=clock.now())
    nowhere = Scope(CompanyId(uuid4()), "test")
    with pytest.raises(NotFound):
        await add_integration(database, vault, TOYS, nowhere, source="toy", name="x", now=clock.now())


async def test_a_removed_integration_lets_nobody_in(
    database: Database, vault: Vault, clock: ManualClock, tenant: Tenant
) -> None:
    await remove_integration(database, tenant.scope, tenant.integration.id, now=clock.now())
    assert await holder(database, vault, tenant.api_key) is None
    assert await list_integrations(database, tenant.scope) == ()
    with pytest.raises(NotFound):
        await get_integration(database, tenant.scope, tenant.integration.id)
    with pytest.raises(NotFound):
        await add_key(database, vault, tenant.scope, tenant.integration.id, now=clock.now())
    async with database.unit_of_work(tenant.scope) as unit:
        assert await sealed_secret(unit, tenant.integration.id) is None


async def test_integrations_are_listed_in_pages_with_their_keys(
    database: Database, vault: Vault, clock: ManualClock, toy: Tenant
) -> None:
    await add_integration(database, vault, TOYS, toy.scope, source="toy", name="Third", now=clock.now())
    everything = await list_integrations(database, toy.scope)
    first = await list_integrations(database, toy.scope, limit=2)
    rest = await list_integrations(database, toy.scope, limit=2, before=first[-1].id)
    assert (*first, *rest) == everything
    assert toy.integration in everything
    assert [len(one.live_keys()) for one in everything] == [1, 1, 1]


async def test_another_company_can_do_nothing_to_an_integration(
    database: Database, vault: Vault, clock: ManualClock, toy: Tenant, make_company: MakeCompany
) -> None:
    other, now = await make_company("Other"), clock.now()
    action_id = await ask(database, toy, TOPIC, clock)
    for attempt in (
        get_integration(database, other.scope, toy.integration.id),
        set_integration(database, vault, TOYS, other.scope, toy.integration.id, name="mine", now=now),
        remove_integration(database, other.scope, toy.integration.id, now=now),
        add_key(database, vault, other.scope, toy.integration.id, now=now),
        revoke_key(database, other.scope, toy.integration.keys[0].id, now=now),
        rotate_secret(database, vault, other.scope, toy.integration.id, now=now),
        approve_action(database, TOYS, other.scope, action_id, now=now),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert await list_integrations(database, other.scope) == (other.integration,)
    assert await list_actions(database, other.scope) == ()
    assert await get_integration(database, toy.scope, toy.integration.id) == toy.integration
    assert await holder(database, vault, toy.api_key) == toy.integration.id


async def test_an_approved_topic_is_due_and_remembered(database: Database, clock: ManualClock, toy: Tenant) -> None:
    first, again = await ask(database, toy, TOPIC, clock), await ask(database, toy, TOPIC, clock)
    other = await ask(database, toy, TOPIC + "-other", clock)
    assert {action.id for action in await list_actions(database, toy.scope)} == {first, again, other}

    approved = await approve_action(database, TOYS, toy.scope, first, now=clock.now())
    assert (approved.id, approved.state, approved.subject) == (first, "due", TOPIC)
    assert {action.id for action in await list_actions(database, toy.scope)} == {other}
    assert {action.id for action in await list_actions(database, toy.scope, state="due")} == {first, again}
    integration = await get_integration(database, toy.scope, toy.integration.id)
    assert integration.settings == {"note": "a", APPROVED_TOPICS: [TOPIC]}
    assert integration.version == 2
    async with database.unit_of_work(toy.scope) as unit:
        due = await unit.connection.fetch(
            "SELECT subject FROM due_work WHERE company_id = $1 AND kind = 'source_action' AND due_at = $2",
            toy.id,
            clock.now(),
        )
    assert {row["subject"] for row in due} == {first, again}
    assert {"source_action_approved", "integration_changed"} <= set(await actions_of(database, toy.scope))
    for settled in (first, again):
        with pytest.raises(Conflicting):
            await approve_action(database, TOYS, toy.scope, settled, now=clock.now())
    with pytest.raises(NotFound):
        await approve_action(database, TOYS, toy.scope, uuid4(), now=clock.now())
