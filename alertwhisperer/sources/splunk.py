"""
Splunk: the built-in webhook alert action, which sends the first result row of a search that triggered.

The body is fixed and knows neither severity nor state, so the row may say both: a search that adds `alert_status` can
resolve what it fired. The search id differs in each run, so it is never identity; it only holds the time of the run.

Fields, allow list and the missing retry were checked against Splunk's Alerting Manual (6.3 to 10.0) and reports of its
users; that the action sends no header of ours as well. How `| sendalert` fills `search_name` could not be checked.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from alertwhisperer.domain import severity
from alertwhisperer.domain.asset import canonical, without_port
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources._reading import (
    KINDS,
    LONGEST_MESSAGE,
    add_label,
    digest,
    from_epoch,
    given,
    labels_of,
    line,
    links,
    moment,
    sane,
    scalar,
    table,
)
from alertwhisperer.sources.contract import Inbound, Json, Parsed, Source

_SLUG = "splunk"
_HOSTS = ("host", "dest", "src_host", "dvc", "dest_host", "ComputerName")
_NAMES = ("signature", "rule_name")
_SEVERITIES = ("severity", "urgency", "log_level", "priority")
_MESSAGES = ("alert_message", "message", "description", "summary", "reason", "_raw")
_ABOUT = ("search_name", "app", "owner", "sid")
_TOLD_FIELDS = 6  # of the row in a message made by us: enough to see what is wrong, still one line
_MULTIVALUE = "__mv_"  # Splunk's own encoding of a field that is there a second time, readable
# `scheduler__admin__search__RMD5…_at_1795169700_132` is a scheduled run, `1795169700.132` one started by hand.
_RUN_AT = re.compile(r"_at_(\d{9,11})(?:_|$)|^(?:rt_)?(\d{9,11})\.")


def parse(inbound: Inbound) -> Parsed:
    """One triggered search is one occurrence."""
    event = inbound.document
    if type(event) is not dict or not ("sid" in event or "search_name" in event):
        raise Invalid(
            "this is not a Splunk webhook: it has neither sid nor search_name",
            where="sid",
            mend="send with the webhook alert action of a saved search",
        )
    return Parsed(((0, _occurrence(event, table(event.get("result")), inbound.received_at)),))


def _occurrence(event: Mapping[str, Any], row: Mapping[str, Any], received_at: datetime) -> Occurrence:
    signature = (
        _field(row, ("alert_name",))
        or given(event.get("search_name"))
        or _field(row, _NAMES)
        or given(event.get("app"))
        or "Splunk search"
    )
    host = _field(row, _HOSTS)
    asset = signature if host is None else without_port(host)
    kind, note = _kind(row)
    at = _time(event, row, received_at)
    resolved = kind is Kind.RESOLVED
    return Occurrence(
        kind,
        Content(
            asset,
            signature,
            _message(row, signature),
            _SLUG,
            _labels(event, row),
            links({"console": event.get("results_link")}),
        ),
        None if resolved else _severity(row),
        digest(signature, canonical(asset)),
        None,
        None if resolved else at,
        at if resolved else None,
        note,
    )


def _kind(row: Mapping[str, Any]) -> tuple[Kind, str]:
    """Firing, unless `alert_status` says otherwise: `status` itself is a result code in too many rows."""
    word = (_field(row, ("alert_status",)) or "").casefold()
    return KINDS.get(word, (Kind.FIRING, ""))


def _field(row: Mapping[str, Any], names: tuple[str, ...], limit: int = 512) -> str | None:
    """The first of the fields that has a value; of one with many values, its first."""
    for name in names:
        value = row.get(name)
        for one in value if type(value) is list else (value,):
            if (found := given(one, limit)) is not None:
                return found
    return None


def _severity(row: Mapping[str, Any]) -> Severity | None:
    for name in _SEVERITIES:
        word = _field(row, (name,))
        if word is not None and (found := severity.from_word(word)) is not None:
            return found
    return None


def _time(event: Mapping[str, Any], row: Mapping[str, Any], received_at: datetime) -> datetime | None:
    """The row's own time, else when the search ran."""
    found = moment(row.get("_time"), received_at)
    if found is not None:
        return found
    run = _RUN_AT.search(given(event.get("sid"), LONGEST_MESSAGE) or "")
    epoch = None if run is None else from_epoch(int(run[1] or run[2]))
    return None if epoch is None else sane(epoch, received_at)


