"""A run through everything that is real: the sealed credential, the binding, and OpenSSH's own server."""

from ipaddress import ip_network
from pathlib import Path
from uuid import UUID

from alertwhisperer.domain.approval import Target
from alertwhisperer.domain.execution import Reach
from alertwhisperer.domain.inventory import Asset
from alertwhisperer.domain.run import RunState
from alertwhisperer.domain.runbook import Phase
from alertwhisperer.executors.contract import Means as Lent
from alertwhisperer.executors.ssh import EXECUTOR
from alertwhisperer.guard.vault import Vault
from alertwhisperer.inventory.assets import add_asset
from alertwhisperer.kit.clock import SystemClock
from alertwhisperer.remediate.bindings import bind_asset
from alertwhisperer.remediate.credentials import add_credential
from alertwhisperer.remediate.reach import reach_of, target_of
from alertwhisperer.store.database import Unit
from tests.peers.sshd import Sshd, sshd
from tests.remediate.world import World, runbook


async def by_ssh(world: World, vault: Vault, server: Sshd) -> Asset:
    """A target that the world's runs reach by SSH, with everything that is real."""
    world.clock = SystemClock()

    async def target(unit: Unit, asset_id: UUID) -> tuple[Target, UUID | None]:
        return await target_of(unit, vault, asset_id)

    async def reach(unit: Unit, asset_id: UUID) -> Reach:
        return await reach_of(unit, vault, asset_id)

    runner = EXECUTOR.make(Lent(world.clock, (ip_network("127.0.0.0/8"),)))
    world.over = {"target_of": target, "reach_of": reach, "runners": {"ssh": runner}}
    await world.set(auto_approve_low="yes")
    key = await add_credential(world.database, vault, world.machine, "key", "ssh", server.secrets, now=world.now)
    asset = await add_asset(world.database, world.machine, {"name": "app-01", "platform": "linux"}, now=world.now)
    await bind_asset(world.database, vault, world.machine, asset.id, "ssh", str(key.id), server.settings, now=world.now)
    return asset


async def test_a_run_reaches_a_real_sshd_proves_itself_and_is_put_back(
    world: World, vault: Vault, tmp_path: Path
) -> None:
    """The same machine as with folders: one run that helps, and one whose probe says no."""
    place, server_place = tmp_path / "target", tmp_path / "sshd"
    place.mkdir()
    server_place.mkdir()
    (place / "config").write_text("old\n")
    with sshd(server_place) as server:
        asset = await by_ssh(world, vault, server)
        there = f"cd {place} || exit 9\n".encode()
        helping = {phase: there + script.body for phase, script in runbook().scripts.items()}
        for scripts, state in (
            (helping, RunState.SUCCEEDED),
            ({**helping, Phase.VERIFY: b"exit 1"}, RunState.ROLLED_BACK),
        ):
            world.put(runbook(scripts=scripts))
            (place / "healthy").unlink(missing_ok=True)
            run = await world.ask(world.machine, "restart-app", asset, word=f"for-{state.value.replace('_', '-')}")
            await world.work()
            assert (await world.run(run.id)).state is state
    assert (place / "config").read_text() == "for-succeeded\n"


async def test_what_a_target_prints_of_our_key_or_of_its_secrets_is_masked(
    world: World, vault: Vault, tmp_path: Path
) -> None:
    """Whole, and a single line of it; on both outputs, in what is told and in what is stored."""
    with sshd(tmp_path) as server:
        key = server.secrets["private_key"]
        (tmp_path / "found").write_text(
            f"{key}\n{key.splitlines()[1]}\nDB_PASSWORD=hunter22\nAuthorization: Bearer abcdefgh12345678\n"
            "postgresql://app:sesame42@db-01/shop\nthe rest stays\n"
        )
        asset = await by_ssh(world, vault, server)
        world.put(
            runbook(
                scripts={
                    **dict.fromkeys(Phase, b"exit 0"),
                    Phase.ACT: f"cat {tmp_path}/found\ncat {tmp_path}/found >&2\n".encode(),
                }
            )
        )
        run = await world.ask(world.machine, "restart-app", asset)
        await world.work()
        whole = await world.whole(run.id)
    assert whole.run.state is RunState.SUCCEEDED
    acted = await world.output(next(one for one in whole.acts if one.phase is Phase.ACT))
    assert acted.outcome is not None
    for said in (acted.outcome.stdout, acted.outcome.stderr):
        assert said.endswith(b"postgresql://app:***@db-01/shop\nthe rest stays\n")
        secrets = (*key.splitlines()[1:-1], "hunter22", "abcdefgh12345678", "sesame42")
        assert [one for one in secrets if one.encode() in said] == []
    async with world.database.unit_of_work(world.machine) as unit:
        rows = await unit.connection.fetch("SELECT * FROM run_act WHERE company_id = $1", world.company_id)
    assert not any(one in str([tuple(row.values()) for row in rows]) for one in secrets)
