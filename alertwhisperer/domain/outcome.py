"""
What becomes of an occurrence, and why: closed lists, stored as numbers, shown as words.

The outcomes are the ledger's columns: each occurrence received has exactly one, so their sum is what was received.
Numbers are stored for ever: add at the end, never renumber.
"""

from enum import IntEnum


class Outcome(IntEnum):
    """The one fate of an occurrence."""

    NEW = 1  # began an alert (or a new cycle of one)
    REPEAT = 2  # said again what a firing alert already says
    RESOLVE = 3  # ended an alert, or is kept as the end of one that we never saw begin
    STALE = 4  # older than what is known; changes nothing
    NOTED = 5  # a test, an update, information; changes nothing
    REJECTED = 6  # the parser could name what is wrong with it
    QUARANTINED = 7  # could not be read; waits to be run again
    PENDING = 8  # accepted, not decided yet

    @property
    def word(self) -> str:
        """The ledger's column name."""
        return self.name.lower()


class Reason(IntEnum):
    """Why an occurrence had its outcome and, for a new alert, how its incident was found."""

    # how a new alert found its incident
    OPENED_FIRST = 1
    OPENED_AFTER_WINDOW = 2
    OPENED_AFTER_LIFE = 3
    OPENED_AFTER_REOPEN = 4
    JOINED_WINDOW = 5
    JOINED_SAME_PROBLEM = 6
    JOINED_PERSONS_CHOICE = 7
    REOPENED_IN_TIME = 8
    FORMING = 9
    SUPPRESSED = 10
    OPENED_OUT_OF_WINDOW = 11
    # repeats
    REPEAT_FIRING = 20
    REPEAT_AFTER_PERSON_RESOLVED = 21
    REPEAT_REOPENED_WORSE = 22
    REPEAT_STILL_FIRING = 23
    REPEAT_COMPLETED_COUNT = 24
    REPEAT_SUPPRESSED = 25
    REPEAT_OUTLASTED_WINDOW = 26
    # resolves
    RESOLVED_ALERT = 30
    RESOLVED_LAST = 31
    RESOLVED_LAST_HELD = 32
    RESOLVED_UNKNOWN = 33
    RESOLVED_AGAIN = 34
    RESOLVED_SUPPRESSED = 35
    # stale
    STALE_OLDER_THAN_RESOLVE = 40
    STALE_OLDER_CYCLE = 41
    STALE_RESOLVE_OTHER_CYCLE = 42
    STALE_RESOLVE_BEFORE_START = 43
    STALE_CYCLE_RESOLVED = 44
    # no decision to make
    NOTED = 50
    REJECTED = 51
    QUARANTINED = 52

    @property
    def code(self) -> str:
        """The name that receipts and doors show."""
        return self.name.lower()


_SENTENCES: dict[Reason, str] = {
    Reason.OPENED_FIRST: "It opened an incident: nothing with this aggregation key was open.",
    Reason.OPENED_AFTER_WINDOW: "It opened an incident: the last one with this key had been quiet for longer than the "
    "rule's window.",
    Reason.OPENED_AFTER_LIFE: "It opened an incident: the last one with this key had reached the rule's longest life.",
    Reason.OPENED_AFTER_REOPEN: "It opened an incident: the last one with this key was resolved longer ago than the "
    "reopen window.",
    Reason.JOINED_WINDOW: "It joined the open incident with the same aggregation key, inside the rule's window.",
    Reason.JOINED_SAME_PROBLEM: "It joined the incident that holds the same problem's earlier cycle, which was still "
    "firing.",
    Reason.JOINED_PERSONS_CHOICE: "It joined the incident that a person had moved this problem to.",
    Reason.REOPENED_IN_TIME: "It reopened the incident: it was resolved less than the reopen window ago.",
    Reason.FORMING: "It is kept and counted; the rule wants more occurrences before an incident opens.",
    Reason.SUPPRESSED: "A maintenance window held it back: it is kept and counted, and opened no incident. What still "
    "fires when the window ends opens one.",
    Reason.OPENED_OUT_OF_WINDOW: "It opened the incident that a maintenance window had held back for earlier alerts: "
    "no window holds this one.",
    Reason.REPEAT_FIRING: "The alert already fires; its counter was raised.",
    Reason.REPEAT_AFTER_PERSON_RESOLVED: "The alert still fires in an incident that a person resolved a moment ago; "
    "counted, not reopened.",
    Reason.REPEAT_REOPENED_WORSE: "The alert became worse than the incident that a person resolved; it was reopened.",
    Reason.REPEAT_STILL_FIRING: "The alert still fires long after a person resolved its incident; a new one "
    "was opened.",
    Reason.REPEAT_COMPLETED_COUNT: "With this repeat the rule's least count was reached, and the incident opened.",
    Reason.REPEAT_SUPPRESSED: "The alert would have opened an incident with this repeat; a maintenance window held it "
    "back.",
    Reason.REPEAT_OUTLASTED_WINDOW: "The alert fires although the maintenance window is over; its incident opened.",
    Reason.RESOLVED_ALERT: "The alert ended; others of its incident still fire.",
    Reason.RESOLVED_LAST: "The alert ended; it was the last of its incident, which is resolved.",
    Reason.RESOLVED_LAST_HELD: "The alert ended; it was the last of its incident, which resolves after the rule's hold "
    "unless something fires.",
    Reason.RESOLVED_UNKNOWN: "A resolve for a problem that never fired here; kept, so that a late firing "
    "cannot open it.",
    Reason.RESOLVED_AGAIN: "The alert had ended before; nothing changed.",
    Reason.RESOLVED_SUPPRESSED: "The alert ended while a maintenance window held it back; no incident was opened.",
    Reason.STALE_OLDER_THAN_RESOLVE: "A late firing: it began before the resolve that is already known.",
    Reason.STALE_OLDER_CYCLE: "It speaks of an older cycle than the one that fires.",
    Reason.STALE_RESOLVE_OTHER_CYCLE: "It resolves another cycle than the one that fires.",
    Reason.STALE_RESOLVE_BEFORE_START: "A late resolve: it ended before the present cycle began.",
    Reason.STALE_CYCLE_RESOLVED: "A late firing of a cycle that is already resolved.",
    Reason.NOTED: "A test, an update or information: stored and counted, changes nothing.",
    Reason.REJECTED: "The sender's member is not usable; the receipt says what and where.",
    Reason.QUARANTINED: "It could not be read; it is kept whole and can be run again.",
}


def sentence(reason: Reason) -> str:
    """The reason in words, for people."""
    return _SENTENCES[reason]
