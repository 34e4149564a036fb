"""
Reads a runbook's file strictly, and says what is wrong on which line; the prebuilt ones lie in `library/`.

It knows no database: a company's own files are handed in by `remediate/shelf.py`.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import TypeVar

import msgspec

from alertwhisperer.domain.approval import Risk
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.runbook import (
    Applies,
    Blast,
    Drill,
    Parameter,
    ParameterKind,
    Phase,
    Platform,
    Runbook,
    Script,
    Shell,
)
from alertwhisperer.runbooks.form import ParameterForm, RunbookForm, ScriptForm
from alertwhisperer.runbooks.parameters import check_value

MOST_BYTES = 262_144
_SLUG = re.compile(r"[a-z][a-z0-9-]{2,63}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_VARIABLE = re.compile(r"\bAW_([A-Z0-9_]+)")
_SNAPSHOT = "SNAPSHOT"  # the variable of the snapshot's file: no parameter may have its name
_AT = re.compile(r"\(at line (\d+), column \d+\)|\(at end of document\)")
_SHELLS = {Platform.LINUX: Shell.SH, Platform.WINDOWS: Shell.POWERSHELL}
_SUFFIX = ".toml"
_Form = TypeVar("_Form")


def read(text: bytes, name: str) -> Runbook:
    """
    The runbook that a file holds.

    Args:
        text: the file's bytes; the hash is made of them.
        name: its slug; a file name may stand here, `.toml` is then left off.

    Raises:
        Invalid: `where` is `NAME:LINE` and the field, `mend` what to write instead.
    """
    slug = name.removesuffix(_SUFFIX)
    if not _SLUG.fullmatch(slug):
        raise Invalid(
            f"{slug[:80]!r} is no name of a runbook",
            where="name",
            mend="3 to 64 letters a-z, digits and hyphens, a letter first",
        )
    if len(text) > MOST_BYTES:
        raise Invalid(f"the file has {len(text)} bytes", where=slug, mend=f"at most {MOST_BYTES} bytes")
    return _read(bytes(text), slug)


@cache
def library() -> Mapping[str, Runbook]:
    """The prebuilt runbooks by slug, in the slugs' order; read once a process."""
    found = {
        file.name.removesuffix(_SUFFIX): read(file.read_bytes(), file.name)
        for file in files("alertwhisperer.runbooks").joinpath("library").iterdir()
        if file.name.endswith(_SUFFIX)
    }
    return MappingProxyType(dict(sorted(found.items())))


def source_of(slug: str) -> bytes:
    """The bytes of a prebuilt runbook's file; raises `KeyError` when there is none."""
    if slug not in library():
        raise KeyError(slug)
    return files("alertwhisperer.runbooks").joinpath("library", slug + _SUFFIX).read_bytes()


@lru_cache(maxsize=512)  # companies' own files are read on each look at their shelf
def _read(text: bytes, slug: str) -> Runbook:
    source = _text_of(text, slug)
    form = _form_of(source, slug)
    for where, wrong, mend in _faults(form):
        raise Invalid(wrong, where=_where(source, slug, where), mend=mend)
    return _runbook(form, slug, hashlib.sha256(text).hexdigest())


def _text_of(text: bytes, slug: str) -> str:
    try:
        source = text.decode()
    except UnicodeDecodeError as failure:
        line = text[: failure.start].count(b"\n") + 1
        raise Invalid("this is not UTF-8", where=f"{slug}:{line}", mend="save the file as UTF-8") from failure
    for sign, called in (("\0", "a NUL"), ("\r", "a carriage return"), ("\ufeff", "a byte order mark")):
        if sign in source:
            line = source[: source.index(sign)].count("\n") + 1
            raise Invalid(f"it holds {called}", where=f"{slug}:{line}", mend="lines end with a line feed alone")
    return source


