"""
A company's shelf: the prebuilt runbooks and its own, with what it wants otherwise laid over.

What stands here is what runs are chosen from, planned and shown by; nobody reads the library past it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound
from alertwhisperer.domain.runbook import Override, Runbook
from alertwhisperer.guard.approvals.voiding import void_touched
from alertwhisperer.guard.companies import require_company
from alertwhisperer.runbooks.overriding import laid_over
from alertwhisperer.runbooks.reading import library, read, source_of
from alertwhisperer.store import audit, runbooks
from alertwhisperer.store.database import Database, Unit
from alertwhisperer.store.runbooks import MOST_OWN, KeptOverride, OwnFile

LONGEST_NOTE = 500


@dataclass(frozen=True, slots=True)
class OnShelf:
    """
    A runbook as it stands in a company.

    Attributes:
        runbook: with the company's override laid over.
        own: the company's own, or prebuilt.
        override: None when it wants nothing otherwise.
        source: the file's text.
    """

    runbook: Runbook
    own: OwnFile | None
    override: KeptOverride | None
    source: bytes = field(repr=False)

    @property
    def is_disabled(self) -> bool:
        """Whether nobody may start it in this company."""
        return self.override is not None and self.override.override.disabled


@dataclass(frozen=True, slots=True)
class Shelf:
    """
    All of a company's runbooks.

    Attributes:
        broken: by slug, why one cannot be used: its file or its override was made for another version of ours.
    """

    kept: Mapping[str, OnShelf]
    broken: Mapping[str, str]


async def shelf_of(unit: Unit) -> Shelf:
    """Every runbook of the unit's company, those that it disabled too."""
    own, overrides = await runbooks.own(unit), await runbooks.overrides(unit)
    kept, broken = {}, {}
    for slug in sorted({*library(), *own}):
        try:
            kept[slug] = _on_shelf(slug, own.get(slug), overrides.get(slug))
        except Invalid as failure:
            broken[slug] = f"{failure.where}: {failure.what}"
    return Shelf(kept, broken)


async def runbooks_of(unit: Unit) -> Mapping[str, Runbook]:
    """The runbooks that may be started in the unit's company, by slug, with its overrides laid over."""
    shelf = await shelf_of(unit)
    return {slug: one.runbook for slug, one in shelf.kept.items() if not one.is_disabled}


async def get_runbook(database: Database, scope: Scope, slug: str) -> OnShelf:
    """One of a company's; raises `NotFound`, and `Conflicting` when it is there and cannot be used."""
    async with database.unit_of_work(scope) as unit:
        await require_company(unit)
        return _there(await shelf_of(unit), slug)


async def list_runbooks(database: Database, scope: Scope) -> Shelf:
    """All of a company's; raises `NotFound` when there is no such company."""
    async with database.unit_of_work(scope) as unit:
        await require_company(unit)
        return await shelf_of(unit)


async def add_runbook(database: Database, scope: Scope, slug: str, text: bytes, *, now: datetime) -> OnShelf:
    """
    Keep a file as the company's own runbook, or its next version; the same file again changes nothing.

    Raises:
        Invalid: the file is not right, or changed without a higher version, or the override does not fit it.
        Conflicting: a prebuilt one has this name, or the company has too many.
        NotFound: there is no such company.
    """
    runbook = read(text, slug)
    if slug in library():
        raise Conflicting(
            f"{slug} is prebuilt", where="slug", mend="choose another name, or override parameters and risk"
        )
    async with database.unit_of_work(scope) as unit:
        await require_company(unit)
        before, overrides = await runbooks.own(unit), await runbooks.overrides(unit)
        old = before.get(slug)
        if old is None or old.body != text:
            _check_next(runbook, old, len(before))
            if slug in overrides:
                laid_over(runbook, overrides[slug].override)
            await runbooks.put_own(unit, slug, runbook.version, text, now=now)
            action = AuditAction.RUNBOOK_ADDED if old is None else AuditAction.RUNBOOK_CHANGED
            detail = {"version": runbook.version, "sha256": runbook.hash, "risk": runbook.risk.value}
            await _record(unit, action, slug, detail, now=now)
        return _there(await shelf_of(unit), slug)


