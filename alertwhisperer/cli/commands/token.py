"""`alertwhisperer token`: bearer tokens, with which people and their scripts use the API."""

from typing import Annotated

import typer

from alertwhisperer.app.build import House
from alertwhisperer.cli import output
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, DataDir, actor, identifier, in_house
from alertwhisperer.domain.user import TokenInfo
from alertwhisperer.guard import people

app = group("Bearer tokens of people, for the API.")

_User = Annotated[str, typer.Option("--user", "-u", metavar="EMAIL", help="Whose token.")]


@app.command(epilog="Example: alertwhisperer token add --user kim@example.org")
def add(user: _User, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Make a token, shown this once."""

    async def work(house: House) -> tuple[str, str]:
        made = await people.add_token(house.database, house.vault, actor(), user, now=house.clock.now())
        return made, house.settings.url

    made, url = in_house(work, data_dir)
    if as_json:
        output.show_json({"token": made})
        return
    print(made)
    output.say("", f"It is shown this once. Try it: curl -H 'Authorization: Bearer {made}' {url}/api/companies")


@app.command("list", epilog="Example: alertwhisperer token list --user kim@example.org")
def list_(user: _User, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List a person's tokens by their first characters, newest first."""
    found = in_house(lambda house: people.list_tokens(house.database, user), data_dir)
    if as_json:
        output.show_list(found)
        return
    output.show_table(
        ("id", "begins with", "made", "revoked"),
        ((one.id, one.hint, one.created_at, one.revoked_at) for one in found),
        empty=f"No token. Make one: alertwhisperer token add --user {user}",
    )


@app.command(epilog="Example: alertwhisperer token revoke TOKEN_ID")
def revoke(
    token: Annotated[str, typer.Argument(metavar="TOKEN_ID", help="As `token list` shows it.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """End a token: the next request with it is refused."""
    wanted = identifier(token, "TOKEN_ID")

    async def work(house: House) -> TokenInfo:
        return await people.revoke_token(house.database, actor(), wanted, now=house.clock.now())

    ended = in_house(work, data_dir)
    output.show_json(ended) if as_json else output.say(f"Revoked the token that begins with {ended.hint}.")