def _message(row: Mapping[str, Any], signature: str) -> str:
    said = _field(row, _MESSAGES, LONGEST_MESSAGE)
    if said is not None:
        return said
    pairs = [
        f"{name}={text}" for name, value in row.items() if not name.startswith("_") and (text := given(value, 120))
    ][:_TOLD_FIELDS]
    return line(f"{signature}: {' '.join(pairs)}", LONGEST_MESSAGE) if pairs else signature


def _labels(event: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, str]:
    told = {name: value for name, value in row.items() if not name.startswith(_MULTIVALUE) and _has_value(value)}
    about = {name: event.get(name) for name in _ABOUT if given(event.get(name)) is not None}
    labels = labels_of(about, told)
    add_label(labels, "results_link", given(event.get("results_link"), LONGEST_MESSAGE))
    return labels


def _has_value(value: Json) -> bool:
    """Rows are wide and mostly empty."""
    return bool((scalar(value) or "").strip()) or type(value) is list


def detects(inbound: Inbound) -> bool:
    """The five keys that the action always sends."""
    body = inbound.document
    return type(body) is dict and body.keys() >= {"sid", "search_name", "results_link", "result", "owner"}


SETUP = """\
The built-in webhook action sends no headers, so the key travels in the address. Give this integration to nothing else.

1. Allow the address. Once the list is on, every other webhook of this Splunk needs an entry of its own:
   - Splunk Enterprise: in `$SPLUNK_HOME/etc/system/local/alert_actions.conf`, then restart Splunk:

     ```ini
     [webhook]
     enable_allowlist = true
     allowlist.alertwhisperer = ^{webhook_url}
     ```

   - Splunk Cloud: *Settings* → *Server settings* → *Webhook allow list* → add `^{webhook_url}`.
2. Open the saved alert (*Settings* → *Searches, reports, and alerts* → *Edit* → *Edit Alert*) and set
   - *Trigger*: **For each result**, so that each host arrives by itself (with *Once*, Splunk sends the first row only);
   - *Throttle*: off, or shorter than you want to wait for a repeat;
   - *Add Actions* → **Webhook**, URL:

     ```
     {webhook_url}?api_key={api_key}
     ```

3. Shape the rows at the end of the search. What we look for:

   | Field | Meaning |
   |---|---|
   | `host` (or `dest`, `src_host`, `dvc`) | what is unwell; without it the alert's name stands in |
   | `severity` (or `urgency`, `log_level`) | critical, high, medium, low or info; medium when absent |
   | `alert_message` (or `message`) | one line for people |
   | `alert_name` | instead of the saved search's name, such as `disk full on /var` |
   | `alert_status` | `firing` (default), `resolved` or `test` |

Splunk never says that a problem is over. To have alerts resolve, let the search look back over three of its intervals
(every 5 minutes over the last 15), return each host that was unwell in them, and say what it is now; trigger on *Number
of results is greater than 0*:

```
index=os sourcetype=df | stats max(UsePct) AS worst latest(UsePct) AS used BY host | where worst>90
| eval alert_status=if(used>90, "firing", "resolved"), severity="high", alert_message="disk is ".used."% full"
```

A host that recovers is then reported as resolved two or three times, which does no harm.

A trial, from the search bar; it shows here as a test:

```
| makeresults | eval host="trial-01", alert_status="test"
| sendalert webhook param.url="{webhook_url}?api_key={api_key}"
```

Nothing arrived? `index=_internal sendmodalert action=webhook` shows what Splunk got as an answer. It does not retry.
"""

SOURCE = Source(
    slug=_SLUG,
    title="Splunk",
    docs="https://help.splunk.com/splunk-enterprise/alert-and-respond/alerting-manual/10.0/configure-alert-actions/use-a-webhook-alert-action",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("query", "path"),
    detects=detects,
)
