"""`alertwhisperer brake`: what keeps acts from starting, for one company or for all."""

from datetime import datetime
from typing import Annotated, Any

import typer

from alertwhisperer.app.build import House
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import acts, needs
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, DataDir, in_house, scope_of
from alertwhisperer.cli.moments import moment
from alertwhisperer.domain.brake import Brakes, Reach, Window
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.guard import brakes
from alertwhisperer.guard.permissions import Action

app = group("Brakes: what keeps acts from starting, for one company or for all.")

_Company = Annotated[str | None, typer.Option("--company", "-c", help="By id, ref or name.")]
_All = Annotated[bool, typer.Option("--all", help="For all companies, in place of --company.")]


@app.command(epilog="Example: alertwhisperer brake show --company ID")
@acts(Action.BRAKE_READ)
def show(company: _Company = None, for_all: _All = False, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show what keeps acts from starting now, and what will."""
    _check_whose(company, for_all)

    async def work(house: House) -> tuple[Brakes, datetime]:
        scope, reach = await _whose(house, company, Action.BRAKES_FOR_ALL_READ)
        now = house.clock.now()
        read = brakes.brakes_for_all if reach is Reach.ALL else brakes.brakes_of
        return await read(house.database, scope, now=now), now

    _tell(*in_house(work, data_dir), as_json)


@app.command(epilog='Example: alertwhisperer brake stop --company ID --reason "a runbook misbehaves"')
@acts(Action.KILL_SWITCH_SET)
def stop(
    reason: Annotated[str, typer.Option("--reason", help="Why everything must stop.")],
    company: _Company = None,
    for_all: _All = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Turn the kill switch on: nothing starts until it is released."""
    _check_whose(company, for_all)

    async def work(house: House) -> tuple[Brakes, datetime]:
        scope, reach = await _whose(house, company, Action.BRAKES_FOR_ALL_SET)
        now = house.clock.now()
        return await brakes.stop(house.database, scope, reach, reason=reason, now=now), now

    _tell(*in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer brake release --company ID")
@acts(Action.KILL_SWITCH_RELEASE)
def release(
    company: _Company = None,
    for_all: _All = False,
    reason: Annotated[str, typer.Option("--reason", help="Why it can go on.")] = "",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Turn the kill switch off."""
    _check_whose(company, for_all)

    async def work(house: House) -> tuple[Brakes, datetime]:
        scope, reach = await _whose(house, company, Action.BRAKES_FOR_ALL_SET)
        now = house.clock.now()
        return await brakes.release(house.database, scope, reach, reason=reason, now=now), now

    _tell(*in_house(work, data_dir), as_json)


@app.command(
    epilog="Example: alertwhisperer brake freeze --company ID --window "
    '"2026-12-20T00:00Z..2027-01-02T00:00Z closing of the year"'
)
@acts(Action.BRAKE_SET)
def freeze(
    window: Annotated[
        list[str] | None,
        typer.Option("--window", metavar='"FROM..TO WHY"', help="A time in which nothing starts. Repeatable."),
    ] = None,
    company: _Company = None,
    for_all: _All = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Set all freezes, in place of those before; without --window there is none any more."""
    _check_whose(company, for_all)
    windows = [_window(one) for one in window or ()]

    async def work(house: House) -> tuple[Brakes, datetime]:
        scope, reach = await _whose(house, company, Action.BRAKES_FOR_ALL_SET)
        now = house.clock.now()
        return await brakes.set_freeze(house.database, scope, reach, windows, now=now), now

    _tell(*in_house(work, data_dir), as_json)


def _check_whose(company: str | None, for_all: bool) -> None:
    if (company is None) is not for_all:
        raise Invalid("say for whom", where="--company", mend="give --company ID or --all, and not both")


async def _whose(house: House, company: str | None, for_all: Action) -> tuple[Scope, Reach]:
    """Whose brake is meant; to reach all companies a person must be allowed `for_all` as well."""
    if company is not None:
        return await scope_of(house, company), Reach.COMPANY
    needs(for_all)
    return await scope_of(house, "msp"), Reach.ALL


def _window(text: str) -> Window:
    times, _, reason = text.strip().partition(" ")
    begin, dots, end = times.partition("..")
    if not dots:
        raise Invalid(f"{text!r} is no window", where="--window", mend='write "FROM..TO WHY"')
    return Window(moment(begin, "--window"), moment(end, "--window"), reason.strip())


def _tell(found: Brakes, now: datetime, as_json: bool) -> None:
    output.show_json(_fields(found, now)) if as_json else output.show_fields(_fields(found, now))


def _fields(found: Brakes, now: datetime) -> dict[str, Any]:
    """As the API shows it."""
    return {
        "holds": bool(found.switches) or found.frozen(now) is not None,
        "switches": found.switches,
        "freezes": [
            {
                "reach": one.reach,
                "from": one.window.starts_at,
                "to": one.window.ends_at,
                "reason": one.window.reason,
                "holds": one.window.holds(now),
            }
            for one in found.freezes
        ],
    }
