"""Help and complaints: at once, one line, the right exit code; and every command says how it is used."""

import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from alertwhisperer.cli.acting import declared
from alertwhisperer.cli.main import COMMANDS, load
from tests.cli.conftest import Shell


def every_command() -> Iterator[tuple[str, Any]]:
    """Each command that can be run, by the words that run it."""
    for name in COMMANDS:
        command = load(name)
        for inner, found in getattr(command, "commands", {}).items():
            yield f"{name} {inner}", found
        if not getattr(command, "commands", {}):
            yield name, command


@pytest.mark.parametrize(("words", "command"), list(every_command()))
def test_every_command_has_help_an_example_and_json(words: str, command: Any) -> None:
    assert command.help, words
    assert (command.epilog or "").startswith(f"Example: alertwhisperer {words}"), words
    names = {name for parameter in command.params for name in parameter.opts}
    assert "--json" in names, words


@pytest.mark.parametrize(("words", "command"), list(every_command()))
def test_every_command_declares_what_right_it_takes(words: str, command: Any) -> None:
    assert declared(command.callback) is not None, f"give {words} an @acts(Action…), @machine_only or @anybody"


def test_help_lists_every_command_quickly(shell: Shell) -> None:
    began = time.monotonic()
    answered = shell.run("--help")
    took = time.monotonic() - began
    assert answered.code == 0
    assert all(f" {name} " in answered.out for name in COMMANDS)
    assert took < 5  # it imports no command: 0.2 s on the slowest machine we have; the bound only catches a hang


def test_root_help_imports_no_part_of_the_house() -> None:
    script = "import sys, alertwhisperer.cli.main; print([m for m in sys.modules if m.startswith('alertwhisperer.')])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    heavy = ("alertwhisperer.app", "alertwhisperer.store", "alertwhisperer.api", "alertwhisperer.sources")
    assert not any(name in done.stdout for name in heavy), done.stdout


@pytest.mark.parametrize("words", [(), ("company",), ("incidents",)])
def test_nothing_typed_shows_help(shell: Shell, words: tuple[str, ...]) -> None:
    answered = shell.run(*words)
    assert (answered.code, "Usage" in answered.out) == (0, True)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("compny", "list"), 2, "Did you mean 'company'"),
        (("company", "frobnicate"), 2, "No such command"),
        (("company", "add"), 2, "NAME"),
        (("company", "add", "x", "--colour"), 2, "--colour"),
        (("user", "add", "a@example.org", "--role", "boss"), 2, "boss"),
        (("serve", "--port", "99999"), 2, "65535"),
        (("company", "show", "nonsense"), 1, "no company"),
        (("incidents", "show", "nonsense"), 1, "not an id"),
        (("company", "add", " "), 1, "name"),
        (("company", "add", "x", "--time-zone", "Mars/Olympus"), 1, "time_zone"),
        (("sources", "nagios9"), 1, "prometheus"),
        (("explain", "01a20f6b-b232-7c9c-baf6-2df430728ee6"), 1, "no alert, incident or delivery"),
        (
            ("rules", "set", "/nowhere/rules.json", "--company", "01a20f6b-b232-7c9c-baf6-2df430728ee6"),
            1,
            "cannot be read",
        ),
        (("incidents", "list", "--company", "01a20f6b-b232-7c9c-baf6-2df430728ee6"), 1, "no company"),
    ],
)
def test_a_complaint_is_one_line(shell: Shell, words: tuple[str, ...], code: int, says: str) -> None:
    answered = shell.run(*words)
    assert answered.code == code, answered.err
    assert answered.out == ""
    assert answered.err.startswith("error: "), answered.err
    assert answered.err.count("\n") == 1, answered.err
    assert says in answered.err


def test_a_setting_of_no_use_is_named(shell: Shell) -> None:
    answered = shell.with_settings(ALERTWHISPERER_PORT="http").run("config")
    assert (answered.code, answered.err.count("\n")) == (1, 1)
    assert "ALERTWHISPERER_PORT" in answered.err


def test_a_database_that_cannot_be_reached_is_no_traceback(shell: Shell) -> None:
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
    answered = shell.with_settings(DATABASE_URL=nowhere, DATABASE_APP_URL=nowhere).run("company", "list", "--json")
    assert (answered.code, answered.out) == (3, "")
    assert answered.err.startswith("error: ")
    assert "Traceback" not in answered.err
