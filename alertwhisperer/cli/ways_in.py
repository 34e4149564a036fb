"""`alertwhisperer user invite`, `reset-password`, `sessions`, …: how people get in, and are kept out."""

from typing import Annotated

import typer

from alertwhisperer.app.build import House
from alertwhisperer.app.entrance import entrance_of
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import acts, by
from alertwhisperer.cli.find import find_company, find_group
from alertwhisperer.cli.house import AsJson, DataDir, in_house
from alertwhisperer.domain.session import Session
from alertwhisperer.domain.user import Role
from alertwhisperer.guard import people
from alertwhisperer.guard.permissions import Action
from alertwhisperer.guard.sign_in import invitations, second_factor, sessions
from alertwhisperer.guard.sign_in.invitations import Invited

_Email = Annotated[str, typer.Argument(metavar="EMAIL")]


def register(app: typer.Typer) -> None:
    """Add these commands to those of `user`."""
    app.command(epilog="Example: alertwhisperer user invite kim@example.org --role technician --company ID")(invite)
    app.command("reset-password", epilog="Example: alertwhisperer user reset-password kim@example.org")(reset_password)
    app.command("sessions", epilog="Example: alertwhisperer user sessions kim@example.org")(list_sessions)
    app.command("end-sessions", epilog="Example: alertwhisperer user end-sessions kim@example.org --why 'lost phone'")(
        end_sessions
    )
    app.command(
        "remove-second-factor",
        epilog="Example: alertwhisperer user remove-second-factor kim@example.org --why 'lost phone'",
    )(remove_second_factor)


@acts(Action.USER_INVITE)
def invite(
    email: _Email,
    role: Annotated[Role, typer.Option("--role", help="What the person may do; `permissions` has the table.")],
    company: Annotated[
        list[str] | None, typer.Option("--company", "-c", help="A company that the person may see. Repeatable.")
    ] = None,
    group: Annotated[
        list[str] | None, typer.Option("--group", "-g", help="A group whose companies they may see. Repeatable.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Add a person, and make a link by which they choose a password. It works once, within 72 hours."""

    async def work(house: House) -> Invited:
        served = [await find_company(house, one) for one in company or ()]
        groups = [(await find_group(house, one)).id for one in group or ()]
        return await invitations.invite(
            house.database,
            house.vault,
            entrance_of(house.settings),
            house.settings.url,
            by(),
            email,
            role,
            served,
            groups=groups,
            now=house.clock.now(),
        )

    _show_link(in_house(work, data_dir), as_json)


@acts(Action.PASSWORD_RESET)
def reset_password(email: _Email, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """
    Make a link by which a person sets another password. It works once, within an hour.

    Their password and sessions are good until it is used; whoever never had a password gets an invitation.
    """

    async def work(house: House) -> Invited:
        return await invitations.password_link(
            house.database,
            house.vault,
            entrance_of(house.settings),
            house.settings.url,
            by(),
            email,
            now=house.clock.now(),
        )

    _show_link(in_house(work, data_dir), as_json)


@acts(Action.SESSION_READ)
def list_sessions(email: _Email, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List where a person is signed in."""

    async def work(house: House) -> tuple[Session, ...]:
        user = await people.get_user(house.database, email)
        return await sessions.list_sessions(house.database, user.id, now=house.clock.now())

    found = in_house(work, data_dir)
    if as_json:
        output.show_list([_fields(one) for one in found])
        return
    output.show_table(
        ("id", "since", "seen", "from", "by", "device"),
        ((one.id, one.made_at, one.seen_at, one.ip, one.how, one.device) for one in found),
        empty="Signed in nowhere.",
    )


@acts(Action.SESSION_END)
def end_sessions(
    email: _Email,
    why: Annotated[str, typer.Option("--why", help="For the audit log.")] = "",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Sign a person out everywhere; their tokens stay."""

    async def work(house: House) -> int:
        user = await people.get_user(house.database, email)
        async with house.database.unit_of_work(by()) as unit:
            ended = await sessions.end_all(unit, user.id, why=why or "ended by an administrator", now=house.clock.now())
        return len(ended)

    ended = in_house(work, data_dir)
    output.show_json({"ended": ended}) if as_json else output.say(f"Ended sessions: {ended}.")


@acts(Action.SECOND_FACTOR_REMOVE)
def remove_second_factor(
    email: _Email,
    why: Annotated[str, typer.Option("--why", help="For the audit log.")] = "",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Take a person's second factor away, who lost the app and the recovery codes; and sign them out everywhere."""

    async def work(house: House) -> str:
        user = await people.get_user(house.database, email)
        now = house.clock.now()
        async with house.database.unit_of_work(by()) as unit:
            await second_factor.remove(unit, user.id, now=now, reason=why)
            await sessions.end_all(unit, user.id, why="second factor removed", now=now)
        return user.email

    whose = in_house(work, data_dir)
    output.show_json({"email": whose}) if as_json else output.say(f"{whose} has no second factor any more.")


def _show_link(made: Invited, as_json: bool) -> None:
    if as_json:
        output.show_json({"user_id": made.user.id, "link": made.link, "expires_at": made.expires_at})
        return
    if made.link is None:
        output.say(f"A link was sent to {made.user.email}.")
        return
    print(made.link)
    output.say("", f"For {made.user.email}; shown this once. It works once, until {output.cell(made.expires_at)} UTC.")


def _fields(session: Session) -> dict[str, object]:
    """As the API shows it; which one asks is nobody here."""
    names = ("id", "how", "ip", "device", "made_at", "seen_at", "expires_at")
    return {**{name: getattr(session, name) for name in names}, "is_this_one": False}
