"""`alertwhisperer rules`: how a company's alerts become incidents, as data."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from alertwhisperer.app.build import House
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import acts
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, Company, DataDir, in_house, scope_of
from alertwhisperer.correlate.rules import compile_rules
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.rule import Rule, RuleSet, check
from alertwhisperer.guard.companies import require_company
from alertwhisperer.guard.permissions import Action
from alertwhisperer.store import rules as store

app = group("Correlation rules of a company.")


class _File(msgspec.Struct, forbid_unknown_fields=True):
    """What a file of rules holds; `version` is what `rules show --json` printed, and ignored."""

    rules: tuple[Rule, ...]
    version: int = 0
    effective: list[str] = []


@app.command(epilog="Example: alertwhisperer rules show --company ID --json > rules.json")
@acts(Action.RULE_READ)
def show(
    company: Company,
    version: Annotated[int | None, typer.Option("--version", help="As they were in this version.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show the rules in the order they are tried; the built-in default comes last."""

    async def work(house: House) -> RuleSet:
        scope = await scope_of(house, company)
        async with house.database.unit_of_work(scope) as unit:
            await require_company(unit)
            return await (store.current(unit) if version is None else store.by_version(unit, version))

    _tell(in_house(work, data_dir), as_json)


@app.command("set", epilog="Example: alertwhisperer rules set rules.json --company ID")
@acts(Action.RULE_SET)
def set_(
    file: Annotated[Path, typer.Argument(metavar="FILE.json", help='{"rules": [...]}, or the list alone.')],
    company: Company,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Replace the rules; the next alert is already decided by them. The old version stays readable."""
    wanted = _read(file)
    check(wanted)

    async def work(house: House) -> RuleSet:
        scope = await scope_of(house, company)
        compile_rules(scope.company_id.bytes, RuleSet(0, wanted))
        async with house.database.unit_of_work(scope) as unit:
            await require_company(unit)
            return await store.save(unit, wanted, now=house.clock.now())

    _tell(in_house(work, data_dir), as_json)


def _read(file: Path) -> tuple[Rule, ...]:
    try:
        text = file.read_bytes()
    except OSError as failure:
        raise Invalid(
            f"{file} cannot be read: {failure.strerror}", where="FILE", mend="name a file of rules"
        ) from failure
    try:
        if text.lstrip().startswith(b"["):
            return msgspec.json.decode(text, type=tuple[Rule, ...])
        return msgspec.json.decode(text, type=_File).rules
    except msgspec.DecodeError as failure:
        raise Invalid(f"{file} holds no rules: {failure}", where="FILE", mend="see docs/correlation.md") from failure


def _tell(found: RuleSet, as_json: bool) -> None:
    if as_json:
        output.show_json(
            {"version": found.version, "rules": found.rules, "effective": [rule.id for rule in found.in_order()]}
        )
        return
    output.say(f"Version {found.version}, tried in this order:")
    output.show_table(
        ("rule", "name", "condition", "groups by", "window", "tools"),
        (
            (
                rule.id,
                rule.name,
                rule.condition or "everything",
                rule.group_by,
                f"{rule.window_s} s {rule.window}",
                "together" if rule.cross_tool else "apart",
            )
            for rule in found.in_order()
        ),
        empty="No rule.",
    )
