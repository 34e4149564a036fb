"""`alertwhisperer route`: one integration for many companies: which customer of the tool is which company."""

import csv
import io
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from alertwhisperer.app.build import House
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import acts, by
from alertwhisperer.cli.find import find_company
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, DataDir, Limit, identifier, in_house
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.severity import Severity
from alertwhisperer.guard.permissions import Action
from alertwhisperer.ingest import routes
from alertwhisperer.ingest.routes import RoutesChanged

app = group("MSP-wide integrations: which customer of a tool is which company.")

_Id = Annotated[str, typer.Argument(metavar="INTEGRATION", help="The id of an integration of the MSP itself.")]
_LARGEST = 5 * 1024 * 1024


@app.command("list", epilog="Example: alertwhisperer route list INTEGRATION")
@acts(Action.ROUTE_READ)
def list_(integration: _Id, limit: Limit = 100, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List routes by the customer's name."""
    wanted = identifier(integration, "INTEGRATION")

    async def work(house: House) -> list[dict[str, object]]:
        found = await routes.list_routes(house.database, _scope(), wanted, limit=limit)
        return [
            {"customer": one.shown, "company_id": one.company_id, "set_by": one.set_by, "set_at": one.set_at}
            for one in found
        ]

    _show(in_house(work, data_dir), as_json, "No route yet: alertwhisperer route set INTEGRATION CUSTOMER=COMPANY_ID")


@app.command(epilog="Example: alertwhisperer route unmapped INTEGRATION")
@acts(Action.ROUTE_READ)
def unmapped(integration: _Id, limit: Limit = 100, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List customers whose alerts wait for a company, the worst first."""
    wanted = identifier(integration, "INTEGRATION")

    async def work(house: House) -> list[dict[str, object]]:
        found = await routes.list_unmapped(house.database, _scope(), wanted, limit=limit)
        return [
            {
                "customer": one.value,
                "waiting": one.waiting,
                "severity": None if one.severity is None else Severity(one.severity).word,
                "first_at": one.first_at,
                "last_at": one.last_at,
                "summary": one.summary,
            }
            for one in found
        ]

    _show(in_house(work, data_dir), as_json, "Nothing waits.")


@app.command("set", epilog="Example: alertwhisperer route set INTEGRATION 42=COMPANY_ID 43=COMPANY_ID --remove 17")
@acts(Action.ROUTE_SET)
def set_(
    integration: _Id,
    pairs: Annotated[
        list[str] | None, typer.Argument(metavar="CUSTOMER=COMPANY", help="Companies by id, ref or name.")
    ] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", metavar="CUSTOMER", help="Repeatable.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Map customers to companies; what waited for them follows by itself, in the order in which it came."""
    _change(integration, dict([_pair(text) for text in pairs or ()]), remove or [], data_dir, as_json)


@app.command("import", epilog="Example: alertwhisperer route import INTEGRATION routes.csv")
@acts(Action.ROUTE_SET)
def import_(
    integration: _Id,
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="Columns: customer, company_id.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Set many routes at once, all or nothing; an empty company_id takes the customer off."""
    wanted: dict[str, str] = {}
    unwanted: list[str] = []
    for number, row in enumerate(_rows(file), start=2):
        customer, target = row.get("customer"), (row.get("company_id") or "").strip()
        if customer is None:
            raise Invalid(f"line {number} has no customer", where=f"{file.name}:{number}", mend="give both columns")
        if not target:
            unwanted.append(customer)
            continue
        try:
            wanted[customer] = str(UUID(target))
        except ValueError as failure:
            raise Invalid(
                f"line {number}: {target[:60]!r} is not an id",
                where=f"{file.name}:{number}",
                mend="`alertwhisperer company list` shows the ids",
            ) from failure
    _change(integration, wanted, unwanted, data_dir, as_json)


def _change(
    integration: str, wanted: dict[str, str], unwanted: list[str], data_dir: Path | None, as_json: bool
) -> None:
    identity = identifier(integration, "INTEGRATION")

    async def work(house: House) -> RoutesChanged:
        return await routes.change_routes(
            house.database,
            house.vault,
            _scope(),
            identity,
            wanted={customer: await find_company(house, target) for customer, target in wanted.items()},
            unwanted=unwanted,
            now=house.clock.now(),
        )

    done = in_house(work, data_dir)
    if as_json:
        output.show_json({"added": done.added, "moved": done.moved, "removed": done.removed})
        return
    output.say(f"{done.added} added, {done.moved} moved, {done.removed} removed.")
    if done.added or done.moved:
        output.say("A running server hands over what waited for them within seconds.")


def _pair(text: str) -> tuple[str, str]:
    customer, mark, target = text.rpartition("=")
    if not mark:
        raise Invalid(f"{text!r} is not CUSTOMER=COMPANY", where="CUSTOMER", mend="write 42=0195d3a0-…")
    return customer, target


def _rows(file: Path) -> list[dict[str, str]]:
    try:
        if file.stat().st_size > _LARGEST:
            raise Invalid(f"{file} is larger than 5 MB", where="FILE", mend="split it")
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as failure:
        raise Invalid(f"{file} cannot be read as UTF-8", where="FILE", mend=str(failure)) from failure
    reader = csv.DictReader(io.StringIO(text))
    if {"customer", "company_id"} - set(reader.fieldnames or ()):
        raise Invalid(f"{file} lacks a column", where="FILE", mend="its first line is `customer,company_id`")
    return list(reader)


def _scope() -> Scope:
    return by()


def _show(found: list[dict[str, object]], as_json: bool, empty: str) -> None:
    if as_json:
        output.show_list(found)
        return
    output.show_table(tuple(found[0]) if found else (), (tuple(one.values()) for one in found), empty=empty)
