"""
Executor: AWS Systems Manager Run Command, in the client's own account.

The document's version and hash are pinned, its content is a constant text and one variable in base64 (`_carry.py`), the
act's id is the comment. Whether a command was sent that we did not hear of is looked up by the comment; whether it ran
is asked of the target itself, which knows it for certain.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.execution import Call, Ending, Outcome, Reach
from alertwhisperer.domain.runbook import Platform, Shell
from alertwhisperer.executors import _carry
from alertwhisperer.executors._aws.session import ROLE, Account, Refused, Unanswered
from alertwhisperer.executors._carry import End, Frames, Mode, Unfit
from alertwhisperer.executors.contract import MOST_BYTES, Executor, Heard, Means, Place, Setting
from alertwhisperer.kit.ids import made_at


@dataclass(frozen=True, slots=True)
class Document:
    """A document of AWS's own, as it was when we read it; another one under its name is refused by AWS."""

    name: str
    version: str
    sha256: str
    plugin: str


DOCUMENTS: Mapping[Shell, Document] = {
    Shell.SH: Document(
        "AWS-RunShellScript",
        "1",
        "99749de5e62f71e5ebe9a55c2321e2c394796afe7208cff048696541e6f6771e",
        "awsrunShellScript",
    ),
    Shell.POWERSHELL: Document(
        "AWS-RunPowerShellScript",
        "1",
        "2142e42a19e0955cc09e43600bf2e633df1917b69d2be9693737dfd62e0fdf61",
        "awsrunPowerShellScript",
    ),
}

MOST_SENT = 60_000
"""Characters of a command: AWS bounds a document with its parameters by 64 KB."""

_INLINE = 24_000  # characters of output that an answer holds; the rest is in S3
_DELIVERY_S = 120  # how long AWS may try to reach the agent
_GRACE_S = 60  # beyond that and the script's own time
_FIRST_LOOK_S = 0.5
_LAST_LOOK_S = 5.0
_UNKNOWN_S = 30.0  # a command that was just sent may be unknown for a moment
_OUTPUT_S = 20.0  # output is laid into S3 after the end
_SKEW = timedelta(minutes=10)
_NO_CODE = -1

_CONSTANT = f'printf \'%s\\n\' "$folder" "$envelope" | {_carry.PLAIN_COMMAND}'

_CERTAIN: Mapping[str, tuple[Ending, str]] = {
    "DeliveryTimedOut": (
        Ending.NOT_STARTED,
        "the agent did not take it in time: look at it and its network",
    ),
    "Undeliverable": (Ending.NOT_STARTED, "the instance could not be reached: look at its agent and network"),
    "Terminated": (Ending.NOT_STARTED, "AWS ended the command before it came to this instance"),
    "InvalidPlatform": (Ending.NOT_STARTED, "the instance runs another platform than the script is for"),
    "AccessDenied": (Ending.NOT_STARTED, "the instance does not let the role run commands: run `aws check`"),
}
"""Details of a status that say for certain that nothing ran."""

_SETUP = """\
The client's account trusts ours by a role: print it with `alertwhisperer aws template COMPANY` (CloudFormation or
Terraform), let the client apply it, and keep its ARN as a credential of `ssm`. The role demands the company's external
ID, which we made and which nobody types; `alertwhisperer aws check COMPANY` sees that the role cannot be assumed
without it nor with another one, and names what rights are missing. Before that has been seen, nothing runs. Our own
identity at AWS comes from the environment, a profile or the role of the machine; no key of a client is kept. Sessions
are named by the run, so CloudTrail's entries lead to our audit log. Instances need the SSM agent and an instance
profile with `AmazonSSMManagedInstanceCore`. For whole output give a bucket that the instances may write to: an answer
of AWS holds 24,000 characters. The documents `AWS-RunShellScript` and `AWS-RunPowerShellScript` are pinned by version
and hash. Scripts with their parameters may have some 40 KB. **No Windows was ever reached by our tests**: what carries
PowerShell scripts (`_carry.ps1`) was read and not run.
"""


@dataclass(frozen=True, slots=True)
class _Sent:
    """A command that AWS has taken."""

    command_id: str
    instance: str


