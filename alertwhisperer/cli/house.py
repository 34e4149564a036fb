"""Opens the house for one command: the same parts as the server's, on the same data, whether or not it runs."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar
from uuid import UUID

import typer

from alertwhisperer.app import logs
from alertwhisperer.app.build import House, open_house
from alertwhisperer.app.settings import Settings, load
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import at, come_in, token_of_file
from alertwhisperer.cli.find import find_company
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import Invalid

T = TypeVar("T")

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Where the embedded database is; else as ALERTWHISPERER_DATA_DIR says, else data."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Company = Annotated[str, typer.Option("--company", "-c", help="By id, ref or name; `msp` is the MSP itself.")]


def _remember(limit: int) -> int:
    """What prints the rows asks it, to say whether there may be more."""
    output.most.set(limit)
    return limit


Limit = Annotated[
    int, typer.Option("--limit", "-n", min=1, max=500, callback=_remember, help="How many at most, newest first.")
]


def settings_of(data_dir: Path | None, *, host: str | None = None, port: int | None = None) -> Settings:
    """The settings of this command: its options over the environment; logs begin to flow as they say."""
    settings = load(data_dir=data_dir, host=host, port=port, token=token_of_file())
    logs.set_up(settings.log_level)
    return settings


def reachable(settings: Settings) -> str:
    """The server as this machine reaches it; a public address may lead through a proxy that is not there yet."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 - not bound, replaced
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def in_house(work: Callable[[House], Awaitable[T]], data_dir: Path | None) -> T:
    """
    Run one piece of work with the house open, and close it again.

    Raises:
        Forbidden: a token was given, and does not allow this command.
    """
    settings = settings_of(data_dir)

    async def run() -> T:
        async with open_house(settings, connections=2) as house:
            await come_in(house)
            return await work(house)

    return asyncio.run(run())


def identifier(text: str, name: str = "id") -> UUID:
    """
    The id that was typed.

    Raises:
        Invalid: it is none.
    """
    try:
        return UUID(text)
    except ValueError as failure:
        raise Invalid(
            f"{text!r} is not an id", where=name, mend="copy it from a list; they look like 0195d3a0-7c1e-…"
        ) from failure


async def scope_of(house: House, text: str) -> Scope:
    """
    In the name of the company that was typed.

    Raises:
        Invalid: several companies are called so.
        NotFound: no company is, or whoever acts does not serve it.
    """
    return at(await find_company(house, text))
