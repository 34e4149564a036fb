"""
Mailbox: a folder into which tools send their alerts by mail, read by IMAP.

A mapping says what stands where. Without one a mail is read as people would read its subject: what is wrong, how bad,
whether it is over. That is a guess, made to err on the side of an alert.
"""

import asyncio
import re
from datetime import datetime
from socket import SHUT_RDWR, socket
from typing import Any, NamedTuple

import msgspec

from alertwhisperer.domain import severity
from alertwhisperer.domain.asset import canonical
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence, Refused
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources import generic
from alertwhisperer.sources._feed.memory import short_hash
from alertwhisperer.sources._mail.imap import Seen, look
from alertwhisperer.sources._mail.message import document_of
from alertwhisperer.sources._mapping.patterns import Pattern
from alertwhisperer.sources._reading import (
    LONGEST_MESSAGE,
    LONGEST_NAME,
    add_label,
    digest,
    flag_complaint,
    given,
    line,
    moment,
    scalar,
    table,
)
from alertwhisperer.sources.contract import (
    INTERVAL_S,
    Fetched,
    Inbound,
    Json,
    Outside,
    Parsed,
    Poll,
    Polled,
    Setting,
    Source,
)

_SLUG = "mailbox"
_MOST_NAMES = 1_000  # of mails that are known although the folder's UIDs begin anew
_OVER = re.compile(r"(?i)\b(?:resolved|recovery|recovered|cleared)\b")
_NOT = re.compile(r"(?i)\b(?:not|never|isn't|wasn't|un)[ -]+(?:yet )?$")
_FINE = re.compile(r"\b(?:OK|UP|NORMAL)\b")  # as a state, which is written in capitals; "ok" is prose
_TEST = re.compile(r"(?i)^\W*test\b|\btest (?:alert|message|mail|notification)\b")
_STATED = re.compile(r"(?i)[\[(]\s*(\w{2,14})\s*[\])]|\bseverity\s*[:=]\s*(\w{2,14})|^\W*(\w{2,14})\s*:")
# Words that are seldom anything else: "high" and "page" are prose as often as they are a severity.
_PLAIN = re.compile(
    r"(?i)\b(critical|crit|fatal|emergency|disaster|panic|down|error|severe|urgent|warning|warn|degraded|minor|p[0-5])\b"
)
_STATE_WORDS = re.compile(
    r"(?i)\b(?:resolved|recovery|recovered|cleared|problem|firing|triggered|alert|alarm|notification|re|fwd?|aw|wg|"
    r"critical|crit|fatal|emergency|disaster|panic|down|error|severe|urgent|warning|warn|degraded|minor|p[0-5]|ok|up|"
    r"normal|info|severity|high|medium|low|is)\b"
)
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_EDGES = " \t-–—:;,.*|/\\[](){}<>=#!\"'"
_EMPTY_PAIR = re.compile(r"\[\W*\]|\(\W*\)|\{\W*\}|<\W*>")
_NAMED = re.compile(r"(?i)\b(?:host|hostname|server|device|node|asset)\s*[:=]\s*[\"']?([\w][\w.:-]{0,252})")
_SPOKEN = re.compile(r"(?i)\b(?:host|server|device|node|on|at)\s+[\"']?([A-Za-z0-9][\w-]*(?:\.[\w-]+)*)")
_HOST_LIKE = re.compile(r"(?=.*[A-Za-z0-9])(?=.*[\d.-])[\w.-]+")


