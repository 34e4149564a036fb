"""
Heartbeat: a URL that a job calls when it has run; its silence, or its own word that it failed, is the alert.

A bare call is noted and changes nothing; that it came at all is what counts. A job that can say how it went adds
`status` or `exit`: failure fires, and the next stated success resolves. Nothing is remembered between calls, so a bare
call cannot end what a stated failure began.
"""

import re
from collections.abc import Mapping

import msgspec

from alertwhisperer.domain import severity
from alertwhisperer.domain.asset import canonical
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence, Refused
from alertwhisperer.sources._reading import (
    KINDS,
    LONGEST_LABEL,
    LONGEST_MESSAGE,
    LONGEST_NAME,
    add_label,
    first,
    given,
    identity,
    labels_of,
    scalar,
    table,
)
from alertwhisperer.sources.contract import Inbound, Json, Parsed, Reply, Setting, Source, Told

_SLUG = "heartbeat"
_SIGNATURE = "Heartbeat"
_READ = ("status", "exit", "message", "asset", "severity")
_BEGUN = frozenset({"start", "started", "begin", "running"})
_NO_FAILURES = frozenset({"0", "true"})  # PowerShell's `$?` is True or False
_WORDS = {Kind.FIRING: "failed", Kind.RESOLVED: "succeeded", Kind.NOTED: "was heard"}
# A job's output is text, and has a `=` here and there; a form is one line of names and values and little else.
_FORM = re.compile(r"[\w.-]+=[^&\s]*(?:&[\w.-]+=[^&\s]*)*")
_LONGEST_FORM = 2_000
_OUTPUT = "output"


def decode(body: bytes, headers: Mapping[str, str]) -> Json:
    """A JSON object or a short form as such; whatever else a job prints is its output, and only the end is kept."""
    text = body.decode("utf-8", "replace").strip()
    if len(text) <= _LONGEST_FORM and _FORM.fullmatch(text):
        return None
    if text[:1] == "{":
        try:
            return msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass  # it only looked like JSON; a heartbeat counts whatever it carries
    return {_OUTPUT: text[-LONGEST_MESSAGE:]}


def parse(inbound: Inbound) -> Parsed:
    """One call is one occurrence; only a status that nobody can read is refused."""
    said = {**table(inbound.document), **inbound.query}
    found = _kind(given(said.get("status"), LONGEST_LABEL), given(said.get("exit"), LONGEST_LABEL))
    if found is None:
        wrong = Refused(0, "status is not a known word", "status", "send ok or fail, or leave it out")
        return Parsed((), (wrong,))
    kind, note = found
    own = given(said.get("asset"))
    asset = own or given(inbound.settings.get("asset")) or _SLUG
    message = first((said.get("message"), said.get(_OUTPUT)), LONGEST_MESSAGE) or f"{asset} {_WORDS[kind]}"
    word = given(said.get("severity"), LONGEST_LABEL)
    return Parsed(
        (
            (
                0,
                Occurrence(
                    kind,
                    Content(asset, _SIGNATURE, message, _SLUG, _labels(said)),
                    severity.from_word(word) if kind is Kind.FIRING and word is not None else None,
                    _SLUG if own is None else identity(f"{_SLUG}:{canonical(own)}"),
                    note=note,
                ),
            ),
        )
    )


def _kind(status: str | None, code: str | None) -> tuple[Kind, str] | None:
    """What a call says; None when its status is no known word. An exit code that is no number is a signal's name."""
    if status is not None:
        word = status.casefold()
        return (Kind.NOTED, "started") if word in _BEGUN else KINDS.get(word)
    if code is not None:
        return (Kind.RESOLVED if code.casefold() in _NO_FAILURES else Kind.FIRING), ""
    return Kind.NOTED, "heartbeat"


