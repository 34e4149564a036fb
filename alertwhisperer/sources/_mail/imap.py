"""
IMAP: fetches the mails of one folder that a feed has not seen, and changes nothing there.

Blocking, on the standard library's client; to be run in a thread. The folder is opened to be read only, so no mail is
marked or deleted. A server that sends endless lines or literals is cut off.
"""

import imaplib
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from socket import socket
from typing import Any, NamedTuple

from alertwhisperer.domain.errors import Invalid, Temporary
from alertwhisperer.sources._mail.message import TOO_LARGE

MOST_MAILS = 200  # of a look
MOST_MAIL_BYTES = 5 * 1024 * 1024
_MOST_LOOK_BYTES = 20 * 1024 * 1024
_HEAD_BYTES = 32_768
_MOST_LITERAL = MOST_MAIL_BYTES + 65_536
_MOST_UIDS = 1_000_000
_SILENCE_S = 30.0
_SINCE = timedelta(days=1)
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_SIZE = re.compile(rb"RFC822\.SIZE (\d{1,15})")
_BUSY = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]")


class Mail(NamedTuple):
    """A mail as it lies in the folder; of one that is too large, its head, marked."""

    uid: int
    raw: bytes


class Seen(NamedTuple):
    """What was seen of a folder: its UIDVALIDITY, the highest UID, and when."""

    validity: int
    uid: int
    at: datetime


class Found(NamedTuple):
    """The mails of a look, oldest first; `more` of them wait."""

    mails: list[Mail]
    seen: Seen
    more: bool


class _Client(imaplib.IMAP4):
    """The library's client on a connection that is made already, with a limit to what a server may send at once."""

    def __init__(self, connection: socket) -> None:
        self._connection = connection
        super().__init__("")

    def _create_socket(self, timeout: float | None) -> socket:
        return self._connection

    def read(self, size: int) -> bytes:
        if size > _MOST_LITERAL:
            raise self.abort("the server sends more than was asked for")
        return super().read(size)


def look(
    connect: Callable[[], socket], user: str, password: str, folder: str, seen: Seen | None, now: datetime
) -> Found:
    """
    The mails that came after `seen`.

    A folder that is new to us, or whose UIDs begin anew, is read from a day before the last look on.

    Raises:
        Temporary: the server does not answer as it should.
        Invalid: it refuses the user or the folder.
    """
    connection = connect()
    try:
        connection.settimeout(_SILENCE_S)
        client = _Client(connection)
        try:
            return _look(client, user, password, folder, seen, now)
        finally:
            with suppress(imaplib.IMAP4.error, OSError, ValueError):
                client.logout()
    except imaplib.IMAP4.abort as failure:
        raise Temporary(f"the mail server broke off: {str(failure)[:200]}") from failure
    except imaplib.IMAP4.error as failure:
        raise Temporary(f"the mail server answers strangely: {str(failure)[:200]}") from failure
    except (OSError, ValueError, EOFError) as failure:
        raise Temporary(f"the mail server broke off: {type(failure).__name__}") from failure
    finally:
        connection.close()


def _look(client: _Client, user: str, password: str, folder: str, seen: Seen | None, now: datetime) -> Found:
    _log_in(client, user, password)
    kind, answer = client.select(_quoted(folder), readonly=True)
    if kind != "OK":
        raise Invalid(f"the folder {folder!r} cannot be opened: {_words(answer)}", where="settings.folder")
    validity = _validity(client)
    anew = seen is None or seen.validity != validity
    last = 0 if seen is None or anew else seen.uid
    wanted = f"SINCE {_day((now if seen is None else seen.at) - _SINCE)}" if anew else f"UID {last + 1}:*"
    # `n:*` always names the last mail, even when its UID is below n.
    uids = [uid for uid in _search(client, wanted) if uid > last]
    mails: list[Mail] = []
    size = 0
    for place, uid in enumerate(uids):
        if place >= MOST_MAILS or size >= _MOST_LOOK_BYTES:
            return Found(mails, Seen(validity, last, now), True)
        raw = _fetch(client, uid)
        last = uid
        if raw is not None:
            mails.append(Mail(uid, raw))
            size += len(raw)
    if anew and not uids:
        last = _highest(client)
    return Found(mails, Seen(validity, last, now), False)


def _log_in(client: _Client, user: str, password: str) -> None:
    try:
        client.login(_quoted(user), password)  # the library quotes the password alone
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as failure:
        words = str(failure)
        if any(code in words.upper() for code in _BUSY):
            raise Temporary(f"the mail server is busy: {words[:200]}") from failure
        raise Invalid("the mail server refuses the user", where="settings.user", mend="check user and password") from (
            failure
        )


def _validity(client: _Client) -> int:
    _, values = client.response("UIDVALIDITY")
    text = values[0] if values else None
    if not isinstance(text, bytes) or not text.isdigit() or len(text) > 20:
        raise Temporary("the mail server names no UIDVALIDITY")
    return int(text)


def _highest(client: _Client) -> int:
    """The UID below the next one; what lies in the folder by now is older than a day."""
    _, values = client.response("UIDNEXT")
    text = values[0] if values else None
    return int(text) - 1 if isinstance(text, bytes) and text.isdigit() and 0 < len(text) <= 20 else 0


def _search(client: _Client, wanted: str) -> list[int]:
    kind, answer = client.uid("SEARCH", wanted)
    if kind != "OK":
        raise Temporary(f"the mail server does not search: {_words(answer)}")
    texts = b" ".join(part for part in answer if isinstance(part, bytes)).split()
    return sorted({int(text) for text in texts[:_MOST_UIDS] if text.isdigit() and len(text) <= 10})


def _fetch(client: _Client, uid: int) -> bytes | None:
    """One mail; None when it is gone. A size that the server states may be wrong, so what comes is limited as well."""
    size = _SIZE.search(b" ".join(_flat(_asked(client, uid, "(RFC822.SIZE)"))))
    if size is None or int(size[1]) <= MOST_MAIL_BYTES:
        raw = _literal(_asked(client, uid, f"(BODY.PEEK[]<0.{MOST_MAIL_BYTES + 1}>)"))
        if raw is None or len(raw) <= MOST_MAIL_BYTES:
            return raw
    head = _literal(_asked(client, uid, f"(BODY.PEEK[HEADER]<0.{_HEAD_BYTES}>)"))
    stated = size[1] if size is not None else b"unknown"
    return None if head is None else TOO_LARGE + b": " + stated + b" bytes\r\n" + head


def _asked(client: _Client, uid: int, parts: str) -> Sequence[Any]:
    kind, answer = client.uid("FETCH", str(uid), parts)
    return answer if kind == "OK" else ()


def _literal(answer: Sequence[Any]) -> bytes | None:
    return next((bytes(part[1]) for part in answer if isinstance(part, tuple) and len(part) > 1), None)


def _flat(answer: Sequence[Any]) -> list[bytes]:
    return [bytes(one) for part in answer for one in (part if isinstance(part, tuple) else (part,)) if one]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _day(moment: datetime) -> str:
    return f"{moment.day:02d}-{_MONTHS[moment.month - 1]}-{moment.year}"


def _words(answer: Sequence[Any]) -> str:
    return b" ".join(_flat(answer)).decode("ascii", "replace")[:200]
