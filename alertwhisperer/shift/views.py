"""
Saved views: a person's own, which nobody else sees, and shared ones, which an admin makes for the people of a company,
or an MSP admin for the MSP's own people.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.errors import Conflicting, Forbidden, Invalid, NotFound
from alertwhisperer.domain.name import check_name
from alertwhisperer.domain.user import Person, Role
from alertwhisperer.guard.crossing import served_by
from alertwhisperer.guard.permissions import Action, require
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import audit
from alertwhisperer.store import views as store
from alertwhisperer.store.database import Database, Unit
from alertwhisperer.store.views import View

LONGEST_ADDRESS = 2_000
LAST_POSITION = 10_000
MOST_OWN = 50
MOST_SHARED = 50
"""With the people of one company, or with the MSP's own."""

_MOST_SHOWN = 1_000
_OF_MSP = frozenset({Role.MSP_ADMIN, Role.TECHNICIAN})
_QUERY = re.compile(r"[A-Za-z0-9\-._~%!$&'()*+,;=:@/?]*")  # RFC 3986, 3.4; so it can lead nowhere else


async def list_views(database: Database, by: Scope, person: Person) -> list[View]:
    """The person's own, and those shared with them."""
    served = await served_by(database, person)
    async with database.unit_of_work(by.at(INSTALLATION)) as unit:
        return await store.visible(
            unit, person.user.id, served, is_of_msp=person.user.role in _OF_MSP, limit=_MOST_SHOWN
        )


async def add_view(
    database: Database,
    by: Scope,
    person: Person,
    *,
    name: str,
    address: str,
    shared: bool,
    about_id: CompanyId | None,
    position: int,
    now: datetime,
) -> View:
    """
    Keep a view.

    Raises:
        Invalid: the name or the address is of no use, or a company is named for a view that is not shared.
        Forbidden: the person may not share it with those.
        NotFound: the person does not serve the company.
        Conflicting: there are too many.
    """
    view = View(uuid7(now), person.user.id, person.user.email, name, address, shared, about_id, position, made_at=now)
    async with database.unit_of_work(by.at(INSTALLATION)) as unit:
        view = await _checked(unit, person, view)
        await store.insert(unit, view)
        await _audit(unit, AuditAction.VIEW_ADDED, view, {"name": view.name, "shared": view.shared}, now=now)
    return view


async def change_view(
    database: Database, by: Scope, person: Person, view_id: UUID, change: Mapping[str, Any], *, now: datetime
) -> View:
    """
    Change a view of one's own, or a shared one that one may share.

    Args:
        change: any of `name`, `address`, `shared`, `about_id` and `position`; what is absent stays.

    Raises:
        As `add_view`; NotFound also when there is no such view that the person may change.
    """
    async with database.unit_of_work(by.at(INSTALLATION)) as unit:
        old = await _held(unit, person, view_id)
        new = await _checked(unit, person, msgspec.structs.replace(old, **change), old)
        if new != old:
            await store.update(unit, new)
            fields = [name for name in View.__struct_fields__ if getattr(old, name) != getattr(new, name)]
            detail: dict[str, object] = {name: [_plain(getattr(one, name)) for one in (old, new)] for name in fields}
            await _audit(unit, AuditAction.VIEW_CHANGED, new, detail, now=now)
    return new


async def remove_view(database: Database, by: Scope, person: Person, view_id: UUID, *, now: datetime) -> None:
    """Forget a view; raises `NotFound` when there is none that the person may change."""
    async with database.unit_of_work(by.at(INSTALLATION)) as unit:
        old = await _held(unit, person, view_id)
        await store.delete(unit, view_id)
        await _audit(unit, AuditAction.VIEW_REMOVED, old, {"name": old.name, "shared": old.shared}, now=now)


async def _held(unit: Unit, person: Person, view_id: UUID) -> View:
    """The view, locked; one's own that is not shared, or a shared one that one may share."""
    view = await store.lock(unit, view_id)
    if view is None or (not view.shared and view.owner_id != person.user.id) or not _may_share(person, view):
        raise NotFound(f"there is no view {view_id} that you may change", where="path", mend="list them")
    return view


def _may_share(person: Person, view: View) -> bool:
    try:
        _require_share(person, view)
    except (Forbidden, NotFound):
        return False
    return True


def _require_share(person: Person, view: View) -> None:
    """Raise unless the view is one's own alone, or the person may share with its people."""
    if not view.shared:
        return
    action = Action.VIEW_SHARE_ALL if view.about_id is None else Action.VIEW_SHARE
    require(person.user, action, view.about_id, person.means)


async def _checked(unit: Unit, person: Person, view: View, old: View | None = None) -> View:
    name = check_name(view.name)
    if len(view.address) > LONGEST_ADDRESS or not _QUERY.fullmatch(view.address):
        raise Invalid(
            "the address is no query string",
            where="address",
            mend=f"give what stands behind the ? of the list's page, at most {LONGEST_ADDRESS} letters",
        )
    if view.about_id is not None and not view.shared:
        raise Invalid(
            "a view of your own is for no company", where="company_id", mend="leave it out, or share the view"
        )
    _require_share(person, view)
    is_new_there = old is None or (old.shared, old.about_id) != (view.shared, view.about_id)
    if is_new_there:
        await _check_room(unit, view)
    return msgspec.structs.replace(view, name=name)


async def _check_room(unit: Unit, view: View) -> None:
    there = await (store.count_shared(unit, view.about_id) if view.shared else store.count_own(unit, view.owner_id))
    most = MOST_SHARED if view.shared else MOST_OWN
    if there >= most:
        raise Conflicting(f"there are {most} views already", where="views", mend="remove one")


async def _audit(unit: Unit, action: AuditAction, view: View, detail: dict[str, object], *, now: datetime) -> None:
    await audit.write(unit, action, Resource("view", str(view.id)), detail, now=now)


def _plain(value: object) -> object:
    return str(value) if isinstance(value, UUID) else value