async def remove_runbook(database: Database, scope: Scope, slug: str, *, now: datetime) -> None:
    """Forget a company's own runbook with its override; raises `NotFound`."""
    async with database.unit_of_work(scope) as unit:
        await require_company(unit)
        if not await runbooks.remove_own(unit, slug):
            raise NotFound(f"the company has no runbook {slug!r} of its own", where="slug")
        await runbooks.remove_override(unit, slug)
        await _record(unit, AuditAction.RUNBOOK_REMOVED, slug, {}, now=now)


async def override_runbook(
    database: Database, scope: Scope, slug: str, override: Override, *, now: datetime
) -> OnShelf:
    """
    Want something otherwise in a runbook, in place of whatever was wanted before.

    Raises:
        Invalid: the risk goes down, or a value is not of its parameter's kind.
        NotFound: there is no such runbook, or company.
    """
    if len(override.note) > LONGEST_NOTE:
        raise Invalid("the note is too long", where="note", mend=f"at most {LONGEST_NOTE} characters")
    async with database.unit_of_work(scope) as unit:
        await require_company(unit)
        plain = _plain(slug, (await runbooks.own(unit)).get(slug))
        laid_over(plain, override)
        await runbooks.put_override(unit, slug, override, now=now)
        await _record(unit, AuditAction.RUNBOOK_OVERRIDDEN, slug, _told(override), now=now)
        return _there(await shelf_of(unit), slug)


async def remove_override(database: Database, scope: Scope, slug: str, *, now: datetime) -> None:
    """Want nothing otherwise any more; raises `NotFound` when nothing was."""
    async with database.unit_of_work(scope) as unit:
        await require_company(unit)
        if not await runbooks.remove_override(unit, slug):
            raise NotFound(f"nothing is wanted otherwise in {slug!r}", where="slug")
        await _record(unit, AuditAction.RUNBOOK_OVERRIDE_REMOVED, slug, {}, now=now)


def _on_shelf(slug: str, own: OwnFile | None, override: KeptOverride | None) -> OnShelf:
    plain = _plain(slug, own)
    laid = plain if override is None else laid_over(plain, override.override)
    return OnShelf(laid, own, override, source_of(slug) if own is None else own.body)


def _plain(slug: str, own: OwnFile | None) -> Runbook:
    # The company's own comes first: a name that a later version of ours takes must not change what runs there.
    if own is not None:
        return read(own.body, slug)
    if slug not in library():
        raise NotFound(f"there is no runbook {slug[:80]!r}", where="slug", mend="`alertwhisperer runbook list`")
    return library()[slug]


def _there(shelf: Shelf, slug: str) -> OnShelf:
    if slug in shelf.broken:
        raise Conflicting(f"{slug} cannot be used: {shelf.broken[slug]}", where="slug", mend="mend or remove it")
    if slug not in shelf.kept:
        raise NotFound(f"there is no runbook {slug[:80]!r}", where="slug", mend="`alertwhisperer runbook list`")
    return shelf.kept[slug]


def _check_next(runbook: Runbook, old: OwnFile | None, count: int) -> None:
    if old is None and count >= MOST_OWN:
        raise Conflicting(f"the company has {count} runbooks of its own", where="slug", mend="remove one first")
    if old is not None and runbook.version <= old.version:
        raise Invalid(
            f"the file changed, and its version {runbook.version} is not above {old.version}",
            where=f"{runbook.slug} version",
            mend=f"say version = {old.version + 1}",
        )


async def _record(unit: Unit, action: AuditAction, slug: str, detail: Mapping[str, object], *, now: datetime) -> None:
    await audit.write(unit, action, Resource("runbook", slug), detail, now=now)
    await void_touched(unit, "runbook", [slug], now=now)


def _told(override: Override) -> Mapping[str, object]:
    return {
        "risk": None if override.risk is None else override.risk.value,
        "disabled": override.disabled,
        "parameters": dict(override.parameters),
        "allowed": {name: list(values) for name, values in override.allowed.items()},
        "note": override.note,
    }
