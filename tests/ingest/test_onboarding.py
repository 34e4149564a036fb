"""Many companies by one sheet: looked at first, done as a whole or not at all, and nothing the second time."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from alertwhisperer.domain.company import INSTALLATION, Company, Scope
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.guard.audit.sealing import AuditSealer
from alertwhisperer.guard.companies import add_company, get_company, list_companies, set_company
from alertwhisperer.guard.company_settings import settings_of
from alertwhisperer.guard.groups import list_groups
from alertwhisperer.guard.vault import Vault
from alertwhisperer.ingest.company_sheet import joined, write_sheet
from alertwhisperer.ingest.integrations import add_integration, list_integrations, remove_integration, set_integration
from alertwhisperer.ingest.onboarding import Imported, MadeKey, export_companies, import_companies
from alertwhisperer.ingest.onboarding_plan import Change
from alertwhisperer.ingest.routes import list_routes
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.sources.contract import Source
from alertwhisperer.store import audit
from alertwhisperer.store.database import Database
from tests.database import Migrated, Server, run_apart


@dataclass(slots=True)
class Msp:
    """An installation of its own, with one MSP-wide integration; `keys` are those that imports handed over."""

    database: Database
    vault: Vault
    sources: Mapping[str, Source]
    clock: ManualClock
    keys: list[MadeKey] = field(default_factory=list)

    async def look(self, *lines: str) -> Imported:
        """What a sheet of these lines would change."""
        return await self._import("\n".join(lines).encode(), apply=False)

    async def run(self, *lines: str) -> Imported:
        """Do it."""
        return await self.run_raw("\n".join(lines).encode())

    async def run_raw(self, raw: bytes) -> Imported:
        """The same with the sheet's bytes."""
        self.clock.advance(timedelta(seconds=1))
        return await self._import(raw, apply=True)

    async def _import(self, raw: bytes, *, apply: bool) -> Imported:
        return await import_companies(
            self.database,
            self.vault,
            self.sources,
            Scope(INSTALLATION, "kim"),
            raw,
            apply=apply,
            deliver=self.keys.extend,
            server="https://alerts.example.org",
            now=self.clock.now(),
        )

    async def export(self) -> str:
        """All companies as a sheet."""
        return await export_companies(self.database, Scope(INSTALLATION, "kim"), self.sources, now=self.clock.now())

    async def companies(self) -> dict[str, Company]:
        """By name."""
        everyone = await self.database.company_ids()
        return {one.name: one for one in await list_companies(self.database, everyone, limit=500)}

    async def scope(self, name: str) -> Scope:
        """In the name of a company."""
        return Scope((await self.companies())[name].id, "kim")

    async def integrations(self, name: str) -> list[str]:
        """A company's, as a sheet writes them."""
        found = await list_integrations(self.database, await self.scope(name))
        return sorted(f"{one.source}:{one.name}" for one in found if not one.is_stand_in)

    async def routes(self) -> dict[str, str]:
        """Names of companies by the customers' names."""
        own = await list_integrations(self.database, Scope(INSTALLATION, "test"))
        [shared] = [one for one in own if one.route_by is not None]
        names = {one.id: one.name for one in (await self.companies()).values()}
        found = await list_routes(self.database, Scope(INSTALLATION, "test"), shared.id)
        return {one.shown: names[one.company_id] for one in found}


@pytest.fixture
async def msp(
    migrated: Migrated, vault: Vault, sources: Mapping[str, Source], clock: ManualClock
) -> AsyncIterator[Msp]:
    """A database of its own, since an import looks at every company there is."""
    server = Server(migrated.owner_dsn)
    made = run_apart(server.create())
    database = Database(made.app_dsn, AuditSealer(vault))
    await database.open()
    try:
        await add_integration(
            database,
            vault,
            sources,
            Scope(INSTALLATION, "test"),
            source="prometheus",
            name="Our RMM",
            route_by="site",
            now=clock.now(),
        )
        yield Msp(database, vault, sources, clock)
    finally:
        await database.close()
        run_apart(server.drop(made))


HEADER = "name,ref,group,time_zone,requests_per_minute,integrations,route:Our RMM"
ACME = "Acme GmbH,C-1,Retail,Europe/Berlin,600,datadog; zabbix:Zabbix Berlin,acme; Acme (old)"
BETA = "Beta AG,C-2,,,,datadog,"


