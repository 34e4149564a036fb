"""
The root of `alertwhisperer`: which commands there are, and how a failure leaves the program.

A command's module is imported when that command runs, so that `--help` and a typing error answer at once: all modules
together cost half a second of imports. Hence the table of summaries here; a test holds it against the modules.
"""

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from alertwhisperer.cli import failure
from alertwhisperer.cli.groups import HELP, Helpful, token_file

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "serve": "Run the server.",
        "demo": "Send a storm of alerts to a running server and watch it become incidents.",
        "company": "Companies: the clients whose tools send alerts.",
        "group": "Groups of companies, which share settings.",
        "settings": "Settings that companies inherit: of the MSP, of a group, of a company.",
        "integration": "Integrations: which tool of a company may send.",
        "feed": "Feeds: tools that cannot push and are looked at.",
        "mapping": "Mappings: try a body, see what each field becomes and why, save, run again.",
        "route": "MSP-wide integrations: which customer of a tool is which company.",
        "key": "API keys of integrations.",
        "user": "People who may sign in.",
        "identity": "Identity providers: how people sign in by Entra ID, Google, Okta, Keycloak and others.",
        "token": "Bearer tokens of people, for the API.",
        "permissions": "Who may do what, and why.",
        "sources": "Monitoring tools that can send, and how each is set up.",
        "asset": "Assets of a company: what can be unwell, and what it stands on.",
        "site": "Sites of a company: places with their hours and holidays.",
        "contact": "Contacts of a company: whom to call.",
        "credential": "Credentials of a company: what lets scripts reach its machines.",
        "aws": "AWS of a company: the role that its client makes for us, and what is wrong with it.",
        "alerts": "Alerts of a company.",
        "incidents": "Incidents of a company: list, show, act on them.",
        "promise": "Promises to clients about incidents: make, list, keep, drop.",
        "shift": "Shift: what it leaves to the next, and handing incidents over.",
        "oncall": "On call: who is, and why; schedules, overrides, swaps, calendars.",
        "rules": "Correlation rules of a company.",
        "runbook": "Runbooks: what mends a fault, prebuilt ones and a company's own.",
        "window": "Maintenance windows: when and where alerts open no incident.",
        "silence": "Silence: what must be heard from time to time.",
        "approval": "Approvals: what is asked, exactly, and people's answers.",
        "run": "Runs: what one would do exactly, asking for it, how far it has come.",
        "brake": "Brakes: what keeps acts from starting, for one company or for all.",
        "explain": "Say in words why an alert, an incident or a delivery is what it is.",
        "replay": "Decide a company's log again and compare with what was decided.",
        "quarantine": "What could not be read, kept until a person decides.",
        "report": "Reports: files for customers, with the figures of a period.",
        "baseline": "Baseline: the figures from before, which reports compare with.",
        "ledger": "What was received and what became of it.",
        "audit": "Audit log: who did what, and the proof that nothing was changed.",
        "secrets": "Keys that seal secrets, and their rotation.",
        "prove-isolation": "Show that no company sees anything of another.",
        "retention": "Drop raw data older than it must be kept.",
        "config": "List and check every setting.",
    }
)
"""Every command with its summary; the module `alertwhisperer.cli.commands.<name>` holds it as `app`."""


class Commands(Helpful):
    """Loads the module of the command that is called, and turns whatever fails into one line and an exit code."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """What help and completion show: the name and its summary."""
        summary = COMMANDS.get(cmd_name)
        return None if summary is None else TyperGroup(name=cmd_name, help=summary)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command itself, imported now."""
        self.commands = {name: self.get_command(ctx, name) for name in COMMANDS}  # for "did you mean"
        name, command, rest = super().resolve_command(ctx, args)
        return (name, load(name), rest) if name is not None and name in COMMANDS else (name, command, rest)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run; never lets an exception out, only an exit code."""
        try:
            code = super().main(args, prog_name or "alertwhisperer", complete_var, False, windows_expand_args, **extra)
        except (KeyboardInterrupt, typer.Abort):
            code = failure.INTERRUPTED
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has seen enough
            code = 0
        except Exception as problem:  # noqa: BLE001 - a person sees one line, never a traceback
            code = failure.tell(problem)
        sys.exit(code if isinstance(code, int) else 0)


def load(name: str) -> Any:
    """The command of this name, with its subcommands, from its module."""
    module = importlib.import_module(f"alertwhisperer.cli.commands.{name.replace('-', '_')}")
    command = typer.main.get_command(module.app)
    command.name = name
    return command


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"alertwhisperer {metadata.version('alertwhisperer')}")
        raise typer.Exit


app = typer.Typer(cls=Commands, rich_markup_mode="rich", context_settings=HELP)


@app.callback()
def root(
    token: Annotated[
        Path | None,
        typer.Option(
            "--token-file", help="Act as the person whose token is in this file; as ALERTWHISPERER_TOKEN says."
        ),
    ] = None,
    version: bool = typer.Option(False, "--version", help="Print the version.", callback=_version, is_eager=True),
) -> None:
    """
    Alert Whisperer: a storm of alerts becomes few incidents, each with its reason.

    Start with [bold]alertwhisperer serve --demo-company[/bold], then, in another terminal, run
    [bold]alertwhisperer demo[/bold].
    """
    token_file.set(token)
