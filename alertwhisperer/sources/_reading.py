"""
Reading: what the parsers share, so that each of them is about its tool only.

Everything here takes whatever JSON can hold and never raises: a wrong type reads as absent. What comes out fits the
caps of an occurrence and holds neither NUL nor lone surrogates, which PostgreSQL and UTF-8 refuse.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from hashlib import blake2b
from types import MappingProxyType
from typing import Any

from alertwhisperer.domain.asset import present
from alertwhisperer.domain.occurrence import Kind

LONGEST_NAME = 512  # asset and signature
LONGEST_MESSAGE = 2_000
LONGEST_LABEL_NAME = 128
LONGEST_LABEL = 1_024
MOST_LABELS = 64
LONGEST_LINK = 2_048
LONGEST_ID = 256
LEFT_OUT = "labels_left_out"  # the label that says how many found no room

EMPTY: Mapping[str, Any] = MappingProxyType({})
# What tools without a vocabulary of their own call the states, and the note of those that change nothing.
KINDS: Mapping[str, tuple[Kind, str]] = MappingProxyType(
    {
        word: (kind, note)
        for kind, note, words in (
            (
                Kind.FIRING,
                "",
                "firing fire active alarm alert alerting open opened problem triggered new down failed",
            ),
            (
                Kind.FIRING,
                "",
                "fail failing failure critical crit error warning warn unhealthy trigger started unreachable bad",
            ),
            (
                Kind.RESOLVED,
                "",
                "resolved resolve ok okay recovered recovery closed close cleared clear normal up fixed",
            ),
            (Kind.RESOLVED, "", "healthy inactive success succeeded ended good done"),
            (Kind.NOTED, "test", "test testing"),
            (Kind.NOTED, "operator_update", "acknowledged acknowledge ack acked update updated comment commented"),
        )
        for word in words.split()
    }
)
_ONE_DAY = timedelta(days=1)
_NOT_SLUG = re.compile(r"[^a-z0-9_]+")
_BAD = re.compile("[\x00\ud800-\udfff]")
_FIRST_SANE_YEAR = 1980  # year 1 is Go's "not set"; 1970 is a device without a clock, or epoch 0
_DEEPEST_LABEL = 6


def clean(text: str, limit: int) -> str:
    """The text with U+FFFD for NUL and lone surrogates, at most `limit` characters, a cut shown by `…`."""
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    if text.isprintable():  # one call in C that rules out NUL, surrogates and control characters
        return text
    return _BAD.sub("\ufffd", text)


def line(text: str, limit: int) -> str:
    """As `clean`, with every run of white space that holds a line break, tab or other control made one blank."""
    if len(text) <= limit and text.isprintable():
        return text
    text = " ".join(text[: 4 * limit].split()) + ("…" if len(text) > 4 * limit else "")
    return clean(text, limit)


def given(value: object, limit: int = LONGEST_NAME) -> str | None:
    """One clean line of a value, or None when the tool has none (see `asset.present`)."""
    text = present(value)
    return None if text is None else line(text, limit) or None


def first(values: Iterable[object], limit: int = LONGEST_NAME) -> str | None:
    """The first value that is there."""
    for value in values:
        text = given(value, limit)
        if text is not None:
            return text
    return None


def table(value: object) -> Mapping[str, Any]:
    """The value when it is an object, else an empty one."""
    return value if type(value) is dict else EMPTY


def rows(value: object) -> list[Any]:
    """The value when it is a list, else an empty one."""
    return value if type(value) is list else []


def scalar(value: object) -> str | None:
    """Text of a string, number or boolean as JSON would spell it; None for everything else."""
    if type(value) is str:
        return value
    if value is True:
        return "true"
    if value is False:
        return "false"
    return present(value)


def digest(*parts: str) -> str:
    """A 128-bit name for several texts in this order, in hex; lengths keep the parts from running into each other."""
    joined = "".join([f"{len(part)}:{part}" for part in parts])
    return blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def identity(text: str) -> str:
    """An id of the tool's, as it is when it is short and clean, else its digest."""
    return text if len(text) <= LONGEST_ID and text.isprintable() else digest(text)


def link(value: object) -> str | None:
    """The value when it is a web address of sane length; other schemes (`javascript:`) never become links."""
    if type(value) is str and value[:4].lower() == "http" and len(value) <= LONGEST_LINK and value.isprintable():
        scheme, _, rest = value.partition("://")
        return value if scheme.lower() in ("http", "https") and rest.strip("/") else None
    return None


def links(candidates: Mapping[str, object]) -> dict[str, str]:
    """Those of the candidates that are web addresses."""
    return {name: url for name, value in candidates.items() if (url := link(value)) is not None}


def labels_of(*trees: object, prefix: str = "") -> dict[str, str]:
    """
    Flat labels from objects of any depth (`{"a": {"b": 1}}` is `a.b`), within the caps; an earlier tree wins.

    Nulls are left out. What finds no room is counted in the label `labels_left_out`.
    """
    if len(trees) == 1 and not prefix:
        plain = _plain(trees[0])
        if plain is not None:
            return plain
    flat: dict[str, str] = {}
    left_out = sum(_flatten(tree, prefix, flat, 0) for tree in trees)
    return _with_room(flat, left_out)