class Ssm:
    """Scripts by Run Command; see the contract."""

    def __init__(self, means: Means) -> None:
        self._clock = means.clock

    async def run(self, reach: Reach, call: Call, heard: Heard) -> Outcome:
        """Run it, at most once; never raises for what the target or the network does."""
        try:
            content = _content(reach, call, Mode.RUN, now=self._clock.now())
            account = await self._enter(reach, call.run_id)
            instance = await _instance(account, reach)
        except (Unfit, Refused, Unanswered, _NoInstance) as failure:
            return Outcome(Ending.NOT_STARTED, _said(failure))
        try:
            sent = await self._send(account, reach, instance, call, content, _comment(call.act_id))
        except Refused as failure:
            return Outcome(Ending.NOT_STARTED, _said(failure))
        except Unanswered as failure:
            found = await self.find(reach, call)
            return found or Outcome(Ending.UNCERTAIN, f"{failure}, and nobody can say whether it was sent")
        outcome = await self._follow(account, reach, call, sent)
        if outcome is None:
            outcome = await self.find(reach, call) or Outcome(
                Ending.UNCERTAIN, "AWS did not say in time how it ended", reference=sent.command_id
            )
        if outcome.stdout or outcome.stderr:
            heard(outcome.stdout, outcome.stderr)
        return outcome

    async def find(self, reach: Reach, call: Call) -> Outcome | None:
        """What became of a call that may have been sent: what AWS knows of it, and else what the target does."""
        try:
            account = await self._enter(reach, call.run_id)
            instance = await _instance(account, reach)
            sent = await _by_comment(account, instance, call.act_id)
            known = None if sent is None else await self._follow(account, reach, call, sent)
            if known is not None and known.ending is not Ending.UNCERTAIN:
                return known
            question = _content(reach, call, Mode.FIND, now=self._clock.now())
            asked = await self._send(account, reach, instance, call, question, f"alertwhisperer find {call.act_id}")
            told = await self._follow(account, reach, call, asked)
        except (Refused, Unanswered, Unfit, _NoInstance):
            return None
        # Only what the target's record says counts; that the question itself did not run says nothing of the act.
        unheard = told is None or (
            told.ending is Ending.NOT_STARTED and told.reason != _carry.REASONS[Ending.NOT_STARTED]
        )
        return known if unheard else told

    async def cancel(self, reach: Reach, call: Call) -> None:
        """Ask AWS to end it; what it did not hear of, it cannot end."""
        try:
            account = await self._enter(reach, call.run_id)
            sent = await _by_comment(account, await _instance(account, reach), call.act_id)
            if sent is not None:
                await account.ask("ssm", "cancel_command", CommandId=sent.command_id, InstanceIds=[sent.instance])
        except (Refused, Unanswered, _NoInstance):
            return

    async def check(self, reach: Reach) -> Sequence[str]:
        """What is wrong with the way to the target, each with its mend."""
        try:
            account = await self._enter(reach, UUID(int=0))
            instance = await _instance(account, reach)
            answer = await account.ask(
                "ssm",
                "describe_instance_information",
                Filters=[{"Key": "InstanceIds", "Values": [instance]}],
            )
        except (Refused, Unanswered, _NoInstance) as failure:
            return (_said(failure),)
        known = [one for one in answer["InstanceInformationList"] if one["InstanceId"] == instance]
        if not known:
            return (f"{instance} is not managed by Systems Manager in {account.region}: look at its agent and profile",)
        status = known[0].get("PingStatus", "")
        return () if status == "Online" else (f"the agent of {instance} is {status}: start it",)

    async def _enter(self, reach: Reach, run_id: UUID) -> Account:
        account = Account(
            self._clock,
            role_arn=reach.settings["role_arn"],
            external_id=reach.secrets["external_id"],
            region=reach.settings["region"],
            session_name=f"alertwhisperer-{run_id}",
        )
        await account.enter()
        return account

    async def _send(
        self, account: Account, reach: Reach, instance: str, call: Call, content: Sequence[str], comment: str
    ) -> _Sent:
        document = DOCUMENTS[call.shell]
        bucket = reach.settings.get("output_bucket")
        kept = {"OutputS3BucketName": bucket, "OutputS3KeyPrefix": "alertwhisperer"} if bucket else {}
        answer = await account.do(
            "ssm",
            "send_command",
            InstanceIds=[instance],
            DocumentName=document.name,
            DocumentVersion=document.version,
            DocumentHash=document.sha256,
            DocumentHashType="Sha256",
            TimeoutSeconds=_DELIVERY_S,
            Comment=comment,
            Parameters={"commands": list(content), "executionTimeout": [str(call.timeout_s + _GRACE_S)]},
            **kept,
        )
        return _Sent(answer["Command"]["CommandId"], instance)

    async def _follow(self, account: Account, reach: Reach, call: Call, sent: _Sent) -> Outcome | None:
        """Ask until it ended; None when that was not to be heard in time."""
        started = self._clock.monotonic()
        until = started + _DELIVERY_S + call.timeout_s + 2 * _GRACE_S
        pause = _FIRST_LOOK_S
        while self._clock.monotonic() < until:
            try:
                seen = await account.ask(
                    "ssm", "get_command_invocation", CommandId=sent.command_id, InstanceId=sent.instance
                )
            except Refused as failure:
                if failure.code != "InvocationDoesNotExist" or self._clock.monotonic() - started > _UNKNOWN_S:
                    return None
            except Unanswered:
                pass  # an outage: the command goes on without us
            else:
                if seen["Status"] not in ("Pending", "InProgress", "Delayed", "Cancelling"):
                    return await self._outcome(account, reach, call, sent, seen)
            await self._clock.sleep(pause)
            pause = min(_LAST_LOOK_S, pause * 1.5)
        return None

    async def _outcome(
        self, account: Account, reach: Reach, call: Call, sent: _Sent, seen: Mapping[str, Any]
    ) -> Outcome:
        """What an invocation that has ended means."""
        link = _link(account, sent.command_id)
        detail, code = str(seen.get("StatusDetails", "")), int(seen.get("ResponseCode", _NO_CODE))
        if detail in _CERTAIN:
            ending, reason = _CERTAIN[detail]
            return Outcome(ending, reason, reference=sent.command_id, link=link)
        stdout, stderr, cut = await self._output(account, reach, call, sent, seen)
        end, stderr, why = _end_of(call, seen["Status"], code, stderr)
        known = _carry.outcome_of(Frames(stdout=bytearray(stdout), stderr=bytearray(stderr)), end, why)
        return replace(
            known,
            cut=cut or known.cut,
            reference=sent.command_id,
            link=link,
            started_at=_moment(seen.get("ExecutionStartDateTime")),
            ended_at=_moment(seen.get("ExecutionEndDateTime")),
        )

    async def _output(
        self, account: Account, reach: Reach, call: Call, sent: _Sent, seen: Mapping[str, Any]
    ) -> tuple[bytes, bytes, bool]:
        inline = [str(seen.get(f"Standard{name}Content", "")).encode() for name in ("Output", "Error")]
        bucket = reach.settings.get("output_bucket")
        if not bucket:
            return inline[0], inline[1], any(len(one.decode()) >= _INLINE for one in inline)
        prefix = f"alertwhisperer/{sent.command_id}/{sent.instance}/"
        found: list[bytes] = []
        for name, shown in zip(("stdout", "stderr"), inline, strict=True):
            # Nothing shown, nothing laid there: AWS makes no empty object.
            kept = await self._kept(account, bucket, prefix, name) if shown else b""
            found.append(shown if kept is None else kept)
        is_cut = any(
            kept == shown and len(shown.decode()) >= _INLINE for kept, shown in zip(found, inline, strict=True)
        )
        return found[0], found[1], is_cut

    async def _kept(self, account: Account, bucket: str, prefix: str, name: str) -> bytes | None:
        """Output as it lies in the bucket; None when it does not come."""
        until = self._clock.monotonic() + _OUTPUT_S
        while True:
            try:
                listed = await account.ask("s3", "list_objects_v2", Bucket=bucket, Prefix=prefix)
                keys = [one["Key"] for one in listed.get("Contents", ()) if one["Key"].endswith(f"/{name}")]
                if keys:
                    return bytes(
                        (
                            await account.ask(
                                "s3", "get_object", Bucket=bucket, Key=keys[0], Range=f"bytes=0-{MOST_BYTES}"
                            )
                        )["Body"]
                    )
            except Refused:
                return None
            except Unanswered:
                pass  # asked again below
            if self._clock.monotonic() > until:
                return None
            await self._clock.sleep(_FIRST_LOOK_S)


