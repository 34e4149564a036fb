"""Files of sites, assets and contacts: tried first, applied as a whole or not at all, and the same twice is nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import uuid4

import pytest

from alertwhisperer.domain.company import CompanyId, Scope
from alertwhisperer.domain.errors import Invalid, NotFound
from alertwhisperer.domain.inventory import AssetName
from alertwhisperer.inventory.assets import add_asset, confirm_asset, find_asset, get_asset, list_assets
from alertwhisperer.inventory.contacts import list_contacts
from alertwhisperer.inventory.discovery import discover
from alertwhisperer.inventory.importing import Imported, import_assets, import_contacts, import_sites
from alertwhisperer.inventory.sites import find_site, list_sites
from alertwhisperer.inventory.table import MOST_ROWS
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store import asset_names, audit, rules
from alertwhisperer.store.assets import AssetFilter
from alertwhisperer.store.database import Database
from tests.conftest import MakeCompany, Tenant

SITES = """name,time_zone,hours,holidays,address,notes
Berlin,Europe/Berlin,mon-thu 08:00-12:00 13:00-18:00; fri 08:00-13:00,2026-12-25; 2026-12-26,"Example Street 1, Berlin",
Vienna,,,,,
"""
ASSETS = """name,aliases,kind,weight,owner,platform,tags,links,site,notes
db-01,10.0.0.5; DB-01.example.org,server,5,team data,Linux,erp; production,wiki=https://wiki.example.org/db-01,Berlin,
web-01,,vm,,,,,,,"behind ""the"" balancer"
"""
CONTACTS = """name,role,email,phone,hours,preferred_channel,site,notes
Kim Example,operations,Kim@example.org,+49 30 1234567,weekdays,phone,Berlin,
"""

TEN_BAD = """name,aliases,kind,weight,owner,platform,tags,links,site,notes
good-01,,,,,,,,,
,10.0.0.6,,,,,,,,
heavy,,,9,,,,,,
light,,,much,,,,,,
linked,,,,,,,wiki,,
scripted,,,,,,,wiki=javascript:alert(1),,
lost,,,,,,,,Atlantis,
good-01,,,,,,,,,
GOOD-01.,,,,,,,,,
mine,taken,,,,,,,,
two,a,b,c,d,e,f,g,h,i,j,k
many,,,7,,,,none,,
"""

Import = Callable[..., Awaitable[Imported]]


class Files:
    """Imports files into one company."""

    def __init__(self, database: Database, tenant: Tenant, clock: ManualClock) -> None:
        self.database, self.tenant, self.clock = database, tenant, clock

    async def take(self, how: Import, text: str | bytes, *, apply: bool = True) -> Imported:
        raw = text.encode() if isinstance(text, str) else text
        return await how(self.database, self.tenant.scope, raw, apply=apply, now=self.clock.now())

    async def names(self) -> set[str]:
        found = await list_assets(self.database, self.tenant.scope, AssetFilter())
        return {one.name for one in found}

    async def audited(self) -> list[tuple[str, Mapping[str, Any]]]:
        async with self.database.unit_of_work(self.tenant.scope) as unit:
            return [
                (entry.action, entry.detail)
                for entry in await audit.page(unit, limit=500)
                if entry.action.endswith("_imported")
            ]


@pytest.fixture
async def files(database: Database, make_company: MakeCompany, clock: ManualClock) -> Files:
    """Into a fresh company."""
    return Files(database, await make_company(), clock)


async def test_a_file_is_tried_without_a_trace_and_applied_at_once(files: Files) -> None:
    for how, text, names in (
        (import_sites, SITES, ["Berlin", "Vienna"]),
        (import_assets, ASSETS, ["db-01", "web-01"]),
        (import_contacts, CONTACTS, ["Kim Example"]),
    ):
        tried = await files.take(how, text, apply=False)
        assert (tried.applied, tried.added, tried.problems) == (False, names, [])
        done = await files.take(how, text)
        assert (done.applied, done.added, done.changed) == (True, names, [])
        again = await files.take(how, text)
        assert (again.applied, again.added, again.changed, again.unchanged) == (False, [], [], len(names))
    assert sorted(action for action, _ in await files.audited()) == [
        "assets_imported",
        "contacts_imported",
        "sites_imported",
    ]

    berlin = await find_site(files.database, files.tenant.scope, "berlin")
    assert berlin.address == "Example Street 1, Berlin"
    assert berlin.calendar == {
        "hours": {
            **{day: [["08:00", "12:00"], ["13:00", "18:00"]] for day in ("mon", "tue", "wed", "thu")},
            "fri": [["08:00", "13:00"]],
        },
        "holidays": ["2026-12-25", "2026-12-26"],
    }
    vienna = await find_site(files.database, files.tenant.scope, "Vienna")
    assert vienna.time_zone == files.tenant.company.time_zone
    asset = await find_asset(files.database, files.tenant.scope, "db-01.example.org")
    assert (asset.name, asset.weight, asset.platform, asset.site_id) == ("db-01", 5, "linux", berlin.id)
    assert (asset.tags, asset.links) == (("erp", "production"), {"wiki": "https://wiki.example.org/db-01"})
    assert (await find_asset(files.database, files.tenant.scope, "web-01")).notes == 'behind "the" balancer'
    [contact] = await list_contacts(files.database, files.tenant.scope, q="kim@")
    assert (contact.email, contact.site_id) == ("kim@example.org", berlin.id)
    async with files.database.unit_of_work(files.tenant.scope) as unit:
        newest = await rules.current(unit)
    assert (newest.version, newest.aliases) == (1, {"10.0.0.5": "db-01", "db-01.example.org": "db-01"})


async def test_a_blank_cell_changes_nothing(files: Files) -> None:
    await files.take(import_sites, SITES)
    await files.take(import_assets, ASSETS)
    await files.take(import_contacts, CONTACTS)
    done = await files.take(import_assets, "name,weight,notes\n10.0.0.5,4,\n")
    assert done.changed == ["db-01"]
    asset = await find_asset(files.database, files.tenant.scope, "db-01")
    assert (asset.weight, asset.kind, asset.tags) == (4, "server", ("erp", "production"))
    assert (await files.take(import_sites, "name,holidays\nBERLIN,2027-01-01\n")).changed == ["BERLIN"]
    berlin = await find_site(files.database, files.tenant.scope, "berlin")
    assert berlin.calendar["holidays"] == ["2027-01-01"]
    assert "mon" in berlin.calendar["hours"]  # type: ignore[operator]  # an object of JSON
    assert (await files.take(import_contacts, "name,phone\nkim example,+49 30 1\n")).changed == ["kim example"]
    assert len(await list_contacts(files.database, files.tenant.scope)) == 1


async def test_each_wrong_row_is_told_and_nothing_is_written(files: Files) -> None:
    scope = files.tenant.scope
    await add_asset(files.database, scope, {"name": "taken"}, now=files.clock.now())
    told = await files.take(import_assets, TEN_BAD)
    assert not told.applied
    assert [(one.row, one.where) for one in told.problems] == [
        (3, "name"),
        (4, "weight"),
        (5, "weight"),
        (6, "links"),
        (7, "links"),
        (8, "site"),
        (9, "name"),
        (10, "name"),
        (11, "aliases"),
        (12, "row"),
        (13, "weight"),
        (13, "links"),
    ]
    assert all(one.what and one.mend for one in told.problems)
    assert await files.names() == {"taken"}
    assert await files.audited() == []
    sites = (
        "name,time_zone,hours,holidays\na,Mars/Olympus,,\nb,,monday 8-18,\nc,,sun-mon 08:00-09:00,\nd,,,25.12.2026\n"
    )
    told = await files.take(import_sites, sites)
    assert [(one.row, one.where) for one in told.problems] == [
        (2, "time_zone"),
        (3, "hours"),
        (4, "hours"),
        (5, "calendar.holidays"),
    ]
    told = await files.take(import_contacts, "name,email,phone,site\na,nobody,none,\nb,,,Atlantis\n")
    assert [(one.row, one.where) for one in told.problems] == [(2, "email"), (2, "phone"), (3, "site")]
    assert await list_sites(files.database, scope) == []


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (b"", "file"),
        (b"\xff\xfen\x00", "file"),
        (b"name\na\x00b\n", "file"),
        (b'name\n"a\n', "file"),
        (b"kind\nserver\n", "row 1"),
        (b"name,colour\na,red\n", "row 1"),
        (b"name,name\na,b\n", "row 1"),
        (b"name\n" + b"a\n" * (MOST_ROWS + 1), "file"),
    ],
)
async def test_what_is_no_such_file_is_refused(files: Files, text: bytes, where: str) -> None:
    with pytest.raises(Invalid) as refused:
        await files.take(import_assets, text)
    assert refused.value.where == where


async def test_spreadsheets_write_semicolons_and_a_mark(files: Files) -> None:
    text = '\ufeffName;Aliases;Tags\r\ndb-01;"a1; a2";"x; y"\r\n;;\r\n'
    assert (await files.take(import_assets, text)).added == ["db-01"]
    asset = await find_asset(files.database, files.tenant.scope, "a2")
    assert asset.tags == ("x", "y")


async def test_a_file_confirms_what_only_alerts_spoke_of(files: Files) -> None:
    scope = files.tenant.scope
    async with files.database.unit_of_work(scope) as unit:
        seen = [("db-01", "DB-01:9100"), ("10.0.0.5", "10.0.0.5"), ("db-01.example.org", "db-01.example.org")]
        await asset_names.put(
            unit, [AssetName(name, None, shown, "seen", "zabbix", files.clock.now()) for name, shown in seen]
        )
    assert await discover(files.database, scope, now=files.clock.now()) == 3
    before = await find_asset(files.database, scope, "db-01")
    text = "name,aliases\ndb-01,10.0.0.5; db-01.example.org\n"
    done = await files.take(import_assets, text)
    assert (done.added, done.changed) == ([], ["db-01"])
    found = await get_asset(files.database, scope, before.id)
    assert (found.asset.name, found.asset.confirmed) == ("db-01", True)
    assert {one.name: one.origin for one in found.names} == {
        "db-01": "own",
        "10.0.0.5": "alias",
        "db-01.example.org": "alias",
    }
    assert await files.names() == {"db-01"}
    assert (await files.take(import_assets, text)).unchanged == 1


async def test_a_confirmed_asset_is_taken_over_by_no_file(files: Files) -> None:
    scope = files.tenant.scope
    other = await add_asset(files.database, scope, {"name": "db-02"}, now=files.clock.now())
    await confirm_asset(files.database, scope, other.id, now=files.clock.now())
    told = await files.take(import_assets, "name,aliases\ndb-01,db-02\n")
    assert [(one.row, one.where) for one in told.problems] == [(2, "aliases")]
    told = await files.take(import_assets, "name,aliases\ndb-01,x\ndb-03,x\nx,\n")
    assert [(one.row, one.where) for one in told.problems] == [(3, "aliases"), (4, "name")]


async def test_a_company_that_is_not_there_takes_no_file(files: Files) -> None:
    for how, text in ((import_sites, SITES), (import_assets, ASSETS), (import_contacts, CONTACTS)):
        with pytest.raises(NotFound):
            await how(
                files.database, Scope(CompanyId(uuid4()), "test"), text.encode(), apply=True, now=files.clock.now()
            )