def _form_of(source: str, slug: str) -> RunbookForm:
    try:
        given = tomllib.loads(source)
    except tomllib.TOMLDecodeError as failure:
        at = _AT.search(str(failure))
        line = at[1] if at and at[1] else str(source.count("\n") + 1)  # the end of the file
        wrong = _AT.sub("", str(failure)).strip()
        raise Invalid(f"this is no TOML: {wrong}", where=f"{slug}:{line}", mend="see docs/runbooks.md") from failure
    except RecursionError as failure:
        raise Invalid("it is nested too deeply", where=slug, mend="see docs/runbooks.md") from failure
    parameters = given.get("parameters")
    if isinstance(parameters, dict):
        # First and one by one: the library does not say in which entry of a table it met what is wrong.
        for name, parameter in parameters.items():
            _converted(parameter, ParameterForm, source, slug, f"parameters.{name}")
    return _converted(given, RunbookForm, source, slug, "")


def _converted(given: object, kind: type[_Form], source: str, slug: str, inside: str) -> _Form:
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as failure:
        wrong, _, path = str(failure).partition(" - at `$")
        field = re.sub(r"\[[^\]]*\]", "", path.rstrip("`").lstrip("."))
        unknown = re.search(r"unknown field `([^`]+)`", wrong)
        named = ".".join(part for part in (inside, field, unknown[1] if unknown else "") if part)
        raise Invalid(wrong, where=_where(source, slug, named), mend="docs/runbooks.md lists every field") from failure


_Fault = tuple[str, str, str]


def _faults(form: RunbookForm) -> Iterator[_Fault]:
    """What does not fit together: the field, what is wrong, what to do."""
    yield from _scripts(form)
    yield from _reversal(form)
    for name, parameter in form.parameters.items():
        yield from _parameter(form, name, parameter)
    yield from _variables(form)
    yield from _drill(form)


def _scripts(form: RunbookForm) -> Iterator[_Fault]:
    if form.changes and form.verify is None:
        yield "verify", "it changes something and has no [verify]", "add a probe of the symptom"
    if not form.changes:
        for phase in ("snapshot", "undo"):
            if getattr(form, phase) is not None:
                yield phase, f"it changes nothing and has a [{phase}]", "leave it out, or say changes = true"
    for phase, script in _given(form).items():
        if not script.script.strip():
            yield f"{phase}.script", "the script is empty", "write one, or leave the table out"
        if not script.script.endswith("\n"):
            yield f"{phase}.script", "the script does not end with a line end", "put ''' on a line of its own"


def _reversal(form: RunbookForm) -> Iterator[_Fault]:
    if (form.undo is None) != (form.snapshot is None):
        yield "undo", "[snapshot] and [undo] go together", "write both or neither"
    if not form.changes and form.irreversible:
        yield "irreversible", "it changes nothing, so there is nothing to undo", "leave irreversible out"
    if form.undo is not None and form.irreversible:
        yield "irreversible", "it says that it cannot be undone and has an [undo]", "leave one of them out"
    if form.changes and form.undo is None:
        if not form.irreversible.strip():
            yield "irreversible", "it changes something and has no [undo]", "say in irreversible why not"
        if form.risk is Risk.LOW:
            yield "risk", "what cannot be undone is never of low risk", "say medium or high"
    if not form.changes and form.risk is not Risk.LOW:
        yield "risk", "what changes nothing is of low risk", "say low"


def _parameter(form: RunbookForm, name: str, given: ParameterForm) -> Iterator[_Fault]:
    at = f"parameters.{name}"
    if not _NAME.fullmatch(name) or name.upper() == _SNAPSHOT:
        yield at, f"{name[:60]!r} is no name of a parameter", "letters a-z, digits, _; a letter first; not snapshot"
    if (given.kind is ParameterKind.CHOICE) != bool(given.choices):
        yield f"{at}.choices", "choices are for kind = 'choice', which needs them", "give choices, or another kind"
    if given.kind is not ParameterKind.INTEGER and (given.least is not None or given.most is not None):
        yield f"{at}.least", "least and most are for kind = 'integer'", "leave them out"
    if given.kind is ParameterKind.INTEGER and (given.least is None or given.most is None or given.least > given.most):
        yield f"{at}.least", "an integer needs least and most, in this order", "say both"
    made = _made(name, given)
    for value in (*given.choices, *(() if made.default is None else (made.default,))):
        try:
            check_value(made, form.platform, value)
        except Invalid as failure:
            field = f"{at}.default" if value == made.default else f"{at}.choices"
            yield field, failure.what, failure.mend


