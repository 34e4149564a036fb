"""
What a source is: a declaration and one pure function from a request to occurrences.

A parser never raises for hostile input it can name: a bad member becomes a `Refused` beside the good ones, a body that
is no use at all raises `Invalid`. Anything else that escapes is a bug of ours; the gateway then quarantines the
delivery, so that nothing is lost and it can be parsed again after the mend.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from alertwhisperer.domain.occurrence import Occurrence, Refused

Json = Any  # a parsed body: dict, list, str, int, float, bool or None; `Any` lives in sources only


class Inbound(msgspec.Struct, frozen=True):
    """
    A request as a source sees it, with the integration's key already taken out.

    Attributes:
        method: upper case.
        path: below `/api/webhooks/`, e.g. `zabbix`.
        query: first value of each parameter.
        headers: lower-case names; only what the source lists in `reads_headers`, plus `content-type`.
        body: decompressed bytes as received.
        document: the body as JSON (or a form's fields as a dict of strings); None when it is neither.
        received_at: aware UTC.
        settings: the integration's settings for this source, already checked by `Source.check_settings`.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    document: Json
    received_at: datetime
    settings: Mapping[str, Json]


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
    """A setting that an integration of this source has: its name, meaning, default and how it is checked."""

    name: str
    meaning: str
    default: Json
    check: Callable[[Json], str | None]  # the complaint, or None when the value is right


Fetch = Callable[[str], Awaitable[bytes]]
"""GET of an https URL whose host the caller has checked; bounded in time, size and address; raises Temporary."""


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
        reads_headers: lower-case names of the headers that parse, detects, delivery_id or authenticate look at.
        temporary_status: answered when a limit is reached: 429, or 503 where a 4xx is final to the sender.
        methods: HTTP methods it is served on.
        key_in_body: top-level body field that may hold the integration's key (`routing_key`), or "".
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
    key_in_body: str = ""
