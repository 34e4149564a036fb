"""Commands of `alertwhisperer audit` that prove the log, erase from it, and let it end."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from alertwhisperer.app.build import House
from alertwhisperer.app.witnesses import open_witnesses
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import anybody, by, machine_only
from alertwhisperer.cli.find import find_company
from alertwhisperer.cli.house import AsJson, DataDir, identifier, in_house
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.guard import people
from alertwhisperer.guard.audit import erase as erasing
from alertwhisperer.guard.audit import verify_export
from alertwhisperer.guard.audit.erase import Erasure
from alertwhisperer.guard.audit.fault import Fault
from alertwhisperer.guard.audit.retain import Retained, retain
from alertwhisperer.guard.audit.verify import Uncovered, Verdict, verify
from alertwhisperer.guard.audit.witnessed import read_witnesses
from alertwhisperer.store.migrate import connect_owner

_Witness = Annotated[
    list[str] | None,
    typer.Option("--witness", metavar="ADDRESS", help="Read this place outside; those of the settings when absent."),
]
_EVERYTHING = "it concerns every company's log"


def add_to(app: typer.Typer) -> None:
    """Make these commands of a group."""
    app.command("verify", epilog="Example: alertwhisperer audit verify")(verify_)
    app.command("key", epilog="Example: alertwhisperer audit key")(key)
    app.command("verifier", epilog="Example: alertwhisperer audit verifier > verify.py")(verifier)
    app.command("erase", epilog="Example: alertwhisperer audit erase --person kim@example.org --reason 'by letter'")(
        erase
    )
    app.command("retain", epilog="Example: alertwhisperer audit retain --keep 730")(retain_)


@machine_only(_EVERYTHING)
def verify_(
    company: Annotated[str | None, typer.Option("--company", "-c", help="One company's chain alone.")] = None,
    witness: _Witness = None,
    public_key: Annotated[
        list[str] | None,
        typer.Option("--key", help="A public key, from anywhere but this machine; else those that this machine knows."),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """
    Compute every chain again and compare it with the checkpoints outside.

    Ends with 1 when something is wrong, or when nothing outside vouches for the log.
    """

    async def work(house: House) -> Verdict:
        only = None if company is None else await find_company(house, company)
        places = [one for one in open_witnesses(house.settings, house.clock, witness or ()) if one.readable]
        return await verify(
            house.database,
            public_key or house.public_keys,
            places,
            only=only,
            now=house.clock.now(),
        )

    told = in_house(work, data_dir)
    if as_json:
        output.show_json(told)
    else:
        _say(told)
    raise typer.Exit(0 if told.is_proved else 1)


@anybody("a public key is for everybody")
def key(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Print the public key of the checkpoints; keep it somewhere that is not this machine."""

    async def work(house: House) -> str:
        return house.signing_key.public

    told = in_house(work, data_dir)
    output.show_json({"public_key": told}) if as_json else output.say(told)


@anybody("it shows a program")
def verifier(as_json: AsJson = False) -> None:
    """Print the program, one file of Python, that verifies an export without this product."""
    program = Path(verify_export.__file__).read_text(encoding="utf-8")
    output.show_json({"program": program}) if as_json else print(program, end="")


@machine_only("it cannot be undone; over the API a second MSP admin has to agree")
def erase(
    reason: Annotated[str, typer.Option("--reason", help="Who asked for it, and when; stays in the log.")],
    person: Annotated[str | None, typer.Option("--person", help="By e-mail, or by id when removed.")] = None,
    company: Annotated[str | None, typer.Option("--company", "-c", help="The whole company, by its id.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, only what would go is shown.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """
    Make a person's or a company's entries nameless for ever; the chain stays proved.

    Shows what would go, and does it with --yes.
    """
    if (person is None) == (company is None):
        raise Invalid("name a person or a company", where="--person", mend="give one of the two")

    async def work(house: House) -> Erasure:
        now = house.clock.now()
        if company is not None:
            wanted = await find_company(house, company)
            if not yes:
                return await erasing.preview_company(house.database, wanted)
            return await erasing.erase_company(house.database, by(), wanted, reason=reason, now=now)
        assert person is not None  # noqa: S101 - checked above
        user_id = (
            (await people.get_user(house.database, person)).id if "@" in person else identifier(person, "--person")
        )
        if not yes:
            return await erasing.preview_person(house.database, user_id)
        return await erasing.erase_person(house.database, by(), user_id, reason=reason, now=now)

    told = in_house(work, data_dir)
    if as_json:
        output.show_json({"entries": told.entries, "companies": told.companies, "done": yes})
        return
    what = f"{told.entries} entries in {told.companies} {'log' if told.companies == 1 else 'logs'}"
    output.say(f"Done. {what} are nameless now." if yes else f"{what} would lose who and what. Say --yes to do it.")


@machine_only(_EVERYTHING)
def retain_(
    keep: Annotated[int, typer.Option("--keep", min=30, max=36_500, metavar="DAYS", help="Of entries.")],
    witness: _Witness = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Drop older entries, as far as outside checkpoints vouch for them; the rest stays proved. Cannot be undone."""

    async def work(house: House) -> tuple[Retained, ...]:
        now = house.clock.now()
        places = [one for one in open_witnesses(house.settings, house.clock, witness or ()) if one.readable]
        witnessed = await read_witnesses(places, house.public_keys)
        keep_from = now - timedelta(days=keep)
        async with connect_owner(house.owner_dsn) as owner:
            return await retain(house.database, owner, house.signing_key, by(), witnessed, keep_from=keep_from, now=now)

    told = in_house(work, data_dir)
    if as_json:
        output.show_list(told)
        return
    output.show_table(
        ("company", "entries dropped", "up to"),
        ((one.company_id, one.entries, one.upto) for one in told),
        empty="Nothing is that old and witnessed.",
    )


def _say(told: Verdict) -> None:
    for fault in told.faults:
        output.say(f"FAULT  {_fault(fault)}")
    output.say(
        f"{told.entries} entries of {told.companies} chains computed again, {told.checkpoints} checkpoints read from "
        f"{told.places} places outside."
    )
    for one in told.uncovered:
        output.say(f"Not covered by any checkpoint yet: {_uncovered(one)}")
    if told.unlinked:
        output.say(f"{told.unlinked} entries wait for their link.")
    for name, why in told.unread.items():
        output.say(f"Not read: {name}: {why}")
    output.say(_in_a_word(told))


def _in_a_word(told: Verdict) -> str:
    if told.faults:
        return "The log is not what it was."
    if not told.is_proved:
        return "The log agrees with itself, and nothing outside vouches for it."
    return "The log is what it was."


def _fault(fault: Fault) -> str:
    parts = [fault.kind.value, fault.what]
    if fault.company_id is not None:
        parts.append(f"company {fault.company_id}")
    if fault.entry_id is not None:
        parts.append(f"entry {fault.entry_id}")
    if fault.at is not None:
        parts.append(f"of {output.cell(fault.at)}")
    return ", ".join(parts)


def _uncovered(one: Uncovered) -> str:
    return f"company {one.company_id}, entries {one.first} to {one.last}"
