"""
Company setting: a value that a company has of its own, or of its group, or of the MSP, or of the product.

The nearest one holds. What is set for a company itself is its exception; the rest is inherited, so that a change at the
top reaches every company that did not ask for something else.
"""

import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import TypeAlias

from alertwhisperer.domain.approval import DEFAULT_MINUTES, LONGEST_MINUTES, SHORTEST_MINUTES, TwoApprovals
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.severity import Severity
from alertwhisperer.domain.silence import DEFAULT_GRACE_S, DEFAULT_SEVERITY, Mode

SettingValue: TypeAlias = int | str

MOST_PER_MINUTE = 1_000_000_000
MOST_BYTES_PER_MINUTE = 1_000_000_000_000
LONGEST_GRACE_S = 7 * 86_400
MOST_RUNS_PER_HOUR = 10_000
DEFAULT_RUNS_PER_HOUR = 30
DEFAULT_TARGET_RUNS_PER_HOUR = 3
SHORTEST_OUTPUT_DAYS = 7
LONGEST_OUTPUT_DAYS = 3_650
DEFAULT_OUTPUT_DAYS = 400
"""A year, and time to look at it afterwards."""

RUNS_PER_HOUR = "runs_per_hour"
TARGET_RUNS_PER_HOUR = "target_runs_per_hour"
RUN_OUTPUT_DAYS = "run_output_days"
"""Names of the settings that `remediate/` reads."""

WINDOW_HOURS_TECHNICIAN = "window_hours_technician"
WINDOW_HOURS = "window_hours"
"""Names of the settings that bound maintenance windows."""

DEFAULT_WINDOW_HOURS_TECHNICIAN = 8
DEFAULT_WINDOW_HOURS = 72
MOST_WINDOW_HOURS = 720

MIRRORED = ("time_zone", "requests_per_minute", "occurrences_per_minute", "bytes_per_minute")
"""Settings that the company's own row repeats, because the gateway reads them with every key."""


class Origin(StrEnum):
    """Where a value comes from, the farthest first."""

    DEFAULT = "default"
    MSP = "msp"
    GROUP = "group"
    COMPANY = "company"


@dataclass(frozen=True, slots=True)
class CompanySetting:
    """
    One setting that is inherited.

    Attributes:
        meaning: for people, with the unit.
        default: the product's.
        check: the value, or `Invalid` when it is of no use.
    """

    name: str
    meaning: str
    default: SettingValue
    check: Callable[[object], SettingValue]

    def read(self, text: str) -> SettingValue:
        """The value that a cell or an argument writes; raises `Invalid`."""
        text = text.strip()
        if isinstance(self.default, int) and text.isascii() and text.isdigit() and len(text) <= 15:
            return self.check(int(text))
        return self.check(text)


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody set at one level."""

    value: SettingValue
    set_by: str
    set_at: datetime


@dataclass(frozen=True, slots=True)
class Effective:
    """
    The value that holds.

    Attributes:
        group: the group's name, where the value is the group's; else empty.
        set_by: empty for a default; `set_at` is None then.
    """

    name: str
    value: SettingValue
    origin: Origin
    group: str = ""
    set_by: str = ""
    set_at: datetime | None = None

    @property
    def shown_origin(self) -> str:
        """Where it comes from, for people: `default`, `msp`, `group Retail`, `company`."""
        return f"group {self.group}" if self.origin is Origin.GROUP else self.origin.value


def check_zone(time_zone: object) -> str:
    """The time zone; raises `Invalid` when its name is not IANA's."""
    if not isinstance(time_zone, str) or time_zone not in _zones():
        raise Invalid(
            "this time zone is not known here", where="time_zone", mend="give an IANA name such as Europe/Berlin"
        )
    return time_zone


@cache
def _zones() -> frozenset[str]:
    """Read once, since looking through the zone files costs milliseconds; a machine without them still has UTC."""
    return frozenset(zoneinfo.available_timezones()) | {"UTC"}


def _whole(name: str, least: int, most: int) -> Callable[[object], SettingValue]:
    def check(value: object) -> SettingValue:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise Invalid(
                f"{name} must be {least} to {most}, not {str(value)[:40]!r}",
                where=name,
                mend="give a whole number in that range",
            )
        return value

    return check


def _word(name: str, words: tuple[str, ...]) -> Callable[[object], SettingValue]:
    def check(value: object) -> SettingValue:
        if not isinstance(value, str) or value not in words:
            raise Invalid(
                f"{str(value)[:40]!r} is no {name}", where=name, mend=f"use {', '.join(words[:-1])} or {words[-1]}"
            )
        return value

    return check


def _email_or_nothing(name: str) -> Callable[[object], SettingValue]:
    def check(value: object) -> SettingValue:
        text = value.strip().lower() if isinstance(value, str) else "?"
        if text and not (text.isprintable() and len(text) <= 254 and 0 < text.find("@") < len(text) - 1):
            raise Invalid(f"{name} is an e-mail or empty", where=name, mend="name a user who serves the company")
        return text

    return check


def _by_name(*settings: CompanySetting) -> Mapping[str, CompanySetting]:
    return MappingProxyType({one.name: one for one in settings})


