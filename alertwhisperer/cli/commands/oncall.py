"""`alertwhisperer oncall`: who is on call and why, schedules, and what people change about their stretches."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import typer
from pydantic import ValidationError

from alertwhisperer.api.on_call import show_calendar, show_change, show_gap, show_on_call, show_own
from alertwhisperer.api.on_call_changes import show_event
from alertwhisperer.api.on_call_feeds import address_of, show_feed
from alertwhisperer.api.on_call_schedules import OnCallScheduleAdded, PlanAsked, show_schedule
from alertwhisperer.app.build import House
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import across_companies, acting, acts, by, somebody
from alertwhisperer.cli.find import find_company
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, DataDir, identifier, in_house
from alertwhisperer.cli.moments import moment, moment_or_none
from alertwhisperer.cli.sheet import read as read_file
from alertwhisperer.domain.company import INSTALLATION, CompanyId
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.on_call import Change, ChangeKind, Span
from alertwhisperer.escalate import changes, feeds, importing, own, schedules
from alertwhisperer.escalate.schedules import Wish
from alertwhisperer.guard.permissions import Action

app = group("On call: who is, and why; schedules, overrides, swaps, calendars.")

_Id = Annotated[str, typer.Argument(metavar="SCHEDULE_ID", help="The schedule's id.")]
_ChangeId = Annotated[str, typer.Argument(metavar="CHANGE_ID", help="The id of an override, an absence or a swap.")]
_From = Annotated[str | None, typer.Option("--from", help="A day or a moment with its zone; now when absent.")]
_Reason = Annotated[str, typer.Option("--reason", help="Why.")]
_Companies = Annotated[list[str] | None, typer.Option("--company", "-c", help="Of this company alone. Repeatable.")]
_File = Annotated[Path, typer.Argument(metavar="FILE.json", help="What the API takes for a schedule.")]


@app.command(epilog="Example: alertwhisperer oncall who --at 2026-12-24T20:00Z")
@acts(Action.ON_CALL_CROSS)
def who(
    companies: _Companies = None,
    at: Annotated[str | None, typer.Option("--at", help="A moment with its zone; now when absent.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Say who is on call for each company, and why."""
    asked = moment_or_none(at, "--at")

    async def work(house: House) -> Any:
        wanted = frozenset([await find_company(house, one) for one in companies or ()])
        when = asked or house.clock.now()
        async with across_companies(house, Action.ON_CALL_CROSS) as look:
            book = await schedules.look_over(look, acting().person, Span(when, when + timedelta(seconds=1)))
        return show_on_call(book, when, wanted)

    found = _plain(in_house(work, data_dir))
    if as_json:
        output.show_json(found)
        return
    output.show_table(
        ("company", "on call", "until", "why"),
        ((one["company"], one["on_call"] or "NOBODY", one["until"], one["why"]) for one in found["items"]),
        empty="There is no such company.",
    )


