"""
Executor: SSH, to a host whose key is pinned, by a key or a certificate of ours.

The command is a constant and the envelope goes to standard input (`_carry.py`). The script runs apart from the
connection: when that breaks, we come back and are told how it ended.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import asyncssh

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.execution import Call, Ending, Outcome, Reach
from alertwhisperer.domain.runbook import Platform
from alertwhisperer.executors import _carry
from alertwhisperer.executors._carry import End, Frames, Mode, Unfit
from alertwhisperer.executors._place import Unreachable, address_of
from alertwhisperer.executors.contract import Executor, Heard, Means, Place, Setting

_CONNECT_S = 15
_ALIVE_S = 5  # between two questions whether the other side is still there; three without an answer end it
_GRACE_S = 30  # beyond a script's time: the target ends it within 5 seconds, the rest is for a slow line
_AFTER_LOSS_S = 60  # how much longer a lost target is asked before its act is given up as uncertain
_PAUSE_S = 2.0
_SHORT_S = 30  # of a question that runs nothing
_CHUNK = 64 * 1024
_MOST_COMPLAINT = 500
_SUDO = "sudo -n -- "

_SETUP = """\
Make an account on the target, `alertwhisperer` for instance, and put the public key into its `authorized_keys`, or let
the target trust your certificate authority. Runbooks mostly need root: allow the account `sudo` without a password and
set `become` to `sudo`, or bind with the user root. The command that is sent is always the same one, so
`authorized_keys` may pin it (`command="…"`), and `restrict` may stand before it: neither terminal nor forwarding is
ever asked for. Give the host's public key as a line of `ssh-keyscan HOST`, and compare it with
`/etc/ssh/ssh_host_ed25519_key.pub` on the target; any other key is refused. On the target a POSIX shell and what every
Linux has (`base64`, `gzip`, `setsid`, `mktemp`, `mkfifo`, `find`) are needed, and no Python. Records of acts are kept
for 30 days in `/var/lib/alertwhisperer` (root) or `~/.alertwhisperer`; an act whose record is there never runs again.
"""


class _Lost(Exception):
    """The connection or the answer broke off; what the target did is not known."""


@dataclass(frozen=True, slots=True)
class _Said:
    """
    Everything that a target answered.

    Attributes:
        frames: with an end or a refusal; with neither, our text was never run there.
        complaint: what else it said.
    """

    frames: Frames
    complaint: str


class Ssh:
    """Scripts over SSH; see the contract."""

    def __init__(self, means: Means) -> None:
        self._means = means

    async def run(self, reach: Reach, call: Call, heard: Heard) -> Outcome:
        """Run it, at most once; never raises for what the target or the network does."""
        until = self._means.clock.monotonic() + call.timeout_s + _GRACE_S
        try:
            sent = self._envelope(reach, call, Mode.RUN)
            async with self._connection(reach) as connection:
                frames = Frames()
                try:
                    said = await self._ask(connection, reach, sent, frames, heard, call.timeout_s + _GRACE_S)
                except _Lost as failure:
                    lost = failure
                else:
                    return self._outcome(said)
        except (Unfit, Unreachable) as failure:
            return Outcome(Ending.NOT_STARTED, str(failure))
        return await self._after_loss(reach, call, frames, str(lost), until + _AFTER_LOSS_S)

    async def find(self, reach: Reach, call: Call) -> Outcome | None:
        """What became of a call that may have been sent; see the contract."""
        try:
            sent = self._envelope(reach, call, Mode.FIND)
            async with self._connection(reach) as connection:
                said = await self._ask(connection, reach, sent, Frames(), _nobody, call.timeout_s + _GRACE_S)
        except (Unreachable, Unfit, _Lost):
            return None
        return None if said.frames.end is None else self._outcome(said)

    async def cancel(self, reach: Reach, call: Call) -> None:
        """Ask the target to end it; one that cannot be asked ends it at its time."""
        try:
            sent = self._envelope(reach, call, Mode.CANCEL)
            async with self._connection(reach) as connection:
                await self._ask(connection, reach, sent, Frames(), _nobody, _SHORT_S)
        except (Unreachable, Unfit, _Lost):
            return

    async def check(self, reach: Reach) -> Sequence[str]:
        """What is wrong with the way to the target, each with its mend."""
        try:
            async with self._connection(reach) as connection:
                sent = _carry.question(folder=reach.settings.get("folder", ""))
                said = await self._ask(connection, reach, sent, Frames(), _nobody, _SHORT_S)
        except (Unreachable, _Lost) as failure:
            return (str(failure),)
        if said.frames.end is not None:
            return ()
        return (said.frames.refused or _silent(said),)

    def _envelope(self, reach: Reach, call: Call, mode: Mode) -> bytes:
        return _carry.envelope(call, mode, now=self._means.clock.now(), folder=reach.settings.get("folder", ""))

    @asynccontextmanager
    async def _connection(self, reach: Reach) -> AsyncIterator[asyncssh.SSHClientConnection]:
        """
        A connection to the target, after its key was seen to be the pinned one.

        Raises:
            Unreachable: there is none; nothing was sent.
        """
        host, port = reach.settings["address"], _port(reach)
        try:
            keys, pinned = _our_keys(reach), _pinned(reach)
            address = await address_of(host, port, self._means.networks)
            connection = await asyncssh.connect(
                address,
                port,
                username=reach.settings["user"],
                known_hosts=(pinned, [], []),
                client_keys=keys,
                # Nothing of the account that we run as: no configuration, agent, ticket or key of its own.
                config=[],
                agent_path=None,
                gss_host=None,
                preferred_auth="publickey",
                connect_timeout=_CONNECT_S,
                login_timeout=_CONNECT_S,
                keepalive_interval=_ALIVE_S,
                keepalive_count_max=3,
            )
        except asyncssh.HostKeyNotVerifiable as failure:
            raise Unreachable(
                f"{host} shows another host key than the pinned one: find out why before you bind it again"
            ) from failure
        except asyncssh.PermissionDenied as failure:
            raise Unreachable(f"{host} refuses the user or the key: look at its authorized_keys") from failure
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as failure:
            raise Unreachable(f"the credential's key or certificate cannot be read: {failure}") from failure
        except (OSError, asyncssh.Error, TimeoutError) as failure:
            raise Unreachable(f"{host} port {port} does not answer as SSH: {type(failure).__name__}") from failure
        try:
            yield connection
        finally:
            connection.abort()

    async def _ask(
        self,
        connection: asyncssh.SSHClientConnection,
        reach: Reach,
        sent: bytes,
        frames: Frames,
        heard: Heard,
        within_s: float,
    ) -> _Said:
        """Send an envelope and read the answer into `frames`; raises `_Lost`."""
        prefix = _SUDO if reach.settings.get("become") == "sudo" else ""
        try:
            async with asyncio.timeout(within_s):
                try:
                    process = await connection.create_process(prefix + _carry.COMMAND, encoding=None)
                except asyncssh.ChannelOpenError as failure:
                    raise Unreachable(f"the target opens no session: {failure.reason}") from failure
                complaint = await _exchange(process, sent, frames, heard)
        except TimeoutError as failure:
            raise _Lost(f"the target did not answer within {within_s:g} seconds") from failure
        except (OSError, asyncssh.Error) as failure:
            raise _Lost(f"the connection broke off: {type(failure).__name__}") from failure
        except ValueError as failure:
            raise _Lost("the target answers what is not of our making") from failure
        exited = process.exit_status is not None and process.exit_signal is None
        if frames.end is None and not frames.refused and not (exited and not frames.greeted):
            raise _Lost("the connection ended before the script did")
        return _Said(frames, complaint)

    def _outcome(self, said: _Said) -> Outcome:
        if said.frames.end is not None:
            return _carry.outcome_of(said.frames, said.frames.end)
        return Outcome(Ending.NOT_STARTED, said.frames.refused or _silent(said))

    async def _after_loss(self, reach: Reach, call: Call, frames: Frames, why: str, until: float) -> Outcome:
        """Ask a target that was lost, until it says how it ended or the time is over."""
        while (left := until - self._means.clock.monotonic()) > 0:
            await self._means.clock.sleep(min(_PAUSE_S, left))
            found = await self.find(reach, call)
            if found is not None:
                return found
        known = _carry.outcome_of(frames, End(Ending.UNCERTAIN))
        return replace(known, reason=f"{why}, and the target did not say later what became of it")


async def _exchange(process: asyncssh.SSHClientProcess[bytes], sent: bytes, frames: Frames, heard: Heard) -> str:
    """Write and read at the same time; answers what standard error said besides."""
    writing = asyncio.create_task(_write(process, sent))
    complaining = asyncio.create_task(_complaint(process))
    try:
        while chunk := await process.stdout.read(_CHUNK):
            out, err = frames.feed(chunk)
            if out or err:
                heard(out, err)
        await process.wait_closed()
        return await complaining
    finally:
        writing.cancel()
        complaining.cancel()


async def _write(process: asyncssh.SSHClientProcess[bytes], sent: bytes) -> None:
    try:
        process.stdin.write(sent)
        await process.stdin.drain()
        process.stdin.write_eof()
    except (OSError, asyncssh.Error):
        return  # whoever reads sees that the connection ended, and why


async def _complaint(process: asyncssh.SSHClientProcess[bytes]) -> str:
    said = b""
    try:
        while chunk := await process.stderr.read(_CHUNK):
            said = (said + chunk)[:_MOST_COMPLAINT]
    except (OSError, asyncssh.Error):
        return ""
    return said.decode("utf-8", "replace").strip()


def _silent(said: _Said) -> str:
    words = said.complaint or "it says nothing"
    return f"the account on the target runs no command of ours ({words}): look at its shell, and at sudo"


def _nobody(_out: bytes, _err: bytes) -> None:
    """Nobody watches."""


def _port(reach: Reach) -> int:
    return int(reach.settings.get("port") or 22)


def _pinned(reach: Reach) -> list[asyncssh.SSHKey]:
    return [asyncssh.import_public_key(one) for one in _key_lines(reach.settings["host_key"])]


def _key_lines(text: str) -> list[str]:
    """`ssh-ed25519 AAAA…` of each line, which may begin with a host's name as `ssh-keyscan` writes it."""
    found = []
    for line in text.splitlines():
        words = line.split()
        if words and not words[0].startswith("#"):
            found.append(" ".join(words[1:3] if len(words) > 2 and words[2].startswith("AAAA") else words[:2]))
    return found


