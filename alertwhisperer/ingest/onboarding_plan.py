"""
What a sheet of companies would change: decided from the sheet and what is there, without touching anything.

An import adds and changes. It takes nothing away but exceptions (an empty cell inherits) and a group; integrations,
routes and companies that the sheet does not name stay as they are.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from alertwhisperer.domain.company import Company, CompanyId
from alertwhisperer.domain.company_setting import SETTINGS, SettingValue
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.name import check_name
from alertwhisperer.guard.company_settings import check_ref
from alertwhisperer.ingest.company_sheet import ROUTE, Complaint, Sheet, SheetRow, parts
from alertwhisperer.ingest.routing import LONGEST_VALUE, folded

Action = Literal["add", "change", "unchanged"]


@dataclass(frozen=True, slots=True)
class World:
    """
    What is there.

    Attributes:
        groups: names by id.
        exceptions: what companies have of their own, by the setting's name.
        integrations: source and name of those with keys.
        shared: the MSP-wide integrations, by their case-folded names.
        routes: of each of these, companies by the customer's folded name.
        sources: titles by slug.
    """

    companies: Sequence[Company]
    groups: Mapping[UUID, str]
    exceptions: Mapping[CompanyId, Mapping[str, SettingValue]]
    integrations: Mapping[CompanyId, Sequence[tuple[str, str]]]
    shared: Mapping[str, UUID]
    routes: Mapping[UUID, Mapping[str, CompanyId]]
    sources: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that becomes another; None is nothing."""

    what: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class CompanyPlan:
    """
    What becomes of one company.

    Attributes:
        row: of the sheet.
        company_id: None for one to be added.
        name, ref, group: as they will be; the group by its name.
        exceptions: those that change; None inherits again.
        integrations: source and name of those to be made.
        routes: customers' names to be mapped to it, with the MSP-wide integration.
    """

    row: int
    company_id: CompanyId | None
    name: str
    ref: str | None
    group: str | None
    exceptions: Mapping[str, SettingValue | None]
    integrations: tuple[tuple[str, str], ...]
    routes: tuple[tuple[UUID, str], ...]
    changes: tuple[Change, ...]

    @property
    def action(self) -> Action:
        """In a word."""
        if self.company_id is None:
            return "add"
        return "change" if self.changes else "unchanged"


