"""
Everybody runs every command by a token: who may, who is refused and for whom there is nothing is what the table says.

Each command is really run, in this process, with arguments made from its own parameters, so a new one is walked without
being told; one that declares nothing fails here. Without a token a command acts as the machine's operator.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from alertwhisperer.app.build import open_house
from alertwhisperer.app.settings import load
from alertwhisperer.cli.acting import Anybody, Machine, declared
from alertwhisperer.cli.main import app
from alertwhisperer.domain.user import Role
from alertwhisperer.guard.permissions import PERMISSIONS, Action, Reach
from tests.cli.test_help import every_command
from tests.database import Migrated
from tests.runbooks.files import REPORT
from tests.server import on_database
from tests.walk.visitors import Met, Town, Visitor, build

COMMANDS: Mapping[str, Any] = dict(every_command())
_REFUSED = re.compile(r"may not do|has no scope for|whole installation|does not open this command")
_SHEET = "name\nAcme\n"
_TEXTS: Mapping[str, str] = {
    "rules": '{"rules": []}',
    "route": "customer,company_id\n1,\n",
    "runbook": REPORT,
}
# Where a check of the command's own comes before the house is opened, and made-up values would not pass it.
_GIVEN: Mapping[str, Mapping[str, str]] = {
    "approval approve": {"--hash": "0" * 64},
    "audit retain": {"--keep": "3650"},
    "baseline set": {"--first-30-days": ""},
    "identity remove": {"--yes": ""},
    "mapping save": {"--mapping": "FILE"},
    "mapping try": {"--delivery": "0195d3a1-22b0-7e11-8a00-5b1c03000000"},
    "quarantine rerun": {"--all": ""},
    "runbook drill": {"slug": "service-restart"},
    "settings set": {"name": "requests_per_minute", "value": "60"},
    "settings unset": {"name": "requests_per_minute"},
    "window add": {"--for": "1h"},
    "window preview": {"--for": "1h"},
}


@dataclass(frozen=True)
class Street:
    """A town with a database that commands reach."""

    town: Town
    environ: Mapping[str, str]
    folder: Path

    def run(self, visitor: Visitor | None, words: Sequence[str]) -> Result:
        """A command in somebody's name; as the operator's when nobody is given."""
        token = {} if visitor is None else {"ALERTWHISPERER_TOKEN": visitor.token}
        return CliRunner().invoke(app, list(words), env={**self.environ, **token})

    def meet(self, visitor: Visitor, words: Sequence[str]) -> Met:
        """What came of it."""
        result = self.run(visitor, words)
        assert result.exit_code != 2, f"{' '.join(words)}: {result.output}"
        assert "something unexpected" not in result.output, f"{' '.join(words)}: {result.output}"
        if "the token is not live" in result.output:
            return Met.UNKNOWN
        if _REFUSED.search(result.output):
            return Met.FORBIDDEN
        return Met.NOT_THERE if "there is no company" in result.output else Met.LET_IN


@pytest.fixture(scope="module")
def street(migrated: Migrated, tmp_path_factory: pytest.TempPathFactory) -> Street:
    """Everybody, in the database of this process."""
    place, folder = on_database(migrated), tmp_path_factory.mktemp("walk")

    async def settle() -> Town:
        async with open_house(load(place.environ)) as house:
            return await build(house.database, house.vault, datetime.now(UTC))

    return Street(asyncio.run(settle()), place.environ, folder)


def words_of(name: str, command: Any, town: Town, folder: Path) -> list[str]:
    """The command with a value for everything that it needs, about `home`."""
    words, given = name.split(), dict(_GIVEN.get(name, {}))
    kinds = get_type_hints(command.callback)
    for parameter in command.params:
        option = parameter.opts[0] if parameter.opts[0].startswith("-") else ""
        is_company = parameter.name == "company" and not parameter.multiple
        chosen = given.pop(option or parameter.name, None)
        if chosen is None and not (parameter.required or is_company):
            continue
        value = str(town.home) if is_company else chosen
        if value is None or value == "FILE":
            value = _value(name, parameter, kinds[parameter.name], folder)
        words += [one for one in (option, value) if one]
    assert not given, f"{name} has no {sorted(given)}"
    return words


def _value(name: str, parameter: Any, kind: Any, folder: Path) -> str:
    if get_origin(kind) is Literal:
        return str(get_args(kind)[0])
    if isinstance(kind, type) and issubclass(kind, Enum):
        return str(next(iter(kind)).value)
    if kind is int:
        return "1"
    if kind is Path:
        return str(_file(name, folder))
    return "2026-01-01" if "moment" in (parameter.metavar or "").lower() else str(uuid4())


def _file(name: str, folder: Path) -> Path:
    """One that can be read, or one that can be written where the command makes one."""
    # A runbook is called what its file is called.
    file = folder / (f"walk-{uuid4().hex}.toml" if name.startswith("runbook") else f"{uuid4().hex}.csv")
    if not any(word in name for word in ("export", "evidence", "report ")):
        file.write_text(next((text for noun, text in _TEXTS.items() if name.startswith(noun)), _SHEET))
    return file


def guarded() -> Iterator[tuple[str, Any, Action]]:
    """The commands that take a right of the table."""
    for name, command in COMMANDS.items():
        what = declared(command.callback)
        if isinstance(what, Action):
            yield name, command, what


def test_every_command_declares_what_it_takes() -> None:
    assert [name for name, command in COMMANDS.items() if declared(command.callback) is None] == []
    assert len(list(guarded())) > 90
    free = {name for name, command in COMMANDS.items() if isinstance(declared(command.callback), Anybody)}
    assert free == FREE


FREE = {"serve", "demo", "sources", "config", "permissions", "audit check-evidence", "audit key", "audit verifier"} | {
    "runbook check"
}
"""Commands that show nothing of anybody; one more is worth a thought."""


def telling(action: Action, town: Town, *, inside: bool) -> list[Visitor]:
    """Of everybody those who tell most: the least who is let in, the greatest who is refused, and two more."""
    by_role = [town.named(name) for name in ("a reader", "a technician", "a company admin", "an MSP admin")]
    allowed = [one for one in by_role if one.meets(action, None) is Met.LET_IN]
    refused = [one for one in by_role if one.meets(action, None) is not Met.LET_IN]
    more = ("a token of one scope", *(("a company admin of another company",) if inside else ()))
    return [*allowed[:1], *refused[-1:], *(town.named(name) for name in more)]


@pytest.mark.parametrize("name", [name for name, _, _ in guarded()])
def test_everybody_meets_at_every_command_what_the_table_says(street: Street, name: str) -> None:
    command = COMMANDS[name]
    action = declared(command.callback)
    assert isinstance(action, Action)
    inside = any(one.name == "company" for one in command.params) and PERMISSIONS[action].reach is Reach.COMPANY
    for visitor in telling(action, street.town, inside=inside):
        words = words_of(name, command, street.town, street.folder)
        expected = visitor.meets(action, None)
        if expected is Met.LET_IN and inside:
            expected = visitor.meets(action, street.town.home)
        assert street.meet(visitor, words) is expected, f"{visitor.name}: {' '.join(words)}"


@pytest.mark.parametrize(
    "name", [name for name, command in COMMANDS.items() if isinstance(declared(command.callback), Machine)]
)
def test_no_token_opens_what_is_the_machines_own(street: Street, name: str) -> None:
    words = words_of(name, COMMANDS[name], street.town, street.folder)
    assert street.meet(street.town.named("an MSP admin"), words) is Met.FORBIDDEN


def test_without_a_token_it_is_the_operator_who_may_and_is_named(street: Street) -> None:
    made = street.run(None, ["company", "add", "Of the operator", "--json"])
    assert made.exit_code == 0, made.output
    listed = street.run(None, ["audit", "list", "--company", re.findall(r'"id": "([^"]+)"', made.output)[0], "--json"])
    assert '"actor": "cli:' in listed.output


def test_a_token_names_its_person_in_the_log(street: Street) -> None:
    admin = street.town.named("a company admin")
    assert admin.user is not None
    assert admin.user.role is Role.COMPANY_ADMIN
    made = street.run(admin, ["site", "add", "Berlin", "--company", str(street.town.home), "--json"])
    assert made.exit_code == 0, made.output
    listed = street.run(admin, ["audit", "list", "--company", str(street.town.home), "--json"])
    assert f'"actor": "{admin.user.email}"' in listed.output
    assert f'"user_id": "{admin.user.id}"' in listed.output


@pytest.mark.parametrize("name", ["nobody's", "a revoked token", "an expired token", "a token that is none"])
def test_a_token_that_is_not_live_opens_nothing(street: Street, name: str) -> None:
    visitor = Visitor(name, token="awt_") if name == "nobody's" else street.town.named(name)
    for words in (["company", "list"], ["incidents", "list", "--all-companies"], ["audit", "retain", "--keep", "3650"]):
        assert street.meet(visitor, words) is Met.UNKNOWN


def test_a_token_can_be_in_a_file(street: Street) -> None:
    file = street.folder / "token"
    file.write_text(street.town.named("a reader").token + "\n")
    refused = street.run(None, ["--token-file", str(file), "company", "add", "Mine"])
    assert _REFUSED.search(refused.output)
    for nothing in ("", "\x80"):
        file.write_text(nothing)
        assert street.run(None, ["--token-file", str(file), "company", "list"]).exit_code == 1
    assert street.run(None, ["--token-file", str(street.folder / "none"), "company", "list"]).exit_code == 1


def test_a_technician_lists_only_what_they_serve(street: Street) -> None:
    listed = street.run(street.town.named("a technician"), ["company", "list", "--json"])
    assert re.findall(r'"id": "([^"]+)"', listed.output) == [str(street.town.home)]
