"""
What a source is: a declaration and one pure function from a request to occurrences.

A parser never raises for hostile input it can name: a bad member becomes a `Refused` beside the good ones, a body that
is no use at all raises `Invalid`. Anything else that escapes is a bug of ours; the gateway then quarantines the
delivery, so that nothing is lost and it can be parsed again after the mend.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from socket import socket
from typing import Any

import msgspec

from alertwhisperer.domain.occurrence import Occurrence, Refused
from alertwhisperer.sources._explained import Explained

Json = Any  # a parsed body: dict, list, str, int, float, bool or None; `Any` lives in sources only


class Inbound(msgspec.Struct, frozen=True):
    """
    A request as a source sees it, with the integration's key already taken out.

    Attributes:
        method: upper case.
        path: below `/api/webhooks/`, e.g. `zabbix`.
        query: first value of each parameter.
        headers: lower-case names; only what the source lists in `reads_headers`.
        body: decompressed bytes as received.
        document: the body as JSON (or a form's fields as a dict of strings, or what the source's `decode` made of it);
            None when the body is empty.
        received_at: aware UTC.
        settings: the integration's settings for this source, already checked by `Source.check_settings`; secret ones in
            the clear for `authenticate` and `poll`, and None for everything else.
        tail: of a source with `paths` of its own: what was asked for below its root, percent-encoded as sent, e.g.
            `v2/alerts/db-01%2Fdisk/close`; else empty.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    document: Json
    received_at: datetime
    settings: Mapping[str, Json]
    tail: str = ""


class Action(msgspec.Struct, frozen=True):
    """
    An effect outside that a delivery asks for, carried out after the commit by the worker, once, with retries.

    Attributes:
        kind: which; the source's `act` gets it back.
        subject: what it is about, e.g. a topic's ARN; shown to people.
        data: what `act` needs.
        approved: False when a person must agree first.
    """

    kind: str
    subject: str
    data: dict[str, str]
    approved: bool


class Parsed(msgspec.Struct, frozen=True):
    """
    What a delivery says.

    Attributes:
        occurrences: what was understood, in the order of the body, each with its place among the members.
        refused: members that could not be used.
        actions: effects that the delivery asks for (a subscription handshake); mostly empty.
    """

    occurrences: tuple[tuple[int, Occurrence], ...]
    refused: tuple[Refused, ...] = ()
    actions: tuple[Action, ...] = ()


class Setting(msgspec.Struct, frozen=True):
    """
    A setting that an integration of this source has: its name, meaning, default and how it is checked.

    Attributes:
        check: the complaint, or None when the value is right.
        secret: sealed at rest, shown as `***`; a text, and None by default.
    """

    name: str
    meaning: str
    default: Json
    check: Callable[[Json], str | None]
    secret: bool = False


def _interval_complaint(value: Json) -> str | None:
    fits = type(value) is int and 10 <= value <= 86_400
    return None if fits else "must be a whole number of seconds from 10 to 86400"


INTERVAL_S = Setting("interval_s", "Seconds between two looks, 10 to 86400.", 60, _interval_complaint)
"""Every source with `poll` declares it."""

MOST_HEADERS = 20
_HEADER = re.compile(r"[a-z0-9][a-z0-9-]{0,62}[a-z0-9]|[a-z0-9][a-z0-9-]{2,62}\*")
# What proves who somebody is must not be stored with what was said.
_CREDENTIALS = ("authorization", "proxy-authorization", "cookie", "x-api-key", "x-signature", "webhook-signature")


def _headers_complaint(value: Json) -> str | None:
    if type(value) is not list or len(value) > MOST_HEADERS:
        return f"must be a list of at most {MOST_HEADERS} names of headers"
    for name in value:
        if type(name) is not str or not _HEADER.fullmatch(name):
            return "must hold names in lower case; x-event-* stands for all that begin with x-event-"
        if any(one == name or (name[-1] == "*" and one.startswith(name[:-1])) for one in _CREDENTIALS):
            return f"{name} would take a credential with it, and what is read is stored"
    return None


