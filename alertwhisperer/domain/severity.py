"""Severity: five steps, ordered, with the words that tools use for them."""

import re
from enum import IntEnum


class Severity(IntEnum):
    """How bad; a higher number is worse, so that the worst of several is their maximum."""

    INFO = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5

    @property
    def word(self) -> str:
        """The name that doors show: `critical` … `info`."""
        return self.name.lower()


_WORDS: dict[Severity, str] = {
    Severity.CRITICAL: "critical crit fatal emergency emerg panic alert disaster page p0 p1 sev0 sev1 s1 blocker down",
    Severity.HIGH: "high error err major severe serious urgent p2 sev2 s2",
    Severity.MEDIUM: "medium moderate average warning warn degraded trouble ticket p3 sev3 s3",
    Severity.LOW: "low minor notice unusual p4 sev4 s4",
    Severity.INFO: "info information informational debug trace verbose none ok p5 sev5 notclassified",
}
_BY_WORD: dict[str, Severity] = {word: severity for severity, words in _WORDS.items() for word in words.split()}
_NOISE = re.compile(r"[-_\s()\[\]{}<>]")


def from_word(text: str) -> Severity | None:
    """
    The severity that a tool's word stands for; None when the word is not known.

    Numbers are never mapped here: 5 is the worst for one tool and the least for another, so a source has its own table.
    """
    return _BY_WORD.get(_NOISE.sub("", text).casefold())
