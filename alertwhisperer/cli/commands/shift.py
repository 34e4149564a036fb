"""`alertwhisperer shift`: what a shift leaves to the next, and handing incidents over."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import typer

from alertwhisperer.api.handover import ShiftShown, show_handover, show_shift, show_whole
from alertwhisperer.app.build import House
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import across_companies, acting, acts, by, somebody
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, DataDir, Limit, identifier, in_house
from alertwhisperer.domain.handover import HandoverState
from alertwhisperer.guard.permissions import Action
from alertwhisperer.shift import handing, handover
from alertwhisperer.shift.handing import Receiver, Seen, Whole

app = group("Shift: what it leaves to the next, and handing incidents over.")

_Id = Annotated[str, typer.Argument(metavar="ID", help="The hand-over's id.")]


@app.command(epilog="Example: alertwhisperer shift show --mine")
@acts(Action.HANDOVER_CROSS)
def show(
    companies: Annotated[
        list[str] | None, typer.Option("--company", "-c", help="Of this company alone. Repeatable.")
    ] = None,
    mine: Annotated[bool, typer.Option("--mine", help="Of incidents and promises only your own.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show what your shift leaves to the next."""
    wanted = frozenset(identifier(one, "--company") for one in companies or ())

    async def work(house: House) -> ShiftShown:
        person, now = (somebody() if mine else acting().person), house.clock.now()
        async with across_companies(house, Action.HANDOVER_CROSS) as look:
            user = None if person is None else person.user
            found = await handover.look_over(look, user, wanted, mine=mine, now=now)
        return show_shift(found, you=by().actor, now=now)

    found = _plain(in_house(work, data_dir))
    output.show_json(found) if as_json else _show_page(found)


@app.command(epilog="Example: alertwhisperer shift people")
@acts(Action.HANDOVER_CROSS)
def people(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List whom you may offer incidents to."""

    async def work(house: House) -> list[Receiver]:
        return await handing.receivers(house.database, by(), somebody())

    found = in_house(work, data_dir)
    if as_json:
        output.show_list([{"email": one.email, "company_ids": output.plain(one.companies)} for one in found])
        return
    output.show_table(
        ("email", "serves"),
        ((one.email, "all of yours" if one.companies is None else f"{len(one.companies)} of yours") for one in found),
        empty="Nobody else serves what you serve.",
    )


@app.command("list", epilog="Example: alertwhisperer shift list --state offered")
@acts(Action.HANDOVER_CROSS)
def list_(
    state: Annotated[HandoverState | None, typer.Option("--state", help="Only those that stand so.")] = None,
    limit: Limit = 50,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List hand-overs by you and to you, newest first."""

    async def work(house: House) -> list[Seen]:
        return await handing.list_handovers(
            house.database, by(), somebody(), state=state, limit=limit, now=house.clock.now()
        )

    found = [_plain(show_handover(one)) for one in in_house(work, data_dir)]
    output.show_list(found) if as_json else _show_offers(found, "Nothing was offered.")


@app.command(epilog="Example: alertwhisperer shift read ID")
@acts(Action.HANDOVER_CROSS)
def read(identity: _Id, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show one hand-over, with what became of each incident."""
    wanted = identifier(identity)

    async def work(house: House) -> Whole:
        return await handing.get_handover(house.database, by(), somebody(), wanted, now=house.clock.now())

    _tell(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer shift offer --to lee@example.org --note 'The vendor calls back at ten.'")
@acts(Action.HANDOVER_OFFER)
def offer(
    to: Annotated[str, typer.Option("--to", metavar="EMAIL", help="Whoever is to take them over.")],
    incidents: Annotated[
        list[str] | None,
        typer.Argument(metavar="[INCIDENT_ID]...", help="Yours or nobody's; every open one that is yours when absent."),
    ] = None,
    note: Annotated[str, typer.Option("--note", help="What the other should know.")] = "",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Offer another person to take incidents over; nothing moves before they accept."""
    chosen: Sequence[UUID] | None = [identifier(one, "INCIDENT_ID") for one in incidents or ()] or None

    async def work(house: House) -> Whole:
        return await handing.offer(
            house.database, by(), somebody(), to, note=note, incident_ids=chosen, now=house.clock.now()
        )

    _tell(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer shift accept ID")
@acts(Action.HANDOVER_ACCEPT)
def accept(identity: _Id, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Take over what was offered to you."""
    wanted = identifier(identity)

    async def work(house: House) -> Whole:
        return await handing.accept(house.database, by(), somebody(), wanted, now=house.clock.now())

    _tell(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer shift withdraw ID")
@acts(Action.HANDOVER_OFFER)
def withdraw(identity: _Id, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Take back what you offered."""
    wanted = identifier(identity)

    async def work(house: House) -> Whole:
        return await handing.withdraw(house.database, by(), somebody(), wanted, now=house.clock.now())

    _tell(in_house(work, data_dir), as_json)


def _plain(shown: Any) -> Any:
    """As the API answers it."""
    return shown.model_dump(mode="json", by_alias=True)


def _tell(whole: Whole, as_json: bool) -> None:
    found = _plain(show_whole(whole))
    if as_json:
        output.show_json(found)
        return
    output.say(f"{found['from']} to {found['to']}: {found['state']}", found["note"])
    output.show_table(
        ("incident", "company", "severity", "title", "assignee", "outcome"),
        (
            (one["number"], one["company"], one["severity"], one["title"], one["assignee"], one["outcome"])
            for one in found["incidents"]
        ),
        empty="None of its incidents is of a company that you serve.",
    )
    if found["hidden"]:
        output.say(f"{found['hidden']} more are of companies that you do not serve.")
    for one in found["left_out"]:
        output.say(f"left out: {one['number'] or one['id']} ({one['why']})")
    output.say(f"id: {found['id']}")


def _show_page(page: Any) -> None:
    for part, heading in (
        ("needs_ack", "Needs acknowledgement"),
        ("working", "Being worked"),
        ("waiting", "Waiting"),
    ):
        output.say(f"{heading}: {page[part]['count']}")
        output.show_table(
            ("number", "company", "severity", "title", "state", "assignee", "id"),
            (
                tuple(one[name] for name in ("number", "company", "severity", "title", "state", "assignee", "id"))
                for one in page[part]["items"]
            ),
            empty="  none",
        )
    output.say(f"Approvals that wait: {page['approvals']['count']}")
    output.show_table(
        ("company", "what", "risk", "expires at", "you", "id"),
        (
            tuple(one[name] for name in ("company", "runbook", "risk", "expires_at", "you", "id"))
            for one in page["approvals"]["items"]
        ),
        empty="  none",
    )
    output.say("Windows in which nothing starts:")
    output.show_table(
        ("company", "from", "to", "reason"),
        ((one["company"] or "all", one["from"], one["to"], one["reason"]) for one in page["windows"]),
        empty="  none",
    )
    output.say(f"Promises that wait: {page['promises']['count']}")
    output.show_table(
        ("company", "incident", "state", "due at", "promise", "id"),
        (
            tuple(one[name] for name in ("company", "incident_number", "state", "due_at", "text", "id"))
            for one in page["promises"]["items"]
        ),
        empty="  none",
    )
    output.say("Offers that wait:")
    _show_offers(page["offers"], "  none")


def _show_offers(found: Sequence[Any], empty: str) -> None:
    output.show_table(
        ("id", "state", "from", "to", "incidents", "outcomes", "offered at"),
        (
            tuple(one[name] for name in ("id", "state", "from", "to", "count", "outcomes", "offered_at"))
            for one in found
        ),
        empty=empty,
    )