READS_HEADERS = Setting(
    "reads_headers",
    "Names of headers that are read besides the body, in lower case; `x-event-*` stands for all that begin so. What is "
    "read is stored with the delivery. A signed request shows none.",
    [],
    _headers_complaint,
)
"""Of a source whose users say which headers it reads; the gateway adds them to `reads_headers`."""

Fetch = Callable[[str], Awaitable[bytes]]
"""GET of an https URL whose host the caller has checked; bounded in time, size and address; raises Temporary."""


class Told(msgspec.Struct, frozen=True):
    """
    What became of an accepted request, for a source that answers in its tool's own words.

    Attributes:
        occurrences: members counted, as our own answer says.
        parsed: what the parser made of it; None when it could not be read and waits in quarantine.
        problem: what is wrong then, in a sentence; else "".
    """

    delivery_id: str
    occurrences: int
    duplicate: bool
    parsed: Parsed | None
    problem: str = ""


class Denied(msgspec.Struct, frozen=True):
    """
    A request that was refused, for a source that says so in its tool's own words; nothing was stored.

    Attributes:
        status: as our own answer has it: 400, 401, 403, 405, 409, 413, 429 or 503.
        what, mend: sentences that leak nothing.
        headers: of the request, as far as the source reads them.
    """

    status: int
    what: str
    mend: str
    headers: Mapping[str, str] = {}


class Reply(msgspec.Struct, frozen=True):
    """An answer as the tool expects it; names of headers in lower case."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


OUR_WORDS = Reply(202, b"")
"""Stands for the answer that is ours, of a source whose tool has none of its own this time."""


class Asked(msgspec.Struct, frozen=True):
    """One outside call of a feed; `headers` may hold credentials and are never logged."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = {}
    body: bytes = b""


class Answered(msgspec.Struct, frozen=True):
    """What the outside said; `headers` in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Outside(msgspec.Struct, frozen=True):
    """
    The doors that a feed may use; both refuse addresses that the operator did not allow.

    Attributes:
        call: one HTTP exchange, bounded in time and at 5 MB; raises `Temporary` when nobody answers, `Invalid` when the
            URL may not be called or the answer is too large.
        connect: a connection to host and port, encrypted from its first byte if the third argument says so, for a
            protocol library that blocks (use it in a thread); raises likewise.
    """

    call: Callable[[Asked], Awaitable[Answered]]
    connect: Callable[[str, int, bool], socket]


class Poll(msgspec.Struct, frozen=True):
    """
    One look at a tool that cannot push.

    Attributes:
        settings: the integration's, secret ones in the clear.
        cursor: what the last look returned whose items are all stored; None the first time.
        now: aware UTC.
        pending: what a later look returned whose items may be stored in part, because a crash or a limit came between;
            None when there was none. A source that remembers what it said must reckon with both.
    """

    settings: Mapping[str, Json]
    cursor: Json
    now: datetime
    pending: Json = None


class Fetched(msgspec.Struct, frozen=True):
    """
    One item that a look found; it becomes a delivery, parsed by the same source.

    Attributes:
        id: names this statement of the item: the same statement seen again has the same id, and is then stored once.
        body: as `parse` takes it.
    """

    id: str
    body: bytes


class Polled(msgspec.Struct, frozen=True):
    """
    What a look found.

    Attributes:
        items: oldest first.
        cursor: where the next look begins; stored only after all items are.
        more: whether another page waits; the next look then follows at once.
        problem: what kept the look from its end, in words for people: what was found is stored, and the feed counts as
            failing; "" when nothing did.
    """

    items: tuple[Fetched, ...]
    cursor: Json
    more: bool = False
    problem: str = ""


class Sample(msgspec.Struct, frozen=True):
    """A request of the tool, for the contract tests, the demo and `integration add`'s copy-paste check."""

    name: str  # firing, resolved, repeat, test, malformed or a trap's name
    body: str
    headers: dict[str, str] = {}
    query: dict[str, str] = {}


async def no_authentication(inbound: Inbound, fetch: Fetch) -> None:
    """For tools whose only credential is the integration's key."""


