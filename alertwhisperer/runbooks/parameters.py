"""
Checks what a runbook is given: each value by its kind, before anything is planned.

Values travel as data on every path; these rules are the second wall, and the one whose refusal a person can read.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.runbook import Parameter, ParameterKind, Platform, Runbook

_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_WORD = re.compile(r"[A-Za-z0-9_.:@][A-Za-z0-9_.:@-]*")
_UNITS = {
    Platform.LINUX: re.compile(r"[A-Za-z0-9_.:@][A-Za-z0-9_.:@-]*"),
    Platform.WINDOWS: re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.$ -]*"),  # MSSQL$PAYROLL
}
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_DRIVE = re.compile(r"[A-Za-z]:\\")
_URL_SIGNS = re.compile(r"[A-Za-z0-9:/?#\[\]@!$&()*+,;=._~%-]+")
_LONGEST_HOST = 253


def bind(runbook: Runbook, given: Mapping[str, str]) -> Mapping[str, str]:
    """
    Every parameter of the runbook with its value: the given one, else its default.

    Raises:
        Invalid: `where` names the parameter: unknown, missing, or a value that its kind does not allow.
    """
    known = {parameter.name: parameter for parameter in runbook.parameters}
    for name in given:
        if name not in known:
            raise Invalid(
                f"{runbook.slug} has no parameter {name[:60]!r}",
                where="parameters",
                mend=f"it has {', '.join(known) or 'none'}",
            )
    bound = {}
    for name, parameter in known.items():
        value = given.get(name, parameter.default)
        if value is None:
            raise Invalid(
                f"the parameter {name!r} is missing", where=f"parameters.{name}", mend=f"give {parameter.description}"
            )
        bound[name] = check_value(parameter, runbook.platform, value)
    return bound


def check_value(parameter: Parameter, platform: Platform, value: str) -> str:
    """
    The value as it is handed over (an address in its short form).

    Raises:
        Invalid: never shows more than the first signs of the value.
    """
    if len(value) > parameter.longest:
        raise _refused(parameter, f"{len(value)} characters are too many", f"at most {parameter.longest}")
    if not value:
        if parameter.default == "":
            return ""
        raise _refused(parameter, "it is empty", f"give {parameter.description}")
    _refuse_signs(parameter, value)
    return _KINDS[parameter.kind](parameter, platform, value)


def _refuse_signs(parameter: Parameter, value: str) -> None:
    for sign, called in (("\0", "a NUL"), ("\r", "a carriage return"), ("\n", "a line feed")):
        if sign in value:
            raise _refused(parameter, f"it holds {called}", "one line, without control characters")
    if any(unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") for sign in value):
        raise _refused(parameter, "it holds a control character", "one line, without control characters")
    if "{{" in value:
        raise _refused(parameter, "it holds {{", "leave it out: Systems Manager would look it up")
    if value.startswith("-") and not _may_be_negative(parameter):
        raise _refused(parameter, "it begins with -", "a value that looks like an option is never taken")


def _may_be_negative(parameter: Parameter) -> bool:
    return parameter.kind is ParameterKind.INTEGER and parameter.least is not None and parameter.least < 0


def _unit(parameter: Parameter, platform: Platform, value: str) -> str:
    return _like(_UNITS[platform], parameter, value, "the name of a service")


def _word(parameter: Parameter, platform: Platform, value: str) -> str:
    return _like(_WORD, parameter, value, "letters, digits, . _ : @ -")


def _like(pattern: re.Pattern[str], parameter: Parameter, value: str, wanted: str) -> str:
    if not pattern.fullmatch(value):
        raise _refused(parameter, f"{_shown(value)} is not allowed", f"give {wanted}")
    return value


def _path(parameter: Parameter, platform: Platform, value: str) -> str:
    if platform is Platform.WINDOWS:
        whole = _DRIVE.match(value) is not None and not set(value[2:]) & set('<>:"|?*/')
        parts = value.split("\\")
    else:
        whole, parts = value.startswith("/"), value.split("/")
    if not whole or ".." in parts:
        raise _refused(parameter, f"{_shown(value)} is no whole path", "an absolute path without ..")
    return value


def _integer(parameter: Parameter, platform: Platform, value: str) -> str:
    least, most = parameter.least, parameter.most
    number = int(value) if value.isascii() and _INTEGER.fullmatch(value) else None
    if number is None or (least is not None and number < least) or (most is not None and number > most):
        raise _refused(parameter, f"{_shown(value)} is not allowed", f"a whole number from {least} to {most}")
    return str(number)


def _address(parameter: Parameter, platform: Platform, value: str) -> str:
    found = _address_of(value)
    if found is None:
        raise _refused(parameter, f"{_shown(value)} is no address", "an IPv4 or IPv6 address")
    return found


def _host(parameter: Parameter, platform: Platform, value: str) -> str:
    address = _address_of(value)
    if address is not None:
        return address
    if not _is_name(value):
        raise _refused(parameter, f"{_shown(value)} is no host", "a host name or an address")
    return value


def _url(parameter: Parameter, platform: Platform, value: str) -> str:
    refused = _refused(parameter, f"{_shown(value)} is no URL", "http:// or https://, without user or password")
    if not _URL_SIGNS.fullmatch(value):
        raise refused
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
    except ValueError as failure:
        raise refused from failure
    named = _address_of(host) is not None or _is_name(host)
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or not named or port == 0:
        raise refused
    return value


def _choice(parameter: Parameter, platform: Platform, value: str) -> str:
    if value not in parameter.choices:
        raise _refused(parameter, f"{_shown(value)} is no choice", f"one of {', '.join(parameter.choices)}")
    return value


def _text(parameter: Parameter, platform: Platform, value: str) -> str:
    return value


_KINDS: Mapping[ParameterKind, Callable[[Parameter, Platform, str], str]] = {
    ParameterKind.UNIT: _unit,
    ParameterKind.PATH: _path,
    ParameterKind.INTEGER: _integer,
    ParameterKind.ADDRESS: _address,
    ParameterKind.HOST: _host,
    ParameterKind.URL: _url,
    ParameterKind.CHOICE: _choice,
    ParameterKind.WORD: _word,
    ParameterKind.TEXT: _text,
}


def _address_of(value: str) -> str | None:
    try:
        found = ipaddress.ip_address(value)
    except ValueError:
        return None
    return None if isinstance(found, ipaddress.IPv6Address) and found.scope_id else str(found)


def _is_name(value: str) -> bool:
    labels = value.removesuffix(".").split(".")
    return len(value) <= _LONGEST_HOST and all(_LABEL.fullmatch(label) for label in labels) and not labels[-1].isdigit()


def _shown(value: str) -> str:
    return repr(value if len(value) <= 40 else value[:40] + "…")


def _refused(parameter: Parameter, what: str, mend: str) -> Invalid:
    return Invalid(f"the parameter {parameter.name!r}: {what}", where=f"parameters.{parameter.name}", mend=mend)