def _labels(said: Mapping[str, Json]) -> dict[str, str]:
    labels = labels_of({name: value for name, value in said.items() if name not in _READ and name != _OUTPUT})
    for name in ("exit", "severity"):
        add_label(labels, name, scalar(said.get(name)))
    return labels


def reply(inbound: Inbound, told: Told) -> Reply:
    """A word for `curl`; a call that could not be read fails there, so that somebody looks."""
    if told.parsed is None:
        return _text(400, told.problem)
    if told.parsed.refused:
        wrong = told.parsed.refused[0]
        return _text(400, f"{wrong.what}: {wrong.mend}")
    return _text(200, "ok")


def _text(status: int, words: str) -> Reply:
    return Reply(status, f"{words}\n".encode("utf-8", "replace"), "text/plain; charset=utf-8")


def _asset_complaint(value: Json) -> str | None:
    if value is None:
        return None
    if type(value) is not str or not value.strip():
        return "must be a text"
    return None if len(value) <= LONGEST_NAME else f"must have at most {LONGEST_NAME} characters"


SETUP = """\
Call this address whenever the job has run. When the calls stop, an incident is opened.

```text
{webhook_url}/{api_key}
```

1. On this integration, set `asset` to the name of the machine or job, so that the incident says who is missing.
2. Let the job call it, in one of these ways.
3. Say how often it must be called: `alertwhisperer silence set INTEGRATION_ID --company ID --every 24h --grace 30m`.
   Until then, six regular calls are enough to learn it.
4. A trial: `curl "{webhook_url}/{api_key}?status=test"` prints `ok`; `?status=fail&message=trial` opens an incident,
   and `?status=ok` resolves it.

**cron** (no `%` in the line: cron reads it as a line's end):

```text
15 2 * * *  /usr/local/bin/backup; curl -fsS -m 10 --retry 5 -o /dev/null "{webhook_url}/{api_key}?exit=$?"
```

**systemd**, for the service that a timer starts: `systemctl edit backup.service`, then

```ini
[Service]
ExecStartPost=/usr/bin/curl -fsS -m 10 --retry 5 -o /dev/null {webhook_url}/{api_key}
```

is called after a success only. This one, instead, also says how it went:

```ini
[Service]
ExecStopPost=/bin/sh -c 'curl -fsS -m 10 --retry 5 -o /dev/null "{webhook_url}/{api_key}?exit=$$EXIT_STATUS"'
```

**PowerShell**, in a scheduled task; the key is in a header here, where no proxy logs it:

```powershell
$say = @{ status = "ok" }
try {
  & C:\\Scripts\\backup.ps1
  if ($LASTEXITCODE) { throw "exit code $LASTEXITCODE" }
} catch { $say = @{ status = "fail"; message = "$_" } }
Invoke-RestMethod -Method Post -Uri "{webhook_url}" -Headers @{ "X-API-Key" = "{api_key}" } -Body $say -TimeoutSec 10
```

Everything is optional, in the query, a form or a JSON object:

| Field | Meaning |
|---|---|
| `status` | `ok` or `fail` (`success`, `failed`, `error` … work as well); `start` and `test` are only noted |
| `exit` | instead: the exit code; 0 is well, everything else is a failure |
| `message` | a line for people |
| `asset` | instead of the setting: several machines that share one address are then kept apart |
| `severity` | of a failure: critical, high, medium, low or info |

A bare call (neither `status` nor `exit`) says that the job lives. It does not end a failure: a job that says `fail`
must also say `ok`. Anything else in the body is taken as the job's output, and its end is shown.
"""

SOURCE = Source(
    slug=_SLUG,
    title="Heartbeat URL",
    docs="https://www.rfc-editor.org/rfc/rfc9110",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("header", "basic", "query", "path"),
    settings=(
        Setting(
            "asset",
            "Name of the machine or job whose heartbeat this is, when its calls do not say.",
            None,
            _asset_complaint,
        ),
    ),
    methods=("GET", "POST", "PUT"),
    decode=decode,
    reply=reply,
)
