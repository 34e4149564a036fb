"""`alertwhisperer audit`: who did what, the proof that nothing of it was changed, and what an auditor asks for."""

from pathlib import Path
from typing import Annotated, Any

import typer

from alertwhisperer.app.build import House
from alertwhisperer.app.evidence import Written, check_evidence, write_evidence
from alertwhisperer.cli import audit_proof, output, sheet
from alertwhisperer.cli.acting import across_companies, acts, anybody
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, Company, DataDir, Limit, identifier, in_house, scope_of
from alertwhisperer.cli.moments import moment, moment_or_none
from alertwhisperer.cli.newfile import new_file
from alertwhisperer.domain.audit import AuditEntry
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.guard.audit import search
from alertwhisperer.guard.audit.chainer import link_pending
from alertwhisperer.guard.audit.export import ExportFormat, export
from alertwhisperer.guard.companies import require_company
from alertwhisperer.guard.permissions import Action
from alertwhisperer.store import audit
from alertwhisperer.store.audit import EntryFilter

app = group("Audit log: who did what, and the proof that nothing was changed.")
audit_proof.add_to(app)

_From = Annotated[
    str | None,
    typer.Option("--from", metavar="MOMENT", help="From this day or moment on: 2026-03-01, 2026-03-01T08:00Z."),
]
_To = Annotated[str | None, typer.Option("--to", metavar="MOMENT", help="Before this day or moment; now when absent.")]


