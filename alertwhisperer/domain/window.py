"""Maintenance window: a time in which alerts of some places open no incident, because what they say is expected."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from alertwhisperer.domain.errors import Invalid

MOST_WINDOWS = 500
"""Of one company that are not over; a version of its rules holds them all."""
MOST_SPANS = 400
MOST_PLACES = 200
LONGEST_NAME = 80
LONGEST_REASON = 500
LONGEST_SIGNATURE = 512
LONGEST_SPAN = timedelta(days=30)
"""Nobody may set a longer time than this, whatever the settings say."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Phase(StrEnum):
    """Where a window is in its life."""

    RUNNING = "running"
    COMING = "coming"
    PAST = "past"


class Span(msgspec.Struct, frozen=True):
    """
    One time of a window, [starts_at, ends_at), aware UTC, and what came of it once it is over.

    Attributes:
        settled_at: when the digest was written; the counts are 0 before.
        suppressed: alerts held back; criticals: those of them that were critical.
        firing: of them, those that still fired at the end; opened: incidents that these opened.
    """

    starts_at: datetime
    ends_at: datetime
    settled_at: datetime | None = None
    suppressed: int = 0
    criticals: int = 0
    firing: int = 0
    opened: int = 0


class MaintenanceWindow(msgspec.Struct, frozen=True):
    """
    A window as people made it.

    Attributes:
        sites, assets: where it holds; both empty: in the whole company.
        signatures: the checks that it holds for; empty: for all.
        recurrence: as `domain.recurrence` reads it; empty: it happens once.
        made_by: as the audit log names people.
        ended_at: when somebody ended it for good before its time.
    """

    id: UUID
    name: str
    reason: str
    sites: tuple[UUID, ...]
    assets: tuple[UUID, ...]
    signatures: tuple[str, ...]
    time_zone: str
    recurrence: str
    made_by: str
    made_at: datetime
    ended_at: datetime | None = None
    ended_by: str | None = None

    @property
    def is_whole_company(self) -> bool:
        """Whether it holds everywhere."""
        return not self.sites and not self.assets

    @property
    def hides_everything(self) -> bool:
        """Whether nothing of the company is heard while it runs."""
        return self.is_whole_company and not self.signatures


class HeldTime(msgspec.Struct, frozen=True, array_like=True):
    """
    A window as a version of the rules holds it: all that decides, resolved to what alerts carry.

    Attributes:
        assets: canonical own names; None: every asset.
        signatures: empty: every check.
        spans: [start, end) in microseconds since 1970, UTC, in order.
    """

    id: UUID
    name: str
    assets: tuple[str, ...] | None
    signatures: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]


def check_words(name: str, reason: str, signatures: Sequence[str]) -> tuple[str, str, tuple[str, ...]]:
    """
    Name, reason and checks as they are kept.

    Raises:
        Invalid: one of them is empty, too long, or cannot be printed.
    """
    name, reason = name.strip(), reason.strip()
    for text, longest, where in ((name, LONGEST_NAME, "name"), (reason, LONGEST_REASON, "reason")):
        if not 1 <= len(text) <= longest or not text.isprintable():
            raise Invalid(f"a {where} of 1 to {longest} printable characters is needed", where=where, mend="say why")
    checks = tuple(dict.fromkeys(one.strip() for one in signatures))
    if len(checks) > MOST_PLACES or any(not 1 <= len(one) <= LONGEST_SIGNATURE for one in checks):
        raise Invalid(
            f"a window may name {MOST_PLACES} checks of 1 to {LONGEST_SIGNATURE} characters",
            where="signatures",
            mend="name fewer, or leave them out: then it holds for all",
        )
    return name, reason, checks


def phase_of(spans: Sequence[Span], now: datetime) -> Phase:
    """Where a window with these times is now."""
    if any(one.starts_at <= now < one.ends_at for one in spans):
        return Phase.RUNNING
    return Phase.COMING if any(one.starts_at > now for one in spans) else Phase.PAST


def micros(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(count: int) -> datetime:
    """The moment that `micros` counted."""
    return _EPOCH + count * _MICROSECOND
