"""`alertwhisperer feed`: tools that cannot push and are looked at."""

from typing import Annotated

import typer

from alertwhisperer.app.build import House
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import acts
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, Company, DataDir, Limit, identifier, in_house, scope_of
from alertwhisperer.guard.permissions import Action
from alertwhisperer.ingest import feeds
from alertwhisperer.store.feeds import Feed

app = group("Feeds: tools that cannot push and are looked at.")

_Id = Annotated[str, typer.Argument(metavar="ID", help="The id of the feed's integration.")]


@app.command("list", epilog="Example: alertwhisperer feed list --company ID")
@acts(Action.FEED_READ)
def list_(company: Company, limit: Limit = 100, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List a company's feeds with the state of each, newest first."""

    async def work(house: House) -> tuple[Feed, ...]:
        scope = await scope_of(house, company)
        return await feeds.list_feeds(house.database, scope, limit=limit)

    found = in_house(work, data_dir)
    if as_json:
        output.show_list(found)
        return
    output.show_table(
        ("id", "name", "source", "state", "failures", "succeeded", "next", "items", "problem"),
        (
            (
                one.integration_id,
                one.name,
                one.source,
                "paused" if one.paused else one.state,
                one.failures,
                one.succeeded_at,
                one.due_at,
                one.items,
                one.problem,
            )
            for one in found
        ),
        empty="No feeds. Add one: alertwhisperer integration add --source jsonfeed --company ID",
    )


@app.command(epilog="Example: alertwhisperer feed show ID --company ID")
@acts(Action.FEED_READ)
def show(identity: _Id, company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show one feed: how its last look went, and when the next one is due."""
    wanted = identifier(identity)

    async def work(house: House) -> Feed:
        scope = await scope_of(house, company)
        return await feeds.get_feed(house.database, scope, wanted)

    _tell(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer feed poll ID --company ID")
@acts(Action.FEED_POLL)
def poll(identity: _Id, company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Have a feed looked at at once, by the server; one that was stopped begins again."""
    wanted = identifier(identity)

    async def work(house: House) -> Feed:
        scope = await scope_of(house, company)
        return await feeds.poll_now(house.database, scope, wanted, now=house.clock.now())

    _tell(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer feed pause ID --company ID")
@acts(Action.FEED_PAUSE)
def pause(identity: _Id, company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Let no further look begin."""
    wanted = identifier(identity)

    async def work(house: House) -> Feed:
        scope = await scope_of(house, company)
        return await feeds.pause(house.database, scope, wanted, now=house.clock.now())

    _tell(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer feed resume ID --company ID")
@acts(Action.FEED_PAUSE)
def resume(identity: _Id, company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Let looks begin again, the first at once."""
    wanted = identifier(identity)

    async def work(house: House) -> Feed:
        scope = await scope_of(house, company)
        return await feeds.resume(house.database, scope, wanted, now=house.clock.now())

    _tell(in_house(work, data_dir), as_json)


def _tell(feed: Feed, as_json: bool) -> None:
    if as_json:
        output.show_json(feed)
    else:
        output.show_fields(feed)
