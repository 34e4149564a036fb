"""`alertwhisperer window`: maintenance windows of a company, in which alerts open no incident."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from alertwhisperer.app.build import House
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import acts, may
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, Company, DataDir, Limit, identifier, in_house, scope_of
from alertwhisperer.cli.moments import moment, moment_or_none
from alertwhisperer.correlate import maintenance
from alertwhisperer.correlate.maintenance import Draft, Preview, WindowWhole
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.company_setting import check_zone
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.severity import Severity
from alertwhisperer.domain.window import Phase
from alertwhisperer.guard.companies import get_company
from alertwhisperer.guard.permissions import Action
from alertwhisperer.inventory import assets, sites
from alertwhisperer.store.windows import SuppressedAlert

app = group("Maintenance windows: when and where alerts open no incident.")

_Id = Annotated[str, typer.Argument(metavar="ID", help="The window's id.")]
_Name = Annotated[str, typer.Argument(metavar="NAME", help="What people call it, such as 'Patch night'.")]
_Reason = Annotated[str, typer.Option("--reason", help="Why alerts are expected.")]
_From = Annotated[
    str | None,
    typer.Option("--from", metavar="TIME", help="By the clock on the wall: 2026-03-10T22:00; now if absent."),
]
_To = Annotated[str | None, typer.Option("--to", metavar="TIME", help="Its end, likewise; or give --for.")]
_For = Annotated[str | None, typer.Option("--for", metavar="DURATION", help="How long: 90m, 4h, 2d; or give --to.")]
_Zone = Annotated[str, typer.Option("--time-zone", help="IANA name; the company's when absent.")]
_Sites = Annotated[list[str] | None, typer.Option("--site", help="A site's name or id; may be repeated.")]
_Assets = Annotated[list[str] | None, typer.Option("--asset", help="An asset's name or id; may be repeated.")]
_Checks = Annotated[
    list[str] | None, typer.Option("--check", help="A check (signature); may be repeated. Absent: all.")
]
_Repeat = Annotated[
    str, typer.Option("--repeat", metavar="RRULE", help="FREQ=WEEKLY;BYDAY=SU or the like; absent: it happens once.")
]
_Until = Annotated[
    str | None, typer.Option("--until", metavar="MOMENT", help="Of one that recurs: no time starts at or after this.")
]
_DURATION = re.compile(r"(\d{1,5})\s*([mhd])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


@app.command("list", epilog="Example: alertwhisperer window list --company ID --phase running")
@acts(Action.WINDOW_READ)
def list_(
    company: Company,
    phase: Annotated[Phase | None, typer.Option("--phase", help="running, coming or past.")] = None,
    limit: Limit = 100,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List a company's windows, newest first."""

    async def work(house: House) -> list[WindowWhole]:
        scope = await scope_of(house, company)
        await get_company(house.database, scope)
        return await maintenance.list_windows(house.database, scope, phase=phase, now=house.clock.now(), limit=limit)

    found = in_house(work, data_dir)
    if as_json:
        output.show_list([_fields(one) for one in found])
        return
    output.show_table(
        ("id", "name", "phase", "where", "first", "last", "last held back", "look at"),
        (
            (
                one.window.id,
                one.window.name,
                one.phase,
                _where(one),
                one.spans[0].starts_at if one.spans else None,
                one.spans[-1].ends_at if one.spans else None,
                one.hidden_at,
                ", ".join(one.findings),
            )
            for one in found
        ),
        empty="No window yet. Make one: alertwhisperer window add NAME --company ID --asset NAME --for 2h --reason WHY",
    )


