"""`alertwhisperer quarantine`: what could not be read, kept whole until a person runs it again or gives it up."""

from typing import Annotated, Any
from uuid import UUID

import typer

from alertwhisperer.app.build import House
from alertwhisperer.app.pipeline import Pipeline
from alertwhisperer.app.rerun import Rerun
from alertwhisperer.app.rulebook import Rulebook
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import acts
from alertwhisperer.cli.choices import QuarantineWord
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, Company, DataDir, Limit, identifier, in_house, scope_of
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import Invalid, NotFound
from alertwhisperer.domain.rerun import Reran
from alertwhisperer.domain.severity import Severity
from alertwhisperer.guard.companies import require_company
from alertwhisperer.guard.permissions import Action
from alertwhisperer.kit.metrics import Metrics
from alertwhisperer.store import deliveries
from alertwhisperer.store import quarantine as store
from alertwhisperer.store.database import Unit
from alertwhisperer.store.quarantine import QuarantineRow

app = group("What could not be read, kept until a person decides.")

_MOST_LEFT = 50  # lines on a screen
_Id = Annotated[str, typer.Argument(metavar="ID", help="The unit's id, as `quarantine list` shows it.")]


@app.command("list", epilog="Example: alertwhisperer quarantine list --company ID")
@acts(Action.QUARANTINE_READ)
def list_(
    company: Company,
    state: Annotated[QuarantineWord | None, typer.Option("--state", help="All when absent.")] = None,
    limit: Limit = 50,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List what could not be read, newest first."""

    async def work(house: House) -> list[QuarantineRow]:
        scope = await scope_of(house, company)
        async with house.database.unit_of_work(scope) as unit:
            await require_company(unit)
            return await store.page(unit, state=None if state is None else state.value, limit=limit)

    found = in_house(work, data_dir)
    if as_json:
        output.show_list([_fields(one) for one in found])
        return
    output.show_table(
        ("id", "state", "at", "reason", "what is wrong", "where", "what it says"),
        ((one.id, one.state, one.at, one.reason, one.what, one.place, one.summary or "") for one in found),
        empty="Nothing in quarantine.",
    )


@app.command(epilog="Example: alertwhisperer quarantine show ID --company ID")
@acts(Action.QUARANTINE_READ)
def show(unit_id: _Id, company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show one unit with its body as received (made harmless for the screen; --json has it whole)."""
    wanted = identifier(unit_id)

    async def work(house: House) -> tuple[QuarantineRow, bytes | None]:
        scope = await scope_of(house, company)
        async with house.database.unit_of_work(scope) as unit:
            row = await _row(unit, wanted)
            kept = await deliveries.body(unit, row.delivery_id)
            return row, None if kept is None else kept.body

    row, body = in_house(work, data_dir)
    text = None if body is None else body.decode("utf-8", "replace")
    if as_json:
        output.show_json({**_fields(row), "body_text": text})
        return
    output.show_fields(_fields(row))
    output.say("", "The body:" if text is not None else "The body is gone: retention dropped its day.")
    if text is not None:
        output.say(text)


@app.command(epilog="Example: alertwhisperer quarantine rerun ID --company ID")
@acts(Action.QUARANTINE_RERUN)
def rerun(
    company: Company,
    unit_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="One unit's id, as `quarantine list` shows it.")
    ] = None,
    integration: Annotated[
        str | None, typer.Option("--integration", help="All that waits of an integration, oldest first.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that waits of the company, oldest first.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Parse it again, after a mend; what it holds is decided as if it came now."""
    if sum((unit_id is not None, integration is not None, everything)) != 1:
        raise Invalid("say what is to be read again", where="ID", mend="give one of ID, --integration and --all")
    if unit_id is None:
        of = None if integration is None else identifier(integration, "--integration")

        async def all_of(house: House) -> Reran:
            return await rerun_rounds(house, await scope_of(house, company), of)

        tell_reran(in_house(all_of, data_dir), as_json)
        return
    wanted = identifier(unit_id)

    async def work(house: House) -> QuarantineRow:
        scope = await scope_of(house, company)
        await _again(house).rerun(scope, wanted)
        async with house.database.unit_of_work(scope) as unit:
            return await _row(unit, wanted)

    _tell(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer quarantine discard ID --company ID")
@acts(Action.QUARANTINE_DISCARD)
def discard(unit_id: _Id, company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Give it up; it stays counted, and its body stays until retention drops it."""
    wanted = identifier(unit_id)

    async def work(house: House) -> QuarantineRow:
        scope = await scope_of(house, company)
        async with house.database.unit_of_work(scope) as unit:
            return await store.settle(unit, wanted, "discarded", now=house.clock.now())

    _tell(in_house(work, data_dir), as_json)


async def rerun_rounds(house: House, scope: Scope, integration_id: UUID | None) -> Reran:
    """Read again all that waits, of one integration or of the company, in rounds until nothing is left to try."""
    async with house.database.unit_of_work(scope) as unit:
        await require_company(unit)
    again, came = _again(house), Reran()
    while True:
        part = await again.rerun_all(scope, integration_id, came.next)
        came = Reran(came.done + part.done, came.waiting + part.waiting, came.failed + part.failed, part.next)
        if part.next is None:
            return came


def tell_reran(came: Reran, as_json: bool) -> None:
    """What came of it, as the API shows it or for a person."""
    if as_json:
        output.show_json(came)
        return
    output.say(f"Read again: {came.done}. Still waiting: {len(came.waiting)}. Failed: {len(came.failed)}.")
    left = [*(("waiting", one) for one in came.waiting), *(("failed", one) for one in came.failed)]
    if left:
        output.show_table(
            ("id", "state", "why", "where", "what to do"),
            ((one.id, state, one.what, one.where, one.mend) for state, one in left[:_MOST_LEFT]),
            empty="",
        )
    if len(left) > _MOST_LEFT:
        output.say(f"{len(left) - _MOST_LEFT} more; --json shows all.")


def _again(house: House) -> Rerun:
    pipeline = Pipeline(Rulebook(house.database), house.clock, Metrics())
    return Rerun(house.database, house.sources, pipeline, house.clock)


def _tell(row: QuarantineRow, as_json: bool) -> None:
    output.show_json(_fields(row)) if as_json else output.show_fields(_fields(row))


async def _row(unit: Unit, wanted: UUID) -> QuarantineRow:
    row = await store.read(unit, wanted)
    if row is None:
        raise NotFound(f"there is no unit {wanted} in quarantine", where="ID", mend="alertwhisperer quarantine list")
    return row


def _fields(row: QuarantineRow) -> dict[str, Any]:
    """As the API shows it."""
    severity = None if row.severity is None else Severity(row.severity).word
    shown = {"where" if name == "place" else name: value for name, value in output.plain(row).items()}
    return {**shown, "severity": severity}
