"""A mailbox is read by IMAP, each mail once; nothing in it is changed, and no mail holds up another."""

from __future__ import annotations

import imaplib
import os
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from alertwhisperer.kit.clock import ManualClock
from tests.app.looking import Looking, looking_of
from tests.database import Migrated
from tests.vendors.imap import PROGRAM, Imap, dovecot, saying

pytestmark = pytest.mark.skipif(
    PROGRAM is None and os.environ.get("ALERTWHISPERER_REQUIRE_SERVICES") != "1", reason="dovecot is not installed"
)


@pytest.fixture(scope="module")
def server() -> Iterator[Imap]:
    """A running IMAP server."""
    with dovecot() as running:
        yield running


@pytest.fixture
def imap(server: Imap) -> Imap:
    """The server with an empty mailbox."""
    with server.client() as client:
        _, (count,) = client.select("INBOX")
        if count != b"0":
            client.store("1:*", "+FLAGS", "\\Deleted")
            client.expunge()
    server.remake()
    return server


@pytest.fixture
async def looking(migrated: Migrated, clock: ManualClock) -> AsyncIterator[Looking]:
    """A company whose tools are looked at."""
    async with looking_of(migrated, clock) as made:
        yield made


def mail(subject: str, text: str = "", *, number: int = 0, more: str = "") -> bytes:
    """A mail of a monitoring tool."""
    named = f"Message-ID: <{number}.{abs(hash(subject))}@mon.example.com>\r\n" if number else ""
    head = f"From: Monitoring <mon@example.com>\r\nTo: alerts@example.com\r\nSubject: {subject}\r\n{named}{more}"
    return f"{head}\r\n{text}".encode()


PROBLEM = mail("** PROBLEM: Disk / is CRITICAL on web-01.example.com (97%) **", "Host: web-01.example.com", number=1)
RECOVERY = mail("** RECOVERY: Disk / is OK on web-01.example.com (61%) **", "Host: web-01.example.com", number=2)


async def test_mails_become_alerts_and_nothing_in_the_mailbox_changes(looking: Looking, imap: Imap) -> None:
    imap.put(PROBLEM, mail("WARNING: backup late on nas-3", number=3))
    feed = await looking.begin("mailbox", **imap.settings)
    shown = await looking.look_now(feed)
    assert (shown.state, shown.items, shown.problem) == ("ok", 2, "")
    assert await looking.alerts() == {"web-01.example.com: Disk": "firing", "nas-3: backup late": "firing"}
    imap.put(RECOVERY)
    await looking.look(feed)
    assert (await looking.alerts())["web-01.example.com: Disk"] == "resolved"
    await looking.look(feed)
    assert len(await looking.bodies()) == 3
    assert PROBLEM.strip() == (await looking.bodies())[0].strip()
    assert not any(b"Seen" in flags or b"Deleted" in flags for flags in imap.flags())


async def test_a_folder_whose_uids_begin_anew_doubles_nothing(looking: Looking, imap: Imap) -> None:
    imap.put(PROBLEM, mail("WARNING: backup late on nas-3", number=3), folder="Alerts")
    feed = await looking.begin("mailbox", **imap.settings, folder="Alerts")
    await looking.look_now(feed)
    before = await looking.rows("SELECT cursor->'validity' FROM feed")
    imap.remake()
    imap.put(mail("ERROR: fan on sw-2", number=4), PROBLEM, folder="Alerts")
    await looking.look(feed, later=timedelta(minutes=5))
    assert await looking.rows("SELECT cursor->'validity' FROM feed") != before
    assert len(await looking.bodies()) == 3
    assert "sw-2: fan" in await looking.alerts()


async def test_the_first_look_reads_the_last_day_and_no_archive(looking: Looking, imap: Imap) -> None:
    with imap.client() as client:
        long_ago = imaplib.Time2Internaldate(time.time() - 10 * 86_400)
        assert client.append("INBOX", "", long_ago, mail("CRITICAL: long over on old-1", number=5))[0] == "OK"
    feed = await looking.begin("mailbox", **imap.settings)
    assert (await looking.look_now(feed)).items == 0
    imap.put(PROBLEM)
    assert (await looking.look(feed, later=timedelta(minutes=5))).items == 1


