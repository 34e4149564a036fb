"""Words that options choose from, as the product's enums have them."""

from collections.abc import Sequence
from enum import StrEnum

from alertwhisperer.domain.severity import Severity
from alertwhisperer.domain.state import AlertStatus


class AlertWord(StrEnum):
    """Whether an alert holds."""

    FIRING = AlertStatus.FIRING.word
    RESOLVED = AlertStatus.RESOLVED.word


class SeverityWord(StrEnum):
    """How bad, the worst first."""

    CRITICAL = Severity.CRITICAL.word
    HIGH = Severity.HIGH.word
    MEDIUM = Severity.MEDIUM.word
    LOW = Severity.LOW.word
    INFO = Severity.INFO.word


class IncidentWord(StrEnum):
    """Where an incident stands."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    MERGED = "merged"


class QuarantineWord(StrEnum):
    """What became of a unit in quarantine."""

    WAITING = "waiting"
    RERUN = "rerun"
    DISCARDED = "discarded"


def severities(words: Sequence[SeverityWord] | None) -> tuple[Severity, ...]:
    """The severities that were chosen."""
    return tuple(Severity[word.name] for word in words or ())
