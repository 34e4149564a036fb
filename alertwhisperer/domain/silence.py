"""Silence check: what must be heard from time to time, an integration or one heartbeat of it, and how it stands."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.severity import Severity

HEARTBEAT_SOURCE = "heartbeat"
"""The source each call of which is a beat, whatever the call says."""
HEARTBEAT_NOTE = "heartbeat"
"""The note of a noted occurrence that says nothing but that its sender lives, e.g. Alertmanager's Watchdog."""

DEFAULT_GRACE_S = 60
DEFAULT_SEVERITY = Severity.HIGH


class Mode(StrEnum):
    """Where the expected interval comes from."""

    OFF = "off"
    LEARNED = "learned"
    SET = "set"


class SilenceState(StrEnum):
    """How a check stands; only a silent one has an incident."""

    OFF = "off"
    LEARNING = "learning"  # not regular enough to expect anything
    WAITING = "waiting"  # expected, not heard yet
    HEARD = "heard"
    SILENT = "silent"


class Reason(StrEnum):
    """Why a check stands as it does."""

    TURNED_OFF = "turned_off"
    REMOVED = "removed"
    FEW_BEATS = "few_beats"
    SHORT_TIME = "short_time"
    ONLY_ALERTS = "only_alerts"
    IRREGULAR = "irregular"
    TOO_SLOW = "too_slow"
    NOT_HEARD_YET = "not_heard_yet"
    IN_TIME = "in_time"
    NOT_LISTENING = "not_listening"
    OVERDUE = "overdue"


class Rhythm(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    What was observed of arrivals; times are seconds.

    Attributes:
        since: the first beat of what is remembered.
        last: the last beat; an arrival soon after it is the same beat.
        gaps: between beats, oldest first; without those in which we did not listen.
        arrivals, firing: how many arrived, and how many of these said that something is wrong.
        late: gaps left out because they were longer than expected; `calm`: beats in time since the last of them.
    """

    since: datetime | None = None
    last: datetime | None = None
    gaps: tuple[float, ...] = ()
    arrivals: int = 0
    firing: int = 0
    late: int = 0
    calm: int = 0


@dataclass(frozen=True, slots=True)
class Listening:
    """
    When this installation could hear.

    Attributes:
        since: it has listened without a gap from here.
        seen_at: and was last known to, here.
    """

    since: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class SilenceCheck:
    """
    One thing that must be heard.

    Attributes:
        id: the integration's, or the hash of the heartbeat's problem.
        problem: the heartbeat's; None: whatever the integration sends.
        is_heartbeat: what is heard is sent in order to be heard, so few beats tell its interval.
        name: the integration's, or the heartbeat's.
        integration: the integration's name.
        in_use: the integration was not removed.
        interval_s: as set; None otherwise.
        reason: why `state` is what it is.
        expected_since: nothing was expected before: made, turned on or changed here.
        quiet_since: of a silent one: nothing was heard after this.
        changed_at: of the state.
        episode: when the silence was noticed that our alert is about; None when there is no such alert.
        told: whether that alert says what `state` says.
    """

    company_id: CompanyId
    id: UUID
    integration_id: UUID
    problem: UUID | None
    is_heartbeat: bool
    name: str
    integration: str
    in_use: bool
    mode: Mode
    interval_s: int | None
    grace_s: int
    severity: Severity
    state: SilenceState
    reason: Reason
    heard_at: datetime | None
    expected_since: datetime
    quiet_since: datetime | None
    changed_at: datetime
    episode: datetime | None
    told: bool
    rhythm: Rhythm
    created_at: datetime

    @property
    def grace(self) -> timedelta:
        """How much later than the interval is still in time."""
        return timedelta(seconds=self.grace_s)


@dataclass(frozen=True, slots=True)
class NewCheck:
    """A check to begin with: learned, so that it says nothing before something regular was heard."""

    id: UUID
    integration_id: UUID
    problem: UUID | None
    is_heartbeat: bool
    name: str

    @classmethod
    def of_integration(cls, integration_id: UUID, source: str, name: str) -> "NewCheck":
        """The check that every integration has."""
        return cls(integration_id, integration_id, None, source == HEARTBEAT_SOURCE, name)

    @classmethod
    def of_heartbeat(cls, integration_id: UUID, problem: UUID, name: str) -> "NewCheck":
        """The check of one heartbeat among what an integration sends."""
        return cls(problem, integration_id, problem, True, name)