def _variables(form: RunbookForm) -> Iterator[_Fault]:
    """Every variable that a script reads is a parameter, and every parameter is read."""
    used: set[str] = set()
    for phase, script in _given(form).items():
        for variable in _VARIABLE.findall(script.script):
            used.add(variable.lower())
            if variable == _SNAPSHOT:
                if phase is not Phase.UNDO:
                    yield f"{phase}.script", "AW_SNAPSHOT is given to undo alone", "write what is needed anew"
            elif variable.lower() not in form.parameters:
                yield (
                    f"{phase}.script",
                    f"it reads AW_{variable}, which is no parameter",
                    "declare it, or mend the name",
                )
    for name in form.parameters:
        if name not in used:
            yield f"parameters.{name}", "no script reads it", f"read AW_{name.upper()}, or leave it out"


def _drill(form: RunbookForm) -> Iterator[_Fault]:
    drill = form.drill
    if drill.not_drilled.strip():
        if drill.prepare or drill.breaks or drill.state or drill.needs or drill.parameters:
            yield "drill.not_drilled", "it says that it is not drilled, and how", "leave one of them out"
        return
    if not drill.prepare.strip() or not drill.state.strip():
        yield "drill", "a drill needs prepare and state", "write them, or say in not_drilled why there is none"
    if form.changes and not drill.breaks.strip():
        yield "drill.breaks", "a drill of what mends something breaks it first", "write breaks"
    for name, value in drill.parameters.items():
        if name not in form.parameters:
            yield "drill.parameters", f"{name!r} is no parameter", "mend the name"
            continue
        try:
            check_value(_made(name, form.parameters[name]), form.platform, str(value))
        except Invalid as failure:
            yield "drill.parameters", failure.what, failure.mend
    for name, given in form.parameters.items():
        if given.default is None and name not in drill.parameters:
            yield "drill.parameters", f"{name!r} has no default and no value", "give it one"


def _runbook(form: RunbookForm, slug: str, made_of: str) -> Runbook:
    drill = form.drill
    return Runbook(
        slug=slug,
        version=form.version,
        title=form.title,
        summary=form.summary,
        platform=form.platform,
        shell=_SHELLS[form.platform],
        applies=Applies(tuple(glob.casefold() for glob in form.applies.signatures), form.applies.tags),
        parameters=tuple(_made(name, one) for name, one in form.parameters.items()),
        risk=form.risk,
        risk_reason=form.risk_reason,
        changes=form.changes,
        irreversible=form.irreversible.strip(),
        scripts=MappingProxyType(
            {phase: Script(one.script.encode(), one.timeout_s) for phase, one in _given(form).items()}
        ),
        blast=Blast(form.blast.at_once, form.blast.stop_at_failed_pct, form.blast.most_targets),
        drill=Drill(
            drill.not_drilled.strip(),
            drill.needs,
            drill.prepare.encode(),
            drill.breaks.encode(),
            drill.state.encode(),
            MappingProxyType({name: str(value) for name, value in drill.parameters.items()}),
        ),
        hash=made_of,
    )


def _given(form: RunbookForm) -> dict[Phase, ScriptForm]:
    return {phase: script for phase in Phase if (script := getattr(form, phase.value)) is not None}


def _made(name: str, given: ParameterForm) -> Parameter:
    return Parameter(
        name=name,
        kind=given.kind,
        description=given.description,
        default=None if given.default is None else str(given.default),
        choices=given.choices,
        least=given.least,
        most=given.most,
        longest=given.longest,
        suggested_from=given.suggested_from,
    )


def _where(source: str, slug: str, field: str) -> str:
    """`slug:line field`: the line of the field, or of the nearest thing around it that stands in the file."""
    return f"{slug}:{_line(source, field)} {field}".rstrip()


def _line(source: str, field: str) -> int:
    names = field.split(".")
    lines = source.split("\n")
    for depth in range(len(names), 0, -1):
        table, key = ".".join(names[: depth - 1]), names[depth - 1]
        heading = ".".join(names[:depth])
        inside = ""
        for number, line in enumerate(lines, 1):
            if opened := re.match(r"\s*\[([^\[\]]+)\]\s*(?:#.*)?$", line):
                inside = opened[1].replace('"', "").replace(" ", "")
                if inside == heading:
                    return number
            elif inside == table and re.match(rf'\s*"?{re.escape(key)}"?\s*=', line):
                return number
    return 1
