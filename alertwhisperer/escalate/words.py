"""Why somebody is on call, in words; with times as the schedule's zone has them."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from alertwhisperer.domain.on_call import Change, ChangeKind, Layer, LengthUnit, Span
from alertwhisperer.escalate.on_call import LayerAt, OnCall
from alertwhisperer.escalate.rota import Idle

NameOf = Callable[[UUID | None], str | None]

_NOBODY = "nobody"
_RHYTHM = {LengthUnit.HOUR: "hourly", LengthUnit.DAY: "daily", LengthUnit.WEEK: "weekly"}
_IDLE = {
    Idle.NOT_BEGUN: "it has not begun",
    Idle.ENDED: "it has ended",
    Idle.OUTSIDE_HOURS: "it is outside its hours",
    Idle.AWAY: "{who} has the turn and is away",
    Idle.GONE: "{who} has the turn and was removed",
}


def moment(at: datetime, zone: str) -> str:
    """`Mon 2 Mar 2026 08:00`, as the zone's clock shows it."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b %Y %H:%M}"


def rhythm(layer: Layer) -> str:
    """`weekly rotation`, `rotation every 12 hours`."""
    if layer.every == 1:
        return f"{_RHYTHM[layer.unit]} rotation"
    return f"rotation every {layer.every} {layer.unit.value}s"


def why(says: OnCall, name_of: NameOf, *, in_full: bool = True) -> str:
    """
    Who is on call and why, in one sentence.

    Args:
        in_full: with layers and changes; else only who it is and until when, for those who may not see the schedule.
    """
    zone = says.version.plan.time_zone
    parts = [name_of(says.user_id) or _NOBODY]
    reason = _reason(says)
    if reason and in_full:
        parts.append(reason)
    if says.since is not None:
        parts.append(f"since {moment(says.since, zone)}")
    if says.until is not None:
        follower = name_of(says.next_id) or _NOBODY
        parts.append(f"until {moment(says.until, zone)}, then {follower}")
    if in_full:
        parts += [f"because of {change_words(one, name_of)}" for one in says.changes]
    text = ", ".join(parts)
    return f"{text[:1].upper()}{text[1:]} ({zone})." if says.user_id is None else f"{text} ({zone})."


def layer_words(layer: Layer, said: LayerAt, zone: str, name_of: NameOf) -> str:
    """What one layer says, in one sentence without its name."""
    turn = said.turn
    who = name_of(turn.user_id) or _NOBODY
    if turn.idle is not None:
        return f"Nobody: {_IDLE[turn.idle].format(who=who)}."
    return f"{who}, {rhythm(layer)}{'' if turn.shift is None else _span(turn.shift, zone)}."


def change_words(change: Change, name_of: NameOf) -> str:
    """`an override by lee@example.org (dentist)`."""
    reason = f" ({change.reason})" if change.reason else ""
    if change.kind is ChangeKind.SWAP:
        return f"a swap of {name_of(change.user_id)} and {name_of(change.other_id)}{reason}"
    if change.kind is ChangeKind.ABSENCE:
        return f"an absence of {name_of(change.user_id)}{reason}"
    return f"an override by {change.made_by}{reason}"


def _reason(says: OnCall) -> str:
    winning = [(layer, said) for layer, said in zip(says.version.plan.layers, says.layers, strict=True) if said.wins]
    if not winning:
        return ""
    [(layer, said)] = winning
    return f"{rhythm(layer)} '{said.name}'"


def _span(shift: Span, zone: str) -> str:
    return f", since {moment(shift.start, zone)}, until {moment(shift.end, zone)}"