SETTINGS: Mapping[str, CompanySetting] = _by_name(
    CompanySetting("time_zone", "IANA name; days of figures and reports are this zone's.", "UTC", check_zone),
    CompanySetting(
        "requests_per_minute",
        "Webhook requests admitted a minute, with a burst of the same.",
        60,
        _whole("requests_per_minute", 1, MOST_PER_MINUTE),
    ),
    CompanySetting(
        "occurrences_per_minute",
        "Members of their bodies a minute.",
        60_000,
        _whole("occurrences_per_minute", 1, MOST_PER_MINUTE),
    ),
    CompanySetting(
        "bytes_per_minute",
        "Bytes of their bodies a minute, decompressed.",
        104_857_600,
        _whole("bytes_per_minute", 1, MOST_BYTES_PER_MINUTE),
    ),
    CompanySetting(
        "silence_mode",
        "What a new integration is expected to do: `learned` notices when it falls silent, `off` does not.",
        Mode.LEARNED.value,
        _word("silence_mode", (Mode.OFF.value, Mode.LEARNED.value)),
    ),
    CompanySetting(
        "silence_grace_s",
        "Seconds that a heartbeat may be late before it is silence.",
        DEFAULT_GRACE_S,
        _whole("silence_grace_s", 0, LONGEST_GRACE_S),
    ),
    CompanySetting(
        "silence_severity",
        "How bad silence is.",
        DEFAULT_SEVERITY.word,
        _word("silence_severity", tuple(one.word for one in reversed(Severity))),
    ),
    CompanySetting(
        "senior_technician",
        "Whose word counts for high risk beside an MSP admin's: the e-mail of somebody who serves the company; empty: "
        "nobody's.",
        "",
        _email_or_nothing("senior_technician"),
    ),
    CompanySetting(
        "auto_approve_low",
        "Whether an act of low risk may start without an approval: `yes` or `no`.",
        "no",
        _word("auto_approve_low", ("yes", "no")),
    ),
    CompanySetting(
        "two_approvals",
        "Which acts two people must agree to: `never`, of `high` risk, of `medium` and high risk.",
        TwoApprovals.NEVER.value,
        _word("two_approvals", tuple(one.value for one in TwoApprovals)),
    ),
    CompanySetting(
        "approval_minutes",
        "Minutes that a request for approval may wait for its answer and its start.",
        DEFAULT_MINUTES,
        _whole("approval_minutes", SHORTEST_MINUTES, LONGEST_MINUTES),
    ),
    CompanySetting(
        RUNS_PER_HOUR,
        "Runs that may start in an hour in the company; what is over it waits.",
        DEFAULT_RUNS_PER_HOUR,
        _whole(RUNS_PER_HOUR, 0, MOST_RUNS_PER_HOUR),
    ),
    CompanySetting(
        TARGET_RUNS_PER_HOUR,
        "Runs that the product itself may start in an hour on one asset.",
        DEFAULT_TARGET_RUNS_PER_HOUR,
        _whole(TARGET_RUNS_PER_HOUR, 0, MOST_RUNS_PER_HOUR),
    ),
    CompanySetting(
        RUN_OUTPUT_DAYS,
        "Days that what scripts of runs printed is kept after their end; that they ran stays for ever.",
        DEFAULT_OUTPUT_DAYS,
        _whole(RUN_OUTPUT_DAYS, SHORTEST_OUTPUT_DAYS, LONGEST_OUTPUT_DAYS),
    ),
    CompanySetting(
        WINDOW_HOURS_TECHNICIAN,
        "Hours that a technician's maintenance window may last.",
        DEFAULT_WINDOW_HOURS_TECHNICIAN,
        _whole(WINDOW_HOURS_TECHNICIAN, 0, MOST_WINDOW_HOURS),
    ),
    CompanySetting(
        WINDOW_HOURS,
        "Hours that one time of anybody's maintenance window may last.",
        DEFAULT_WINDOW_HOURS,
        _whole(WINDOW_HOURS, 0, MOST_WINDOW_HOURS),
    ),
)
"""Every setting that is inherited, in the order in which doors show them."""


def known(name: str) -> CompanySetting:
    """The setting of this name; raises `Invalid` when there is none."""
    if name not in SETTINGS:
        raise Invalid(
            f"there is no setting {name[:40]!r}", where="name", mend=f"the settings are {', '.join(SETTINGS)}"
        )
    return SETTINGS[name]


def check_all(given: Mapping[str, object]) -> dict[str, SettingValue]:
    """What was given, each by its setting's own check; raises `Invalid`."""
    return {name: known(name).check(value) for name, value in given.items()}


def effective(
    msp: Mapping[str, Given], group: Mapping[str, Given], own: Mapping[str, Given], *, group_name: str = ""
) -> tuple[Effective, ...]:
    """
    The value of every setting, the nearest that was set.

    Args:
        msp, group, own: what was set at each level, by the setting's name.
        group_name: of the group; unused when there is none.
    """
    found: list[Effective] = []
    for setting in SETTINGS.values():
        for origin, level in ((Origin.COMPANY, own), (Origin.GROUP, group), (Origin.MSP, msp)):
            given = level.get(setting.name)
            if given is not None:
                name = group_name if origin is Origin.GROUP else ""
                found.append(Effective(setting.name, given.value, origin, name, given.set_by, given.set_at))
                break
        else:
            found.append(Effective(setting.name, setting.default, Origin.DEFAULT))
    return tuple(found)
