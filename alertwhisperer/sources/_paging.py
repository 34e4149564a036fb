"""
Paging: what the tools that speak to a paging service's API put into its free-form details, and how to read it.

Such an API has one field for the unwell thing and many tools leave it empty or name themselves there; the host and the
check then stand among the details, under names of the tool's own.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from alertwhisperer.domain import severity
from alertwhisperer.domain.asset import without_port
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources._reading import LONGEST_MESSAGE, LONGEST_NAME, given, line, rows, table
from alertwhisperer.sources._template import template
from alertwhisperer.sources.contract import Json

# Most specific first; compared without case and separators, so that HOST_NAME and hostName are one.
_HOSTS = (
    *("host", "hostname", "nodename", "node", "instance", "device", "devicename", "server", "servername"),
    *("computer", "computername", "machine", "vm", "pod", "container", "ip", "ipaddress", "address"),
)
_CHECKS = ("alertname", "check", "checkname", "rule", "rulename", "monitor", "monitorname", "servicedesc", "trigger")
_SEVERITIES = ("severity", "priority", "level")
_SEPARATORS = re.compile(r"[\s_.-]+")
# Alertmanager's `firing`: for each alert a line `Labels:`, lines ` - name = value`, and then its annotations.
_ALERTS = "Labels:\n"
_ANNOTATIONS = "Annotations:\n"
_LABEL = re.compile(r"^ ?- ([A-Za-z_]\w{0,99}) = (.*)$", re.MULTILINE)
_MOST_ALERTS = 50
_LONGEST_ALERTS = 100_000


class Details:
    """
    The details of an event as a tool wrote them.

    Attributes:
        host: the unwell thing, when the details name exactly one.
        check: the check or rule, likewise.
        severity: by the first word for it that is known.
        is_trial: whether the details say `test: true`, which is how a trial is told from an alert here.
    """

    __slots__ = ("check", "host", "is_trial", "severity")

    def __init__(self, value: Json) -> None:
        said = _folded(table(value))
        listed = _listed_alerts(said.get("firing"))
        host = _first_of(_HOSTS, said) or _common(_HOSTS, listed)
        self.host = None if host is None else without_port(host)
        self.check = _first_of(_CHECKS, said) or _common(_CHECKS, listed)
        self.severity = _severity(said)
        self.is_trial = said.get("test") is True or (given(said.get("test")) or "").lower() == "true"


def check_of(text: str, asset: str | None) -> str:
    """A name for the check that says `text`, the same for every asset and number in it; may be empty."""
    if asset:
        text = text[: 2 * LONGEST_MESSAGE].replace(asset, "*")
    return line(template(text), LONGEST_NAME)


def _folded(details: Mapping[str, Any]) -> dict[str, Json]:
    folded: dict[str, Json] = {}
    for name, value in details.items():
        folded.setdefault(_SEPARATORS.sub("", name[:LONGEST_NAME]).lower(), value)
    return folded


def _severity(said: Mapping[str, Json]) -> Severity | None:
    for name in _SEVERITIES:
        word = given(said.get(name))
        if word is not None and (found := severity.from_word(word)) is not None:
            return found
    return None


def _first_of(names: Iterable[str], said: Mapping[str, Json]) -> str | None:
    for name in names:
        if name in said and (found := given(said[name])) is not None:
            return found
    return None


def _listed_alerts(value: Json) -> list[dict[str, Json]]:
    """The labels of the alerts that Alertmanager lists: as text, in newer versions as JSON, or as JSON in a text."""
    if type(value) is str and _ALERTS in value:
        blocks = value[:_LONGEST_ALERTS].split(_ALERTS)[1 : _MOST_ALERTS + 1]
        return [_folded(dict(_LABEL.findall(block.partition(_ANNOTATIONS)[0]))) for block in blocks]
    if type(value) is str and value[:1] == "[":
        try:
            value = msgspec.json.decode(value[:_LONGEST_ALERTS].encode("utf-8", "replace"))
        except (msgspec.DecodeError, RecursionError):
            return []
    return [_folded(table(table(one).get("labels"))) for one in rows(value)[:_MOST_ALERTS]]


def _common(names: Iterable[str], listed: list[dict[str, Json]]) -> str | None:
    """What all of the alerts say alike; when they differ, none of them speaks for the group."""
    found = {_first_of(names, labels) for labels in listed}
    return found.pop() if len(found) == 1 else None