class _NoInstance(Exception):
    """The binding names none, or several."""


def _content(reach: Reach, call: Call, mode: Mode, *, now: datetime) -> list[str]:
    """What the document is given: two variables of letters, and a constant line."""
    whole = _carry.envelope(call, mode, now=now, folder=reach.settings.get("folder", ""), reader=call.shell)
    folder, sent = whole.decode().split()
    if call.shell is Shell.POWERSHELL:
        lines = [f"$folder = '{folder}'", f"$envelope = '{sent}'", _carry.POWERSHELL_TEXT.decode()]
    else:
        lines = [f"folder={folder}", f"envelope={sent}", _CONSTANT]
    size = sum(map(len, lines))
    if size > MOST_SENT:
        raise Unfit(f"the script with what it is given has {size} characters, and AWS takes {MOST_SENT}")
    return lines


def _end_of(call: Call, status: str, code: int, stderr: bytes) -> tuple[End, bytes, str]:
    if status in ("Success", "Failed") and code != _NO_CODE:
        return _carry.plain_end(str(call.act_id), code, stderr)
    if status == "TimedOut":
        return End(Ending.TIMED_OUT), stderr, "AWS ended it when its time was over"
    if status == "Cancelled":
        return End(Ending.CANCELLED), stderr, "AWS ended it because somebody asked"
    return End(Ending.UNCERTAIN), stderr, f"AWS says {status} and no exit code"