@app.command(epilog="Example: alertwhisperer window show ID --company ID")
@acts(Action.WINDOW_READ)
def show(window: _Id, company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show one window, its times and what each of them held back."""
    wanted = identifier(window)

    async def work(house: House) -> WindowWhole:
        scope = await scope_of(house, company)
        return await maintenance.get_window(house.database, scope, wanted, now=house.clock.now())

    _tell(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer window suppressed --company ID --from 2026-03-10")
@acts(Action.WINDOW_READ)
def suppressed(
    company: Company,
    window: Annotated[str | None, typer.Option("--window", help="A window's id; absent: of all.")] = None,
    since: Annotated[str | None, typer.Option("--from", metavar="MOMENT", help="Received at or after this.")] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="MOMENT", help="Received before this.")] = None,
    limit: Limit = 100,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List alerts that windows held back, newest first."""
    wanted = None if window is None else identifier(window)
    start, finish = moment_or_none(since, "--from"), moment_or_none(until, "--to")

    async def work(house: House) -> list[SuppressedAlert]:
        scope = await scope_of(house, company)
        await get_company(house.database, scope)
        return await maintenance.suppressed_alerts(
            house.database, scope, window_id=wanted, start=start, finish=finish, limit=limit
        )

    found = in_house(work, data_dir)
    if as_json:
        output.show_list(found)
        return
    output.show_table(
        ("received", "severity", "asset", "check", "window", "alert", "incident"),
        (
            (
                one.received_at,
                one.severity.word,
                one.asset,
                one.signature,
                one.window_name,
                one.alert_id,
                one.incident_id,
            )
            for one in found
        ),
        empty="No window held anything back.",
    )


@app.command(
    epilog="Example: alertwhisperer window add 'New disk' --company ID --asset db-01 --for 2h --reason 'New disk'"
)
@acts(Action.WINDOW_SET)
def add(
    name: _Name,
    company: Company,
    reason: _Reason,
    starts: _From = None,
    ends: _To = None,
    lasts: _For = None,
    time_zone: _Zone = "",
    site: _Sites = None,
    asset: _Assets = None,
    check: _Checks = None,
    repeat: _Repeat = "",
    until: _Until = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make a window. Without --site and --asset it holds for the whole company."""
    asked = _Asked(name, reason, starts, ends, lasts, time_zone, site, asset, check, repeat, until)

    async def work(house: House) -> WindowWhole:
        scope = await scope_of(house, company)
        draft = await asked.draft(house, scope)
        return await maintenance.add_window(
            house.database, scope, draft, may_be_wide=may(Action.WINDOW_SET_WIDE), now=house.clock.now()
        )

    _tell(in_house(work, data_dir), as_json)


@app.command(
    epilog="Example: alertwhisperer window preview Sundays --company ID --reason Patches --site Berlin --for 4h"
)
@acts(Action.WINDOW_SET)
def preview(
    name: _Name,
    company: Company,
    reason: _Reason,
    starts: _From = None,
    ends: _To = None,
    lasts: _For = None,
    time_zone: _Zone = "",
    site: _Sites = None,
    asset: _Assets = None,
    check: _Checks = None,
    repeat: _Repeat = "",
    until: _Until = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show what such a window would have held back in the last 30 days; nothing is saved."""
    asked = _Asked(name, reason, starts, ends, lasts, time_zone, site, asset, check, repeat, until)

    async def work(house: House) -> Preview:
        scope = await scope_of(house, company)
        draft = await asked.draft(house, scope)
        return await maintenance.preview(house.database, scope, draft, now=house.clock.now())

    found = in_house(work, data_dir)
    if as_json:
        output.show_json(_preview_fields(found))
        return
    output.say(f"{found.alerts} alerts and {found.incidents} incidents since {found.since.isoformat()}.")
    output.show_table(
        ("severity", "asset", "check", "at", "alert", "incident"),
        (
            tuple(one[field] for field in ("severity", "asset", "signature", "at", "alert_id", "incident_id"))
            for one in _preview_fields(found)["worst"]
        ),
        empty="It would have held nothing back.",
    )


@app.command(epilog="Example: alertwhisperer window extend ID --company ID --until 2026-03-11T03:00Z")
@acts(Action.WINDOW_SET)
def extend(
    window: _Id,
    company: Company,
    until: Annotated[str, typer.Option("--until", metavar="MOMENT", help="The later end.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Let the time that runs, or else the next one, end later."""
    wanted, end = identifier(window), moment(until, "--until")

    async def work(house: House) -> WindowWhole:
        scope = await scope_of(house, company)
        return await maintenance.extend_window(
            house.database, scope, wanted, end, may_be_wide=may(Action.WINDOW_SET_WIDE), now=house.clock.now()
        )

    _tell(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer window end ID --company ID")
@acts(Action.WINDOW_SET)
def end(
    window: _Id,
    company: Company,
    for_good: Annotated[bool, typer.Option("--for-good", help="Also what was to come.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """End the time that runs now; where none runs, or with --for-good, all that were to come."""
    wanted = identifier(window)

    async def work(house: House) -> WindowWhole:
        scope = await scope_of(house, company)
        return await maintenance.end_window(house.database, scope, wanted, for_good=for_good, now=house.clock.now())

    _tell(in_house(work, data_dir), as_json)


class _Asked:
    """The options of a window, before names are looked up."""

    def __init__(
        self,
        name: str,
        reason: str,
        starts: str | None,
        ends: str | None,
        lasts: str | None,
        time_zone: str,
        site: list[str] | None,
        asset: list[str] | None,
        check: list[str] | None,
        repeat: str,
        until: str | None,
    ) -> None:
        if (ends is None) == (lasts is None):
            raise Invalid("how long is not said", where="--to", mend="give either --to or --for")
        self._plain = {"name": name, "reason": reason, "recurrence": repeat, "signatures": tuple(check or ())}
        self._starts = None if starts is None else _wall(starts, "--from")
        self._ends = None if ends is None else _wall(ends, "--to")
        self._lasts = None if lasts is None else _length(lasts)
        self._zone = time_zone
        self._sites, self._assets = site or [], asset or []
        self._until = moment_or_none(until, "--until")

    async def draft(self, house: House, scope: Scope) -> Draft:
        """What is asked for."""
        zone = check_zone(self._zone or (await get_company(house.database, scope)).time_zone)
        here = house.clock.now().astimezone(ZoneInfo(zone)).replace(tzinfo=None, microsecond=0)
        starts = self._starts or here
        return Draft(
            **self._plain,  # type: ignore[arg-type]  # texts, and a tuple of them
            starts=starts,
            ends=self._ends if self._lasts is None else starts + self._lasts,  # type: ignore[arg-type]  # one is given
            time_zone=zone,
            sites=tuple([(await sites.find_site(house.database, scope, one)).id for one in self._sites]),
            assets=tuple([(await assets.find_asset(house.database, scope, one)).id for one in self._assets]),
            until=self._until,
        )


def _wall(text: str, where: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as failure:
        raise Invalid(f"{text!r} is no time", where=where, mend="write 2026-03-10T22:00") from failure
    if found.tzinfo is not None:
        raise Invalid(f"{text!r} has a zone", where=where, mend="write it by the clock on the wall, and --time-zone")
    return found


def _length(text: str) -> timedelta:
    found = _DURATION.fullmatch(text.strip().lower())
    if found is None:
        raise Invalid(f"{text!r} is not a duration", where="--for", mend="write 90m, 4h or 2d")
    return int(found[1]) * _UNITS[found[2]]


def _where(whole: WindowWhole) -> str:
    window = whole.window
    parts = [
        f"{len(ids)} {noun}{'' if len(ids) == 1 else 's'}"
        for ids, noun in ((window.sites, "site"), (window.assets, "asset"))
        if ids
    ] or ["whole company"]
    return ", ".join([*parts, *window.signatures])


def _tell(whole: WindowWhole, as_json: bool) -> None:
    output.show_json(_fields(whole)) if as_json else output.show_fields(_fields(whole))


def _fields(whole: WindowWhole) -> Mapping[str, Any]:
    """As the API shows it."""
    window = whole.window
    return {
        "id": window.id,
        "name": window.name,
        "reason": window.reason,
        "sites": window.sites,
        "assets": window.assets,
        "signatures": window.signatures,
        "whole_company": window.is_whole_company,
        "time_zone": window.time_zone,
        "recurrence": window.recurrence,
        "phase": whole.phase,
        "times": [{field: getattr(span, field) for field in span.__struct_fields__} for span in whole.spans],
        "made_by": window.made_by,
        "made_at": window.made_at,
        "ended_at": window.ended_at,
        "ended_by": window.ended_by,
        "last_held_back_at": whole.hidden_at,
        "findings": whole.findings,
    }


def _preview_fields(found: Preview) -> dict[str, Any]:
    return {
        "since": found.since,
        "alerts": found.alerts,
        "incidents": found.incidents,
        "by_severity": [{"severity": one.word, "alerts": alerts} for one, alerts in found.by_severity],
        "by_asset": [{"asset": asset, "alerts": alerts} for asset, alerts in found.by_asset],
        "worst": [
            {
                "alert_id": one.alert.id,
                "incident_id": one.incident_id,
                "severity": Severity(one.alert.severity).word,
                "asset": one.alert.asset,
                "signature": one.alert.signature,
                "at": one.alert.first_seen_at,
            }
            for one in found.worst
        ],
    }