async def no_action(action: Action, fetch: Fetch) -> None:
    """For sources that ask for no effects."""


def never(inbound: Inbound) -> bool:
    """For sources that cannot be told by their body."""
    return False


def no_greeting(method: str, headers: Mapping[str, str], query: Mapping[str, str]) -> Reply | None:
    """For tools that do not ask before they send."""
    return None


def no_delivery_id(inbound: Inbound) -> str | None:
    """For tools that do not name their deliveries."""
    return None


class Source(msgspec.Struct, frozen=True):
    """
    A monitoring tool that can send us alerts.

    Attributes:
        slug: in URLs and `tool_source`, lower case.
        title: as its maker writes it.
        docs: the vendor's page about its webhooks.
        version: of the parser; raised whenever its answer for some body changes (stored with each delivery).
        parse: pure; see the module.
        setup: Markdown to copy and paste on the tool's side; `{webhook_url}`, `{api_key}` are filled in.
        can_send: which credentials the tool can send: any of `header`, `basic`, `query`, `path`, `body`, `hmac`.
        detects: whether a body without a source in its URL is this tool's; pure, cheap, total.
        delivery_id: the sender's own id of the request, when it has one.
        authenticate: the tool's own signature, checked before anything is stored; raises `Invalid` or `Temporary`.
        act: carries out an `Action`; raises `Temporary` to be tried again, `Invalid` to give up.
        settings: what can be set per integration.
        reads_headers: lower-case names of the headers that decode, parse, detects, delivery_id, authenticate or a reply
            look at; `ce-*` stands for all that begin so.
        temporary_status: answered when a limit is reached: 429, or 503 where a 4xx is final to the sender.
        methods: HTTP methods it is served on.
        keys_in_body: top-level body fields that may hold the integration's key (`routing_key`).
        paths: of the tool's own API that this source answers besides `/api/webhooks/SLUG`, e.g. `/v2/enqueue`; each
            with all below it, at the server's root and below `/api/webhooks/SLUG[/KEY]`; `Inbound.tail` says which
            was asked.
        decode: makes a document of a body that is neither JSON nor a form; None leaves it to the ordinary reading;
            raises `Invalid`. Tells by the body where it can: a request under our signature shows no headers.
        reply: our answer in the tool's own words; pure. None, or when it gives `OUR_WORDS`: `202 {"delivery_id",
            "status", "occurrences"}`.
        refuse: a refusal in the tool's own words; pure. None: problem+json.
        greet: answers a request that carries nothing (a handshake by OPTIONS), before any key is looked at; None goes
            on.
        route_label: label that names the MSP's customer in an integration for many companies, e.g. `organization_id`.
        poll: looks at a tool that cannot push; None for those that can. Raises `Temporary` to be tried later, `Invalid`
            when a person must change something.
        explain: why each field became what it is, of a source that is told where things stand; pure.
    """

    slug: str
    title: str
    docs: str
    version: int
    parse: Callable[[Inbound], Parsed]
    setup: str
    can_send: tuple[str, ...]
    detects: Callable[[Inbound], bool] = never
    delivery_id: Callable[[Inbound], str | None] = no_delivery_id
    authenticate: Callable[[Inbound, Fetch], Awaitable[None]] = no_authentication
    act: Callable[[Action, Fetch], Awaitable[None]] = no_action
    settings: tuple[Setting, ...] = ()
    reads_headers: tuple[str, ...] = ()
    temporary_status: int = 429
    methods: tuple[str, ...] = ("POST",)
    keys_in_body: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    decode: Callable[[bytes, Mapping[str, str]], Json] | None = None
    reply: Callable[[Inbound, Told], Reply] | None = None
    refuse: Callable[[Denied], Reply] | None = None
    greet: Callable[[str, Mapping[str, str], Mapping[str, str]], Reply | None] = no_greeting
    route_label: str = ""
    poll: Callable[[Poll, Outside], Awaitable[Polled]] | None = None
    explain: Callable[[Inbound], tuple[Explained, ...]] | None = None
