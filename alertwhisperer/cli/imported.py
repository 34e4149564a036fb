"""How the import of a file is told: what it does or would do, and what is wrong in which row."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer

from alertwhisperer.app.build import House
from alertwhisperer.cli import output
from alertwhisperer.cli.failure import INVALID
from alertwhisperer.cli.house import in_house
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.inventory.importing import Imported
from alertwhisperer.inventory.table import MOST_BYTES

File = Annotated[Path, typer.Argument(metavar="FILE.csv", help="UTF-8; see docs/inventory.md for its columns.")]
Apply = Annotated[bool, typer.Option("--apply", help="Write it; without this nothing is changed.")]

_MOST_SHOWN = 50  # lines of each kind on a screen; --json has all


def run(
    work: Callable[[House, bytes], Awaitable[Imported]], file: Path, data_dir: Path | None, as_json: bool, noun: str
) -> None:
    """Import a file and tell what came of it; ends the program with exit code 1 when a row is wrong."""
    text = _read(file)
    told = in_house(lambda house: work(house, text), data_dir)
    if as_json:
        output.show_json(told)
    else:
        _say(told, noun)
    if told.problems:
        raise typer.Exit(INVALID)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except OSError as failure:
        raise Invalid(f"{file} cannot be read: {failure.strerror}", where="FILE", mend="name a CSV file") from failure


def _say(told: Imported, noun: str) -> None:
    if told.problems:
        output.show_table(
            ("row", "where", "what is wrong", "how to mend it"),
            ((one.row, one.where, one.what, one.mend) for one in told.problems[:_MOST_SHOWN]),
            empty="",
        )
        output.say("", f"{len(told.problems)} problems; nothing was changed.")
        return
    for mark, names in (("+", told.added), ("~", told.changed)):
        output.say(*(f"{mark} {name}" for name in names[:_MOST_SHOWN]))
        if len(names) > _MOST_SHOWN:
            output.say(f"{mark} … and {len(names) - _MOST_SHOWN} more")
    sums = f"{len(told.added)} {noun}s added, {len(told.changed)} changed, {told.unchanged} as they were"
    output.say(f"{sums}." if told.applied else f"{sums}: only tried. Add --apply to write it.")
