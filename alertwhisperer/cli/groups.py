"""How groups of commands behave: help instead of a complaint when nothing was typed."""

from contextvars import ContextVar
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup


class Helpful(TyperGroup):
    """A group that shows its help when it is called without a command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The arguments, or the help and the end of the program."""
        if not args and not ctx.resilient_parsing:
            typer.echo(ctx.get_help())
            raise typer.Exit
        return super().parse_args(ctx, args)


def group(summary: str) -> typer.Typer:
    """The application of a module that holds several commands."""
    return typer.Typer(cls=Helpful, help=summary, add_completion=False, rich_markup_mode="rich", context_settings=HELP)


def single() -> typer.Typer:
    """The application of a module that holds one command."""
    return typer.Typer(add_completion=False, rich_markup_mode="rich", context_settings=HELP)


HELP = {"help_option_names": ["-h", "--help"]}

token_file: ContextVar[Path | None] = ContextVar("token_file", default=None)
"""What the root command was given with `--token-file`."""
