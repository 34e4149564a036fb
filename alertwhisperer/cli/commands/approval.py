"""`alertwhisperer approval`: what is asked, exactly, and people's answers."""

from dataclasses import replace
from typing import Annotated, Any

import typer

from alertwhisperer.app.build import House
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import acts
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, Company, DataDir, Limit, identifier, in_house, scope_of
from alertwhisperer.domain.approval import Plan, State
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.guard.approvals import answer, ask, reading
from alertwhisperer.guard.approvals.reading import Standing
from alertwhisperer.guard.permissions import Action

app = group("Approvals: what is asked, exactly, and people's answers.")

_Id = Annotated[str, typer.Argument(metavar="ID", help="The approval's id.")]


@app.command("list", epilog="Example: alertwhisperer approval list --company ID --state asked")
@acts(Action.APPROVAL_READ)
def list_(
    company: Company,
    state: Annotated[State | None, typer.Option("--state", help="Only those that stand so.")] = None,
    mine: Annotated[bool, typer.Option("--mine", help="Only those that you asked for.")] = False,
    limit: Limit = 100,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List a company's approvals, newest first."""

    async def work(house: House) -> tuple[Standing, ...]:
        scope = await scope_of(house, company)
        now = house.clock.now()
        return await reading.list_approvals(house.database, scope, state=state, mine=mine, limit=limit, now=now)

    found = in_house(work, data_dir)
    if as_json:
        output.show_list([_fields(one) for one in found])
        return
    output.show_table(
        ("id", "state", "risk", "what", "asked by", "expires at", "why"),
        (
            (
                one.approval.id,
                one.approval.state,
                one.approval.risk,
                f"{one.approval.kind} {one.plan.runbook}",
                one.approval.requested_by,
                one.approval.expires_at,
                one.approval.why,
            )
            for one in found
        ),
        empty="Nothing was asked.",
    )


@app.command(epilog="Example: alertwhisperer approval show ID --company ID")
@acts(Action.APPROVAL_READ)
def show(approval: _Id, company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show one approval with its exact plan; `hash` is what `approve` wants."""
    wanted = identifier(approval)

    async def work(house: House) -> Standing:
        scope = await scope_of(house, company)
        return await reading.get_approval(house.database, scope, wanted, now=house.clock.now())

    _tell(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer approval approve ID --company ID --hash HASH")
@acts(Action.APPROVAL_DECIDE)
def approve(
    approval: _Id,
    company: Company,
    hash_read: Annotated[str, typer.Option("--hash", help="The hash of what you read, as `show` prints it.")],
    reason: Annotated[str, typer.Option("--reason", help="In your own words.")] = "",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Agree to an act. A person's only: ALERTWHISPERER_TOKEN says who you are."""
    wanted, read = identifier(approval), _hash(hash_read)

    async def work(house: House) -> Standing:
        scope = await scope_of(house, company)
        now = house.clock.now()
        await answer.approve(house.database, scope, wanted, read, reason=reason, now=now)
        return await reading.get_approval(house.database, scope, wanted, now=now)

    _tell(in_house(work, data_dir), as_json)


@app.command(epilog='Example: alertwhisperer approval refuse ID --company ID --reason "not during the closing"')
@acts(Action.APPROVAL_DECIDE)
def refuse(
    approval: _Id,
    company: Company,
    reason: Annotated[str, typer.Option("--reason", help="Why not, in your own words.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Refuse an act; that ends it. A person's only: ALERTWHISPERER_TOKEN says who you are."""
    wanted = identifier(approval)

    async def work(house: House) -> Standing:
        scope = await scope_of(house, company)
        now = house.clock.now()
        await answer.refuse(house.database, scope, wanted, reason=reason, now=now)
        return await reading.get_approval(house.database, scope, wanted, now=now)

    _tell(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer approval withdraw ID --company ID")
@acts(Action.APPROVAL_ASK)
def withdraw(approval: _Id, company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Take your own question back."""
    wanted = identifier(approval)

    async def work(house: House) -> Standing:
        scope = await scope_of(house, company)
        now = house.clock.now()
        await ask.withdraw(house.database, scope, wanted, now=now)
        return await reading.get_approval(house.database, scope, wanted, now=now)

    _tell(in_house(work, data_dir), as_json)


def _hash(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as failure:
        raise Invalid(
            "this is no hash", where="--hash", mend="copy it from `alertwhisperer approval show`"
        ) from failure


def _tell(standing: Standing, as_json: bool) -> None:
    output.show_json(_whole(standing)) if as_json else output.show_fields(_whole(standing))


def _whole(standing: Standing) -> dict[str, Any]:
    return {**_fields(standing), "plan": _plan(standing.plan)}


def _fields(standing: Standing) -> dict[str, Any]:
    """As the API shows it."""
    one = standing.approval
    return {
        "id": one.id,
        "company_id": one.company_id,
        "kind": one.kind,
        "state": one.state,
        "state_reason": one.state_reason,
        "why": one.why,
        "risk": one.risk,
        "risk_reason": one.risk_reason,
        "requested_by": one.requested_by,
        "requester_id": one.requester_id,
        "incident_id": one.incident_id,
        "asked_at": one.asked_at,
        "expires_at": one.expires_at,
        "needed": one.needed,
        "agreed": one.agreed,
        "deciders": standing.deciders,
        "you": standing.ruling,
        "hash": one.hash.hex(),
        "settled_at": one.settled_at,
        "settled_by": one.settled_by,
        "decisions": [
            {"user_id": said.user_id, "by": said.actor, "answer": said.answer, "reason": said.reason, "at": said.at}
            for said in one.decisions
        ],
    }


def _plan(plan: Plan) -> dict[str, Any]:
    scripts = {
        "precheck": plan.precheck,
        "snapshot": plan.snapshot,
        "act": plan.act,
        "verify": plan.verify,
        "undo": plan.undo,
    }
    return {
        "runbook": plan.runbook,
        "runbook_version": plan.runbook_version,
        "targets": [replace(one, credential_id=plan.credential_of(one)) for one in plan.targets],
        **{name: content.decode(errors="backslashreplace") for name, content in scripts.items()},
        "parameters": [
            {"name": name, "value": one.value, "origin": one.origin} for name, one in sorted(plan.parameters.items())
        ],
        "credential_id": plan.credential_id,
        "caps": plan.caps,
        "requester": plan.requester,
        "start_by": plan.start_by,
    }
