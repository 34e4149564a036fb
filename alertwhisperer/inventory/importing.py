"""
Files of sites, assets and contacts: read as a whole, tried without a trace, or applied all at once.

A row finds what is there by its name (an asset by any of its names) and changes what its cells say; a blank cell
changes nothing, so the same file again changes nothing. If one row is wrong, nothing is applied.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from alertwhisperer.domain.asset import canonical
from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.inventory import Asset, Contact, Site
from alertwhisperer.guard.approvals.voiding import void_touched
from alertwhisperer.guard.companies import require_company
from alertwhisperer.inventory.assets import new_asset
from alertwhisperer.inventory.contacts import new_contact
from alertwhisperer.inventory.fields import ASSET_FIELDS, CONTACT_FIELDS, DAYS, SITE_FIELDS, Fields, checked
from alertwhisperer.inventory.names import NameBook, tell_rules
from alertwhisperer.inventory.sites import new_site
from alertwhisperer.inventory.table import Row, RowProblem, read_table
from alertwhisperer.store import asset_names, assets, audit, contacts, sites
from alertwhisperer.store.database import Database

SITE_COLUMNS = ("name", "time_zone", "hours", "holidays", "address", "notes")
ASSET_COLUMNS = ("name", "aliases", "kind", "weight", "owner", "platform", "tags", "links", "site", "notes")
CONTACT_COLUMNS = ("name", "role", "email", "phone", "hours", "preferred_channel", "site", "notes")

_DAYS = re.compile(r"([a-z]{3})(?:-([a-z]{3}))?")
_SPAN = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)")


@dataclass(slots=True)
class Imported:
    """
    What a file would do, or did.

    Attributes:
        applied: whether it did; never when there are problems.
        added, changed: names; unchanged: how many rows say what is there already.
    """

    applied: bool = False
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: int = 0
    problems: list[RowProblem] = field(default_factory=list)

    @property
    def is_to_apply(self) -> bool:
        """Whether something is to be written, if the caller wants it."""
        return not self.problems and bool(self.added or self.changed)

    def put(self, name: str, old: object, new: object) -> None:
        """Count one row."""
        if old is None:
            self.added.append(name)
        elif old == new:
            self.unchanged += 1
        else:
            self.changed.append(name)


async def import_sites(database: Database, scope: Scope, text: bytes, *, apply: bool, now: datetime) -> Imported:
    """
    Read a file of sites.

    Args:
        apply: whether to write; otherwise the answer says what would be.

    Raises:
        Invalid: it is no such file; what is wrong in single rows is answered.
        NotFound: there is no such company.
    """
    rows, told = read_table(text, SITE_COLUMNS), Imported()
    fresh: list[Site] = []
    altered: list[Site] = []
    async with database.unit_of_work(scope) as unit:
        company = await require_company(unit)
        there = await sites.by_names(unit, _names(rows))

        def take(row: Row, fields: dict[str, Any]) -> None:
            old = there.get(fields["name"].lower())
            if old is not None and "calendar" in fields:
                said = {part: fields["calendar"][part] for part in ("hours", "holidays") if part in row.cells}
                fields["calendar"] = {**old.calendar, **said}
            new = new_site(fields, time_zone=company.time_zone, now=now) if old is None else replace(old, **fields)
            told.put(new.name, old, new)
            _keep(old, new, fresh, altered)

        _each(rows, told, SITE_FIELDS, _site_cells, take)
        if apply and told.is_to_apply:
            await sites.insert(unit, fresh)
            await sites.update(unit, altered)
            await audit.write(unit, AuditAction.SITES_IMPORTED, Resource("site", "sites"), _detail(told), now=now)
            told.applied = True
    return told


async def import_contacts(database: Database, scope: Scope, text: bytes, *, apply: bool, now: datetime) -> Imported:
    """Read a file of contacts; otherwise as `import_sites`."""
    rows, told = read_table(text, CONTACT_COLUMNS), Imported()
    fresh: list[Contact] = []
    altered: list[Contact] = []
    async with database.unit_of_work(scope) as unit:
        await require_company(unit)
        there = await contacts.by_names(unit, _names(rows))
        places = await sites.by_names(unit, _cells(rows, "site"))

        def take(row: Row, fields: dict[str, Any]) -> None:
            found = there.get(fields["name"].lower(), [])
            if len(found) > 1:
                raise Invalid("several contacts have this name", where="name", mend="change them one by one")
            old = found[0] if found else None
            fields |= _placed(row, places)
            new = new_contact(fields, now=now) if old is None else replace(old, **fields)
            told.put(new.name, old, new)
            _keep(old, new, fresh, altered)

        _each(rows, told, CONTACT_FIELDS, _contact_cells, take)
        if apply and told.is_to_apply:
            await contacts.insert(unit, fresh)
            await contacts.update(unit, altered)
            await audit.write(
                unit, AuditAction.CONTACTS_IMPORTED, Resource("contact", "contacts"), _detail(told), now=now
            )
            told.applied = True
    return told


async def import_assets(database: Database, scope: Scope, text: bytes, *, apply: bool, now: datetime) -> Imported:
    """
    Read a file of assets; otherwise as `import_sites`.

    What a file names is confirmed. An asset that only appeared in alerts, and is an alias in the file, is merged.

    Raises:
        Conflicting: the company would have too many names.
    """
    rows, told = read_table(text, ASSET_COLUMNS), Imported()
    fresh: list[Asset] = []
    altered: list[Asset] = []
    taken: dict[UUID, int] = {}
    async with database.unit_of_work(scope) as unit:
        await require_company(unit)
        await asset_names.enter(unit)
        aliases = [alias for row in rows for alias in _list(row.cells.get("aliases", ""))]
        book = await NameBook.read(unit, [*_names(rows), *aliases], now=now)
        places = await sites.by_names(unit, _cells(rows, "site"))

        def take(row: Row, fields: dict[str, Any]) -> None:
            fields |= _placed(row, places)
            old = book.holder(fields["name"])
            new = new_asset(fields, now=now) if old is None else _again(old, fields)
            if new.id in taken:
                raise Invalid(f"row {taken[new.id]} is the same asset", where="name", mend="make one row of them")
            taken[new.id] = row.number
            if old is None or old.name != new.name:
                book.give_own(new)
            given = [book.give_alias(new, alias) for alias in _list(row.cells.get("aliases", ""))]
            told.put(new.name, old, None if any(given) else new)
            _keep(old, new, fresh, altered)

        _each(rows, told, ASSET_FIELDS, _asset_cells, take)
        if apply and told.is_to_apply:
            await assets.insert(unit, fresh)
            await assets.update(unit, altered)
            await void_touched(unit, "asset", [one.id for one in altered], now=now)
            await book.write(unit)  # last: until the transaction ends, alerts under these new names wait
            version = await tell_rules(unit, now=now)
            await audit.write(
                unit,
                AuditAction.ASSETS_IMPORTED,
                Resource("asset", "assets"),
                _detail(told) | {"rules_version": version},
                now=now,
            )
            told.applied = True
    return told


def _again(old: Asset, fields: Mapping[str, Any]) -> Asset:
    """An asset that is there already; a person's way to write its own name is better than a tool's."""
    same = canonical(old.name) == canonical(fields["name"])
    return replace(old, **{**fields, "name": fields["name"] if same else old.name}, confirmed=True)


def _each(
    rows: Sequence[Row],
    told: Imported,
    fields: Fields,
    cells_of: Callable[[Row], Iterable[tuple[str, Callable[[], object]]]],
    take: Callable[[Row, dict[str, Any]], None],
) -> None:
    """Take every row that is right; what is wrong in the others is told, all of it."""
    named: dict[str, int] = {}
    for row in rows:
        problems: list[RowProblem] = []
        found: dict[str, Any] = {}
        for name, read in (*_whole(row), *cells_of(row)):
            try:
                found |= checked(fields, {name: read()})
            except Invalid as failure:
                problems.append(_problem(row, failure))
        if not problems:
            try:
                _refuse_twice(named, row, found["name"])
                take(row, found)
            except Invalid as failure:
                problems.append(_problem(row, failure))
        told.problems += problems


def _whole(row: Row) -> Iterable[tuple[str, Callable[[], object]]]:
    """Every row needs its name, and no more cells than there are columns."""

    def name() -> object:
        if "" in row.cells:
            raise Invalid("the row has more cells than there are columns", where="row", mend="quote cells with commas")
        if "name" not in row.cells:
            raise Invalid("the row has no name", where="name", mend="give one, or remove the row")
        return row.cells["name"]

    yield "name", name


def _refuse_twice(named: dict[str, int], row: Row, name: str) -> None:
    first = named.setdefault(name.lower(), row.number)
    if first != row.number:
        raise Invalid(f"row {first} has the same name", where="name", mend="make one row of them")


def _problem(row: Row, failure: Invalid) -> RowProblem:
    return RowProblem(row.number, failure.where, failure.what, failure.mend)


def _site_cells(row: Row) -> Iterable[tuple[str, Callable[[], object]]]:
    yield from _plain(row, "time_zone", "address", "notes")
    if row.cells.keys() & {"hours", "holidays"}:
        yield "calendar", lambda: read_calendar(row.cells.get("hours", ""), row.cells.get("holidays", ""))


def _contact_cells(row: Row) -> Iterable[tuple[str, Callable[[], object]]]:
    yield from _plain(row, "role", "email", "phone", "hours", "preferred_channel", "notes")


def _asset_cells(row: Row) -> Iterable[tuple[str, Callable[[], object]]]:
    yield from _plain(row, "kind", "owner", "platform", "notes")
    if "weight" in row.cells:
        yield "weight", lambda: _whole_number(row.cells["weight"])
    if "tags" in row.cells:
        yield "tags", lambda: _list(row.cells["tags"])
    if "links" in row.cells:
        yield "links", lambda: read_links(_list(row.cells["links"]))


def _plain(row: Row, *columns: str) -> Iterable[tuple[str, Callable[[], object]]]:
    for column in columns:
        if column in row.cells:
            yield column, lambda column=column: row.cells[column]  # type: ignore[misc]  # a default is no parameter


def _whole_number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", text):
        raise Invalid(f"{text[:20]!r} is not a number", where="weight", mend="write 1 to 5")
    return int(text)


def _list(text: str) -> list[str]:
    return [part for one in text.split(";") if (part := one.strip())]


def read_links(texts: Iterable[str]) -> dict[str, str]:
    """Links as people write them, each `name=https://…`; raises `Invalid` for another text."""
    links: dict[str, str] = {}
    for one in texts:
        name, mark, url = one.partition("=")
        if not mark:
            raise Invalid(f"{one[:40]!r} is no link", where="links", mend="write name=https://…")
        links[name.strip()] = url.strip()
    return links


def read_calendar(hours: str, holidays: str) -> dict[str, object]:
    """
    A site's calendar as people write it: `mon-fri 08:00-12:00 13:00-18:00; sat 09:00-12:00`, and days in between `;`.

    Raises:
        Invalid: a part that is neither days nor hours.
    """
    spans: dict[str, list[list[str]]] = {}
    for part in _list(hours):
        days, *times = part.lower().split()
        found = [_SPAN.fullmatch(time) for time in times]
        if not found or not all(found):
            mend = "write mon-fri 08:00-18:00; sat 09:00-12:00"
            raise Invalid(f"{part[:40]!r} is not days and hours", where="hours", mend=mend)
        for day in _days(days):
            spans.setdefault(day, []).extend([span[1], span[2]] for span in found if span)
    return {"hours": spans, "holidays": _list(holidays)}


def _days(text: str) -> Sequence[str]:
    found = _DAYS.fullmatch(text)
    first, last = (found[1], found[2] or found[1]) if found else ("", "")
    if first not in DAYS or last not in DAYS or DAYS.index(first) > DAYS.index(last):
        raise Invalid(f"{text[:20]!r} is not a day or a span of days", where="hours", mend="write mon-fri or sat")
    return DAYS[DAYS.index(first) : DAYS.index(last) + 1]


def _names(rows: Sequence[Row]) -> list[str]:
    return _cells(rows, "name")


def _cells(rows: Sequence[Row], column: str) -> list[str]:
    return [row.cells[column] for row in rows if column in row.cells]


def _placed(row: Row, places: Mapping[str, Site]) -> dict[str, UUID]:
    if "site" not in row.cells:
        return {}
    site = places.get(row.cells["site"].lower())
    if site is None:
        raise Invalid(f"there is no site {row.cells['site'][:40]!r}", where="site", mend="import the sites first")
    return {"site_id": site.id}


def _keep(old: Any, new: Any, fresh: list[Any], altered: list[Any]) -> None:
    if old is None:
        fresh.append(new)
    elif old != new:
        altered.append(new)


def _detail(told: Imported) -> dict[str, object]:
    return {"added": told.added, "changed": told.changed}