@dataclass(frozen=True, slots=True)
class Plan:
    """
    What an import would do, or why it would do nothing.

    Attributes:
        groups: names of those to be made.
        complaints: in the order of the rows; with any of them nothing is done.
    """

    companies: tuple[CompanyPlan, ...]
    groups: tuple[str, ...]
    complaints: tuple[Complaint, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many companies are added, changed and left alone."""
        actions = [company.action for company in self.companies]
        return {"add": actions.count("add"), "change": actions.count("change"), "unchanged": actions.count("unchanged")}

    @property
    def changes_anything(self) -> bool:
        """Whether there is something to do."""
        return any(company.action != "unchanged" for company in self.companies)


def plan(sheet: Sheet, world: World) -> Plan:
    """What the sheet would change."""
    planner = _Planner(world)
    planner.complaints += sheet.complaints
    planner.check_columns(sheet)
    planned = [found for row in sheet.rows if (found := planner.company(row)) is not None]
    planner.check_names(planned)
    complaints = sorted(planner.complaints, key=lambda one: one.row)
    return Plan(tuple(planned), tuple(planner.new_groups.values()), tuple(complaints))


@dataclass(slots=True)
class _Planner:
    """Goes through the rows and remembers what it saw."""

    world: World
    complaints: list[Complaint] = field(default_factory=list)
    new_groups: dict[str, str] = field(default_factory=dict)
    _rows: dict[tuple[str, str], int] = field(default_factory=dict)  # where a name, a ref, a company, a route is
    _by_ref: dict[str, Company] = field(init=False)
    _by_name: dict[str, list[Company]] = field(init=False)
    _group_names: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self._by_ref = {one.ref: one for one in self.world.companies if one.ref is not None}
        self._by_name = {}
        for company in self.world.companies:
            self._by_name.setdefault(company.name.casefold(), []).append(company)
        self._group_names = {name.casefold(): name for name in self.world.groups.values()}

    def check_columns(self, sheet: Sheet) -> None:
        """Each route column must name an MSP-wide integration."""
        for name in sheet.rows[0].routes if sheet.rows else ():
            if name.casefold() not in self.world.shared:
                there = ", ".join(sorted(self.world.shared)) or "there is none"
                self._complain(1, ROUTE + name, "there is no MSP-wide integration of this name", f"use one of: {there}")

    def check_names(self, planned: Sequence[CompanyPlan]) -> None:
        """A company must not take the name of one that the sheet leaves alone."""
        here = {company.company_id for company in planned}
        elsewhere = {one.name.casefold() for one in self.world.companies if one.id not in here}
        for company in planned:
            renamed = any(change.what == "name" and change.before is not None for change in company.changes)
            if renamed and company.name.casefold() in elsewhere:
                self._complain(company.row, "name", "another company has this name", "give each company its own")

    def company(self, row: SheetRow) -> CompanyPlan | None:
        """What becomes of the row's company; None when that cannot be told."""
        before = len(self.complaints)
        name = self._name(row)
        ref = self._ref(row)
        if len(self.complaints) > before:
            return None
        found = self._match(row, name, ref)
        if len(self.complaints) > before:
            return None
        if found is not None:
            self._once(row, "name", f"id {found.id}", "is the same company")
        planned = self._planned(row, found, name, ref)
        return planned if len(self.complaints) == before else None

    def _planned(self, row: SheetRow, old: Company | None, name: str, ref: str | None) -> CompanyPlan:
        group = self._group(row, old)
        exceptions = dict(self._exceptions(row, old))
        integrations = tuple(self._integrations(row, old))
        routes = tuple(self._routes(row, old))
        new_ref = ref if ref is not None or old is None else old.ref
        changes = [
            Change(what, was, now)
            for what, was, now in (
                ("name", None if old is None else old.name, name),
                ("ref", None if old is None else old.ref, new_ref),
                ("group", self._group_of(old), group),
            )
            if was != now
        ]
        own = {} if old is None else self.world.exceptions.get(old.id, {})
        changes += [Change(what, _text(own.get(what)), _text(value)) for what, value in exceptions.items()]
        changes += [Change("integration", None, f"{source}:{title}") for source, title in integrations]
        changes += [change for _, _, change in routes]
        return CompanyPlan(
            row=row.number,
            company_id=None if old is None else old.id,
            name=name,
            ref=new_ref,
            group=group,
            exceptions=exceptions,
            integrations=integrations,
            routes=tuple((shared_id, shown) for shared_id, shown, _ in routes),
            changes=tuple(changes),
        )

    def _name(self, row: SheetRow) -> str:
        try:
            name = check_name(row.cells["name"])
        except Invalid as failure:
            self._complain(row.number, "name", failure.what, failure.mend)
            return ""
        self._once(row, "name", f"name {name.casefold()}", "has the same name")
        return name

    def _ref(self, row: SheetRow) -> str | None:
        text = row.cells.get("ref", "")
        if not text:
            return None
        try:
            ref = check_ref(text)
        except Invalid as failure:
            self._complain(row.number, "ref", failure.what, failure.mend)
            return None
        self._once(row, "ref", f"ref {ref}", "has the same ref")
        return ref

    def _match(self, row: SheetRow, name: str, ref: str | None) -> Company | None:
        """The company that the row means: by its ref, else by its name."""
        if ref is not None and ref in self._by_ref:
            return self._by_ref[ref]
        named = self._by_name.get(name.casefold(), [])
        if len(named) > 1:
            self._complain(
                row.number, "name", f"{len(named)} companies have this name", "give them refs, and write them here"
            )
            return None
        if not named:
            return None
        if ref is not None and named[0].ref is not None:
            what = f"the company of this name has the ref {named[0].ref}"
            self._complain(row.number, "ref", what, "write that ref, or another name")
        return named[0]

    def _group_of(self, company: Company | None) -> str | None:
        if company is None or company.group_id is None:
            return None
        return self.world.groups.get(company.group_id)

    def _group(self, row: SheetRow, old: Company | None) -> str | None:
        if "group" not in row.cells:
            return self._group_of(old)
        text = row.cells["group"]
        if not text:
            return None
        try:
            name = check_name(text)
        except Invalid as failure:
            self._complain(row.number, "group", failure.what, failure.mend)
            return None
        key = name.casefold()
        return self._group_names.get(key) or self.new_groups.setdefault(key, name)

    def _exceptions(self, row: SheetRow, old: Company | None) -> Iterator[tuple[str, SettingValue | None]]:
        own = {} if old is None else self.world.exceptions.get(old.id, {})
        for name, setting in SETTINGS.items():
            if name not in row.cells:
                continue
            try:
                value = setting.read(row.cells[name]) if row.cells[name] else None
            except Invalid as failure:
                self._complain(row.number, name, failure.what, failure.mend)
                continue
            if value != own.get(name):
                yield name, value

    def _integrations(self, row: SheetRow, old: Company | None) -> list[tuple[str, str]]:
        """Those that are missing; one without a name is there when the company has any of its source to spare."""
        wanted = list(self._wanted_integrations(row))
        there = [] if old is None else list(self.world.integrations.get(old.id, ()))
        named = {(source, name.casefold()) for source, name in wanted if name}
        held = {(source, name.casefold()) for source, name in there}
        to_spare = {source for source, name in held - named}
        return [
            (source, name or self.world.sources[source])
            for source, name in wanted
            if ((source, name.casefold()) not in held if name else source not in to_spare)
        ]

    def _wanted_integrations(self, row: SheetRow) -> Iterator[tuple[str, str]]:
        seen: set[tuple[str, str]] = set()
        for part in self._parts(row, "integrations", row.cells.get("integrations", "")):
            source, _, title = part.partition(":")
            source, title = source.strip().lower(), title.strip()
            if source not in self.world.sources:
                mend = f"use one of {', '.join(sorted(self.world.sources))}"
                self._complain(row.number, "integrations", f"there is no source {source[:60]!r}", mend)
                continue
            try:
                title = check_name(title) if title else ""
            except Invalid as failure:
                self._complain(row.number, "integrations", failure.what, failure.mend)
                continue
            key = (source, (title or self.world.sources[source]).casefold())
            if key in seen:
                what = f"{source} is there twice with one name"
                self._complain(row.number, "integrations", what, f"write {source}:NAME for each")
                continue
            seen.add(key)
            yield source, title

    def _routes(self, row: SheetRow, old: Company | None) -> Iterator[tuple[UUID, str, Change]]:
        names = {company.id: company.name for company in self.world.companies}
        for column, cell in row.routes.items():
            shared_id = self.world.shared.get(column.casefold())
            if shared_id is None:
                continue  # said of the column
            seen: set[str] = set()
            for shown in self._parts(row, ROUTE + column, cell):
                value = folded(shown)
                if value in seen:
                    continue
                seen.add(value)
                if len(shown) > LONGEST_VALUE:
                    what = f"a customer's name has at most {LONGEST_VALUE} letters"
                    self._complain(row.number, ROUTE + column, what, "shorten it")
                    continue
                self._once(row, ROUTE + column, f"route {shared_id} {value}", f"has {shown[:60]!r} as well")
                held = self.world.routes.get(shared_id, {}).get(value)
                if held is None or old is None or held != old.id:
                    before = None if held is None else names.get(held, str(held))
                    yield shared_id, shown, Change(f"{ROUTE}{column} {shown}", before, row.cells["name"])

    def _parts(self, row: SheetRow, column: str, cell: str) -> list[str]:
        try:
            return parts(cell)
        except Invalid as failure:
            self._complain(row.number, column, failure.what, failure.mend)
            return []

    def _once(self, row: SheetRow, column: str, key: str, what: str) -> None:
        """Complain when another row said the same."""
        first = self._rows.setdefault((column, key), row.number)
        if first != row.number:
            self._complain(row.number, column, f"row {first} {what}", "remove one of the two")

    def _complain(self, row: int, column: str, what: str, mend: str) -> None:
        self.complaints.append(Complaint(row, column, what, mend))


def _text(value: SettingValue | None) -> str | None:
    return None if value is None else str(value)
