"""`alertwhisperer run`: what a run would do, asking for it, how far it has come; and what alerts may decide."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from alertwhisperer.api.runs import fields_of, fields_of_act, output_of
from alertwhisperer.app.build import House
from alertwhisperer.app.mending import means_of
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import across_companies, acts
from alertwhisperer.cli.find import find
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, Company, DataDir, Limit, identifier, in_house, scope_of
from alertwhisperer.cli.moments import moment_or_none
from alertwhisperer.domain.approval import Parameter
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.run import REASONS, Act, Allowed, Run, RunPolicy, RunState, RunWhole
from alertwhisperer.guard.permissions import Action
from alertwhisperer.remediate import asking, policy, reading
from alertwhisperer.remediate.asking import Preview, Reason
from alertwhisperer.remediate.plan import PERSON_ORIGIN, Wish
from alertwhisperer.store import across, runs
from alertwhisperer.store.runs import RunFilter

app = group("Runs: what one would do exactly, asking for it, how far it has come.")

_Id = Annotated[str, typer.Argument(metavar="ID", help="The run's id.")]
_Runbook = Annotated[str, typer.Argument(metavar="RUNBOOK", help="The runbook's name.")]
_Targets = Annotated[list[str], typer.Option("--target", "-t", help="An asset's id; repeat it, in their order.")]
_Parameters = Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A parameter; repeat it.")]


@app.command(epilog="Example: alertwhisperer run plan service-restart --company ID --target ASSET --set service=nginx")
@acts(Action.RUN_START)
def plan(
    runbook: _Runbook,
    company: Company,
    target: _Targets,
    parameter: _Parameters = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show the exact scripts and targets of a run. Nothing is asked, and nothing runs."""
    wish = _wish(runbook, target, parameter)

    async def work(house: House) -> Preview:
        scope = await scope_of(house, company)
        return await asking.preview(house.database, scope, means_of(house), wish, now=house.clock.now())

    shown = _preview(in_house(work, data_dir))
    output.show_json(shown) if as_json else output.show_fields(shown)


