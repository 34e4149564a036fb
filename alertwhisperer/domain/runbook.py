"""
Runbook: what mends one kind of fault, as data: whom it applies to, what it is given, what it runs, how it is undone.

`runbooks/` reads and checks the files; `remediate/` chooses, plans and carries out; `executors/` run a `Script` on a
target and know nothing of runbooks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from alertwhisperer.domain.approval import Risk

READY = 0
"""What a precheck exits with when the act may go on."""

NOT_NEEDED = 10
"""What a precheck exits with when there is nothing to mend: the run ends well without an act."""


class Platform(StrEnum):
    """What a target runs, as the inventory says it."""

    LINUX = "linux"
    WINDOWS = "windows"


class Shell(StrEnum):
    """What reads a script; each platform has one."""

    SH = "sh"
    """POSIX sh: no bashism, since a container and a router have no bash."""
    POWERSHELL = "powershell"


class ParameterKind(StrEnum):
    """The type of a parameter, which says by itself which values are safe and sensible."""

    UNIT = "unit"
    """A service: systemd unit or Windows service name."""
    PATH = "path"
    """An absolute path without `..`."""
    INTEGER = "integer"
    ADDRESS = "address"
    """An IPv4 or IPv6 address."""
    HOST = "host"
    """A host name or an address."""
    URL = "url"
    """http or https, without user or password."""
    CHOICE = "choice"
    WORD = "word"
    """Letters, digits, `.`, `_`, `-`, `:`, `@`; it does not begin with `-`."""
    TEXT = "text"
    """Free text of one line; still no NUL, CR, LF, `{{` or leading `-`."""


class Phase(StrEnum):
    """What a script of a runbook is for, in the order in which they run."""

    PRECHECK = "precheck"
    """Whether it may go on: changes nothing, exits with `READY`, `NOT_NEEDED`, or else it stops."""
    SNAPSHOT = "snapshot"
    """Writes to standard output what `undo` needs; changes nothing."""
    ACT = "act"
    VERIFY = "verify"
    """An independent probe of the symptom: 0 means that it is gone."""
    UNDO = "undo"
    """Gets the snapshot as the file that the variable `AW_SNAPSHOT` names."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """
    What a script is given, as the environment variable `AW_` + name in capitals; never pasted into the script.

    Attributes:
        name: `[a-z][a-z0-9_]{0,39}`.
        default: taken when nobody says one; None means that one is required.
        choices: of a `choice`.
        least, most: of an `integer`.
        longest: characters of the others.
        suggested_from: fields of an alert that a company MAY allow as its origin (`label:service`, `asset`,
            `signature`): allowed only when the company's own list says so too.
        allowed: that list: the values that an alert may hand over in this company. Empty in a file; the company's
            override fills it.
    """

    name: str
    kind: ParameterKind
    description: str
    default: str | None = None
    choices: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    longest: int = 256
    suggested_from: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Script:
    """
    Bytes that a shell reads.

    Attributes:
        timeout_s: after this many seconds it is ended, and counts as failed.
    """

    body: bytes = field(repr=False)
    timeout_s: int


@dataclass(frozen=True, slots=True)
class Applies:
    """
    For which alerts a runbook is a candidate. Empty means: none of this kind is asked for.

    Attributes:
        signatures: globs (`*`, `?`) over the alert's signature, case-folded.
        tags: the asset must carry each.
    """

    signatures: tuple[str, ...]
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Blast:
    """
    How far one run may go.

    Attributes:
        at_once: targets at one time, 1 to 50.
        stop_at_failed_pct: once more than this share of the targets begun has failed, none is begun any more; 0 to 100.
        most_targets: more are refused when it is planned.
    """

    at_once: int = 1
    stop_at_failed_pct: int = 0
    most_targets: int = 20


@dataclass(frozen=True, slots=True)
class Drill:
    """
    How a runbook is tried in a throwaway root.

    Attributes:
        not_drilled: why it cannot be drilled by us (Windows, a network device); empty where it can.
        needs: programs that the throwaway root must have (`nginx`, `systemctl`).
        prepare, breaks: scripts that build the healthy state and break it.
        state: a script that prints the state which must be equal after undo.
        parameters: that the drill is run with.
    """

    not_drilled: str = ""
    needs: tuple[str, ...] = ()
    prepare: bytes = field(default=b"", repr=False)
    breaks: bytes = field(default=b"", repr=False)
    state: bytes = field(default=b"", repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Runbook:
    """
    One runbook, checked.

    Attributes:
        slug: its name, `[a-z][a-z0-9-]{2,63}`; version: counts from 1 and goes up with each change of the file.
        hash: SHA-256 (hex) over the file's bytes: what is approved and certified.
        risk_reason: why it is as risky as it is.
        irreversible: why it cannot be undone; empty exactly when there is an `undo` or when it changes nothing.
            A runbook that changes something and cannot be undone is never of low risk.
        changes: False for a report or a check, which has precheck and act, no snapshot, no undo.
        scripts: `ACT` always; `VERIFY` always when it changes something.
    """

    slug: str
    version: int
    title: str
    summary: str
    platform: Platform
    shell: Shell
    applies: Applies
    parameters: tuple[Parameter, ...]
    risk: Risk
    risk_reason: str
    changes: bool
    irreversible: str
    scripts: Mapping[Phase, Script]
    blast: Blast
    drill: Drill
    hash: str


@dataclass(frozen=True, slots=True)
class Override:
    """
    What a company wants otherwise in a runbook: never its scripts, and its risk only upwards.

    Attributes:
        risk: at least this; None leaves it.
        disabled: it is no candidate in this company, and nobody starts it.
        parameters: other values where nobody says one.
        allowed: by parameter, the values that an alert may hand over.
        note: why, for whoever reads it.
    """

    risk: Risk | None = None
    disabled: bool = False
    parameters: Mapping[str, str] = field(default_factory=dict)
    allowed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    note: str = ""
