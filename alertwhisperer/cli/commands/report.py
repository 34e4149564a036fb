"""`alertwhisperer report`: files for customers, made now or by the clock."""

from pathlib import Path
from typing import Annotated, Any

import typer

from alertwhisperer.app.build import House
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import acts
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, Company, DataDir, Limit, identifier, in_house, scope_of
from alertwhisperer.cli.moments import moment_or_none
from alertwhisperer.cli.newfile import new_file
from alertwhisperer.domain.errors import Permanent
from alertwhisperer.domain.report import Every, Format, PeriodWord, Report, ReportState, Schedule, Section
from alertwhisperer.guard.permissions import Action
from alertwhisperer.reports import asking, schedules
from alertwhisperer.reports.making import LEASE, make_taken
from alertwhisperer.reports.printing import print_file

app = group("Reports: files for customers, with the figures of a period.")

_Id = Annotated[str, typer.Argument(metavar="ID", help="The report's id; `report list` shows them.")]
_ScheduleId = Annotated[str, typer.Argument(metavar="ID", help="The schedule's id; `report schedules` shows them.")]
_Output = Annotated[Path, typer.Option("--output", "-o", help="The file to write; none is overwritten.")]
_Sections = Annotated[
    list[Section] | None, typer.Option("--section", help="Only these parts; repeat it. Of csv: the one table.")
]
_Formats = Annotated[list[Format] | None, typer.Option("--format", help="pdf, xlsx or csv; repeat it.")]
_Day = Annotated[int | None, typer.Option("--day", help="1 (Monday) to 7 of the week, or 1 to 28 of the month.")]
_Hour = Annotated[int | None, typer.Option("--hour", help="0 to 23, in its zone.")]
_Zone = Annotated[str | None, typer.Option("--time-zone", help="IANA name; else the company's.")]


@app.command("make", epilog="Example: alertwhisperer report make --company ID --period last_month --output march.pdf")
@acts(Action.REPORT_MAKE)
def make_(
    company: Company,
    to: _Output,
    period: Annotated[PeriodWord, typer.Option("--period", help="Which; custom with --from and --to.")] = (
        PeriodWord.LAST_MONTH
    ),
    begin: Annotated[str | None, typer.Option("--from", metavar="MOMENT", help="Of custom: from this on.")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="MOMENT", help="Of custom: before this.")] = None,
    form: Annotated[Format, typer.Option("--format", help="pdf, xlsx or csv.")] = Format.PDF,
    section: _Sections = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make a report now, keep it, and write its file; a running server is not needed."""
    start, finish = moment_or_none(begin, "--from"), moment_or_none(end, "--to")

    async def work(house: House) -> tuple[Report, bytes]:
        scope, now = await scope_of(house, company), house.clock.now()
        asked = await asking.ask(
            house.database,
            scope,
            form=form,
            word=period,
            start=start,
            finish=finish,
            sections=section or (),
            due_at=now + LEASE,  # made here; a server takes it over only if this command dies
            now=now,
        )
        await make_taken(house.database, scope, asked, print_file, clock=house.clock)
        made = await asking.get_report(house.database, scope, asked.id)
        if made.state is ReportState.FAILED:
            raise Permanent(made.problem)
        return await asking.take_file(house.database, scope, asked.id)

    with new_file(to, "--output") as opened:
        report, body = in_house(work, data_dir)
        opened.write(body)
    output.show_json({**_fields(report), "file": to}) if as_json else output.say(f"Written to {to}: {len(body)} bytes.")


@app.command("list", epilog="Example: alertwhisperer report list --company ID")
@acts(Action.REPORT_READ)
def list_(company: Company, limit: Limit = 100, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List reports that are kept, newest first."""

    async def work(house: House) -> list[Report]:
        return await asking.list_reports(house.database, await scope_of(house, company), limit=limit)

    found = in_house(work, data_dir)
    if as_json:
        output.show_list([_fields(one) for one in found])
        return
    output.show_table(
        ("id", "period", "from", "to", "format", "status", "by", "bytes", "problem"),
        (
            (
                *(one.id, one.span.word, one.span.start, one.span.finish, one.format, one.state),
                *(one.asked_by, one.size, one.problem or None),
            )
            for one in found
        ),
        empty="No report is kept. Make one: alertwhisperer report make --company ID --output FILE",
    )


