"""`alertwhisperer token`: bearer tokens, with which people and their scripts use the API and this command line."""

from typing import Annotated

import typer

from alertwhisperer.app.build import House
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import acting, acts, by, needs
from alertwhisperer.cli.find import find_company
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, DataDir, identifier, in_house
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.user import AT_THE_MACHINE, EVERYTHING, TokenInfo
from alertwhisperer.guard import tokens
from alertwhisperer.guard.permissions import Action
from alertwhisperer.guard.tokens import MadeToken, Wish

app = group("Bearer tokens of people, for the API.")

_User = Annotated[
    str | None, typer.Option("--user", "-u", metavar="EMAIL", help="Whose token; by a token of yours: your own.")
]


@app.command(epilog="Example: alertwhisperer token add --user kim@example.org --scope '*.read' --days 30")
@acts(Action.TOKEN_OWN)
def add(
    user: _User = None,
    name: Annotated[str, typer.Option("--name", help="Where it is used.")] = "",
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", help="`*` (all that the person may), `*.read`, `incident.*`, … Repeatable."),
    ] = None,
    company: Annotated[
        list[str] | None, typer.Option("--company", "-c", help="The only companies that it reaches. Repeatable.")
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", min=1, max=tokens.LONGEST_DAYS, help="Until it ends by itself; else 90.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make a token, shown this once; it can do no more than its person."""

    async def work(house: House) -> tuple[MadeToken, str]:
        only = None if company is None else [await find_company(house, one) for one in company]
        wish = Wish(name, scope or (EVERYTHING,), only, days)
        person = acting().person
        means = AT_THE_MACHINE if person is None else person.means
        email = _whose(user, Action.TOKEN_ADD)
        made = await tokens.add_token(
            house.database, house.vault, by(), email, wish, means=means, now=house.clock.now()
        )
        return made, house.settings.url

    made, url = in_house(work, data_dir)
    if as_json:
        output.show_json({"token": made.token, **output.plain(made.info)})
        return
    print(made.token)
    output.say("", f"It is shown this once, and good until {output.cell(made.info.expires_at)}.")
    output.say(f"Try it: curl -H 'Authorization: Bearer {made.token}' {url}/api/companies")


@app.command("list", epilog="Example: alertwhisperer token list --user kim@example.org")
@acts(Action.TOKEN_OWN)
def list_(user: _User = None, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List a person's tokens by their first characters, newest first."""

    async def work(house: House) -> tuple[TokenInfo, ...]:
        return await tokens.list_tokens(house.database, _whose(user, Action.TOKEN_READ))

    found = in_house(work, data_dir)
    if as_json:
        output.show_list(found)
        return
    output.show_table(
        ("id", "begins with", "name", "scopes", "companies", "made", "used", "ends", "revoked"),
        (
            (
                *(one.id, one.hint, one.name, sorted(one.scopes)),
                "all served" if one.companies is None else sorted(one.companies),
                *(one.created_at, one.last_used_at, one.expires_at, one.revoked_at),
            )
            for one in found
        ),
        empty="No token. Make one: alertwhisperer token add --user EMAIL",
    )


@app.command(epilog="Example: alertwhisperer token revoke TOKEN_ID")
@acts(Action.TOKEN_OWN)
def revoke(
    token: Annotated[str, typer.Argument(metavar="TOKEN_ID", help="As `token list` shows it.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """End a token: the next request with it is refused."""
    wanted = identifier(token, "TOKEN_ID")

    async def work(house: House) -> TokenInfo:
        person = acting().person
        own = None if person is None else person.user.id
        return await tokens.revoke_token(house.database, by(), wanted, of=own, now=house.clock.now())

    ended = in_house(work, data_dir)
    output.show_json(ended) if as_json else output.say(f"Revoked the token that begins with {ended.hint}.")


def _whose(email: str | None, right: Action) -> str:
    """Whose tokens are meant; for another person's whoever acts needs the right."""
    person = acting().person
    if email is None:
        if person is None:
            raise Invalid("say whose token", where="--user", mend="give --user EMAIL")
        return person.user.email
    if person is not None and person.user.email != email.strip().lower():
        needs(right)
    return email
