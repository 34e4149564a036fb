"""
ConnectWise Automate (LabTech): what our script posts when a monitor's alert template runs it.

Automate has no webhook of its own. Its script engine pastes values into text, so the values go through a file that a
PowerShell step reads: pasted into code, a monitor's result could be run on the client's machine. A monitor watches many
objects of a machine (drives, services), each named in its field, so the field belongs to the identity.

Status words and the names of the variables were checked against a public email template for Automate alerts and the
published scripts of an Automate consultancy; ConnectWise's own documentation needs a login and was not read. The
PowerShell step could not be run here, and the numbers of the severities are by reports of others.
"""

import re
from collections.abc import Mapping
from typing import Any

from alertwhisperer.domain import severity
from alertwhisperer.domain.asset import canonical
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources._reading import (
    KINDS,
    LONGEST_MESSAGE,
    add_label,
    digest,
    given,
    line,
    moment,
)
from alertwhisperer.sources.contract import Inbound, Parsed, Source

_SLUG = "connectwise"
_NEEDED = ("computer", "monitor", "field")
_SEVERITIES = {"4": Severity.CRITICAL, "3": Severity.HIGH, "2": Severity.MEDIUM, "1": Severity.INFO}
_LABELS = ("client", "location", "field", "severity", "fail_count", "computer_id", "client_id", "alert_id", "when")
_UNFILLED = re.compile(r"@\w+@")  # a script variable without a value; those with % are known everywhere


def parse(inbound: Inbound) -> Parsed:
    """One run of the script is one occurrence."""
    event = inbound.document
    if type(event) is not dict or not any(name in event for name in _NEEDED):
        raise Invalid(
            "this is not our script's body for ConnectWise Automate: it names no computer and no monitor",
            where="computer",
            mend="run the script of the setup page from the monitor's alert template",
        )
    kind, note = _kind(event)
    return Parsed(((0, _occurrence(event, kind, note, inbound)),))


def _text(event: Mapping[str, Any], name: str, limit: int = 512) -> str | None:
    text = given(event.get(name), limit)
    return None if text is None or _UNFILLED.fullmatch(text) else text


def _kind(event: Mapping[str, Any]) -> tuple[Kind, str]:
    word = _text(event, "status")
    if word is None:  # run by hand no monitor gives it a result; with one, an alert is safer than none
        return (Kind.NOTED, "test") if _text(event, "result") is None else (Kind.FIRING, "")
    found = KINDS.get(word.casefold())
    if found is None:
        raise Invalid("status is not a known word", where="status", mend="send FAILED or SUCCESS")
    return found


def _occurrence(event: Mapping[str, Any], kind: Kind, note: str, inbound: Inbound) -> Occurrence:
    field = _text(event, "field")
    signature = _text(event, "monitor") or field or "Automate monitor"
    client = _text(event, "client")
    computer = _text(event, "computer")
    asset = computer or _text(event, "location") or client or signature
    at = moment(event.get("time"), inbound.received_at)
    resolved = kind is Kind.RESOLVED
    content = Content(asset, signature, _message(event, signature, field), _SLUG, _labels(event))
    return Occurrence(
        kind,
        content,
        None if resolved else _severity(event),
        digest((client or "").casefold(), canonical(asset), signature, field or ""),
        None,
        None if resolved else at,
        at if resolved else None,
        note,
    )


def _severity(event: Mapping[str, Any]) -> Severity | None:
    word = _text(event, "severity") or ""
    return _SEVERITIES.get(word) or severity.from_word(word)


def _message(event: Mapping[str, Any], signature: str, field: str | None) -> str:
    """`Disk space C:: 4% free`: a result alone is a number in many monitors."""
    head = signature if field is None or field == signature else f"{signature} {field}"
    result = _text(event, "result", LONGEST_MESSAGE)
    return head if result is None else line(f"{head}: {result}", LONGEST_MESSAGE)


