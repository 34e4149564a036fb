"""
Explained: how a source that is told where things stand (a mapping) found each field, for the person who is writing it.
"""

from enum import StrEnum

import msgspec


class Why(StrEnum):
    """What became of a candidate."""

    TAKEN = "taken"
    NOT_NEEDED = "not needed: an earlier one has a value"
    NOTHING = "nothing is there"
    TEMPLATE = "a value of the template is absent"
    DECODE = "the text cannot be decoded"
    THEN = "nothing is there in what was decoded"
    MATCH = "the pattern does not match"
    CONTAINER = "an object or a list is there, and no text or number"
    BLANK = "the text is empty"
    PLACEHOLDER = "a placeholder that the tool did not fill in"
    WORD = "a word by which tools say that there is nothing"


class Candidate(msgspec.Struct, frozen=True):
    """
    One way to find a value.

    Attributes:
        written: as the mapping has it.
        found: what was there, cut short; of a candidate that was passed over, what its last good step gave.
    """

    written: str
    found: str
    why: Why


class Field(msgspec.Struct, frozen=True):
    """
    One field of an alert.

    Attributes:
        name: `asset`, `labels.set.team`, `identity.problem[0]`, …
        value: text of the candidate that was taken; None when none has a value.
        becomes: what the alert has in the end; None when it has nothing there, or was refused.
        by: what made that of the value, where something did: `severity.table[2]`, `the usual meaning`, …
        candidates: in the order in which they are tried.
    """

    name: str
    value: str | None
    becomes: str | None
    by: str = ""
    candidates: tuple[Candidate, ...] = ()


class Explained(msgspec.Struct, frozen=True):
    """
    One alert of a request.

    Attributes:
        index: 0-based, in the order of the body.
        fields: as far as the mapping may look.
        filter: name of the filter that held; "" when none did.
    """

    index: int
    fields: tuple[Field, ...]
    filter: str = ""
