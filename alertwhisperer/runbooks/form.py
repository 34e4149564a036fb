"""The form of a runbook's file: which tables and keys it has. What they mean together is checked in reading.py."""

from typing import Annotated

import msgspec
from msgspec import Meta

from alertwhisperer.domain.approval import Risk
from alertwhisperer.domain.runbook import ParameterKind, Platform

LONGEST_SCRIPT = 65_536
LONGEST_TIMEOUT_S = 3_600

Line = Annotated[str, Meta(min_length=1, max_length=500, pattern=r"\A[^\x00-\x1f\x7f]+\Z")]
Title = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"\A[^\x00-\x1f\x7f]+\Z")]
Glob = Annotated[str, Meta(min_length=2, max_length=200, pattern=r"\A[^\x00-\x1f\x7f]+\Z")]
Tag = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"\A[^\x00-\x1f\x7f]+\Z")]
Program = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._+-]{0,63}\Z")]
Code = Annotated[str, Meta(min_length=1, max_length=LONGEST_SCRIPT)]


class AppliesForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[applies]`."""

    signatures: Annotated[tuple[Glob, ...], Meta(max_length=50)]
    tags: Annotated[tuple[Tag, ...], Meta(max_length=20)] = ()


class BlastForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[blast]`."""

    at_once: Annotated[int, Meta(ge=1, le=50)] = 1
    stop_at_failed_pct: Annotated[int, Meta(ge=0, le=100)] = 0
    most_targets: Annotated[int, Meta(ge=1, le=500)] = 20


class ParameterForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[parameters.NAME]`."""

    kind: ParameterKind
    description: Line
    default: str | int | None = None
    choices: Annotated[tuple[str, ...], Meta(max_length=50)] = ()
    least: int | None = None
    most: int | None = None
    longest: Annotated[int, Meta(ge=1, le=4_096)] = 256
    suggested_from: Annotated[
        tuple[Annotated[str, Meta(pattern=r"\A(asset|signature|label:[A-Za-z0-9_.:/-]{1,100})\Z")], ...],
        Meta(max_length=10),
    ] = ()


class ScriptForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[precheck]`, `[snapshot]`, `[act]`, `[verify]`, `[undo]`."""

    script: Code
    timeout_s: Annotated[int, Meta(ge=1, le=LONGEST_TIMEOUT_S)]


class DrillForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[drill]`: either why there is none, or how it is done."""

    not_drilled: Annotated[str, Meta(max_length=500)] = ""
    needs: Annotated[tuple[Program, ...], Meta(max_length=20)] = ()
    prepare: Annotated[str, Meta(max_length=LONGEST_SCRIPT)] = ""
    breaks: Annotated[str, Meta(max_length=LONGEST_SCRIPT)] = ""
    state: Annotated[str, Meta(max_length=LONGEST_SCRIPT)] = ""
    parameters: dict[str, str | int] = {}


class RunbookForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    format: Annotated[int, Meta(ge=1, le=1)]
    version: Annotated[int, Meta(ge=1, le=1_000_000)]
    title: Title
    summary: Line
    platform: Platform
    risk: Risk
    risk_reason: Line
    changes: bool
    applies: AppliesForm
    precheck: ScriptForm
    act: ScriptForm
    drill: DrillForm
    irreversible: Annotated[str, Meta(max_length=500)] = ""
    blast: BlastForm = BlastForm()
    parameters: Annotated[dict[str, ParameterForm], Meta(max_length=30)] = {}
    snapshot: ScriptForm | None = None
    verify: ScriptForm | None = None
    undo: ScriptForm | None = None
