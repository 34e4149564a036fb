"""Inventory: what a company has, where it stands, on what it stands, and whom to call about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

EdgeKind = Literal["depends_on", "runs_on", "connected", "member_of"]
EDGE_KINDS: tuple[EdgeKind, ...] = get_args(EdgeKind)

NameOrigin = Literal["own", "alias", "former", "merged", "seen"]

MOST_ALIASES = 20_000
"""Of a company: names that find an asset and are not its own. Each version of the rules keeps them all."""


@dataclass(frozen=True, slots=True)
class Site:
    """
    A place of a company.

    Attributes:
        time_zone: IANA name; the calendar is this zone's.
        calendar: `{"hours": {"mon": [["08:00", "18:00"]], …}, "holidays": ["2026-12-25", …]}`; a day without hours is
            closed, and no hours at all mean that nobody said.
        created_at: aware UTC, as all times here.
    """

    id: UUID
    name: str
    time_zone: str
    calendar: Mapping[str, object]
    address: str
    notes: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Asset:
    """
    A thing that can be unwell: a server, a switch, a website.

    Attributes:
        name: as people read it; what it is called elsewhere stands in `AssetName`.
        weight: 1 to 5; the business stops without one of 5.
        links: name → URL.
        site_id: None where nobody said.
        confirmed: whether a person said that it is there. One that only appeared in an alert is never a target.
        merged_into: the asset that this one turned out to be; it has no names and no edges of its own any more.
    """

    id: UUID
    name: str
    kind: str
    weight: int
    owner: str
    platform: str
    tags: tuple[str, ...]
    links: Mapping[str, str]
    notes: str
    site_id: UUID | None
    confirmed: bool
    merged_into: UUID | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AssetName:
    """
    A name that finds an asset.

    Attributes:
        name: as names are compared (`domain.asset.canonical`); one of a company's is one asset's at most.
        shown: as it was first written.
        origin: `own`, `alias` (a person said so), `former` (before a rename), `merged` (of an asset merged into this
            one), `seen` (in an alert, no asset yet).
        source: slug of the tool that spoke of it first; empty when a person gave it.
    """

    name: str
    asset_id: UUID | None
    shown: str
    origin: NameOrigin
    source: str
    added_at: datetime


@dataclass(frozen=True, slots=True)
class Edge:
    """What stands on what: `from_asset` depends on, runs on, or is a member of `to_asset`; `connected` has no first."""

    id: UUID
    from_asset: UUID
    to_asset: UUID
    kind: EdgeKind
    added_by: str
    added_at: datetime
    from_name: str = field(default="", compare=False)
    to_name: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Contact:
    """
    A person or desk of the company to call.

    Attributes:
        hours: when, in words.
        preferred_channel: how, in a word: `phone`, `email`, `slack`, …
        site_id: whose contact, where it is of one site only.
    """

    id: UUID
    name: str
    role: str
    email: str
    phone: str
    hours: str
    preferred_channel: str
    notes: str
    site_id: UUID | None
    created_at: datetime
