"""SSH: only to the host whose key is pinned, by one constant command, and a line that breaks loses no outcome."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from alertwhisperer.domain.execution import Ending, Reach
from alertwhisperer.executors import _carry, ssh
from alertwhisperer.executors.contract import Means
from alertwhisperer.executors.ssh import EXECUTOR
from alertwhisperer.kit.clock import SystemClock
from tests.contracts.test_executors import MEANS, began, call_of, nobody, until
from tests.peers.process import HOST
from tests.peers.sshd import Sshd, a_key, sshd
from tests.server import free_port


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """OpenSSH's server."""
    with sshd(tmp_path_factory.mktemp("sshd")) as running:
        yield running


def reach_of(server: Sshd, **settings: str) -> Reach:
    """A way to it."""
    return Reach("ssh", {**server.settings, **settings}, server.secrets)


@dataclass
class Line:
    """
    A line between us and the server that a test can break.

    Attributes:
        silent: bytes still come in and go nowhere, as behind a cable that was pulled.
        seen: how many bytes went to the server, over all connections.
    """

    port: int = 0
    silent: bool = False
    closed: bool = False
    seen: int = 0
    writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def cut(self) -> None:
        """Every connection ends at once."""
        for one in self.writers:
            one.transport.abort()


@asynccontextmanager
async def line_to(port: int) -> AsyncIterator[Line]:
    """Such a line until the block ends."""
    line = Line()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counts: bool) -> None:
        try:
            while chunk := await reader.read(65_536):
                line.seen += len(chunk) * counts
                if not line.silent:
                    writer.write(chunk)
                    await writer.drain()
        except OSError:
            pass  # it was cut
        finally:
            writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if line.closed:
            writer.transport.abort()
            return
        back_reader, back_writer = await asyncio.open_connection(HOST, port)
        line.writers |= {writer, back_writer}
        await asyncio.gather(pump(reader, back_writer, counts=True), pump(back_reader, writer, counts=False))

    listening = await asyncio.start_server(connected, HOST, 0)
    line.port = listening.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        listening.close()
        line.cut()


async def test_a_host_with_another_key_gets_nothing(server: Sshd) -> None:
    _, other = a_key()
    outcome = await EXECUTOR.make(MEANS).run(reach_of(server, host_key=other), call_of("exit 0"), nobody)
    assert outcome.ending is Ending.NOT_STARTED
    assert "another host key" in outcome.reason
    assert list((server.folder / "acts").glob("*")) == []


async def test_one_of_several_pinned_keys_is_enough_and_a_line_of_keyscan_will_do(server: Sshd) -> None:
    _, other = a_key()
    pinned = f"# {HOST}:22 SSH-2.0\n{HOST} {other}\n{HOST} {server.host_key}\n"
    outcome = await EXECUTOR.make(MEANS).run(reach_of(server, host_key=pinned), call_of("exit 0"), nobody)
    assert outcome.ending is Ending.SUCCEEDED


async def test_a_certificate_lets_in_where_the_key_alone_does_not(server: Sshd) -> None:
    runner = EXECUTOR.make(MEANS)
    certified = replace(reach_of(server), secrets=server.certified)
    assert (await runner.run(certified, call_of("exit 0"), nobody)).ending is Ending.SUCCEEDED
    bare = replace(certified, secrets={"private_key": server.certified["private_key"]})
    refused = await runner.run(bare, call_of("exit 0"), nobody)
    assert refused.ending is Ending.NOT_STARTED
    assert "refuses the user or the key" in refused.reason


async def test_a_credential_that_is_no_key_says_so_without_saying_it(server: Sshd) -> None:
    wrong = replace(reach_of(server), secrets={"private_key": "hunter2 is no key"})
    outcome = await EXECUTOR.make(MEANS).run(wrong, call_of("exit 0"), nobody)
    assert outcome.ending is Ending.NOT_STARTED
    assert "hunter2" not in outcome.reason


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "localhost", "::1", "::ffff:127.0.0.1", "0.0.0.0", "169.254.169.254"],  # noqa: S104
)
async def test_our_own_machine_is_no_target(server: Sshd, address: str) -> None:
    runner = EXECUTOR.make(Means(SystemClock()))
    outcome = await runner.run(reach_of(server, address=address), call_of("exit 0"), nobody)
    assert outcome.ending is Ending.NOT_STARTED
    assert "never a target" in outcome.reason


async def test_the_same_command_is_sent_whatever_is_to_be_run(tmp_path: Path) -> None:
    """OpenSSH itself says what it was told to run; a forced command gets the original in a variable."""
    force = f'ForceCommand printf "%s\\n" "$SSH_ORIGINAL_COMMAND" >> {tmp_path}/commands; exec {_carry.COMMAND}\n'
    with sshd(tmp_path, more=force) as server:
        runner = EXECUTOR.make(MEANS)
        for script, value in (("echo one", "a"), ("cat /etc/hostname; echo '$(id)'", "`id`")):
            assert (await runner.run(reach_of(server), call_of(script, x=value), nobody)).ending is Ending.SUCCEEDED
        await runner.check(reach_of(server))
    assert (tmp_path / "commands").read_text().splitlines() == [_carry.COMMAND] * 3


async def test_an_account_without_a_shell_starts_nothing(tmp_path: Path) -> None:
    with sshd(tmp_path, more="ForceCommand echo 'This account is not available' >&2; exit 1\n") as server:
        runner = EXECUTOR.make(MEANS)
        outcome = await runner.run(reach_of(server), call_of("exit 0"), nobody)
        assert outcome.ending is Ending.NOT_STARTED
        assert "This account is not available" in outcome.reason
        assert "look at its shell" in (await runner.check(reach_of(server)))[0]


