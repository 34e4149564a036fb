"""
Nagios and its kin: what Nagios, Icinga 2 and Checkmk have in common, and the script that sends for each of them.

All three run a command for each notification, with a type (PROBLEM, RECOVERY and the annotations), a host, mostly a
service, and their states as words. `UNKNOWN` is one of those states, so states are never read as "a value or none".
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

import msgspec

from alertwhisperer.domain.occurrence import Content, Kind, Occurrence
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources._reading import LONGEST_MESSAGE, add_label, given, identity, line, moment

HOST_STATUS = "Host Status"  # the signature of a host's own check, which has no name
_LONGEST_WORD = 64
_TYPES: Mapping[str, tuple[Kind, str]] = MappingProxyType(
    {
        "PROBLEM": (Kind.FIRING, ""),
        "RECOVERY": (Kind.RESOLVED, ""),
        "ACKNOWLEDGEMENT": (Kind.NOTED, "operator_update"),
        "CUSTOM": (Kind.NOTED, "operator_update"),  # somebody wrote to everybody
        "FLAPPINGSTART": (Kind.NOTED, "flapping"),
        "FLAPPINGSTOP": (Kind.NOTED, "flapping"),
        "FLAPPINGEND": (Kind.NOTED, "flapping"),
        "FLAPPINGDISABLED": (Kind.NOTED, "flapping"),
        "DOWNTIMESTART": (Kind.NOTED, "downtime"),
        "DOWNTIMEEND": (Kind.NOTED, "downtime"),
        "DOWNTIMECANCELLED": (Kind.NOTED, "downtime"),
        "DOWNTIMEREMOVED": (Kind.NOTED, "downtime"),
        "ALERTHANDLER": (Kind.NOTED, "alert_handler"),
        "TEST": (Kind.NOTED, "test"),  # no tool's own: the trial of our setup pages
    }
)
_GOOD = frozenset({"OK", "UP"})
# Checkmk's short forms are the first four letters.
_SEVERITIES: Mapping[str, Severity] = MappingProxyType(
    {
        "CRITICAL": Severity.CRITICAL,
        "CRIT": Severity.CRITICAL,
        "WARNING": Severity.MEDIUM,
        "WARN": Severity.MEDIUM,
        "UNKNOWN": Severity.LOW,
        "UNKN": Severity.LOW,
        "DOWN": Severity.CRITICAL,
        "UNREACHABLE": Severity.HIGH,
        "UNREACH": Severity.HIGH,
        "UNRE": Severity.HIGH,
    }
)


class Said(msgspec.Struct, frozen=True):
    """
    One notification in the words that the three tools share.

    Attributes:
        host: None when the tool named none, as a trial's unfilled macros do; then nothing fires.
        service: None for the host's own check.
        type: of the notification, in upper case; "" when there is none.
        state: of the service, or of the host when it is about the host; in upper case; "" when there is none.
        output: what the check said.
        changed: when the state changed last.
    """

    host: str | None
    service: str | None
    type: str
    state: str
    output: str | None
    changed: datetime | None


def word(value: object) -> str:
    """A type or state in upper case; "" for what is none, such as a macro that was not filled in."""
    text = line(value.strip()[:_LONGEST_WORD].upper(), _LONGEST_WORD) if type(value) is str else ""
    return "" if text.startswith("$") else text


def seconds(value: object, received_at: datetime) -> datetime | None:
    """The time of an epoch number or its text, with a fraction or without."""
    text = given(value, 32)
    try:
        return None if text is None else moment(float(text), received_at)
    except ValueError:
        return None


def put_labels(labels: dict[str, str], names: Mapping[str, str], fields: Mapping[str, object]) -> None:
    """Put a label for each name whose field has a value."""
    for label, name in names.items():
        add_label(labels, label, given(fields.get(name), LONGEST_MESSAGE))


def occurrence(
    source: str,
    said: Said,
    labels: dict[str, str],
    links: dict[str, str],
    *,
    problem: str | None = None,
    cycle: str | None = None,
) -> Occurrence:
    """
    What a notification means.

    Args:
        problem: names the problem where host and service alone do not.
    """
    kind, note = _kind(said)
    host = said.host or source
    signature = said.service or HOST_STATUS
    content = Content(
        host, signature, said.output or f"{signature}: {said.state or note or 'changed'}", source, labels, links
    )
    return Occurrence(
        kind,
        content,
        _SEVERITIES.get(said.state) if kind is Kind.FIRING else None,
        identity(problem or checked(host, said.service)),
        None if cycle is None else identity(cycle),
        said.changed if kind is Kind.FIRING else None,
        said.changed if kind is Kind.RESOLVED else None,
        note,
    )


def noted(found: Occurrence, note: str) -> Occurrence:
    """The same, as something that changes nothing."""
    return msgspec.structs.replace(found, kind=Kind.NOTED, severity=None, started_at=None, ended_at=None, note=note)


def checked(host: str, service: str | None) -> str:
    """The check in Icinga's spelling, which fits all: none of them allows `!` in the name of a host."""
    return host if service is None else f"{host}!{service}"


def _kind(said: Said) -> tuple[Kind, str]:
    if said.host is None:
        return Kind.NOTED, "test"
    known = _TYPES.get(said.type.partition(" ")[0])  # `ACKNOWLEDGEMENT (CRITICAL)` in some places
    if known is not None:
        return known
    if said.state in _GOOD:
        return Kind.RESOLVED, ""
    return (Kind.FIRING, "") if said.state in _SEVERITIES else (Kind.NOTED, "notification")


# Only what each Python 3 has: these scripts run on the customer's monitoring server.
_SENDER = '''\
import json
import os
import sys
import time
import urllib.error
import urllib.request

URL = "{webhook_url}"
KEY = "{api_key}"


def text_of(value):
    """Bytes that are no UTF-8 come as surrogates, which no JSON may hold."""
    return value.encode(errors="surrogateescape").decode(errors="replace")


def post(body):
    """0 when it arrived, 1 when it may be sent again later, 2 when it was refused."""
    headers = {"Content-Type": "application/json", "X-API-Key": KEY}
    request = urllib.request.Request(URL, json.dumps(body).encode(), headers)
    code, told = 1, ""
    for wait in (1, 3, 0):
        try:
            with urllib.request.urlopen(request, timeout=5):
                return 0
        except urllib.error.HTTPError as error:
            told = "%d %s" % (error.code, error.reason)
            if error.code < 500 and error.code != 429:
                code = 2
                break
        except OSError as error:
            told = str(error)
        time.sleep(wait)
    sys.stderr.write("Alert Whisperer: %s\\n" % told)
    return code
'''


def script(head: str, body: str) -> str:
    """
    A whole script for a setup text, to stand there without indent: it is copied from a terminal, too.

    Args:
        head: comments below the first line.
        body: gathers what is known and calls `post`.
    """
    return f"#!/usr/bin/env python3\n{head}{_SENDER}\n\n{body}"