def _place(binding: Mapping[str, str], _credential: Mapping[str, str]) -> Place:
    return Place(host_key=_fingerprint(binding))


def _fingerprint(binding: Mapping[str, str]) -> str:
    try:
        keys = [asyncssh.import_public_key(one) for one in _key_lines(binding["host_key"])]
    except (asyncssh.KeyImportError, ValueError) as failure:
        raise Invalid("that is no public key", where="host_key", mend="give a line of `ssh-keyscan HOST`") from failure
    if not keys:
        raise Invalid("there is no public key", where="host_key", mend="give a line of `ssh-keyscan HOST`")
    return " ".join(one.get_fingerprint() for one in keys)


def _our_keys(reach: Reach) -> list[object]:
    key = asyncssh.import_private_key(reach.secrets["private_key"], reach.secrets.get("passphrase") or None)
    certificate = reach.secrets.get("certificate")
    return [(key, asyncssh.import_certificate(certificate))] if certificate else [key]


EXECUTOR = Executor(
    slug="ssh",
    title="SSH",
    platforms=frozenset({Platform.LINUX}),
    binding=(
        Setting("address", "Host name or address of the target.", pattern="[A-Za-z0-9:][A-Za-z0-9.:_-]{0,252}"),
        Setting("port", "Of its SSH server.", required=False, default="22", pattern="[0-9]{1,5}"),
        Setting("user", "Account to sign in as.", pattern="[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}"),
        Setting(
            "host_key", "The host's public key, as `ssh-keyscan HOST` prints it. Any other is refused.", lines=True
        ),
        Setting(
            "become",
            "`sudo` to run scripts as root by `sudo -n`; empty to run them as the user.",
            required=False,
            pattern="sudo",
        ),
        Setting(
            "folder",
            "Where the target keeps records of acts, when the usual place will not do.",
            required=False,
            pattern="/[^\\s]*",
        ),
    ),
    credential=(
        Setting("private_key", "Private key in OpenSSH's form.", secret=True, lines=True),
        Setting("passphrase", "Of the private key.", required=False, secret=True),
        Setting("certificate", "OpenSSH certificate of the key, where targets trust an authority.", required=False),
    ),
    fingerprint=_fingerprint,
    place=_place,
    setup=_SETUP,
    make=Ssh,
)