def _labels(event: Mapping[str, Any]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for name in _LABELS:
        add_label(labels, name, _text(event, name, LONGEST_MESSAGE))
    return labels


def detects(inbound: Inbound) -> bool:
    """The keys of our script."""
    body = inbound.document
    return type(body) is dict and body.keys() >= {"client", "computer", "monitor", "result"}


VALUES = """\
status=@STATUS@
status=%STATUS%
severity=3
computer=%computername%
computer_id=%computerid%
client=%clientname%
location=%locationname%
monitor=@NAME@
monitor=%NAME%
fail_count=%FailCount%
field=@FieldName@
field=%FIELDNAME%
result=@RESULT@
also=%RESULT%
"""

STEP = """\
$ErrorActionPreference = 'Stop'
[Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12
$file = 'C:\\Windows\\Temp\\alert-whisperer.txt'
$head, $result = [IO.File]::ReadAllText($file) -split '(?m)^result=', 2
Remove-Item $file
$unfilled = '^[@%]\\w+[@%]$'
$alert = @{ time = [DateTime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ssZ') }
foreach ($line in $head -split '\\r?\\n') {
  $name, $value = ($line -split '=', 2).Trim()
  if ($value -and $value -notmatch $unfilled -and -not $alert.ContainsKey($name)) { $alert[$name] = $value }
}
$results = ("$result" -split '(?m)^also=', 2).Trim() | Where-Object { $_ -and $_ -notmatch $unfilled }
$alert['result'] = [string]($results | Select-Object -First 1)
$body = [Text.Encoding]::UTF8.GetBytes((ConvertTo-Json $alert))
foreach ($wait in 5, 30, 0) {
  try {
    Invoke-RestMethod -Method Post -Uri '{webhook_url}' `
      -Headers @{ 'X-API-Key' = '{api_key}' } -ContentType 'application/json' -Body $body
    break
  } catch {
    if ($wait -eq 0) { throw }
    Start-Sleep -Seconds $wait
  }
}
"""

SETUP = f"""\
1. Automate Control Center → *Automation* → *Scripts* → *View Scripts* → new script **Alert Whisperer**, for Windows
   agents, with two steps (their names differ a little by version):
   - **File Write Text**: file `C:\\Windows\\Temp\\alert-whisperer.txt`, text:

```
{VALUES}```

   - **Execute Script**: type *PowerShell*, with this script as it is. Do not write `@…@` or `%…%` values into it:
     Automate pastes them as text, and a result with a quote in it would become code.

```powershell
{STEP}```

   Lines come in pairs, since Automate fills one spelling or the other; the empty one is left out. `severity` is yours:
   4 critical, 3 high, 2 medium, 1 info. Copy the script for a second severity.
2. *Automation* → *Templates* → *Alert Templates* (the place differs by version) → a new template → *Add alert*: all
   days, **Run script** → *Alert Whisperer*, for **failures and successes**: without the successes nothing resolves.
3. Give the template to the monitors, with *Alert style* **Send Fail after Success**, so that a lasting failure is sent
   once and its success once.
4. For many customers behind one webhook, route by the label `client`, the client's name in Automate.

The key lies in a script that runs on clients' machines. It can only send alerts; still, give this integration to
nothing else, so that you can replace its key alone.

The script runs on the machine that the alert is about, so a machine that is **offline** cannot tell. Watch for that
from elsewhere: let a ping or port monitor that belongs to an always-on machine of the site run the template.

A trial of the way here, from any shell; it shows here as a test:

```sh
curl -fsS {{webhook_url}} -H 'X-API-Key: {{api_key}}' -H 'Content-Type: application/json' \\
  -d '{{"status": "TEST", "client": "Trial", "computer": "trial-01", "monitor": "Trial", "result": "Just a trial"}}'
```

A trial of the script: right-click a machine → *Scripts* → *Alert Whisperer*. Without a monitor there is no
status and no result, and it shows here as a test.
"""

SOURCE = Source(
    slug=_SLUG,
    title="ConnectWise Automate",
    docs="https://docs.connectwise.com/ConnectWise_Automate",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("header", "basic", "query", "path"),
    detects=detects,
    route_label="client",
)
