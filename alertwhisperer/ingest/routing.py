"""
One integration, many companies: hands each occurrence of an MSP-wide integration to the company that its customer is.

What the tool sent stays with the MSP, whole. Each company gets a delivery of its own that holds its occurrences and
nobody else's, in our native form; what belongs to no company yet waits in the MSP's quarantine, in order, until
somebody maps it. All of it is stored in one transaction.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import blake2b

import msgspec

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.delivery import Delivery, Member, Unreadable
from alertwhisperer.domain.integration import OWN_SOURCE
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence
from alertwhisperer.domain.severity import Severity
from alertwhisperer.ingest.normalize import normalize
from alertwhisperer.kit.ids import delivery_id_int
from alertwhisperer.sources import native
from alertwhisperer.store.gate import Limits

UNMAPPED = "unmapped"
"""Quarantined because no company is mapped to its customer."""
OVER_LIMIT = "over_limit"
"""Quarantined because its company sent more than its limit, beside others that did not."""
SHOUT = "Alerts of an unmapped customer"
"""Signature of the MSP's own incident about critical occurrences that wait."""
LONGEST_VALUE = 256


class Target(msgspec.Struct, frozen=True, gc=False):
    """A company that an MSP-wide integration serves; `integration` is its own one that stands for the shared one."""

    company_id: CompanyId
    company: bytes
    integration: bytes
    limits: Limits


class Routes(msgspec.Struct, frozen=True):
    """
    The routing table of one MSP-wide integration.

    Attributes:
        label: of an occurrence, names the customer.
        targets: by the customer's name, trimmed and case-folded.
        own: integration (16 bytes) of the MSP's own occurrences.
    """

    label: str
    targets: Mapping[str, Target]
    own: bytes


class Routed(msgspec.Struct):
    """What goes where; places are those in the tool's body."""

    mapped: dict[bytes, tuple[Target, list[tuple[int, Occurrence]]]]
    waiting: list[Member]


def folded(value: str) -> str:
    """A customer's name as routes are looked up by."""
    return value.strip().casefold()[:LONGEST_VALUE]


def customer_of(occurrence: Occurrence, label: str) -> str:
    """Whose an occurrence is, as routes are looked up by; empty when it does not say."""
    return folded(occurrence.content.labels.get(label, ""))


def route(occurrences: Iterable[tuple[int, Occurrence]], routes: Routes) -> Routed:
    """Sort occurrences by company, each company's in the order of the body."""
    routed = Routed({}, [])
    for place, occurrence in occurrences:
        shown = occurrence.content.labels.get(routes.label, "")
        target = routes.targets.get(customer_of(occurrence, routes.label))
        if target is None:
            routed.waiting.append(Member(place, unmapped(occurrence, shown, routes.label)))
        else:
            routed.mapped.setdefault(target.company, (target, []))[1].append((place, occurrence))
    return routed


def unmapped(occurrence: Occurrence, shown: str, label: str) -> Unreadable:
    """A unit that waits because nobody said which company its customer is."""
    if shown:
        what, mend = f"no company is mapped to the customer {shown[:100]!r}", "map it: the waiting alerts then follow"
    else:
        what, mend = f"the alert has no label {label!r}", "map the empty name to a company, or route by another label"
    return _waiting(occurrence, UNMAPPED, what, mend, shown, f"labels.{label}")


def over_limit(place: int, occurrence: Occurrence, label: str) -> Member:
    """A unit that waits because its company is over its limit."""
    what, mend = "the company's limit is reached", "raise its limit, then run it again"
    shown = occurrence.content.labels.get(label, "")
    return Member(place, _waiting(occurrence, OVER_LIMIT, what, mend, shown, f"labels.{label}"))


def _waiting(occurrence: Occurrence, reason: str, what: str, mend: str, shown: str, where: str) -> Unreadable:
    content = occurrence.content
    severity = occurrence.severity if occurrence.kind is Kind.FIRING else None
    return Unreadable(
        reason,
        what,
        where,
        mend,
        folded(shown),
        None if severity is None else int(severity),
        f"{content.asset}: {content.signature}: {content.message}"[:500],
    )


def arrived(occurrence: Occurrence, received_at: datetime) -> Occurrence:
    """
    An occurrence that waited, with the moment of its arrival for what the tool left open.

    Without this it would count as beginning (or ending) now, and could reopen or end what happened meanwhile.
    """
    if occurrence.kind is Kind.FIRING and occurrence.started_at is None:
        return msgspec.structs.replace(occurrence, started_at=received_at)
    if occurrence.kind is Kind.RESOLVED and occurrence.ended_at is None:
        return msgspec.structs.replace(occurrence, ended_at=received_at)
    return occurrence


def native_delivery(
    company: bytes,
    integration: bytes,
    occurrences: Iterable[Occurrence],
    *,
    received_at: datetime,
    sender: bytes | None,
    signed: bool = False,
) -> Delivery:
    """
    A delivery of occurrences that are understood already: a company's share of a request, or what we say ourselves.

    Args:
        company, integration: 16 bytes each.
        sender: 16 bytes that name these occurrences, so that handing them in again stores nothing twice; None for an
            unnamed request.
    """
    mine = tuple(occurrences)
    body = native.told(mine)
    return Delivery(
        id=delivery_id_int(int(received_at.timestamp() * 1000)).to_bytes(16, "big"),
        company=company,
        integration=integration,
        source=native.SOURCE.slug,
        parser=native.SOURCE.version,
        settings_version=1,
        received_at=received_at,
        sender=sender,
        body_hash=None if sender is None else digest(body),
        signed=signed,
        request=None,
        body=body,
        members=[Member(place, normalize(one, integration)) for place, one in enumerate(mine)],
        actions=[],
    )


def shout_about(waiting: Iterable[Member], integration: bytes, name: str) -> list[Occurrence]:
    """The MSP's own occurrences about critical ones that wait, one a customer; empty when none is critical."""
    first: dict[str, Unreadable] = {}
    for member in waiting:
        unit = member.told
        if isinstance(unit, Unreadable) and unit.severity == Severity.CRITICAL and unit.reason == UNMAPPED:
            first.setdefault(unit.subject or "", unit)
    return [shout(integration, name, value, unit.summary or "") for value, unit in first.items()]


def shout(integration: bytes, name: str, value: str, summary: str) -> Occurrence:
    """
    Critical alerts of an unmapped customer wait.

    Args:
        integration: 16 bytes of the MSP-wide integration.
        name: of that integration.
    """
    return Occurrence(
        Kind.FIRING,
        Content(
            value or "(no name)",
            SHOUT,
            f"Critical alerts of {value or 'a customer without a name'} wait: no company is mapped to it in {name}. "
            f"First: {summary}"[:1_000],
            OWN_SOURCE,
            {"integration": name, "customer": value},
        ),
        Severity.CRITICAL,
        shout_problem(integration, value),
    )


def calm(integration: bytes, name: str, value: str) -> Occurrence:
    """The customer is mapped now."""
    return Occurrence(
        Kind.RESOLVED,
        Content(value or "(no name)", SHOUT, f"{value or 'The empty name'} is mapped in {name} now.", OWN_SOURCE),
        None,
        shout_problem(integration, value),
    )


def shout_problem(integration: bytes, value: str) -> str:
    """Identity of the MSP's own alert about one customer."""
    return f"unmapped:{digest(integration, value.encode()).hex()}"


def digest(*parts: bytes) -> bytes:
    """A 16-byte hash."""
    return blake2b(b"".join(parts), digest_size=16).digest()