async def test_what_a_login_shell_says_of_its_own_is_no_output(tmp_path: Path) -> None:
    force = f'ForceCommand echo "Welcome to x 3"; echo; exec {_carry.COMMAND}\n'
    with sshd(tmp_path, more=force) as server:
        outcome = await EXECUTOR.make(MEANS).run(reach_of(server), call_of("echo out"), nobody)
    assert (outcome.ending, outcome.stdout) == (Ending.SUCCEEDED, b"out\n")


async def test_a_line_that_breaks_in_the_middle_loses_nothing(server: Sshd, tmp_path: Path) -> None:
    async with line_to(server.port) as line:
        reach = reach_of(server, port=str(line.port))
        script = f"echo first; touch {tmp_path}/began; sleep 2; echo ran >> {tmp_path}/ran; echo second; exit 4"
        running = asyncio.create_task(EXECUTOR.make(MEANS).run(reach, call_of(script), nobody))
        await began(tmp_path / "began")
        line.cut()
        outcome = await running
    assert (outcome.ending, outcome.exit_code, outcome.stdout) == (Ending.FAILED, 4, b"first\nsecond\n")
    assert (tmp_path / "ran").read_text() == "ran\n"


async def test_a_line_that_breaks_while_the_envelope_is_on_its_way_is_certain_too(server: Sshd, tmp_path: Path) -> None:
    async with line_to(server.port) as line:
        reach = reach_of(server, port=str(line.port))
        call = call_of(f"touch {tmp_path}/ran\n# {base64.b64encode(os.urandom(8_000_000)).decode()}")
        running = asyncio.create_task(EXECUTOR.make(MEANS).run(reach, call, nobody))
        await until(lambda: line.seen > 500_000)
        line.cut()
        outcome = await running
    assert outcome.ending is Ending.NOT_STARTED
    await asyncio.sleep(0.5)
    assert not (tmp_path / "ran").exists()


@pytest.mark.slow
async def test_a_target_that_falls_silent_in_the_middle_ends_as_uncertain(
    server: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssh, "_ALIVE_S", 1)
    monkeypatch.setattr(ssh, "_CONNECT_S", 1)
    monkeypatch.setattr(ssh, "_GRACE_S", 2)
    monkeypatch.setattr(ssh, "_AFTER_LOSS_S", 3)
    async with line_to(server.port) as line:
        reach = reach_of(server, port=str(line.port))
        call = call_of(f"echo first; touch {tmp_path}/began; sleep 2; touch {tmp_path}/ran", timeout_s=4)
        heard: list[bytes] = []
        running = asyncio.create_task(EXECUTOR.make(MEANS).run(reach, call, lambda out, _: heard.append(out)))
        await began(tmp_path / "began")
        await until(lambda: bool(heard))
        line.silent = True
        outcome = await running
        assert outcome.ending is Ending.UNCERTAIN
        assert outcome.stdout == b"first\n"
        assert await EXECUTOR.make(MEANS).find(reach, call) is None, "asked later, perhaps"
    found = await EXECUTOR.make(MEANS).find(reach_of(server), call)
    assert found is not None
    assert found.ending is Ending.SUCCEEDED, "once it can be asked again, it knows"


async def test_a_target_that_lost_its_keeper_says_that_it_does_not_know(server: Sshd, tmp_path: Path) -> None:
    """As after a restart of the machine in the middle: begun, and nobody is left to record the end."""
    call = call_of(f"touch {tmp_path}/began; sleep 30")
    runner = EXECUTOR.make(MEANS)
    running = asyncio.create_task(runner.run(reach_of(server), call, nobody))
    await began(tmp_path / "began")
    record = server.folder / "acts" / str(call.act_id) / "0"
    keeper = int(os.readlink(record / "by").split()[0])
    os.kill(keeper, 9)
    outcome = await running
    assert outcome.ending is Ending.UNCERTAIN
    os.kill(int(os.readlink(Path(os.readlink(record / "work")) / "session")), 9)
    found = await runner.find(reach_of(server), call)
    assert found is not None
    assert found.ending is Ending.UNCERTAIN


async def test_records_of_acts_are_kept_for_thirty_days(server: Sshd) -> None:
    runner = EXECUTOR.make(MEANS)
    old, recent = call_of("echo old"), call_of("echo recent")
    for call, days in ((old, 31), (recent, 29)):
        await runner.run(reach_of(server), call, nobody)
        record = server.folder / "acts" / str(call.act_id)
        moment = record.stat().st_mtime - days * 86_400
        os.utime(record, (moment, moment))
    await runner.run(reach_of(server), call_of("exit 0"), nobody)
    await until(lambda: not (server.folder / "acts" / str(old.act_id)).exists())
    assert (server.folder / "acts" / str(recent.act_id)).exists()


async def test_nothing_that_a_script_was_given_stays_on_the_target(server: Sshd) -> None:
    call = call_of("echo x # a-script-of-ours", snapshot=b"a-snapshot-of-ours", value="a-value-of-ours")
    await EXECUTOR.make(MEANS).run(reach_of(server), call, nobody)
    work = Path(os.readlink(server.folder / "acts" / str(call.act_id) / "0" / "work"))
    kept = b"".join(one.read_bytes() for one in work.iterdir() if one.is_file() and not one.is_symlink())
    assert kept == b"x\n"
    assert work.stat().st_mode & 0o077 == 0


async def test_the_accounts_own_configuration_is_not_looked_at(
    server: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "config").write_text(f"Host *\n  Port {free_port()}\n  ProxyCommand touch {tmp_path}/ran\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    outcome = await EXECUTOR.make(MEANS).run(reach_of(server), call_of("exit 0"), nobody)
    assert outcome.ending is Ending.SUCCEEDED
    assert not (tmp_path / "ran").exists()