@app.command("list", epilog="Example: alertwhisperer audit list --company ID --actor kim@example.org --from 2026-03-01")
@acts(Action.AUDIT_READ)
def list_(
    company: Annotated[
        str | None, typer.Option("--company", "-c", help="By id, ref or name; `msp` is the MSP itself.")
    ] = None,
    all_companies: Annotated[
        bool, typer.Option("--all-companies", help="Of every company that you serve; the audit log says so.")
    ] = False,
    actor: Annotated[
        str | None,
        typer.Option("--actor", help="An e-mail, which stands for everybody who ever had it; or user, cli, timer, …"),
    ] = None,
    action: Annotated[
        str | None, typer.Option("--action", help="One of the catalogue, such as incident_acknowledged.")
    ] = None,
    kind: Annotated[str | None, typer.Option("--resource-kind", help="On what: incident, asset, user, …")] = None,
    resource: Annotated[str | None, typer.Option("--resource-id", help="On which one.")] = None,
    incident: Annotated[str | None, typer.Option("--incident", metavar="ID", help="What concerns an incident.")] = None,
    begin: _From = None,
    end: _To = None,
    limit: Limit = 50,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List who did what in a company, or in all that you serve, newest first."""
    if (company is None) is not all_companies:
        raise Invalid("say whose", where="--company", mend="give --company ID or --all-companies, and not both")
    since, until = moment_or_none(begin, "--from"), moment_or_none(end, "--to")
    incident_id = None if incident is None else identifier(incident, "--incident")

    async def of_one(house: House, company: str, wanted: EntryFilter) -> tuple[AuditEntry, ...]:
        async with house.database.unit_of_work(await scope_of(house, company)) as unit:
            await require_company(unit)
            return await audit.page(unit, limit=limit, wanted=wanted)

    async def work(house: House) -> tuple[AuditEntry, ...]:
        wanted = await search.filter_of(
            house.database,
            actor=actor,
            action=action,
            resource_kind=kind,
            resource_id=resource,
            incident_id=incident_id,
            since=since,
            until=until,
        )
        if company is not None:
            return await of_one(house, company, wanted)
        async with across_companies(house, Action.AUDIT_READ_ALL) as look:
            return await search.page_across(look, wanted, limit=limit)

    found = in_house(work, data_dir)
    if as_json:
        output.show_list(found)
        return
    whose = ("company",) if all_companies else ()
    output.show_table(
        ("at", *whose, "who", "did", "to", "id", "what was said"),
        (
            (
                *(one.at, *((one.company_id,) if all_companies else ()), _who(one)),
                *(one.action, one.resource.kind, one.resource.id, _said(one)),
            )
            for one in found
        ),
        empty="No entry matches.",
    )


@app.command("export", epilog="Example: alertwhisperer audit export --company ID --out audit.jsonl --from 2026-03-01")
@acts(Action.AUDIT_EXPORT)
def export_(
    company: Company,
    out: Annotated[Path, typer.Option("--out", help="A new file, which only you can read.")],
    form: Annotated[
        ExportFormat,
        typer.Option("--format", help="jsonl: with its proof, for the verifier; csv: for a spreadsheet, without."),
    ] = ExportFormat.JSONL,
    begin: _From = None,
    end: _To = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Write a company's audit log to a file; that is itself an entry in it."""
    since, until = moment_or_none(begin, "--from"), moment_or_none(end, "--to")
    sheet.check_fresh(out, "--out")

    async def work(house: House) -> dict[str, Any]:
        scope = await scope_of(house, company)
        async with house.database.unit_of_work(scope) as unit:
            await require_company(unit)
        await link_pending(house.database, house.clock)  # no server may be running to do it
        lines = await export(house.database, scope, form, since=since, until=until, now=house.clock.now())
        with new_file(out, "--out") as opened:
            async for part in lines:
                opened.write(part)
            size = opened.tell()
        return {"company_id": scope.company_id, "format": form, "file": out, "bytes": size}

    told = in_house(work, data_dir)
    output.show_json(told) if as_json else output.say(f"Done. {told['bytes']} bytes are in {out}.")


@app.command(epilog="Example: alertwhisperer audit evidence --from 2026-01-01 --to 2026-04-01 --out evidence-q1")
@acts(Action.EVIDENCE_EXPORT)
def evidence(
    begin: Annotated[str, typer.Option("--from", metavar="MOMENT", help="From this day or moment on.")],
    end: Annotated[str, typer.Option("--to", metavar="MOMENT", help="Before this day or moment.")],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="A new folder, which only you can read.")],
    company: Annotated[
        str | None, typer.Option("--company", "-c", help="One company's part alone, by its id; else the installation.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Write what an auditor of SOC 2 or ISO 27001 asks for, with a signed list of its files; it certifies nothing."""
    since, until = moment(begin, "--from"), moment(end, "--to")

    async def work(house: House) -> Written:
        scope = await scope_of(house, "msp" if company is None else company)
        only = None if company is None else scope.company_id
        return await write_evidence(house, scope, out, since=since, until=until, only=only)

    told = in_house(work, data_dir)
    if as_json:
        output.show_json(told)
        return
    output.say(f"Done. {told.files} files with {told.entries} entries are in {out}; begin with README.md.")
    output.say(*(f"{name} could not be read: {why}" for name, why in told.unread.items()))
    if told.faults:
        output.say(f"The verifier found {told.faults} faults: see verification.json.")


@app.command("check-evidence", epilog="Example: alertwhisperer audit check-evidence evidence-q1 --key PUBLIC_KEY")
@anybody("it reads files that were given to whoever has them")
def check_evidence_(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="That `audit evidence` wrote.")],
    key: Annotated[str, typer.Option("--key", help="The installation's public key, from anywhere but the report.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Check that every file of a report is as it was written; opens no data."""
    files = check_evidence(folder, key)
    output.show_json({"files": files, "as_written": True}) if as_json else output.say(
        f"All {files} files are as they were written."
    )


def _who(entry: AuditEntry) -> str:
    return f"{entry.actor} ({entry.ip})" if entry.ip else entry.actor


def _said(entry: AuditEntry) -> str:
    """The detail in words: a change as before → after, the reason last."""
    if entry.erased and not entry.detail:
        return "erased"
    parts = [f"{name}: {_value(value)}" for name, value in entry.detail.items()]
    return "; ".join([*parts, *([f"reason: {entry.reason}"] if entry.reason else [])]) or "-"


def _value(value: object) -> str:
    match value:
        case [before, after]:
            return f"{output.cell(before)} → {output.cell(after)}"
        case _:
            return output.cell(value)
