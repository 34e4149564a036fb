"""`alertwhisperer config`: every setting with its value and meaning, and whether all of them work together."""

from enum import StrEnum
from typing import Annotated

import typer

from alertwhisperer.app.build import House
from alertwhisperer.app.settings import describe
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import anybody
from alertwhisperer.cli.groups import single
from alertwhisperer.cli.house import AsJson, DataDir, in_house, settings_of

app = single()


class What(StrEnum):
    """How much is looked at."""

    LIST = "list"
    CHECK = "check"


@app.command(epilog="Example: alertwhisperer config check")
@anybody("it shows the settings of this machine")
def config(
    what: Annotated[
        What,
        typer.Argument(
            metavar="[list|check]",
            help="`list` reads and checks each value; `check` opens the database with them as well.",
        ),
    ] = What.LIST,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List and check every setting. The first value that is of no use is named, with exit code 1."""
    settings = settings_of(data_dir)
    if what is What.CHECK:
        in_house(_answers, data_dir)
    described = describe(settings)
    if as_json:
        output.show_json({"items": described, "key_file": settings.master_key_file, "checked": what is What.CHECK})
        return
    output.show_table(
        ("variable", "value", "meaning"),
        ((one.env, (one.value or "-") + ("" if one.is_set else " (default)"), one.meaning) for one in described),
        empty="",
    )
    output.say("", "All values are usable." + (" The database answers and is safe." if what is What.CHECK else ""))


async def _answers(house: House) -> None:
    await house.database.answers()