@app.command("list", epilog="Example: alertwhisperer oncall list")
@acts(Action.ON_CALL_CROSS)
def list_(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the schedules that you may see, by name."""

    async def work(house: House) -> Any:
        now, person = house.clock.now(), acting().person
        async with across_companies(house, Action.ON_CALL_CROSS) as look:
            book = await schedules.look_over(look, person, Span(now, now + timedelta(seconds=1)))
        names = {one.id: one.name for one in book.companies.values()}
        return [show_schedule(one.latest, names, book.name_of, person) for one in book.visible if one.is_there]

    found = [_plain(one) for one in in_house(work, data_dir)]
    if as_json:
        output.show_list(found)
        return
    output.show_table(
        ("id", "name", "of", "zone", "layers", "version"),
        (
            (
                one["id"],
                one["name"],
                one["company"] or "the MSP",
                one["time_zone"],
                "; ".join(f"{layer['name']}: {', '.join(layer['people'])}" for layer in one["layers"]),
                one["version"],
            )
            for one in found
        ),
        empty="There is no schedule that you may see.",
    )


@app.command(epilog="Example: alertwhisperer oncall show SCHEDULE_ID --days 14")
@acts(Action.ON_CALL_READ)
def show(
    identity: _Id,
    start: _From = None,
    days: Annotated[int, typer.Option("--days", min=1, max=100, help="How many days.")] = 14,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show who is on call by a schedule over a time."""
    wanted, asked = identifier(identity), moment_or_none(start, "--from")

    async def work(house: House) -> Any:
        person, now = acting().person, house.clock.now()
        look = Span(asked or now, (asked or now) + timedelta(days=days))
        found = await schedules.read_calendar(house.database, by(), person, wanted, look)
        return show_calendar(found, person, now)

    found = _plain(in_house(work, data_dir))
    if as_json:
        output.show_json(found)
        return
    output.say(f"{found['schedule']} ({found['time_zone']})")
    output.show_table(
        ("from", "to", "on call", "by"),
        (
            (one["from"], one["to"], one["on_call"] or "NOBODY", "a change" if one["changes"] else one["layer"])
            for one in found["stretches"]
        ),
        empty="There was no schedule in this time.",
    )
    _show_changes(found["changes"])


@app.command(epilog="Example: alertwhisperer oncall gaps --days 30")
@acts(Action.ON_CALL_CROSS)
def gaps(
    days: Annotated[int, typer.Option("--days", min=1, max=60, help="How far ahead.")] = schedules.GAPS_AHEAD.days,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List when nobody will be on call."""

    async def work(house: House) -> Any:
        now = house.clock.now()
        span = Span(now, now + timedelta(days=days))
        async with across_companies(house, Action.ON_CALL_CROSS) as look:
            book = await schedules.look_over(look, acting().person, span)
        return [show_gap(book, one) for one in schedules.gaps_ahead(book, span)]

    found = [_plain(one) for one in in_house(work, data_dir)]
    if as_json:
        output.show_list(found)
        return
    output.show_table(
        ("from", "to", "schedule", "of"),
        ((one["from"], one["to"], one["schedule"], one["company"] or "the MSP") for one in found),
        empty="There is no gap.",
    )


@app.command(
    epilog="Example: alertwhisperer oncall add Nights --company ID --zone Europe/Berlin --person kim@example.org "
    "--person lee@example.org --every 1 --unit week --hand-over 08:00"
)
@acts(Action.ON_CALL_SET)
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What people call it.")],
    people: Annotated[
        list[str], typer.Option("--person", "-p", metavar="EMAIL", help="Who takes turns, in this order. Repeatable.")
    ],
    zone: Annotated[str, typer.Option("--zone", help="Time zone, an IANA name.")],
    company: Annotated[
        str,
        typer.Option(
            "--company", "-c", help="Whose: by id, ref or name; `msp` for one of the MSP, which is for all companies."
        ),
    ] = "msp",
    unit: Annotated[Literal["hour", "day", "week"], typer.Option("--unit", help="What --every counts.")] = "week",
    every: Annotated[int, typer.Option("--every", min=1, help="How long a turn lasts.")] = 1,
    starts_on: Annotated[
        str | None, typer.Option("--starts-on", help="The day of the first turn; this week's Monday when absent.")
    ] = None,
    hand_over: Annotated[str, typer.Option("--hand-over", help="Time of day, in the schedule's zone.")] = "08:00",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Add a schedule of one layer; `add-file` takes several."""

    async def work(house: House) -> Any:
        owner = await find_company(house, company)
        return await _added(house, _asked(OnCallScheduleAdded, {**asked, **_belonging(owner)}))

    today = datetime.now(UTC).date()
    layer = {
        "name": "rotation",
        "people": people,
        "unit": unit,
        "every": every,
        "starts_on": starts_on or (today - timedelta(days=today.weekday())).isoformat(),
        "hand_over": hand_over,
    }
    asked = {"name": name, "time_zone": zone, "layers": [layer]}
    _tell_schedule(in_house(work, data_dir), as_json)


def _belonging(owner: CompanyId) -> dict[str, object]:
    """Whose a schedule is: one company's, or the MSP's for everybody."""
    return {"serves": {"everybody": True}} if owner == INSTALLATION else {"company_id": str(owner)}


@app.command(epilog="Example: alertwhisperer oncall add-file nights.json")
@acts(Action.ON_CALL_SET)
def add_file(file: _File, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Add a schedule as a file says it."""

    async def work(house: House) -> Any:
        return await _added(house, _asked(OnCallScheduleAdded, read_file(file)))

    _tell_schedule(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer oncall change SCHEDULE_ID nights.json")
@acts(Action.ON_CALL_SET)
def change(identity: _Id, file: _File, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Let a schedule say what a file says, from now on."""
    wanted = identifier(identity)

    async def work(house: House) -> Any:
        person, wish = acting().person, _asked(PlanAsked, read_file(file)).wish
        seen, _, _ = await schedules.read_schedule(house.database, by(), person, wanted)
        await schedules.change_schedule(
            house.database, by(), person, wanted, wish, seen=seen.version, now=house.clock.now()
        )
        return await _shown(house, wanted)

    _tell_schedule(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer oncall remove SCHEDULE_ID")
@acts(Action.ON_CALL_SET)
def remove(identity: _Id, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Let a schedule say nothing from now on; what it said before stays."""
    wanted = identifier(identity)

    async def work(house: House) -> None:
        await schedules.remove_schedule(house.database, by(), acting().person, wanted, now=house.clock.now())

    in_house(work, data_dir)
    output.show_json({"id": wanted}) if as_json else output.say("Nobody is on call by it from now on.")


@app.command(
    epilog="Example: alertwhisperer oncall override SCHEDULE_ID --to 2026-12-24T20:00Z --person lee@example.org"
)
@acts(Action.ON_CALL_TAKE)
def override(
    identity: _Id,
    end: Annotated[str, typer.Option("--to", help="A day or a moment with its zone.")],
    start: _From = None,
    person: Annotated[str | None, typer.Option("--person", "-p", metavar="EMAIL", help="Who; you when absent.")] = None,
    away: Annotated[bool, typer.Option("--away", help="They are away, in place of: they take it.")] = False,
    reason: _Reason = "",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Put somebody on call for a stretch, or say that they are away."""
    wanted = identifier(identity)
    kind = ChangeKind.ABSENCE if away else ChangeKind.OVERRIDE

    async def work(house: House) -> Change:
        now, first, last = house.clock.now(), moment_or_none(start, "--from"), moment(end, "--to")
        return await changes.set_change(
            house.database,
            by(),
            acting().person,
            wanted,
            kind,
            Span(first or now, last),
            email=person,
            reason=reason,
            now=now,
        )

    _tell_change(work, data_dir, as_json)


@app.command(
    epilog="Example: alertwhisperer oncall swap SCHEDULE_ID --from 2026-12-24 --to 2026-12-25 --with lee@example.org "
    "--their-from 2026-12-31 --their-to 2027-01-01"
)
@acts(Action.ON_CALL_SWAP)
def swap(
    identity: _Id,
    start: Annotated[str, typer.Option("--from", help="Of your stretch: a day or a moment with its zone.")],
    end: Annotated[str, typer.Option("--to", help="Of your stretch.")],
    other: Annotated[str, typer.Option("--with", metavar="EMAIL", help="Whom you ask.")],
    their_start: Annotated[str, typer.Option("--their-from", help="Of their stretch.")],
    their_end: Annotated[str, typer.Option("--their-to", help="Of their stretch.")],
    reason: _Reason = "",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Ask another person to exchange stretches; it counts when they accept."""
    wanted = identifier(identity)

    async def work(house: House) -> Change:
        mine = Span(moment(start, "--from"), moment(end, "--to"))
        theirs = Span(moment(their_start, "--their-from"), moment(their_end, "--their-to"))
        return await changes.ask_swap(
            house.database, by(), somebody(), wanted, mine, other, theirs, reason=reason, now=house.clock.now()
        )

    _tell_change(work, data_dir, as_json)


@app.command(epilog="Example: alertwhisperer oncall accept CHANGE_ID")
@acts(Action.ON_CALL_SWAP)
def accept(identity: _ChangeId, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Agree to a swap that you were asked for."""
    _answer(identity, data_dir, as_json, agreed=True)


@app.command(epilog="Example: alertwhisperer oncall decline CHANGE_ID")
@acts(Action.ON_CALL_SWAP)
def decline(identity: _ChangeId, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Do not agree to a swap that you were asked for."""
    _answer(identity, data_dir, as_json, agreed=False)


@app.command(epilog="Example: alertwhisperer oncall withdraw CHANGE_ID")
@acts(Action.ON_CALL_TAKE)
def withdraw(identity: _ChangeId, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Take back an override, an absence or a swap; what has been stays."""
    wanted = identifier(identity, "CHANGE_ID")

    async def work(house: House) -> Change:
        return await changes.withdraw(house.database, by(), acting().person, wanted, now=house.clock.now())

    _tell_change(work, data_dir, as_json)


@app.command(epilog="Example: alertwhisperer oncall mine")
@acts(Action.ON_CALL_OWN)
def mine(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show when you are on call, and what waits for your answer."""

    async def work(house: House) -> Any:
        now = house.clock.now()
        return show_own(await own.own_times(house.database, by(), somebody(), now=now), now)

    found = _plain(in_house(work, data_dir))
    if as_json:
        output.show_json(found)
        return
    output.show_table(
        ("from", "to", "schedule"),
        ((one["from"], one["to"], one["schedule"]) for one in found["stretches"]),
        empty="No time of the next 60 days is yours.",
    )
    _show_changes(found["changes"])


@app.command("import", epilog="Example: alertwhisperer oncall import SCHEDULE_ID holidays.ics --person lee@example.org")
@acts(Action.ON_CALL_TAKE)
def import_(
    identity: _Id,
    file: Annotated[Path, typer.Argument(metavar="FILE.ics", help="A calendar of another program.")],
    kind: Annotated[Literal["absence", "override"], typer.Option("--as", help="What its events are.")] = "absence",
    person: Annotated[
        str | None,
        typer.Option("--person", "-p", metavar="EMAIL", help="Of whom; when absent, each event says so itself."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would become of each event.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Take a calendar's events as absences or overrides; again takes nothing twice."""
    wanted, text = identifier(identity), read_file(file).decode("utf-8", "replace")

    async def work(house: House) -> Any:
        found = await importing.import_calendar(
            house.database,
            by(),
            acting().person,
            wanted,
            ChangeKind(kind),
            text,
            email=person,
            dry_run=dry_run,
            now=house.clock.now(),
        )
        return [show_event(one) for one in found]

    found = [_plain(one) for one in in_house(work, data_dir)]
    if as_json:
        output.show_list(found)
        return
    output.show_table(
        ("event", "title", "who", "from", "to", "outcome"),
        (tuple(one[name] for name in ("number", "title", "who", "from", "to", "outcome")) for one in found),
        empty="The calendar has no events.",
    )


@app.command(epilog="Example: alertwhisperer oncall feed --schedule SCHEDULE_ID")
@acts(Action.ON_CALL_OWN)
def feed(
    schedule: Annotated[
        str | None, typer.Option("--schedule", "-s", help="Of this schedule; your own times when absent.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make a secret address that a calendar program reads; it is shown this once."""
    wanted = None if schedule is None else identifier(schedule, "--schedule")

    async def work(house: House) -> Any:
        made = await feeds.add_feed(house.database, house.vault, by(), somebody(), wanted, now=house.clock.now())
        return {**_plain(show_feed(made.feed)), "address": address_of(house.settings.url, made.secret)}

    found = in_house(work, data_dir)
    output.show_json(found) if as_json else output.say(found["address"], f"id: {found['id']}")


@app.command("feeds", epilog="Example: alertwhisperer oncall feeds")
@acts(Action.ON_CALL_OWN)
def feeds_(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List your calendar addresses, without what makes them secret."""

    async def work(house: House) -> Any:
        return [show_feed(one) for one in await feeds.list_feeds(house.database, somebody())]

    found = [_plain(one) for one in in_house(work, data_dir)]
    if as_json:
        output.show_list(found)
        return
    output.show_table(
        ("id", "name", "begins", "made at", "read at"),
        (tuple(one[name] for name in ("id", "name", "hint", "made_at", "read_at")) for one in found),
        empty="You have none.",
    )


@app.command(epilog="Example: alertwhisperer oncall end-feed FEED_ID")
@acts(Action.ON_CALL_OWN)
def end_feed(
    identity: Annotated[str, typer.Argument(metavar="FEED_ID", help="The address's id.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Let a calendar address of yours lead nowhere from now on."""
    wanted = identifier(identity, "FEED_ID")

    async def work(house: House) -> None:
        await feeds.revoke_feed(house.database, by(), somebody(), wanted, now=house.clock.now())

    in_house(work, data_dir)
    output.show_json({"id": wanted}) if as_json else output.say("It leads nowhere any more.")


def _asked(model: type[Any], given: object) -> Any:
    """What was given as the API takes it; raises `Invalid`."""
    try:
        return model.model_validate_json(given) if isinstance(given, bytes) else model.model_validate(given)
    except ValidationError as failure:
        first = failure.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Invalid(first["msg"], where=where, mend="see docs/on-call.md for an example") from failure


async def _added(house: House, asked: OnCallScheduleAdded) -> Any:
    wish: Wish = asked.wish
    made = await schedules.add_schedule(house.database, by(), acting().person, asked.owner, wish, now=house.clock.now())
    return await _shown(house, made.schedule_id)


async def _shown(house: House, schedule_id: UUID) -> Any:
    person = acting().person
    version, names, people = await schedules.read_schedule(house.database, by(), person, schedule_id)
    return show_schedule(version, names, lambda one: None if one is None else people[one].email, person)


def _tell_schedule(shown: Any, as_json: bool) -> None:
    found = _plain(shown)
    if as_json:
        output.show_json(found)
        return
    output.say(f"{found['name']} ({found['time_zone']}), version {found['version']}", f"id: {found['id']}")


def _answer(identity: str, data_dir: Path | None, as_json: bool, *, agreed: bool) -> None:
    wanted = identifier(identity, "CHANGE_ID")

    async def work(house: House) -> Change:
        return await changes.answer_swap(house.database, by(), somebody(), wanted, accept=agreed, now=house.clock.now())

    _tell_change(work, data_dir, as_json)


def _tell_change(work: Any, data_dir: Path | None, as_json: bool) -> None:
    """Make a change, and show it as the API does."""

    async def made(house: House) -> Any:
        change: Change = await work(house)
        person, look = acting().person, Span(change.span.start, change.span.start + timedelta(seconds=1))
        found = await schedules.read_calendar(house.database, by(), person, change.schedule_id, look)
        return show_change(change, found.rota, found.book, person, house.clock.now())

    found = _plain(in_house(made, data_dir))
    if as_json:
        output.show_json(found)
        return
    _show_changes([found])


def _show_changes(found: Sequence[Any]) -> None:
    if found:
        output.show_table(
            ("id", "what", "who", "from", "to", "with", "their from", "their to", "state", "reason"),
            (
                tuple(
                    one[name]
                    for name in (
                        *("id", "kind", "who", "from", "to"),
                        *("other", "other_from", "other_to", "state", "reason"),
                    )
                )
                for one in found
            ),
            empty="",
        )


def _plain(shown: Any) -> Any:
    """As the API answers it."""
    return shown.model_dump(mode="json", by_alias=True)
