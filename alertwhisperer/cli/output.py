"""What commands print: one JSON document for scripts, or tables and sentences for people."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence, Set
from contextvars import ContextVar
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any
from uuid import UUID

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from alertwhisperer.cli.inert import inert

most: ContextVar[int | None] = ContextVar("most", default=None)
"""How many rows this command was asked for at most; None where it has no such option."""

_PIPED_WIDTH = 240  # wide enough that no id is cut when another program reads the table


def console() -> Console:
    """Standard output; without colours and narrow columns when it is no terminal."""
    return Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=_PIPED_WIDTH)


def show_json(value: object) -> None:
    """One JSON document on standard output."""
    print(json.dumps(plain(value), ensure_ascii=False, indent=2))


def text_of(value: object) -> str:
    """The same document on one line, its fields in order: what a signature is made over."""
    return json.dumps(plain(value), ensure_ascii=False, sort_keys=True)


def show_list(items: Sequence[object]) -> None:
    """A list as the API answers it: `{"items": […]}`."""
    show_json({"items": list(items)})


def say(*lines: str) -> None:
    """Sentences, a line each; their text is made inert, their indentation stays."""
    for line in lines:
        indent = len(line) - len(line.lstrip(" "))
        print(" " * indent + inert(line))


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """
    A table; the cells of a column named `id` are never cut, and a list that may go on says so.

    Args:
        empty: what is said when there are no rows.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=column == "id", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell(value)) for value in row))
    if not table.row_count:
        say(empty)
        return
    console().print(table)
    if table.row_count == most.get():
        # Beside the table: whoever pipes it into a program gets rows alone.
        print(f"{table.row_count} shown, as many as were asked for; -n asks for more.", file=sys.stderr)


def show_fields(value: object) -> None:
    """The fields of one thing, a line each."""
    simple = plain(value)
    assert isinstance(simple, dict)  # noqa: S101 - callers show one thing
    width = max(map(len, simple))
    for name, field in simple.items():
        print(f"{name.ljust(width)}  {cell(field)}".rstrip())


def cell(value: object) -> str:
    """A value in a table or a line: short for people, inert."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, Mapping):
        return inert(json.dumps(plain(value), ensure_ascii=False)) if value else "-"
    if isinstance(value, list | tuple | Set):
        return inert(", ".join(cell(one) for one in value)) or "-"
    word = getattr(value, "word", None)
    return inert(str(value if word is None else word))


def plain(value: Any) -> Any:
    """A value of ours as JSON knows it: ids and times as text (UTC), enums by their words, sets in order."""
    if value is None or (isinstance(value, bool | int | float | str) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Enum):
        return getattr(value, "word", value.value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, Set):
        return [plain(one) for one in sorted(value)]
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, msgspec.Struct):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return str(value)
