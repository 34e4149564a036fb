"""
The database's own catalogue says that no company can see another's row, whatever the code forgets.

A new relation fails here until it is protected, or is named in `EXEMPT` with the reason why it need not be.
"""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from alertwhisperer.store.database import Connection
from alertwhisperer.store.migrate import APP_ROLE
from tests.database import Migrated

EXEMPT = {
    "tenant": "ids alone; the application reads it through all_companies() only",
    "key_index": "hashes and ids; the application reads it through integration_of_key() only",
    "due_work": "ids and times; any worker may see that something is due",
    "live_change": "ids; a follower reads all and tells each watcher of its own",
    "audit_pending": "ids of entries that wait for their link",
    "audit_link": "ids and hashes; the chainer and the verifier look across companies",
    "audit_head": "ids and hashes, likewise",
    "audit_checkpoint": "statements about all chains: ids, counts, hashes",
    "audit_witness": "how far each place outside has got",
    "live_epoch": "one random id of the installation",
    "app_user": "people of the MSP, looked up at sign-in before a company is known",
    "api_token": "hashes of people's tokens, looked up at sign-in before a company is known",
    "user_company": "ids; which companies a person serves, looked up at sign-in",
    "user_group": "ids; which groups of companies a person serves, looked up at sign-in",
    "kill_switch_for_all": "one row of the MSP's, which holds in every company and is read by each",
    "freeze_for_all": "likewise",
    "password": "hashes of people's passwords, looked up at sign-in before a company is known",
    "second_factor": "sealed secrets of people, likewise",
    "recovery_code": "hashes of people's codes, likewise",
    "user_session": "hashes of cookies and where people are signed in, likewise",
    "password_link": "hashes of links of people, likewise",
    "sign_in_bucket": "counts by keyed hashes, of people and of strangers",
    "sign_in_failure": "counts by person, likewise",
    "identity_provider": "the MSP's own; looked up at sign-in before a company is known",
    "user_identity": "who people are at providers, likewise",
    "identity_session": "ids; which sessions a provider opened",
    "identity_used": "keyed hashes of what works once",
    "break_glass": "one person of the MSP's",
    "scim_user": "people as a provider's directory wrote them, who are nobody's until they sign in",
    "scim_group": "groups likewise",
    "scim_member": "ids; who is in which",
    "happened_once": "one word for the installation",
    "uptime": "one row: since when this installation listens",
    "push_key": "the installation's own key pair, the private half sealed",
    "push_subscription": "devices of people, who may serve several companies; where they are reached is sealed",
    "on_call_feed": "hashes of people's secret calendar addresses, looked up before a company is known",
    "data_key": "the installation's keys, wrapped; the application may only read them",
    "schema_migration": "names of files; the application has no right on it",
}
RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")


@pytest.fixture
async def owner(migrated: Migrated) -> AsyncIterator[Connection]:
    """A connection of the schema's owner."""
    connection: Connection = await asyncpg.connect(migrated.owner_dsn, timeout=10)
    yield connection
    await connection.close()


async def names(owner: Connection, query: str, *values: object) -> set[str]:
    return {row[0] for row in await owner.fetch(query, *values)}


async def tenant_relations(owner: Connection) -> set[str]:
    """All tables of the schema that are neither exempt nor partitions of another."""
    tables = await names(
        owner,
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'f', 'm')"
        " AND NOT relispartition",
    )
    return tables - set(EXEMPT)


async def test_every_exempt_relation_still_exists(owner: Connection) -> None:
    tables = await names(owner, "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")
    assert set(EXEMPT) <= tables


async def test_every_tenant_relation_names_its_company(owner: Connection) -> None:
    naming = await names(
        owner,
        "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relnamespace = 'public'::regnamespace AND a.attname = 'company_id' AND a.attnotnull",
    )
    assert await tenant_relations(owner) - naming == set()