class _Memory(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    Between two looks.

    Attributes:
        box: hash of server, user and folder.
        names: of the last mails.
    """

    box: str = ""
    validity: int = 0
    uid: int = 0
    at: datetime | None = None
    names: list[str] = []


class _Subject(NamedTuple):
    """What a subject says of the state."""

    kind: Kind
    note: str
    severity: Severity | None


def decode(body: bytes, headers: Any) -> Json:
    """The mail as a document; a mail has headers, and JSON has not."""
    return None if body[:1] in (b"{", b"[", b"") else document_of(body)


def parse(inbound: Inbound) -> Parsed:
    """A mail is one alert, or what the mapping makes of it; of one that is too large only that there was one."""
    mail = table(inbound.document)
    if "subject" not in mail or "from" not in mail:
        raise Invalid("the body is no mail", where="body", mend="store it as it came by IMAP")
    if mail.get("too_large"):
        what = f"the mail {given(mail['subject'], 200) or 'without a subject'} is too large to be read"
        return Parsed((), (Refused(0, what, "body", "let the tool leave its attachments out"),))
    if inbound.settings.get("mapping") is not None:
        return generic.parse(inbound)
    return Parsed(((0, _alert(mail, inbound)),))


def _alert(mail: Any, inbound: Inbound) -> Occurrence:
    subject = given(mail.get("subject"), LONGEST_NAME) or ""
    text = scalar(mail.get("text")) or ""
    headers = table(mail.get("headers"))
    said = _said(subject, headers)
    asset = _asset(subject, text, mail, inbound.settings.get("asset_pattern"))
    signature = _signature(subject, asset)
    at = moment(mail.get("date"), inbound.received_at)
    labels: dict[str, str] = {}
    add_label(labels, "from", mail.get("from"))
    add_label(labels, "to", mail.get("to"))
    add_label(labels, "subject", subject)
    add_label(labels, "message_id", headers.get("message-id"))
    first = next((one.strip() for one in text.splitlines() if one.strip()), "")
    message = line(f"{subject}: {first}" if subject and first else subject or first, LONGEST_MESSAGE)
    return Occurrence(
        said.kind,
        Content(asset, signature, message or signature, _SLUG, labels),
        None if said.kind is Kind.RESOLVED else said.severity,
        digest(canonical(asset), signature, _SLUG),
        None,
        at if said.kind is not Kind.RESOLVED else None,
        at if said.kind is Kind.RESOLVED else None,
        said.note,
    )


def _said(subject: str, headers: Any) -> _Subject:
    if _TEST.search(subject):
        return _Subject(Kind.NOTED, "test", None)
    if (scalar(headers.get("auto-submitted")) or "").strip().lower().startswith("auto-replied"):
        return _Subject(Kind.NOTED, "auto_reply", None)
    level = _severity(subject)
    return _Subject(Kind.RESOLVED if _is_over(subject) else Kind.FIRING, "", level)


def _is_over(subject: str) -> bool:
    """
    Whether a subject says that it is over.

    "RECOVERY: CPU critical on web-01" is, "not resolved" is not; a bare OK counts when nothing bad comes after it, for
    "OK -> CRITICAL" is the beginning.
    """
    found = _OVER.search(subject)
    if found is not None:
        return _NOT.search(subject[: found.start()]) is None
    fine = list(_FINE.finditer(subject))
    if not fine or _NOT.search(subject[: fine[-1].start()]):
        return False
    return _PLAIN.search(subject, fine[-1].end()) is None


def _severity(subject: str) -> Severity | None:
    levels = []
    for found in _STATED.finditer(subject):
        word = next(group for group in found.groups() if group)
        level = severity.from_word(word)
        if level is not None and word.lower() not in ("alert", "page", "ticket", "ok", "none"):
            levels.append(level)
    levels += [level for word in _PLAIN.findall(subject) if (level := severity.from_word(word)) is not None]
    return max(levels, default=None)


def _asset(subject: str, text: str, mail: Any, pattern: Json) -> str:
    """By the setting, else `host: name` in subject or text, else `on web-01` in the subject, else who sent it."""
    if type(pattern) is str:
        regex = _pattern(pattern)
        for part in (subject, text):
            caught = given(regex.caught(part))
            if caught is not None:
                return caught
    for part in (subject, text[:8_192]):
        named = _NAMED.search(part)
        if named is not None and (name := given(named[1].rstrip(".:-"))) is not None:
            return name
    for spoken in _SPOKEN.finditer(subject):
        if _HOST_LIKE.fullmatch(spoken[1]) and (name := given(spoken[1])) is not None:
            return name
    return given(mail.get("from")) or "mail"


def _pattern(text: str) -> Pattern:
    return Pattern(text, "asset_pattern")


def _signature(subject: str, asset: str) -> str:
    """The subject without asset, state and numbers: the same check has the same one each time it writes."""
    named = rf"(?i)(?:\b(?:on|at|for|of|host|server|device|node)\s+)?(?<![\w.-]){re.escape(asset)}(?![\w-])"
    bare = re.sub(named, " ", subject)
    bare = _NUMBER.sub("#", _STATE_WORDS.sub(" ", bare))
    previous = None
    while previous != bare:
        previous, bare = bare, _EMPTY_PAIR.sub(" ", bare)
    words = [word for word in bare.split() if word.strip(_EDGES) or "#" in word]
    return line(" ".join(words).strip(" -–—:;,.*|/\\=!\"'"), LONGEST_NAME) or "Mail"


async def poll(asked: Poll, outside: Outside) -> Polled:
    """
    The mails that came since the last look.

    Raises:
        Temporary: the server does not answer as it should.
        Invalid: a person must change the settings.
    """
    settings = asked.settings
    host, user, password = (settings.get(name) for name in ("host", "user", "password"))
    if not host or not user or not password:
        raise Invalid("host, user and password are needed", where="settings", mend="set all three")
    folder = settings.get("folder") or "INBOX"
    memory = _memory(asked.cursor)
    box = digest(host, str(settings.get("port")), user, folder)
    mine = memory.box == box and memory.at is not None
    seen = Seen(memory.validity, memory.uid, memory.at) if mine and memory.at is not None else None
    made: list[socket] = []

    def connect() -> socket:
        made.append(outside.connect(host, settings.get("port") or 993, settings.get("tls") is not False))
        return made[0]

    try:
        found = await asyncio.to_thread(look, connect, user, password, folder, seen, asked.now)
    except asyncio.CancelledError:
        for one in made:
            _cut(one)  # the thread reads from it, and nothing else would end it
        raise
    known = set(memory.names) if mine else set[str]()
    items = [item for mail in found.mails if (item := _fetched(mail.raw)).id not in known]
    names = [*(memory.names if mine else []), *(item.id for item in items)][-_MOST_NAMES:]
    left = _Memory(box, found.seen.validity, found.seen.uid, asked.now, names)
    return Polled(tuple(items), msgspec.to_builtins(left), found.more)


def _fetched(raw: bytes) -> Fetched:
    named = re.search(rb"(?im)^message-id:[ \t]*(\S{1,200})", raw[:65_536])
    return Fetched(f"{short_hash(named[1]) if named else ''}:{short_hash(raw)}", raw)


def _cut(connection: socket) -> None:
    try:
        connection.shutdown(SHUT_RDWR)
    except OSError:
        pass  # it is closed already


def _memory(kept: Json) -> _Memory:
    try:
        return _Memory() if kept is None else msgspec.convert(kept, _Memory)
    except msgspec.ValidationError:
        return _Memory()  # another version of ours wrote it


# ------------------------------------------------------------------------------------------------ settings


def _host_complaint(value: Json) -> str | None:
    fits = value is None or (type(value) is str and re.fullmatch(r"[A-Za-z0-9.:-]{1,253}", value))
    return None if fits else "must be a host's name or address"


def _port_complaint(value: Json) -> str | None:
    return None if type(value) is int and 0 < value < 65_536 else "must be a port"


def _text_complaint(value: Json) -> str | None:
    """What is sent inside an IMAP command: ASCII of one line."""
    fits = value is None or (type(value) is str and 0 < len(value) <= 512 and value.isascii() and value.isprintable())
    return None if fits else "must be a text of one line, in ASCII"


def _folder_complaint(value: Json) -> str | None:
    return "must be a folder's name in ASCII" if value is None or _text_complaint(value) else None


def _pattern_complaint(value: Json) -> str | None:
    if value is None:
        return None
    if type(value) is not str:
        return "must be a regular expression"
    try:
        _pattern(value)
    except Invalid as wrong:
        return wrong.what
    return None


(_MAPPING,) = (setting for setting in generic.SOURCE.settings if setting.name == "mapping")

SETUP = """\
Let the tools send to a mailbox of their own, and nothing else into it. Here:

```sh
alertwhisperer integration add --company ID --source mailbox --name 'Alert mail' \\
  --setting host=mail.example.com --setting user=alerts@example.com --setting password=SECRET
```

The folder is opened to be read only: no mail is marked, moved or deleted. The first look reads the last day. A mail
over 5 MB is not read and shows up as rejected; everything else in the folder goes on.

Without a mapping the subject is read as people would:

- `RESOLVED`, `RECOVERY`, `RECOVERED`, `CLEARED` anywhere, or `OK`, `UP`, `NORMAL` in capitals with nothing bad after
  it, resolves ("not resolved" and "OK -> CRITICAL" do not);
- the worst severity in it counts: in brackets, before a colon, or one of critical, fatal, emergency, disaster, down,
  error, severe, urgent, warning, degraded, minor, P0 to P5; with none it is medium;
- the asset is what `asset_pattern` catches, else `host: NAME` in subject or text, else `on NAME` in the subject when
  NAME looks like a host's, else the sender's address;
- the signature is the subject without asset, state words and numbers.

With a `mapping` the fields are `subject`, `from`, `from_name`, `to`, `date`, `text` and `headers` (lower-case names).
"""

SOURCE = Source(
    slug=_SLUG,
    title="Mailbox (IMAP)",
    docs="https://www.rfc-editor.org/rfc/rfc3501",
    version=1,
    parse=parse,
    decode=decode,
    setup=SETUP,
    can_send=(),
    methods=(),
    settings=(
        INTERVAL_S,
        Setting("host", "The IMAP server.", None, _host_complaint),
        Setting("port", "Its port.", 993, _port_complaint),
        Setting("tls", "Whether the connection is encrypted from its first byte.", True, flag_complaint),
        Setting("user", "Who signs in.", None, _text_complaint),
        Setting("password", "The user's password, or an app password.", None, _text_complaint, secret=True),
        Setting("folder", "The folder to read.", "INBOX", _folder_complaint),
        Setting("asset_pattern", "RE2 expression whose first group is the asset.", None, _pattern_complaint),
        _MAPPING,
    ),
    poll=poll,
)
