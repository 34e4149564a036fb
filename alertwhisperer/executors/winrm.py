"""
Executor: Windows Remote Management, over TLS to a host whose certificate is pinned.

The command is a constant that reads a constant text (`_carry.ps1`) and the envelope from standard input. The shell
lives on the host and not in a connection: when one breaks off, the shell is asked again over another.
"""

import base64
import ssl
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from hashlib import sha256

import httpx

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.execution import Call, Ending, Outcome, Reach
from alertwhisperer.domain.runbook import Platform, Shell
from alertwhisperer.executors import _carry, _soap
from alertwhisperer.executors._carry import End, Frames, Mode, Unfit
from alertwhisperer.executors._place import Unreachable, address_of
from alertwhisperer.executors.contract import Executor, Heard, Means, Place, Setting
from alertwhisperer.kit.clock import Clock
from alertwhisperer.kit.ids import uuid7

_LOADER = (
    "$text=[Console]::In.ReadLine();"
    "&([ScriptBlock]::Create([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($text))))"
)
PROGRAM = "powershell.exe"
ARGUMENTS = f"-NoProfile -NonInteractive -EncodedCommand {base64.b64encode(_LOADER.encode('utf-16-le')).decode()}"
"""The one command that is ever sent; the text that it loads is a constant as well."""

_CONNECT_S = 15
_ANSWER_S = 40  # beyond the 15 seconds for which the host may keep silent
_GRACE_S = 60
_AFTER_LOSS_S = 60
_PAUSE_S = 2.0
_SHORT_S = 60
_CHUNK = 100_000  # of standard input in a message: the host takes 150 KB by default
_MOST_COMPLAINT = 500

_SETUP = """\
**No Windows was ever reached by our tests**: they speak with a server of ours that plays the protocol, and what runs on
the host (`_carry.ps1`) was read and not run. Try it on a machine that may break before you rely on it. Needed are a
listener over HTTPS (`winrm quickconfig -transport:https`), `Service/Auth/Basic` set to true, and a local account of
administrators; Basic goes through TLS alone, and domain accounts (Kerberos, NTLM) cannot be used. Give the listener's
own certificate as PEM: nothing else is trusted, no authority of the system either. Windows PowerShell 5.1 runs the
scripts, with a byte order mark before them. Records of acts lie in `C:\\ProgramData\\alertwhisperer`; we do not remove
them.
"""


class _Lost(Exception):
    """The answer broke off; what the target did is not known."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A way to one host, as often as it is asked."""

    client: httpx.AsyncClient
    address: str
    clock: Clock

    async def ask(self, message: str) -> bytes:
        """
        One message and its answer.

        Raises:
            Unreachable: the host lets us not in.
            _soap.Fault: it says that it could not.
            _Lost: no answer.
        """
        try:
            answer = await self.client.post(
                self.address, content=message.encode(), headers={"Content-Type": _soap.CONTENT_TYPE}
            )
        except httpx.ConnectError as failure:
            raise _Lost("no connection, or another certificate than the pinned one") from failure
        except httpx.HTTPError as failure:
            raise _Lost(f"the host did not answer: {type(failure).__name__}") from failure
        if answer.status_code in (401, 403):
            raise Unreachable("the host refuses the user or the password: look at them, and at Service/Auth/Basic")
        _soap.refuse_fault(answer.content)
        if answer.status_code != 200:
            raise _Lost(f"the host answered {answer.status_code}")
        return answer.content


