"""`alertwhisperer settings`: what companies inherit from the MSP and from their group, and their exceptions."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated
from uuid import UUID

import typer

from alertwhisperer.app.build import House
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import acts, by, needs
from alertwhisperer.cli.find import find_group
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, DataDir, in_house, scope_of
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.company_setting import SETTINGS, Effective, known
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.guard import company_settings
from alertwhisperer.guard.permissions import Action

app = group("Settings that companies inherit: of the MSP, of a group, of a company.")

_Group = Annotated[str | None, typer.Option("--group", "-g", help="Of this group (name or id).")]
_Company = Annotated[str | None, typer.Option("--company", "-c", help="Of this company alone (id).")]
_Name = Annotated[str, typer.Argument(metavar="NAME", help="As `settings show` lists them.")]

_OfLevel = Callable[[House, UUID | None], Awaitable[tuple[Effective, ...]]]
_OfCompany = Callable[[House, Scope], Awaitable[tuple[Effective, ...]]]


@app.command(epilog="Example: alertwhisperer settings show --group Retail")
@acts(Action.SETTING_READ)
def show(group: _Group = None, company: _Company = None, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show what holds for all companies, in a group or in a company, and where each value comes from."""
    found = _at(
        group,
        company,
        data_dir,
        Action.INHERITED_READ,
        lambda house, group_id: company_settings.inherited_of(house.database, group_id),
        lambda house, scope: company_settings.settings_of(house.database, scope),
    )
    _tell(found, as_json)


@app.command("set", epilog="Example: alertwhisperer settings set requests_per_minute 600 --group Retail")
@acts(Action.SETTING_SET)
def set_(
    name: _Name,
    value: Annotated[str, typer.Argument(metavar="VALUE")],
    group: _Group = None,
    company: _Company = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Set a value for all companies, for a group or for one company; a running server follows at once."""
    given = {name: known(name).read(value)}
    found = _at(
        group,
        company,
        data_dir,
        Action.INHERITED_SET,
        lambda house, group_id: company_settings.set_inherited(
            house.database, by(), group_id, given, now=house.clock.now()
        ),
        lambda house, scope: company_settings.set_exceptions(house.database, scope, given, now=house.clock.now()),
    )
    _tell(found, as_json)


@app.command(epilog="Example: alertwhisperer settings unset requests_per_minute --group Retail")
@acts(Action.SETTING_SET)
def unset(
    name: _Name,
    group: _Group = None,
    company: _Company = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Take a value back, so that the level above it holds again."""
    found = _at(
        group,
        company,
        data_dir,
        Action.INHERITED_SET,
        lambda house, group_id: company_settings.unset_inherited(
            house.database, by(), group_id, name, now=house.clock.now()
        ),
        lambda house, scope: company_settings.unset_exception(house.database, scope, name, now=house.clock.now()),
    )
    _tell(found, as_json)


def _at(
    group: str | None,
    company: str | None,
    data_dir: DataDir,
    level: Action,
    of_level: _OfLevel,
    of_company: _OfCompany,
) -> tuple[Effective, ...]:
    """Ask the level that was named; all companies when none was, which takes the right `level`."""
    if group is not None and company is not None:
        raise Invalid("a group and a company were named", where="--group", mend="name one of the two, or none for all")

    async def work(house: House) -> tuple[Effective, ...]:
        if company is not None:
            return await of_company(house, await scope_of(house, company))
        needs(level)
        return await of_level(house, None if group is None else (await find_group(house, group)).id)

    return in_house(work, data_dir)


def _tell(found: Sequence[Effective], as_json: bool) -> None:
    if as_json:
        output.show_list([fields(one) for one in found])
        return
    output.show_table(
        ("setting", "value", "from", "default", "set by", "set"),
        (
            (one.name, one.value, one.shown_origin, SETTINGS[one.name].default, one.set_by or None, one.set_at)
            for one in found
        ),
        empty="There are no settings.",
    )


def fields(one: Effective) -> dict[str, object]:
    """As the API shows it."""
    return {
        "name": one.name,
        "meaning": SETTINGS[one.name].meaning,
        "value": one.value,
        "default": SETTINGS[one.name].default,
        "origin": one.shown_origin,
        "set_by": one.set_by,
        "set_at": one.set_at,
    }