@app.command(epilog="Example: alertwhisperer report show ID --company ID")
@acts(Action.REPORT_READ)
def show(report: _Id, company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show one report, and whether it is made."""
    wanted = identifier(report)

    async def work(house: House) -> Report:
        return await asking.get_report(house.database, await scope_of(house, company), wanted)

    _tell(_fields(in_house(work, data_dir)), as_json)


@app.command(epilog="Example: alertwhisperer report save ID --company ID --output march.pdf")
@acts(Action.REPORT_READ)
def save(report: _Id, company: Company, to: _Output, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Write the file of a report that is made."""
    wanted = identifier(report)

    async def work(house: House) -> tuple[Report, bytes]:
        return await asking.take_file(house.database, await scope_of(house, company), wanted)

    with new_file(to, "--output") as opened:
        found, body = in_house(work, data_dir)
        opened.write(body)
    output.show_json({**_fields(found), "file": to}) if as_json else output.say(f"Written to {to}: {len(body)} bytes.")


@app.command(epilog="Example: alertwhisperer report remove ID --company ID")
@acts(Action.REPORT_REMOVE)
def remove(report: _Id, company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Remove a report with its file."""
    wanted = identifier(report)

    async def work(house: House) -> None:
        scope = await scope_of(house, company)
        await asking.remove_report(house.database, scope, wanted, now=house.clock.now())

    in_house(work, data_dir)
    output.show_json({"id": wanted, "removed": True}) if as_json else output.say("Removed.")


@app.command(epilog="Example: alertwhisperer report schedule Monthly --company ID --every month --day 1 --hour 6")
@acts(Action.REPORT_MAKE)
def schedule(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called.")],
    company: Company,
    every: Annotated[Every, typer.Option("--every", help="week or month.")],
    day: _Day = None,
    hour: _Hour = None,
    zone: _Zone = None,
    form: _Formats = None,
    section: _Sections = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Have reports of the week or month that has just ended made by the clock, and kept."""

    async def work(house: House) -> Schedule:
        return await schedules.add_schedule(
            house.database,
            await scope_of(house, company),
            name=name,
            every=every,
            day=1 if day is None else day,
            hour=6 if hour is None else hour,
            time_zone=zone,
            formats=tuple(form or (Format.PDF,)),
            sections=tuple(section or ()),
            now=house.clock.now(),
        )

    _tell(_schedule_fields(in_house(work, data_dir)), as_json)


@app.command("schedules", epilog="Example: alertwhisperer report schedules --company ID")
@acts(Action.REPORT_READ)
def schedules_(company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List schedules."""

    async def work(house: House) -> list[Schedule]:
        return await schedules.list_schedules(house.database, await scope_of(house, company))

    found = in_house(work, data_dir)
    if as_json:
        output.show_list([_schedule_fields(one) for one in found])
        return
    output.show_table(
        ("id", "name", "every", "day", "hour", "zone", "formats", "next at", "last at"),
        (
            (
                *(one.id, one.name, one.every, one.day, one.hour, one.time_zone, one.formats),
                *(one.next_at, one.last_at),
            )
            for one in found
        ),
        empty="No schedule. Add one: alertwhisperer report schedule NAME --company ID --every month",
    )


@app.command(epilog="Example: alertwhisperer report reschedule ID --company ID --hour 7")
@acts(Action.REPORT_MAKE)
def reschedule(
    schedule: _ScheduleId,
    company: Company,
    name: Annotated[str | None, typer.Option("--name", help="What it is called.")] = None,
    every: Annotated[Every | None, typer.Option("--every", help="week or month.")] = None,
    day: _Day = None,
    hour: _Hour = None,
    zone: _Zone = None,
    form: _Formats = None,
    section: _Sections = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Change a schedule; what is not given stays."""
    wanted = identifier(schedule)
    given = {
        "name": name,
        "every": every,
        "day": day,
        "hour": hour,
        "time_zone": zone,
        "formats": tuple(form) if form else None,
        "sections": tuple(section) if section else None,
    }
    changes = {key: value for key, value in given.items() if value is not None}

    async def work(house: House) -> Schedule:
        scope = await scope_of(house, company)
        return await schedules.set_schedule(house.database, scope, wanted, changes, now=house.clock.now())

    _tell(_schedule_fields(in_house(work, data_dir)), as_json)


@app.command(epilog="Example: alertwhisperer report unschedule ID --company ID")
@acts(Action.REPORT_MAKE)
def unschedule(schedule: _ScheduleId, company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Remove a schedule; its reports stay."""
    wanted = identifier(schedule)

    async def work(house: House) -> None:
        scope = await scope_of(house, company)
        await schedules.remove_schedule(house.database, scope, wanted, now=house.clock.now())

    in_house(work, data_dir)
    output.show_json({"id": wanted, "removed": True}) if as_json else output.say("Removed; its reports stay.")


def _tell(fields: dict[str, Any], as_json: bool) -> None:
    output.show_json(fields) if as_json else output.show_fields(fields)


def _fields(report: Report) -> dict[str, Any]:
    """As the API shows it."""
    return {
        "id": report.id,
        "period": report.span.word,
        "from": report.span.start,
        "to": report.span.finish,
        "time_zone": report.span.time_zone,
        "format": report.format,
        "sections": report.sections,
        "status": report.state,
        "asked_at": report.asked_at,
        "made_at": report.settled_at if report.size is not None else None,
        "by": report.asked_by,
        "schedule_id": report.schedule_id,
        "bytes": report.size,
        "sha256": None if report.sha256 is None else report.sha256.hex(),
        "problem": report.problem or None,
    }


def _schedule_fields(schedule: Schedule) -> dict[str, Any]:
    """As the API shows it."""
    return {
        "id": schedule.id,
        "name": schedule.name,
        "every": schedule.every,
        "day": schedule.day,
        "hour": schedule.hour,
        "zone": schedule.time_zone,
        "formats": schedule.formats,
        "sections": schedule.sections,
        "by": schedule.created_by,
        "created_at": schedule.created_at,
        "next_at": schedule.next_at,
        "last_at": schedule.last_at,
    }
