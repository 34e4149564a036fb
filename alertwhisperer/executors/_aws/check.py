"""
Looks at a client's role from outside: whether it is closed to everybody else, and which rights it lacks.

Every right is tried by a call that can have no effect: on a command and an instance that do not exist.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alertwhisperer.domain.runbook import Shell
from alertwhisperer.executors._aws.role import BUCKET_RIGHTS, PREFIX, RIGHTS, Right
from alertwhisperer.executors._aws.session import Account, Refused, Unanswered
from alertwhisperer.executors.ssm import DOCUMENTS
from alertwhisperer.kit.clock import Clock

_NOBODY = "i-00000000000000000"
_NOTHING = "00000000-0000-0000-0000-000000000000"
_SESSION = f"{PREFIX}-check"
_APPLY = "apply what `alertwhisperer aws template` prints"


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One thing that was looked at.

    Attributes:
        what: that must hold.
        holds: None where it could not be seen.
        said: what was answered, when it does not hold.
        mend: what to do about it; empty when it holds.
    """

    what: str
    holds: bool | None
    said: str = ""
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Looked:
    """
    Everything that was seen.

    Attributes:
        is_closed: whether the role was assumed by us, and refused to who has no external ID or another one.
    """

    is_closed: bool
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        """Whether everything is as it must be."""
        return all(one.holds for one in self.findings)


async def look(clock: Clock, *, role_arn: str, external_id: str, region: str, bucket: str = "") -> Looked:
    """Look at a role; raises nothing for what AWS answers."""
    ours = Account(clock, role_arn=role_arn, external_id=external_id, region=region, session_name=_SESSION)
    entered = await _enters(ours)
    if not entered.holds:
        return Looked(False, (entered,))
    locks = [
        await _locked(clock, "without an external ID the role is refused", role_arn, None, region),
        await _locked(
            clock, "with another external ID the role is refused", role_arn, f"aw-{secrets.token_hex(20)}", region
        ),
    ]
    rights = [await _has(ours, right, bucket) for right in (*RIGHTS, *(BUCKET_RIGHTS if bucket else ()))]
    return Looked(all(one.holds for one in locks), (entered, *locks, *rights))


async def _enters(account: Account) -> Finding:
    what = "the role can be assumed with the company's external ID"
    try:
        await account.enter()
    except Refused as failure:
        return Finding(what, False, str(failure), f"{_APPLY} in the client's account, and see that the ARN is right")
    except Unanswered as failure:
        return Finding(what, None, str(failure), "try again later")
    return Finding(what, True)


async def _locked(clock: Clock, what: str, role_arn: str, external_id: str | None, region: str) -> Finding:
    stranger = Account(clock, role_arn=role_arn, external_id=external_id, region=region, session_name=_SESSION)
    try:
        await stranger.enter()
    except Refused as failure:
        if failure.is_denied:
            return Finding(what, True)
        return Finding(what, None, str(failure), "try again later")
    except Unanswered as failure:
        return Finding(what, None, str(failure), "try again later")
    return Finding(
        what,
        False,
        "AWS let us in",
        f"the role's trust policy lacks the condition on sts:ExternalId: {_APPLY}; until then nothing runs by it",
    )


async def _has(account: Account, right: Right, bucket: str) -> Finding:
    what = f"the role may {right.action}"
    service, method, given = _trial(right.action, bucket)
    try:
        await account.ask(service, method, **given)
    except Refused as failure:
        # Any other no means that the question was let through, and that what it named does not exist.
        if not failure.is_denied:
            return Finding(what, True)
        return Finding(what, False, f"{failure}; without it {right.why}", f"allow it: {_APPLY}")
    except Unanswered as failure:
        return Finding(what, None, str(failure), "try again later")
    return Finding(what, True)


def _trial(action: str, bucket: str) -> tuple[str, str, Mapping[str, Any]]:
    document = DOCUMENTS[Shell.SH]
    pinned = {"DocumentVersion": document.version, "DocumentHash": document.sha256, "DocumentHashType": "Sha256"}
    one: Sequence[str] = [_NOBODY]
    trials: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
        "ssm:SendCommand": (
            "ssm",
            "send_command",
            {
                **{"InstanceIds": one, "DocumentName": document.name, "Comment": f"{PREFIX} check"},
                **{"Parameters": {"commands": ["exit 0"], "executionTimeout": ["10"]}, **pinned},
            },
        ),
        "ssm:GetCommandInvocation": ("ssm", "get_command_invocation", {"CommandId": _NOTHING, "InstanceId": _NOBODY}),
        "ssm:ListCommands": ("ssm", "list_commands", {"MaxResults": 1}),
        "ssm:CancelCommand": ("ssm", "cancel_command", {"CommandId": _NOTHING}),
        "ssm:DescribeInstanceInformation": ("ssm", "describe_instance_information", {"MaxResults": 5}),
        "ssm:DescribeInstancePatchStates": ("ssm", "describe_instance_patch_states", {"InstanceIds": one}),
        "s3:ListBucket": ("s3", "list_objects_v2", {"Bucket": bucket, "Prefix": f"{PREFIX}/check/", "MaxKeys": 1}),
        "s3:GetObject": ("s3", "get_object", {"Bucket": bucket, "Key": f"{PREFIX}/check/nothing"}),
    }
    return trials[action]
