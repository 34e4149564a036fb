"""
Receipts: why a decision was made, as small facts when it is stored and as sentences when it is read.

A receipt must fit 400 bytes, so it holds codes and numbers; what it names (rule, incident) is stored elsewhere once.
"""

from uuid import UUID

import msgspec

from alertwhisperer.domain.outcome import Reason, sentence

_LONGEST_KEY = 120
_LONGEST_WINDOW = 48  # bytes of a maintenance window's name
LONGEST = 400
"""Bytes of a stored receipt."""


class Rival(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An incident that came near, and why it was not chosen (a `Reason` number)."""

    incident: str
    reason: int


class Receipt(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """
    The facts of one decision.

    Attributes:
        reason: `Reason` number.
        rule: the rule's id; version: of the rule set.
        key: aggregation key, cut to 120 characters, and further where these take many bytes.
        incident: hex id of the incident chosen.
        window_s: the rule's window; gap_s: time since the activity (or opening) it is compared with.
        limit: name of the threshold that would have changed the decision; needed: the value it would have needed.
        rivals: at most three that came near.
        clamped: whether the tool's time was in our future and cut.
        alias: whether the key has the asset's own name where the tool used another one.
        held_by: hex id of the maintenance window that held it back; held_name: that window's name, cut.
    """

    reason: int
    rule: str = ""
    version: int = 0
    key: str = ""
    incident: str = ""
    window_s: int = 0
    gap_s: int = 0
    limit: str = ""
    needed: int = 0
    rivals: tuple[Rival, ...] = ()
    clamped: bool = False
    alias: bool = False
    held_by: str = ""
    held_name: str = ""


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Receipt)


def encode(receipt: Receipt) -> str:
    """The stored form, at most `LONGEST` bytes; equal facts give equal bytes."""
    raw = _encoder.encode(receipt)
    while len(raw) > LONGEST and receipt.key:
        receipt = msgspec.structs.replace(receipt, key=_shorter(receipt.key, len(raw) - LONGEST))
        raw = _encoder.encode(receipt)
    return raw.decode()


def decode(facts: str | bytes) -> Receipt:
    """The facts of a stored receipt."""
    return _decoder.decode(facts)


def cut(key: str) -> str:
    """An aggregation key as receipts hold it."""
    return key if len(key) <= _LONGEST_KEY else key[: _LONGEST_KEY - 1] + "…"


def cut_name(name: str) -> str:
    """A maintenance window's name as receipts hold it."""
    raw = name.encode()
    return name if len(raw) <= _LONGEST_WINDOW else raw[: _LONGEST_WINDOW - 3].decode(errors="ignore") + "…"


def explain(facts: str | bytes | None, reason: Reason) -> list[str]:
    """
    A decision in sentences.

    Args:
        facts: the stored receipt; None for a repeat, which has a reason code only.
        reason: the occurrence's reason.
    """
    told = [sentence(reason)]
    if facts is None:
        return told
    receipt = decode(facts)
    if receipt.rule:
        told.append(f"Rule {receipt.rule!r} (version {receipt.version}) made the aggregation key {receipt.key!r}.")
    if receipt.held_by:
        told.append(f"The window is {receipt.held_name!r} ({UUID(hex=receipt.held_by)}).")
    if receipt.alias:
        told.append("The tool used another name of the asset; the key has the asset's own.")
    if receipt.window_s:
        told.append(f"The window is {_span(receipt.window_s)}; the gap was {_span(receipt.gap_s)}.")
    if receipt.limit:
        told.append(f"It would have been otherwise with {receipt.limit} at {receipt.needed}.")
    for rival in receipt.rivals:
        told.append(f"Incident {UUID(hex=rival.incident)} came near: {sentence(Reason(rival.reason))}")
    if receipt.clamped:
        told.append("The tool's time lay in our future; it was cut to two minutes after receipt.")
    return told


def _shorter(key: str, excess: int) -> str:
    """The key without as many letters as must go at least: in JSON a letter takes up to six bytes."""
    kept = key.removesuffix("…")
    kept = kept[: len(kept) - max(excess // 6, 1)]
    return kept + "…" if kept else ""


def _span(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds // 60} min {seconds % 60} s"