@app.command(epilog='Example: alertwhisperer run start service-restart --company ID --target ASSET --why "it is down"')
@acts(Action.RUN_START)
def start(
    runbook: _Runbook,
    company: Company,
    target: _Targets,
    why: Annotated[str, typer.Option("--why", help="Why it is wanted, for whoever decides.")],
    parameter: _Parameters = None,
    incident: Annotated[str | None, typer.Option("--incident", help="The incident that it would mend.")] = None,
    hash_read: Annotated[
        str | None, typer.Option("--hash", help="Of the plan that you read; without it, of the plan as it is now.")
    ] = None,
    start_by: Annotated[
        str | None, typer.Option("--start-by", metavar="MOMENT", help="As the plan that you read says; with --hash.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Ask for a run. It starts when it is approved, or at once where the company lets low risk pass."""
    wish = _wish(runbook, target, parameter)
    incident_id = None if incident is None else identifier(incident, "--incident")
    read, latest = None if hash_read is None else _hash(hash_read), moment_or_none(start_by, "--start-by")
    if (read is None) != (latest is None):
        raise Invalid("a plan is named by both", where="--hash", mend="give --hash and --start-by, or neither")

    async def work(house: House) -> Run:
        scope, now, means = await scope_of(house, company), house.clock.now(), means_of(house)
        shown = await asking.preview(house.database, scope, means, wish, start_by=latest, now=now)
        return await asking.start_run(
            house.database,
            scope,
            means,
            wish,
            Reason(why, incident_id),
            hash_read=shown.hash if read is None else read,
            start_by=shown.planned.plan.start_by,
            now=now,
        )

    _tell(in_house(work, data_dir), as_json)


@app.command("list", epilog="Example: alertwhisperer run list --company ID --state running")
@acts(Action.RUN_READ)
def list_(
    company: Annotated[str | None, typer.Option("--company", "-c", help="The company's id; `msp` is the MSP.")] = None,
    all_companies: Annotated[
        bool, typer.Option("--all-companies", help="Of every company that you serve; the audit log says so.")
    ] = False,
    state: Annotated[RunState | None, typer.Option("--state", help="Only those that stand so.")] = None,
    runbook: Annotated[str | None, typer.Option("--runbook", help="Only those of a runbook, by its name.")] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="MOMENT", help="Only those asked for at or after.")
    ] = None,
    incident: Annotated[
        str | None, typer.Option("--incident", help="Only those of an incident; with --company.")
    ] = None,
    limit: Limit = 100,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List the runs of a company, or of all that you serve, newest first."""
    if (company is None) is not all_companies:
        raise Invalid("say whose", where="--company", mend="give --company ID or --all-companies, and not both")
    if all_companies and incident is not None:
        raise Invalid("an incident is one company's", where="--incident", mend="give --company ID with it")
    wanted = RunFilter(
        state=state,
        incident_id=None if incident is None else identifier(incident, "--incident"),
        runbook=runbook,
        since=moment_or_none(since, "--since"),
    )

    async def work(house: House) -> tuple[Sequence[Run], Mapping[CompanyId, str] | None]:
        if company is not None:
            scope = await scope_of(house, company)
            return await reading.list_runs(house.database, scope, wanted, limit=limit), None
        async with across_companies(house, Action.RUN_CROSS) as look:
            found = await across.page_of_runs(look.connection, look.companies, look.at, wanted, limit=limit)
            return found, await look.names({one.company_id for one in found})

    found, names = in_house(work, data_dir)
    if as_json:
        output.show_list(
            [fields_of(one) if names is None else {**fields_of(one), "company": names[one.company_id]} for one in found]
        )
        return
    whose = () if names is None else ("company",)
    output.show_table(
        (*whose, "id", "state", "risk", "runbook", "targets", "asked by", "asked at", "why"),
        (
            (
                *(() if names is None else (names[one.company_id],)),
                one.id,
                one.state,
                one.risk,
                one.runbook,
                ", ".join(target.name for target in one.targets),
                one.requested_by,
                one.requested_at,
                REASONS[one.reason],
            )
            for one in found
        ),
        empty="Nothing was run.",
    )


@app.command(epilog="Example: alertwhisperer run show ID")
@acts(Action.RUN_READ)
def show(run: _Id, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show a run with its scripts and everything that happened."""
    wanted = identifier(run)

    async def work(house: House) -> RunWhole:
        scope = await find(house, runs.company_of, wanted, "run")
        return await reading.get_run(house.database, scope, wanted)

    found = in_house(work, data_dir)
    if as_json:
        output.show_json(_whole(found))
        return
    output.show_fields(fields_of(found.run))
    names = {one.asset_id: one.name for one in found.run.targets}
    output.show_table(
        ("at", "where", "from", "to", "why", "said"),
        (
            (
                one.at,
                "the run" if one.asset_id is None else names[one.asset_id],
                one.before,
                one.after,
                REASONS[one.reason],
                one.said,
            )
            for one in found.steps
        ),
        empty="Nothing has happened.",
    )


@app.command("output", epilog="Example: alertwhisperer run output ID ACT")
@acts(Action.RUN_READ)
def output_(
    run: _Id,
    act: Annotated[str, typer.Argument(metavar="ACT", help="The script's id, as `show --json` prints it.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show what a script of a run said, or has said so far."""
    wanted, act_id = identifier(run), identifier(act)

    async def work(house: House) -> Act:
        scope = await find(house, runs.company_of, wanted, "run")
        return await reading.get_act(house.database, scope, wanted, act_id)

    found = in_house(work, data_dir)
    said = output_of(found)
    texts = {name: said[name].decode(errors="backslashreplace") for name in ("stdout", "stderr")}
    if as_json:
        output.show_json({**fields_of_act(found), **said, **texts})
        return
    if found.output_removed_at is not None:
        output.say(f"It was removed at {found.output_removed_at:%Y-%m-%d %H:%M} UTC, as old as the company keeps it.")
    output.say(*texts["stdout"].splitlines(), *texts["stderr"].splitlines())
    if said["partial"]:
        output.say("", "This is what was heard so far; its outcome is not known.")


@app.command(epilog="Example: alertwhisperer run cancel ID")
@acts(Action.RUN_CANCEL)
def cancel(run: _Id, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """End a run: at once where nothing has begun, else before its next script that changes something."""
    wanted = identifier(run)

    async def work(house: House) -> Run:
        scope = await find(house, runs.company_of, wanted, "run")
        return await asking.cancel_run(house.database, scope, wanted, now=house.clock.now())

    _tell(in_house(work, data_dir), as_json)


@app.command("policy", epilog="Example: alertwhisperer run policy --company ID")
@acts(Action.RUN_POLICY_READ)
def policy_(company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show which integrations may start a run unsigned, and which parameters may take from an alert."""

    async def work(house: House) -> RunPolicy:
        return await policy.get_policy(house.database, await scope_of(house, company))

    _tell_policy(in_house(work, data_dir), as_json)


@app.command(
    "set-policy",
    epilog="Example: alertwhisperer run set-policy --company ID --trust INTEGRATION "
    "--allow service-restart:service=label:service",
)
@acts(Action.RUN_POLICY_SET)
def set_policy(
    company: Company,
    trust: Annotated[
        list[str] | None, typer.Option("--trust", metavar="ID", help="An integration; repeat it for more.")
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option("--allow", metavar="RUNBOOK:PARAMETER=FROM", help="asset, signature or label:NAME; repeat it."),
    ] = None,
    based_on: Annotated[
        int | None,
        typer.Option(
            "--based-on", metavar="VERSION", min=0, help="As `policy` showed it; refused when it changed since."
        ),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Say what alerts may decide, in place of what was said before; without options, nothing."""
    wanted = RunPolicy(
        frozenset(identifier(one, "--trust") for one in trust or ()), tuple(_allowed(one) for one in allow or ())
    )

    async def work(house: House) -> RunPolicy:
        scope, now = await scope_of(house, company), house.clock.now()
        return await policy.set_policy(house.database, scope, means_of(house), wanted, based_on=based_on, now=now)

    _tell_policy(in_house(work, data_dir), as_json)


def _wish(runbook: str, targets: list[str], parameters: list[str] | None) -> Wish:
    given: dict[str, Parameter] = {}
    for one in parameters or ():
        name, equals, value = one.partition("=")
        if not equals or name in given:
            raise Invalid(f"{one[:60]!r} is no parameter", where="--set", mend="write NAME=VALUE, each name once")
        given[name] = Parameter(value, PERSON_ORIGIN)
    return Wish(runbook, tuple(identifier(one, "--target") for one in targets), given)


def _allowed(text: str) -> Allowed:
    named, equals, origin = text.partition("=")
    runbook, colon, parameter = named.partition(":")
    if not (equals and colon):
        raise Invalid(f"{text[:60]!r} says not what is allowed", where="--allow", mend="write RUNBOOK:PARAMETER=FROM")
    return Allowed(runbook, parameter, origin)


def _hash(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as failure:
        raise Invalid("this is no hash", where="--hash", mend="copy it from `alertwhisperer run plan`") from failure


def _tell(run: Run, as_json: bool) -> None:
    output.show_json(fields_of(run)) if as_json else output.show_fields(fields_of(run))


def _tell_policy(found: RunPolicy, as_json: bool) -> None:
    shown = {
        "version": found.version,
        "trusted_integrations": sorted(found.trusted),
        "parameters": [
            {"runbook": one.runbook, "parameter": one.parameter, "from": one.origin} for one in found.parameters
        ],
    }
    output.show_json(shown) if as_json else output.show_fields(shown)


def _preview(shown: Preview) -> dict[str, Any]:
    made = shown.planned.plan
    scripts = {
        "precheck": made.precheck,
        "snapshot": made.snapshot,
        "act": made.act,
        "verify": made.verify,
        "undo": made.undo,
    }
    return {
        "runbook": made.runbook,
        "version": made.runbook_version,
        "risk": made.risk,
        "risk_reason": shown.planned.runbook.risk_reason,
        "irreversible": shown.planned.runbook.irreversible,
        "needed": shown.needed,
        "hash": shown.hash.hex(),
        "start_by": made.start_by,
        "targets": [
            {"asset_id": asset.id, "name": asset.name, "credential_id": made.credential_of(target)}
            for asset, target in zip(shown.planned.assets, made.targets, strict=True)
        ],
        "parameters": [
            {"name": name, "value": one.value, "origin": one.origin} for name, one in sorted(made.parameters.items())
        ],
        "caps": made.caps,
        **{name: content.decode(errors="backslashreplace") for name, content in scripts.items()},
    }


def _whole(found: RunWhole) -> dict[str, Any]:
    return {**fields_of(found.run), "acts": [fields_of_act(one) for one in found.acts], "steps": list(found.steps)}
