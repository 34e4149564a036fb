"""Brake: what keeps acts from starting, whatever was approved: a kill switch until released, a freeze for a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from alertwhisperer.domain.errors import Invalid

MOST_WINDOWS = 100
LONGEST_REASON = 500


class Reach(StrEnum):
    """For whom a brake holds."""

    COMPANY = "company"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class KillSwitch:
    """
    Nothing starts until it is released.

    Attributes:
        set_by: as the audit log says; empty for one that holds for all, when a company looks.
    """

    reach: Reach
    reason: str
    set_by: str
    set_at: datetime


@dataclass(frozen=True, slots=True)
class Window:
    """Nothing starts from `starts_at` until just before `ends_at`; both aware UTC."""

    starts_at: datetime
    ends_at: datetime
    reason: str

    def holds(self, now: datetime) -> bool:
        """Whether it is in force."""
        return self.starts_at <= now < self.ends_at


@dataclass(frozen=True, slots=True)
class Freeze:
    """A window, and for whom it holds."""

    reach: Reach
    window: Window


@dataclass(frozen=True, slots=True)
class Brakes:
    """
    What holds a company: its own brakes and those for all.

    Attributes:
        switches: at most one of each reach.
        freezes: those that have not ended, the first to start first.
    """

    switches: tuple[KillSwitch, ...]
    freezes: tuple[Freeze, ...]

    def frozen(self, now: datetime) -> Freeze | None:
        """The freeze that holds now."""
        return next((one for one in self.freezes if one.window.holds(now)), None)


def check_windows(windows: Sequence[Window], *, now: datetime) -> tuple[Window, ...]:
    """
    Windows as they are kept: by their start, without those that have ended.

    Raises:
        Invalid: too many, one that ends before it starts, or one without a reason.
    """
    if len(windows) > MOST_WINDOWS:
        raise Invalid(f"{len(windows)} windows are too many", where="windows", mend=f"keep to {MOST_WINDOWS}")
    for place, one in enumerate(windows):
        if one.ends_at <= one.starts_at:
            raise Invalid("a window must end after it starts", where=f"windows[{place}].to", mend="swap the moments")
        check_reason(one.reason, where=f"windows[{place}].reason")
    return tuple(sorted((one for one in windows if one.ends_at > now), key=lambda one: (one.starts_at, one.ends_at)))


def check_reason(reason: str, *, where: str = "reason") -> str:
    """The reason without the space around it; raises `Invalid` when there is none, or too much of it."""
    reason = reason.strip()
    if not 1 <= len(reason) <= LONGEST_REASON:
        raise Invalid(f"a reason of 1 to {LONGEST_REASON} characters is needed", where=where, mend="say why")
    return reason
