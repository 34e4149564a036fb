"""`alertwhisperer silence`: what must be heard from time to time, and what to make of it when it is not."""

import re
from typing import Annotated, Any

import typer

from alertwhisperer.app.build import House
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import acts
from alertwhisperer.cli.choices import SeverityWord, severities
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, Company, DataDir, Limit, identifier, in_house, scope_of
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.silence import Mode
from alertwhisperer.guard.permissions import Action
from alertwhisperer.silence import checks
from alertwhisperer.silence.checks import Watched

app = group("Silence: what must be heard from time to time.")

_Id = Annotated[str, typer.Argument(metavar="ID", help="The check's id; of an integration's own: the integration's.")]
_DURATION = re.compile(r"(\d{1,9})\s*([smhd]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}


@app.command("list", epilog="Example: alertwhisperer silence list --company ID")
@acts(Action.SILENCE_READ)
def list_(company: Company, limit: Limit = 100, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List what must be heard, and how each stands."""

    async def work(house: House) -> tuple[Watched, ...]:
        scope = await scope_of(house, company)
        return await checks.list_checks(house.database, scope, limit=limit)

    found = in_house(work, data_dir)
    if as_json:
        output.show_list([_fields(one) for one in found])
        return
    output.show_table(
        ("id", "integration", "heartbeat", "state", "why", "every", "heard at", "expected by"),
        (
            (
                one.check.id,
                one.check.integration,
                None if one.check.problem is None else one.check.name,
                one.check.state,
                one.check.reason,
                None if one.interval_s is None else f"{one.interval_s} s",
                one.check.heard_at,
                one.expected_by,
            )
            for one in found
        ),
        empty="Nothing is watched. Add an integration: alertwhisperer integration add --company ID --source SLUG",
    )


@app.command(epilog="Example: alertwhisperer silence show ID --company ID")
@acts(Action.SILENCE_READ)
def show(check: _Id, company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show one check."""
    wanted = identifier(check)

    async def work(house: House) -> Watched:
        scope = await scope_of(house, company)
        return await checks.get_check(house.database, scope, wanted)

    _tell(in_house(work, data_dir), as_json)


@app.command("set", epilog="Example: alertwhisperer silence set ID --company ID --every 5m --severity critical")
@acts(Action.SILENCE_SET)
def set_(
    check: _Id,
    company: Company,
    mode: Annotated[Mode | None, typer.Option("--mode", help="off, learned or set; --every means set.")] = None,
    every: Annotated[
        str | None, typer.Option("--every", metavar="DURATION", help="How often it must be heard: 90, 5m, 12h, 7d.")
    ] = None,
    grace: Annotated[
        str | None, typer.Option("--grace", metavar="DURATION", help="How much later is still in time.")
    ] = None,
    severity: Annotated[SeverityWord | None, typer.Option("--severity", help="Of the incident.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Choose what is expected; what is not given stays. A silence that was noticed is over when this changes."""
    wanted = identifier(check)
    interval_s = None if every is None else _seconds(every, "--every")
    grace_s = None if grace is None else _seconds(grace, "--grace")

    async def work(house: House) -> Watched:
        scope = await scope_of(house, company)
        return await checks.set_check(
            house.database,
            scope,
            wanted,
            mode=mode,
            interval_s=interval_s,
            grace_s=grace_s,
            severity=None if severity is None else severities([severity])[0],
            now=house.clock.now(),
        )

    _tell(in_house(work, data_dir), as_json)


def _seconds(text: str, where: str) -> int:
    found = _DURATION.fullmatch(text.strip().lower())
    if found is None:
        raise Invalid(f"{text!r} is not a duration", where=where, mend="write seconds, or 5m, 12h, 7d")
    return int(found[1]) * _SECONDS[found[2]]


def _tell(watched: Watched, as_json: bool) -> None:
    output.show_json(_fields(watched)) if as_json else output.show_fields(_fields(watched))


def _fields(watched: Watched) -> dict[str, Any]:
    """As the API shows it."""
    check = watched.check
    return {
        "id": check.id,
        "integration_id": check.integration_id,
        "integration": check.integration,
        "heartbeat": None if check.problem is None else check.name,
        "mode": check.mode,
        "interval_s": watched.interval_s,
        "grace_s": check.grace_s,
        "severity": check.severity,
        "state": check.state,
        "reason": check.reason,
        "heard_at": check.heard_at,
        "expected_by": watched.expected_by,
        "quiet_since": check.quiet_since,
        "changed_at": check.changed_at,
    }