async def test_a_sheet_is_looked_at_then_done_then_nothing(msp: Msp) -> None:
    looked = await msp.look(HEADER, ACME, BETA)
    assert (looked.applied, looked.plan.counts) == (False, {"add": 2, "change": 0, "unchanged": 0})
    assert (await msp.companies(), msp.keys) == ({}, [])

    done = await msp.run(HEADER, ACME, BETA)
    assert done.applied
    assert done.plan.companies == looked.plan.companies
    acme = (await msp.companies())["Acme GmbH"]
    assert (acme.ref, acme.time_zone, acme.requests_per_minute) == ("C-1", "Europe/Berlin", 600)
    assert await msp.integrations("Acme GmbH") == ["datadog:Datadog", "zabbix:Zabbix Berlin"]
    assert await msp.routes() == {"acme": "Acme GmbH", "Acme (old)": "Acme GmbH"}
    assert {one.name: one.companies for one in await list_groups(msp.database)} == {"Retail": 1}
    assert [(one.company, one.source) for one in msp.keys] == [
        ("Acme GmbH", "datadog"),
        ("Acme GmbH", "zabbix"),
        ("Beta AG", "datadog"),
    ]
    assert all(one.api_key.startswith("awk_") and one.hmac_secret for one in msp.keys)
    assert msp.keys[0].webhook_url == "https://alerts.example.org/api/webhooks/datadog"
    assert msp.keys[0].api_key not in repr(done)

    again = await msp.run(HEADER, ACME, BETA)
    assert (again.applied, again.plan.counts) == (False, {"add": 0, "change": 0, "unchanged": 2})
    assert len(msp.keys) == 3


async def test_one_changed_row_changes_one_company_and_says_how(msp: Msp) -> None:
    await msp.run(HEADER, ACME, BETA)
    before = await msp.companies()
    moved = "Beta Holding AG,C-2,retail,,70,datadog; generic:Own scripts,acme"
    done = await msp.run(HEADER, ACME.replace("; Acme (old)", "").replace("acme", "acme-new"), moved)
    assert done.plan.counts == {"add": 0, "change": 2, "unchanged": 0}
    assert done.plan.companies[1].changes == (
        Change("name", "Beta AG", "Beta Holding AG"),
        Change("group", None, "Retail"),
        Change("requests_per_minute", None, "70"),
        Change("integration", None, "generic:Own scripts"),
        Change("route:Our RMM acme", "Acme GmbH", "Beta Holding AG"),
    )
    after = await msp.companies()
    assert after["Beta Holding AG"].id == before["Beta AG"].id
    assert after["Acme GmbH"] == before["Acme GmbH"]
    assert await msp.routes() == {
        "acme": "Beta Holding AG",
        "acme-new": "Acme GmbH",
        "Acme (old)": "Acme GmbH",  # an import takes no route away
    }
    assert len(msp.keys) == 4
    async with msp.database.unit_of_work(await msp.scope("Beta Holding AG")) as unit:
        actions = [one.action for one in await audit.page(unit, limit=2)]
    assert sorted(actions) == ["company_changed", "integration_added"]


async def test_an_empty_cell_inherits_and_an_absent_column_leaves_alone(msp: Msp) -> None:
    await msp.run(HEADER, ACME)
    await msp.run("name,ref", "Acme GmbH,C-1")
    assert (await msp.companies())["Acme GmbH"].requests_per_minute == 600
    done = await msp.run("name,requests_per_minute,group", "acme gmbh,,")
    assert done.plan.counts["change"] == 1
    acme = (await msp.companies())["acme gmbh"]
    assert (acme.requests_per_minute, acme.time_zone, acme.group_id) == (60, "Europe/Berlin", None)
    assert acme.ref == "C-1"  # an empty or absent ref stays: an import finds the company by it
    origins = {one.name: one.shown_origin for one in await settings_of(msp.database, Scope(acme.id, "test"))}
    assert (origins["requests_per_minute"], origins["time_zone"]) == ("default", "company")


async def test_an_integration_without_a_name_is_any_of_its_source(msp: Msp) -> None:
    await msp.run(HEADER, BETA)
    scope = await msp.scope("Beta AG")
    [one] = await list_integrations(msp.database, scope)
    await set_integration(msp.database, msp.vault, msp.sources, scope, one.id, name="Datadog EU", now=msp.clock.now())
    assert (await msp.run(HEADER, BETA)).plan.counts["unchanged"] == 1
    await msp.run("name,integrations", "Beta AG,datadog; datadog:datadog eu")
    assert await msp.integrations("Beta AG") == ["datadog:Datadog", "datadog:Datadog EU"]
    await remove_integration(msp.database, scope, one.id, now=msp.clock.now())
    done = await msp.run("name,integrations", "Beta AG,datadog; datadog:Datadog EU")
    assert [change.after for change in done.plan.companies[0].changes] == ["datadog:Datadog EU"]


BAD = (
    (" ,C-10,,,,,", "name"),
    ("Twice,C-11,,,,,", None),
    ("TWICE,C-12,,,,,", "name"),
    ("Ref again,C-11,,,,,", "ref"),
    ("Unknown source,C-13,,,,nagios9,", "integrations"),
    ("Unknown zone,C-14,,Mars/Olympus,,,", "time_zone"),
    ("Bad number,C-15,,,many,,", "requests_per_minute"),
    ("Too much,C-16,,,99999999999,,", "requests_per_minute"),
    ("Route one,C-17,,,,,shared name", None),
    ("Route two,C-18,,,,,Shared Name", "route:Our RMM"),
    ("Named twice,C-19,,,,datadog; datadog,", "integrations"),
    ('Open quote,C-20,,,,"""datadog",', "integrations"),
    ("Too,many,,,,,,cells", ""),
    ("Acme GmbH,C-21,,,,,", "ref"),
    ("Name \x07,C-22,,,,,", "name"),
    ("Long route,C-23,,,,," + "x" * 300, "route:Our RMM"),
)