def add_label(labels: dict[str, str], name: str, value: object) -> None:
    """Put one more label, when it has a value, there is room, and the name is free."""
    text = scalar(value)
    if text and name not in labels and len(labels) < MOST_LABELS:
        labels[clean(name, LONGEST_LABEL_NAME)] = clean(text, LONGEST_LABEL)


def moment(value: object, received_at: datetime, zone: tzinfo = UTC) -> datetime | None:
    """
    A time as aware UTC, from RFC 3339 and its relatives or an epoch number or text (unit by magnitude).

    Args:
        value: what the tool sent.
        received_at: times more than a day after it are nonsense.
        zone: of texts that name none.

    Returns:
        None for what is no time, before 1980 (year 1 and epoch 0 say "not set"), or far in the future.
    """
    if type(value) is str:
        found = _from_text(value, zone)
    elif isinstance(value, int | float) and value is not True and value is not False:
        found = from_epoch(value)
    else:
        return None
    return None if found is None else sane(found, received_at)


def sane(found: datetime, received_at: datetime) -> datetime | None:
    """The aware time in UTC, or None when it is before 1980 or more than a day after `received_at`."""
    if found.year < _FIRST_SANE_YEAR or found.year > 9990:  # before conversion: year 1 with an offset would overflow
        return None
    if found.tzinfo is not UTC:
        found = found.astimezone(UTC)
    return found if found <= received_at or found - received_at <= _ONE_DAY else None


def from_epoch(value: float, unit: float | None = None) -> datetime | None:
    """The time of an epoch number in seconds, milliseconds, microseconds or nanoseconds, told by its size."""
    if not 0 < value < 1e20:
        return None
    if unit is None:
        unit = 1 if value < 1e11 else 1e3 if value < 1e14 else 1e6 if value < 1e17 else 1e9
    try:
        return datetime.fromtimestamp(value / unit, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _from_text(text: str, zone: tzinfo) -> datetime | None:
    if len(text) > 40:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return _from_loose_text(text.strip(), zone)
    if found.tzinfo is not None:
        return found
    return from_epoch(int(text)) if _is_digits(text) else found.replace(tzinfo=zone)


def _from_loose_text(text: str, zone: tzinfo) -> datetime | None:
    if _is_digits(text.replace(".", "", 1)):
        return from_epoch(float(text)) if len(text) >= 9 else None
    upper = text.upper().removesuffix("UTC").removesuffix("GMT").strip()
    try:
        found = datetime.fromisoformat(upper)
    except ValueError:
        return None
    if found.tzinfo is not None:
        return found
    return found.replace(tzinfo=zone if len(upper) == len(text) else UTC)


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _plain(tree: object) -> dict[str, str] | None:
    """A copy of the tree when it is already a flat object of short clean texts, told by two joins in C."""
    if type(tree) is not dict or len(tree) > MOST_LABELS:
        return None
    try:
        values = "".join(tree.values())
    except TypeError:
        return None
    names = "".join(tree)
    if len(values) > LONGEST_LABEL or not values.isprintable() or not names.isprintable():
        return None
    if len(names) > LONGEST_LABEL_NAME and max(map(len, tree)) > LONGEST_LABEL_NAME:
        return None
    return tree.copy()


def _flatten(tree: object, name: str, into: dict[str, str], depth: int) -> int:
    """Put the leaves of a tree; returns how many found no room, a subtree that came too late counting as one."""
    if type(tree) is dict:
        pairs: Iterable[tuple[str, object]] = ((str(key), value) for key, value in tree.items())
    elif type(tree) is list:
        pairs = ((str(place), value) for place, value in enumerate(tree))
    else:
        return _put(name, scalar(tree), into)
    if depth == _DEEPEST_LABEL or (len(into) >= MOST_LABELS and depth > 0):
        return 1
    return sum(_flatten(value, f"{name}.{key}" if name else key, into, depth + 1) for key, value in pairs)


def _put(name: str, text: str | None, into: dict[str, str]) -> int:
    if text is None:
        return 0
    name = clean(name or "value", LONGEST_LABEL_NAME)
    if name in into:
        return 0
    if len(into) >= MOST_LABELS:
        return 1
    into[name] = clean(text, LONGEST_LABEL)
    return 0


def _with_room(flat: dict[str, str], left_out: int) -> dict[str, str]:
    if left_out:
        if len(flat) >= MOST_LABELS:
            flat.popitem()
            left_out += 1
        flat[LEFT_OUT] = str(left_out)
    return flat


def slug_of(name: str, default: str = "generic") -> str:
    """A tool's name as it may stand in `source`: at most 64 of `a-z 0-9 _ -`; the default when nothing is left."""
    if name.isascii() and name.islower() and len(name) <= 64 and name.replace("-", "a").isidentifier():
        return name
    return _NOT_SLUG.sub("-", name[:256].lower())[:64].strip("-") or default


def names_complaint(value: object) -> str | None:
    """For a setting that is a list of texts: what is wrong with it, or None."""
    if type(value) is not list or not all(type(item) is str and item.strip() for item in value):
        return "must be a list of texts"
    return None if len(value) <= 200 else "must have at most 200 entries"


def flag_complaint(value: object) -> str | None:
    """For a setting that is on or off."""
    return None if type(value) is bool else "must be true or false"


def choice_complaint(*choices: str) -> Callable[[object], str | None]:
    """For a setting that is one of a few words."""

    def complaint(value: object) -> str | None:
        return None if value in choices else f"must be one of: {', '.join(choices)}"

    return complaint
