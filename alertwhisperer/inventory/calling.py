"""Whom to call about some assets: contacts of the company and of their sites, and what people wrote to heed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from alertwhisperer.domain.asset import canonical
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.inventory import Contact, Site
from alertwhisperer.inventory.fields import DAYS
from alertwhisperer.inventory.importing import read_calendar
from alertwhisperer.store import asset_names, assets, contacts, sites
from alertwhisperer.store.database import Unit

_MOST_CONTACTS = 50
_ALWAYS = ("24/7", "24x7", "always", "any time", "anytime")


@dataclass(frozen=True, slots=True)
class Reachable:
    """A contact, and whether they are there now; None where nobody said so in a way that can be read."""

    contact: Contact
    now: bool | None


@dataclass(frozen=True, slots=True)
class Heed:
    """What people wrote to heed about an asset or a site."""

    about: str
    text: str


@dataclass(frozen=True, slots=True)
class Calling:
    """Those of the assets' sites first, then those of the whole company."""

    contacts: tuple[Reachable, ...]
    warnings: tuple[Heed, ...]


async def whom_to_call(unit: Unit, names: Sequence[str], *, zone: ZoneInfo, now: datetime) -> Calling:
    """
    Whom to call about assets.

    Args:
        names: as alerts give them.
        zone: of the company, for hours of contacts without a site.
    """
    known = await asset_names.among(unit, sorted({canonical(name) for name in names}))
    ids = sorted({one.asset_id for one in known.values() if one.asset_id is not None})
    things = sorted((await assets.among(unit, ids)).values(), key=lambda one: one.name)
    places = await sites.among(unit, sorted({one.site_id for one in things if one.site_id is not None}))
    found = await contacts.to_call(unit, list(places), limit=_MOST_CONTACTS)
    noted = [(one.name, one.notes) for one in things] + [(one.name, one.notes) for one in places.values()]
    return Calling(
        tuple(
            Reachable(one, reachable(one.hours, places.get(one.site_id) if one.site_id else None, zone, now))
            for one in found
        ),
        tuple(Heed(about, text) for about, text in noted if text.strip()),
    )


def reachable(hours: str, site: Site | None, zone: ZoneInfo, now: datetime) -> bool | None:
    """
    Whether somebody is there: by their own hours as far as these are days and times, else by their site's calendar.

    Returns:
        None where nobody said, or in words that are no days and times.
    """
    text = hours.strip().lower()
    if any(word in text for word in _ALWAYS):
        return True
    local = now.astimezone(zone if site is None else ZoneInfo(site.time_zone))
    if not text:
        return None if site is None else _is_open(site.calendar, local)
    try:
        return _is_open(read_calendar(text, ""), local)
    except Invalid:
        return None


def _is_open(calendar: Mapping[str, Any], local: datetime) -> bool | None:
    hours = calendar.get("hours") or {}
    if not hours:
        return None
    if local.date().isoformat() in calendar.get("holidays", ()):
        return False
    clock = local.strftime("%H:%M")
    return any(start <= clock < end for start, end in hours.get(DAYS[local.weekday()], ()))