async def test_every_tenant_relation_is_under_forced_row_level_security(owner: Connection) -> None:
    forced = await names(owner, "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
    assert await tenant_relations(owner) - forced == set()


async def test_every_tenant_relation_has_one_policy_for_reading_and_writing(owner: Connection) -> None:
    policies = await owner.fetch("SELECT * FROM pg_policies WHERE schemaname = 'public'")
    good = [
        row["tablename"]
        for row in policies
        if row["cmd"] == "ALL"
        and row["permissive"] == "PERMISSIVE"
        and row["roles"] == ["public"]
        and row["qual"] == row["with_check"]
        and "company_id = ANY" in row["qual"]
        and "current_setting('alertwhisperer.companies'" in row["qual"]
    ]
    # A second permissive policy would widen the first, so there is exactly one each.
    assert sorted(row["tablename"] for row in policies) == sorted(good) == sorted(await tenant_relations(owner))


async def test_every_key_begins_with_the_company(owner: Connection) -> None:
    keys = await owner.fetch(
        "SELECT c.relname AS relation, i.indexrelid::regclass::text AS key, a.attname AS first, i.indisprimary"
        " FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid"
        " LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]"
        " WHERE c.relnamespace = 'public'::regnamespace AND i.indisunique AND NOT c.relispartition"
    )
    tenants = await tenant_relations(owner)
    assert {k["key"] for k in keys if k["relation"] in tenants and k["first"] != "company_id"} == set()
    assert tenants - {k["relation"] for k in keys if k["indisprimary"]} == set()


async def test_every_foreign_key_begins_with_the_company_on_both_sides(owner: Connection) -> None:
    keys = await owner.fetch(
        "SELECT c.relname AS relation, k.conname AS key, a.attname AS first, f.attname AS there"
        " FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid"
        " JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]"
        " JOIN pg_attribute f ON f.attrelid = k.confrelid AND f.attnum = k.confkey[1]"
        " WHERE c.relnamespace = 'public'::regnamespace AND k.contype = 'f'"
    )
    tenants = await tenant_relations(owner)
    assert keys
    wrong = {k["key"] for k in keys if k["relation"] in tenants and {k["first"], k["there"]} != {"company_id"}}
    assert wrong == set()


async def test_the_application_has_no_right_on_any_partition(owner: Connection) -> None:
    partitions = await owner.fetch(
        "SELECT c.relname, bool_or(has_table_privilege($1, c.oid, r)) AS may,"
        " has_any_column_privilege($1, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES') AS may_columns"
        " FROM pg_class c, unnest($2::text[]) r WHERE c.relispartition AND c.relkind = 'r' GROUP BY c.oid, c.relname",
        APP_ROLE,
        list(RIGHTS),
    )
    assert len(partitions) > 3 * 8
    assert {row["relname"] for row in partitions if row["may"] or row["may_columns"]} == set()


async def test_the_application_cannot_step_round_a_policy(owner: Connection) -> None:
    """TRUNCATE, a foreign key and a trigger of one's own are not bound by policies."""
    held = await names(
        owner,
        "SELECT c.relname FROM pg_class c, unnest(ARRAY['TRUNCATE', 'REFERENCES', 'TRIGGER']) r"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
        " AND has_table_privilege($1, c.oid, r)",
        APP_ROLE,
    )
    assert held == set()
    assert not await owner.fetchval("SELECT has_schema_privilege($1, 'public', 'CREATE')", APP_ROLE)


@pytest.mark.parametrize(
    ("relation", "held"),
    [
        ("audit_log", {"SELECT", "INSERT"}),
        ("tenant", set()),
        ("key_index", set()),
        ("schema_migration", set()),
        ("data_key", {"SELECT"}),
        ("integration_version", {"SELECT", "INSERT"}),
        ("rule_set", {"SELECT", "INSERT"}),
        ("receipt", {"SELECT", "INSERT"}),
        ("act", {"SELECT", "INSERT"}),
        ("approval", {"SELECT", "INSERT"}),  # and UPDATE of the columns that say where it stands
        ("report", {"SELECT", "INSERT", "DELETE"}),  # and UPDATE of what became of it
        ("approval_decision", {"SELECT", "INSERT"}),
        ("approval_touch", {"SELECT", "INSERT"}),
        ("approval_edit", {"SELECT", "INSERT"}),
        ("run", {"SELECT", "INSERT"}),  # and UPDATE of how far it has come
        ("run_target", {"SELECT", "INSERT"}),  # likewise
        ("run_act", {"SELECT", "INSERT"}),  # and UPDATE of what came of it
        ("run_step", {"SELECT", "INSERT"}),
        ("run_choice", {"SELECT", "INSERT"}),
        ("run_escalation", {"SELECT", "INSERT"}),
    ],
)
async def test_what_is_written_once_or_looked_up_by_a_door_stays_so(
    owner: Connection, relation: str, held: set[str]
) -> None:
    may = await names(
        owner,
        "SELECT r FROM unnest($2::text[]) r WHERE has_table_privilege($1, 'public.' || $3, r)",
        APP_ROLE,
        list(RIGHTS),
        relation,
    )
    assert may == held


async def test_the_application_is_no_owner_and_has_no_power(owner: Connection) -> None:
    role = await owner.fetchrow(
        "SELECT oid, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication AS powers"
        " FROM pg_roles WHERE rolname = $1",
        APP_ROLE,
    )
    assert role is not None
    assert role["powers"] is False
    assert await owner.fetchval("SELECT count(*) FROM pg_auth_members WHERE member = $1", role["oid"]) == 0
    assert (
        await owner.fetchval(
            "SELECT count(*) FROM pg_shdepend WHERE refobjid = $1 AND deptype = 'o' AND dbid IN"
            " (0, (SELECT oid FROM pg_database WHERE datname = current_database()))",
            role["oid"],
        )
        == 0
    )


async def test_nobody_else_has_a_right(owner: Connection) -> None:
    tables = await names(
        owner,
        "SELECT DISTINCT c.relname FROM pg_class c, aclexplode(c.relacl) g"
        " WHERE c.relnamespace = 'public'::regnamespace AND g.grantee = 0",
    )
    functions = await names(
        owner,
        "SELECT DISTINCT p.proname FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g"
        " WHERE p.pronamespace = 'public'::regnamespace AND g.grantee = 0",
    )
    assert (tables, functions) == (set(), set())


async def test_every_view_sees_as_its_reader(owner: Connection) -> None:
    views = await names(
        owner,
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'v'"
        " AND NOT coalesce(reloptions, '{}') && ARRAY['security_invoker=true', 'security_invoker=on']",
    )
    assert views == set()


async def test_every_door_of_the_owner_pins_where_it_looks(owner: Connection) -> None:
    doors = await owner.fetch(
        "SELECT proname, coalesce(proconfig, '{}') AS settings FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace AND prosecdef"
    )
    assert doors
    # pg_temp last: unnamed, it would be looked at first, and anybody can put a table there.
    pinned = "search_path=pg_catalog, public, pg_temp"
    assert {door["proname"] for door in doors if pinned not in door["settings"]} == set()
