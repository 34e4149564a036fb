"""
Document: what a mapping may say, as types.

A mapping is data that a company writes, so nothing unknown is passed over: a misspelt key is an error with its place.
Values in a mapping document are looked up in a scope: `body`, `query`, `headers`, `raw`, `member` (one alert),
`parent` (what it was split from), `index`, and the names that `let` and `let_each` give.
"""

from typing import Literal

import msgspec


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of all parts: immutable, unknown keys refused."""


class Candidate(_Strict, frozen=True):
    """
    One way to find a value: exactly one of `path`, `template` and `constant`.

    Attributes:
        path: JMESPath into the scope.
        decode: steps applied to the text found, in order.
        then: JMESPath into what was decoded.
        match: RE2 regular expression; the value is what its group caught, absent when it does not match.
        group: number or name; 1 by default when the expression has a group, else the whole match.
        template: text with `{name}` for each of `values`; absent when one of them is. `{{` and `}}` are braces.
        values: the template's values.
        constant: the value itself.
    """

    path: str | None = None
    decode: list[Literal["json", "base64"]] = []
    then: str | None = None
    match: str | None = None
    group: int | str | None = None
    template: str | None = None
    values: "dict[str, str | Candidate | list[str | Candidate]]" = {}
    constant: str | None = None


Candidates = str | Candidate | list[str | Candidate]
"""In order of preference; a bare text is a path."""


class Test(_Strict, frozen=True):
    """
    A test of a value; exactly one of `is`, `folded`, `matches`, or a range of numbers.

    Attributes:
        is_: exactly this text.
        folded: this text in any case.
        matches: RE2 regular expression found somewhere in the text.
        least: numbers from here, included.
        most: numbers to here, included.
        below: numbers to here, excluded.
    """

    __test__ = False  # not a test of pytest's

    is_: str | None = msgspec.field(default=None, name="is")
    folded: str | None = None
    matches: str | None = None
    least: float | None = None
    most: float | None = None
    below: float | None = None


class SeverityEntry(Test, frozen=True, kw_only=True):
    """A row of the severity table."""

    gives: Literal["critical", "high", "medium", "low", "info"]


class StatusEntry(Test, frozen=True, kw_only=True):
    """A row of the status table; with `has`, it holds when that path has a value, whatever the status says."""

    gives: Literal["firing", "resolved", "noted"]
    has: str | None = None


class Severities(_Strict, frozen=True):
    """Rows in order, first match counts; a word that no row knows has its usual meaning, then `default`."""

    table: list[SeverityEntry] = []
    default: Literal["critical", "high", "medium", "low", "info"] | None = None


class Statuses(_Strict, frozen=True):
    """Rows in order, first match counts; a word that no row knows has its usual meaning, then `default`."""

    table: list[StatusEntry] = []
    default: Literal["firing", "resolved", "noted"] | None = None


class Times(_Strict, frozen=True):
    """
    How times are written.

    Attributes:
        formats: `strptime` formats, tried before RFC 3339 and epoch numbers.
        epoch: unit of numbers.
        zone: IANA name, for times that say none.
    """

    formats: list[str] = []
    epoch: Literal["auto", "s", "ms", "us", "ns"] = "auto"
    zone: str = "UTC"


class Identity(_Strict, frozen=True):
    """
    What makes two alerts the same; each list is hashed, absent values count as empty.

    Attributes:
        problem: the same check on the same asset for ever; asset, signature and source when it is empty.
        cycle: this firing cycle.
        labels_except: when given, all labels but these are part of the problem as well.
    """

    problem: list[Candidates] = []
    cycle: list[Candidates] = []
    labels_except: list[str] | None = None


class Copy(_Strict, frozen=True):
    """A subtree that becomes labels, flat, each name behind the prefix and a dot."""

    path: str
    prefix: str = ""


class Labels(_Strict, frozen=True):
    """Labels: subtrees copied, single ones set, then renamed, then dropped (a final `*` stands for any ending)."""

    copy: list[str | Copy] = []
    set: dict[str, Candidates] = {}
    rename: dict[str, str] = {}
    drop: list[str] = []


class Condition(Test, frozen=True, kw_only=True):
    """A test of the first candidate that has a value; or whether one has."""

    value: Candidates
    present: bool | None = None


class Filter(_Strict, frozen=True):
    """
    Alerts that change nothing, when all conditions hold.

    Attributes:
        name: shown as the reason.
        when: conditions; all must hold.
        do: `note` keeps the alert's content, `drop` keeps only that there was one.
    """

    name: str
    when: list[Condition]
    do: Literal["note", "drop"] = "note"


class Fields(_Strict, frozen=True):
    """Candidates of each target field; `asset` and `signature` are needed."""

    asset: Candidates
    signature: Candidates
    message: Candidates = []
    severity: Candidates = []
    status: Candidates = []
    source: Candidates = []
    started_at: Candidates = []
    ended_at: Candidates = []


class Document(_Strict, frozen=True):
    """
    A mapping.

    Attributes:
        fields: where each target field comes from.
        version: of this format.
        let: names for values of the whole request, each usable by the next and by `each`.
        each: path of the list of alerts, or several, each relative to the `member` before; none: the body is one alert.
        let_each: names for values of one alert.
        links: console, runbook, …: candidates of their web addresses.
    """

    fields: Fields
    version: Literal[1] = 1
    let: dict[str, Candidate] = {}
    each: str | list[str] = []
    let_each: dict[str, Candidate] = {}
    severity: Severities = Severities()
    status: Statuses = Statuses()
    time: Times = Times()
    identity: Identity = Identity()
    labels: Labels = Labels()
    links: dict[str, Candidates] = {}
    filters: list[Filter] = []
