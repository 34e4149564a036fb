"""`alertwhisperer secrets`: the keys that seal what the database must not be able to read, and their rotation."""

from typing import Annotated

import typer

from alertwhisperer.app.build import House
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import by, machine_only
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, DataDir, in_house
from alertwhisperer.domain.errors import Invalid, Permanent
from alertwhisperer.guard import master_rotation, rotation
from alertwhisperer.guard.master_rotation import MasterRotated
from alertwhisperer.guard.rotation import KeyStatus, Rotated
from alertwhisperer.store.migrate import connect_owner

app = group("Secrets: the keys that seal them, and their rotation.")

_Notice = Annotated[
    float, typer.Option("--notice", min=0, max=600, help="Seconds that servers are given to read the new key.")
]

_Prepare = Annotated[
    bool,
    typer.Option("--prepare", help="Only put the new key into the key file, for machines that share the database."),
]

_MOST_NAMED = 20


@app.command("status", epilog="Example: alertwhisperer secrets status")
@machine_only("keys are the machine's own")
def status(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show every data key, its age and how much it seals; never a key itself."""

    async def work(house: House) -> list[KeyStatus]:
        async with connect_owner(house.owner_dsn) as owner:
            return await rotation.status(owner)

    found = in_house(work, data_dir)
    if as_json:
        output.show_list(found)
        return
    output.show_table(
        ("for", "key", "state", "made", "old since", "seals", "under"),
        ((one.purpose, one.key, one.state, one.made_at, one.old_since, one.sealed, one.master) for one in found),
        empty="There is no key yet.",
    )


@app.command("rotate", epilog="Example: alertwhisperer secrets rotate")
@machine_only("keys are the machine's own")
def rotate(notice: _Notice = rotation.NOTICE_S, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Seal with a new key from now on, and everything old again. Servers go on; to run it again goes on as well."""

    async def work(house: House) -> Rotated:
        async with connect_owner(house.owner_dsn) as owner:
            return await rotation.rotate_sealing(
                owner,
                house.database,
                house.masters,
                by(),
                house.clock,
                told=(lambda _: None) if as_json else output.say,
                notice_s=notice,
            )

    told = in_house(work, data_dir)
    if as_json:
        output.show_json(told)
    else:
        output.say(f"Done. {told.sealed_again} secrets are sealed again, {told.forgotten} old keys are destroyed.")
        output.say("An old key is kept a while: `alertwhisperer secrets forget`, or the next rotation, destroys it.")
    if told.unreadable:
        raise Permanent(
            f"{len(told.unreadable)} values no key opens, so they are as they were; make these secrets anew: "
            + ", ".join(told.unreadable[:_MOST_NAMED])
        )


@app.command("forget", epilog="Example: alertwhisperer secrets forget")
@machine_only("keys are the machine's own")
def forget(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Destroy the old keys that nothing is sealed with any more, a quarter of an hour after they became old."""

    async def work(house: House) -> int:
        now = house.clock.now()
        async with connect_owner(house.owner_dsn) as owner:
            await rotation.hold(owner)
            return await rotation.forget_old(owner, house.database, by(), old_before=now - rotation.OLD_KEPT, now=now)

    gone = in_house(work, data_dir)
    output.show_json({"forgotten": gone}) if as_json else output.say(f"{gone} old keys are destroyed.")


@app.command("rotate-master", epilog="Example: alertwhisperer secrets rotate-master")
@machine_only("keys are the machine's own")
def rotate_master(prepare: _Prepare = False, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """
    Put the data keys under a new master key. Servers go on; to run it again goes on as well.

    With a key file, a new key is made and takes the place of the old one. With ALERTWHISPERER_SECRET_KEY, set it to the
    new key and ALERTWHISPERER_FORMER_SECRET_KEYS to the old one first. Keep a backup of the new key.
    """

    async def work(house: House) -> MasterRotated:
        settings, now = house.settings, house.clock.now()
        if prepare and settings.secret_key:
            raise Invalid(
                "there is no key file to prepare", where="--prepare", mend="set the variables, then leave it out"
            )
        async with connect_owner(house.owner_dsn) as owner:
            if settings.secret_key:
                return await master_rotation.rotate_given(owner, house.database, house.masters, by(), now=now)
            return await master_rotation.rotate_in_file(
                owner, house.database, settings.master_key_file, by(), prepare_only=prepare, now=now
            )

    told = in_house(work, data_dir)
    if as_json:
        output.show_json(told)
    elif prepare:
        output.say(
            f"{told.master} is in the key file beside the old key. Copy the file to the other machines, then run"
        )
        output.say("`alertwhisperer secrets rotate-master`.")
    else:
        output.say(f"Done. {told.data_keys} data keys are under {told.master} now. Back the new key up.")