async def test_bad_rows_are_named_by_cell_and_nothing_is_written(msp: Msp) -> None:
    await msp.run(HEADER, ACME)
    before, entries = await msp.export(), await _entries(msp)
    done = await msp.run(HEADER, *(line for line, _ in BAD), "Good,C-99,New group,,,datadog,good")
    assert not done.applied
    wrong = [(number, column) for number, (_, column) in enumerate(BAD, 2) if column is not None]
    assert [(one.row, one.column) for one in done.plan.complaints] == wrong
    assert all(one.what and one.mend and one.where.startswith("row ") for one in done.plan.complaints)
    assert await msp.export() == before
    assert await _entries(msp) == entries + 1  # of the export
    assert len(msp.keys) == 2


async def test_a_column_of_an_unknown_shared_integration_is_named_once(msp: Msp) -> None:
    done = await msp.run("name,route:Their RMM", "A,a", "B,b")
    assert [(one.row, one.column) for one in done.plan.complaints] == [(1, "route:Their RMM")]


async def test_names_that_several_companies_have_need_a_ref(msp: Msp) -> None:
    first = await add_company(msp.database, Scope(INSTALLATION, "test"), "Acme", now=msp.clock.now())
    await add_company(msp.database, Scope(INSTALLATION, "test"), "ACME", ref="C-2", now=msp.clock.now())
    done = await msp.run("name,time_zone", "Acme,Europe/Berlin")
    assert [(one.row, one.column) for one in done.plan.complaints] == [(2, "name")]
    assert (await msp.run("name,ref,time_zone", "Acme Two,C-2,Europe/Berlin")).applied
    assert (await get_company(msp.database, Scope(first.id, "test"))).time_zone == "UTC"
    taken = await msp.run("name,ref", "Acme,C-2")
    assert [(one.column, one.what) for one in taken.plan.complaints] == [("name", "another company has this name")]


async def test_a_company_without_a_ref_gets_the_sheet_s(msp: Msp) -> None:
    old = await add_company(msp.database, Scope(INSTALLATION, "test"), "Acme", now=msp.clock.now())
    done = await msp.run("name,ref", "acme,C-1")
    assert done.plan.companies[0].company_id == old.id
    assert (await get_company(msp.database, Scope(old.id, "test"))).ref == "C-1"


async def test_two_rows_cannot_be_one_company(msp: Msp) -> None:
    await msp.run("name,ref", "Acme,C-1")
    done = await msp.run("name,ref", "Renamed,C-1", "Acme,")
    assert [(one.row, one.what) for one in done.plan.complaints] == [(3, "row 2 is the same company")]


async def test_what_fails_at_the_very_end_leaves_nothing_behind(msp: Msp) -> None:
    """The keys could not be put into safe hands: all was written by then, and none of it stays."""
    await msp.run(HEADER, BETA)
    before, entries = await msp.export(), await _entries(msp)
    handed: list[MadeKey] = []

    def full_disk(keys: Sequence[MadeKey]) -> None:
        handed.extend(keys)
        raise Invalid("the disk is full")

    with pytest.raises(Invalid, match="full"):
        await import_companies(
            msp.database,
            msp.vault,
            msp.sources,
            Scope(INSTALLATION, "kim"),
            "\n".join((HEADER, ACME, BETA)).encode(),
            apply=True,
            deliver=full_disk,
            server="",
            now=msp.clock.now(),
        )
    assert len(handed) == 2
    assert await msp.export() == before
    assert await _entries(msp) == entries + 1  # of the export
    async with msp.database.across([]) as connection:
        hashes = [msp.vault.hash(key.api_key) for key in handed]
        found = await connection.fetch("SELECT (integration_of_key(h)).* FROM unnest($1::uuid[]) h", hashes)
    assert found == []
    assert (await msp.run(HEADER, ACME, BETA)).plan.counts == {"add": 1, "change": 0, "unchanged": 1}


async def test_what_was_exported_imports_to_no_change(msp: Msp) -> None:
    odd = [['Ümlaut; "Söhne", KG', "C 3", "Ind; ustry", joined(['zabbix:Zab; "2"', "datadog"]), joined(["a; b", "c"])]]
    await msp.run(HEADER, ACME, BETA)
    await msp.run_raw(write_sheet(["name", "ref", "group", "integrations", "route:our rmm"], odd).encode())
    await set_company(msp.database, await msp.scope("Beta AG"), bytes_per_minute=1000, now=msp.clock.now())
    text = await msp.export()
    assert "awk_" not in text
    done = await msp.run_raw(text.encode())
    assert done.plan.complaints == ()
    assert (done.applied, done.plan.counts) == (False, {"add": 0, "change": 0, "unchanged": 3})
    assert await msp.export() == text
    assert "MSP" not in await msp.companies()


async def _entries(msp: Msp) -> int:
    async with msp.database.unit_of_work(Scope(INSTALLATION, "test")) as unit:
        return len(await audit.page(unit, limit=1000))