async def _instance(account: Account, reach: Reach) -> str:
    """The one instance that the binding means."""
    instance = reach.settings.get("instance")
    if instance:
        return instance
    key, _, value = reach.settings["tag"].partition("=")
    answer = await account.ask(
        "ssm", "describe_instance_information", Filters=[{"Key": f"tag:{key}", "Values": [value]}]
    )
    found = [str(one["InstanceId"]) for one in answer["InstanceInformationList"]]
    if len(found) != 1 or answer.get("NextToken"):
        raise _NoInstance(f"the tag {key}={value} is of {len(found) or 'no'} managed instances: it must be of one")
    return found[0]


async def _by_comment(account: Account, instance: str, act_id: UUID) -> _Sent | None:
    """The command that was sent for an act, if one was; raises `Refused`, `Unanswered`."""
    since = {}
    if act_id.version == 7:
        earliest = (made_at(act_id) - _SKEW).strftime("%Y-%m-%dT%H:%M:%SZ")
        since = {"Filters": [{"key": "InvokedAfter", "value": earliest}]}
    token: dict[str, str] = {}
    while True:
        answer = await account.ask("ssm", "list_commands", InstanceId=instance, MaxResults=50, **since, **token)
        for one in answer["Commands"]:
            if one.get("Comment") == _comment(act_id):
                return _Sent(one["CommandId"], instance)
        if not answer.get("NextToken"):
            return None
        token = {"NextToken": answer["NextToken"]}


def _moment(text: Any) -> datetime | None:
    """A moment as AWS writes it here; it is empty while there is none."""
    return datetime.fromisoformat(text) if text else None


def _comment(act_id: UUID) -> str:
    return f"alertwhisperer act {act_id}"


def _link(account: Account, command_id: str) -> str:
    """The command's page in AWS's console."""
    domain = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}.get(
        account.partition, "console.aws.amazon.com"
    )
    return f"https://{account.region}.{domain}/systems-manager/run-command/{command_id}?region={account.region}"


def _said(failure: Exception) -> str:
    if isinstance(failure, Refused) and failure.is_denied:
        return f"{failure}: run `alertwhisperer aws check`, which names what is missing"
    return str(failure)


def _place(binding: Mapping[str, str], credential: Mapping[str, str]) -> Place:
    host_key = _fingerprint(binding)
    role = re.fullmatch(ROLE, credential["role_arn"])
    assert role is not None  # noqa: S101  # the credential was checked by its pattern
    return Place(role["account"], binding["region"], host_key)


def _fingerprint(binding: Mapping[str, str]) -> str:
    if bool(binding.get("instance")) == bool(binding.get("tag")):
        raise Invalid("either an instance or a tag is needed", where="settings.instance", mend="give one of the two")
    return binding.get("instance") or f"tag:{binding['tag']}"


EXECUTOR = Executor(
    slug="ssm",
    title="AWS Systems Manager",
    platforms=frozenset({Platform.LINUX, Platform.WINDOWS}),
    binding=(
        Setting("region", "AWS's, such as eu-central-1.", pattern="[a-z]{2}(-[a-z]+)+-[0-9]{1,2}"),
        Setting("instance", "Id of the instance.", required=False, pattern="(i|mi)-[0-9a-f]{8,17}"),
        Setting(
            "tag",
            "KEY=VALUE of a tag that one managed instance has, where instances come and go.",
            required=False,
            pattern=r"[A-Za-z0-9 _.:/+@-]{1,128}=[A-Za-z0-9 _.:/+@-]{1,256}",
        ),
        Setting(
            "folder",
            "Where the target keeps records of acts, when the usual place will not do.",
            required=False,
            pattern=r"[A-Za-z]:\\[^\r\n]*|/[^\s]*",
        ),
    ),
    credential=(
        Setting("role_arn", "ARN of the client's role.", pattern=ROLE),
        Setting(
            "output_bucket",
            "Bucket where instances lay whole output, which the role may read.",
            required=False,
            pattern="[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
        ),
        Setting("external_id", "The company's own, made by us.", secret=True, is_external_id=True),
    ),
    fingerprint=_fingerprint,
    place=_place,
    setup=_SETUP,
    make=Ssm,
    proves=True,
    tells_as_it_comes=False,
)
