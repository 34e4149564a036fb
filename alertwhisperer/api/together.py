"""Says why alerts are one incident: reasons that sum, what came near, and what would have changed it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from alertwhisperer.correlate.receipt import Receipt, decode
from alertwhisperer.domain.outcome import Reason, sentence
from alertwhisperer.kit.ids import KIND_OCCURRENCE, sibling
from alertwhisperer.store import incidents
from alertwhisperer.store.alerts import AlertRow
from alertwhisperer.store.database import Unit
from alertwhisperer.store.incidents import IncidentRow
from alertwhisperer.store.receipts import ReceiptRow

MOST_LEFT_OUT = 3
_NAMED = 2  # alerts in the first sentence: what began, and what followed


class Grounds(msgspec.Struct, frozen=True):
    """One reason, with its evidence and how many of the incident's alerts it brought."""

    kind: str
    evidence: str
    count: int


class LeftOut(msgspec.Struct, frozen=True):
    """An incident that came near, and why it stayed apart."""

    id: UUID
    number: int
    title: str
    reason: str


class Together(msgspec.Struct, frozen=True):
    """
    Why these alerts are one.

    Attributes:
        in_short: at most two sentences.
        reasons: their counts sum to the incident's alerts.
        tipping: the threshold that would have made it otherwise; None where none came near.
    """

    in_short: str
    reasons: tuple[Grounds, ...]
    left_out: tuple[LeftOut, ...]
    tipping: str | None


async def judge(
    unit: Unit, incident: IncidentRow, found: Sequence[AlertRow], told: Mapping[UUID, ReceiptRow]
) -> Together:
    """From the incident's first alerts, oldest first, and the receipts of what began them, by occurrence."""
    receipts = {one.id: _facts(told.get(sibling(one.id, KIND_OCCURRENCE))) for one in found}
    kept = [one for one in receipts.values() if one is not None]
    near = dict.fromkeys((UUID(hex=one.incident), Reason(one.reason)) for each in kept for one in each.rivals)
    others = {one.id: one for one in await incidents.among(unit, list({rival for rival, _ in near}))} if near else {}
    left = [
        LeftOut(
            rival, others[rival].number, others[rival].title, sentence(reason).removeprefix("It opened an incident: ")
        )
        for rival, reason in near
        if rival in others and rival != incident.id
    ]
    return Together(
        in_short(incident, found),
        reasons(incident, found, receipts),
        tuple(left[:MOST_LEFT_OUT]),
        tipping(incident, kept),
    )


def reasons(
    incident: IncidentRow, found: Sequence[AlertRow], receipts: Mapping[UUID, Receipt | None]
) -> tuple[Grounds, ...]:
    """What brought how many alerts, in the order in which each reason came first."""
    counted = Counter(_ground(incident, one, receipts[one.id]) for one in found)
    grounds = [Grounds(kind, evidence, count) for (kind, evidence), count in counted.items()]
    rest = incident.alert_count - len(found)
    if rest > 0:
        grounds.append(Grounds("Later", f"after the first {len(found)}, which are explained here", rest))
    return tuple(grounds)


def tipping(incident: IncidentRow, receipts: Sequence[Receipt]) -> str | None:
    """The nearest threshold: the longest gap that the rule just let pass, or else what it would have needed."""
    joined = [one.needed for one in receipts if one.reason == Reason.JOINED_WINDOW and one.limit == "window_s"]
    if joined:
        return f"With a window under {span(max(joined) + 1)}, rule “{incident.rule_name}” opens two incidents."
    missed = [one for one in receipts if one.reason == Reason.OPENED_AFTER_WINDOW and one.limit == "window_s"]
    if missed:
        return f"With a window of {span(missed[0].needed)}, it would have joined the one before."
    return None


def in_short(incident: IncidentRow, found: Sequence[AlertRow]) -> str:
    """What began, what followed and how much came of it."""
    if not found:
        return f"{incident.title}."
    first = found[0]
    begun = f"“{first.signature}” began on {first.asset}"
    following = next((one for one in found[1:_NAMED] if one.first_seen_at > first.first_seen_at), None)
    if following is not None:
        after = span(int((following.first_seen_at - first.first_seen_at).total_seconds()))
        where = "" if following.asset == first.asset else f" on {following.asset}"
        begun += f", “{following.signature}”{where} {after} later"
    tools, assets = len(incident.tools), len(incident.assets)
    received, distinct = incident.occurrence_count, incident.alert_count
    teller = _of(tools, "tool").capitalize()
    if distinct == 1:
        return f"{begun}. {teller} said it {'once' if received == 1 else f'{received:,} times'}."
    return f"{begun}. {teller} sent {_of(received, 'alert')}, {distinct:,} of them distinct, on {_of(assets, 'asset')}."


def span(seconds: int) -> str:
    """Two units at most, as the console writes durations."""
    units = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
    for at, (unit, size) in enumerate(units):
        if seconds >= size:
            whole, rest = divmod(seconds, size)
            below = units[at + 1] if at + 1 < len(units) else None
            part = 0 if below is None else rest // below[1]
            return f"{whole} {unit}" + (f" {part} {below[0]}" if part and below else "")
    return "0 s"


def _ground(incident: IncidentRow, alert: AlertRow, receipt: Receipt | None) -> tuple[str, str]:
    if receipt is None:
        return "Past", "decided longer ago than receipts are kept"
    if receipt.incident and UUID(hex=receipt.incident) != incident.id:
        moved = (
            "a person split it off another incident"
            if incident.split_from
            else "a person merged its incident into this"
        )
        return "Person", moved
    match Reason(receipt.reason):
        case Reason.OPENED_FIRST | Reason.OPENED_AFTER_WINDOW | Reason.OPENED_AFTER_LIFE | Reason.OPENED_AFTER_REOPEN:
            return "First", f"“{alert.signature}” on {alert.asset} opened it"
        case Reason.JOINED_WINDOW:
            return "Rule", f"“{incident.rule_name}”: same key, each within {span(receipt.window_s)} of the one before"
        case Reason.JOINED_SAME_PROBLEM:
            return "Problem", "an earlier cycle of the same problem still fired here"
        case Reason.JOINED_PERSONS_CHOICE:
            return "Person", "a person had moved this problem here"
        case Reason.REOPENED_IN_TIME:
            return "Reopened", "it came back soon after the incident was resolved"
        case reason:
            return "Decision", sentence(reason)


def _facts(row: ReceiptRow | None) -> Receipt | None:
    return None if row is None or row.facts is None else decode(row.facts)


def _of(count: int, noun: str) -> str:
    return f"one {noun}" if count == 1 else f"{count:,} {noun}s"