class WinRm:
    """Scripts over WinRM; see the contract."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._clock = means.clock

    async def run(self, reach: Reach, call: Call, heard: Heard) -> Outcome:
        """Run it, at most once; never raises for what the target or the network does."""
        until = self._clock.monotonic() + call.timeout_s + _GRACE_S + _AFTER_LOSS_S
        frames = Frames()
        try:
            sent = self._envelope(reach, call, Mode.RUN)
            async with self._line(reach) as line:
                shell = await self._begin(line)
                try:
                    await self._talk(line, shell, sent, frames, heard, call.timeout_s + _GRACE_S)
                except (_Lost, _soap.Fault, Unreachable) as failure:
                    lost = str(failure)
                else:
                    if frames.end is not None:
                        return _carry.outcome_of(frames, frames.end)
                    if frames.refused:
                        return Outcome(Ending.NOT_STARTED, frames.refused)
                    lost = "the command ended without saying how"
        except (Unfit, Unreachable, _Lost, _soap.Fault) as failure:
            return Outcome(Ending.NOT_STARTED, str(failure))
        return await self._after_loss(reach, call, frames, lost, until)

    async def find(self, reach: Reach, call: Call) -> Outcome | None:
        """What became of a call that may have been sent."""
        frames = await self._asked(reach, call, Mode.FIND, call.timeout_s + _GRACE_S)
        return None if frames is None or frames.end is None else _carry.outcome_of(frames, frames.end)

    async def cancel(self, reach: Reach, call: Call) -> None:
        """Ask the target to end it; one that cannot be asked ends it at its time."""
        await self._asked(reach, call, Mode.CANCEL, _SHORT_S)

    async def check(self, reach: Reach) -> Sequence[str]:
        """What is wrong with the way to the target, each with its mend."""
        frames = Frames()
        try:
            async with self._line(reach) as line:
                sent = _carry.question(folder=reach.settings.get("folder", ""))
                await self._talk(line, await self._begin(line), sent, frames, _nobody, _SHORT_S)
        except (Unreachable, _Lost, _soap.Fault) as failure:
            return (str(failure),)
        return () if frames.end is not None else (frames.refused or "PowerShell runs nothing of ours on the host",)

    async def _asked(self, reach: Reach, call: Call, mode: Mode, within_s: float) -> Frames | None:
        frames = Frames()
        try:
            sent = self._envelope(reach, call, mode)
            async with self._line(reach) as line:
                await self._talk(line, await self._begin(line), sent, frames, _nobody, within_s)
        except (Unfit, Unreachable, _Lost, _soap.Fault):
            return None
        return frames

    def _envelope(self, reach: Reach, call: Call, mode: Mode) -> bytes:
        return _carry.envelope(
            call, mode, now=self._clock.now(), folder=reach.settings.get("folder", ""), reader=Shell.POWERSHELL
        )

    @asynccontextmanager
    async def _line(self, reach: Reach) -> AsyncIterator[_Line]:
        host, port = reach.settings["address"], int(reach.settings.get("port") or 5986)
        address = await address_of(host, port, self._means.networks)
        try:
            trust = ssl.create_default_context(cadata=reach.settings["certificate"])
        except (ssl.SSLError, ValueError) as failure:
            raise Unreachable("the pinned certificate cannot be read") from failure
        trust.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # it may be signed by an authority that we do not trust
        trust.check_hostname = False  # the certificate itself is pinned; its names say nothing more
        async with httpx.AsyncClient(
            verify=trust,
            auth=(reach.settings["user"], reach.secrets["password"]),
            timeout=httpx.Timeout(_ANSWER_S, connect=_CONNECT_S),
            follow_redirects=False,
            trust_env=False,
        ) as client:
            plain = f"[{address}]" if ":" in address else address
            yield _Line(client, f"https://{plain}:{port}/wsman", self._clock)

    async def _begin(self, line: _Line) -> str:
        """A shell; nothing of the act was sent by then."""
        return _soap.shell_of(await line.ask(_soap.create(self._message(), line.address)))

    async def _talk(self, line: _Line, shell: str, sent: bytes, frames: Frames, heard: Heard, within_s: float) -> None:
        """Run our text in a shell, hand it the envelope and read what it says into `frames`."""
        try:
            begun = await line.ask(_soap.command(self._message(), line.address, shell, PROGRAM, ARGUMENTS))
            running = _soap.command_of(begun)
            given = base64.b64encode(_carry.POWERSHELL_TEXT) + b"\n" + sent
            for start in range(0, len(given), _CHUNK):
                part, last = given[start : start + _CHUNK], start + _CHUNK >= len(given)
                await line.ask(_soap.send(self._message(), line.address, shell, running, part, last=last))
            await self._listen(line, shell, running, frames, heard, within_s)
        finally:
            await self._close(line, shell)

    async def _listen(
        self, line: _Line, shell: str, running: str, frames: Frames, heard: Heard, within_s: float
    ) -> None:
        until = self._clock.monotonic() + within_s
        complaint = b""
        while self._clock.monotonic() < until:
            try:
                said = _soap.heard_of(await line.ask(_soap.receive(self._message(), line.address, shell, running)))
            except _soap.Quiet:
                continue
            except _Lost:
                await self._clock.sleep(_PAUSE_S)  # the shell is still there
                continue
            try:
                out, err = frames.feed(said.stdout)
            except ValueError as failure:
                raise _Lost("the host answers what is not of our making") from failure
            complaint = (complaint + said.stderr)[:_MOST_COMPLAINT]
            if out or err:
                heard(out, err)
            if frames.end is not None or frames.refused:
                return
            if said.code is not None:
                told = complaint.decode("utf-8", "replace").strip()
                raise _Lost(f"PowerShell ended with {said.code}: {told or 'it says nothing'}")
        raise _Lost(f"the host did not say within {within_s:g} seconds how it ended")

    async def _close(self, line: _Line, shell: str) -> None:
        try:
            await line.ask(_soap.delete(self._message(), line.address, shell))
        except (Unreachable, _Lost, _soap.Fault):
            return  # the host closes it by itself when nobody asks any more

    async def _after_loss(self, reach: Reach, call: Call, frames: Frames, why: str, until: float) -> Outcome:
        while (left := until - self._clock.monotonic()) > 0:
            await self._clock.sleep(min(_PAUSE_S, left))
            found = await self.find(reach, call)
            if found is not None:
                return found
        known = _carry.outcome_of(frames, End(Ending.UNCERTAIN))
        return replace(known, reason=f"{why}, and the target did not say later what became of it")

    def _message(self) -> uuid.UUID:
        return uuid7(self._clock.now())


def _nobody(_out: bytes, _err: bytes) -> None:
    """Nobody watches."""


def _place(binding: Mapping[str, str], _credential: Mapping[str, str]) -> Place:
    return Place(host_key=_fingerprint(binding))


def _fingerprint(binding: Mapping[str, str]) -> str:
    try:
        certificate = ssl.PEM_cert_to_DER_cert(binding["certificate"].strip())
    except ValueError as failure:
        mend = "export the listener's certificate"
        raise Invalid("that is no certificate in PEM", where="settings.certificate", mend=mend) from failure
    return f"SHA256:{base64.b64encode(sha256(certificate).digest()).decode().rstrip('=')}"


EXECUTOR = Executor(
    slug="winrm",
    title="Windows Remote Management",
    platforms=frozenset({Platform.WINDOWS}),
    binding=(
        Setting("address", "Host name or address of the target.", pattern="[A-Za-z0-9:][A-Za-z0-9.:_-]{0,252}"),
        Setting("port", "Of its HTTPS listener.", required=False, default="5986", pattern="[0-9]{1,5}"),
        Setting("user", "Local account to sign in as.", pattern=r"[^\s:\"/\\\[\];|=,+*?<>]{1,64}"),
        Setting("certificate", "The listener's certificate as PEM. Any other is refused.", lines=True),
        Setting(
            "folder",
            "Where the target keeps records of acts, when the usual place will not do.",
            required=False,
            pattern=r"[A-Za-z]:\\[^\r\n]*|/[^\s]*",
        ),
    ),
    credential=(Setting("password", "Of the account.", secret=True),),
    fingerprint=_fingerprint,
    place=_place,
    setup=_SETUP,
    make=WinRm,
)