async def test_a_mail_over_5_mb_is_seen_and_holds_up_nothing(looking: Looking, imap: Imap) -> None:
    huge = mail("CRITICAL: report on web-01", ("x" * 998 + "\r\n") * 6_300, number=6)
    imap.put(PROBLEM, huge, mail("WARNING: backup late on nas-3", number=3))
    feed = await looking.begin("mailbox", **imap.settings)
    shown = await looking.look_now(feed)
    assert (shown.state, shown.items) == ("ok", 3)
    assert len(await looking.alerts()) == 2
    refused = await looking.rows("SELECT content::jsonb->>'what' FROM occurrence WHERE outcome <> 1")
    assert any("too large" in what for (what,) in refused if what)
    assert max(map(len, await looking.bodies())) < 100_000


def nested(depth: int) -> bytes:
    """A mail of parts in parts."""
    head = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(depth))
    return (f"Subject: WARNING: nested on box-1\r\nMIME-Version: 1.0\r\n{head}\r\ntext").encode()


HOSTILE = [
    mail("WARNING: charset on box-2", "\xe9", more="MIME-Version: 1.0\r\nContent-Type: text/plain; charset=x-no\r\n"),
    mail("=?no-such?q?=FF=FE?= =?utf-8?b?////?=", "x"),
    mail("WARNING: date on box-3", "x", more="Date: 99 Foo 99999 99:99:99 +9999999999\r\n"),
    b"Subject: \xff\xfe\x00\x01 WARNING on box-4\r\nFrom: \xff<>\r\n\r\n\x00\xff",
    mail("WARNING: base64 on box-5", "!!!!", more="Content-Transfer-Encoding: base64\r\n"),
    mail("WARNING: address on box-6", "x", more='Reply-To: "a" <b@[c\r\nSender: =?x\r\nContent-Type: ;;;===\r\n'),
    b"\r\n",
    b"no header at all",
    nested(90),
    nested(3_000),
    mail("W" * 100_000, "x"),
]


async def test_hostile_mails_are_kept_and_hold_up_nothing(looking: Looking, imap: Imap) -> None:
    imap.put(*HOSTILE, PROBLEM)
    feed = await looking.begin("mailbox", **imap.settings)
    shown = await looking.look_now(feed)
    assert (shown.state, shown.problem) == ("ok", "")
    assert len(await looking.bodies()) == len(HOSTILE) + 1
    found = await looking.alerts()
    assert {"box-1: nested", "box-2: charset", "box-3: date", "box-5: base#", "box-6: address"} <= set(found)
    assert "web-01.example.com: Disk" in found
    await looking.look(feed, later=timedelta(minutes=5))
    assert len(await looking.bodies()) == len(HOSTILE) + 1


async def test_a_password_that_is_refused_stops_the_feed(looking: Looking, imap: Imap) -> None:
    feed = await looking.begin("mailbox", **{**imap.settings, "password": "wrong"})
    for _ in range(3):
        shown = await looking.look(feed)
    assert (shown.state, shown.due_at) == ("stopped", None)
    assert "refuses the user" in shown.problem
    assert "wrong" not in shown.problem


async def test_a_folder_that_is_not_there_is_named(looking: Looking, imap: Imap) -> None:
    feed = await looking.begin("mailbox", **imap.settings, folder="Nowhere")
    assert "Nowhere" in (await looking.look_now(feed)).problem


@pytest.mark.parametrize(
    "lines",
    [
        (b"\xff\xfe garbage\r\n",),
        (b"* OK hello\r\n* CAPABILITY IMAP4rev1\r\n", b"x" * 2_000_000),
        (b"* OK hello\r\n* 1 FETCH (BODY[] {999999999}\r\n",),
    ],
    ids=["garbage", "an endless line", "an endless literal"],
)
async def test_a_server_that_speaks_nonsense_is_tried_again(looking: Looking, lines: tuple[bytes, ...]) -> None:
    with saying(*lines) as port:
        feed = await looking.begin("mailbox", host="127.0.0.1", port=port, tls=False, user="a", password="b")
        shown = await looking.look_now(feed)
    assert (shown.state, shown.failures) == ("failing", 1)
    assert shown.problem
